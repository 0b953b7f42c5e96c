"""The demo account."""

from sqlalchemy import select

from backend.commands.seed import KIT, fill
from backend.db.caller import Caller
from backend.db.tables.branding import BrandKit
from backend.settings import Settings
from tests.conftest import SessionAs


async def test_seed_is_safe_to_repeat(settings: Settings, session_as: SessionAs) -> None:
    for _ in range(2):
        await fill(settings)
    async with session_as(Caller.service()) as session:
        kits = (await session.scalars(select(BrandKit))).all()
    assert [(kit.name, kit.is_active) for kit in kits] == [(KIT.name, True)]
