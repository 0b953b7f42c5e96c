"""The small values that brand data is made of, checked once for the API and for services that fill kits themselves."""

from typing import Annotated

from pydantic import AfterValidator, AnyHttpUrl, BaseModel, ConfigDict, StringConstraints, TypeAdapter

_LONGEST_ADDRESS = 2048


class BrandModel(BaseModel):
    """Refuse unknown fields, NUL characters (Postgres cannot hold them) and numbers that JSON cannot."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, str_strip_whitespace=True)


def _without_nul(value: str) -> str:
    if "\x00" in value:
        message = "must not contain NUL characters"
        raise ValueError(message)
    return value


def _web_address(value: str) -> str:
    # Validated, not normalised: the user sees what he typed.
    TypeAdapter(AnyHttpUrl).validate_python(value)
    return value


NoNul = AfterValidator(_without_nul)

HexColor = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$", to_upper=True)]
"""`#RRGGBB`, kept in upper case."""

WebAddress = Annotated[
    str, StringConstraints(min_length=8, max_length=_LONGEST_ADDRESS), NoNul, AfterValidator(_web_address)
]
"""An http or https address; it is shown and linked, and never fetched by the server."""

Name30 = Annotated[str, StringConstraints(min_length=1, max_length=30), NoNul]
Name50 = Annotated[str, StringConstraints(min_length=1, max_length=50), NoNul]
Name100 = Annotated[str, StringConstraints(min_length=1, max_length=100), NoNul]
Name200 = Annotated[str, StringConstraints(min_length=1, max_length=200), NoNul]
Text100 = Annotated[str, StringConstraints(max_length=100), NoNul]
Text200 = Annotated[str, StringConstraints(max_length=200), NoNul]
Text500 = Annotated[str, StringConstraints(max_length=500), NoNul]
