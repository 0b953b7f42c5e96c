"""Fixtures of the tests that start real processes."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.commands import Command

Run = Callable[..., Command]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the account of the servers can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="aurastream-runtime-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def run(folder: Path) -> Iterator[Run]:
    """Run commands that are ended with the test."""
    with ExitStack() as stack:

        def start(*arguments: str, settings: Mapping[str, str] | None = None, home: Path = folder) -> Command:
            command = Command(home, *arguments, settings=settings)
            stack.callback(command.close)
            return command

        yield start
