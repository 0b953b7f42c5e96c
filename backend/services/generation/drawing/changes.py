"""Read the few wishes for a change that a renderer without a model can fulfil."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from backend.services.generation.image_texts import quoted_words
from backend.services.generation.images import ImageRequest, ImageTexts

_COLORS: Final[Mapping[str, str]] = {
    "red": "#EF233C",
    "orange": "#FB8500",
    "amber": "#FFB703",
    "gold": "#F5B700",
    "yellow": "#FFD60A",
    "lime": "#A4DE02",
    "green": "#2DC653",
    "teal": "#14B8A6",
    "cyan": "#22D3EE",
    "blue": "#2F6BFF",
    "indigo": "#5B5BF0",
    "purple": "#8B5CF6",
    "violet": "#8B5CF6",
    "magenta": "#E81CFF",
    "pink": "#FF5DA2",
    "white": "#FFFFFF",
}
_HEX: Final = re.compile(r"#[0-9A-Fa-f]{6}\b")
_WORD: Final = re.compile(r"[a-z]+")
_NO_WORDS: Final = re.compile(r"\b(no|without|remove)\b.{0,12}\b(text|words|title|letters)\b", re.IGNORECASE)
_DARK: Final = frozenset({"dark", "darker", "night", "moodier"})
_BRIGHT: Final = frozenset({"bright", "brighter", "light", "lighter", "sunny"})


@dataclass(frozen=True, slots=True)
class Change:
    """Hold what to draw now; `understood` names the wishes found, and is empty where the drawing only varies."""

    request: ImageRequest
    seed: int
    understood: tuple[str, ...]


def apply_change(request: ImageRequest, seed: int) -> Change:
    """Change words, accent or brightness as the instruction says and keep the rest; else draw a variation."""
    instruction = request.prompt
    words = set(_WORD.findall(instruction.lower()))
    understood = []
    texts, hints = request.texts, request.hints
    quoted = quoted_words(instruction)
    if quoted:
        texts = ImageTexts(*[*quoted, *("", "", "")][:3]) if len(quoted) > 1 else replace(texts, title=quoted[0])
        understood.append("words")
    elif _NO_WORDS.search(instruction):
        texts = ImageTexts()
        understood.append("words")
    color = _HEX.search(instruction)
    accent = color[0].upper() if color else next((_COLORS[word] for word in _COLORS if word in words), "")
    if accent:
        hints = replace(hints, accent=accent)
        understood.append("accent")
    if words & (_DARK | _BRIGHT):
        hints = replace(hints, background="dark" if words & _DARK else "bright")
        understood.append("brightness")
    brand = request.brand
    if brand is not None and accent:
        brand = brand.model_copy(update={"accent": accent})
    changed = replace(request, texts=texts, hints=hints, brand=brand)
    return Change(changed, seed if understood else seed ^ zlib.crc32(instruction.encode()), tuple(understood))
