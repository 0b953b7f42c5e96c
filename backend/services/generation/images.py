"""The port between jobs and whatever makes pictures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from backend.services.generation.asset_types import AssetType
from backend.services.generation.brand_style import BrandStyle
from backend.services.generation.placement import Placement


@dataclass(frozen=True, slots=True)
class ImageTexts:
    """Hold the words that must be readable in the picture, most important first."""

    title: str = ""
    subtitle: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class VisualHints:
    """Say in single words what a prompt says in sentences; an empty hint leaves the choice to the renderer.

    `mood` is a vibe such as `anime`, `subject` an emotion or an icon such as `rage` or `wolf`; `accent` is a colour
    written #RRGGBB, `background` such a colour or the name of a scheme.
    """

    mood: str = ""
    subject: str = ""
    accent: str = ""
    background: str = ""


@dataclass(frozen=True, slots=True)
class InputImage:
    """Carry an encoded picture: PNG, JPEG or WebP."""

    data: bytes = field(repr=False)
    mime_type: str = "image/png"


@dataclass(frozen=True, slots=True)
class MediaImage:
    """Carry a picture that must appear in the result, and where, if the user said so."""

    image: InputImage
    placement: Placement | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Replay one turn of an earlier generation.

    A model's picture must carry the signature that came with it, or the model refuses to continue.
    """

    role: Literal["user", "model"]
    text: str = ""
    image: InputImage | None = None
    thought_signature: str | None = None


@dataclass(frozen=True, slots=True)
class ImageRequest:
    """Ask for one picture of exactly `width` x `height` pixels.

    `prompt` is the whole text for an image model; `texts`, `brand` and `hints` say the same in parts, for a renderer
    that cannot read. `input_image` is a layout to redraw. `history` continues an earlier generation, and `prompt` is
    then the change asked for; `media` and `input_image` are ignored by models in that mode. Without a `seed` one is
    chosen and reported.
    """

    prompt: str = field(repr=False)
    width: int
    height: int
    asset_type: AssetType
    brand: BrandStyle | None = None
    texts: ImageTexts = ImageTexts()
    hints: VisualHints = VisualHints()
    seed: int | None = None
    input_image: InputImage | None = None
    history: tuple[Turn, ...] = ()
    media: tuple[MediaImage, ...] = ()
    use_search: bool = False
    model: str | None = None


@dataclass(frozen=True, slots=True)
class GeneratedImage:
    """Carry a PNG of exactly `width` x `height` pixels, and where it came from.

    `metadata` can be written to JSON as it is; `metadata["renderer"]` is `gemini` or `local`.
    """

    data: bytes = field(repr=False)
    width: int
    height: int
    model: str
    seed: int
    thought_signature: str | None = field(default=None, repr=False)
    metadata: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


class ImageGenerator(Protocol):
    """Make pictures."""

    async def generate(self, request: ImageRequest) -> GeneratedImage:
        """Make one picture, or raise a `GenerationFailed` whose `retryable` says whether another try may help."""
        ...
