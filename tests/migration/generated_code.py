"""Strategies for small applications: accessors of many kinds, and handlers that ask them in many ways."""

from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

HEAD: Final = """\
import functools
import threading

events = []
configured = True
"""
CONSTRUCTORS: Final = {
    "harmless": "        self.name = {name!r}",
    "noticed": "        events.append({name!r})\n        self.name = {name!r}",
    "failing": "        if not configured:\n            raise RuntimeError({name!r})\n        self.name = {name!r}",
}
GETTERS: Final = {
    "global": """\
_{name} = None


def get_{name}() -> {cls}:
    global _{name}
    if _{name} is None:
        _{name} = {cls}()
    return _{name}


def reset_{name}():
    global _{name}
    _{name} = None
""",
    "locked": """\
_{name} = None
_lock_{name} = threading.Lock()


def get_{name}() -> {cls}:
    global _{name}
    with _lock_{name}:
        if _{name} is None:
            _{name} = {cls}()
    return _{name}
""",
    "optional-argument": """\
_{name} = None


def get_{name}(force=False):
    global _{name}
    if _{name} is None or force:
        _{name} = {cls}()
    return _{name}
""",
    "cached": "@functools.lru_cache(maxsize=1)\ndef get_{name}():\n    return {cls}()\n",
    "async": """\
_{name} = None


async def get_{name}() -> {cls}:
    global _{name}
    if _{name} is None:
        _{name} = {cls}()
    return _{name}
""",
    "raising": """\
_{name} = None


def get_{name}() -> {cls}:
    global _{name}
    if _{name} is None:
        if not configured:
            raise RuntimeError("not configured")
        _{name} = {cls}()
    return _{name}
""",
}
SIGNATURES: Final = (
    "",
    "q: int = 0",
    "n: int",
    "n: str, q: int = 0",
    "q: int = 0, *, n: str = 'n'",
    "user: str = Depends(current_user)",
    "user: Annotated[str, Depends(current_user)], q: int = 0",
    "q: Annotated[int, Query(ge=0)] = 0, user: str = Depends(current_user)",
    "request: Request",
)
STATEMENTS: Final = (
    "s{i} = {get}\nout.append(s{i}.act())",
    "s{i}: object = {get}  # kept\nout.append(s{i}.act())",
    "out.append({get}.act())",
    "s{i} = {get}\ns{i} = {get}\nout.append(s{i}.act())",
    "if len(seen) % 2:\n    return out",
    "if len(seen) % 2:\n    out.append({get}.act())",
    "if len(seen) % 2:\n    raise HTTPException(403)",
    "for _ in range(2):\n    out.append({get}.act())",
    "try:\n    out.append({get}.act())\nexcept RuntimeError:\n    out.append('caught')",
    "with contextlib.suppress(RuntimeError):\n    s{i} = {get}\n    out.append(s{i}.act())",
    "{define} later{i}():\n    return {get}.act()\n\n\nout.append({run}later{i}())",
    "out.append([{get}.act() for _ in range(2)][-1])",
    "out.append((s{i} := {get}).act())",
    "services.events.append('{i}')",
    "from {package}.services import get_{name} as mine{i}\nout.append({mine}.act())",
    "out.append({module}.act())",
    "# only a comment\npass",
    "if len(seen) % 3:\n    services.reset_all()",
    "return {get}.act()",
)


@dataclass(frozen=True)
class Accessor:
    """One generated getter."""

    name: str
    kind: str
    constructor: str

    @property
    def source(self) -> str:
        """The class and its getter."""
        cls = self.name.title()
        body = CONSTRUCTORS[self.constructor].format(name=self.name)
        made = f"class {cls}:\n    def __init__(self):\n{body}\n\n    def act(self):\n        return self.name\n\n\n"
        return made + GETTERS[self.kind].format(name=self.name, cls=cls)


@dataclass(frozen=True)
class Application:
    """Two modules of a package whose name is still to be filled in."""

    services: str
    routes: str
    handlers: int


def accessors() -> st.SearchStrategy[list[Accessor]]:
    """Generate one to three getters."""
    return st.lists(
        st.tuples(st.sampled_from(sorted(GETTERS)), st.sampled_from(("harmless", "harmless", *CONSTRUCTORS))),
        min_size=1,
        max_size=3,
    ).map(lambda chosen: [Accessor(f"thing{n}", kind, made) for n, (kind, made) in enumerate(chosen)])


@st.composite
def applications(draw: st.DrawFn) -> Application:
    """Generate an application with two or three handlers."""
    made = draw(accessors())
    resets = "\n".join(f"    reset_{each.name}()" for each in made if each.kind == "global") or "    pass"
    services = "\n\n".join([HEAD, *(each.source for each in made), f"def reset_all():\n{resets}\n"])
    imported = ", ".join(f"get_{each.name}" for each in made)
    routes = [
        "import contextlib\nfrom typing import Annotated\n",
        "from fastapi import Depends, FastAPI, Header, HTTPException, Query, Request\n",
        f"from PACKAGE import services\nfrom PACKAGE.services import {imported}\n",
        "app = FastAPI()\nseen = []\n\n",
        "def current_user(token: str = Header('')):\n    if not token:\n        raise HTTPException(401)\n",
        "    return token\n",
    ]
    count = draw(st.integers(2, 3))
    routes += [draw(_handlers(number, made)) for number in range(count)]
    return Application(services, "\n".join(routes), count)


@st.composite
def _handlers(draw: st.DrawFn, number: int, made: list[Accessor]) -> str:
    asynchronous = any(each.kind == "async" for each in made) or draw(st.booleans())
    define = "async def" if asynchronous else "def"
    lines = ["\n", f'@app.get("/{number}")', f"{define} handler{number}({draw(st.sampled_from(SIGNATURES))}):"]
    if draw(st.booleans()):
        lines.append('    """Answer.\n\n    Args:\n        q: a number.\n    """')
    body = [*(["seen.append(1)"] if draw(st.booleans()) else []), "out = []"]
    body = body if draw(st.booleans()) else ["out = []"]
    statements = draw(st.lists(st.tuples(st.sampled_from(STATEMENTS), st.sampled_from(made)), min_size=1, max_size=5))
    filled = [_fill(template, position, each, asynchronous) for position, (template, each) in enumerate(statements)]
    begins = draw(st.booleans())
    ordered = [filled[0], *body, *filled[1:]] if begins and "out" not in filled[0] else [*body, *filled]
    text = "\n".join([*ordered, "return out"])
    lines += [f"    {line}" if line else "" for line in text.split("\n")]
    return "\n".join(lines) + "\n"


def _fill(template: str, position: int, accessor: Accessor, asynchronous: bool) -> str:
    wait = "await " if accessor.kind == "async" else ""
    asked = f"({wait}get_{accessor.name}())" if wait else f"get_{accessor.name}()"
    return (
        template.replace("{i}", str(position))
        .replace("{get}", asked)
        .replace("{name}", accessor.name)
        .replace("{mine}", f"({wait}mine{position}())")
        .replace("{module}", f"({wait}services.get_{accessor.name}())")
        .replace("{define}", "async def" if asynchronous else "def")
        .replace("{run}", "await " if asynchronous else "")
        .replace("{package}", "PACKAGE")
    )
