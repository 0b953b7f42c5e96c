"""Writes `service_dependencies.py`, or adds to the one that is there."""

import ast
import re
from collections.abc import Iterable

from di.migration._facts import WRITTEN_BY
from di.migration._rewrite.wrappers import TypeName, Wrapper

DOCSTRING = f'"""The services, as FastAPI dependencies. {WRITTEN_BY}; change it as you like."""'
_LONE_NEWLINE = re.compile(r"(?<!\r)\n")
REASON = "  # importing the services here could close a cycle of imports, or need what is optional"


class TypeNames:
    """Names for the classes that one file mentions; two classes of one name get two names."""

    def __init__(self) -> None:
        self._names: dict[TypeName, str] = {}
        self._taken: set[str] = {"TYPE_CHECKING", "Annotated", "Any", "Depends"}

    def of(self, type_name: TypeName) -> str:
        """Return what a class is called in the file."""
        if type_name not in self._names:
            number = 1
            name = type_name.name
            while name in self._taken:
                number += 1
                name = f"{type_name.name}{number}"
            self._taken.add(name)
            self._names[type_name] = name
        return self._names[type_name]

    def know(self, type_name: TypeName, name: str) -> None:
        """Note a class that the file has already."""
        self._names[type_name] = name
        self._taken.add(name)

    def reserve(self, name: str) -> None:
        """Leave a name to something else."""
        self._taken.add(name)


def write_dependencies(existing: str | None, wrappers: Iterable[Wrapper]) -> str:
    """Return the text of the file with these wrappers in it; what is there already stays as it is."""
    listed = sorted(wrappers, key=lambda each: each.function)
    if existing is None:
        names = TypeNames()
        return _head(listed) + _types_block(listed, names) + "".join(_block(each, names) for each in listed)
    return _extend(existing, listed) if listed else existing


def _head(wrappers: list[Wrapper]) -> str:
    plain = [each for each in wrappers if not each.by_type]
    typing = [
        *(["TYPE_CHECKING"] if any(each.type for each in plain) else []),
        "Annotated",
        *(["Any"] if plain else []),
    ]
    fastapi = [*(["Depends"] if plain else []), *(["FastAPI"] if len(plain) < len(wrappers) else [])]
    return f"{DOCSTRING}\n\nfrom typing import {', '.join(typing)}\n\nfrom fastapi import {', '.join(fastapi)}\n"


def _types_block(wrappers: list[Wrapper], names: TypeNames) -> str:
    types = _types_of(wrappers)
    if not types:
        return ""
    return types_block([(each, names.of(each)) for each in types])


def types_block(types: list[tuple[TypeName, str]]) -> str:
    """Return the statement that imports classes for type checkers, and lets them be anything at run time."""
    if not types:
        return ""
    names = TypeNames()
    for each, name in types:
        names.know(each, name)
    stand_ins = "".join(f"    {name} = Any\n" for _, name in types)
    return f"\nif TYPE_CHECKING:\n{_imports([each for each, _ in types], names)}else:{REASON}\n{stand_ins}"


def _types_of(wrappers: Iterable[Wrapper]) -> list[TypeName]:
    found = {each.type for each in wrappers if each.type is not None and not each.by_type}
    return sorted(found, key=lambda each: (each.module, each.name))


def _imports(types: Iterable[TypeName], names: TypeNames) -> str:
    by_module: dict[str, list[str]] = {}
    for each in types:
        name = names.of(each)
        shown = each.name if name == each.name else f"{each.name} as {name}"
        by_module.setdefault(each.module, []).append(shown)
    return "".join(f"    from {module} import {', '.join(shown)}\n" for module, shown in by_module.items())


def _block(wrapper: Wrapper, names: TypeNames) -> str:
    shown = names.of(wrapper.type) if wrapper.type is not None else "Any"
    doc = ""
    if wrapper.patched_in is not None:
        asked = ".".join((wrapper.question.name, *wrapper.question.attributes))
        doc = f'    """Ask for `{asked}` where tests replace it."""\n'
    body = "".join(f"    {line}\n" if line else "\n" for line in wrapper.body.splitlines())
    marker = f"deps.depends({shown})" if wrapper.by_type else f"Depends({wrapper.function})"
    return (
        f"\n\nasync def {wrapper.function}() -> {shown}:\n{doc}{body}"
        f"\n\n{wrapper.alias} = Annotated[{shown}, {marker}]\n"
    )


def _extend(existing: str, wrappers: list[Wrapper]) -> str:
    tree = ast.parse(existing)
    names = TypeNames()
    block = next((each for each in tree.body if is_type_block(each)), None)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            for alias in node.names:
                names.know(TypeName(node.module, alias.name), alias.asname or alias.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.reserve(node.id)
    imported = {TypeName(each.module, name.name) for each in _type_imports(block) for name in each.names if each.module}
    missing = [each for each in _types_of(wrappers) if each not in imported]
    lines = existing.splitlines(keepends=True)
    if lines and not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    if missing and isinstance(block, ast.If) and block.orelse:
        lines.insert(block.orelse[-1].end_lineno or 0, "".join(f"    {names.of(each)} = Any\n" for each in missing))
        lines.insert(block.body[-1].end_lineno or 0, _imports(missing, names))
    elif missing:
        imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
        after = imports[-1].end_lineno if imports else 0
        block_text = _types_block([each for each in wrappers if each.type in missing], names)
        lines.insert(after or 0, _missing_imports(tree) + block_text)
    text = "".join(lines) + "".join(_block(each, names) for each in wrappers)
    return _LONE_NEWLINE.sub("\r\n", text) if "\r\n" in existing else text


def bound_names(tree: ast.Module) -> set[str]:
    """Return the names that the imports and assignments of a file bind, those for type checkers included."""
    blocks = [tree.body, *(part for each in tree.body if isinstance(each, ast.If) for part in (each.body, each.orelse))]
    found: set[str] = set()
    for node in (each for block in blocks for each in block):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found |= {each.asname or each.name for each in node.names}
        elif isinstance(node, ast.Assign):
            found |= {each.id for each in node.targets if isinstance(each, ast.Name)}
    return found


def imports_of(types: Iterable[TypeName]) -> list[str]:
    """Return the statements that import classes under their own names."""
    return _imports(types, TypeNames()).splitlines()


def _missing_imports(tree: ast.Module) -> str:
    """Return the imports that a file which was not written by this tool may lack."""
    bound = bound_names(tree)
    typing = [each for each in ("TYPE_CHECKING", "Annotated", "Any") if each not in bound]
    lines = [f"from typing import {', '.join(typing)}\n"] if typing else []
    return "".join(lines + ([] if "Depends" in bound else ["from fastapi import Depends\n"]))


def is_type_block(node: ast.stmt) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _type_imports(block: ast.stmt | None) -> list[ast.ImportFrom]:
    return [each for each in block.body if isinstance(each, ast.ImportFrom)] if isinstance(block, ast.If) else []
