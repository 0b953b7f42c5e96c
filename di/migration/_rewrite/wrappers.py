"""The functions that ask accessors on behalf of handlers, and what they are called."""

import ast
import keyword
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from di.migration._rewrite.naming import camel_case


@dataclass(frozen=True, slots=True)
class TypeName:
    """A class, and the module it is imported from."""

    module: str
    name: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked for the instance: a name of a module, an attribute of it, called or not, awaited or not."""

    module: str
    name: str
    attributes: tuple[str, ...] = ()
    called: bool = True
    awaited: bool = False

    @property
    def asked(self) -> str:
        """What is asked, where the name is imported."""
        return ".".join((self.name, *self.attributes)) + ("()" if self.called else "")

    @property
    def expression(self) -> str:
        """What yields the instance, where the name is imported."""
        return f"await {self.asked}" if self.awaited else self.asked


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A dependency that FastAPI calls, and its alias for annotations."""

    question: Question
    function: str
    alias: str
    type: TypeName | None  # None: not known, or several
    patched_in: str | None  # the module of handlers whose name tests replace
    by_type: bool = False  # whether a container provides the type, instead of FastAPI calling the function

    @property
    def body(self) -> str:
        """The statements of the function, at no indentation."""
        return f"from {self.question.module} import {self.question.name}\n\nreturn {self.question.expression}\n"


@dataclass(frozen=True, slots=True)
class Request:
    """What a moved call needs a wrapper for."""

    question: Question
    service: str  # `mail_service`
    defined_in: str  # the last part of the accessor's module
    type: TypeName | None
    patched_in: str | None


class Wrappers:
    """Hands out one wrapper per question, each under a name of its own; those that are written already are kept."""

    def __init__(self, existing: ast.Module | None, is_injectable: Callable[[TypeName], bool] | None = None) -> None:
        self._is_injectable = is_injectable
        self._injected: set[TypeName] = set()
        self.made: dict[Question, Wrapper] = {}
        self._taken: dict[str, str | None] = {}  # by name: how its body reads, None: it is no wrapper
        self._written: dict[str, str | None] = {}  # the same, of the file that exists
        for node in existing.body if existing is not None else ():
            for name in _bound_by(node):
                self._taken[name] = self._written[name] = _normal_body(node)

    def of(self, request: Request) -> Wrapper:
        """Return the wrapper for a question."""
        known = self.made.get(request.question)
        if known is None:
            known = self._injected_by_type(next(each for each in self._candidates(request) if self._is_free(each)))
            self.made[request.question] = known
            self._taken[known.function] = _normal_text(known.body)
            self._taken[known.alias] = None
        return known

    def _injected_by_type(self, wrapper: Wrapper) -> Wrapper:
        """Let a container provide the first wrapper of a type, unless tests replace what it asks."""
        kind = wrapper.type
        if self._is_injectable is None or kind is None or kind in self._injected or wrapper.patched_in is not None:
            return wrapper
        if not self._is_injectable(kind) or kind.name in {each.name for each in self._injected}:
            return wrapper
        self._injected.add(kind)
        return replace(wrapper, by_type=True)

    def is_written(self, wrapper: Wrapper) -> bool:
        """Whether the file that exists defines a wrapper already."""
        return self._written.get(wrapper.function) == _normal_text(wrapper.body) and wrapper.alias in self._written

    def _candidates(self, request: Request) -> Iterator[Wrapper]:
        site = request.patched_in.split(".") if request.patched_in is not None else []
        plain = request.service + (f"_for_{site[-1]}" if site else "")
        yield self._named(request, plain)
        if len(site) > 1:
            yield self._named(request, f"{request.service}_for_{'_'.join(site[-2:])}")
        yield self._named(request, f"{plain}_of_{request.defined_in}")
        number = 2
        while True:
            yield self._named(request, f"{plain}_{number}")
            number += 1

    @staticmethod
    def _named(request: Request, name: str) -> Wrapper:
        alias = f"{camel_case(name)}Dep"
        return Wrapper(request.question, f"provide_{name}", alias, request.type, request.patched_in)

    def _is_free(self, wrapper: Wrapper) -> bool:
        if self._taken.get(wrapper.function) == _normal_text(wrapper.body) and wrapper.alias in self._taken:
            return True
        return wrapper.function not in self._taken and wrapper.alias not in self._taken


def _bound_by(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [each.asname or each.name.partition(".")[0] for each in names]
        case ast.If(body=body, orelse=orelse):
            return [name for each in (*body, *orelse) for name in _bound_by(each)]
        case _:
            return []


def _normal_body(node: ast.stmt) -> str | None:
    if not isinstance(node, ast.AsyncFunctionDef):
        return None
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return ast.dump(ast.Module(body, []))


def _normal_text(body: str) -> str:
    return (
        _normal_body(ast.parse("async def f():\n" + "".join(f"    {line}\n" for line in body.splitlines())).body[0])
        or ""
    )


def parameter_name(service: str, taken: set[str]) -> str:
    """Return a name for the parameter that a service is injected as, one that nothing else has."""
    plain = "".join(each if each.isalnum() else "_" for each in service).strip("_") or "service"
    candidates = [plain, f"{plain}_service"] if not plain.endswith("service") else [plain, f"injected_{plain}"]
    numbered = (f"{plain}_{number}" for number in range(2, len(taken) + 4))
    return next(each for each in (*candidates, *numbered) if each not in taken and not keyword.iskeyword(each))
