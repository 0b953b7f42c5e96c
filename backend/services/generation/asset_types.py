"""The one registry of what can be made: its name, its size in pixels and what it can do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from math import gcd
from types import MappingProxyType
from typing import Final


class AssetType(StrEnum):
    """Name a kind of picture; requests, rows, templates and renderers use this and nothing else."""

    THUMBNAIL = "thumbnail"
    YOUTUBE_THUMBNAIL = "youtube_thumbnail"
    OVERLAY = "overlay"
    BANNER = "banner"
    STORY_GRAPHIC = "story_graphic"
    CLIP_COVER = "clip_cover"
    TWITCH_OFFLINE = "twitch_offline"
    TWITCH_BANNER = "twitch_banner"
    TWITCH_BADGE = "twitch_badge"
    TWITCH_PANEL = "twitch_panel"
    TWITCH_EMOTE = "twitch_emote"
    TWITCH_EMOTE_112 = "twitch_emote_112"
    TWITCH_EMOTE_56 = "twitch_emote_56"
    TWITCH_EMOTE_28 = "twitch_emote_28"
    TIKTOK_EMOTE = "tiktok_emote"
    TIKTOK_EMOTE_300 = "tiktok_emote_300"
    TIKTOK_EMOTE_200 = "tiktok_emote_200"
    TIKTOK_EMOTE_100 = "tiktok_emote_100"
    TIKTOK_STORY = "tiktok_story"
    INSTAGRAM_STORY = "instagram_story"
    INSTAGRAM_REEL = "instagram_reel"
    PROFILE_PICTURE = "profile_picture"
    STREAMER_LOGO = "streamer_logo"
    LOGO = "logo"

    @property
    def spec(self) -> "AssetSpec":
        """Look up what the registry says of this type."""
        return ASSET_SPECS[self]


@dataclass(frozen=True, slots=True)
class AssetSpec:
    """Describe one asset type.

    `template` names the folder of its base prompt. `size_set` lists the types a finished picture is delivered as,
    largest first; it is empty where the picture itself is what the user gets. `master` is the edge or size at which
    such a picture is drawn before it is scaled down. `transparent` asks for a cut-out without background.
    """

    label: str
    width: int
    height: int
    template: str
    size_set: tuple[AssetType, ...] = ()
    master: tuple[int, int] | None = None
    transparent: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Give width and height in pixels."""
        return self.width, self.height

    @property
    def aspect_ratio(self) -> str:
        """Give the shape in lowest terms, e.g. 16:9."""
        divisor = gcd(self.width, self.height)
        return f"{self.width // divisor}:{self.height // divisor}"

    @property
    def render_size(self) -> tuple[int, int]:
        """Give the size to ask an image generator for."""
        return self.master or self.size


def _emote(label: str, edge: int, template: str, size_set: tuple[AssetType, ...] = ()) -> AssetSpec:
    return AssetSpec(label, edge, edge, template, size_set, (512, 512) if size_set else None, transparent=True)


ASSET_SPECS: Final[Mapping[AssetType, AssetSpec]] = MappingProxyType(
    {
        AssetType.THUMBNAIL: AssetSpec("video thumbnail", 1280, 720, "thumbnail"),
        AssetType.YOUTUBE_THUMBNAIL: AssetSpec("YouTube thumbnail", 1280, 720, "thumbnail"),
        AssetType.OVERLAY: AssetSpec("stream overlay", 1920, 1080, "overlay"),
        AssetType.BANNER: AssetSpec("channel banner", 1200, 480, "banner"),
        AssetType.STORY_GRAPHIC: AssetSpec("story graphic", 1080, 1920, "story_graphic"),
        AssetType.CLIP_COVER: AssetSpec("clip cover", 1080, 1080, "clip_cover"),
        AssetType.TWITCH_OFFLINE: AssetSpec("Twitch offline screen", 1920, 1080, "twitch_offline"),
        AssetType.TWITCH_BANNER: AssetSpec("Twitch profile banner", 1200, 480, "twitch_banner"),
        AssetType.TWITCH_BADGE: AssetSpec("Twitch badge", 72, 72, "twitch_badge", transparent=True),
        AssetType.TWITCH_PANEL: AssetSpec("Twitch panel", 320, 160, "twitch_panel"),
        AssetType.TWITCH_EMOTE: _emote(
            "Twitch emote",
            112,
            "twitch_emote",
            (AssetType.TWITCH_EMOTE_112, AssetType.TWITCH_EMOTE_56, AssetType.TWITCH_EMOTE_28),
        ),
        AssetType.TWITCH_EMOTE_112: _emote("Twitch emote", 112, "twitch_emote"),
        AssetType.TWITCH_EMOTE_56: _emote("Twitch emote", 56, "twitch_emote"),
        AssetType.TWITCH_EMOTE_28: _emote("Twitch emote", 28, "twitch_emote"),
        AssetType.TIKTOK_EMOTE: _emote(
            "TikTok emote",
            300,
            "tiktok_emote",
            (AssetType.TIKTOK_EMOTE_300, AssetType.TIKTOK_EMOTE_200, AssetType.TIKTOK_EMOTE_100),
        ),
        AssetType.TIKTOK_EMOTE_300: _emote("TikTok emote", 300, "tiktok_emote"),
        AssetType.TIKTOK_EMOTE_200: _emote("TikTok emote", 200, "tiktok_emote"),
        AssetType.TIKTOK_EMOTE_100: _emote("TikTok emote", 100, "tiktok_emote"),
        AssetType.TIKTOK_STORY: AssetSpec("TikTok story", 1080, 1920, "story_graphic"),
        AssetType.INSTAGRAM_STORY: AssetSpec("Instagram story", 1080, 1920, "story_graphic"),
        AssetType.INSTAGRAM_REEL: AssetSpec("Instagram reel cover", 1080, 1920, "story_graphic"),
        AssetType.PROFILE_PICTURE: AssetSpec("profile picture", 512, 512, "profile_picture"),
        AssetType.STREAMER_LOGO: AssetSpec("streamer logo", 512, 512, "streamer_logo", transparent=True),
        AssetType.LOGO: AssetSpec("channel logo", 512, 512, "streamer_logo", transparent=True),
    }
)
