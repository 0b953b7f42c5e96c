"""Where applications are made: there the container is installed."""

import ast
from collections.abc import Callable, Iterator

from di.migration._facts import Module
from di.migration._linking import Outside
from di.migration._rewrite.plan import Plan
from di.migration._rewrite.reading import Reading
from di.migration._rewrite.scopes import local_name, module_names
from di.migration._rewrite.sources import SourceFile

INSTALL = "install_services"


def plan_installation(reading: Reading, plan: Plan, import_name: Callable[[Module], str]) -> bool:
    """Add `install_services(app)` behind each `app = FastAPI()`, and return whether some application has it now."""
    installed = False
    for module in reading.project.sources:
        if not any(name.partition(".")[0] == "fastapi" for name in module.imports):
            continue
        source = reading.sources.of(module)
        if source is None or reading.refuses_rewriting(source) is not None:
            continue
        for statement, name in _applications(reading, module, source):
            installed = True
            if INSTALL in source.names:
                continue
            home = import_name(module)
            local = local_name(source, home, INSTALL)
            edits = plan.edits_of(module)
            edits.followed[source.position_of(statement)] = f"{local}({name})"
            edits.imports.setdefault(home, {})[INSTALL] = local
    return installed


def _applications(reading: Reading, module: Module, source: SourceFile) -> Iterator[tuple[ast.stmt, str]]:
    scopes = module_names(source)
    for node in ast.walk(source.tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Call(func=function)):
                pass
            case _:
                continue
        symbol = scopes.symbol_of(function)
        target = reading.project.linker.resolve(symbol, module) if symbol is not None else None
        if isinstance(target, Outside) and target.package == "fastapi" and target.last == "FastAPI":
            yield node, name
