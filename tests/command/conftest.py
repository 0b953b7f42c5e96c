"""A small application in a folder of its own, and the command run in it."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from di._command import main

SHOP = """\
from typing import Annotated

from fastapi import FastAPI, WebSocket

from di import Container
from middleware import Deps


class Settings: ...
class Session: ...
class Mailer:
    def __init__(self, settings: Settings) -> None: ...
class Orders:
    def __init__(self, session: Session, mailer: Mailer) -> None: ...
class Stock:
    def __init__(self, session: Session, orders: Orders) -> None: ...
class Sweeper:
    def __init__(self, stock: Stock) -> None: ...


deps = Deps()


def make_container() -> Container:
    container = Container()
    container.singleton(Settings, Settings())
    container.scoped(Session)
    container.singleton(Mailer, external=True)
    container.scoped(Orders)
    container.scoped(Stock)
    container.scoped(Sweeper)
    return container


def make_app(container: Container | None = None) -> FastAPI:
    app = FastAPI()

    @app.post("/orders")
    async def order(orders: Annotated[Orders, deps.depends(Orders)]) -> str:
        return ""

    @app.get("/stock/{item}")
    async def stock(stock: Annotated[Stock, deps.depends(Stock)]) -> str:
        return ""

    @app.websocket("/live")
    async def live(socket: WebSocket, stock: Annotated[Stock, deps.depends(Stock)]) -> None: ...

    deps.install(app, container or make_container(), roots=[Sweeper])
    return app


container = make_container()
app = make_app()
bare = FastAPI()
"""


@dataclass
class Result:
    """What one run of the command gave."""

    code: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "shop.py").write_text(SHOP)
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in sys.modules.keys() - modules:
        if str(getattr(sys.modules[name], "__file__", None)).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: str) -> Result:
        try:
            code = main(arguments)
        except SystemExit as error:
            code = int(str(error.code))
        out, err = capsys.readouterr()
        return Result(code, out, err)

    return run
