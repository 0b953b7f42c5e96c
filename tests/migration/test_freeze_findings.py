"""What `di freeze` finds: new singletons, calls in routes, and imports that dodge a cycle; nothing else."""

import json
from pathlib import Path

import pytest

from di._command import main
from tests.migration.freezing import SECOND_CALL, SECOND_GLOBAL, Freeze, append, new_in, write
from tests.migration.large_code_base import Generator
from tests.migration.migrating import CORPUS, copy

NEW_ROUTE = """
@router.get("/new")
def new_route():
    from shop.services.area_0 import service_0
    return service_0.get_thing_0_service()
"""

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


# --- code as it is found ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("package", sorted(each.name for each in CORPUS.iterdir() if each.is_dir()))
def test_every_package_of_the_corpus_freezes_and_a_new_global_makes_it_red(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freeze: Freeze
) -> None:
    root = copy(package, tmp_path)
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
