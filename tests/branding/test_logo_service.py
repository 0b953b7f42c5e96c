"""Logos: what is accepted, and that rows and files stay in step whatever fails."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from PIL import Image
from sqlalchemy import delete, func, select, update

from backend.clients.storage import LocalObjectStore, UploadFailed
from backend.clients.supabase import Supabase
from backend.clients.url_signer import UrlSigner
from backend.db.caller import Caller
from backend.db.repositories.storage_cleanups import StorageCleanupRepository
from backend.db.tables.branding import BrandKitLogo
from backend.db.tables.generation import StorageCleanup
from backend.db.tables.identity import User
from backend.services.branding.image_threads import ImageThreads
from backend.services.branding.logo_image import UnreadableImage
from backend.services.branding.logo_service import LogoKitNotFound, LogoService, clean_filename
from backend.services.branding.vocabulary import LogoType, Section
from backend.services.generation.sweeper import FileSweeper
from backend.services.storage.buckets import Bucket
from backend.services.storage.storage_service import ObjectTooLarge, StorageService, UnsupportedContent
from backend.settings import Settings
from tests.conftest import SessionAs
from tests.support.branding import add_user, audit_service, draft, kit_service, logo_service, open_storage
from tests.support.pictures import picture


class LogosOf(Protocol):
    """Open the logo service as one user, in a transaction of its own."""

    def __call__(self, user_id: UUID) -> AbstractAsyncContextManager[LogoService]: ...


@pytest.fixture
def storage(settings: Settings) -> StorageService:
    return open_storage(settings)


@pytest.fixture
def threads() -> Iterator[ImageThreads]:
    threads = ImageThreads()
    yield threads
    threads.close()


@pytest.fixture
def logos_of(session_as: SessionAs, supabase: Supabase, storage: StorageService, threads: ImageThreads) -> LogosOf:
    @asynccontextmanager
    async def open_service(user_id: UUID) -> AsyncIterator[LogoService]:
        async with session_as(Caller.user(user_id)) as session:
            yield logo_service(session, supabase, storage, threads)

    return open_service


@pytest.fixture
async def alice(supabase: Supabase) -> UUID:
    return await add_user(supabase)


@pytest.fixture
async def kit(alice: UUID, session_as: SessionAs, supabase: Supabase) -> UUID:
    async with session_as(Caller.user(alice)) as session:
        return (await kit_service(session, supabase).create(alice, draft())).id


async def upload(
    logos_of: LogosOf, user_id: UUID, kit: UUID, data: bytes, logo_type: LogoType = LogoType.PRIMARY, name: str = ""
) -> str:
    async with logos_of(user_id) as logos:
        return (await logos.upload(user_id, kit, logo_type, data, name)).logo.storage_path


async def sweep(session_as: SessionAs, storage: StorageService) -> int:
    async with session_as(Caller.service()) as session:
        return await FileSweeper(StorageCleanupRepository(session), storage).sweep(100)


async def let_an_hour_pass(session_as: SessionAs) -> None:
    async with session_as(Caller.service()) as session:
        due = func.now() - timedelta(minutes=1)
        await session.execute(update(StorageCleanup).values(due_at=due))


def stored_files(settings: Settings) -> set[str]:
    root = Path(urlsplit(settings.storage_url).path) / "logos"
    return {str(file.relative_to(root)) for file in root.rglob("*") if file.is_file()}


class SlowStore(LocalObjectStore):
    """Write an object and let something else happen before the answer comes."""

    def __init__(self, root: Path, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(root, "http://127.0.0.1:8000", UrlSigner("secret"))
        self._meanwhile = meanwhile

    async def put(self, key: str, data: bytes, content_type: str) -> None:
        await super().put(key, data, content_type)
        await self._meanwhile()


def slow_storage(settings: Settings, meanwhile: Callable[[], Awaitable[None]]) -> StorageService:
    store = SlowStore(Path(urlsplit(settings.storage_url).path), meanwhile)
    return StorageService(store, UrlSigner("secret"))


async def lose_the_answer() -> None:
    """Fail as a store does that wrote the object and could not say so."""
    raise UploadFailed("")


@pytest.mark.parametrize(
    ("format_", "content_type", "extension"),
    [("PNG", "image/png", "png"), ("JPEG", "image/jpeg", "jpg"), ("WEBP", "image/webp", "webp")],
)
async def test_upload_keeps_the_file_as_it_is(
    logos_of: LogosOf, storage: StorageService, alice: UUID, kit: UUID, format_: str, content_type: str, extension: str
) -> None:
    data = picture((40, 30), mode="RGB", color=(1, 2, 3), format=format_)
    async with logos_of(alice) as logos:
        stored = await logos.upload(alice, kit, LogoType.ICON, data, "C:\\my logo.png")
    assert stored.logo.storage_path.startswith(f"{alice}/{kit}/icon-")
    assert stored.logo.storage_path.endswith(f".{extension}")
    assert (stored.logo.content_type, stored.logo.file_size) == (content_type, len(data))
    assert (stored.logo.width, stored.logo.height, stored.logo.filename) == (40, 30, "my logo.png")
    assert await storage.get(Bucket.LOGOS, stored.logo.storage_path) == data


async def test_content_that_is_no_logo_is_refused(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    for data in (
        b"",
        b"hello",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"GIF89a" + bytes(50),
        b"\x00\x00\x00\x18ftypmp42" + bytes(50),
    ):
        with pytest.raises(UnsupportedContent):
            await upload(logos_of, alice, kit, data)


async def test_damaged_picture_is_refused(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    with pytest.raises(UnreadableImage):
        await upload(logos_of, alice, kit, picture()[:60])


async def test_file_beyond_the_limit_is_refused(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    with pytest.raises(ObjectTooLarge):
        await upload(logos_of, alice, kit, picture() + bytes(10 * 1024 * 1024))


async def test_refused_upload_leaves_no_note(logos_of: LogosOf, session_as: SessionAs, alice: UUID, kit: UUID) -> None:
    with pytest.raises(UnsupportedContent):
        await upload(logos_of, alice, kit, b"hello")
    async with session_as(Caller.service()) as session:
        assert await session.scalar(select(func.count()).select_from(StorageCleanup)) == 0


async def test_logo_of_a_missing_kit_is_not_found(logos_of: LogosOf, alice: UUID) -> None:
    with pytest.raises(LogoKitNotFound):
        await upload(logos_of, alice, uuid4(), picture())


async def test_successful_upload_survives_every_sweep(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    path = await upload(logos_of, alice, kit, picture())
    await let_an_hour_pass(session_as)
    assert await sweep(session_as, storage) == 0
    assert stored_files(settings) == {path}


async def test_replaced_file_goes_whatever_its_extension(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    await upload(logos_of, alice, kit, picture(mode="RGB", color=(1, 2, 3), format="JPEG"))
    await upload(logos_of, alice, kit, picture(format="WEBP"))
    newest = await upload(logos_of, alice, kit, picture())
    await sweep(session_as, storage)
    assert stored_files(settings) == {newest}


async def test_variants_do_not_replace_each_other(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    paths = {await upload(logos_of, alice, kit, picture(), logo_type) for logo_type in LogoType}
    await sweep(session_as, storage)
    assert stored_files(settings) == paths


async def test_rolled_back_upload_keeps_the_former_logo_and_leaves_no_file(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    former = await upload(logos_of, alice, kit, picture())

    async def upload_and_fail() -> None:
        async with logos_of(alice) as logos:
            await logos.upload(alice, kit, LogoType.PRIMARY, picture(color=(0, 0, 255, 255)))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await upload_and_fail()
    assert len(stored_files(settings)) == 2
    await let_an_hour_pass(session_as)
    await sweep(session_as, storage)
    assert stored_files(settings) == {former}
    async with logos_of(alice) as logos:
        assert await logos.get_for_generation(alice, kit, None) == picture()


async def test_file_of_a_store_that_failed_after_writing_goes(
    session_as: SessionAs,
    supabase: Supabase,
    storage: StorageService,
    settings: Settings,
    threads: ImageThreads,
    alice: UUID,
    kit: UUID,
) -> None:
    async with session_as(Caller.user(alice)) as session:
        logos = logo_service(session, supabase, slow_storage(settings, lose_the_answer), threads)
        with pytest.raises(UploadFailed):
            await logos.upload(alice, kit, LogoType.ICON, picture())
    assert len(stored_files(settings)) == 1
    await let_an_hour_pass(session_as)
    await sweep(session_as, storage)
    assert not stored_files(settings)


async def test_upload_whose_file_was_swept_in_between_fails_whole(
    logos_of: LogosOf,
    session_as: SessionAs,
    supabase: Supabase,
    settings: Settings,
    threads: ImageThreads,
    alice: UUID,
    kit: UUID,
) -> None:
    async def sweep_everything() -> None:
        async with session_as(Caller.service()) as session:
            await session.execute(delete(StorageCleanup))

    async def upload_slowly() -> None:
        async with session_as(Caller.user(alice)) as session:
            logos = logo_service(session, supabase, slow_storage(settings, sweep_everything), threads)
            await logos.upload(alice, kit, LogoType.ICON, picture())

    with pytest.raises(UploadFailed):
        await upload_slowly()
    async with logos_of(alice) as logos:
        assert await logos.get_url(alice, kit, LogoType.ICON) is None


async def test_deleted_logo_loses_its_file_after_commit(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    await upload(logos_of, alice, kit, picture())
    async with logos_of(alice) as logos:
        assert await logos.delete(alice, kit, LogoType.PRIMARY)
    assert await sweep(session_as, storage) == 1
    assert not stored_files(settings)


async def test_rolled_back_deletion_keeps_the_file(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    path = await upload(logos_of, alice, kit, picture())

    async def delete_and_fail() -> None:
        async with logos_of(alice) as logos:
            await logos.delete(alice, kit, LogoType.PRIMARY)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await delete_and_fail()
    assert await sweep(session_as, storage) == 0
    assert stored_files(settings) == {path}


async def test_deleting_what_is_not_there_says_so(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    async with logos_of(alice) as logos:
        assert not await logos.delete(alice, kit, LogoType.PRIMARY)


async def test_files_of_a_deleted_kit_go(
    logos_of: LogosOf,
    session_as: SessionAs,
    supabase: Supabase,
    storage: StorageService,
    settings: Settings,
    alice: UUID,
    kit: UUID,
) -> None:
    for logo_type in LogoType:
        await upload(logos_of, alice, kit, picture(), logo_type)
    async with session_as(Caller.user(alice)) as session:
        await kit_service(session, supabase).delete(alice, kit)
    assert await sweep(session_as, storage) == 5
    assert not stored_files(settings)


async def test_files_of_a_deleted_account_go(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    await upload(logos_of, alice, kit, picture())
    async with session_as(Caller.service()) as session:
        await session.execute(delete(User).where(User.id == alice))
    assert await sweep(session_as, storage) == 1
    assert not stored_files(settings)


async def test_upload_into_a_kit_that_goes_meanwhile_is_not_found_and_leaves_no_file(
    session_as: SessionAs,
    supabase: Supabase,
    storage: StorageService,
    settings: Settings,
    threads: ImageThreads,
    alice: UUID,
    kit: UUID,
) -> None:
    async def delete_kit() -> None:
        async with session_as(Caller.user(alice)) as session:
            await kit_service(session, supabase).delete(alice, kit)

    async with session_as(Caller.user(alice)) as session:
        logos = logo_service(session, supabase, slow_storage(settings, delete_kit), threads)
        with pytest.raises(LogoKitNotFound):
            await logos.upload(alice, kit, LogoType.ICON, picture())
    await let_an_hour_pass(session_as)
    await sweep(session_as, storage)
    assert not stored_files(settings)


async def test_parallel_uploads_of_one_variant_leave_one_file(
    logos_of: LogosOf, session_as: SessionAs, storage: StorageService, settings: Settings, alice: UUID, kit: UUID
) -> None:
    await asyncio.gather(*(upload(logos_of, alice, kit, picture(color=(n, n, n, 255))) for n in range(6)))
    await let_an_hour_pass(session_as)
    await sweep(session_as, storage)
    async with session_as(Caller.service()) as session:
        path = (await session.scalars(select(BrandKitLogo.storage_path))).one()
    assert stored_files(settings) == {path}


async def test_list_has_every_variant(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    await upload(logos_of, alice, kit, picture(), LogoType.ICON)
    async with logos_of(alice) as logos:
        found = await logos.list(alice, kit)
    assert set(found.urls) == set(LogoType)
    assert [logo_type for logo_type, url in found.urls.items() if url] == [LogoType.ICON]


async def test_preferred_logo_is_taken(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    await upload(logos_of, alice, kit, picture(), LogoType.PRIMARY)
    icon = picture(color=(0, 255, 0, 255))
    await upload(logos_of, alice, kit, icon, LogoType.ICON)
    async with logos_of(alice) as logos:
        assert await logos.get_for_generation(alice, kit, LogoType.ICON) == icon


@pytest.mark.parametrize(("settings_", "alpha"), [({}, 128), ({"watermark_opacity": 20}, 51)])
async def test_watermark_is_as_faint_as_the_kit_wants_it(
    logos_of: LogosOf,
    session_as: SessionAs,
    supabase: Supabase,
    alice: UUID,
    kit: UUID,
    settings_: dict[str, int],
    alpha: int,
) -> None:
    await upload(logos_of, alice, kit, picture(format="WEBP", lossless=True), LogoType.WATERMARK)
    async with session_as(Caller.user(alice)) as session:
        await kit_service(session, supabase).set_section(alice, kit, Section.LOGOS, settings_)
    async with logos_of(alice) as logos:
        data = await logos.get_for_generation(alice, kit, LogoType.WATERMARK)
    with Image.open(io.BytesIO(data or b"")) as found:
        assert found.getpixel((5, 5)) == (255, 0, 0, alpha)


async def test_default_logo_is_taken_where_none_is_preferred(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    await upload(logos_of, alice, kit, picture(), LogoType.PRIMARY)
    icon = picture(color=(0, 255, 0, 255))
    await upload(logos_of, alice, kit, icon, LogoType.ICON)
    async with logos_of(alice) as logos:
        await logos.set_default_type(alice, kit, LogoType.ICON)
        assert await logos.get_for_generation(alice, kit, None) == icon


async def test_default_logo_stands_in_for_a_preferred_one_that_is_missing(
    logos_of: LogosOf, alice: UUID, kit: UUID
) -> None:
    await upload(logos_of, alice, kit, picture(), LogoType.PRIMARY)
    icon = picture(color=(0, 255, 0, 255))
    await upload(logos_of, alice, kit, icon, LogoType.ICON)
    async with logos_of(alice) as logos:
        await logos.set_default_type(alice, kit, LogoType.ICON)
        assert await logos.get_for_generation(alice, kit, LogoType.MONOCHROME) == icon


async def test_another_variant_stands_in_for_a_lost_file(
    logos_of: LogosOf, storage: StorageService, alice: UUID, kit: UUID
) -> None:
    await storage.delete(Bucket.LOGOS, await upload(logos_of, alice, kit, picture(), LogoType.PRIMARY))
    icon = picture(color=(0, 255, 0, 255))
    await upload(logos_of, alice, kit, icon, LogoType.ICON)
    async with logos_of(alice) as logos:
        assert await logos.get_for_generation(alice, kit, LogoType.PRIMARY) == icon


async def test_kit_without_logos_gives_none(logos_of: LogosOf, alice: UUID, kit: UUID) -> None:
    async with logos_of(alice) as logos:
        assert await logos.get_for_generation(alice, kit, LogoType.PRIMARY) is None


async def test_missing_kit_gives_no_logo(logos_of: LogosOf, alice: UUID) -> None:
    async with logos_of(alice) as logos:
        assert await logos.get_for_generation(alice, uuid4(), None) is None


async def test_uploads_and_deletions_are_audited(
    logos_of: LogosOf, session_as: SessionAs, supabase: Supabase, alice: UUID, kit: UUID
) -> None:
    await upload(logos_of, alice, kit, picture())
    async with logos_of(alice) as logos:
        await logos.delete(alice, kit, LogoType.PRIMARY)
    async with session_as(Caller.service()) as session:
        trail = await audit_service(session, supabase).user_activity(alice)
    assert {event.event_type for event in trail} == {"brand_kit.created", "logo.uploaded", "logo.deleted"}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("logo.png", "logo.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\a b.png", "a b.png"),
        ("a\x00b\r\nc\u202e.png", "abc.png"),
        ("\ud800.png", ".png"),
        ("x" * 300, "x" * 255),
        ("..", ".."),
        ("", ""),
    ],
)
def test_filename_is_cleaned(sent: str, kept: str) -> None:
    assert clean_filename(sent) == kept
