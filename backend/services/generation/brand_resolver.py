"""Turn a brand kit and a selection into the concrete values of one picture."""

import re
from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from pydantic import ValidationError

from backend.services.generation.brand_style import (
    BrandKitSource,
    BrandSelection,
    BrandStyle,
    FontChoice,
    Gradient,
    LogoSlot,
)
from backend.services.generation.prompt_text import sanitize

_HEX: Final = re.compile(r"#[0-9A-Fa-f]{6}")
_BLACK: Final = "#000000"
_T = TypeVar("_T")


def resolve_brand(kit: BrandKitSource, selection: BrandSelection | None = None) -> BrandStyle:
    """Choose from a kit's palette, type scale and voice; an index beyond the end means the last entry."""
    chosen = selection or BrandSelection()
    palette = {
        group: _colors(kit.colors_extended.get(group)) for group in ("primary", "secondary", "accent", "neutral")
    }
    primary = palette["primary"] or _colors(kit.primary_colors)
    accent = palette["accent"] or _colors(kit.accent_colors)
    gradients = _sequence(kit.colors_extended.get("gradients"))
    return BrandStyle(
        name=sanitize(kit.name, 100),
        primary=_pick(primary, chosen.colors.primary_index) or _BLACK,
        secondary=_pick(palette["secondary"], chosen.colors.secondary_index),
        accent=_pick(accent, chosen.colors.accent_index),
        palette=tuple(dict.fromkeys((*primary, *accent, *palette["secondary"], *palette["neutral"]))),
        gradient=_gradient(_pick(gradients, chosen.colors.use_gradient)),
        headline_font=_headline_font(kit, chosen.typography.level),
        body_font=_font(kit.typography.get("body")) or FontChoice(family=_basic_font(kit, "body"), weight=400),
        tone=sanitize(str(kit.voice.get("tone") or kit.tone or "professional"), 40),
        tagline=_words(kit.voice.get("tagline"), 100) if chosen.voice.use_tagline else None,
        catchphrase=_words(_pick(_sequence(kit.voice.get("catchphrases")), chosen.voice.use_catchphrase), 50),
        logo=LogoSlot(position=chosen.logo_position, size=chosen.logo_size) if chosen.include_logo else None,
        intensity=chosen.brand_intensity,
    )


def _pick(items: Sequence[_T], index: int | None) -> _T | None:
    return None if index is None or not items else items[min(index, len(items) - 1)]


def _sequence(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def _colors(value: object) -> list[str]:
    found = [entry.get("hex") if isinstance(entry, Mapping) else entry for entry in _sequence(value)]
    return [color.upper() for color in found if isinstance(color, str) and _HEX.fullmatch(color)]


def _gradient(value: object) -> Gradient | None:
    if not isinstance(value, Mapping):
        return None
    known = {key: value[key] for key in ("type", "angle", "stops") if value.get(key) is not None}
    try:
        return Gradient.model_validate(known)
    except ValidationError:
        return None


def _headline_font(kit: BrandKitSource, level: str) -> FontChoice:
    scale = kit.typography
    return _font(scale.get(level)) or _font(scale.get("headline")) or FontChoice(family=_basic_font(kit, "headline"))


def _font(value: object) -> FontChoice | None:
    if not isinstance(value, Mapping):
        return None
    family, weight = _words(value.get("family"), 100), value.get("weight")
    if family is None:
        return None
    return FontChoice(family=family, weight=weight if isinstance(weight, int) and 100 <= weight <= 900 else 700)


def _basic_font(kit: BrandKitSource, use: str) -> str:
    return _words(kit.fonts.get(use), 100) or "Inter"


def _words(value: object, limit: int) -> str | None:
    return (sanitize(value, limit) or None) if isinstance(value, str) else None
