"""What request and response bodies have in common."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError


class UnstorableText(PydanticCustomError):
    """Say which characters were refused."""

    def __new__(cls) -> Self:
        """Make the error; pydantic's own constructor is `__new__`."""
        return super().__new__(cls, "text_characters", "Text must not contain NUL characters or lone surrogates")


def check_text(value: str) -> str:
    """Refuse what no text column can hold: NUL and lone surrogates."""
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise UnstorableText
    return value


CleanText = Annotated[str, AfterValidator(check_text)]
"""Text for query, path, header and form parameters; bodies of `ApiModel` are checked as a whole."""


class ApiModel(BaseModel):
    """Define a request body: unknown fields are refused, and text that Postgres cannot store, at any depth."""

    model_config = ConfigDict(extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _check_all_text(cls, data: Any) -> Any:
        _check(data)
        return data


class ResponseModel(BaseModel):
    """Define a response body, made from a dictionary or from an object's attributes."""

    model_config = ConfigDict(from_attributes=True)


def _check(data: object) -> None:
    if isinstance(data, str):
        check_text(data)
    elif isinstance(data, Mapping):
        for key, value in data.items():
            _check(key)
            _check(value)
    elif isinstance(data, Sequence) and not isinstance(data, bytes | bytearray):
        for item in data:
            _check(item)
