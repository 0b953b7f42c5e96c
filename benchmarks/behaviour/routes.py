"""Routes that are written once and marked anew in each library's way."""

import inspect
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, get_type_hints

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from benchmarks.behaviour.workload import Conflict, Part


@dataclass(frozen=True)
class Route:
    """One route; `below` is a dependency function whose result goes to the handler's `value`."""

    path: str
    handler: Callable[..., Any]
    websocket: bool = False
    response_model: Any = None
    below: Callable[..., Any] | None = None
    below_is: "Role" = "dependency"


# What a function is in an application; only to a "decorated dependency" a library's decorator is put by the user.
Role = Literal["route", "websocket", "dependency", "decorated dependency"]


class Mark(Protocol):
    """Makes a library inject the `Part`s in a function's signature."""

    def __call__(self, function: Callable[..., Any], role: Role) -> Callable[..., Any]:
        """Return the marked function."""


def marked_routes(router: APIRouter | FastAPI, routes: list[Route], mark: Mark) -> None:
    """Add the routes to a router or an application."""
    for route in routes:
        handler = route.handler
        if route.below is not None:
            handler = _with_default(handler, "value", Depends(mark(route.below, route.below_is)))
        handler = mark(handler, "websocket" if route.websocket else "route")
        if route.websocket:
            router.add_api_websocket_route(route.path, handler)
        else:
            router.add_api_route(route.path, handler, response_model=route.response_model)


def make_app(**options: Any) -> FastAPI:
    """Return an application that turns `Conflict` into a response, as real ones do with their own errors."""
    app = FastAPI(**options)

    @app.exception_handler(Conflict)
    async def conflict(request: Request, error: Conflict) -> JSONResponse:
        return JSONResponse({"detail": "conflict"}, status_code=409)

    return app


def parts_of(function: Callable[..., Any]) -> dict[str, type]:
    """Return the parameters of a function that are to be injected."""
    hints = get_type_hints(function)
    return {
        name: hint
        for name, hint in hints.items()
        if name != "return" and inspect.isclass(hint) and issubclass(hint, Part)
    }


def annotated(function: Callable[..., Any], annotation: Callable[[type], Any]) -> Callable[..., Any]:
    """Return the function with other annotations where something is to be injected."""
    copy = _copy(function)
    for name, part in parts_of(function).items():
        copy.__annotations__[name] = annotation(part)
    return copy


def defaulted(function: Callable[..., Any], default: Callable[[type], Any]) -> Callable[..., Any]:
    """Return the function with defaults where something is to be injected; those parameters stand last."""
    copy = _copy(function)
    copy.__defaults__ = (*(copy.__defaults__ or ()), *(default(part) for part in parts_of(function).values()))
    return copy


def _with_default(function: Callable[..., Any], name: str, default: Any) -> Callable[..., Any]:
    copy = _copy(function)
    assert list(inspect.signature(copy).parameters) == [name]
    copy.__defaults__ = (default,)
    return copy


def _copy(function: Callable[..., Any]) -> types.FunctionType:
    assert isinstance(function, types.FunctionType)
    copy = types.FunctionType(
        function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    copy.__annotations__ = get_type_hints(function, include_extras=True)
    copy.__module__ = function.__module__
    copy.__qualname__ = function.__qualname__
    copy.__dict__.update(function.__dict__)
    return copy
