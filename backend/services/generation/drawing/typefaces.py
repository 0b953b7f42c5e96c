"""The bundled typefaces, and which of them has which character."""

import json
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Final

from PIL import ImageFont

FONT_ROOT: Final = Path(__file__).parents[3] / "assets" / "fonts"
_DEFAULT_FAMILY: Final = "Inter"
_BOLD_FROM: Final = 550


@dataclass(frozen=True, slots=True)
class Face:
    """Hold one font file and the code points it has glyphs for, as sorted starts and ends of ranges."""

    name: str
    weight: int
    data: bytes = field(repr=False)
    starts: tuple[int, ...] = field(repr=False)
    ends: tuple[int, ...] = field(repr=False)

    def has(self, char: str) -> bool:
        """Say whether the file has a glyph for a character."""
        index = bisect_right(self.starts, ord(char)) - 1
        return index >= 0 and ord(char) <= self.ends[index]

    def at(self, size: float) -> ImageFont.FreeTypeFont:
        """Open the font at a size in pixels. The result belongs to one thread."""
        return ImageFont.truetype(BytesIO(self.data), size)


@dataclass(frozen=True, slots=True)
class Typeface:
    """Hold the faces to try for each character, the brand's own first."""

    family: str
    faces: tuple[Face, ...]

    def runs(self, text: str) -> list[tuple[Face, str]]:
        """Split text into pieces that one face can set, and leave out what no face can.

        A space or a sign stays with the face before it where that has it.
        """
        pieces: list[tuple[Face, str]] = []
        for char in text:
            face = self._face_for(char, pieces[-1][0] if pieces else None)
            if face is None:
                continue
            if pieces and pieces[-1][0] is face:
                pieces[-1] = (face, pieces[-1][1] + char)
            else:
                pieces.append((face, char))
        return pieces

    def drawable(self, text: str) -> str:
        """Give the text without the characters that no bundled face has."""
        return " ".join("".join(piece for _, piece in self.runs(text)).split())

    def _face_for(self, char: str, before: Face | None) -> Face | None:
        if before is not None and not char.isalnum() and before.has(char):
            return before
        return next((face for face in self.faces if face.has(char)), None)


class FontLibrary:
    """Hold all bundled fonts; immutable after loading, so threads share it."""

    def __init__(self, families: Mapping[str, tuple[Face, ...]], fallback: tuple[str, ...]) -> None:
        self._families = families
        self._fallback = fallback

    @classmethod
    def load(cls, root: Path = FONT_ROOT) -> "FontLibrary":
        """Read the index and every file, about four megabytes; not on the event loop."""
        index = json.loads((root / "index.json").read_text(encoding="utf-8"))
        families = {
            family: tuple(_face(root, family, entry) for entry in entries)
            for family, entries in index["families"].items()
        }
        return cls(families, tuple(index["fallback"]))

    @property
    def families(self) -> tuple[str, ...]:
        """List the families a brand can choose."""
        return tuple(family for family in self._families if family not in self._fallback)

    def typeface(self, family: str, weight: int) -> Typeface:
        """Find the nearest there is: another family becomes Inter, a weight becomes 400 or 700."""
        own = family if family in self._families else _DEFAULT_FAMILY
        wanted = 700 if weight >= _BOLD_FROM else 400
        faces = [
            *(face for face in self._families[own] if face.weight == wanted),
            *chain.from_iterable(self._families[name] for name in self._fallback),
        ]
        return Typeface(own, tuple(faces))


def _face(root: Path, family: str, entry: Mapping[str, str | int]) -> Face:
    bounds = [span.partition("-") for span in str(entry["ranges"]).split(",")]
    return Face(
        name=family,
        weight=int(entry["weight"]),
        data=(root / str(entry["file"])).read_bytes(),
        starts=tuple(int(first, 16) for first, _, _ in bounds),
        ends=tuple(int(last or first, 16) for first, _, last in bounds),
    )
