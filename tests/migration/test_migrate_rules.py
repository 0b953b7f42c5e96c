"""What moves and what stays, one rule at a time, on one handler each."""

from pathlib import Path

import pytest

from tests.migration.migrating import plan

SERVICES = """\
import os

built = []


class Plain:
    def __init__(self):
        self.count = 0

    def act(self):
        return 1


class Noticed:
    def __init__(self):
        built.append(1)

    def act(self):
        return 1


class Configured:
    def __init__(self):
        self.url = os.environ["URL"]

    def act(self):
        return 1


_plain = _noticed = _configured = _raising = None


def get_plain() -> Plain:
    global _plain
    if _plain is None:
        _plain = Plain()
    return _plain


def get_noticed() -> Noticed:
    global _noticed
    if _noticed is None:
        _noticed = Noticed()
    return _noticed


def get_configured() -> Configured:
    global _configured
    if _configured is None:
        _configured = Configured()
    return _configured


def get_raising() -> Plain:
    global _raising
    if _raising is None:
        if not built:
            raise RuntimeError
        _raising = Plain()
    return _raising
"""
HEAD = """\
from __future__ import annotations
import asyncio
import functools
from typing import Annotated
from fastapi import APIRouter, Depends, FastAPI, Header, HTTPException, Query, Request, WebSocket
from shop import services
from shop.services import get_configured, get_noticed, get_plain, get_raising

app = FastAPI()


def user(token: str | None = Header(None)):
    if token is None:
        raise HTTPException(401)
    return token


def limit(n: int = 1):
    return n


UserDep = Annotated[str, Depends(user)]
LimitDep = Annotated[int, Depends(limit)]


def checked(function):
    @functools.wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)

    return wrapper

"""


def package(folder: Path, handler: str, test: str = "") -> Path:
    target = folder / "shop"
    target.mkdir()
    (target / "__init__.py").write_text("", encoding="utf-8")
    (target / "services.py").write_text(SERVICES, encoding="utf-8")
    (target / "routes.py").write_text(HEAD + handler, encoding="utf-8")
    (folder / "test_shop.py").write_text(test, encoding="utf-8")
    return folder


def reasons(folder: Path, handler: str, test: str = "") -> list[str]:
    return [each.reason for each in plan(package(folder, handler, test)).plan.kept]


def rewritten(folder: Path, handler: str, test: str = "") -> str:
    changes = {each.path.name: each.after.decode() for each in plan(package(folder, handler, test)).changes}
    return changes["routes.py"]


MOVING = {
    "a 401 builds nothing": (
        '@app.get("/")\nasync def h(u: str = Depends(user)):\n    s = get_noticed()\n    return s.act()\n'
    ),
    "authentication by an alias": ('@app.get("/")\nasync def h(u: UserDep):\n    return get_noticed().act()\n'),
    "a raising getter that nobody catches": ('@app.get("/")\nasync def h():\n    return get_raising().act()\n'),
    "a path parameter that is text": ('@app.get("/{a}")\nasync def h(a: str):\n    return get_noticed().act()\n'),
    "an optional text": ('@app.get("/")\nasync def h(a: str | None = Query(None)):\n    return get_noticed().act()\n'),
    "several at the start": (
        '@app.get("/")\nasync def h():\n    a = get_noticed()\n    b = get_raising()\n    return a.act()\n'
    ),
    "harmless after an early return": (
        '@app.get("/")\ndef h(a: int):\n    if a:\n        return 1\n    return get_plain().act()\n'
    ),
    "harmless in a try": (
        '@app.get("/")\ndef h():\n    try:\n'
        "        return get_plain().act()\n    except ValueError:\n        return 0\n"
    ),
    "harmless in a loop": ('@app.get("/")\ndef h(a: int):\n    return [get_plain().act() for _ in range(a)]\n'),
    "through the module": '@app.get("/")\ndef h():\n    return services.get_plain().act()\n',
    "below a decorator that keeps the signature": (
        '@app.get("/")\n@checked\nasync def h():\n    return get_plain().act()\n'
    ),
    "a method that is named like a decorator": (
        '@cbv(app)\nclass Views:\n    @app.get("/")\n    def get(self):\n        return get_plain().act()\n'
    ),
    "a websocket": ('@app.websocket("/")\nasync def h(w: WebSocket):\n    await w.accept()\n    get_plain().act()\n'),
}
STAYING = {
    "an effect after a permission check": (
        '@app.get("/")\nasync def h(r: str):\n    if r:\n        raise HTTPException(403)\n    get_noticed().act()\n',
        "the body does not begin with it",
    ),
    "an effect after an await": (
        '@app.get("/")\nasync def h():\n    await asyncio.sleep(0)\n    return get_noticed().act()\n',
        "the body does not begin with it",
    ),
    "a raising getter in a try": (
        '@app.get("/")\nasync def h():\n    try:\n        get_raising()\n    except RuntimeError:\n        pass\n',
        "it stands in a try or with block",
    ),
    "an environment variable that may be missing": (
        '@app.get("/")\nasync def h(n: int):\n    return get_configured().act()\n',
        "os.environ['URL'], ",
    ),
    "a number may be refused": (
        '@app.get("/")\nasync def h(n: int):\n    return get_noticed().act()\n',
        "refused because of 'n'",
    ),
    "a dependency's number may be refused": (
        '@app.get("/")\nasync def h(n: LimitDep):\n    return get_noticed().act()\n',
        "refused because of 'n'",
    ),
    "a thread": ('@app.get("/")\ndef h():\n    return get_noticed().act()\n', "in a worker thread"),
    "an effect below a decorator": (
        '@app.get("/")\n@checked\nasync def h():\n    return get_noticed().act()\n',
        "a decorator of h() runs before it",
    ),
    "behind one that stays": (
        '@app.get("/")\nasync def h(n: int):\n    a = get_noticed()\n    b = get_raising()\n    return a\n',
        "the body does not begin with it",
    ),
    "an effect in the second argument": (
        '@app.get("/")\nasync def h():\n    return max(built(), get_noticed().act())\n',
        "the body does not begin with it",
    ),
    "an unknown decorator": (
        '@app.get("/")\n@functools.lru_cache\ndef h():\n    return get_plain().act()\n',
        "may not hand new parameters through",
    ),
    "locals": ('@app.get("/")\ndef h():\n    s = get_plain()\n    return list(locals())\n', "locals()"),
    "a handler that replaces the instance": (
        (
            '@app.post("/reset")\nasync def reset():\n    services._plain = None\n\n\n'
            '@app.get("/")\nasync def h():\n    await asyncio.sleep(0)\n    return get_plain().act()\n'
        ),
        "its instance is replaced while the application runs",
    ),
    "a local name for the getter": (
        '@app.get("/")\ndef h():\n    ask = get_plain\n    return ask().act()\n',
        "asked through a local variable",
    ),
    "Starlette's own route": (
        'async def h(request):\n    return get_plain().act()\n\n\napp.add_route("/", h)\n',
        "Starlette calls it with the request alone",
    ),
    "called by another handler": (
        '@app.get("/")\ndef h():\n    return get_plain().act()\n\n\n@app.get("/2")\ndef h2():\n    return h()\n',
        "is also called, or handed on",
    ),
    "called as a method": (
        (
            '@cbv(app)\nclass Views:\n    @app.get("/")\n    def get(self):\n        return get_plain().act()\n\n\n'
            "def again(views):\n    return views.get()\n"
        ),
        "get() may also be called as a plain method (",
    ),
}


@pytest.mark.parametrize("name", MOVING)
def test_moves(name: str, tmp_path: Path) -> None:
    assert reasons(tmp_path, MOVING[name]) == []


@pytest.mark.parametrize("name", STAYING)
def test_stays(name: str, tmp_path: Path) -> None:
    handler, reason = STAYING[name]
    found = reasons(tmp_path, handler)
    assert reason in found[-1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("()", "(s: PlainDep)"),
        ("(a)", "(a, s: PlainDep)"),
        ("(a, b=1)", "(a, b=1, *, s: PlainDep)"),
        ("(a, b=1,)", "(a, b=1, *, s: PlainDep,)"),
        ("(a, /)", "(a, /, s: PlainDep)"),
        ("(a=1, /)", "(a=1, /, *, s: PlainDep)"),
        ("(*, a)", "(*, a, s: PlainDep)"),
        ("(*, a=1)", "(*, a=1, s: PlainDep)"),
        ("(*args)", "(*args, s: PlainDep)"),
        ("(*args, a=1)", "(*args, a=1, s: PlainDep)"),
        ("(**kwargs)", "(s: PlainDep, **kwargs)"),
        ("(a=1, **kwargs)", "(a=1, *, s: PlainDep, **kwargs)"),
        ("(a, *args, b, **kwargs)", "(a, *args, b, s: PlainDep, **kwargs)"),
        ("(\n    a,\n    b=1,  # the b\n)", "(\n    a,\n    b=1,  # the b\n    *,\n    s: PlainDep,\n)"),
        ("(\n    a,\n    b\n)", "(\n    a,\n    b,\n    s: PlainDep\n)"),
        ("(\n    a, b,\n)", "(\n    a, b,\n    s: PlainDep,\n)"),
        ("(a,\n  b)", "(a,\n  b,\n  s: PlainDep)"),
    ],
)
def test_parameters_are_written_as_the_others_are(before: str, after: str, tmp_path: Path) -> None:
    handler = f'@app.get("/")\nasync def h{before}:\n    s = get_plain()\n    return s.act()\n'
    text = rewritten(tmp_path, handler)
    assert f"async def h{after}:\n    return s.act()\n" in text
    compile(text, "routes.py", "exec")


@pytest.mark.parametrize(
    ("statement", "wrapper"),
    [
        ('with patch("shop.routes.get_plain"):\n        pass', "from shop.routes import get_plain"),
        ('with patch("shop.services.get_plain"):\n        pass', "from shop.routes import get_plain"),
        ('monkeypatch.setattr(routes, "get_plain", lambda: None)', "from shop.routes import get_plain"),
        ('with patch(f"{HERE}.get_plain"):\n        pass', "from shop.routes import get_plain"),
        ("services._plain = None", "from shop.services import get_plain"),
        ('with patch("shop.services._plain", None):\n        pass', "from shop.services import get_plain"),
    ],
)
def test_wrappers_ask_the_name_that_tests_replace(statement: str, wrapper: str, tmp_path: Path) -> None:
    head = "from unittest.mock import patch\nfrom shop import routes, services\n\n\n"
    test = f"{head}def test(monkeypatch):\n    {statement}\n"
    handler = '@app.get("/")\nasync def h():\n    return get_plain().act()\n'
    changes = {each.path.name: each.after.decode() for each in plan(package(tmp_path, handler, test)).changes}
    assert wrapper in changes["service_dependencies.py"]


@pytest.mark.parametrize(
    "test",
    [
        'def test():\n    with patch("shop.routes.get_plain") as asked:\n        asked.assert_not_called()\n',
        '@patch("shop.routes.get_plain")\ndef test(asked):\n    assert asked.call_count == 0\n',
        'def test():\n    with patch("shop.routes.get_plain", side_effect=ValueError):\n        pass\n',
        'def test(monkeypatch):\n    monkeypatch.setattr("shop.routes.get_plain", broken)\n',
    ],
)
def test_calls_that_a_test_counts_or_breaks_stay_where_they_may_not_happen(test: str, tmp_path: Path) -> None:
    handler = '@app.get("/")\nasync def h(a: str = ""):\n    if a:\n        return 0\n    return get_plain().act()\n'
    assert "a test counts its calls, or makes it fail" in reasons(tmp_path, handler, test)[0]


@pytest.mark.parametrize("closing", [None, "shop/inner/__init__.py", "shop/inner/services.py"])
def test_the_container_provides_no_class_whose_import_would_close_a_cycle(closing: str | None, tmp_path: Path) -> None:
    handler = '@app.get("/")\nasync def h():\n    return services.get_plain().act()\n'
    root = package(tmp_path, "")
    (root / "shop/inner").mkdir()
    (root / "shop/services.py").rename(root / "shop/inner/services.py")
    (root / "shop/inner/__init__.py").write_text("", encoding="utf-8")
    head = "from fastapi import FastAPI\nfrom shop.inner import services\n\napp = FastAPI()\n\n\n"
    (root / "shop/routes.py").write_text(head + handler, encoding="utf-8")
    if closing is not None:
        with (root / closing).open("a", encoding="utf-8") as file:
            file.write("try:\n    import fast\nexcept ImportError:\n    import shop.routes\n")
    written = {each.path.name: each.after.decode() for each in plan(root, "--style", "container").changes}
    asked = "deps.depends(Plain)" if closing is None else "Depends(provide_plain)"
    assert f"PlainDep = Annotated[Plain, {asked}]" in written["service_dependencies.py"]


ALWAYS = "from shop.optional import plain\n"
ON_DEMAND = "import os\n\nif os.environ:\n    from shop.optional import plain\n"
IF_THERE = "import contextlib\n\nwith contextlib.suppress(ImportError):\n    from shop.optional import plain\n"
ROUTES_ON_DEMAND = "import os\n\nif os.environ:\n    import shop.routes\n"
ROUTES_IN_FUNCTION = "def create_app():\n    from shop.routes import app\n\n    return app\n"


@pytest.mark.parametrize(
    ("routes", "main", "provided"),
    [
        (ALWAYS, "", True),
        (ALWAYS, ROUTES_IN_FUNCTION, True),
        (ALWAYS, ROUTES_ON_DEMAND, False),
        (ALWAYS, f"{ALWAYS}{ROUTES_ON_DEMAND}", False),
        (ON_DEMAND, "", False),
        (ON_DEMAND, f"import shop.routes\n{ALWAYS}", True),
        (ON_DEMAND, f"{ALWAYS}{ROUTES_IN_FUNCTION}", True),
        (IF_THERE, "", False),
        (IF_THERE, ROUTES_IN_FUNCTION, False),
    ],
)
def test_the_container_provides_a_class_only_where_its_module_is_imported_anyway(
    routes: str, main: str, provided: bool, tmp_path: Path
) -> None:
    """Behind a condition there may be a package that is not installed everywhere."""
    root = package(tmp_path, "")
    (root / "shop/helper.py").write_text("def app():\n    from shop.routes import app\n\n    return app\n")
    (root / "shop/optional.py").write_text(
        "import shop.helper\n\n\nclass Plain:\n    def act(self):\n        return 1\n\n\nplain = Plain()\n"
    )
    handler = 'app = FastAPI()\n\n\n@app.get("/")\nasync def h():\n    return plain.act()\n'
    (root / "shop/routes.py").write_text(f"from fastapi import FastAPI\n{routes}\n{handler}", encoding="utf-8")
    (root / "shop/main.py").write_text(main, encoding="utf-8")
    written = {each.path.name: each.after.decode() for each in plan(root, "--style", "container").changes}
    asked = "deps.depends(Plain)" if provided else "Depends(provide_plain)"
    assert f"PlainDep = Annotated[Plain, {asked}]" in written["service_dependencies.py"]


@pytest.mark.parametrize(
    ("elsewhere", "moved"),
    [
        ("", False),
        ("try:\n    import shop.late\nexcept ImportError:\n    pass\n", False),
        ("from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import shop.late\n", False),
        ("import shop.late\n", True),
    ],
)
def test_a_call_that_may_be_the_first_to_import_its_module_stays_behind_what_comes_before(
    elsewhere: str, moved: bool, tmp_path: Path
) -> None:
    """Importing takes time and may fail, and a request that ends before it need not notice either."""
    body = "    if a:\n        return 0\n    from shop.late import get_plain\n\n    return get_plain().act()\n"
    root = package(tmp_path, "")
    (root / "shop/services.py").rename(root / "shop/late.py")
    head = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n"
    handler = f'@app.get("/")\nasync def h(a: str = ""):\n{body}'
    (root / "shop/routes.py").write_text(head + handler, encoding="utf-8")
    (root / "shop/main.py").write_text(elsewhere, encoding="utf-8")
    kept = [each.reason for each in plan(root).plan.kept]
    assert kept == [] if moved else "may be the first to import shop.late" in kept[0]


@pytest.mark.parametrize("read", ["os.environ.get('ZONE')", "os.getenv('ZONE', 'UTC')"])
def test_reading_the_environment_is_no_effect(read: str, tmp_path: Path) -> None:
    root = package(tmp_path, '@app.get("/")\nasync def h(number: int):\n    return get_plain().act()\n')
    services = (root / "shop/services.py").read_text(encoding="utf-8")
    (root / "shop/services.py").write_text(services.replace("self.count = 0", f"self.zone = {read}"), encoding="utf-8")
    assert plan(root).plan.kept == []


def test_a_name_that_is_taken_gets_another_parameter(tmp_path: Path) -> None:
    handler = '@app.get("/")\nasync def h(plain: str = "x"):\n    return [plain, get_plain().act()]\n'
    assert "*, plain_service: PlainDep):\n    return [plain, plain_service.act()]" in rewritten(tmp_path, handler)


def test_a_variable_that_is_assigned_again_stays_a_variable(tmp_path: Path) -> None:
    handler = '@app.get("/")\nasync def h():\n    s = get_plain()\n    s = s.act()\n    return s\n'
    assert "async def h(plain: PlainDep):\n    s = plain\n    s = s.act()\n" in rewritten(tmp_path, handler)


def test_local_imports_that_nothing_needs_go(tmp_path: Path) -> None:
    handler = (
        '@app.get("/")\nasync def h():\n    from shop.services import get_plain as mine, built\n\n'
        "    return [mine().act(), built]\n"
    )
    assert "    from shop.services import built\n\n    return [plain.act(), built]\n" in rewritten(tmp_path, handler)
