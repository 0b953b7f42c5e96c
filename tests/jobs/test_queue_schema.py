"""pgqueuer's tables as our migration made them, and who may use them."""

from __future__ import annotations

import pytest
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from backend.db.caller import Caller
from backend.db.queue import open_queue_connection, queue_names, queue_queries
from backend.db.tables.generation import ASSET_TYPES
from backend.services.generation.asset_types import AssetType
from backend.settings import Settings
from tests.conftest import SessionAs


async def test_installed_schema_is_what_the_installed_release_declares(settings: Settings) -> None:
    async with open_queue_connection(settings) as connection:
        plan = await queue_queries(AsyncpgDriver(connection)).plan_upgrade()
    assert list(plan.statements) == []


def test_names_do_not_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CHANNEL", "TRIGGER", "QUEUE_TABLE", "PGQUEUER_PREFIX", "PGQUEUER_SCHEMA"):
        monkeypatch.setenv(name, "elsewhere")
    names = queue_names()
    assert (names.channel, names.trigger) == ("ch_pgqueuer", "tg_pgqueuer_changed")
    assert names.qualified.queue_table == "pgqueuer.pgqueuer"


@pytest.mark.parametrize("table", ["pgqueuer", "pgqueuer_log", "pgqueuer_statistics", "pgqueuer_schedules"])
async def test_users_do_not_see_the_queue(session_as: SessionAs, table: str) -> None:
    async with session_as(Caller.anonymous()) as session:
        with pytest.raises(ProgrammingError, match="permission denied"):
            await session.execute(text(f"SELECT 1 FROM pgqueuer.{table}"))
        await session.rollback()


def test_column_accepts_every_registered_asset_type() -> None:
    assert set(ASSET_TYPES) == {asset_type.value for asset_type in AssetType}
