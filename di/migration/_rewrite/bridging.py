"""Stage 4: the container makes a service, its getter becomes a bridge, and its constructor says what it needs."""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from di.migration._accessor import Accessor, Kind, Variant
from di.migration._calls import Context, Detail
from di.migration._classes import Built
from di.migration._facts import WRITTEN_BY, Class, Function, Module, Role, Source, Symbol
from di.migration._linking import Found
from di.migration._resets import Touch
from di.migration._rewrite.changes import shown_path
from di.migration._rewrite.constructor_parameters import Constructors
from di.migration._rewrite.harmless import LOGGER_NAMES
from di.migration._rewrite.plan import Plan
from di.migration._rewrite.reading import Reading
from di.migration._rewrite.sources import Definition, SourceFile
from di.migration._rewrite.wrappers import TypeName

BRIDGE_NAME = "service_bridge.py"
_KINDS = frozenset({Kind.GLOBAL, Kind.ASYNC, Kind.CACHED})
_ODD = {
    Variant.SEVERAL_CLASSES: "it builds one of several classes",
    Variant.NONE_LEGAL: "it may return None",
    Variant.RAISES: "it may raise",
    Variant.FILLED_ELSEWHERE: "somebody else fills it",
    Variant.SEVERAL_SLOTS: "it keeps more than the service",
    Variant.FLAG: "it keeps a flag beside the service",
    Variant.PART: "it hands out a part of what it keeps",
    Variant.ARGUMENTS: "it takes arguments",
}


@dataclass(slots=True)
class Bridged:
    """What became of the services that were asked for."""

    services: list[TypeName] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)  # getter, reason
    notes: list[str] = field(default_factory=list)

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to say of stage 4."""
        return bool(self.services or self.refused or self.notes)


class Bridging:
    """Plans stage 4, service by service."""

    def __init__(self, reading: Reading, registered: set[str], may_import: Callable[[TypeName], bool]) -> None:
        self._reading = reading
        self._may_import = may_import  # whether the file of the registrations may import a class
        self._constructors = Constructors(reading, registered)

    def plan_all(self, getters: Iterable[str], plan: Plan, bridge_module: str) -> Bridged:
        """Plan the edits of each service's own file."""
        bridged = Bridged()
        for name in getters:
            found = [each for each in self._reading.inventory.accessors if each.name == name]
            if not found and self._is_bridge(name):
                bridged.notes.append(f"{name} is a bridge already")
                continue
            if len(found) != 1:
                bridged.refused.append((name, "there is no such getter" if not found else "several have this name"))
                continue
            reason = self._reason_against(found[0])
            if reason is not None:
                bridged.refused.append((name, reason))
                continue
            self._edit(found[0], plan, bridge_module, bridged)
        return bridged

    def _is_bridge(self, name: str) -> bool:
        named = ((module, each) for module, each in self._reading.project.functions() if each.qualname == name)
        return any(self._constructors.handed_out_by(module, each) is not None for module, each in named)

    def _reason_against(self, accessor: Accessor) -> str | None:
        if accessor.kind not in _KINDS or accessor.function is None or accessor.function.owner is not None:
            return f"a getter of kind {accessor.kind.value} is not bridged by the tool"
        for variant, reason in _ODD.items():
            if variant in accessor.variants:
                return reason
        if any(each.attribute == "shadow" for each in accessor.function.decorators):
            return "bridge.shadow watches it: take out what watching needed first"
        if len(accessor.classes) != 1 or accessor.classes[0].item is None or "." in accessor.classes[0].item.qualname:
            return "the class that it builds is not one of the code base"
        source = self._reading.sources.of(accessor.module)
        node = source.definition_of(accessor.function) if source is not None else None
        home = accessor.classes[0].module
        if source is None or node is None or home is None:
            return "its file cannot be read again"
        if accessor.kind is Kind.CACHED and len(node.decorator_list) > 1:
            return "it has another decorator than the one that keeps its instance"
        if not self._may_import(TypeName(self._reading.names.of(home), accessor.classes[0].name)):
            return f"importing {accessor.classes[0].name} where it is registered closes a cycle"
        return (
            self._reading.refuses_rewriting(source)
            or _does_more(source, node, accessor.classes[0])
            or next(self._dependents(accessor), None)
            or self._reason_against_name(accessor.module)
        )

    def _reason_against_name(self, module: Module) -> str | None:
        if "bridge" not in module.bindings:
            return None
        bound = self._reading.project.linker.resolve(Symbol(Source.MODULE, "", ("bridge",)), module)
        is_own = isinstance(bound, Found) and bound.module.path.name == BRIDGE_NAME
        return None if is_own else "bridge means something else in its file"

    def _dependents(self, accessor: Accessor) -> Iterator[str]:
        """Yield what relies on the getter keeping its own instance, or on its working without a container."""
        for touched in self._reading.resets.touched:
            if touched.accessor is accessor and touched.how is not Touch.PATCH_USE:
                yield f"a test replaces its instance ({shown_path(touched.module.path)}:{touched.line})"
        for reset in self._reading.resets.functions:
            is_reset = reset.accessor is accessor
            place = self._use_of(reset.function, None, self._reading.project.modules) if is_reset else None
            if place is not None:
                yield f"{reset.function.name}() replaces its instance ({place})"
        yield from self._callers(accessor)
        handed_on = accessor.function and self._use_of(accessor.function, Role.VALUE, self._reading.project.sources)
        if handed_on is not None:
            yield f"it is handed on, perhaps to a container, which would ask itself ({handed_on})"

    def _callers(self, accessor: Accessor) -> Iterator[str]:
        for call in self._reading.calls.all:
            place = f"{shown_path(call.module.path)}:{call.line}"
            if call.accessor is not accessor:
                continue
            if call.context is Context.TEST:
                yield f"a test calls it, where no container may run ({place})"
            elif call.context is Context.MODULE:
                yield f"it is called at import ({place})"
            elif call.detail is Detail.WORKER:
                yield f"a worker calls it, where no container runs ({place})"

    def _use_of(self, function: Function, role: Role | None, modules: Iterable[Module]) -> str | None:
        for module in modules:
            for reference in module.references:
                if reference.symbol.path[-1:] == (function.name,) and role in {None, reference.role}:
                    target = self._reading.project.linker.resolve(reference.symbol, module)
                    if isinstance(target, Found) and target.item is function:
                        return f"{shown_path(module.path)}:{reference.line}"
        return None

    def _edit(self, accessor: Accessor, plan: Plan, bridge_module: str, bridged: Bridged) -> None:
        built, function = accessor.classes[0], accessor.function
        source = self._reading.sources.of(accessor.module)
        node = source.definition_of(function) if source is not None and function is not None else None
        if source is None or node is None or built.item is None or built.module is None:
            return
        edits = plan.edits_of(accessor.module)
        asked = "await bridge.resolve" if isinstance(node, ast.AsyncFunctionDef) else "bridge.get"
        edits.bodies[source.position_of(node)] = f"return {asked}({_class_name(node, built)})"
        edits.imports.setdefault(bridge_module, {})["bridge"] = "bridge"
        if accessor.kind is Kind.CACHED:
            edits.bare.add(source.position_of(node))
        edits.removed |= {source.position_of(each) for each in _slots(source, node)}
        if self._is_built_elsewhere(built.item, function):
            bridged.notes.append(f"{built.name} is also built past {accessor.name}: its constructor stays as it is")
        else:
            bridged.notes += self._constructors.plan(built.module, built.item, plan)
        self._constructors.registered.add(built.name)
        bridged.services.append(TypeName(self._reading.names.of(built.module), built.item.qualname))

    def _is_built_elsewhere(self, item: Class, getter: Function | None) -> bool:
        for module in self._reading.project.modules:
            for reference in module.references:
                if reference.role is not Role.CALL or reference.symbol.path[-1:] != (item.name,):
                    continue
                target = self._reading.project.linker.resolve(reference.symbol, module)
                own = getter is not None and module.function_of(reference) is getter
                if isinstance(target, Found) and target.item is item and not own:
                    return True
        return any(
            isinstance(ancestor, tuple) and ancestor[1] is item
            for module in self._reading.project.modules
            for other in module.classes.values()
            if other is not item
            for ancestor in self._reading.project.linker.ancestors(module, other)
        )


def _does_more(source: SourceFile, getter: Definition, built: Built) -> str | None:
    """Return what a getter does besides building its class without arguments."""
    for call in (each for part in getter.body for each in ast.walk(part) if isinstance(each, ast.Call)):
        text = source.text_of(call.func)
        if text.partition(".")[0] in LOGGER_NAMES:
            continue
        if text.rpartition(".")[2] != built.name:
            return f"it does more than build {built.name}: {source.text_of(call)}"
        if call.args or call.keywords:
            return f"it builds {built.name} with arguments"
    return None


def _class_name(node: Definition, built: Built) -> str:
    calls = (ast.unparse(each.func) for each in ast.walk(node) if isinstance(each, ast.Call))
    return next((each for each in calls if each.rpartition(".")[2] == built.name), built.name)


def _slots(source: SourceFile, getter: Definition) -> Iterator[ast.stmt]:
    """Yield the assignments of module variables that nothing but the getter uses."""
    inside = set(ast.walk(getter))
    declared = {name for each in inside if isinstance(each, ast.Global) for name in each.names}
    for statement in source.tree.body:
        target: ast.expr | None = statement.target if isinstance(statement, ast.AnnAssign) else None
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
        if not isinstance(target, ast.Name) or target.id not in declared:
            continue
        uses = [each for each in ast.walk(source.tree) if isinstance(each, ast.Name) and each.id == target.id]
        globals_ = [each for each in ast.walk(source.tree) if isinstance(each, ast.Global) and target.id in each.names]
        if all(each in inside or each is target for each in uses) and all(each in inside for each in globals_):
            yield statement


def bridge_text() -> str:
    """Return the module that getters ask."""
    return (
        f'"""What the getters of moved services ask. {WRITTEN_BY}."""\n\n'
        "from di.bridge import Bridge\n\nbridge = Bridge()\n"
    )


def registered_types(path: Path) -> set[str]:
    """Return the names of the classes that the container makes itself, by the file of the wrappers."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return set()
    return {
        each.args[0].id
        for each in ast.walk(tree)
        if isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr == "singleton"
        and each.args
        and isinstance(each.args[0], ast.Name)
    }
