"""Brand kits on a real database: the limit, the one active kit, changes and sections."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from backend.clients.supabase import Supabase
from backend.db.caller import Caller
from backend.db.tables.branding import BrandKit
from backend.services.branding.brand_kit_data import BrandKitPatch
from backend.services.branding.brand_kit_service import (
    MAX_KITS,
    BrandKitLimitExceeded,
    BrandKitNotFound,
    BrandKitService,
)
from backend.services.branding.sections import SECTION_MODELS, ColorPalette, Voice
from backend.services.branding.vocabulary import LogoType, Section
from tests.conftest import SessionAs
from tests.support.branding import add_user, audit_service, draft, kit_service


class KitsOf(Protocol):
    """Open the kit service as one user, in a transaction of its own."""

    def __call__(self, user_id: UUID) -> AbstractAsyncContextManager[BrandKitService]: ...


@pytest.fixture
def kits_of(session_as: SessionAs, supabase: Supabase) -> KitsOf:
    @asynccontextmanager
    async def open_service(user_id: UUID) -> AsyncIterator[BrandKitService]:
        async with session_as(Caller.user(user_id)) as session:
            yield kit_service(session, supabase)

    return open_service


@pytest.fixture
async def alice(supabase: Supabase) -> UUID:
    return await add_user(supabase)


async def create(kits_of: KitsOf, user_id: UUID, name: str = "Night Owl") -> UUID:
    async with kits_of(user_id) as kits:
        return (await kits.create(user_id, draft(name))).id


async def test_new_kit_is_inactive_with_empty_sections(kits_of: KitsOf, alice: UUID) -> None:
    async with kits_of(alice) as kits:
        kit = await kits.create(alice, draft())
    assert not kit.is_active
    assert kit.primary_colors == ["#1A2B3C"]
    assert kit.colors_extended == kit.voice == kit.logos == {}
    assert kit.default_logo_type == "primary"


async def test_list_is_newest_first(kits_of: KitsOf, alice: UUID) -> None:
    for name in ("first", "second", "third"):
        await create(kits_of, alice, name)
    async with kits_of(alice) as kits:
        assert [kit.name for kit in await kits.list(alice)] == ["third", "second", "first"]


async def test_eleventh_kit_is_refused(kits_of: KitsOf, alice: UUID) -> None:
    for _ in range(MAX_KITS):
        await create(kits_of, alice)
    with pytest.raises(BrandKitLimitExceeded) as refused:
        await create(kits_of, alice)
    assert refused.value.details == {"current_count": 10, "max_count": 10}


async def test_parallel_creates_stop_at_the_limit(kits_of: KitsOf, alice: UUID) -> None:
    for _ in range(MAX_KITS - 1):
        await create(kits_of, alice)
    outcomes = await asyncio.gather(*(create(kits_of, alice) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, BrandKitLimitExceeded) for outcome in outcomes) == 7


async def test_limit_is_each_users_own(kits_of: KitsOf, supabase: Supabase, alice: UUID) -> None:
    for _ in range(MAX_KITS):
        await create(kits_of, alice)
    bob = await add_user(supabase)
    await create(kits_of, bob)
    async with kits_of(bob) as kits:
        assert await kits.count(bob) == 1


async def test_activation_moves_to_the_chosen_kit(kits_of: KitsOf, alice: UUID) -> None:
    first, second = await create(kits_of, alice), await create(kits_of, alice)
    async with kits_of(alice) as kits:
        await kits.activate(alice, first)
        assert (await kits.activate(alice, second)).is_active
    async with kits_of(alice) as kits:
        assert [kit.id for kit in await kits.list(alice) if kit.is_active] == [second]


async def test_activating_the_active_kit_again_keeps_it(kits_of: KitsOf, alice: UUID) -> None:
    kit = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        await kits.activate(alice, kit)
        await kits.activate(alice, kit)
        active = await kits.get_active(alice)
    assert active is not None
    assert active.id == kit


async def test_concurrent_activations_leave_exactly_one_active(kits_of: KitsOf, alice: UUID) -> None:
    ids = [await create(kits_of, alice) for _ in range(5)]

    async def activate(kit_id: UUID) -> None:
        async with kits_of(alice) as kits:
            await kits.activate(alice, kit_id)

    await asyncio.gather(*(activate(kit_id) for kit_id in ids * 2))
    async with kits_of(alice) as kits:
        assert sum(kit.is_active for kit in await kits.list(alice)) == 1


async def test_failed_activation_keeps_the_former_kit_active(kits_of: KitsOf, alice: UUID) -> None:
    kit = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        await kits.activate(alice, kit)
    with pytest.raises(BrandKitNotFound):
        async with kits_of(alice) as kits:
            await kits.activate(alice, uuid4())
    async with kits_of(alice) as kits:
        active = await kits.get_active(alice)
    assert active is not None
    assert active.id == kit


async def test_database_itself_refuses_two_active_kits(kits_of: KitsOf, session_as: SessionAs, alice: UUID) -> None:
    for _ in range(2):
        await create(kits_of, alice)

    async def activate_all() -> None:
        async with session_as(Caller.user(alice)) as session:
            await session.execute(update(BrandKit).where(BrandKit.user_id == alice).values(is_active=True))

    with pytest.raises(DBAPIError, match="brand_kits_one_active_idx"):
        await activate_all()


async def test_update_changes_only_the_given_fields(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        kit = await kits.update(alice, kit_id, BrandKitPatch.model_validate({"name": "Day Owl"}))
    assert (kit.name, kit.primary_colors, kit.fonts) == (
        "Day Owl",
        ["#1A2B3C"],
        {"headline": "Oswald", "body": "Inter"},
    )


async def test_naming_one_font_keeps_the_other(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        kit = await kits.update(alice, kit_id, BrandKitPatch.model_validate({"fonts": {"body": "Lato"}}))
    assert kit.fonts == {"headline": "Oswald", "body": "Lato"}


async def test_null_clears_what_may_be_cleared(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    filled = {"logo_url": "https://example.com/logo.png", "style_reference": "neon"}
    async with kits_of(alice) as kits:
        await kits.update(alice, kit_id, BrandKitPatch.model_validate(filled))
        kit = await kits.update(alice, kit_id, BrandKitPatch.model_validate(dict.fromkeys(filled)))
    assert (kit.logo_url, kit.style_reference) == (None, "")


async def test_empty_update_changes_nothing(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    patches: list[dict[str, object]] = [{}, {"fonts": {}}]
    for patch in patches:
        async with kits_of(alice) as kits:
            kit = await kits.update(alice, kit_id, BrandKitPatch.model_validate(patch))
        assert kit.updated_at == kit.created_at


async def test_update_moves_updated_at(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        kit = await kits.update(alice, kit_id, BrandKitPatch.model_validate({"name": "Later"}))
    assert kit.updated_at > kit.created_at


async def test_deleted_kit_is_gone(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        await kits.delete(alice, kit_id)
    with pytest.raises(BrandKitNotFound):
        async with kits_of(alice) as kits:
            await kits.get(alice, kit_id)


async def test_empty_sections_have_their_defaults(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        values = [await kits.get_section(alice, kit_id, section) for section in Section]
    assert values == [model() for model in SECTION_MODELS.values()]


async def test_section_is_replaced_as_a_whole(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        await kits.set_section(alice, kit_id, Section.VOICE, Voice(tagline="Hoot", catchphrases=("hoo",)))
        await kits.set_section(alice, kit_id, Section.VOICE, {"tone": "edgy"})
    async with kits_of(alice) as kits:
        voice = await kits.get_section(alice, kit_id, Section.VOICE)
    assert voice == Voice.model_validate({"tone": "edgy"})


async def test_sections_do_not_touch_each_other(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    palette = ColorPalette.model_validate({"primary": [{"hex": "#ff0000", "name": "Signal"}]})
    async with kits_of(alice) as kits:
        await kits.set_section(alice, kit_id, Section.COLORS, palette)
        await kits.set_section(alice, kit_id, Section.VOICE, Voice(tagline="Hoot"))
        assert await kits.get_section(alice, kit_id, Section.COLORS) == palette


async def test_section_of_a_missing_kit_is_not_found(kits_of: KitsOf, alice: UUID) -> None:
    async with kits_of(alice) as kits:
        for section in Section:
            with pytest.raises(BrandKitNotFound):
                await kits.set_section(alice, uuid4(), section, {})


async def test_default_logo_type_is_kept(kits_of: KitsOf, alice: UUID) -> None:
    kit_id = await create(kits_of, alice)
    async with kits_of(alice) as kits:
        await kits.set_default_logo_type(alice, kit_id, LogoType.ICON)
    async with kits_of(alice) as kits:
        assert (await kits.get(alice, kit_id)).default_logo_type == "icon"


async def test_every_change_is_audited(kits_of: KitsOf, session_as: SessionAs, supabase: Supabase, alice: UUID) -> None:
    async with kits_of(alice) as kits:
        kit = await kits.create(alice, draft())
        await kits.update(alice, kit.id, BrandKitPatch.model_validate({"name": "Day Owl"}))
        await kits.set_section(alice, kit.id, Section.VOICE, Voice())
        await kits.activate(alice, kit.id)
        await kits.delete(alice, kit.id)
    async with session_as(Caller.service()) as session:
        trail = await audit_service(session, supabase).user_activity(alice)
    assert sorted(event.event_type for event in trail) == [
        "brand_kit.activated",
        "brand_kit.created",
        "brand_kit.deleted",
        "brand_kit.section_updated",
        "brand_kit.updated",
    ]
    assert {event.details["brand_kit_id"] for event in trail} == {str(kit.id)}


async def test_rolled_back_creation_leaves_nothing(kits_of: KitsOf, session_as: SessionAs, alice: UUID) -> None:
    async def create_and_fail() -> None:
        async with kits_of(alice) as kits:
            await kits.create(alice, draft())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await create_and_fail()
    async with session_as(Caller.service()) as session:
        assert await session.scalar(select(func.count()).select_from(BrandKit)) == 0
