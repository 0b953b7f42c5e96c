"""The command finds applications as a server does, starts nothing, and mends-by-message what a person got wrong."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from di._command import main
from tests.command.conftest import Run

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("target", ["shop:app", "shop:make_app", "shop:container", "shop:make_container"])
def test_d3_an_application_a_container_and_what_makes_them_are_targets(run: Run, target: str) -> None:
    assert run("check", target).code == 0


def test_d3_a_factory_may_be_anything_callable(run: Run, folder: Path) -> None:
    (folder / "made.py").write_text(
        "import shop\n\nclass Maker:\n    def __call__(self):\n        return shop.make_app()\n\nmaker = Maker()\n"
    )
    assert run("check", "made:maker", "--factory").code == 0
    assert "made:maker is a made.Maker." in run("check", "made:maker").err


def test_d3_modules_are_found_in_another_folder(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "src" / "package").mkdir(parents=True)
    (folder / "src" / "package" / "main.py").write_text((folder / "shop.py").read_text())
    assert run("check", "package.main:app").code == 2
    assert run("check", "package.main:app", "--app-dir", "src").code == 0
    assert "There is no module 'package.main' below" in run("check", "package.main:app", "--app-dir", "nowhere").err
    (folder / "pyproject.toml").write_text('[tool.di]\ntarget = "package.main:app"\napp-dir = "src"\n')
    assert run("check").code == 0


def test_d3_what_an_application_prints_is_not_output(run: Run, folder: Path) -> None:
    (folder / "loud.py").write_text(
        "print('hello')\nfrom shop import make_app\ndef make():\n    print('made')\n    return make_app()\n"
    )
    result = run("graph", "loud:make", "--format", "json")
    assert result.out.startswith("{")
    assert result.err == "hello\nmade\n"


def test_d3_variables_that_are_not_set_may_be_configured(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_SET", "kept")
    monkeypatch.setenv("SHOP_UNSET", "x")
    monkeypatch.delenv("SHOP_UNSET")
    (folder / "reads.py").write_text(
        "import os\nfrom shop import app\n"
        "assert (os.environ['SHOP_SET'], os.environ['SHOP_UNSET']) == ('kept', 'given')\n"
    )
    (folder / "pyproject.toml").write_text(
        '[tool.di]\ntarget = "reads:app"\n[tool.di.environment]\nSHOP_SET = "other"\nSHOP_UNSET = "given"\n'
    )
    assert run("check").code == 0


def test_d3_of_several_containers_one_is_chosen(run: Run, folder: Path) -> None:
    (folder / "two.py").write_text(
        "from shop import app\nfrom di import Container\nfrom middleware import Deps\n"
        "Deps().install(app, Container())\n"
    )
    result = run("check", "two:app")
    assert result.code == 2
    assert "two:app has 2 containers, each with a graph of its own. Choose one with --container 1 to 2." in result.err
    assert "6 providers, 3 routes" in run("check", "two:app", "--container", "1").out
    assert "3 routes" not in run("check", "two:app", "--container", "2").out
    assert run("check", "two:app", "--container", "3").code == 2


BAD_TARGETS = {
    "shop": "'shop' is no target. Write module:attribute, e.g. shop.main:app.",
    "shop:": "'shop:' is no target.",
    "sh op:app": "'sh op:app' is no target.",
    "shpo:app": "There is no module 'shpo' below",
    "shop.main:app": "There is no module 'shop.main' below",
    "shop:ap": "shop has no attribute 'ap'. Did you mean app?",
    "shop:bare": "shop:bare is a fastapi.applications.FastAPI that no container was installed in.",
    "shop:deps": "shop:deps is a middleware._deps.Deps.",
    "broken:app": "Importing broken failed (raised at broken.py:2):\nModuleNotFoundError: No module named 'nowhere'",
    "quits:app": "Importing quits failed (raised at quits.py:1):\nSystemExit: bye",
    "syntax:app": "Importing syntax failed (raised at ",
    "needs:make": "needs:make (",
    "sys:exit": "Calling sys:exit failed:\nSystemExit: ",
    "fails:make": "Calling fails:make failed (raised at fails.py:2):\nValueError: no DATABASE_URL",
}


@pytest.mark.parametrize(("target", "message"), BAD_TARGETS.items())
def test_d3_a_bad_target_is_one_clear_error(run: Run, folder: Path, target: str, message: str) -> None:
    (folder / "broken.py").write_text("import json\nimport nowhere\n")
    (folder / "quits.py").write_text("raise SystemExit('bye')\n")
    (folder / "syntax.py").write_text("def (:\n")
    (folder / "needs.py").write_text("def make(settings): ...\n")
    (folder / "fails.py").write_text("def make():\n    raise ValueError('no DATABASE_URL')\n")
    result = run("check", target)
    assert result.code == 2
    assert result.out == ""
    assert result.err.startswith(f"di: {message}")
    assert "Traceback" not in result.err
    assert str(folder / "shop.py") not in result.err


def test_d3_without_target_the_command_asks_for_one(run: Run) -> None:
    result = run("check")
    assert (result.code, result.err.startswith("di: Which application? Name it as module:attribute")) == (2, True)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("[tool.di]\ntraget = 'shop:app'", "traget is unknown"),
        ("[tool.di]\ntarget = 3", "a value is no text"),
        ("[tool.di]\nenvironment = 'x'", "a value is no text"),
        ("[tool.di", "Expected ']'"),
    ],
)
def test_d3_a_bad_configuration_is_one_clear_error(run: Run, folder: Path, table: str, reason: str) -> None:
    (folder / "pyproject.toml").write_text(table)
    result = run("check", "shop:app")
    assert result.code == 2
    assert f"pyproject.toml cannot be used: {reason}" in result.err


@pytest.mark.parametrize("arguments", [(), ("dance",), ("why", "shop:app", "A", "B", "C"), ("uses",), ("check", "--x")])
def test_d3_wrong_usage_is_2(run: Run, arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.code == 2
    assert "usage: di" in result.err


def test_d3_aurastream_is_checked_without_servers() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "di", "check", "backend.api.main:create_app"],
        cwd=ROOT, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("no problems\n")


def test_d3_importing_di_imports_nothing_of_the_command() -> None:
    code = "import sys, di; print([name for name in sys.modules if name.split('.')[0] == 'rich' or '_command' in name])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_d3_help_names_every_subcommand_without_importing_them() -> None:
    code = "import sys; from di._command import main\ntry: main(['--help'])\nfinally: assert 'rich' not in sys.modules"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in ("graph", "why", "uses", "impact", "check"):
        assert f"    {name} " in result.stdout


def test_d3_the_package_is_run_as_the_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["di", "check", "shop:app"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "di" / "__main__.py"), run_name="__main__")
    assert ended.value.code == 0


def test_d3_what_nobody_reads_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)
        assert main(["check", "shop:app"]) == 0


def test_d3_a_reader_may_close_the_pipe(folder: Path) -> None:
    command = f"{sys.executable} -m di graph tests.command.large:create_app --format json --app-dir {ROOT} | head -c 10"
    result = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {command}"], cwd=folder, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert (result.returncode, result.stdout[:2], result.stderr) == (0, "{\n", "")
