"""The corpus is code that the migration commands read; its own tests are run by tests, not collected."""

from pathlib import Path

import pytest

from di._command import main
from tests.migration.freezing import MAIL, ROUTES, Freeze, Result, write

collect_ignore = ["corpus"]


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
