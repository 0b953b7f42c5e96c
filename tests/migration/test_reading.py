"""Whatever a file holds, it gets one line and the run goes on; what an import means follows Python's rules."""

import gc
import os
import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from di.migration._discovery import find_files
from di.migration._facts import Module, Unread
from di.migration._json import to_json
from di.migration._reader import read_file, read_files
from di.migration.audit import audit_path
from di.migration.errors import NothingToReadError

ACCESSOR = """
class MailService:
    def send(self):
        return 1

_mail = None

def get_mail():
    global _mail
    if _mail is None:
        _mail = MailService()
    return _mail
"""


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def unread(folder: Path) -> dict[str, str]:
    return {each.path.name: each.reason for each in audit_path(folder).unread}


def accessors(folder: Path) -> list[str]:
    return [each.accessor.name for each in audit_path(folder).accessors]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("def broken(:\n    pass\n", "source in line 1"),
        (b"name = '\xff\xfe'\n", "is no"),
        (b"a = 1\0\n", "null bytes"),
        ("print 'two'\n", "source in line 1"),
        ("x = " + "(" * 3000 + ")" * 3000, ""),
        (ACCESSOR.encode("utf-16"), "is no"),
        ("# coding: nonsense\n", "is no"),
    ],
    ids=["syntax", "no-utf-8", "null", "python-2", "nesting", "utf-16", "coding"],
)
def test_what_cannot_be_parsed_is_one_line_and_the_run_goes_on(
    tmp_path: Path, content: str | bytes, reason: str
) -> None:
    write(tmp_path, "bad.py", content)
    write(tmp_path, "good.py", ACCESSOR)
    assert accessors(tmp_path) == ["get_mail"]
    found = unread(tmp_path)
    assert list(found) == ["bad.py"]
    assert reason in found["bad.py"]
    assert "\n" not in found["bad.py"]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="this parser knows the syntax")
@pytest.mark.parametrize("content", ['name = t"{1}"\n', "try:\n    pass\nexcept ValueError, TypeError:\n    pass\n"])
def test_syntax_of_a_later_python_is_one_line(tmp_path: Path, content: str) -> None:
    write(tmp_path, "later.py", content)
    write(tmp_path, "good.py", ACCESSOR)
    assert list(unread(tmp_path)) == ["later.py"]
    assert accessors(tmp_path) == ["get_mail"]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8-sig", "cp1252", "koi8-r"])
def test_declared_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    text = f"# -*- coding: {encoding} -*-\n# {'é' if encoding != 'koi8-r' else 'ж'}\n{ACCESSOR}"
    write(tmp_path, "mail.py", text.encode(encoding))
    assert accessors(tmp_path) == ["get_mail"]


def test_a_symbolic_link_to_a_folder_above_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, "app/mail.py", ACCESSOR)
    (tmp_path / "app" / "again").symlink_to(tmp_path, target_is_directory=True)
    assert accessors(tmp_path) == ["get_mail"]
    assert unread(tmp_path) == {"again": "is a symbolic link to a folder above itself"}


def test_links_that_lead_to_one_file_read_it_once(tmp_path: Path) -> None:
    source = write(tmp_path, "app/mail.py", ACCESSOR)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mail.py").symlink_to(source)
    (tmp_path / "zfolder").symlink_to(tmp_path / "app", target_is_directory=True)
    assert accessors(tmp_path) == ["get_mail"]


def test_a_link_to_nothing_and_a_link_to_itself_are_one_line_each(tmp_path: Path) -> None:
    write(tmp_path, "mail.py", ACCESSOR)
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    (tmp_path / "loop.py").symlink_to(tmp_path / "loop.py")
    assert sorted(unread(tmp_path)) == ["gone.py", "loop.py"]
    assert accessors(tmp_path) == ["get_mail"]


def test_a_pipe_named_like_a_source_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path, "mail.py", ACCESSOR)
    os.mkfifo(tmp_path / "pipe.py")
    assert unread(tmp_path) == {"pipe.py": "is not a regular file"}


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_one_line(tmp_path: Path) -> None:
    write(tmp_path, "mail.py", ACCESSOR)
    write(tmp_path, "secret.py", ACCESSOR).chmod(0)
    assert unread(tmp_path) == {"secret.py": "cannot be read: Permission denied"}


def test_a_file_that_vanishes_is_one_line(tmp_path: Path) -> None:
    assert read_file(tmp_path / "gone.py") == Unread(tmp_path / "gone.py", "cannot be read: No such file or directory")


def test_environments_and_hidden_folders_are_left_out(tmp_path: Path) -> None:
    for folder in (".git", "node_modules", "venv/lib", "own_env", "lib/site-packages"):
        write(tmp_path, f"{folder}/mail.py", ACCESSOR)
    write(tmp_path, "own_env/pyvenv.cfg", "")
    write(tmp_path, "app/mail.py", ACCESSOR)
    assert [path for path in find_files(tmp_path) if isinstance(path, Path)] == [tmp_path / "app/mail.py"]


def test_a_file_of_20000_lines_and_a_very_long_sum_are_read(tmp_path: Path) -> None:
    lines = [f"def function_{n}(a):\n    return a + {n}\n" for n in range(7_000)]
    write(tmp_path, "long.py", "\n".join(lines) + ACCESSOR + "total = " + " + ".join(["'x'"] * 2_000) + "\n")
    audit = audit_path(tmp_path)
    assert audit.lines > 20_000
    assert audit.unread == []
    assert [each.accessor.name for each in audit.accessors] == ["get_mail"]


def test_one_file_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "mail.py", ACCESSOR)
    assert accessors(path) == ["get_mail"]


def test_a_path_without_python_says_so(tmp_path: Path) -> None:
    with pytest.raises(NothingToReadError, match="no Python file"):
        audit_path(tmp_path)
    with pytest.raises(NothingToReadError, match="does not exist"):
        audit_path(tmp_path / "nowhere")


def test_nothing_that_is_read_is_run(tmp_path: Path) -> None:
    write(tmp_path, "mail.py", ACCESSOR + "\nraise SystemExit('I was imported')\n")
    assert accessors(tmp_path) == ["get_mail"]
    assert "mail" not in sys.modules


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace")))
)
def test_any_bytes_are_read_or_named_in_one_line(tmp_path: Path, content: bytes) -> None:
    found = read_file(write(tmp_path, "any.py", content))
    assert isinstance(found, Module) or "\n" not in found.reason


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 400), junk=st.sampled_from(["", "(", "\\", "'''", "\x0c", "async ", "match x:\n case", "@"]))
def test_any_cut_of_a_real_file_is_survived(tmp_path: Path, cut: int, junk: str) -> None:
    source = (Path(__file__).parent / "corpus/product/services/billing.py").read_text(encoding="utf-8")
    write(tmp_path, "cut.py", source[: cut * 7] + junk + source[cut * 7 :])
    assert to_json(audit_path(tmp_path))["version"] == 1


def test_names_that_lead_in_circles_end(tmp_path: Path) -> None:
    """Each module takes each name from the next by two ways: followed again and again that is 2 to the power of 40."""
    for number in range(40):
        after = (number + 1) % 40
        both = f"try:\n    from m{after} import get_mail\nexcept ImportError:\n    from m{after} import get_mail\n"
        write(tmp_path, f"m{number}.py", f"{both}from m{after} import *\n\ndef ask():\n    return get_mail()\n")
    assert accessors(tmp_path) == []
    write(tmp_path, "m20.py", ACCESSOR)
    assert len(audit_path(tmp_path).calls) == 39


@pytest.mark.parametrize(
    "line",
    [
        "statement = statement.where(statement.columns[{number}], statement.id)",
        "statement = statement or statement.part{number} or statement",
        "statement = statement.part{number}",
        "statement, other = other.part{number}, statement or other",
    ],
)
def test_a_variable_that_is_made_from_itself_many_times_is_read_in_no_time(tmp_path: Path, line: str) -> None:
    """As a query is, clause by clause: followed one by one, each line would double what the variable may come from."""
    lines = [f"    {line.format(number=number)}" for number in range(100)]
    head = "def select(table): ...\n\ndef find(table):\n    statement = other = select(table)\n"
    (tmp_path / "queries.py").write_text(head + "\n".join(lines) + "\n    return statement\n")
    assert not audit_path(tmp_path).accessors


@pytest.mark.parametrize("value", ["json", "json.get(key) if key else json", "json or json['get']"])
def test_what_returns_a_module_that_it_imports_is_no_accessor(tmp_path: Path, value: str) -> None:
    (tmp_path / "loading.py").write_text(f"def load(key):\n    import json\n\n    return {value}\n")
    assert not audit_path(tmp_path).accessors


@pytest.mark.parametrize("package", ["asyncio", "email", "importlib", "logging", "unittest", "xml"])
def test_the_standard_library_is_read(package: str) -> None:
    """Code by other hands, with what nobody would think of writing into a test."""
    folder = Path(sysconfig.get_path("stdlib")) / package
    assert not audit_path(folder).unread


def test_the_collector_rests_while_files_are_read_and_works_afterwards(tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{name}.py", ACCESSOR) for name in "ab"]
    assert [gc.isenabled() for _ in read_files(paths)] == [False, False]
    assert gc.isenabled()
