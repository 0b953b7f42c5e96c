import io
from collections.abc import AsyncIterator

import httpx
import pytest
from PIL import Image
from pydantic import SecretStr

from backend.clients.gemini import GeminiClient, GeminiOptions
from backend.clients.generation_errors import GenerationImageUnreadable
from backend.services.branding.image_threads import ImageThreads
from backend.services.generation.asset_types import AssetType
from backend.services.generation.images import ImageRequest, InputImage, MediaImage, Turn
from backend.services.generation.nano_banana_client import NanoBananaClient, closest_ratio
from backend.services.generation.placement import Placement, PlacementFormatter
from tests.support.gemini_server import GeminiServer, gemini_server, picture_reply, png


@pytest.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with gemini_server() as server:
        yield server


@pytest.fixture
async def banana(server: GeminiServer, threads: ImageThreads) -> AsyncIterator[NanoBananaClient]:
    async with httpx.AsyncClient(trust_env=False) as http:
        gemini = GeminiClient(http, GeminiOptions(SecretStr("key"), server.url, backoff=0.001, max_attempts=1))
        yield NanoBananaClient(gemini, threads, PlacementFormatter(), "gemini-2.5-flash-image")


def request(**values: object) -> ImageRequest:
    defaults: dict[str, object] = {"prompt": "a fox", "width": 1280, "height": 720, "asset_type": AssetType.THUMBNAIL}
    return ImageRequest(**(defaults | values))  # type: ignore[arg-type]  # checked where it is used


async def test_the_picture_has_exactly_the_size_asked_for(banana: NanoBananaClient, server: GeminiServer) -> None:
    server.replies = [picture_reply(png(1344, 768))]

    made = await banana.generate(request(width=1200, height=480))

    with Image.open(io.BytesIO(made.data)) as picture:
        assert (picture.format, picture.size) == ("PNG", (1200, 480))
    assert (made.width, made.height) == (1200, 480)
    assert made.metadata["renderer"] == "gemini"
    assert made.model == "gemini-test"


async def test_a_plain_prompt_carries_rules_size_and_seed(banana: NanoBananaClient, server: GeminiServer) -> None:
    made = await banana.generate(request(seed=2**31 + 5))

    body = server.asked[0].body
    text = body["contents"][0]["parts"][0]["text"]
    assert text.index("Rules for this picture") < text.index("a fox") < text.index("Target size: 1280x720 pixels.")
    assert body["generationConfig"]["seed"] == made.seed == 5
    assert body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9"}


async def test_without_a_seed_one_is_chosen_and_reported(banana: NanoBananaClient, server: GeminiServer) -> None:
    first, second = await banana.generate(request()), await banana.generate(request())

    assert [asked.body["generationConfig"]["seed"] for asked in server.asked] == [first.seed, second.seed]
    assert first.seed != second.seed


async def test_a_layout_comes_before_the_note_and_the_prompt(banana: NanoBananaClient, server: GeminiServer) -> None:
    await banana.generate(request(input_image=InputImage(b"layout", "image/jpeg")))

    layout, note, prompt = server.asked[0].body["contents"][0]["parts"]
    assert layout["inlineData"]["mimeType"] == "image/jpeg"
    assert "layout guide" in note["text"]
    assert "a fox" in prompt["text"]


async def test_media_follow_the_text_in_the_order_it_numbers_them(
    banana: NanoBananaClient, server: GeminiServer
) -> None:
    loose = MediaImage(InputImage(b"loose"))
    front = MediaImage(InputImage(b"front"), Placement(display_name="front", z_index=2))
    back = MediaImage(InputImage(b"back"), Placement(display_name="back", z_index=1))

    await banana.generate(request(media=(loose, front, back)))

    text, *pictures = server.asked[0].body["contents"][0]["parts"]
    assert 'Image 1 = image "back"' in text["text"]
    assert [picture["inlineData"]["data"] for picture in pictures] == ["YmFjaw==", "ZnJvbnQ=", "bG9vc2U="]


async def test_a_conversation_is_replayed_and_continued(banana: NanoBananaClient, server: GeminiServer) -> None:
    history = (Turn("user", "draw a fox"), Turn("model", image=InputImage(b"fox"), thought_signature="c2ln"))

    await banana.generate(request(prompt="make it blue", history=history, input_image=InputImage(b"ignored")))

    first, second, third = server.asked[0].body["contents"]
    assert first == {"role": "user", "parts": [{"text": "draw a fox"}]}
    assert second["role"] == "model"
    assert second["parts"][0]["thoughtSignature"] == "c2ln"
    assert "Change only this, and nothing else: make it blue" in third["parts"][0]["text"]
    assert len(third["parts"]) == 1


async def test_the_third_generation_is_told_how_large(banana: NanoBananaClient, server: GeminiServer) -> None:
    await banana.generate(request(model="gemini-3-pro-image-preview", width=1920, height=1080))

    assert server.asked[0].path.endswith("/gemini-3-pro-image-preview:generateContent")
    assert server.asked[0].body["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9", "imageSize": "2K"}


async def test_a_picture_that_is_none_is_told(banana: NanoBananaClient, server: GeminiServer) -> None:
    server.replies = [picture_reply(b"these are not the pixels you are looking for")]

    with pytest.raises(GenerationImageUnreadable) as raised:
        await banana.generate(request())
    assert raised.value.code == "GENERATION_ERROR"


@pytest.mark.parametrize(
    ("size", "ratio"),
    [((1280, 720), "16:9"), ((1200, 480), "21:9"), ((1080, 1920), "9:16"), ((512, 512), "1:1"), ((320, 160), "16:9")],
)
def test_the_closest_ratio_is_chosen(size: tuple[int, int], ratio: str) -> None:
    assert closest_ratio(*size) == ratio
