"""Find the few words of a request that belong into the picture itself."""

import re
from typing import Final

from backend.services.generation.brand_style import BrandStyle
from backend.services.generation.images import ImageTexts

_QUOTED: Final = re.compile(r"\"([^\"]{1,80})\"|“([^”]{1,80})”|«([^»]{1,80})»|„([^“”]{1,80})[“”]")
_SENTENCE_END: Final = re.compile(r"[.!?;:]\s|\s[-\u2013\u2014]\s")
_TITLE_LIMIT: Final = 48


def texts_from_words(words: str, style: BrandStyle | None = None) -> ImageTexts:
    """Take what the user put in quotation marks, else the beginning of what he wrote, else what the brand says."""
    quoted = quoted_words(words)
    brand_line = (style.catchphrase or style.tagline or "") if style else ""
    if quoted:
        return ImageTexts(*[*quoted, brand_line][:3])
    if words:
        return ImageTexts(_shorten(words, _TITLE_LIMIT), brand_line)
    if not style:
        return ImageTexts()
    title = style.catchphrase or style.tagline or style.name
    return ImageTexts(title, style.tagline if style.tagline and style.tagline != title else "")


def quoted_words(text: str) -> list[str]:
    """List what stands between quotation marks."""
    return [" ".join(next(filter(None, match)).split()) for match in _QUOTED.findall(text)]


def _shorten(words: str, limit: int) -> str:
    """Keep the first sentence, cut between words."""
    first = _SENTENCE_END.split(words, maxsplit=1)[0].strip(" .,;:")
    if len(first) <= limit:
        return first or words[:limit]
    cut = first[: limit + 1].rsplit(" ", 1)[0] if " " in first[: limit + 1] else first[:limit]
    return cut.rstrip(" ,.;:-\u2013\u2014") + "…"
