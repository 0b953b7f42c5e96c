"""Which pattern and which object fit a mood or a tone of voice."""

import random
from collections.abc import Mapping
from typing import Final, NamedTuple

from backend.services.generation.brand_style import BrandStyle
from backend.services.generation.images import VisualHints

MASCOT: Final = "mascot"


class Look(NamedTuple):
    """Name a pattern and an object."""

    motif: str
    emblem: str


_BY_MOOD: Final[Mapping[str, tuple[Look, ...]]] = {
    "pro": (Look("slices", "crystal"), Look("slices", "gamepad"), Look("slices", "chevrons")),
    "anime": (Look("speed", MASCOT), Look("speed", "sun")),
    "playful": (Look("confetti", MASCOT),),
    "aesthetic-pro": (Look("rings", "planet"), Look("grid", "crystal")),
    "viral-hype": (Look("speed", MASCOT), Look("speed", "play")),
    "anime-cinematic": (Look("rings", "sun"), Look("dots", "sun")),
    "playful-3d": (Look("confetti", "gamepad"),),
    "after-dark": (Look("horizon", "sun"), Look("rings", "planet")),
    "color-pop": (Look("dots", "play"), Look("slices", "play")),
}
_BY_TONE: Final[Mapping[str, tuple[Look, ...]]] = {
    "competitive": (Look("slices", "chevrons"), Look("slices", "gamepad"), Look("speed", "crystal")),
    "casual": (Look("dots", "gamepad"), Look("rings", "planet")),
    "educational": (Look("grid", "play"), Look("grid", "crystal")),
    "comedic": (Look("confetti", MASCOT), Look("speed", MASCOT)),
    "professional": (Look("rings", "crystal"), Look("rings", "planet")),
    "inspirational": (Look("rings", "sun"),),
    "edgy": (Look("blocks", "crystal"), Look("slices", "chevrons")),
    "wholesome": (Look("confetti", "planet"), Look("confetti", MASCOT)),
}
_DEFAULT: Final = (
    Look("rings", "gamepad"),
    Look("slices", "gamepad"),
    Look("rings", "planet"),
    Look("slices", "crystal"),
)
_FEELINGS_BY_WORD: Final[Mapping[str, str]] = {
    "rage": "rage",
    "angry": "rage",
    "mad": "rage",
    "laugh": "laugh",
    "lol": "laugh",
    "lul": "laugh",
    "funny": "laugh",
    "cry": "cry",
    "sad": "cry",
    "tear": "cry",
    "love": "love",
    "heart": "love",
    "shock": "shock",
    "wow": "shock",
    "surprise": "shock",
    "scared": "shock",
    "smug": "smug",
    "cool": "smug",
    "smirk": "smug",
    "sleep": "sleepy",
    "tired": "sleepy",
    "bored": "sleepy",
    "hype": "hype",
    "excited": "hype",
    "pog": "hype",
    "win": "hype",
    "victory": "hype",
}


def look_of(style: BrandStyle | None, hints: VisualHints, dice: random.Random) -> Look:
    """Choose by mood, else by tone, else among what suits everybody."""
    looks = _BY_MOOD.get(hints.mood) or (_BY_TONE.get(style.tone) if style else None) or _DEFAULT
    return dice.choice(looks)


def feeling_of(hints: VisualHints, words: str, otherwise: str = "joy") -> str:
    """Take the feeling asked for, else find one in the words."""
    if hints.subject in {*_FEELINGS_BY_WORD.values(), otherwise, "joy"}:
        return hints.subject
    lowered = words.lower()
    return next((feeling for word, feeling in _FEELINGS_BY_WORD.items() if word in lowered), otherwise)
