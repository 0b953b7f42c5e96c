"""What bytes really are, told from their first bytes and never from a header or a name."""

from collections.abc import Callable
from typing import Final

EXTENSIONS: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
    "image/gif": "gif",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "audio/mpeg": "mp3",
    "audio/ogg": "ogg",
    "audio/wav": "wav",
}
"""Every content type that is ever stored, and the one extension its objects carry."""

_BY_EXTENSION: Final = {extension: content_type for content_type, extension in EXTENSIONS.items()}

_SIGNATURES: Final[tuple[tuple[str, Callable[[bytes], bool]], ...]] = (
    ("image/png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", lambda head: head.startswith(b"\xff\xd8\xff")),
    ("image/webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP"),
    ("image/gif", lambda head: head[:6] in {b"GIF87a", b"GIF89a"}),
    ("video/mp4", lambda head: head[4:8] == b"ftyp"),
    ("video/webm", lambda head: head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head),
    ("audio/mpeg", lambda head: head.startswith(b"ID3") or _is_mpeg_audio_frame(head)),
    ("audio/ogg", lambda head: head.startswith(b"OggS")),
    ("audio/wav", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE"),
)


def sniff(data: bytes) -> str | None:
    """Name the content type of a file by its magic bytes, or None for anything that is never stored."""
    head = data[:64]
    return next((content_type for content_type, matches in _SIGNATURES if matches(head)), None)


def content_type_of(path: str) -> str | None:
    """Name the content type that the extension of a stored object stands for."""
    return _BY_EXTENSION.get(path.rpartition(".")[2])


def _is_mpeg_audio_frame(head: bytes) -> bool:
    # Eleven sync bits, then MPEG 1 or 2 and layer III.
    return len(head) > 1 and head[0] == 0xFF and head[1] in {0xFB, 0xFA, 0xF3, 0xF2}
