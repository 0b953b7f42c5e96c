"""docs/command.md shows the errors of the migration commands with the texts that they give."""

import re
from pathlib import Path

from di.migration import errors

PAGE = Path(__file__).parents[2] / "docs" / "command.md"
CAUSED = (
    errors.NothingToReadError(Path("shop")),
    errors.FreezeBaselineError("di-freeze.json", "No such file or directory", "di freeze . --write"),
    errors.EditLostError(Path("shop/routes.py"), 2),
)


def test_every_error_of_the_migration_is_on_the_page_with_its_text() -> None:
    rows = re.findall(r"^\| `(\w+Error)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    shown = {name: text.replace("*", "") for name, text in rows}
    assert shown == {type(each).__name__: str(each) for each in CAUSED}
    assert shown.keys() == {*errors.__all__} - {"MigrationError"}
