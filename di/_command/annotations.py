"""Workflow commands of GitHub, which it shows beside the lines they name."""

from di._sources import Place


def annotation(level: str, title: str, text: str, place: Place | None = None) -> str:
    """Write one: `level` is error, warning or notice."""
    where = "" if place is None else f"file={_escaped(place.file)},line={place.line},"
    message = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{level} {where}title={_escaped(title)}::{message}"


def _escaped(text: str) -> str:
    for character in "%\r\n:,":
        text = text.replace(character, f"%{ord(character):02X}")
    return text
