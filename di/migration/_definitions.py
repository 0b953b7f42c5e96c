"""Reads functions and classes, each in a scope of its own."""

import ast

from di.migration._annotations import is_builtin, is_depends, types_named
from di.migration._context import Context
from di.migration._facts import Class, Decorator, Function, OriginKind, Parameter
from di.migration._names import Scope, ScopeKind
from di.migration._scopes import all_parameters, bind_block, parameter_names
from di.migration._statements import Statements

_TYPE_METHODS = frozenset({"__new__", "__init_subclass__", "__class_getitem__"})


class Definitions(Statements):
    """Walks the statements of a file, its functions and classes."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self._prefix = ""

    def _visit(self, node: ast.stmt) -> None:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._visit_function(node)
            case ast.ClassDef():
                self._visit_class(node)
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value) if (
                self._context.function is None and self._context.owner is None
            ):
                self._visit_named_lambda(node, name, value)
            case _:
                super()._visit(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        context = self._context
        for each in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            self._references.visit(each)
        for parameter in all_parameters(node.args):
            self._references.visit_annotation(parameter.annotation)
        self._references.visit_annotation(node.returns)
        function = self._add_function(node.name, node)
        function.is_async = isinstance(node, ast.AsyncFunctionDef)
        function.decorators = tuple(self._decorator(each) for each in node.decorator_list)
        function.parameters = self._parameters(node.args)
        function.annotation = types_named(node.returns, self._names)
        if context.owner is not None and function.owner is not None:
            context.owner.methods.setdefault(node.name, function)
        self._read_body(function, node.args, node.body)

    def _visit_named_lambda(self, node: ast.stmt, name: str, value: ast.Lambda) -> None:
        for default in value.args.defaults:
            self._references.visit(default)
        function = self._add_function(name, node)
        function.parameters = self._parameters(value.args)
        returned = ast.copy_location(ast.Return(value.body), value)
        self._read_body(function, value.args, [returned])

    def _add_function(self, name: str, node: ast.stmt) -> Function:
        context = self._context
        functions = context.module.functions
        directly_in_class = self._names.scopes[-1].kind is ScopeKind.CLASS
        function = Function(
            self._prefix + name,
            node.lineno,
            node.end_lineno or node.lineno,
            len(functions),
            context.index,
            context.owner.qualname if context.owner is not None and directly_in_class else None,
        )
        functions.append(function)
        if self._names.scopes[-1].kind is ScopeKind.MODULE:
            context.module.bindings.setdefault(name, []).append(function)
        return function

    def _read_body(self, function: Function, arguments: ast.arguments, body: list[ast.stmt]) -> None:
        context, names = self._context, self._names
        bound = bind_block(body, function.qualname, deep=context.deep)
        function.is_generator = bound.yields
        context.module.imports.update(bound.imports)
        parameters = parameter_names(arguments)
        for name in parameters:
            bound.add(name)
        scope = Scope(ScopeKind.FUNCTION, bound, function.qualname, parameters=frozenset(parameters))
        positional = [*arguments.posonlyargs, *arguments.args]
        if function.owner is not None and positional and not _is_static(function):
            scope.class_name = function.owner
            if _is_of_type(function):
                scope.type = positional[0].arg
            else:
                scope.instance = positional[0].arg
        before = context.function, context.guards, context.deferred, self._prefix
        context.function, context.guards, context.deferred = function, frozenset(), False
        self._prefix = f"{function.qualname}."
        names.scopes.append(scope)
        self.visit_block(body)
        names.scopes.pop()
        context.function, context.guards, context.deferred, self._prefix = before

    def _visit_class(self, node: ast.ClassDef) -> None:
        context, names = self._context, self._names
        for each in (*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)):
            self._references.visit(each)
        metaclass = next((each.value for each in node.keywords if each.arg == "metaclass"), None)
        bases = [each.value if isinstance(each, ast.Subscript) else each for each in node.bases]
        made = Class(
            self._prefix + node.name,
            node.lineno,
            tuple(symbol for each in bases if (symbol := names.symbol_of(each)) is not None),
            names.symbol_of(metaclass) if metaclass is not None else None,
            tuple(self._decorator(each) for each in node.decorator_list),
            nested=context.function is not None,
        )
        context.module.classes.setdefault(made.qualname, made)
        if made.nested:
            names.function_classes.add(made.qualname)
        if names.scopes[-1].kind is ScopeKind.MODULE:
            context.module.bindings.setdefault(node.name, []).append(made)
        before = context.owner, self._prefix
        context.owner, self._prefix = made, f"{made.qualname}."
        names.scopes.append(
            Scope(ScopeKind.CLASS, bind_block(node.body, made.qualname, deep=context.deep), made.qualname)
        )
        self.visit_block(node.body)
        names.scopes.pop()
        context.owner, self._prefix = before

    def _decorator(self, node: ast.expr) -> Decorator:
        called = isinstance(node, ast.Call)
        function = node.func if isinstance(node, ast.Call) else node
        text: str | None = None
        has_argument = False
        if isinstance(node, ast.Call):
            has_argument = bool(node.args or node.keywords)
            path = node.args[0] if node.args else next((k.value for k in node.keywords if k.arg == "path"), None)
            if isinstance(path, ast.Constant) and isinstance(path.value, str):
                text = path.value
        if isinstance(function, ast.Attribute):
            base, attribute = ast.unparse(function.value), function.attr
        else:
            base, attribute = "", function.id if isinstance(function, ast.Name) else ""
        made_from = None
        if isinstance(function, ast.Attribute):
            origins = self._names.origins_of(function.value)
            made_from = next((each.symbol for each in origins if each.kind is OriginKind.CALL), None)
        return Decorator(self._names.symbol_of(function), attribute, base, called, text, has_argument, made_from)

    def _parameters(self, arguments: ast.arguments) -> tuple[Parameter, ...]:
        positional = [*arguments.posonlyargs, *arguments.args]
        missing = len(positional) - len(arguments.defaults)
        defaults: dict[str, ast.expr | None] = {
            each.arg: arguments.defaults[position - missing] if position >= missing else None
            for position, each in enumerate(positional)
        }
        defaults |= {each.arg: value for each, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)}
        variadic = {each.arg for each in (arguments.vararg, arguments.kwarg) if each is not None}
        return tuple(
            Parameter(
                each.arg,
                types_named(each.annotation, self._names),
                defaults.get(each.arg) is not None,
                is_depends(defaults.get(each.arg), self._names) or is_depends(each.annotation, self._names),
                each.arg in variadic,
            )
            for each in all_parameters(arguments)
        )


def _is_static(function: Function) -> bool:
    return any(each.symbol is not None and is_builtin(each.symbol, "staticmethod") for each in function.decorators)


def _is_of_type(function: Function) -> bool:
    return function.name in _TYPE_METHODS or any(
        each.symbol is not None and is_builtin(each.symbol, "classmethod") for each in function.decorators
    )
