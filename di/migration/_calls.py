"""Who asks an accessor, and from where."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from di.migration._accessor import Accessor, Kind
from di.migration._facts import WHOLE_MODULE, Assignment, Class, Function, Module, Reference, Role
from di.migration._inventory import Inventory
from di.migration._judgement import Verdict
from di.migration._linking import Found
from di.migration._project import Project
from di.migration._routes import Routes


class Context(StrEnum):
    """Where a call stands."""

    ROUTE = "route"  # in a route handler, or in a function inside one
    DEPENDS = "depends"  # handed to Depends(), or in a function that is
    SERVICE = "service"  # in a class, or in an accessor that builds one
    HELPER = "helper"  # in any other function: also workers, middleware, start-up
    MODULE = "module"  # when the module is imported
    TEST = "test"


class Form(StrEnum):
    """What a call looks like."""

    CALL = "call"  # get_x()
    DEPENDS = "depends"  # Depends(get_x)
    USE = "use"  # x.method(), where x is a module-level instance


class Detail(StrEnum):
    """What is special about the place of a call."""

    CLOSURE = "closure"  # in a function or lambda inside the handler
    STREAM = "stream"  # in a generator inside the handler: it runs after the handler returned
    WORKER = "worker"  # in a task of a queue or scheduler
    MIDDLEWARE = "middleware"
    ACCESSOR = "accessor"  # in the body of another accessor
    CAPTURE = "capture"  # kept by the module that is being imported


@dataclass(frozen=True, slots=True)
class Call:
    """One call of an accessor."""

    module: Module
    line: int
    accessor: Accessor
    context: Context
    form: Form
    detail: Detail | None
    function: Function | None
    column: int  # in bytes, of the name that is asked
    rest: int  # how many attributes of the name lie behind the instance: 1 for the `send` of `mailer.send`


_ASKING: Final = frozenset({Role.CALL, Role.DEPENDS, Role.DEPENDS_MAKER})
_DATA: Final = frozenset({Verdict.VALUE, Verdict.FRAMEWORK, Verdict.RECORD})


class Calls:
    """Finds the calls of a project's accessors."""

    def __init__(self, project: Project, routes: Routes, inventory: Inventory) -> None:
        self._project = project
        self._routes = routes
        self._inventory = inventory
        self._bodies = {id(each.function): each for each in inventory.accessors if each.function is not None}
        self._view_classes = {
            (module.path, function.owner)
            for module in project.modules
            for function in module.functions
            if function.owner is not None and id(function) in routes.handlers
        }
        self.all = sorted(self._find(), key=lambda each: (each.module.path, each.line, each.accessor.name))

    def _find(self) -> Iterator[Call]:
        for module in self._project.modules:
            for reference in module.references:
                accessor = self.asked(reference, module)
                if accessor is None:
                    continue
                function = module.function_of(reference)
                context, detail = self._place(module, function, reference, accessor)
                form, rest = self._form(reference, module)
                yield Call(module, reference.line, accessor, context, form, detail, function, reference.column, rest)

    def asked(self, reference: Reference, module: Module) -> Accessor | None:
        """Return the accessor a reference asks for its instance, None if it only mentions it or asks nothing."""
        accessor = self._inventory.find(reference.symbol, module)
        if accessor is None or reference.role in {Role.OVERRIDE, Role.ENDPOINT, Role.BARE_ENDPOINT}:
            return None
        target = self._project.linker.resolve(reference.symbol, module)
        if not isinstance(target, Found):
            return None
        is_instance = isinstance(target.item, Assignment) and accessor.kind is not Kind.CACHED
        if is_instance and reference.aliased:  # `service = x; service.send()` is one use of x
            return None
        if not is_instance and (target.rest or reference.role not in _ASKING):
            return None
        return None if self._is_own(accessor, module, reference, is_instance=is_instance) else accessor

    def _is_own(self, accessor: Accessor, module: Module, reference: Reference, *, is_instance: bool) -> bool:
        """Whether a reference is part of the accessor itself, or of a second name of it."""
        function = module.function_of(reference)
        if function is None:
            return any(
                each.kind is Kind.ALIAS and each.module is module and each.line == reference.line
                for each in self._inventory.second_names_of(accessor)
            )
        body = self._bodies.get(id(function))
        if body is None:
            return isinstance(accessor.owner, Class) and function is accessor.function
        return body is accessor or (is_instance and accessor in body.targets)

    def _form(self, reference: Reference, module: Module) -> tuple[Form, int]:
        if reference.role is Role.DEPENDS:
            return Form.DEPENDS, 0
        target = self._project.linker.resolve(reference.symbol, module)
        accessor = self._inventory.find(reference.symbol, module)
        if not isinstance(target, Found) or not isinstance(target.item, Assignment):
            return Form.CALL, 0
        is_instance = accessor is not None and accessor.kind is not Kind.CACHED
        return (Form.USE, len(target.rest)) if is_instance else (Form.CALL, 0)

    def _place(
        self, module: Module, function: Function | None, reference: Reference, accessor: Accessor
    ) -> tuple[Context, Detail | None]:
        if self._project.is_test(module):
            return Context.TEST, None
        if reference.role is Role.DEPENDS:
            return Context.DEPENDS, None
        if function is None:
            if reference.deferred:
                return Context.HELPER, None
            capture = accessor.kind not in {Kind.EAGER, Kind.ALIAS}
            return Context.MODULE, Detail.CAPTURE if capture else None
        handler = self._routes.handler_around(module, function)
        if handler is not None:
            return Context.ROUTE, _detail_in_handler(handler, function, reference)
        if id(function) in self._bodies and not self._bodies[id(function)].is_second_name:
            return Context.SERVICE, Detail.ACCESSOR
        if self._routes.dependency_around(module, function) is not None:
            return Context.DEPENDS, None
        if self._routes.worker_around(module, function) is not None:
            return Context.HELPER, Detail.WORKER
        return self._place_in_class(module, function)

    def _place_in_class(self, module: Module, function: Function) -> tuple[Context, Detail | None]:
        owner = _enclosing_class(module, function)
        if owner is None or (module.path, owner.qualname) in self._view_classes:
            return Context.HELPER, None
        if "middleware" in owner.name.lower():
            return Context.HELPER, Detail.MIDDLEWARE
        verdict = self._project.judge.verdict(module, owner)
        return (Context.HELPER if verdict in _DATA else Context.SERVICE), None


def _detail_in_handler(handler: Function, function: Function, reference: Reference) -> Detail | None:
    if function is not handler and function.is_generator:
        return Detail.STREAM
    return Detail.CLOSURE if function is not handler or reference.deferred else None


def _enclosing_class(module: Module, function: Function) -> Class | None:
    current = function
    while current.owner is None:
        if current.parent == WHOLE_MODULE:
            return None
        current = module.functions[current.parent]
    return module.classes.get(current.owner)
