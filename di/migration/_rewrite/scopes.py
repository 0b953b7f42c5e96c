"""What the names in one function mean: the reader's own rules, asked again of a file that is looked at again."""

import ast

from di.migration._names import Names, Scope, ScopeKind
from di.migration._rewrite.sources import Definition, SourceFile
from di.migration._scopes import bind_block, parameter_names


def module_names(source: SourceFile) -> Names:
    """Return the scope of a file's own statements."""
    names = Names()
    names.scopes.append(Scope(ScopeKind.MODULE, bind_block(source.tree.body, None, deep=True)))
    return names


def names_in(source: SourceFile, node: Definition) -> Names:
    """Return the scopes around the body of a function."""
    names = module_names(source)
    qualname = ""
    owner: str | None = None
    for each in (*reversed(_around(source, node)), node):
        qualname = f"{qualname}.{each.name}" if qualname else each.name
        bound = bind_block(each.body, qualname, deep=True)
        if isinstance(each, ast.ClassDef):
            names.scopes.append(Scope(ScopeKind.CLASS, bound, qualname))
            owner = qualname
            continue
        for name in parameter_names(each.args):
            bound.add(name)
        scope = Scope(ScopeKind.FUNCTION, bound, qualname, parameters=frozenset(parameter_names(each.args)))
        _name_instance(scope, each, owner)
        names.scopes.append(scope)
        owner = None
    return names


def _around(source: SourceFile, node: ast.AST) -> list[Definition | ast.ClassDef]:
    found: list[Definition | ast.ClassDef] = []
    current = source.parents.get(node)
    while current is not None:
        if isinstance(current, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.append(current)
        current = source.parents.get(current)
    return found


def _name_instance(scope: Scope, node: Definition, owner: str | None) -> None:
    positional = [*node.args.posonlyargs, *node.args.args]
    decorators = {each.id for each in node.decorator_list if isinstance(each, ast.Name)}
    if owner is None or not positional or "staticmethod" in decorators:
        return
    scope.class_name = owner
    if "classmethod" in decorators or node.name == "__new__":
        scope.type = positional[0].arg
    else:
        scope.instance = positional[0].arg


def outermost_function(source: SourceFile, node: Definition) -> Definition:
    """Return the outermost function around a function: what is named in it can be meant below."""
    functions = [each for each in _around(source, node) if not isinstance(each, ast.ClassDef)]
    return functions[-1] if functions else node


def local_name(source: SourceFile, module: str, name: str) -> str:
    """Return what a name of another module is, or can be, called in a file."""
    for node in source.tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            for alias in node.names:
                if alias.name == name:
                    return alias.asname or name
    candidates = (name, f"Injected{name}", *(f"{name}{number}" for number in range(2, len(source.names) + 4)))
    return next(each for each in candidates if each not in source.names)
