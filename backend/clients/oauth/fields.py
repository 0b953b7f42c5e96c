"""Types of the fields providers send."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, TypeAdapter, ValidationError

_EMAIL = TypeAdapter(EmailStr)


def _clean(value: object) -> object:
    return value.strip() or None if isinstance(value, str) else value


def _usable_email(value: str | None) -> str | None:
    """Treat an address we could not write to as none at all."""
    if value is None:
        return None
    try:
        return _EMAIL.validate_python(value).lower()
    except ValidationError:
        return None


ProviderUserId = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
OptionalText = Annotated[str | None, BeforeValidator(_clean)]
OptionalEmail = Annotated[str | None, BeforeValidator(_clean), AfterValidator(_usable_email)]
