"""Fixtures of the tests that start real processes."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.commands import Command

Run = Callable[..., Command]


@pytest.fixture(scope="session")
def data_of_a_first_start() -> Iterator[Path]:
    """Give the data folder that a first start leaves, so that not every test has to wait for one."""
    folder = make_folder()
    command = Command(folder, "embedded")
    try:
        command.until("^REDIS_URL=")
    finally:
        command.close()
    yield folder / "data"
    shutil.rmtree(folder)


@pytest.fixture
def used_folder(folder: Path, data_of_a_first_start: Path) -> Path:
    """Give `folder` as a first start leaves it."""
    subprocess.run(["cp", "-a", data_of_a_first_start, folder], check=True)
    return folder


def make_folder() -> Path:
    """Make a folder that the account of the servers can enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="aurastream-runtime-"))
    folder.chmod(0o711)
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give an empty folder."""
    folder = make_folder()
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
