import asyncio
import io
import threading
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from backend.clients.generation_errors import GenerationInputUnreadable
from backend.services.branding.image_threads import ImageThreads
from backend.services.generation.asset_types import AssetType
from backend.services.generation.brand_style import BrandStyle, Intensity, LogoPosition, LogoSlot
from backend.services.generation.drawing.faces import feelings
from backend.services.generation.drawing.layouts import LAYOUTS, arrange, logo_area
from backend.services.generation.drawing.typefaces import FontLibrary
from backend.services.generation.images import ImageRequest, ImageTexts, InputImage, MediaImage, Turn, VisualHints
from backend.services.generation.local_renderer import LocalRenderer
from backend.services.generation.placement import Placement
from backend.services.generation.quick_create_service import QuickCreateService
from tests.generation.kits import style
from tests.support.gemini_server import png

PANEL = AssetType.TWITCH_PANEL
"""The smallest scene: quick to draw, with everything in it that larger ones have."""


@pytest.fixture
def renderer(fonts: FontLibrary, threads: ImageThreads) -> LocalRenderer:
    return LocalRenderer(fonts, threads)


def request(asset_type: AssetType = PANEL, **values: object) -> ImageRequest:
    width, height = asset_type.spec.render_size
    defaults: dict[str, object] = {
        "prompt": "a prompt",
        "width": width,
        "height": height,
        "asset_type": asset_type,
        "texts": ImageTexts("Friday Finals", "Chess", "8 PM"),
        "brand": style("#E11D48", "#FACC15"),
        "seed": 5,
    }
    return ImageRequest(**(defaults | values))  # type: ignore[arg-type]  # checked where it is used


async def draw(renderer: LocalRenderer, wanted: ImageRequest) -> Image.Image:
    with Image.open(io.BytesIO((await renderer.generate(wanted)).data)) as picture:
        assert picture.format == "PNG"
        return picture.convert("RGBA")


def differs(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox(alpha_only=False) is not None


def has_color_near(picture: Image.Image, wanted: tuple[int, int, int]) -> bool:
    """Look for a colour, give or take grain and gradients."""
    distance = ImageChops.difference(picture.convert("RGB"), Image.new("RGB", picture.size, wanted))
    red, green, blue = distance.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue).histogram()[:24] != [0] * 24


@pytest.mark.parametrize("asset_type", sorted({(t.spec.template, t.spec.render_size): t for t in AssetType}.values()))
async def test_every_asset_type_is_drawn_in_exactly_its_size(renderer: LocalRenderer, asset_type: AssetType) -> None:
    made = await renderer.generate(request(asset_type))

    with Image.open(io.BytesIO(made.data)) as picture:
        assert (picture.format, picture.size) == ("PNG", asset_type.spec.render_size)
    assert (made.width, made.height) == asset_type.spec.render_size
    assert made.metadata["renderer"] == "local"
    assert made.seed == 5


@pytest.mark.parametrize(
    "asset_type", [AssetType.TWITCH_BADGE, AssetType.TWITCH_EMOTE_28, AssetType.TIKTOK_EMOTE_100, AssetType.LOGO]
)
async def test_what_shall_be_cut_out_has_a_transparent_ground(renderer: LocalRenderer, asset_type: AssetType) -> None:
    picture = await draw(renderer, request(asset_type))
    corners = [picture.getpixel((x, y)) for x in (0, picture.width - 1) for y in (0, picture.height - 1)]
    assert {corner[3] for corner in corners if isinstance(corner, tuple)} == {0}


@pytest.mark.parametrize("asset_type", [PANEL, AssetType.TWITCH_BADGE, AssetType.TWITCH_EMOTE_28])
async def test_the_same_seed_draws_the_same_pixels(renderer: LocalRenderer, asset_type: AssetType) -> None:
    assert (await renderer.generate(request(asset_type))).data == (await renderer.generate(request(asset_type))).data


async def test_another_seed_draws_another_picture(renderer: LocalRenderer) -> None:
    assert differs(await draw(renderer, request(seed=1)), await draw(renderer, request(seed=2)))


async def test_without_a_seed_the_prompt_decides(renderer: LocalRenderer) -> None:
    first, again, other = [
        (await renderer.generate(request(seed=None, prompt=prompt))).seed for prompt in ("fox", "fox", "owl")
    ]
    assert first == again != other


@pytest.mark.parametrize("seed", range(4))
async def test_the_brands_colors_are_in_the_picture(renderer: LocalRenderer, seed: int) -> None:
    picture = await draw(renderer, request(seed=seed))
    assert has_color_near(picture, (0xE1, 0x1D, 0x48))
    assert has_color_near(picture, (0xFA, 0xCC, 0x15))


async def test_an_accent_of_the_form_replaces_the_kits_guess(renderer: LocalRenderer) -> None:
    picture = await draw(renderer, request(hints=VisualHints(mood="pro", accent="#00E5FF")))
    assert has_color_near(picture, (0x00, 0xE5, 0xFF))


@pytest.mark.parametrize(
    "change",
    [
        {"texts": ImageTexts("Other words")},
        {"brand": style("#E11D48", "#FACC15", headline_font={"family": "Playfair Display"})},
        {"brand": style("#2563EB", "#FACC15")},
        {"brand": style("#E11D48", "#FACC15", intensity=Intensity.SUBTLE)},
        {"brand": style("#E11D48", "#FACC15", tone="comedic")},
        {"brand": None},
        {"hints": VisualHints(mood="anime")},
        {"hints": VisualHints(background="bright")},
    ],
)
async def test_every_choice_shows(renderer: LocalRenderer, change: dict[str, object]) -> None:
    before = request()
    assert differs(await draw(renderer, before), await draw(renderer, replace(before, **change)))  # type: ignore[arg-type]  # fields


@pytest.mark.parametrize("primary", ["#000000", "#FFFFFF", "#FFFF00", "#0000FF", "#808080", "#FFB3C7"])
@pytest.mark.parametrize("hints", [VisualHints(), VisualHints(background="bright"), VisualHints(mood="playful")])
async def test_words_can_be_read_on_any_brand(renderer: LocalRenderer, primary: str, hints: VisualHints) -> None:
    wanted = request(brand=style(primary), hints=hints, texts=ImageTexts("Readable"))
    words, bare = await draw(renderer, wanted), await draw(renderer, replace(wanted, texts=ImageTexts(" ")))

    left, top, right, bottom = LAYOUTS["twitch_panel"].area
    box = (int(left * 320), int(top * 160), int(right * 320), int(bottom * 160))
    drawn, ground = words.convert("L").crop(box), bare.convert("L").crop(box)
    changed = ImageChops.difference(drawn, ground).histogram()
    assert sum(changed[100:]) > 300


@pytest.mark.parametrize(
    "texts",
    [
        ImageTexts("x" * 200, "y " * 100, "z" * 80),
        ImageTexts("最強 🎮 بث مباشر Łódź"),
        ImageTexts("", "only a subtitle", ""),
        ImageTexts("", "", "only a label"),
        ImageTexts("\ue000\ue001"),
        ImageTexts(),
    ],
)
@pytest.mark.parametrize("asset_type", [PANEL, AssetType.TWITCH_EMOTE_28, AssetType.TWITCH_BADGE, AssetType.LOGO])
async def test_any_words_can_be_drawn(renderer: LocalRenderer, asset_type: AssetType, texts: ImageTexts) -> None:
    assert (await renderer.generate(request(asset_type, texts=texts))).data


async def test_every_feeling_has_a_face_of_its_own(renderer: LocalRenderer) -> None:
    faces = {
        (
            await renderer.generate(
                request(AssetType.TWITCH_EMOTE_56, texts=ImageTexts(), hints=VisualHints(subject=name))
            )
        ).data
        for name in feelings()
    }
    assert len(faces) == len(feelings())


async def test_every_emotion_and_icon_of_the_forms_is_drawn(
    renderer: LocalRenderer, quick_create: QuickCreateService
) -> None:
    for template, asset_type in (("emote", AssetType.TWITCH_EMOTE_28), ("logo", AssetType.LOGO)):
        fields = quick_create.template(template).placeholders
        subjects = [option.value for field in fields if field.name in {"emotion", "icon"} for option in field.options]
        made = {
            (
                await renderer.generate(
                    replace(request(asset_type, hints=VisualHints(subject=subject)), width=24, height=24)
                )
            ).data
            for subject in subjects
        }
        assert len(made) >= len(subjects) - 1  # raven and phoenix share a bird


async def test_words_of_an_emote_show_only_if_they_are_few(renderer: LocalRenderer) -> None:
    emote = AssetType.TWITCH_EMOTE_56
    silent = await draw(renderer, request(emote, texts=ImageTexts()))
    talkative = await draw(renderer, request(emote, texts=ImageTexts("a purple fox that plays chess")))
    assert not differs(silent, talkative)
    assert differs(silent, await draw(renderer, request(emote, texts=ImageTexts("GG"))))


async def test_a_layout_picture_becomes_the_ground(renderer: LocalRenderer) -> None:
    green = await draw(renderer, request(input_image=InputImage(png(320, 160, (0, 255, 0))), texts=ImageTexts()))
    red, strong, blue, _ = green.resize((1, 1)).getpixel((0, 0))  # type: ignore[misc]  # RGBA
    assert strong > red + 60
    assert strong > blue + 60


async def test_placed_pictures_are_where_the_user_put_them(renderer: LocalRenderer) -> None:
    placed = MediaImage(InputImage(png(10, 10, (1, 254, 3))), Placement(x=90, y=20, width=10, height=10))
    picture = await draw(renderer, request(media=(placed,)))
    assert has_color_near(picture.crop((280, 26, 296, 38)), (1, 254, 3))
    assert not has_color_near(picture.crop((0, 80, 320, 160)), (1, 254, 3))


async def test_an_unreadable_input_picture_is_told(renderer: LocalRenderer) -> None:
    with pytest.raises(GenerationInputUnreadable):
        await renderer.generate(request(input_image=InputImage(b"no picture")))


@pytest.mark.parametrize("position", list(LogoPosition))
@pytest.mark.parametrize("template", list(LAYOUTS))
def test_words_stay_out_of_the_logos_place(position: LogoPosition, template: str) -> None:
    width, height = next(t.spec.size for t in AssetType if t.spec.template == template)
    slot = LogoSlot(position=position)
    left, top, right, bottom = arrange(LAYOUTS[template], slot, width, height).area
    logo = logo_area(slot, width, height)
    assert right - left > 0.3
    assert bottom - top > 0.15
    assert logo[0] >= right or logo[2] <= left or logo[1] >= bottom or logo[3] <= top


HISTORY = (Turn("user", "before"), Turn("model", image=InputImage(png())))


async def test_a_change_of_words_keeps_everything_else(renderer: LocalRenderer) -> None:
    asked = request(history=HISTORY, prompt='Change the title to "Sunday Finals"')
    changed = await renderer.generate(asked)
    expected = await renderer.generate(request(texts=ImageTexts("Sunday Finals", "Chess", "8 PM")))
    assert changed.data == expected.data
    assert changed.metadata["changed"] == "words"


@pytest.mark.parametrize(
    ("instruction", "understood"),
    [
        ("make the accent teal", "accent"),
        ("use #12AB34 please", "accent"),
        ("a bit darker, with pink", "accent, brightness"),
        ("without any text", "words"),
        ("more drama", None),
    ],
)
async def test_simple_wishes_are_understood(renderer: LocalRenderer, instruction: str, understood: str | None) -> None:
    before = await renderer.generate(request(hints=VisualHints(background="bright")))
    changed = await renderer.generate(
        request(hints=VisualHints(background="bright"), history=HISTORY, prompt=instruction)
    )
    assert changed.metadata["changed"] == understood
    assert changed.data != before.data


async def test_drawing_does_not_hold_up_the_event_loop(fonts: FontLibrary, threads: ImageThreads) -> None:
    renderer = LocalRenderer(fonts, threads)
    task = asyncio.create_task(renderer.generate(request(AssetType.CLIP_COVER)))
    turns = 0
    while not task.done():
        await asyncio.sleep(0.01)
        turns += 1
    assert turns > 3
    assert any(thread.name.startswith("images") for thread in threading.enumerate())


async def test_a_brand_without_companions_gets_some(renderer: LocalRenderer) -> None:
    lonely: BrandStyle = style("#FACC15")
    assert (await renderer.generate(request(brand=lonely))).data
