"""Where data is kept, and who may hold it."""

import os
from pathlib import Path
from threading import Barrier, Thread

import pytest

from backend.embedded.account import Account
from backend.embedded.data_folder import DataFolder
from backend.embedded.errors import FolderInUse, FolderNotReachable, FolderNotWritable
from backend.embedded.settings import LocalSettings
from backend.embedded.sockets import LONGEST_PATH, choose_socket_folder

NOBODY = Account(65534, 65534, "nobody", switched=True)
MYSELF = Account(os.geteuid(), os.getegid(), "the current user", switched=False)


class Given(LocalSettings):
    """Settings that know nothing of the environment."""

    model_config = LocalSettings.model_config | {"env_file": None, "env_prefix": "ABSENT_"}


def test_each_checkout_has_a_folder_of_its_own() -> None:
    first = DataFolder.choose(Given(), MYSELF, checkout=Path("/home/ada/aurastream"))
    second = DataFolder.choose(Given(), MYSELF, checkout=Path("/home/ada/work/aurastream"))
    assert first.path != second.path


def test_folder_of_a_user_lies_in_the_users_data(tmp_path: Path) -> None:
    given = Given(xdg_data_home=tmp_path)
    assert DataFolder.choose(given, MYSELF).path.is_relative_to(tmp_path / "aurastream")


def test_folder_of_root_lies_where_the_servers_account_may_go() -> None:
    assert DataFolder.choose(Given(), NOBODY).path.is_relative_to("/var/lib/aurastream")


def test_chosen_folder_wins(tmp_path: Path) -> None:
    given = Given(aurastream_data_dir=tmp_path / "mine", xdg_data_home=tmp_path)
    assert DataFolder.choose(given, NOBODY).path == tmp_path / "mine"


def test_held_folder_is_refused_to_the_next(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.held(), pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"), folder.held():
        pass


def test_folder_let_go_can_be_held_again(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.held():
        pass
    with folder.held():
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_lock_file_of_a_dead_holder_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("999999\n")
    with DataFolder(tmp_path).held():
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_only_one_of_many_at_once_holds_the_folder(tmp_path: Path) -> None:
    folder, together, tried, outcomes = DataFolder(tmp_path), Barrier(8), Barrier(8), []

    def hold() -> None:
        together.wait()
        try:
            with folder.held():
                outcomes.append("held")
                tried.wait()
        except FolderInUse:
            outcomes.append("refused")
            tried.wait()

    threads = [Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["held"] + ["refused"] * 7


def test_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    secret = folder.secret()
    assert len(secret) >= 32
    assert folder.secret() == secret
    assert (tmp_path / "jwt_secret").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FolderNotWritable, match=str(tmp_path)):
        DataFolder(tmp_path / "data").prepare(MYSELF)


def test_folder_closed_to_the_servers_account_is_named(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(FolderNotReachable, match="nobody"):
        DataFolder(closed / "data").prepare(NOBODY)


def test_short_socket_folder_stays_in_place(tmp_path: Path) -> None:
    assert choose_socket_folder(Path("/data/run")) == Path("/data/run")


def test_long_socket_folder_becomes_a_short_one_always_the_same() -> None:
    long = Path("/data") / ("long" * 40) / "run"
    short = choose_socket_folder(long)
    assert len(os.fsencode(short / ".s.PGSQL.5432")) <= LONGEST_PATH
    assert choose_socket_folder(long) == short != choose_socket_folder(long / "other")
