"""Kits and logos of somebody else, from a raw session: not readable, not changeable, not even by writing one's own."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Executable, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.tables.branding import BrandKit, BrandKitLogo
from tests.conftest import SessionAs
from tests.support.branding import add_user, draft, kit_service

Run = Callable[[Caller, Executable], Awaitable[Any]]


@pytest.fixture
async def ann(supabase: Supabase) -> UUID:
    return await add_user(supabase)


@pytest.fixture
async def ben(supabase: Supabase) -> UUID:
    return await add_user(supabase)


@pytest.fixture
async def kit(ann: UUID, session_as: SessionAs, supabase: Supabase) -> UUID:
    """Give Ann a kit with a logo."""
    async with session_as(Caller.user(ann)) as session:
        kit = (await kit_service(session, supabase).create(ann, draft())).id
        await session.execute(insert(BrandKitLogo).values(logo(ann, kit)))
    return kit


@pytest.fixture
def run(session_as: SessionAs) -> Run:
    async def run_as(caller: Caller, statement: Executable) -> Any:
        async with session_as(caller) as session:
            return await session.execute(statement)

    return run_as


def logo(user_id: UUID, kit: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "brand_kit_id": kit,
        "user_id": user_id,
        "logo_type": "primary",
        "storage_path": f"{user_id}/{kit}/primary-{uuid4()}.png",
        "content_type": "image/png",
        "file_size": 1,
        "width": 16,
        "height": 16,
        "filename": "a.png",
    } | changes


async def test_rows_are_seen_by_their_owner_only(run: Run, ann: UUID, ben: UUID, kit: UUID) -> None:
    for table in (BrandKit, BrandKitLogo):
        count = select(func.count()).select_from(table)
        seen = [(await run(Caller.user(user_id), count)).scalar_one() for user_id in (ann, ben)]
        assert seen == [1, 0]


async def test_rows_of_others_cannot_be_changed(run: Run, ben: UUID, kit: UUID) -> None:
    for statement in (
        update(BrandKit).values(name="Mine now"),
        delete(BrandKit),
        update(BrandKitLogo).values(filename="mine.png"),
        delete(BrandKitLogo),
    ):
        assert (await run(Caller.user(ben), statement)).rowcount == 0


async def test_nobody_creates_kits_for_others(run: Run, ann: UUID, ben: UUID) -> None:
    values = draft().model_dump(mode="json") | {"user_id": ann}
    with pytest.raises(DBAPIError, match="row-level security"):
        await run(Caller.user(ben), insert(BrandKit).values(values))


async def test_nobody_gives_his_kit_away(run: Run, ann: UUID, ben: UUID, kit: UUID) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        await run(Caller.user(ann), update(BrandKit).values(user_id=ben))


async def test_nobody_hangs_a_logo_on_the_kit_of_others(run: Run, ben: UUID, kit: UUID) -> None:
    with pytest.raises(DBAPIError, match="brand_kit_logos_brand_kit_id_user_id_fkey"):
        await run(Caller.user(ben), insert(BrandKitLogo).values(logo(ben, kit, logo_type="icon")))


async def test_no_logo_points_to_a_file_elsewhere(run: Run, ann: UUID, ben: UUID, kit: UUID) -> None:
    for path in (f"{ben}/{kit}/primary.png", f"{ann}/{uuid4()}/a.png", f"{ann}/{kit}/../../{ben}/{kit}/a.png"):
        with pytest.raises(DBAPIError, match="brand_kit_logos_storage_path_check"):
            await run(Caller.user(ann), update(BrandKitLogo).values(storage_path=path))


async def test_anonymous_sessions_may_not_ask(run: Run) -> None:
    for table in (BrandKit, BrandKitLogo):
        with pytest.raises(DBAPIError, match="permission denied"):
            await run(Caller.anonymous(), select(table))


async def test_notes_of_files_cannot_be_written_by_users(run: Run, ann: UUID, kit: UUID) -> None:
    note = text("INSERT INTO storage_cleanups (bucket, storage_path) VALUES ('logos', 'x')")
    with pytest.raises(DBAPIError, match="permission denied"):
        await run(Caller.user(ann), note)


async def test_function_that_notes_files_cannot_be_called(run: Run, ann: UUID) -> None:
    with pytest.raises(DBAPIError):
        await run(Caller.user(ann), text("SELECT public.note_logo_file()"))
