"""`di freeze`: what exists is accepted, what is gone is told, each format says the same, and the hook passes it on."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.migration.freezing import MAIL, ROUTES, SECOND_CALL, SECOND_GLOBAL, Freeze, append, new_in, write

CHECKOUT = Path(__file__).parents[2]
HOOKS = CHECKOUT / ".pre-commit-hooks.yaml"
HELD = "1 module singleton, 1 call in routes, 0 imports that dodge a cycle"


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
