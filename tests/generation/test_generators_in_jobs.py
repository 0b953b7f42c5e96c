"""Whole jobs with the generators the settings choose, on real servers."""

import io
from collections.abc import AsyncIterator, Callable

import pytest
from PIL import Image

from backend.container import build_container
from backend.db.tables.generation import Asset
from backend.services.branding.vocabulary import LogoType
from backend.services.generation.asset_types import AssetType
from backend.services.generation.generation_plan import BrandChoice, GenerationRequest
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import StorageService
from backend.settings import Settings
from di import Container
from tests.support.gemini_server import GeminiServer, error_reply, gemini_server, picture_reply, png
from tests.support.jobs import (
    add_kit_with_logo,
    add_user,
    creations_used,
    read_assets,
    read_job,
    request_job,
    run_job,
)


@pytest.fixture
async def server() -> AsyncIterator[GeminiServer]:
    async with gemini_server() as server:
        yield server


@pytest.fixture
async def with_gemini(
    server: GeminiServer, make_settings: Callable[..., Settings], database_url: str, redis_url: str
) -> AsyncIterator[Container]:
    settings = make_settings(
        database_url=database_url, redis_url=redis_url, google_api_key="a-key", gemini_base_url=server.url
    )
    async with build_container(settings) as container:
        yield container


async def picture_of(container: Container, asset: Asset) -> Image.Image:
    data = await container.resolve(StorageService).get(Bucket(asset.bucket), asset.storage_path)
    with Image.open(io.BytesIO(data)) as picture:
        assert (picture.format, picture.size) == ("PNG", (asset.width, asset.height))
        return picture.convert("RGBA")


def green_share(picture: Image.Image) -> float:
    pixels = picture.convert("RGB").get_flattened_data()
    return sum(pixel == (0, 255, 0) for pixel in pixels) / len(pixels)


async def test_without_a_key_a_job_draws_kit_words_and_logo(container: Container) -> None:
    user_id = await add_user(container)
    request = GenerationRequest(
        asset_type=AssetType.THUMBNAIL,
        custom_prompt="__quick_create__:thumbnail:pro | title:Friday Finals | accent_color:#FACC15",
        brand_kit_id=await add_kit_with_logo(container, user_id),
        brand=BrandChoice(include_logo=True, logo_type=LogoType.PRIMARY),
    )

    job_id = await request_job(container, user_id, request)
    await run_job(container, job_id)

    assert (await read_job(container, job_id)).status == "completed"
    [asset] = await read_assets(container, job_id)
    assert (asset.width, asset.height) == (1280, 720)
    assert asset.details["renderer"] == "local"
    picture = await picture_of(container, asset)
    assert green_share(picture.crop((1040, 500, 1280, 720))) > 0.3
    assert green_share(picture.crop((0, 0, 640, 720))) == 0


async def test_an_emote_is_delivered_in_every_size_without_background(container: Container) -> None:
    user_id = await add_user(container)
    words = "__quick_create__:emote:glossy | emotion:hype | text:GG"

    job_id = await request_job(
        container, user_id, GenerationRequest(asset_type=AssetType.TWITCH_EMOTE, custom_prompt=words)
    )
    await run_job(container, job_id)

    assets = await read_assets(container, job_id)
    assert [asset.width for asset in assets] == [112, 56, 28]
    for asset in assets:
        corner = (await picture_of(container, asset)).getpixel((0, 0))
        assert isinstance(corner, tuple)
        assert corner[3] == 0


async def test_with_a_key_gemini_makes_the_picture(with_gemini: Container, server: GeminiServer) -> None:
    server.replies = [picture_reply(png(1344, 768))]
    user_id = await add_user(with_gemini)

    job_id = await request_job(with_gemini, user_id)
    await run_job(with_gemini, job_id)

    [asset] = await read_assets(with_gemini, job_id)
    assert asset.details["renderer"] == "gemini"
    assert asset.thought_signature == "c2lnbmVk"
    assert (await picture_of(with_gemini, asset)).size == (1280, 720)
    assert "a neon wolf" in str(server.asked[0].body)


async def test_a_refused_description_fails_the_job_and_costs_nothing(
    with_gemini: Container, server: GeminiServer
) -> None:
    server.replies = [error_reply(400, "blocked by safety policy")]
    user_id = await add_user(with_gemini)

    job_id = await request_job(with_gemini, user_id)
    await run_job(with_gemini, job_id)

    job = await read_job(with_gemini, job_id)
    assert (job.status, job.error_code) == ("failed", "GENERATION_CONTENT_POLICY")
    assert await creations_used(with_gemini, user_id) == 0
    assert len(server.asked) == 1
