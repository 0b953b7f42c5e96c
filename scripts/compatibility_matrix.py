"""Run the tests of `di/` and `middleware/` on what scripts/matrix.toml lists, each in an environment of its own.

One line tells how each combination went. Environments are thrown away; their packages come from uv's cache.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
UV = CHECKOUT / ".venv" / "bin" / "uv"
TABLE: dict[str, Any] = tomllib.loads((CHECKOUT / "scripts" / "matrix.toml").read_text())
PACKAGES = (
    *("fastapi", "starlette", "lagom", "anyio", "uvicorn", "httpx", "httpx2", "opentelemetry-sdk"),
    *("pytest", "pytest-asyncio", "pytest-randomly", "pytest-timeout", "pytest-socket", "hypothesis"),
)
# Beside tests/di: the fixtures of the backend are above it, the fixtures of tests/middleware are not.
# The model knows no framework and takes an option of a conftest.py above.
PYTEST = (
    *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--confcutdir=tests/di", "--ignore=tests/di/model"),
    *("tests/di", "tests/middleware"),
)
PURE = ("--platform=any", "--implementation=py", "--abi=none", "--only-binary=:all:", "--no-deps", "--upgrade")
FACTS = """
import json, platform, sys, sysconfig
from importlib.metadata import version
from lagom import container
print(json.dumps({
    "python": platform.python_version() + sys.abiflags,
    "gil": getattr(sys, "_is_gil_enabled", lambda: True)(),
    "fastapi": version("fastapi"),
    "starlette": version("starlette"),
    "lagom": "pure" if container.__file__.endswith(".py") else "compiled",
}))
"""


@dataclass(frozen=True, slots=True)
class Combination:
    """What is tried together, in the words of matrix.toml."""

    python: str
    fastapi: str
    lagom: str
    loop: str

    @property
    def is_free_threaded(self) -> bool:
        """Whether it wants a Python without the global lock."""
        return self.python.endswith("t")


class CombinationFailedError(Exception):
    """A step failed; `output` is what it printed."""

    def __init__(self, step: str, output: str) -> None:
        super().__init__(step)
        self.output = output


class WrongEnvironmentError(CombinationFailedError):
    """The packages or the interpreter are not those of the combination."""

    def __init__(self, facts: dict[str, Any]) -> None:
        super().__init__("look at the packages", f"not what this combination is about: {facts}")


def main() -> int:
    """Run what was asked for; 1 when anything failed, or a Python is missing that has no `t`."""
    arguments = _parser().parse_args()
    chosen = _chosen(arguments.only, quick=arguments.quick)
    if arguments.list:
        _write("".join(f"{_named(each)}\n" for each in chosen))
        return 0
    interpreters = {version: _interpreter(version, arguments.python) for version in {each.python for each in chosen}}
    runnable = {each: path for each in chosen if (path := interpreters[each.python])}
    missing = [each for each in chosen if each not in runnable]
    for each in missing:
        _write(f"{_named(each)}  not run: there is no Python {each.python} here\n")
    started = time.monotonic()
    failed = _run_all(runnable)
    seconds = time.monotonic() - started
    _write(f"{len(runnable) - failed} combinations passed, {failed} failed, {len(missing)} not run, {seconds:.0f} s\n")
    return int(failed > 0 or not runnable or any(not each.is_free_threaded for each in missing))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/matrix", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="only the corners, as CI does")
    parser.add_argument("--list", action="store_true", help="say what would be run")
    parser.add_argument("--python", action="append", default=[], metavar="PATH", help="a further interpreter to use")
    parser.add_argument("only", nargs="*", help="words that a combination must have: 3.12 uvloop")
    return parser


def _chosen(words: Iterable[str], *, quick: bool) -> list[Combination]:
    quickly = [Combination(**row) for row in TABLE["quick"]]
    product = [Combination(*values) for values in itertools.product(*TABLE["axes"].values())]
    further = [Combination(**row) for row in TABLE["further"]]
    everything = quickly if quick else dict.fromkeys([*product, *quickly, *further])
    return [each for each in everything if set(words) <= set(astuple(each))]


def _named(combination: Combination, facts: dict[str, Any] | None = None) -> str:
    shown = facts or {"python": combination.python, "fastapi": combination.fastapi, "starlette": ""}
    versions = f"Python {shown['python']:7} FastAPI {shown['fastapi']:8} {shown['starlette']:7}"
    return f"{versions} lagom {combination.lagom:9} {combination.loop:8}"


def _interpreter(version: str, further: Iterable[str]) -> str | None:
    """Find a Python of a minor version; a `t` at its end wants a free-threaded build."""
    number = version.rstrip("t")
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    found = [
        *further,
        shutil.which(f"python{version}"),
        *sorted(map(str, pyenv.glob(f"{number}*/bin/python{version}"))),
    ]
    code = "import sys, sysconfig; print(*sys.version_info[:2], sysconfig.get_config_var('Py_GIL_DISABLED') or 0)"
    wanted = f"{number.replace('.', ' ')} {int(version != number)}"
    for candidate in filter(None, found):
        said = subprocess.run([candidate, "-I", "-c", code], capture_output=True, text=True, check=False).stdout
        if said.strip() == wanted:
            return candidate
    return None


def _run_all(runnable: dict[Combination, str]) -> int:
    """Run as many at a time as there are processors, and return how many failed."""
    failed = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool, tempfile.TemporaryDirectory() as folder:
        constraints = Path(folder) / "constraints"
        constraints.mkdir()
        running = {
            pool.submit(_run, each, interpreter, Path(folder) / str(number)): each
            for number, (each, interpreter) in enumerate(runnable.items())
        }
        for done in as_completed(running):
            try:
                _write(done.result() + "\n")
            except CombinationFailedError as error:
                failed += 1
                _write(f"{_named(running[done])}  FAILED: {error}\n{error.output}\n")
    return failed


def _run(combination: Combination, interpreter: str, folder: Path) -> str:
    """Return the line that tells how one combination went."""
    started = time.monotonic()
    python = folder / "bin" / "python"
    _install(combination, interpreter, folder)
    facts = json.loads(_call("look at the packages", [python, "-I", "-c", FACTS]))
    if (facts["lagom"], facts["gil"]) != (combination.lagom, not combination.is_free_threaded):
        raise WrongEnvironmentError(facts)
    plugin = ["-p", "tests.support.on_uvloop"] if combination.loop == "uvloop" else []
    # In a folder that is given to it pytest clears nothing away that another run may be clearing away as well.
    output = _call("run the tests", [python, *PYTEST, *plugin, f"--basetemp={folder / 'tmp'}"])
    (counts,) = re.findall(r"^(\d+ passed.*) in [\d.]+s", output, re.MULTILINE)
    shutil.rmtree(folder)
    return f"{_named(combination, facts)}  {counts}  {time.monotonic() - started:.0f} s"


def _install(combination: Combination, interpreter: str, folder: Path) -> None:
    packages: list[str] = TABLE["releases"][combination.fastapi]
    uvloop = ["uvloop"] if combination.loop == "uvloop" else []
    pins = folder.with_suffix(".txt")
    pins.write_text("\n".join(_pins(combination, {re.split("[=<>]", each)[0] for each in packages})))
    python = folder / "bin" / "python"
    install: list[str | Path] = [UV, "pip", "install", "-q", "--python", python]
    _call("make an environment", [UV, "venv", "-q", "--no-project", "--python", interpreter, folder])
    _call("install", [*install, "--only-binary=:all:", "--constraints", pins, *PACKAGES, *uvloop, *packages])
    _call("install di and middleware", [*install, "--no-deps", "--editable", CHECKOUT])
    if combination.lagom == "pure":
        packages_folder = _call("look for packages", [python, "-I", "-c", "import lagom; print(lagom.__path__[0])"])
        lagom = next(pin for pin in _pins(combination, set()) if pin.startswith("lagom=="))
        target = f"--target={Path(packages_folder.strip()).parent}"
        pip: list[str | Path] = [
            CHECKOUT / ".venv" / "bin" / "python",
            "-m",
            "pip",
            "install",
            "-q",
            "--no-warn-conflicts",
        ]
        _call("install lagom in pure Python", [*pip, *PURE, target, lagom])


def _pins(combination: Combination, chosen: set[str]) -> Iterator[str]:
    """Yield what the lock pins, but for what is chosen; few releases have wheels for free-threaded builds of 3.13."""
    if combination.is_free_threaded:
        chosen = chosen | {"pydantic", "pydantic-core", "hypothesis"}
    for line in (CHECKOUT / "requirements.lock").read_text().splitlines():
        pin = re.match(r"([\w.-]+)==[^ ;]+", line)
        if pin and pin[1] not in chosen:
            yield pin[0]


def _call(step: str, command: list[str | Path]) -> str:
    kept = {name: value for name, value in os.environ.items() if name not in {"VIRTUAL_ENV", "PYTHONPATH"}}
    done = subprocess.run(
        command, cwd=CHECKOUT, env=kept, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        raise CombinationFailedError(step, done.stdout[-20_000:])
    return done.stdout


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
