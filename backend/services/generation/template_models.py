"""What a template file may say."""

import re
from string import Formatter
from typing import Annotated, Final, Literal, NoReturn, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from backend.services.generation.asset_types import AssetType

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=60)]
FieldId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]
Body = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
HEX_COLOR: Final = re.compile(r"#[0-9A-Fa-f]{6}")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BaseTemplate(_Record):
    """Hold the general prompt of one asset type; `{name}` marks a place to fill."""

    name: Line
    version: str
    base_prompt: Body
    quality_modifiers: tuple[Line, ...] = Field(min_length=1)
    placeholders: tuple[FieldId, ...] = ()

    @model_validator(mode="after")
    def _check_placeholders(self) -> Self:
        _require_known(placeholder_names(self.base_prompt), set(self.placeholders), "base_prompt")
        return self


class Option(_Record):
    """Offer one value of a select field, or one preset of a colour field."""

    value: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    label: Line


class Placeholder(_Record):
    """Describe one field of a quick-create form. A field with `show_for_vibes` exists for these vibes only."""

    name: FieldId
    label: Line
    type: Literal["text", "select", "color"] = "text"
    required: bool = False
    description: str = ""
    placeholder: str = ""
    hint: str = ""
    max_length: int = Field(100, ge=1, le=500)
    options: tuple[Option, ...] = ()
    presets: tuple[Option, ...] = ()
    default: str = ""
    show_for_vibes: tuple[Slug, ...] = ()

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        values = [option.value for option in self.options]
        if (self.type == "select") != bool(values):
            _refuse(self.name, "a select field has options, and no other field has")
        if self.type == "select" and self.default and self.default not in values:
            _refuse(self.name, "the default is not one of the options")
        colors = [preset.value for preset in self.presets]
        if self.type == "color" and not all(
            HEX_COLOR.fullmatch(color) for color in (*colors, self.default or "#000000")
        ):
            _refuse(self.name, "presets and default of a colour field are written #RRGGBB")
        return self

    def shown_for(self, vibe: str) -> bool:
        """Say whether the form of this vibe has the field."""
        return not self.show_for_vibes or vibe in self.show_for_vibes


class Vibe(_Record):
    """Hold the prompt of one look; a line of it is left out when none of the fields it names has a value."""

    name: Line
    description: str = ""
    prompt: Body


class QuickTemplate(_Record):
    """Describe one quick-create form and the prompts behind it."""

    name: Line
    version: str
    category: Line
    asset_type: AssetType
    vibes: dict[Slug, Vibe] = Field(min_length=1)
    placeholders: tuple[Placeholder, ...] = ()
    quality_modifiers: tuple[Line, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check_references(self) -> Self:
        for field in self.placeholders:
            if unknown := sorted(set(field.show_for_vibes) - set(self.vibes)):
                _refuse(field.name, f"show_for_vibes names unknown vibes: {', '.join(unknown)}")
        for vibe_id, vibe in self.vibes.items():
            shown = {field.name for field in self.placeholders if field.shown_for(vibe_id)}
            _require_known(placeholder_names(vibe.prompt), shown, f"vibe {vibe_id}")
        return self


def placeholder_names(text: str) -> set[str]:
    """List the names between braces, or raise `ValueError` where a brace stands alone."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def _require_known(used: set[str], known: set[str], where: str) -> None:
    if unknown := sorted(used - known):
        _refuse(where, f"uses unknown placeholders: {', '.join(unknown)}")


def _refuse(where: str, problem: str) -> NoReturn:
    message = f"{where}: {problem}"
    raise ValueError(message)
