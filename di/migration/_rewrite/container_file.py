"""The part of `service_dependencies.py` that stands on this DI layer: registrations, and where they are installed."""

import ast
import re
from collections.abc import Iterable

from di.migration._rewrite.dependencies_file import bound_names, imports_of, is_type_block, types_block
from di.migration._rewrite.wrappers import TypeName, Wrapper

_IMPORTS = {
    "FastAPI": "from fastapi import FastAPI",
    "Container": "from di import Container",
    "Deps": "from middleware import Deps",
}
REGISTER = "register_services"
_INSTALL = "    deps.install(app, container)\n"
_FUNCTIONS = '''

def register_services(container: Container) -> None:
    """Provide each service; a getter that is registered is asked each time, and alone keeps its instance."""
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
    text = _without_stand_ins(text, [each.type for each in listed if each.type is not None])
    tree = ast.parse(text)
    bound = bound_names(tree)
    lines = text.splitlines(keepends=True)
    registrations = "".join(f"    container.transient({_name(each)}, {each.function})\n" for each in listed)
    register = next((each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == REGISTER), None)
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


def hand_to_container(text: str, services: Iterable[TypeName], bridge_module: str) -> str:
    """Return the text of the file with services that the container makes itself, and with the bridge installed."""
    listed = list(services)
    text = _without_stand_ins(text, listed)
    for each in listed:
        text = _registered(text, each)
    if "bridge.install(container)" not in text:
        text = text.replace(_INSTALL, f"{_INSTALL}    bridge.install(container)\n", 1)
        text = _imported(text, f"from {bridge_module} import bridge")
    return text


def _registered(text: str, service: TypeName) -> str:
    """Register a class itself where its getter was registered."""
    name = service.name
    made = f"    container.singleton({name}, eager=False)\n"
    asked = re.search(rf"^    container\.transient\({re.escape(name)}, (\w+)\)\n", text, re.MULTILINE)
    if asked is None:
        tree = ast.parse(text)
        register = next(each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == REGISTER)
        lines = text.splitlines(keepends=True)
        lines.insert(register.end_lineno or len(lines), made)
        return _imported("".join(lines), f"from {service.module} import {name}")
    text = text.replace(asked.group(0), made, 1)
    provider = asked.group(1)
    function = next(each for each in ast.parse(text).body if getattr(each, "name", None) == provider)
    if len(re.findall(rf"\b{provider}\b", text)) > 1:
        return text
    lines = text.splitlines(keepends=True)
    end = function.end_lineno or function.lineno
    while end < len(lines) and not lines[end].strip():
        end += 1
    del lines[function.lineno - 1 : end]
    return "".join(lines)


def _without_stand_ins(text: str, types: Iterable[TypeName]) -> str:
    """Leave out what stands for classes at run time that are imported there now."""
    known = set(types)
    block = next((each for each in ast.parse(text).body if is_type_block(each)), None)
    if not isinstance(block, ast.If):
        return text
    kept = [
        (TypeName(node.module or "", alias.name), alias.asname or alias.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if TypeName(node.module or "", alias.name) not in known
    ]
    lines = text.splitlines(keepends=True)
    begin = block.lineno - 1 if kept or lines[block.lineno - 2].strip() else block.lineno - 2
    lines[begin : block.end_lineno] = [types_block(kept).removeprefix("\n")]
    return "".join(lines)


def _imported(text: str, statement: str) -> str:
    tree = ast.parse(text)
    if any(ast.unparse(each) == statement for each in tree.body):
        return text
    package = statement.split()[1].partition(".")[0]
    imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
    near = [each for each in imports if ast.unparse(each).startswith(f"from {package}.")]
    later = [each for each in near if ast.unparse(each) > statement]
    position = later[0].lineno - 1 if later else (near or imports)[-1].end_lineno or 0
    lines = text.splitlines(keepends=True)
    lines.insert(position, f"{statement}\n" if near else f"\n{statement}\n")
    return "".join(lines)
