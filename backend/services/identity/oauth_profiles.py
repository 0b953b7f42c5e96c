"""Making what people call themselves elsewhere fit for an account here."""

import unicodedata
from typing import Final
from urllib.parse import urlsplit

from backend.clients.oauth import OAuthProfile

_LONGEST_NAME: Final = 50
_LONGEST_ADDRESS: Final = 2048
_NAMELESS: Final = "streamer"


def display_name_of(profile: OAuthProfile) -> str:
    """Keep of a name the letters, digits, spaces, `_` and `-`; without any, use the email's local part."""
    local_part = (profile.email or "").partition("@")[0]
    for candidate in (profile.display_name, local_part):
        name = _allowed(candidate or "")
        if name:
            return name
    return _NAMELESS


def avatar_url_of(profile: OAuthProfile) -> str | None:
    """Keep the picture's address if it is a plain https one."""
    address = profile.avatar_url
    if address is None or len(address) > _LONGEST_ADDRESS or not address.isascii() or not address.isprintable():
        return None
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    return address if parts.scheme == "https" and parts.hostname and " " not in address else None


def _allowed(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(character if _is_allowed(character) else " " for character in composed)
    return " ".join(kept.split())[:_LONGEST_NAME].strip()


def _is_allowed(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] in "LM" or category == "Nd" or character in "_-"
