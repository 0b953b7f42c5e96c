"""Bring `.venv` to what requirements.lock says. Run by scripts/setup, with nothing but the standard library.

Calls at the same time wait for each other. Downloads go through the package tools' own configuration and caches, so a
second set-up needs no network.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NoReturn

CHECKOUT = Path(__file__).resolve().parents[1]
VENV = CHECKOUT / ".venv"
STAMP = VENV / "aurastream-stamp"
LOCK = CHECKOUT / "requirements.lock"


def main() -> None:
    """Do nothing, fast, when the stamp says that nothing changed."""
    if _stamp_is_current():
        return
    folder = os.open(CHECKOUT / "scripts", os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    if not _stamp_is_current():
        _set_up()


def _set_up() -> None:
    version = ".".join(map(str, sys.version_info[:3]))
    _say(f"Setting up .venv with Python {version} and the packages of requirements.lock ...")
    STAMP.unlink(missing_ok=True)
    if not _venv_is_ours():
        _create_venv()
    _install_uv()
    sync = ["pip", "sync", "-q", "--require-hashes", str(LOCK)]
    # What is cached needs no network, and the hashes say that it is the right thing.
    if _uv([*sync, "--offline"], "packages from the cache") != 0 and _uv(sync, "packages", loud=True) != 0:
        _fail("the packages could not be installed, see above")
    editable = ["pip", "install", "-q", "--offline", "--no-deps", "--no-build-isolation", "--editable", str(CHECKOUT)]
    if _uv(editable, "aurastream itself", loud=True) != 0:
        _fail("the project could not be installed, see above")
    STAMP.write_text(_wanted(_base()))
    _say("Packages are in place.")


def _create_venv() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        # From the base interpreter: an environment made from another environment would depend on it.
        _run([_base(), "-I", "-m", "venv", str(VENV)])
    except subprocess.CalledProcessError:
        _fail(f"{_base()} cannot make virtual environments (on Debian: apt-get install python3-venv)")


def _install_uv() -> None:
    """Install the uv of the lock, checked by its hash, keeping the download for the next checkout."""
    pin = _block_of("uv")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aurastream"
    cache.mkdir(parents=True, exist_ok=True)
    pin_file = VENV / "uv.txt"
    pin_file.write_text(pin)
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-qq"]
    hashed = ["--require-hashes", "--no-deps", "-r", str(pin_file)]
    cached = [*pip, "install", "--no-index", "--find-links", str(cache), *hashed]
    if subprocess.run(cached, capture_output=True, check=False).returncode != 0:
        _run([*pip, "download", "--dest", str(cache), *hashed])
        _run(cached)


def _block_of(name: str) -> str:
    """Return the lines of one package in the lock."""
    lines: list[str] = []
    for line in LOCK.read_text().splitlines():
        if lines or line.startswith(f"{name}=="):
            lines.append(line)
            if not line.endswith("\\"):
                return "\n".join(lines) + "\n"
    return _fail(f"requirements.lock does not pin {name}")


def _uv(arguments: list[str], what: str, *, loud: bool = False) -> int:
    """Run uv while a line counts the seconds; `loud` shows what uv complains of."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            [str(VENV / "bin" / "uv"), *arguments], cwd=CHECKOUT, env=_inside(), stderr=complaints
        )
        while (code := _poll(process)) is None:
            if sys.stderr.isatty():
                _write(f"\r  {what} {time.monotonic() - started:5.1f} s")
        if sys.stderr.isatty():
            _write("\r\x1b[K")
        if code != 0 and loud:
            complaints.seek(0)
            _write(complaints.read().decode(errors="replace"))
    return code


def _poll(process: "subprocess.Popen[bytes]") -> int | None:
    try:
        return process.wait(timeout=0.2)
    except subprocess.TimeoutExpired:
        return None


def _inside() -> dict[str, str]:
    return os.environ | {"VIRTUAL_ENV": str(VENV)}


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, cwd=CHECKOUT, env=_inside())


def _venv_is_ours() -> bool:
    """Tell whether the environment was made here, by the wanted interpreter, and still runs."""
    python = VENV / "bin" / "python"
    code = "import os, sys; print(os.path.realpath(sys._base_executable), sys.prefix)"
    try:
        found = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    script = VENV / "bin" / "pip"
    made_here = script.is_file() and str(VENV) in script.read_text(errors="replace").partition("\n")[0]
    return made_here and found.split()[0] == os.path.realpath(_base())


def _base() -> str:
    return getattr(sys, "_base_executable", None) or sys.executable


def _wanted(base: str) -> str:
    files = [
        hashlib.sha256((CHECKOUT / name).read_bytes()).hexdigest() for name in ("requirements.lock", "pyproject.toml")
    ]
    return "\n".join([*files, sys.version, os.path.realpath(base), str(VENV), ""])


def _stamp_is_current() -> bool:
    try:
        return STAMP.read_text() == _wanted(_base())
    except OSError:
        return False


def _say(line: str) -> None:
    _write(line + "\n")


def _write(text: str) -> None:
    sys.stderr.write(text)
    sys.stderr.flush()


def _fail(line: str) -> NoReturn:
    sys.exit(f"scripts/setup: {line}")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        _fail(f"this failed, see above: {' '.join(map(str, error.cmd))}")
    except KeyboardInterrupt:
        sys.exit(130)
