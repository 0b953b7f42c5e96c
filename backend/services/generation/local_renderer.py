"""Draw pictures on this machine, from the brand and the words of a request."""

import zlib
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Final

from PIL import Image

from backend.services.branding.image_threads import ImageThreads
from backend.services.generation.drawing.changes import Change, apply_change
from backend.services.generation.drawing.marks import draw_badge, draw_emote, draw_logo, draw_portrait
from backend.services.generation.drawing.scenes import draw_scene
from backend.services.generation.drawing.typefaces import FontLibrary
from backend.services.generation.images import GeneratedImage, ImageRequest
from backend.services.generation.pictures import encode

MODEL: Final = "aurastream-local-1"
_Drawing = Callable[[ImageRequest, FontLibrary, int], Image.Image]
_DRAWINGS: Final[Mapping[str, _Drawing]] = {
    "twitch_emote": draw_emote,
    "tiktok_emote": draw_emote,
    "twitch_badge": draw_badge,
    "profile_picture": draw_portrait,
    "streamer_logo": draw_logo,
}


class LocalRenderer:
    """Draw without a model: the same request and seed always give the same picture."""

    def __init__(self, fonts: FontLibrary, threads: ImageThreads) -> None:
        self._fonts = fonts
        self._threads = threads

    async def generate(self, request: ImageRequest) -> GeneratedImage:
        """Draw in the image threads; without a seed, one is made from the prompt.

        With a history the earlier picture is drawn anew, with the same seed and what the prompt wants changed.
        Raises `GenerationInputUnreadable` for a picture of the request that cannot be decoded.
        """
        seed = zlib.crc32(request.prompt.encode()) if request.seed is None else request.seed
        started = monotonic()
        change = apply_change(request, seed) if request.history else Change(request, seed, ())
        data = await self._threads.run(_draw, change.request, self._fonts, change.seed)
        return GeneratedImage(
            data=data,
            width=request.width,
            height=request.height,
            model=MODEL,
            seed=change.seed,
            metadata={
                "renderer": "local",
                "inference_ms": round((monotonic() - started) * 1000),
                "changed": ", ".join(change.understood) or None,
            },
        )


def _draw(request: ImageRequest, fonts: FontLibrary, seed: int) -> bytes:
    drawing = _DRAWINGS.get(request.asset_type.spec.template, draw_scene)
    return encode(drawing(request, fonts, seed))
