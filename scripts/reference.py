"""Write docs/reference/ from docstrings and signatures, read by griffe without importing. Run by scripts/docs.

What is public is what a module's `__all__` names. Of the classes that are also used between the modules of this
repository, `MEMBERS` says which members are for applications.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import griffe

CHECKOUT = Path(__file__).resolve().parents[1]
REFERENCE = CHECKOUT / "docs" / "reference"
MODULES = ("di", "di.bridge", "di.errors", "di.testing", "di.opentelemetry", "middleware", "middleware.errors")
MEMBERS = {
    "Container": (
        *("singleton", "scoped", "transient", "replace"),
        *("scope", "override", "validate", "graph", "start", "stop", "resolve"),
        *("health", "failures", "durations", "autowired", "leaks", "add_listener", "remove_listener"),
    ),
    "Scope": ("resolve", "get", "on_success", "fail", "failure", "closed", "spawn", "child", "release"),
    "Deps": ("depends", "provider", "from_depends", "install", "override", "override_for_test", "health"),
}
WIDTH = 100


def pages() -> dict[Path, str]:
    """Return every page of the reference."""
    loader = griffe.GriffeLoader(search_paths=[CHECKOUT])
    for package in ("di", "middleware"):
        loader.load(package)
    loader.resolve_aliases()
    return {
        REFERENCE / f"{name}.md": "\n".join([*_module(name, loader.modules_collection[name])]).rstrip() + "\n"
        for name in MODULES
    }


def _module(name: str, module: griffe.Object | griffe.Alias) -> Iterator[str]:
    yield "<!-- Written by scripts/docs from the docstrings; edit those. -->"
    yield f"# `{name}`"
    yield ""
    yield from _docstring(module)
    for exported in module.exports or ():
        member = module.members[str(exported)]
        if member.is_module:
            yield f"`{name}.{exported}`: [{exported}]({name}.{exported}.md)"
            yield ""
        elif name.endswith(".errors"):
            yield f"- **`{exported}`**: {_text(member).splitlines()[0]}"
        else:
            yield from _thing(str(exported), member)


def _thing(name: str, thing: griffe.Object | griffe.Alias) -> Iterator[str]:
    yield f"## `{name}`"
    yield ""
    if isinstance(target := _target(thing), griffe.Class):
        constructor = target.all_members.get("__init__")
        shown = name in MEMBERS or not any(base in str(target.bases) for base in ("Generic", "Enum"))
        if isinstance(initial := _target(constructor) if constructor else None, griffe.Function) and shown:
            yield from _signature(name, initial)
        yield from _docstring(target)
        for member_name, member in _members(name, target):
            yield f"### `{name}.{member_name}`"
            yield ""
            yield from _member(member_name, member)
    else:
        yield from _member(name, thing)


def _members(name: str, owner: griffe.Class) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    if name in MEMBERS:
        for member in MEMBERS[name]:
            yield member, owner.all_members[member]
        return
    for member, value in owner.members.items():
        # An attribute without a docstring is a field of a dataclass, which its constructor shows.
        told = value.docstring is not None or "Enum" in str(owner.bases)
        if told and (member == "__call__" or not member.startswith("_")):
            yield member, value


def _member(name: str, member: griffe.Object | griffe.Alias) -> Iterator[str]:
    target = _target(member)
    if isinstance(target, griffe.Function):
        if any("fixture" in str(decorator.value) for decorator in target.decorators):
            yield from ("A pytest fixture.", "")
        else:
            yield from _signature(name, target)
    elif isinstance(target, griffe.Attribute) and target.annotation is not None:
        yield from ("```python signature", f"{name}: {target.annotation}", "```", "")
    elif isinstance(target, griffe.Attribute) and target.value is not None:
        yield from ("```python signature", f"{name} = {_literal(target.value)}", "```", "")
    yield from _docstring(target)


def _signature(name: str, function: griffe.Function) -> Iterator[str]:
    """Yield a call's signature as code, one parameter a line when it is long."""
    parameters: list[str] = []
    keyword_only = False
    for parameter in function.parameters:
        if parameter.name == "self":
            continue
        if parameter.kind is griffe.ParameterKind.keyword_only and not keyword_only:
            keyword_only = True
            if not any(each.startswith("*") for each in parameters):
                parameters.append("*")
        star = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}.get(
            parameter.kind, ""
        )
        default = "" if parameter.default is None or star else f" = {_literal(parameter.default)}"
        parameters.append(f"{star}{parameter.name}: {parameter.annotation}{default}")
    returned = "" if function.name == "__init__" or function.returns is None else f" -> {function.returns}"
    prefix = "async " if "async" in function.labels else ""
    line = f"{prefix}{name}({', '.join(parameters)}){returned}"
    if len(line) > WIDTH:
        line = "\n".join([f"{prefix}{name}(", *(f"    {each}," for each in parameters), f"){returned}"])
    yield from ("```python signature", line, "```", "")


def _literal(value: object) -> str:
    text = "..." if str(value) == "MISSING" else str(value)
    return f'"{text[1:-1]}"' if text.startswith("'") else text


def _docstring(thing: griffe.Object | griffe.Alias) -> Iterator[str]:
    """Yield a docstring as Markdown: the items of `Args:` and `Raises:` become a list."""
    item = ""
    for line in _text(thing).splitlines():
        if line in {"Args:", "Raises:"}:
            yield from (f"{line}", "")
            item = "-"
        elif item and line.startswith("    ") and not line.startswith("     "):
            names, colon, text = line.strip().partition(":")
            yield f"- {', '.join(f'`{name}`' for name in names.split(', '))}{colon}{text}"
        elif item and line.strip():
            yield f"  {line.strip()}"
        else:
            item = item if line.strip() == "" else ""
            yield line
    yield ""


def _text(thing: griffe.Object | griffe.Alias) -> str:
    return thing.docstring.value if thing.docstring is not None else ""


def _target(thing: griffe.Object | griffe.Alias) -> griffe.Object:
    return thing.final_target if isinstance(thing, griffe.Alias) else thing


def main(arguments: list[str]) -> int:
    """Write the pages; with --check, only say which are not what the docstrings give."""
    made = pages()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    surplus = [path for path in REFERENCE.glob("*.md") if path not in made]
    if "--check" in arguments:
        for path in (*stale, *surplus):
            sys.stderr.write(f"{path.relative_to(CHECKOUT)} is not what the docstrings give: run scripts/docs\n")
        return bool(stale or surplus)
    REFERENCE.mkdir(parents=True, exist_ok=True)
    for path, text in made.items():
        path.write_text(text)
    for path in surplus:
        path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
