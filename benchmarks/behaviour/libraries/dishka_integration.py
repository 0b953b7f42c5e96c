"""dishka with its FastAPI integration."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dishka import AsyncContainer, Provider, Scope, make_async_container
from dishka.integrations.fastapi import DishkaRoute, FastapiProvider, FromDishka, inject, setup_dishka
from fastapi import APIRouter, FastAPI, WebSocket

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.routes import Role, Route, annotated, make_app, marked_routes, parts_of
from benchmarks.behaviour.workload import Journal, Registration, Resolver


class Dishka:
    """`setup_dishka` and `DishkaRoute`."""

    title = "dishka"
    package = "dishka"
    setup = (
        "`make_async_container`, `setup_dishka`, `DishkaRoute` for HTTP and `@inject` elsewhere; a test makes a new "
        "container with a further provider and a new application, as its documentation on testing says."
    )
    remarks: Mapping[str, str] = {
        "http_exception": "Its middleware is around FastAPI's exception handling and never sees the exception.",
        "handled_exception": "See above.",
        "one_under_gather": "A container can be given a `lock_factory`; its FastAPI middleware gives none.",
    }
    by_hand: Mapping[str, str] = {
        "websocket": "a WebSocket route is given what lives as long as the connection; it opens the scope of a "
        "request by hand, by `async with container() as request_container`",
    }

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            mock = Provider(scope=Scope.APP)
            mock.provide(lambda: fake, provides=key, override=True)
            yield self._application(graph, routes, mock)

        return Application(self._application(graph, routes), override)

    def _application(self, graph: Sequence[Registration], routes: Sequence[Route], *mocks: Provider) -> FastAPI:
        provider = Provider()
        for each in graph:
            scope = Scope.APP if each.lifetime == "singleton" else Scope.REQUEST
            provider.provide(_resolver if each.key is Resolver else each.make, provides=each.key, scope=scope)
        container = make_async_container(provider, *mocks, FastapiProvider())

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            yield
            await app.state.dishka_container.close()

        app = make_app(lifespan=lifespan)
        router = APIRouter(route_class=DishkaRoute)
        marked_routes(router, list(routes), _mark)
        app.include_router(router)
        setup_dishka(container, app)
        return app

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


def _resolver(container: AsyncContainer) -> Resolver:
    return Resolver(container.get)


def _mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
    if role == "websocket":

        async def by_hand(websocket: WebSocket, container: FromDishka[AsyncContainer]) -> None:
            async with container() as request_container:
                await function(
                    websocket, **{name: await request_container.get(part) for name, part in parts_of(function).items()}
                )

        marked: Callable[..., Any] = inject(by_hand)
        return marked
    marked = annotated(function, lambda part: FromDishka[part])
    # Routes get the decorator from DishkaRoute.
    return inject(marked) if role == "decorated dependency" else marked
