"""Where a user put a picture on the canvas, and how to say that to an image model."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from backend.services.generation.prompt_text import quote, sanitize


class Placement(BaseModel):
    """Place one picture: centre, size, stacking order, clockwise rotation in degrees, opacity in percent.

    Position is in percent of the canvas; size is in percent of it too, or in pixels. Keys are read in snake_case and
    camelCase.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", allow_inf_nan=False, alias_generator=to_camel, validate_by_name=True
    )

    asset_id: str = ""
    display_name: str = Field("asset", max_length=100)
    asset_type: str = Field("image", max_length=50)
    x: float = 50
    y: float = 50
    width: float = 20
    height: float = 20
    size_unit: Literal["percent", "px"] = "percent"
    z_index: int = 1
    rotation: float = 0
    opacity: float = 100

    @property
    def region(self) -> str:
        """Name the part of the canvas its centre lies in."""
        column = "left" if self.x < 33 else "right" if self.x > 66 else "center"
        row = "top" if self.y < 33 else "bottom" if self.y > 66 else "center"
        if row == column:
            return "center"
        if column == "center":
            return f"{row} center"
        return f"{column} side" if row == "center" else f"{row}-{column} corner"

    @property
    def size_text(self) -> str:
        """Say how large it is, in words where the size is relative."""
        if self.size_unit == "px":
            return f"{int(self.width)}×{int(self.height)} pixels"  # noqa: RUF001 - the sign is meant
        limits = ((10, "very small"), (20, "small"), (35, "medium-sized"), (50, "large"))
        word = next((word for limit, word in limits if self.width < limit), "very large")
        return f"{word} ({round(self.width)}% of the canvas width)"


def stacking_order(placements: Sequence[Placement]) -> list[Placement]:
    """Sort from back to front; "Image n" of the text is the n-th of these, and pictures are attached in this order."""
    return sorted(placements, key=lambda placement: placement.z_index)


class PlacementFormatter:
    """Turn placements into instructions for an image model that has the pictures attached in the same order."""

    def format_placements(self, placements: Sequence[Placement], canvas_width: int, canvas_height: int) -> str:
        """Write the section for the prompt; nothing placed, nothing written."""
        if not placements:
            return ""
        ordered = stacking_order(placements)
        lines = [
            "PLACED IMAGES",
            f"Canvas: {canvas_width}×{canvas_height} pixels.",  # noqa: RUF001 - the sign is meant
            "The attached images are finished artwork: use each exactly as it is.",
            *(self._bullet(number, placement) for number, placement in enumerate(ordered, 1)),
        ]
        if len(ordered) > 1:
            lines.append("Order from back to front: " + " → ".join(_name(item) for item in ordered))
        lines.append("Build the scene around them; never redraw, restyle or crop them.")
        return "\n".join(lines)

    def format_simple(self, placements: Sequence[Placement]) -> str:
        """Write one short sentence per picture."""
        return " ".join(
            f"Place the {_kind(item)} {_name(item)} at the {item.region}." for item in stacking_order(placements)
        )

    def _bullet(self, number: int, item: Placement) -> str:
        parts = [
            f"Image {number} = {_kind(item)} {_name(item)}",
            item.region,
            f"centre at {round(item.x)}% from the left and {round(item.y)}% from the top",
            item.size_text,
        ]
        if item.rotation:
            parts.append(f"rotated {item.rotation:g}° clockwise")
        if item.opacity < 100:
            parts.append(f"{item.opacity:g}% opacity")
        return "- " + ", ".join(parts)


def _name(item: Placement) -> str:
    return quote(sanitize(item.display_name, 100) or "asset")


def _kind(item: Placement) -> str:
    return sanitize(item.asset_type.replace("_", " "), 50)
