"""Promises B2 to B4 over HTTP: how a request ended, and what the client was told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, BackgroundTasks, Depends, FastAPI, HTTPException
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from di import Container, Scope, current_scope
from middleware import Deps, RequestScopeMiddleware
from tests.middleware.asgi import get, running
from tests.middleware.conftest import Orders, Session, Sessions

# The container of the fixture offers more than the routes of each test ask for.
pytestmark = pytest.mark.filterwarnings("ignore::di.errors.UnusedProviderWarning")

OK = ["commit", "closed"]


class OutOfStock(Exception):
    """A failure with a handler of its own."""


def add_routes(router: APIRouter, deps: Deps) -> None:  # noqa: C901 - a table of routes
    SessionDep = Annotated[Session, deps.depends(Session)]  # noqa: N806 - an alias

    async def nested(orders: Annotated[Orders, deps.depends(Orders)]) -> Orders:
        return orders

    @router.get("/async")
    async def answer(session: SessionDep, orders: Annotated[Orders, deps.depends(Orders)]) -> str:
        assert orders.session is session
        return "ok"

    @router.get("/status")
    async def refused(session: SessionDep) -> JSONResponse:
        return JSONResponse("refused", 409)

    @router.get("/async-fails")
    async def conflict(session: SessionDep) -> None:
        raise HTTPException(409)

    @router.get("/def-fails")
    def conflict_in_thread(session: SessionDep) -> None:
        raise HTTPException(409)

    @router.get("/nested-fails")
    async def conflict_below(orders: Annotated[Orders, Depends(nested)]) -> None:
        raise HTTPException(409)

    @router.get("/handled")
    async def out_of_stock(session: SessionDep) -> None:
        raise OutOfStock

    @router.get("/by-hand-fails")
    async def by_hand() -> None:
        await current_scope().resolve(Session)
        raise HTTPException(409)

    @router.get("/not-serialisable", response_model=int)
    async def not_an_int(session: SessionDep) -> Any:
        return "three"

    @router.get("/background-fails")
    async def background(session: SessionDep, tasks: BackgroundTasks) -> str:
        def fail() -> None:
            session.log.append("background")
            raise OSError

        tasks.add_task(fail)
        return "ok"

    @router.get("/body-fails")
    async def body_fails(session: SessionDep) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            yield b"first"
            session.log.append("streaming")
            raise OSError("disk")

        return StreamingResponse(body())

    async def closes_badly() -> AsyncIterator[None]:
        yield
        raise HTTPException(503)

    @router.get("/function-dependency-fails")
    async def late_failure(session: SessionDep, _: Annotated[None, Depends(closes_badly, scope="function")]) -> str:
        return "ok"

    @router.get("/invalid")
    async def invalid(number: int, session: SessionDep) -> str:
        return "ok"

    @router.get("/dependency-fails")
    async def dependency_fails(session: SessionDep, _: Annotated[None, Depends(refuse)]) -> str:
        return "ok"

    @router.get("/first-then-dependency-fails")
    async def late_dependency_fails(
        orders: Annotated[Orders, Depends(nested)], _: Annotated[None, Depends(refuse)]
    ) -> str:
        return "ok"


async def refuse() -> None:
    raise HTTPException(403)


@pytest.fixture(params=["direct", "included", "included twice"])
def app(request: pytest.FixtureRequest, container: Container) -> FastAPI:
    deps = Deps()
    app = FastAPI()

    @app.exception_handler(OutOfStock)
    async def handle(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse("out of stock", 410)

    if request.param == "direct":
        add_routes(app.router, deps)
    else:
        router = APIRouter()
        add_routes(router, deps)
        if request.param == "included twice":
            outer = APIRouter()
            outer.include_router(router)
            router = outer
        app.include_router(router)
    deps.install(app, container)
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with running(app), httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.mark.parametrize(
    ("path", "status", "log"),
    [
        ("/async", 200, OK),
        ("/status", 409, OK),
        ("/async-fails", 409, ["HTTPException", "closed"]),
        ("/def-fails", 409, ["HTTPException", "closed"]),
        ("/nested-fails", 409, ["HTTPException", "closed"]),
        ("/by-hand-fails", 409, ["HTTPException", "closed"]),
        ("/handled", 410, ["OutOfStock", "closed"]),
        ("/not-serialisable", 500, ["ResponseValidationError", "closed"]),
        ("/background-fails", 200, ["commit", "background", "OSError", "closed"]),
        ("/function-dependency-fails", 503, ["HTTPException", "closed"]),
        ("/first-then-dependency-fails", 403, ["HTTPException", "closed"]),
    ],
)
async def test_b3_the_session_is_told_how_the_request_ended(
    client: httpx.AsyncClient, sessions: Sessions, path: str, status: int, log: list[str]
) -> None:
    assert (await client.get(path)).status_code == status
    assert sessions.logs == [log]


@pytest.mark.parametrize("path", ["/invalid", "/dependency-fails"])
async def test_a_request_that_is_refused_before_its_services_builds_nothing(
    client: httpx.AsyncClient, sessions: Sessions, path: str
) -> None:
    assert (await client.get(path)).status_code in {403, 422}
    assert sessions.opened == []


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
async def test_b3_a_body_that_breaks_is_a_failure(app: FastAPI, sessions: Sessions, spec: str) -> None:
    async with running(app):
        with pytest.raises(BaseException):  # noqa: B017, PT011 - an exception or a group, as the versions have it
            await get(app, "/body-fails", spec=spec)
    (log,) = sessions.logs
    assert log[:2] == ["commit", "streaming"]
    assert log[2] in {"OSError", "ClientDisconnect", "ExceptionGroup"}
    assert log[3:] == ["closed"]


def streaming_app(container: Container, chunks: list[int]) -> FastAPI:
    app, deps = FastAPI(), Deps()

    @app.get("/")
    async def stream(session: Annotated[Session, deps.depends(Session)]) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            for number in range(10_000):
                chunks.append(number)
                session.log.append("open" if "closed" not in session.log else "too late")
                yield b"x"
                await asyncio.sleep(0)

        return StreamingResponse(body())

    deps.install(app, container)
    return app


@pytest.mark.parametrize("spec", ["2.3", "2.4"])
async def test_b3_a_client_that_leaves_while_streaming_is_no_failure(
    container: Container, sessions: Sessions, spec: str
) -> None:
    chunks: list[int] = []
    app = streaming_app(container, chunks)
    async with running(app):
        await get(app, spec=spec, leave_after=5)
    assert 3 <= len(chunks) < 100
    (log,) = sessions.logs
    assert set(log) == {"commit", "open", "closed"}
    assert (log[0], log[-1]) == ("commit", "closed")


async def test_b2_the_scope_stays_open_until_the_last_byte(container: Container, sessions: Sessions) -> None:
    app, deps = FastAPI(), Deps()

    @app.get("/")
    async def stream(orders: Annotated[Orders, deps.depends(Orders)], tasks: BackgroundTasks) -> StreamingResponse:
        async def body() -> AsyncIterator[bytes]:
            assert await current_scope().resolve(Session) is orders.session
            orders.session.log.append("body")
            yield b"x"

        tasks.add_task(lambda: orders.session.log.append("background"))
        return StreamingResponse(body())

    deps.install(app, container)
    async with running(app):
        await get(app)
    assert sessions.logs == [["commit", "body", "background", "closed"]]


async def test_b2_a_cancelled_request_is_rolled_back_to_its_end(container: Container, sessions: Sessions) -> None:
    app, deps = FastAPI(), Deps()
    inside = asyncio.Event()

    @app.get("/")
    async def hang(session: Annotated[Session, deps.depends(Session)]) -> None:
        inside.set()
        await asyncio.Event().wait()

    deps.install(app, container)
    async with running(app):
        task = asyncio.create_task(get(app))
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert sessions.logs == [["CancelledError", "closed"]]


async def test_b4_a_failed_commit_is_answered_by_the_applications_handler(container: Container) -> None:
    app, deps = FastAPI(), Deps()
    log: list[str] = []

    async def open_session(scope: Scope) -> AsyncIterator[Session]:
        def refuse_commit() -> None:
            raise OutOfStock

        scope.on_success(refuse_commit)
        try:
            yield Session()
        except OutOfStock:
            log.append("rolled back")
            raise

    container.replace(Session, open_session)

    @app.exception_handler(OutOfStock)
    async def handle(_: Request, error: Exception) -> JSONResponse:
        return JSONResponse("out of stock", 410)

    async def below(session: Annotated[Session, deps.depends(Session)]) -> None: ...

    @app.get("/direct")
    async def direct(session: Annotated[Session, deps.depends(Session)]) -> str:
        return "saved"

    @app.get("/below", dependencies=[Depends(below)])
    def in_thread() -> str:
        return "saved"

    @app.get("/stream")
    async def stream(session: Annotated[Session, deps.depends(Session)]) -> StreamingResponse:
        return StreamingResponse(iter([b"saved"]))

    deps.install(app, container)
    async with running(app):
        for path in ("/direct", "/below", "/stream"):
            start, body = (await get(app, path))[:2]
            assert (start["status"], body["body"]) == (410, b'"out of stock"')
    assert log == ["rolled back"] * 3


async def test_b4_on_a_plain_asgi_endpoint_a_failed_commit_is_a_500(container: Container) -> None:
    async def endpoint(_: Request) -> PlainTextResponse:
        def refuse_commit() -> None:
            raise OutOfStock

        current_scope().on_success(refuse_commit)
        return PlainTextResponse("saved")

    app = Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(RequestScopeMiddleware, container=container)])
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get("/")
    assert (response.status_code, "saved" in response.text) == (500, False)


async def test_b4_on_a_plain_asgi_endpoint_the_commit_comes_before_the_first_byte(
    container: Container, sessions: Sessions
) -> None:
    async def endpoint(_: Request) -> StreamingResponse:
        session = await current_scope().resolve(Session)

        async def body() -> AsyncIterator[bytes]:
            yield ",".join(session.log).encode()

        return StreamingResponse(body())

    app = Starlette(routes=[Route("/", endpoint)], middleware=[Middleware(RequestScopeMiddleware, container=container)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert (await client.get("/")).text == "commit"
    assert sessions.logs == [OK]
