"""`di freeze`: what exists is accepted, what is new is named, what is gone is told."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from di._command import main
from tests.migration.large_code_base import Generator

CORPUS = Path(__file__).parent / "corpus"
CHECKOUT = Path(__file__).parents[2]
HOOKS = CHECKOUT / ".pre-commit-hooks.yaml"

HELD = "1 module singleton, 1 call in routes, 0 imports that dodge a cycle"
MAIL = """\
class Mailer:
    def send(self): ...

_mailer = None

def get_mailer():
    global _mailer
    if _mailer is None:
        _mailer = Mailer()
    return _mailer
"""
ROUTES = """\
from fastapi import APIRouter
from shop.mail import get_mailer

router = APIRouter()

@router.post("/send")
async def send():
    return get_mailer().send()
"""
SECOND_CALL = """
@router.post("/again")
async def again():
    return get_mailer().send()
"""
NEW_ROUTE = """
@router.get("/new")
def new_route():
    from shop.services.area_0 import service_0
    return service_0.get_thing_0_service()
"""
SECOND_GLOBAL = """
class Queue:
    def put(self): ...

_queue = None

def get_queue_service():
    global _queue
    if _queue is None:
        _queue = Queue()
    return _queue
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Freeze = Callable[..., Result]


@pytest.fixture
def freeze(capsys: pytest.CaptureFixture[str]) -> Freeze:
    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        code = main(["freeze", *map(str, arguments)])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    write(tmp_path, "shop/__init__.py", "")
    write(tmp_path, "shop/mail.py", MAIL)
    write(tmp_path, "shop/routes.py", ROUTES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def frozen(shop: Path, freeze: Freeze) -> Path:
    assert freeze(".", "--write").code == 0
    return shop


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def append(path: Path, text: str) -> int:
    """Write text at the end of a file; return the number of the first line of it."""
    before = path.read_text(encoding="utf-8")
    path.write_text(before + text, encoding="utf-8")
    return before.count("\n") + 1


def new_in(result: Result) -> list[tuple[str, str, int, str]]:
    value: dict[str, Any] = json.loads(result.out)
    return [
        (each["kind"], each["file"], each["line"], each.get("accessor", each.get("module"))) for each in value["new"]
    ]


# --- the baseline ----------------------------------------------------------------------------------------------------


def test_what_exists_is_written_and_then_accepted(shop: Path, freeze: Freeze) -> None:
    result = freeze(".", "--write")
    assert (result.code, result.out) == (
        0,
        f"di-freeze.json: {HELD} accepted; 2 added, 0 removed\n",
    )
    result = freeze(".")
    assert (result.code, result.out) == (0, "2 accepted by di-freeze.json: nothing new\n")


def test_the_baseline_has_a_sorted_line_for_each_entry(shop: Path, freeze: Freeze) -> None:
    append(shop / "shop/routes.py", SECOND_CALL)
    append(shop / "shop/mail.py", SECOND_GLOBAL + "\n    def more():\n        from shop.routes import router\n")
    freeze(".", "--write")
    text = (shop / "di-freeze.json").read_text()
    entries = [line.strip().rstrip(",") for line in text.splitlines() if line.startswith("    {")]
    assert entries == [
        '{"file": "shop/mail.py", "accessor": "get_mailer", "count": 1}',
        '{"file": "shop/mail.py", "accessor": "get_queue_service", "count": 1}',
        '{"file": "shop/routes.py", "function": "again", "accessor": "get_mailer", "count": 1}',
        '{"file": "shop/routes.py", "function": "send", "accessor": "get_mailer", "count": 1}',
        '{"file": "shop/mail.py", "function": "get_queue_service.more", "module": "shop/routes.py", "count": 1}',
    ]
    assert json.loads(text)["version"] == 1


def test_writing_twice_changes_nothing(frozen: Path, freeze: Freeze) -> None:
    before = (frozen / "di-freeze.json").read_bytes()
    assert freeze(".", "--write").out.endswith("accepted; 0 added, 0 removed\n")
    assert (frozen / "di-freeze.json").read_bytes() == before


def test_lines_may_move(frozen: Path, freeze: Freeze) -> None:
    for path in (frozen / "shop").glob("*.py"):
        path.write_text('"""Moved."""\n\n\n' + path.read_text())
    assert freeze(".").code == 0


def test_the_folder_one_stands_in_does_not_matter(
    frozen: Path, freeze: Freeze, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(frozen / "shop")
    assert freeze("..", "--baseline", "../di-freeze.json").code == 0
    assert freeze(".", "--baseline", "../di-freeze.json").code == 0


def test_writing_a_part_keeps_the_rest(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "desk/hold.py", SECOND_GLOBAL)
    assert freeze("desk", "--write").out.startswith("di-freeze.json: 2 module singletons, 1 call in routes")
    content = json.loads((frozen / "di-freeze.json").read_text())
    assert [each["file"] for each in content["module_singletons"]] == ["desk/hold.py", "shop/mail.py"]
    assert freeze(".").code == 0
    assert freeze("desk").code == 0


# --- what is new -----------------------------------------------------------------------------------------------------


def test_a_new_singleton_is_named_with_its_line(frozen: Path, freeze: Freeze) -> None:
    first = append(frozen / "shop/mail.py", SECOND_GLOBAL)
    result = freeze(".", "--format", "json")
    assert result.code == 1
    assert new_in(result) == [("module-singleton", "shop/mail.py", first + 6, "get_queue_service")]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("import functools\n@functools.lru_cache\ndef get_mail_client():\n    return Mailer()\n", "get_mail_client"),
        ("class MailService(Mailer): ...\nmail_service = MailService()\n", "mail_service"),
    ],
    ids=["cached", "eager"],
)
def test_every_kind_of_singleton_counts(frozen: Path, freeze: Freeze, text: str, name: str) -> None:
    append(frozen / "shop/mail.py", text)
    result = freeze(".", "--format", "json")
    assert [(kind, accessor) for kind, _, _, accessor in new_in(result)] == [("module-singleton", name)]


def test_wrappers_keep_nothing_and_are_no_singletons(frozen: Path, freeze: Freeze) -> None:
    text = "from shop.mail import Mailer\n\ndef mailer() -> Mailer:\n    from shop.mail import get_mailer\n"
    write(frozen, "shop/service_dependencies.py", f"{text}\n    return get_mailer()\n")
    assert freeze(".").code == 0


def test_a_new_call_in_a_route_is_named_with_its_line(frozen: Path, freeze: Freeze) -> None:
    first = append(frozen / "shop/routes.py", SECOND_CALL)
    result = freeze(".", "--format", "json")
    assert result.code == 1
    assert new_in(result) == [("route-call", "shop/routes.py", first + 3, "get_mailer")]


def test_one_more_call_in_a_known_handler_counts(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/routes.py", "    return get_mailer()\n")
    result = freeze(".", "--format", "json")
    (new,) = json.loads(result.out)["new"]
    assert (new["line"], new["found"], new["accepted"]) == (9, 2, 1)
    assert new["text"] == "send asks get_mailer in its body (2 of them there, 1 accepted)."


def test_calls_elsewhere_are_no_calls_in_routes(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/routes.py", "\ndef help():\n    return get_mailer()\n")
    write(frozen, "tests/test_shop.py", "from shop.mail import get_mailer\n\ndef test(): get_mailer()\n")
    assert freeze(".").code == 0


def test_a_bridge_is_no_singleton_and_asking_it_in_a_route_still_counts(frozen: Path, freeze: Freeze) -> None:
    write(
        frozen,
        "shop/mail.py",
        "from di.bridge import Bridge\n\nbridge = Bridge()\n\nclass Mailer: ...\n\n"
        "def get_mailer() -> Mailer:\n    return bridge.get(Mailer)\n\n"
        "def watch_mailer():\n    return bridge.shadow(Mailer)\n",
    )
    append(
        frozen / "shop/routes.py", '@router.get("/w")\ndef w():\n    from shop.mail import watch_mailer as w\n    w()\n'
    )
    result = freeze(".", "--format", "json")
    value = json.loads(result.out)
    assert (value["new"], [each["kind"] for each in value["stale"]]) == ([], ["module-singleton"])
    freeze(".", "--write")
    append(frozen / "shop/routes.py", SECOND_CALL)
    assert [each[0] for each in new_in(freeze(".", "--format", "json"))] == ["route-call"]


# --- imports that dodge a cycle --------------------------------------------------------------------------------------


def test_an_import_that_would_close_a_cycle_is_named_with_the_cycle(frozen: Path, freeze: Freeze) -> None:
    first = append(frozen / "shop/mail.py", "\ndef later():\n    from shop.routes import router\n    return router\n")
    result = freeze(".", "--format", "json")
    (new,) = json.loads(result.out)["new"]
    assert (new["kind"], new["file"], new["line"], new["module"]) == (
        "local-import",
        "shop/mail.py",
        first + 2,
        "shop/routes.py",
    )
    assert new["text"] == (
        "later imports shop/routes.py; at module level that would close the cycle "
        "shop/mail.py -> shop/routes.py -> shop/mail.py."
    )


@pytest.mark.parametrize(
    "statement",
    [
        "import shop.routes",
        "from shop import routes",
        "from . import routes",
        "from .routes import router as r",
        "if TYPE_CHECKING: import shop.mail\n    else: import shop.routes",
    ],
)
def test_every_way_to_write_the_import_counts(frozen: Path, freeze: Freeze, statement: str) -> None:
    append(frozen / "shop/mail.py", f"\ndef later():\n    {statement}\n")
    assert [each[3] for each in new_in(freeze(".", "--format", "json"))] == ["shop/routes.py"]


def test_a_cycle_over_several_modules_and_a_package_is_found(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "shop/api/__init__.py", "from shop.api.all import everything\n")
    write(frozen, "shop/api/all.py", "from shop.routes import router\n\neverything = [router]\n")
    append(frozen / "shop/mail.py", "\ndef later():\n    from shop.api import other\n")
    write(frozen, "shop/api/other.py", "")
    (new,) = json.loads(freeze(".", "--format", "json").out)["new"]
    assert new["module"] == "shop/api/other.py"
    assert new["text"].endswith(
        "cycle shop/mail.py -> shop/api/__init__.py -> shop/api/all.py -> shop/routes.py -> shop/mail.py."
    )


def test_a_module_that_imports_itself_dodges_a_cycle(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/mail.py", "\ndef later():\n    from shop.mail import Mailer\n")
    (new,) = json.loads(freeze(".", "--format", "json").out)["new"]
    assert new["text"].endswith("at module level that would close the cycle shop/mail.py -> shop/mail.py.")


def test_two_imports_in_functions_that_dodge_each_other_are_both_named(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "shop/a.py", "def one():\n    from shop import b\n")
    write(frozen, "shop/b.py", "def two():\n    from shop import a\n")
    value = json.loads(freeze(".", "--format", "json").out)
    assert [each["text"] for each in value["new"]] == [
        "one imports shop/b.py, which imports it back in a function: the cycle shop/a.py -> shop/b.py -> shop/a.py.",
        "two imports shop/a.py, which imports it back in a function: the cycle shop/b.py -> shop/a.py -> shop/b.py.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "def later():\n    import json\n    from fastapi import APIRouter\n",
        "def later():\n    from shop import costly\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.routes import router\n",
        "def later():\n    import typing\n    if typing.TYPE_CHECKING:\n        from shop.routes import router\n",
    ],
    ids=["installed", "costly", "types", "types-in-function"],
)
def test_imports_in_functions_for_other_reasons_are_let_through(frozen: Path, freeze: Freeze, text: str) -> None:
    write(frozen, "shop/costly.py", "import json\n")
    append(frozen / "shop/mail.py", text)
    assert (freeze(".").code, freeze(".").out) == (0, "2 accepted by di-freeze.json: nothing new\n")


def test_an_import_for_types_alone_is_no_way_back(frozen: Path, freeze: Freeze) -> None:
    write(
        frozen,
        "shop/types.py",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.mail import Mailer\n",
    )
    append(frozen / "shop/mail.py", "\ndef later():\n    from shop import types\n")
    assert freeze(".").code == 0


@pytest.mark.parametrize(("head", "found"), [('"""Written by `di migrate`."""\n', 0), ("# written by hand\n", 1)])
def test_the_wrappers_that_the_tool_wrote_dodge_nothing(frozen: Path, freeze: Freeze, head: str, found: int) -> None:
    write(frozen, "shop/service_dependencies.py", f"{head}\ndef provide():\n    from shop import routes\n")
    append(frozen / "shop/routes.py", "import shop.service_dependencies\n")
    result = freeze(".", "--format", "json")
    assert [each[0] for each in new_in(result)] == ["local-import"] * found


def test_what_is_imported_at_module_level_as_well_dodges_nothing(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/mail.py", "import shop.routes\n\ndef later():\n    from shop.routes import router\n")
    assert freeze(".").code == 0


def test_a_package_that_offers_its_own_module_is_no_cycle(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "shop/__init__.py", "from shop.mail import Mailer\n")
    write(frozen, "shop/other.py", "")
    append(frozen / "shop/mail.py", "\ndef later():\n    from shop import other\n")
    assert freeze(".").code == 0


# --- what is gone ----------------------------------------------------------------------------------------------------


def test_an_entry_of_something_gone_is_stale_and_fails_as_in_di_check(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "shop/routes.py", ROUTES.replace("get_mailer().send()", "None"))
    result = freeze(".")
    assert result.code == 1
    assert "stale in di-freeze.json\n  shop/routes.py, send: call in routes get_mailer is gone.\n" in result.out
    assert "Write it anew: `di freeze . --write`." in result.out
    assert freeze(".", "--write").out.endswith("0 added, 1 removed\n")
    assert freeze(".").code == 0


def test_fewer_than_accepted_is_stale_too(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/routes.py", "    return get_mailer()\n")
    freeze(".", "--write")
    write(frozen, "shop/routes.py", ROUTES)
    assert "shop/routes.py, send: call in routes get_mailer is 1 of 2 left." in freeze(".").out


def test_a_file_that_cannot_be_read_is_told_and_keeps_its_entries(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "shop/routes.py", "def broken(:\n")
    result = freeze(".")
    assert result.code == 0
    assert "not read: shop/routes.py is no Python" in result.out
    assert freeze(".", "--write").out.endswith("0 added, 0 removed\n")
    write(frozen, "shop/routes.py", ROUTES)
    assert freeze(".").code == 0


# --- outputs ---------------------------------------------------------------------------------------------------------


def test_github_shows_each_finding_beside_its_line(frozen: Path, freeze: Freeze) -> None:
    first = append(frozen / "shop/routes.py", SECOND_CALL)
    write(frozen, "shop/mail.py", MAIL.replace("get_mailer", "get_mailer_service"))
    write(frozen, "shop/routes.py", (frozen / "shop/routes.py").read_text().replace("get_mailer", "get_mailer_service"))
    result = freeze(".", "--format", "github")
    assert result.code == 1
    lines = result.out.splitlines()
    assert lines[0] == (
        "::error file=shop/mail.py,line=6,title=new module singleton::get_mailer_service keeps an instance for the "
        "whole process. Register the class in the container, and take it as a parameter where it is needed."
    )
    assert f"::error file=shop/routes.py,line={first + 3},title=new call in a route::again asks " in result.out
    assert (
        sum(line.startswith("::error file=di-freeze.json,line=1,title=stale baseline entry::") for line in lines) == 2
    )
    assert lines[-1].startswith(
        "0 accepted by di-freeze.json: 1 more module singleton, 2 more calls in routes, 2 stale"
    )


def test_two_calls_on_one_line_are_one_line_of_the_report(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/routes.py", SECOND_CALL.replace("return", "return get_mailer(),"))
    assert freeze(".").out.count("again asks get_mailer in its body (2 of them there, 0 accepted).") == 1
    assert freeze(".", "--format", "github").out.count("::error ") == 1


def test_the_terminal_names_everything(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/mail.py", SECOND_GLOBAL)
    assert freeze(".").out == (
        "new module singleton\n  shop/mail.py:17\n    get_queue_service keeps an instance for the whole process.\n"
        "  Register the class in the container, and take it as a parameter where it is needed.\n\n"
        "2 accepted by di-freeze.json: 1 more module singleton\n"
    )


# --- what cannot be done ---------------------------------------------------------------------------------------------


def test_a_missing_baseline_is_one_line_and_2(shop: Path, freeze: Freeze) -> None:
    result = freeze("shop")
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "di: Baseline di-freeze.json cannot be used: No such file or directory. "
        "Name another one with --baseline, or write it with `di freeze shop --write` and commit it.\n"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "it is no JSON: Expecting property name"),
        ("[" * 100_000, "it nests too deeply"),
        ("[]", '"version": 1 was expected, not None'),
        ('{"version": 2}', '"version": 1 was expected, not 2'),
        ('{"version": 1, "route_calls": {}}', "route_calls is no list"),
        ('{"version": 1, "route_calls": [{"file": "a.py"}]}', "entry 1 of route_calls lacks file, accessor or count"),
        ('{"version": 1, "local_imports": [7]}', "entry 1 of local_imports lacks file, module or count"),
    ],
)
def test_a_broken_baseline_is_one_line_and_2_also_when_writing(
    shop: Path, freeze: Freeze, text: str, reason: str
) -> None:
    write(shop, "known.json", text)
    for arguments in ((), ("--write",)):
        result = freeze(".", "--baseline", "known.json", *arguments)
        assert (result.code, result.out, result.err.count("\n")) == (2, "", 1)
        assert result.err.startswith(f"di: Baseline known.json cannot be used: {reason}")
        assert (shop / "known.json").read_text() == text


@pytest.mark.parametrize("arguments", [("nowhere",), (".", "nowhere.py")])
def test_a_path_that_does_not_exist_is_one_line_and_2(frozen: Path, freeze: Freeze, arguments: tuple[str, ...]) -> None:
    result = freeze(*arguments)
    assert (result.code, result.err.count("\n")) == (2, 1)
    assert f"{arguments[-1]} cannot be read: it does not exist" in result.err


def test_code_is_never_imported(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/mail.py", "\nraise SystemExit(7)\n")
    assert freeze(".").code == 0
    assert "shop.mail" not in sys.modules


# --- the hook --------------------------------------------------------------------------------------------------------


def run_hook(folder: Path, *files: str, arguments: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    """Do what pre-commit does: the entry, the arguments (its own, or those configured), then the names of the files."""
    (hook,) = yaml.safe_load(HOOKS.read_text())
    command, *rest = shlex.split(hook["entry"])
    script = shutil.which(command, path=str(Path(sys.executable).parent))
    started = [script] if script else [sys.executable, "-m", command]
    whole = [*started, *rest, *(hook["args"] if arguments is None else arguments), *files]
    return subprocess.run(whole, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_the_hook_passes_and_fails_as_the_files_do(frozen: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(CHECKOUT))  # where the project is not installed
    assert run_hook(frozen, "shop/mail.py", "shop/routes.py").returncode == 0
    append(frozen / "shop/routes.py", SECOND_CALL)
    failed = run_hook(frozen, "shop/mail.py", "shop/routes.py", arguments=["shop"])
    assert failed.returncode == 1
    assert "again asks get_mailer in its body" in failed.stdout
    untouched = run_hook(frozen, "shop/mail.py")
    assert (untouched.returncode, untouched.stderr) == (0, "")


def test_the_hook_is_declared_as_pre_commit_wants_it() -> None:
    (hook,) = yaml.safe_load(HOOKS.read_text())
    assert {"id", "name", "entry", "language"} <= hook.keys()
    assert (hook["id"], hook["types"], hook["require_serial"]) == ("di-freeze", ["python"], True)
    assert hook.get("pass_filenames", True)


def test_a_file_on_the_cycle_of_an_old_import_is_enough(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "shop/old.py", "def later():\n    from shop.mail import Mailer\n")
    assert freeze(".").code == 0
    append(frozen / "shop/mail.py", "import shop.old\n")  # this import makes the older one dodge a cycle
    result = freeze(".", "shop/mail.py", "--format", "json")
    assert (result.code, [each[1] for each in new_in(result)]) == (1, ["shop/old.py"])
    assert freeze(".", "shop/routes.py").code == 0


def test_stale_entries_of_other_files_do_not_stop_a_commit(frozen: Path, freeze: Freeze) -> None:
    write(frozen, "shop/routes.py", "")
    assert freeze(".", "shop/mail.py").code == 0
    assert freeze(".", "shop/routes.py").code == 1


def test_writing_with_files_renews_their_entries_alone(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/mail.py", SECOND_GLOBAL)
    append(frozen / "shop/routes.py", SECOND_CALL)
    assert freeze(".", "shop/mail.py", "--write").out.endswith("1 added, 0 removed\n")
    assert [each[0] for each in new_in(freeze(".", "--format", "json"))] == ["route-call"]


def test_file_names_may_stand_behind_options(frozen: Path, freeze: Freeze) -> None:
    append(frozen / "shop/mail.py", SECOND_GLOBAL)
    append(frozen / "shop/routes.py", SECOND_CALL)
    assert freeze(".", "--format", "json", "shop/routes.py").out.count('"kind": "route-call"') == 1
    assert freeze(".", "--write", "shop/mail.py").out.endswith("1 added, 0 removed\n")
    assert freeze("--format", "json", ".", "shop/mail.py").code == 0


# --- code as it is found ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", sorted(each.name for each in CORPUS.iterdir() if each.is_dir()))
def test_every_package_of_the_corpus_freezes_and_a_new_global_makes_it_red(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freeze: Freeze
) -> None:
    root = tmp_path / package
    shutil.copytree(CORPUS / package, root)
    monkeypatch.chdir(root)
    freeze(".", "--write")
    assert freeze(".").code == 0
    file = next(path for path in sorted(root.rglob("*.py")) if "tests" not in path.parts and path.stat().st_size)
    append(file, SECOND_GLOBAL)
    result = freeze(".", "--format", "json")
    found = [(kind, path, name) for kind, path, _, name in new_in(result)]
    assert (result.code, found) == (
        1,
        [("module-singleton", file.relative_to(root).as_posix(), "get_queue_service")],
    )


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("large")
    Generator(folder, accessors=100, calls=400, patches=600, lines=12_000).write()
    assert main(["freeze", str(folder), "--write", "--baseline", str(folder / "di-freeze.json")]) == 0
    return folder


def test_the_large_code_base_is_frozen_exactly(large: Path) -> None:
    content = json.loads((large / "di-freeze.json").read_text())
    assert len(content["module_singletons"]) == 100
    assert sum(each["count"] for each in content["route_calls"]) == 400
    assert content["local_imports"] == []  # services import only those below them


@pytest.mark.parametrize(
    ("file", "text", "expected"),
    [
        ("shop/lib/part_0.py", SECOND_GLOBAL, ("module-singleton", "get_queue_service")),
        (
            "shop/api/routes_3.py",
            NEW_ROUTE,
            ("route-call", "get_thing_0_service"),
        ),
        (
            "shop/services/area_0/service_0.py",
            "\ndef look_up():\n    from shop.main import app\n    return app\n",
            ("local-import", "shop/main.py"),
        ),
    ],
    ids=["global", "call", "import"],
)
def test_one_more_in_the_large_code_base_is_named(
    large: Path,
    freeze: Freeze,
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    text: str,
    expected: tuple[str, str],
) -> None:
    monkeypatch.chdir(large)
    before = (large / file).read_text()
    try:
        append(large / file, text)
        result = freeze(".", "--format", "json")
    finally:
        (large / file).write_text(before)
    assert result.code == 1
    assert [(kind, path, name) for kind, path, _, name in new_in(result)] == [(expected[0], file, expected[1])]
