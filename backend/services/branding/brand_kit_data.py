"""What a brand kit is made from, and what of it may be changed."""

from typing import Annotated, Any, cast

from pydantic import ConfigDict, Field

from backend.services.branding.values import BrandModel, HexColor, Name100, Text500, WebAddress
from backend.services.branding.vocabulary import BrandFont, KitTone

PrimaryColors = Annotated[tuple[HexColor, ...], Field(min_length=1, max_length=5)]
AccentColors = Annotated[tuple[HexColor, ...], Field(max_length=3)]


class FontPair(BrandModel):
    """Name the typefaces of headlines and of running text."""

    headline: BrandFont
    body: BrandFont


class BrandKitDraft(BrandModel):
    """Describe a kit that does not exist yet."""

    name: Name100
    primary_colors: PrimaryColors
    accent_colors: AccentColors = ()
    fonts: FontPair
    tone: KitTone = KitTone.PROFESSIONAL
    style_reference: Text500 = ""
    logo_url: WebAddress | None = None


def _not_offered(schema: dict[str, Any]) -> None:
    """Document no default where leaving a field out means leaving it as it is."""
    for field in schema["properties"].values():
        field.pop("default", None)


def _unset() -> Any:
    """Give a field no value of its own type: it may be left out, and null is refused."""
    return Field(default=cast("Any", None))


class FontPatch(BrandModel):
    """Change one font or both; the one left out stays."""

    model_config = ConfigDict(json_schema_extra=_not_offered)

    headline: BrandFont = _unset()
    body: BrandFont = _unset()


class BrandKitPatch(BrandModel):
    """Change the fields that are given; null clears `logo_url` and `style_reference`, and is refused elsewhere."""

    model_config = ConfigDict(json_schema_extra=_not_offered)

    name: Name100 = _unset()
    primary_colors: PrimaryColors = _unset()
    accent_colors: AccentColors = _unset()
    fonts: FontPatch = _unset()
    tone: KitTone = _unset()
    style_reference: Text500 | None = None
    logo_url: WebAddress | None = None
