"""Servers for one test session."""

import os
import tempfile
from pathlib import Path

import asyncpg
import pytest

from backend.embedded.throw_away import PREFIX, throw_away_servers


@pytest.fixture
def temporary(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary folders be made in `folder`."""
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def folders(temporary: Path) -> set[Path]:
    return set(temporary.iterdir())


def make_old(*paths: Path) -> None:
    for path in paths:
        os.utime(path, (0, 0))


async def test_servers_and_their_folder_are_gone_afterwards(temporary: Path) -> None:
    async with throw_away_servers() as servers:
        connection = await asyncpg.connect(servers.postgres.url())
        assert await connection.fetchval("select current_user") == "aurastream"
        await connection.close()
    assert folders(temporary) == set()


async def test_folder_of_a_killed_session_is_removed_and_that_of_a_running_one_kept(temporary: Path) -> None:
    forgotten = temporary / f"{PREFIX}forgotten"
    forgotten.mkdir()
    make_old(forgotten)
    async with throw_away_servers():
        running = folders(temporary)
        make_old(*running)
        assert forgotten not in running
        async with throw_away_servers():
            assert running < folders(temporary)
