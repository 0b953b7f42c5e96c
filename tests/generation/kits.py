"""Brand kits as the prompt engine sees them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from backend.services.generation.brand_style import BrandStyle, FontChoice, LogoSlot


@dataclass(frozen=True)
class Kit:
    """Hold the parts of a brand kit that pictures are made from."""

    name: str = "Nova"
    primary_colors: Sequence[str] = ("#FF0000", "#00FF00")
    accent_colors: Sequence[str] = ()
    fonts: Mapping[str, object] = field(default_factory=lambda: {"headline": "Montserrat", "body": "Inter"})
    tone: str = "competitive"
    colors_extended: Mapping[str, object] = field(default_factory=dict)
    typography: Mapping[str, object] = field(default_factory=dict)
    voice: Mapping[str, object] = field(default_factory=dict)


def full_kit() -> Kit:
    """Make a kit in which every section is filled."""
    return Kit(
        colors_extended={
            "primary": [{"hex": "#110000", "name": "a"}, {"hex": "#220000", "name": "b"}],
            "secondary": [{"hex": "#003300", "name": "c"}],
            "accent": [{"hex": "#000044", "name": "d"}],
            "gradients": [
                {
                    "name": "dawn",
                    "type": "linear",
                    "angle": 90,
                    "stops": [{"color": "#AA0000", "position": 0}, {"color": "#00BB00", "position": 100}],
                }
            ],
        },
        typography={"display": {"family": "Oswald", "weight": 900, "style": "normal"}},
        voice={"tone": "edgy", "tagline": "Play loud", "catchphrases": ["Let's go", "One more round"]},
    )


def style(primary: str = "#E11D48", *others: str, **values: object) -> BrandStyle:
    """Make a resolved brand."""
    defaults: dict[str, object] = {
        "headline_font": FontChoice(family="Oswald"),
        "body_font": FontChoice(family="Lato", weight=400),
        "palette": (primary, *others),
    }
    return BrandStyle.model_validate({"primary": primary, **defaults, **values})


__all__ = ["Kit", "LogoSlot", "full_kit", "style"]
