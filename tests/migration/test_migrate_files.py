"""How files are shown, written and left alone: encodings, line ends, modes, interruptions, and what cannot be read."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from di._command import main
from di.migration._rewrite.changes import Change, write, write_all
from tests.migration.migrating import contents, copy, migrate, plan

SERVICES = """\
class Mailer:
    def send(self):
        return 1


_mailer = None


def get_mailer() -> Mailer:
    global _mailer
    if _mailer is None:
        _mailer = Mailer()
    return _mailer
"""
ROUTES = """\
from fastapi import FastAPI

from shop.services import get_mailer

app = FastAPI()


@app.get("/")
async def index(name: str = "ä"):
    mailer = get_mailer()
    return mailer.send()
"""


def shop(folder: Path, routes: str | bytes = ROUTES) -> Path:
    package = folder / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "services.py").write_text(SERVICES, encoding="utf-8")
    (package / "routes.py").write_bytes(routes if isinstance(routes, bytes) else routes.encode())
    return folder


def test_differences_are_shown_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path)
    before = contents(root)
    assert main(["migrate", str(root)]) == 1
    written = capsys.readouterr().out
    assert '+async def index(name: str = "ä", *, mailer: MailerDep):' in written
    assert "1 of 1 call in the bodies of handlers can be moved (100 %)." in written
    assert contents(root) == before


def test_what_is_done_is_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path)
    assert main(["migrate", str(root), "--write"]) == 0
    assert main(["migrate", str(root)]) == 0
    assert "No handler's body calls a getter that keeps a service itself." in capsys.readouterr().out


def test_a_terminal_of_80_columns_is_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(copy("hazard_odd_calls", tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    main(["migrate", ".", "--write"])
    written = capsys.readouterr().out
    assert "\x1b[" in written
    plain = [part.split("m", 1)[-1] for part in written.split("\x1b[")]
    assert max(map(len, "".join(plain).splitlines())) <= 80


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: ("# coding: latin-1\n" + text).encode("latin-1"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("    ", "\t").encode(),
        lambda text: text.rstrip("\n").encode(),
    ],
    ids=["byte-order-mark", "latin-1", "crlf", "tabs", "no-last-newline"],
)
def test_what_is_not_edited_keeps_its_bytes(encode: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(encode)
    original: bytes = encode(ROUTES)
    root = shop(tmp_path, original)
    migrate(root, capsys)
    changed = (root / "shop" / "routes.py").read_bytes()
    end = b"\r\n" if b"\r\n" in original else b"\n"
    before, after = original.split(end), changed.split(end)
    assert [line for line in after if line not in before] == [
        b"from shop.service_dependencies import MailerDep",
        next(line for line in before if b"async def" in line).replace(b'"):', b'", *, mailer: MailerDep):'),
    ]
    assert [line for line in before if line not in after and b"get_mailer()" not in line and b"async" not in line] == []
    assert (b"\r\n" in changed) == (b"\r\n" in original)
    assert changed.replace(b"\r\n", b"").count(b"\r") == 0


def test_modes_and_links_are_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path / "app")
    routes, elsewhere = root / "shop" / "routes.py", tmp_path / "elsewhere.py"
    routes.rename(elsewhere)
    routes.symlink_to(elsewhere)
    elsewhere.chmod(0o750)
    migrate(root, capsys)
    assert routes.is_symlink()
    assert "MailerDep" in elsewhere.read_text(encoding="utf-8")
    assert elsewhere.stat().st_mode & 0o777 == 0o750


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    root = shop(tmp_path)
    planned = plan(root)
    routes = root / "shop" / "routes.py"
    routes.write_text("edited = True\n", encoding="utf-8")
    failed = write_all(planned.changes)
    assert [(each.path.name, each.reason) for each in failed] == [
        ("routes.py", "it was changed while the migration was planned")
    ]
    assert routes.read_text(encoding="utf-8") == "edited = True\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everything")
def test_a_folder_that_may_not_be_written_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path)
    (root / "shop").chmod(0o500)
    assert main(["migrate", str(root), "--write"]) == 1
    assert "Permission denied" in capsys.readouterr().out


_KILLED = """
import os, signal, sys
from pathlib import Path
from di.migration._rewrite.changes import Change, write

at, calls = int(sys.argv[2]), 0

def count(event, arguments):
    global calls
    if event == "open" or event.startswith(("os.", "tempfile.")):
        calls += 1
        if calls == at:
            os.kill(os.getpid(), signal.SIGKILL)

change = Change(Path(sys.argv[1]), b"old" * 100_000, b"new" * 100_000)
sys.addaudithook(count)
write(change)
"""


def test_an_interrupted_write_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    """The process is killed at each of its system calls in turn."""
    found: set[bytes] = set()
    for at in range(1, 30):
        target = tmp_path / "routes.py"
        target.write_bytes(b"old" * 100_000)
        finished = subprocess.run([sys.executable, "-c", _KILLED, str(target), str(at)], check=False, timeout=60)
        content = target.read_bytes()
        assert content in {b"old" * 100_000, b"new" * 100_000}
        found.add(content[:3])
        if finished.returncode != -signal.SIGKILL:
            break
    assert found == {b"old", b"new"}


def test_an_exception_while_writing_leaves_nothing_behind(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    with pytest.raises(OSError, match="directory"):
        write(Change(target, None, b"x"))
    assert list(tmp_path.iterdir()) == [target]


def test_what_cannot_be_read_is_one_line_and_the_run_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = shop(tmp_path)
    (root / "broken.py").write_text("def (:\n", encoding="utf-8")
    (root / "later.py").write_text("try:\n    pass\nexcept A, B:\n    pass\nx = t'{1}'\n", encoding="utf-8")
    (root / "bytes.py").write_bytes(b"name = '\xff'\n")
    (root / "loop").symlink_to(root, target_is_directory=True)
    (root / "gone.py").symlink_to(root / "nowhere.py")
    report = migrate(root, capsys)
    assert len(report["moved"]) == 1
    unread = {Path(each["file"]).name: each["reason"] for each in report["unread"]}
    assert unread.keys() >= {"broken.py", "bytes.py", "loop", "gone.py"}
    assert not any("\n" in each for each in unread.values())


def test_a_route_file_of_20000_lines_is_rewritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    filling = "\n".join(f"def function_{n}(a):\n    return a + {n}\n" for n in range(6_700))
    root = shop(tmp_path, f"{ROUTES}\n\n{filling}")
    assert len(migrate(root, capsys)["moved"]) == 1
    assert filling in (root / "shop" / "routes.py").read_text(encoding="utf-8")


def test_each_stage_is_useful_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path)
    assert [each["reason"] for each in migrate(root, capsys, "--stage", "2")["kept"]] == [
        "there is no wrapper for it yet: stage 1 writes it"
    ]
    assert [Path(each).name for each in migrate(root, capsys, "--stage", "1")["files"]] == ["service_dependencies.py"]
    assert [Path(each).name for each in migrate(root, capsys, "--stage", "2")["files"]] == ["routes.py"]


def test_wrappers_alone_move_nothing_and_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path)
    for stage, said in (("1", "can be moved"), ("2", "moved")):
        assert main(["migrate", str(root), "--stage", stage, "--write", "--jobs", "1"]) == 0
        assert f"in the bodies of handlers {said} (100 %)" in capsys.readouterr().out


def test_one_file_after_the_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path)
    other = root / "shop" / "more.py"
    other.write_text(ROUTES.replace("get_mailer()", "get_news()").replace("get_mailer", "get_news"), encoding="utf-8")
    with (root / "shop" / "services.py").open("a", encoding="utf-8") as file:
        file.write("\n\n" + SERVICES.replace("mailer", "news").replace("Mailer", "News"))
    first = migrate(root, capsys, str(root / "shop" / "routes.py"))
    assert [Path(each).name for each in first["files"]] == ["service_dependencies.py", "routes.py"]
    second = migrate(root, capsys, str(other))
    assert [Path(each).name for each in second["files"]] == ["service_dependencies.py", "more.py"]
    written = (root / "shop" / "service_dependencies.py").read_text(encoding="utf-8")
    for name in ("provide_mailer", "provide_news", "MailerDep = ", "NewsDep = ", "    News = Any", "    Mailer = Any"):
        assert name in written
    assert json.dumps(migrate(root, capsys)["files"]) == "[]"


def test_file_names_may_stand_behind_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = shop(tmp_path)
    routes = root / "shop" / "routes.py"
    (root / "shop" / "more.py").write_text(ROUTES, encoding="utf-8")
    command = ["migrate", str(root), "--write", str(routes), "--jobs", "1", "--format", "json"]
    assert main(command) == 0
    files = json.loads(capsys.readouterr().out)["files"]
    assert [Path(each).name for each in files] == ["service_dependencies.py", "routes.py"]


def test_paths_that_do_not_exist_are_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", str(tmp_path / "nowhere")]) == 2
    assert main(["migrate", str(shop(tmp_path)), str(tmp_path / "nowhere.py")]) == 2
    assert capsys.readouterr().err.count("cannot be read: it does not exist.") == 2


def test_a_folder_without_python_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", str(tmp_path)]) == 2
    assert "cannot be read: there is no Python file below it." in capsys.readouterr().err
