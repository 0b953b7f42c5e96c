"""Draw pictures that fill their frame: thumbnails, screens, banners, stories, covers, panels."""

import random
from dataclasses import dataclass, replace
from typing import Final

from PIL import Image, ImageOps

from backend.clients.generation_errors import GenerationInputUnreadable
from backend.services.generation.drawing.canvas import Canvas
from backend.services.generation.drawing.colors import Rgb
from backend.services.generation.drawing.emblems import EMBLEMS
from backend.services.generation.drawing.faces import draw_face
from backend.services.generation.drawing.layouts import LAYOUTS, Layout, arrange, logo_area
from backend.services.generation.drawing.motifs import MOTIFS, light
from backend.services.generation.drawing.palette import Palette, palette_of
from backend.services.generation.drawing.styles import MASCOT, feeling_of, look_of
from backend.services.generation.drawing.typefaces import FontLibrary
from backend.services.generation.drawing.words import draw_words
from backend.services.generation.images import ImageRequest
from backend.services.generation.pictures import decode

_SMALL_EDGE: Final = 400


@dataclass(frozen=True, slots=True)
class Stage:
    """Hold what every step of drawing a scene needs."""

    canvas: Canvas
    palette: Palette
    layout: Layout
    request: ImageRequest
    dice: random.Random

    @property
    def short(self) -> float:
        """Give the shorter edge in pixels."""
        return float(min(self.canvas.width, self.canvas.height))

    @property
    def focus(self) -> tuple[float, float]:
        """Give the place of the object in pixels."""
        return self.layout.focus[0] * self.canvas.width, self.layout.focus[1] * self.canvas.height


def draw_scene(request: ImageRequest, fonts: FontLibrary, seed: int) -> Image.Image:
    """Draw background, object and words; the same request and seed give the same pixels."""
    width, height = request.width, request.height
    layout = LAYOUTS[request.asset_type.spec.template]
    if not _has_words(request):
        layout = replace(layout, focus=(0.5, 0.5), veil="none")
    stage = Stage(
        canvas=Canvas(width, height, scale=2 if min(width, height) > _SMALL_EDGE else 4, opaque=True),
        palette=palette_of(request.brand, request.hints),
        layout=arrange(layout, request.brand.logo if request.brand else None, width, height),
        request=request,
        dice=random.Random(seed),  # noqa: S311 - chooses shapes, not secrets
    )
    _background(stage)
    _place_media(stage)
    _clear_for_logo(stage)
    _veil(stage)
    draw_words(stage.canvas, stage.palette, stage.layout, request.texts, request.brand, fonts)
    return stage.canvas.finish(grain=stage.dice)


def _background(stage: Stage) -> None:
    if stage.request.input_image is not None:
        _redraw_layout(stage)
        return
    look = look_of(stage.request.brand, stage.request.hints, stage.dice)
    light(stage.canvas, stage.palette, stage.dice, stage.focus)
    MOTIFS[look.motif](stage.canvas, stage.palette, stage.dice, stage.focus)
    radius = stage.layout.radius * stage.short
    if stage.layout.object_behind_words:
        _frame(stage, radius)
    elif radius and look.emblem == MASCOT:
        texts = stage.request.texts
        feeling = feeling_of(stage.request.hints, f"{texts.title} {texts.subtitle}", otherwise="hype")
        draw_face(stage.canvas, stage.palette, stage.focus, radius * 0.92, feeling)
    elif radius:
        EMBLEMS[look.emblem](stage.canvas, stage.palette, stage.dice, stage.focus, radius)


def _frame(stage: Stage, radius: float) -> None:
    """Draw wide arcs around the words of a full screen, like a clock that waits."""
    canvas, palette, focus = stage.canvas, stage.palette, stage.focus
    turn = stage.dice.uniform(0, 360)
    canvas.ring(focus, radius * 1.06, stage.short * 0.003, palette.text, opacity=0.35)
    for share, width, start, sweep, color in (
        (1.13, 0.016, turn, 118, palette.accent),
        (1.13, 0.016, turn + 180, 96, palette.primary),
        (1.19, 0.006, turn + 60, 200, palette.support),
    ):
        canvas.arc(focus, radius * share, stage.short * width, start, start + sweep, color, opacity=0.95)


def _redraw_layout(stage: Stage) -> None:
    """Use the user's own picture as the ground, tinted with the brand."""
    canvas, palette, source = stage.canvas, stage.palette, stage.request.input_image
    if source is None:
        return
    picture = decode(source.data, GenerationInputUnreadable("layout picture"))
    fitted = ImageOps.fit(picture, (canvas.width, canvas.height), Image.Resampling.LANCZOS)
    canvas.mesh(palette.ground, [((0.5, 0.5), 0.6, palette.primary, 0.4)])
    canvas.picture(fitted, (0, 0, canvas.width, canvas.height))
    canvas.veil(palette.ground, [0.25, 0.25])
    canvas.veil(palette.primary, [0.28, 0.12])


def _place_media(stage: Stage) -> None:
    """Draw the pictures the user placed, from back to front."""
    canvas = stage.canvas
    placed = [(item.placement, item.image) for item in stage.request.media if item.placement is not None]
    for placement, image in sorted(placed, key=lambda pair: pair[0].z_index):
        picture = decode(image.data, GenerationInputUnreadable("placed picture"))
        percent = placement.size_unit == "percent"
        width = placement.width / 100 * canvas.width if percent else placement.width
        height = placement.height / 100 * canvas.height if percent else placement.height
        width, height = min(max(width, 1), canvas.width * 2), min(max(height, 1), canvas.height * 2)
        x, y = placement.x / 100 * canvas.width, placement.y / 100 * canvas.height
        box = (x - width / 2, y - height / 2, x + width / 2, y + height / 2)
        opacity = min(max(placement.opacity, 0), 100) / 100
        canvas.picture(picture, box, rotation=placement.rotation, opacity=opacity)


def _clear_for_logo(stage: Stage) -> None:
    """Calm the place where the logo will be put."""
    brand = stage.request.brand
    if brand is None or brand.logo is None:
        return
    canvas = stage.canvas
    left, top, right, bottom = logo_area(brand.logo, canvas.width, canvas.height)
    box = (left * canvas.width, top * canvas.height, right * canvas.width, bottom * canvas.height)
    canvas.ellipse(box, stage.palette.deep, opacity=0.28, blur=stage.short * 0.07)


def _veil(stage: Stage) -> None:
    """Quieten the side the words stand on."""
    ground: Rgb = stage.palette.ground
    if stage.layout.veil == "left":
        stage.canvas.veil(ground, [0.78, 0.74, 0.62, 0.34, 0.08, 0.0, 0.0])
    elif stage.layout.veil == "bottom":
        stage.canvas.veil(ground, [0.0, 0.0, 0.06, 0.40, 0.68, 0.78, 0.82], vertical=True)
    elif stage.layout.veil == "middle":
        width, height = stage.canvas.width, stage.canvas.height
        box = (width * 0.14, height * 0.24, width * 0.86, height * 0.76)
        stage.canvas.ellipse(box, ground, opacity=0.6, blur=stage.short * 0.12)


def _has_words(request: ImageRequest) -> bool:
    return any((request.texts.title, request.texts.subtitle, request.texts.detail))
