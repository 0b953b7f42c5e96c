"""Whether an accessor may be asked earlier than before: whether building its instance can fail or be noticed."""

import ast
from dataclasses import dataclass

from di.migration._accessor import Accessor, Kind, Variant
from di.migration._facts import CONSTRUCTORS, Class, Function, Module
from di.migration._inventory import Inventory
from di.migration._linking import Found, Outside, Slot, Target
from di.migration._names import Names
from di.migration._project import Project
from di.migration._rewrite.harmless import (
    HARMLESS_BASES,
    HARMLESS_CALLS,
    HARMLESS_CLASS_DECORATORS,
    LOG_METHODS,
    LOGGER_NAMES,
)
from di.migration._rewrite.scopes import names_in
from di.migration._rewrite.sources import Sources, dotted_parts

MAXIMUM_DEPTH = 12  # of functions that call functions

Owner = tuple[Module, Class]


@dataclass(frozen=True, slots=True)
class Effect:
    """What makes a construction more than storing attributes, and where."""

    what: str
    module: Module
    line: int


@dataclass(frozen=True, slots=True)
class _Body:
    """The function whose statements are being judged."""

    module: Module
    names: Names
    owner: Owner | None  # the class of `self`
    slots: frozenset[Slot]  # what it may fill: it is the accessor that keeps its instance there
    depth: int


class Constructions:
    """Judges accessors; what is not known to be harmless counts as an effect."""

    def __init__(self, project: Project, inventory: Inventory, sources: Sources) -> None:
        self._project = project
        self._inventory = inventory
        self._sources = sources
        self._known: dict[int, Effect | None] = {}
        self._properties = {
            function.name
            for _, function in project.functions()
            if any("property" in each.attribute for each in function.decorators)
        }

    def effect_of(self, accessor: Accessor) -> Effect | None:
        """Return what is noticed when the accessor is asked for the first time, None if nothing is."""
        if id(accessor) not in self._known:
            self._known[id(accessor)] = None  # a cycle is judged by its other parts
            self._known[id(accessor)] = self._judge(accessor)
        return self._known[id(accessor)]

    def _judge(self, accessor: Accessor) -> Effect | None:
        module = accessor.module
        if accessor.kind in {Kind.EAGER, Kind.ALIAS} and accessor.function is None:
            return None  # it was built when its module was imported
        if accessor.function is None and accessor.kind is Kind.CACHED and accessor.variable is not None:
            return Effect(f"{accessor.name} is made by a call", module, accessor.line)
        if accessor.function is None or (accessor.owner is not None and accessor.name == accessor.owner.qualname):
            return Effect("each call runs the constructor again", module, accessor.line)
        if Variant.RAISES in accessor.variants:
            return Effect("it may raise", module, accessor.line)
        if Variant.FILLED_ELSEWHERE in accessor.variants:
            return Effect("it is filled by somebody else", module, accessor.line)
        owner = self._project.owner_of(module, accessor.function)
        return self._function(
            accessor.function, module, (module, owner) if owner is not None else None, accessor.slots, 0
        )

    def _function(
        self, function: Function, module: Module, owner: Owner | None, slots: frozenset[Slot], depth: int
    ) -> Effect | None:
        source = self._sources.of(module)
        node = source.definition_of(function) if source is not None else None
        if node is None or source is None or depth > MAXIMUM_DEPTH:
            return Effect(f"{function.name} cannot be followed", module, function.line)
        if function.is_generator:
            return Effect(f"{function.name} is a generator", module, function.line)
        return self._block(node.body, _Body(module, names_in(source, node), owner, slots, depth))

    def _block(self, statements: list[ast.stmt], body: _Body) -> Effect | None:
        return next((found for each in statements if (found := self._statement(each, body)) is not None), None)

    def _statement(self, node: ast.stmt, body: _Body) -> Effect | None:
        match node:
            case (
                ast.Pass()
                | ast.Global()
                | ast.Nonlocal()
                | ast.Import()
                | ast.ImportFrom()
                | ast.Continue()
                | ast.Break()
            ):
                return None
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return None
            case ast.Expr(value=value) | ast.Return(value=value):
                return self._expression(value, body)
            case ast.Assign(targets=targets, value=value):
                return self._expression(value, body) or self._targets(targets, body)
            case ast.AnnAssign(target=target, value=value):
                return self._expression(value, body) or self._targets([target], body)
            case ast.If(test=test):
                return self._expression(test, body) or self._block([*node.body, *node.orelse], body)
            case ast.With(items=items) | ast.AsyncWith(items=items) if all(
                _is_lock(each.context_expr) for each in items
            ):
                return self._block(node.body, body)
            case ast.Try():  # the handlers run only if the body fails
                return self._block([*node.body, *node.orelse, *node.finalbody], body)
            case _:
                return self._noticed(node, body)

    def _targets(self, targets: list[ast.expr], body: _Body) -> Effect | None:
        for target in targets:
            if isinstance(target, ast.Tuple | ast.List):
                found = self._targets(target.elts, body)
            elif isinstance(target, ast.Attribute) and self._is_instance(target.value, body):
                found = None
            else:
                symbol = body.names.symbol_of(target)
                slot = self._project.linker.slot_of(symbol, body.module) if symbol is not None else None
                own = slot is not None and any((slot.path, slot.name) == (each.path, each.name) for each in body.slots)
                is_local = isinstance(target, ast.Name) and symbol is None
                found = None if own or is_local else self._noticed(target, body)
            if found is not None:
                return found
        return None

    @staticmethod
    def _is_instance(node: ast.expr, body: _Body) -> bool:
        return isinstance(node, ast.Name) and body.owner is not None and node.id == "self"

    def _expression(self, node: ast.expr | None, body: _Body) -> Effect | None:
        match node:
            case None | ast.Constant() | ast.Name() | ast.Lambda():
                return None
            case ast.Attribute(value=value, attr=name):
                return self._noticed(node, body) if name in self._properties else self._expression(value, body)
            case ast.Call():
                return self._call(node, body)
            case (
                ast.BoolOp()
                | ast.Compare()
                | ast.IfExp()
                | ast.UnaryOp()
                | ast.List()
                | ast.Tuple()
                | ast.Set()
                | ast.Dict()
                | ast.JoinedStr()
                | ast.FormattedValue()
                | ast.NamedExpr()
                | ast.Await()
                | ast.keyword()
            ):
                parts = (each for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr))
                return next((found for each in parts if (found := self._expression(each, body)) is not None), None)
            case ast.BinOp(left=left, right=right) if _is_number(left) and _is_number(right):
                return None
            case _:
                return self._noticed(node, body)

    def _call(self, node: ast.Call, body: _Body) -> Effect | None:
        for each in (*node.args, *(keyword.value for keyword in node.keywords)):
            found = self._expression(each, body)
            if found is not None:
                return found
        parts = dotted_parts(node.func)
        if parts is not None and len(parts) > 1 and parts[-2] in LOGGER_NAMES and parts[-1] in LOG_METHODS:
            return None
        if _is_super_call(node.func):
            return None  # base classes are judged with the class
        own = self._own_method(parts, body)
        if own is not None:
            return self._follow(own, node, body, own_method=True)
        symbol = body.names.symbol_of(node.func)
        if symbol is None:
            return self._noticed(node, body)
        accessor = self._inventory.find(symbol, body.module)
        if accessor is not None and not node.args and not node.keywords:
            return self.effect_of(accessor)
        return self._follow(self._project.linker.resolve(symbol, body.module), node, body)

    def _own_method(self, parts: list[str] | None, body: _Body) -> Found | None:
        if parts is None or len(parts) != 2 or parts[0] not in {"self", "cls"} or body.owner is None:
            return None
        return self._project.linker.member(*body.owner, parts[1])

    def _follow(self, target: Target, node: ast.Call, body: _Body, *, own_method: bool = False) -> Effect | None:
        match target:
            case Outside(name=name) if name in HARMLESS_CALLS or name.removeprefix("builtins.") in HARMLESS_CALLS:
                return None
            case Found(item=Class() as item, rest=()):
                return self._constructor(target.module, item, node, body)
            case Found(item=Function() as item, rest=()):
                owner = self._project.owner_of(target.module, item)
                instance = body.owner if own_method else (target.module, owner) if owner is not None else None
                return self._function(item, target.module, instance, body.slots, body.depth + 1)
            case _:
                return self._noticed(node, body)

    def _constructor(self, module: Module, item: Class, node: ast.Call, body: _Body) -> Effect | None:
        known = self._inventory.of_item(item)
        if item.metaclass is not None or (known is not None and known.owner is item and known.name == item.qualname):
            return self._noticed(node, body)
        for ancestor in self._project.linker.ancestors(module, item):
            if isinstance(ancestor, Outside):
                if ancestor.last not in HARMLESS_BASES:
                    return Effect(f"{item.name} inherits {ancestor.last}", module, item.line)
                continue
            home, owner = ancestor
            if any(each.attribute not in HARMLESS_CLASS_DECORATORS for each in owner.decorators):
                return Effect(f"{owner.name} is decorated", home, owner.line)
            for name in CONSTRUCTORS & owner.methods.keys():
                found = self._function(owner.methods[name], home, (module, item), frozenset(), body.depth + 1)
                if found is not None:
                    return found
        return None

    def _noticed(self, node: ast.AST, body: _Body) -> Effect:
        source = self._sources.of(body.module)
        line = getattr(node, "lineno", 1)
        if isinstance(node, ast.expr) and source is not None:
            return Effect(source.text_of(node), body.module, line)
        return Effect(f"a {type(node).__name__.lower()} statement", body.module, line)


def _is_super_call(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "super"
    )


def _is_lock(node: ast.expr) -> bool:
    parts = dotted_parts(node)
    return parts is not None and ("lock" in parts[-1].lower() or "mutex" in parts[-1].lower())


def _is_number(node: ast.expr) -> bool:
    match node:
        case ast.Constant(value=int() | float()):
            return True
        case ast.BinOp(left=left, right=right, op=ast.Add() | ast.Sub() | ast.Mult()):
            return _is_number(left) and _is_number(right)
        case _:
            return False
