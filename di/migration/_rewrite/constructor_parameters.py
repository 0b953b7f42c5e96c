"""Turns what a class asks getters for into parameters of its constructor."""

import ast
from collections.abc import Iterator

from di.migration._facts import Class, Function, Module
from di.migration._linking import Found
from di.migration._rewrite.plan import NewParameter, Plan
from di.migration._rewrite.reading import Reading
from di.migration._rewrite.scopes import local_name, names_in
from di.migration._rewrite.sources import Definition, SourceFile, names_used_in


class Constructors:
    """Plans the parameters of one class after the other."""

    def __init__(self, reading: Reading, registered: set[str]) -> None:
        self._reading = reading
        self.registered = registered  # classes that the container makes: only those can be parameters

    def plan(self, module: Module, item: Class, plan: Plan) -> list[str]:
        """Plan what a class's file needs, and return what stays, with the reason."""
        source = self._reading.sources.of(module)
        made = source.class_at(item.line) if source is not None else None
        if source is None or made is None or self._reading.refuses_rewriting(source) is not None:
            return []
        constructor = next(
            (each for each in made.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None
        )
        notes: list[str] = []
        if constructor is None:
            return notes
        taken = names_used_in(constructor)
        for attribute, call in _eager(constructor):
            self._move(module, source, constructor, call, attribute.lstrip("_"), taken, plan, notes)
        for method, call in _lazy(made):
            hidden = f"_{method.name}"
            if hidden in {each.attr for each in ast.walk(made) if isinstance(each, ast.Attribute)}:
                continue
            if self._move(module, source, constructor, call, method.name, taken, plan, notes, replaces=False):
                edits = plan.edits_of(module)
                edits.bodies[source.position_of(method)] = f"return self.{hidden}"
                edits.appended.setdefault(source.position_of(constructor), []).append(f"self.{hidden} = {method.name}")
        return notes

    def _move(
        self,
        module: Module,
        source: SourceFile,
        constructor: Definition,
        call: ast.Call,
        name: str,
        taken: set[str],
        plan: Plan,
        notes: list[str],
        *,
        replaces: bool = True,
    ) -> bool:
        found = self._asked(module, source, call)
        if found is None:
            return False
        getter, built, home, awaited = found
        if awaited:
            notes.append(f"{getter} is still asked in line {call.lineno}: whoever has what it returns awaits it")
            return False
        if built.name not in self.registered:
            notes.append(f"{getter} is still asked in line {call.lineno}: move it to the container first")
            return False
        if home is not module and module.path in self._reading.imports.imported_with(home.path, module.path):
            notes.append(f"{getter} is still asked in line {call.lineno}: importing {built.name} closes a cycle")
            return False
        if name in taken:
            notes.append(f"{getter} is still asked in line {call.lineno}: {name!r} means something else")
            return False
        taken.add(name)
        edits = plan.edits_of(module)
        annotation = built.name
        if home is not module:
            imported = self._reading.names.of(home)
            annotation = local_name(source, imported, built.name)
            edits.imports.setdefault(imported, {})[built.name] = annotation
        edits.parameters.setdefault(source.position_of(constructor), []).append(NewParameter(name, annotation))
        if replaces:
            edits.replaced[source.span_of(call)] = name
        return True

    def _asked(self, module: Module, source: SourceFile, call: ast.Call) -> tuple[str, Class, Module, bool] | None:
        """Return the getter that is asked, its class, by itself or as a bridge already, and whether it is async."""
        around: ast.AST = call
        while not isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef):
            around = source.parents[around]
        symbol = names_in(source, around).symbol_of(call.func)
        accessor = self._reading.inventory.find(symbol, module) if symbol is not None else None
        if accessor is not None:
            is_async = accessor.function is not None and accessor.function.is_async
            for built in accessor.classes if len(accessor.classes) == 1 else ():
                if built.item is not None and built.module is not None:
                    return accessor.name, built.item, built.module, is_async
            return None
        target = self._reading.project.linker.resolve(symbol, module) if symbol is not None else None
        if isinstance(target, Found) and isinstance(target.item, Function) and not target.rest:
            handed_out = self.handed_out_by(target.module, target.item)
            if handed_out is not None and isinstance(handed_out.item, Class):
                return target.item.name, handed_out.item, handed_out.module, target.item.is_async
        return None

    def handed_out_by(self, module: Module, function: Function) -> Found | None:
        """Return the class that `return bridge.get(X)` or `return await bridge.resolve(X)` hands out."""
        source = self._reading.sources.of(module)
        node = source.definition_of(function) if source is not None else None
        if source is None or node is None:
            return None
        match node.body[-1]:
            case (
                ast.Return(value=ast.Call(func=ast.Attribute(value=ast.Name(id="bridge"), attr="get"), args=[asked]))
                | ast.Return(
                    value=ast.Await(
                        ast.Call(func=ast.Attribute(value=ast.Name(id="bridge"), attr="resolve"), args=[asked])
                    )
                )
            ):
                symbol = names_in(source, node).symbol_of(asked)
            case _:
                return None
        target = self._reading.project.linker.resolve(symbol, module) if symbol is not None else None
        return target if isinstance(target, Found) and isinstance(target.item, Class) and not target.rest else None


def _eager(constructor: Definition) -> Iterator[tuple[str, ast.Call]]:
    """Yield `self.attribute = get_x()` of a constructor's own statements."""
    for statement in constructor.body:
        match statement:
            case (
                ast.Assign(
                    targets=[ast.Attribute(value=ast.Name(), attr=name)], value=ast.Call(args=[], keywords=[]) as call
                )
                | ast.AnnAssign(
                    target=ast.Attribute(value=ast.Name(), attr=name), value=ast.Call(args=[], keywords=[]) as call
                )
            ):
                yield name, call
            case _:
                pass


def _lazy(made: ast.ClassDef) -> Iterator[tuple[ast.FunctionDef, ast.Call]]:
    """Yield properties that do nothing but import and return `get_x()`."""
    for method in made.body:
        if not isinstance(method, ast.FunctionDef) or [ast.unparse(each) for each in method.decorator_list] != [
            "property"
        ]:
            continue
        body = [each for each in method.body if not isinstance(each, ast.Import | ast.ImportFrom)]
        body = body[1:] if ast.get_docstring(method, clean=False) is not None else body
        match body:
            case [ast.Return(value=ast.Call(args=[], keywords=[]) as call)]:
                yield method, call
            case _:
                pass
