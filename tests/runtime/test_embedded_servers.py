"""The embedded servers through starts, stops, crashes and everything that can be wrong with their folder."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil
import pytest
from redis.asyncio import Redis

from backend.embedded.account import Account
from tests.runtime.conftest import Run
from tests.support.commands import Command, processes_in, wait_for

pytestmark = pytest.mark.timeout(180)  # whole starts, also on a busy machine


def addresses(command: Command) -> tuple[str, str]:
    """Wait until the servers run and return their addresses."""
    return command.until("^DATABASE_URL=(.*)")[1], command.until("^REDIS_URL=(.*)")[1]


async def write(database: str, redis: str, value: str) -> None:
    connection = await asyncpg.connect(database)
    await connection.execute("create table if not exists kept (value text)")
    await connection.execute("insert into kept values ($1)", value)
    await connection.close()
    client = Redis.from_url(redis)
    await client.set(value, 1)
    await client.aclose()


async def read(database: str, redis: str) -> tuple[set[str], set[str]]:
    connection = await asyncpg.connect(database)
    rows = {row["value"] for row in await connection.fetch("select value from kept")}
    await connection.close()
    client = Redis.from_url(redis, decode_responses=True)
    keys = {str(key) for key in await client.keys()}
    await client.aclose()
    return rows, keys


def kill_everything(command: Command) -> None:
    """Kill the servers and their supervisor at one moment: neither can react to the other's end."""
    supervisor = psutil.Process(command.process.pid)
    supervisor.suspend()
    for process in command.parts():
        process.kill()
    command.kill()


@pytest.mark.usefixtures("used_folder")
async def test_ctrl_c_leaves_no_process_no_socket_and_no_lock(run: Run, folder: Path) -> None:
    command = run("embedded")
    addresses(command)
    command.interrupt()
    assert command.wait() == 0
    assert processes_in(folder) == []
    assert list((folder / "data" / "run").iterdir()) == []
    assert not (folder / "data" / "lock").exists()


@pytest.mark.usefixtures("used_folder")
async def test_second_start_finds_what_was_written(run: Run) -> None:
    first = run("embedded")
    await write(*addresses(first), "kept")
    first.interrupt()
    first.wait()
    assert await read(*addresses(run("embedded"))) == ({"kept"}, {"kept"})


@pytest.mark.usefixtures("used_folder")
async def test_killed_supervisor_takes_its_servers_along_and_loses_nothing(run: Run, folder: Path) -> None:
    first = run("embedded")
    await write(*addresses(first), "kept")
    first.kill()
    assert await read(*addresses(run("embedded"))) == ({"kept"}, {"kept"})
    assert len([process for process in processes_in(folder) if process.name() == "valkey-server"]) == 1


@pytest.mark.usefixtures("used_folder")
@pytest.mark.parametrize("program", ["postgres -D", "valkey-server"])
async def test_killed_server_is_started_again_with_its_data(run: Run, program: str) -> None:
    command = run("embedded")
    where = addresses(command)
    await write(*where, "kept")
    command.part(program).kill()
    command.until("runs again")
    assert await read(*where) == ({"kept"}, {"kept"})


@pytest.mark.usefixtures("used_folder")
async def test_everything_killed_at_once_comes_back(run: Run) -> None:
    first = run("embedded")
    await write(*addresses(first), "kept")
    kill_everything(first)
    assert await read(*addresses(run("embedded"))) == ({"kept"}, {"kept"})


@pytest.fixture
def stranger() -> Iterator[psutil.Process]:
    """Give a living process of the account the servers run as."""
    with subprocess.Popen(["sleep", "300"], user=Account.of_servers().uid) as process:
        yield psutil.Process(process.pid)
        process.kill()


@pytest.mark.usefixtures("used_folder")
async def test_pid_of_a_dead_server_that_is_used_again_is_no_hindrance(
    run: Run, folder: Path, stranger: psutil.Process
) -> None:
    first = run("embedded")
    await write(*addresses(first), "kept")
    kill_everything(first)
    pid_file = folder / "data" / "postgres" / "data" / "postmaster.pid"
    rest = pid_file.read_text().split("\n", 1)[1]
    pid_file.write_text(f"{stranger.pid}\n{rest}")
    assert await read(*addresses(run("embedded"))) == ({"kept"}, {"kept"})


async def test_a_start_cut_short_is_begun_again(run: Run, folder: Path) -> None:
    first = run("embedded")
    wait_for((folder / "data" / "postgres" / "data.new" / "PG_VERSION").exists)
    first.kill()
    second = addresses(run("embedded"))
    await write(*second, "kept")
    assert await read(*second) == ({"kept"}, {"kept"})


async def test_interrupted_start_leaves_nothing(run: Run, folder: Path) -> None:
    command = run("embedded")
    first_child = wait_for(command.parts)[0]
    command.interrupt()
    assert command.wait() == 0
    assert processes_in(folder) == []
    assert not first_child.is_running()


@pytest.mark.usefixtures("used_folder")
async def test_second_start_on_one_folder_names_the_first(run: Run) -> None:
    first = run("embedded")
    addresses(first)
    second = run("embedded")
    assert second.wait() == 1
    assert f"in use by process {first.process.pid}" in second.output
    assert len(second.lines) == 1


async def test_two_folders_run_side_by_side(run: Run, folder: Path) -> None:
    others = folder / "other"
    others.mkdir()
    others.chmod(0o711)
    here, there = addresses(run("embedded")), addresses(run("embedded", home=others))
    await write(*here, "here")
    await write(*there, "there")
    assert (await read(*here), await read(*there)) == (({"here"}, {"here"}), ({"there"}, {"there"}))


async def test_path_too_long_for_a_socket_gets_a_short_one(run: Run, folder: Path) -> None:
    deep = folder / ("deep" * 20) / ("deeper" * 10)
    deep.mkdir(parents=True)
    command = run("embedded", home=deep)
    where = addresses(command)
    await write(*where, "kept")
    assert await read(*where) == ({"kept"}, {"kept"})


async def test_data_of_another_major_version_is_refused_and_kept(run: Run, folder: Path) -> None:
    data = folder / "data" / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("15\n")
    command = run("embedded")
    assert command.wait() == 1
    assert command.lines[-1].startswith(f"aurastream: {data} was written by PostgreSQL 15, this is PostgreSQL 18")
    assert (data / "PG_VERSION").read_text() == "15\n"


@pytest.fixture
def small_disk(folder: Path) -> Iterator[Path]:
    """Give a folder on a disk of 120 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount the small file system this needs")
    small = folder / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m,mode=711", "tmpfs", small], check=False)
    if mounted.returncode != 0:
        pytest.skip("this container may not mount file systems")
    yield small
    subprocess.run(["umount", small], check=True)


def fill(disk: Path) -> Path:
    """Write until the disk is full and return the file to delete."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 65536):
            pass
    return filler


async def test_full_disk_is_one_line_and_loses_nothing(small_disk: Path, run: Run) -> None:
    first = run("embedded", home=small_disk)
    await write(*addresses(first), "kept")
    first.interrupt()
    first.wait()
    filler = fill(small_disk)
    second = run("embedded", home=small_disk)
    assert second.wait() == 1
    assert [line for line in second.lines if "no space is left" in line] == second.lines != []
    filler.unlink()
    third = run("embedded", home=small_disk)
    assert await read(*addresses(third)) == ({"kept"}, {"kept"})
    third.interrupt()
    third.wait()


@pytest.mark.usefixtures("used_folder")
async def test_terminated_command_ends_as_by_ctrl_c(run: Run, folder: Path) -> None:
    command = run("embedded")
    addresses(command)
    command.process.send_signal(signal.SIGTERM)
    assert command.wait() == 0
    assert processes_in(folder) == []


@pytest.mark.usefixtures("used_folder")
async def test_ctrl_c_twice_ends_as_well(run: Run, folder: Path) -> None:
    command = run("embedded")
    where = addresses(command)
    await write(*where, "kept")
    command.interrupt()
    command.interrupt()
    assert command.wait() == 0
    assert processes_in(folder) == []
    assert await read(*addresses(run("embedded"))) == ({"kept"}, {"kept"})
