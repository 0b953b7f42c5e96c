"""The part of `service_dependencies.py` that stands on this DI layer: registrations, and where they are installed."""

import ast
from collections.abc import Iterable

from di.migration._rewrite.dependencies_file import bound_names, imports_of
from di.migration._rewrite.wrappers import TypeName, Wrapper

_IMPORTS = {
    "FastAPI": "from fastapi import FastAPI",
    "Container": "from di import Container",
    "Deps": "from middleware import Deps",
}
_FUNCTIONS = '''

def register_services(container: Container) -> None:
    """Provide each service: the getter is asked for every injection, so that it alone keeps the instance."""
{registrations}

def install_services(app: FastAPI) -> None:
    """Serve an application from a container of its own."""
    container = Container()
    register_services(container)
    deps.install(app, container)
'''


def add_container(text: str, wrappers: Iterable[Wrapper]) -> str:
    """Return the text of the file with these services registered, and with what that needs."""
    listed = sorted((each for each in wrappers if each.by_type), key=lambda each: each.function)
    if not listed:
        return text
    tree = ast.parse(text)
    bound = bound_names(tree)
    lines = text.splitlines(keepends=True)
    registrations = "".join(f"    container.transient({_name(each)}, {each.function})\n" for each in listed)
    register = next(
        (each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == "register_services"), None
    )
    if register is None:
        lines.append(_FUNCTIONS.format(registrations=registrations))
    else:
        lines.insert(register.end_lineno or len(lines), registrations)
    imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    needed = [statement for name, statement in _IMPORTS.items() if name not in bound]
    types = sorted({each.type for each in listed if each.type is not None}, key=lambda each: (each.module, each.name))
    needed = [*needed, *(line.strip() for line in imports_of([each for each in types if each.name not in bound]))]
    needed = ["", *needed] if needed and needed[0] == _IMPORTS["Container"] else needed
    deps = "" if "deps" in bound else "\ndeps = Deps()\n"
    lines.insert((imports[-1].end_lineno or 0) if imports else 0, "".join(f"{each}\n" for each in needed) + deps)
    return "".join(lines)


def _name(wrapper: Wrapper) -> str:
    return wrapper.type.name if isinstance(wrapper.type, TypeName) else "object"
