"""FastAPI's own `Depends`, without a library."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal

from fastapi import Depends, FastAPI
from fastapi.requests import HTTPConnection

from benchmarks.behaviour.answers import Application
from benchmarks.behaviour.routes import Role, Route, defaulted, make_app, marked_routes, parts_of
from benchmarks.behaviour.workload import CannotBeWritten, Journal, Registration, Resolver

_NAMED = "dependencies name each other's functions: what nobody wrote, or a circle, is a `NameError` at import"


class RequestScope:
    """Generators end after the response was sent (the default)."""

    title = "FastAPI Depends"
    package = "fastapi"
    scope: Literal["request", "function"] = "request"
    setup = (
        "One dependency function per service; singletons are opened in the lifespan by hand and read from `app.state`; "
        "tests use `app.dependency_overrides`."
    )
    remarks: Mapping[str, str] = {
        "closing": "The lifespan is written by hand, with an `AsyncExitStack`.",
        "reaches_built": "`dependency_overrides` replaces a function; what the lifespan has built knows nothing of it.",
        "concurrent_overrides": "`dependency_overrides` is one dictionary of the application.",
    }
    by_hand: Mapping[str, str] = {}

    def build(self, graph: Sequence[Registration], routes: Sequence[Route]) -> Application:
        """Return the application."""
        functions = self._functions(graph)

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with AsyncExitStack() as stack:
                app.state.parts = {}
                for each in graph:
                    if each.lifetime == "singleton":
                        app.state.parts[each.key] = await _open(each, app.state.parts, stack)
                yield

        app = make_app(lifespan=lifespan)

        def depends(part: type) -> Any:
            return self._depends(functions, part)

        def mark(function: Callable[..., Any], role: Role) -> Callable[..., Any]:
            return defaulted(function, depends)

        marked_routes(app, list(routes), mark)

        @asynccontextmanager
        async def override(key: type, fake: Any) -> AsyncIterator[FastAPI]:
            app.dependency_overrides[functions[key]] = lambda: fake
            try:
                yield app
            finally:
                app.dependency_overrides.pop(functions[key], None)

        return Application(app, override)

    def _functions(self, graph: Sequence[Registration]) -> dict[type, Callable[..., Any]]:
        functions: dict[type, Callable[..., Any]] = {}
        singletons: set[type] = set()
        for each in graph:
            if each.key is Resolver:
                raise CannotBeWritten("there is no way to ask for a dependency outside of a signature")
            if each.lazy:
                raise CannotBeWritten(
                    "there are no singletons; the lifespan opens such things before the first request"
                )
            if each.lifetime == "scoped":
                functions[each.key] = _scoped(each, lambda part: self._depends(functions, part))
            elif singletons.issuperset(parts_of_make(each.make).values()):
                singletons.add(each.key)
                functions[each.key] = _from_state(each.key)
            else:
                raise CannotBeWritten("the lifespan builds singletons by hand, from those before and no request")
        return functions

    def _depends(self, functions: Mapping[type, Callable[..., Any]], part: type) -> Any:
        if part not in functions:
            raise CannotBeWritten(_NAMED)
        return Depends(functions[part], scope=self.scope)

    def committing_session(self, journal: Journal, commit: Callable[[], Awaitable[None]]) -> Callable[..., Any] | None:
        """Commit after the `yield`."""
        return None


class FunctionScope(RequestScope):
    """Generators end when the route function has returned, before the response is sent."""

    title = 'Depends(scope="function")'
    scope = "function"
    setup = 'As before, with `Depends(..., scope="function")` everywhere.'


def parts_of_make(make: Callable[..., Any]) -> dict[str, type]:
    """Return what a provider needs; a class is asked for its constructor."""
    return parts_of(make.__init__) if inspect.isclass(make) else parts_of(make)


def _from_state(key: type) -> Callable[..., Any]:
    async def read(connection: HTTPConnection) -> Any:
        return connection.app.state.parts[key]

    return read


def _scoped(each: Registration, depends: Callable[[type], Any]) -> Callable[..., Any]:
    if not inspect.isclass(each.make):
        return defaulted(each.make, depends)
    make = each.make

    async def construct(**parts: Any) -> Any:
        return make(**parts)

    parameters = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=depends(part), annotation=part)
        for name, part in parts_of_make(make).items()
    ]
    construct.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by FastAPI
    return construct


async def _open(each: Registration, parts: Mapping[type, Any], stack: AsyncExitStack) -> Any:
    arguments = {name: parts[part] for name, part in parts_of_make(each.make).items()}
    if inspect.isasyncgenfunction(each.make):
        return await stack.enter_async_context(asynccontextmanager(each.make)(**arguments))
    return each.make(**arguments)
