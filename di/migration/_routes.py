"""Which functions FastAPI calls: route handlers, and functions that stand in `Depends()`."""

import re
from typing import Final

from di.migration._facts import (
    CONSTRUCTORS,
    WHOLE_MODULE,
    Assignment,
    Class,
    Decorator,
    Function,
    Module,
    OriginKind,
    Role,
)
from di.migration._linking import Found, Linker, Outside, Target
from di.migration._project import Project

_VERBS: Final = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
_BARE_METHODS: Final = frozenset({"websocket_route", "route"})
_ROUTE_METHODS: Final = _VERBS | _BARE_METHODS | {"api_route", "websocket"}
_ROUTER_NAME: Final = re.compile(r"router|app\b|api\b|application", re.IGNORECASE)
_WORKER_DECORATORS: Final = frozenset(
    {"task", "shared_task", "actor", "job", "scheduled_job", "cron", "periodic_task", "entrypoint", "repeat_every"}
)


class Routes:
    """The functions of a code base that are handlers or dependencies."""

    def __init__(self, project: Project) -> None:
        self._linker: Linker = project.linker
        self.handlers: set[int] = set()
        self.bare: set[int] = set()  # those of the handlers that Starlette calls, with the request and nothing else
        self.dependencies: set[int] = set()
        self.workers: set[int] = set()
        for module in project.modules:
            for function in module.functions:
                if any(self.is_route(each, module) for each in function.decorators) or self._is_endpoint_method(
                    module, function
                ):
                    self.handlers.add(id(function))
                    self._note_bare(function)
                if any(each.attribute in _WORKER_DECORATORS for each in function.decorators):
                    self.workers.add(id(function))
            self._read_references(module)

    def _read_references(self, module: Module) -> None:
        for reference in module.references:
            if reference.role not in {Role.DEPENDS, Role.DEPENDS_MAKER, Role.ENDPOINT, Role.BARE_ENDPOINT}:
                continue
            target = self._linker.resolve(reference.symbol, module)
            if not isinstance(target, Found) or target.rest:
                continue
            if reference.role in {Role.ENDPOINT, Role.BARE_ENDPOINT}:
                self.handlers.add(id(target.item))
                if reference.role is Role.BARE_ENDPOINT:
                    self.bare.add(id(target.item))
            elif reference.role is Role.DEPENDS:
                self._add_dependency(target)
            else:
                self._add_made(target)

    def _note_bare(self, function: Function) -> None:
        routes = [each.attribute for each in function.decorators if each.attribute in _ROUTE_METHODS and each.called]
        if not routes or any(each in _BARE_METHODS for each in routes):
            self.bare.add(id(function))

    def _add_dependency(self, target: Found) -> None:
        """Note what FastAPI calls for `Depends(target)`."""
        if isinstance(target.item, Function):
            self.dependencies.add(id(target.item))
        elif isinstance(target.item, Class):
            methods = target.item.methods
            self.dependencies.update(id(methods[name]) for name in CONSTRUCTORS if name in methods)
        else:
            for origin in target.item.origins:
                made = self._linker.resolve(origin.symbol, target.module) if origin.symbol is not None else None
                if origin.kind is OriginKind.CALL and isinstance(made, Found) and not made.rest:
                    self._add_made(made)

    def _add_made(self, maker: Found) -> None:
        """Note what FastAPI calls for `Depends(maker(...))`: a closure, or an instance."""
        if isinstance(maker.item, Function):
            index = maker.item.index
            self.dependencies.update(id(each) for each in maker.module.functions if each.parent == index)
        elif isinstance(maker.item, Class):
            call = maker.item.methods.get("__call__")
            if call is not None:
                self.dependencies.add(id(call))

    def is_route(self, decorator: Decorator, module: Module) -> bool:
        """Whether a decorator makes a function a handler."""
        if not decorator.called or not decorator.base or decorator.attribute not in _ROUTE_METHODS:
            return False
        if decorator.symbol is not None:
            target = self._linker.resolve(decorator.symbol, module)
            if isinstance(target, Outside) and target.package in {"unittest", "mock", "responses", "respx", "pytest"}:
                return False
        if decorator.text is not None and decorator.text.startswith("/"):
            return True
        return _names_router(decorator.base) or self._is_router(decorator, module)

    def _is_router(self, decorator: Decorator, module: Module) -> bool:
        if decorator.made_from is not None:
            return self._makes_router(self._linker.resolve(decorator.made_from, module))
        if decorator.symbol is None or len(decorator.symbol.path) < 2:
            return False
        base = self._linker.resolve(decorator.symbol._replace(path=decorator.symbol.path[:-1]), module)
        if not isinstance(base, Found) or not isinstance(base.item, Assignment):
            return False
        made = (each.symbol for each in base.item.origins if each.kind is OriginKind.CALL and each.symbol is not None)
        return any(self._makes_router(self._linker.resolve(each, base.module)) for each in made)

    def _makes_router(self, target: Target) -> bool:
        if isinstance(target, Outside):
            return target.last in {"APIRouter", "FastAPI", "Starlette", "Router"}
        return (
            isinstance(target, Found)
            and isinstance(target.item, Class)
            and any(
                isinstance(each, Outside) and self._makes_router(each)
                for each in self._linker.ancestors(target.module, target.item)
            )
        )

    def _is_endpoint_method(self, module: Module, function: Function) -> bool:
        if function.owner is None or function.name not in _VERBS | {"on_receive", "on_connect", "dispatch_request"}:
            return False
        owner = module.classes.get(function.owner)
        return owner is not None and any(
            isinstance(each, Outside) and each.last in {"HTTPEndpoint", "WebSocketEndpoint"}
            for each in self._linker.ancestors(module, owner)
        )

    def handler_around(self, module: Module, function: Function) -> Function | None:
        """Return the route handler a function is or stands in."""
        return _enclosing(module, function, self.handlers)

    def dependency_around(self, module: Module, function: Function) -> Function | None:
        """Return the dependency function a function is or stands in."""
        return _enclosing(module, function, self.dependencies)

    def worker_around(self, module: Module, function: Function) -> Function | None:
        """Return the background task a function is or stands in."""
        return _enclosing(module, function, self.workers)


def _enclosing(module: Module, function: Function, wanted: set[int]) -> Function | None:
    current = function
    while id(current) not in wanted:
        if current.parent == WHOLE_MODULE:
            return None
        current = module.functions[current.parent]
    return current


def _names_router(base: str) -> bool:
    return _ROUTER_NAME.search(base) is not None
