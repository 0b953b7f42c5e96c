"""Compiled calls: one straight-line function that builds what a function needs and calls it.

A compiled call builds into local variables, in dependency order, and steps aside for the ordinary way of resolving
(`Scope.resolve`) whenever the scope was used before it, an override was ever made, or somebody resolves in the same
scope meanwhile. What it makes is in the scope at once, and what it is about to await is told to the scope, so that
nobody builds a second one.
"""

import inspect
import itertools
import linecache
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any

from di._graph import Node
from di._instances import add_path_note, refuse_external
from di._keys import Key, describe
from di._layers import Layer
from di._providers import Kind, Lifetime, Provider
from di._scope import Scope, current
from di.errors import GeneratorYieldError, NoScopeError

_numbers = itertools.count(1)

# What has to be written for each kind of provider; `n` numbers the names that belong to one node.
_OPENED = "scope.opened(provider{n}, handle{n})"
_HANDLE = "handle{n} = make{n}({args})"
_TEMPLATES = {
    Kind.CALL: ("v{n} = make{n}({args})",),
    Kind.COROUTINE: ("v{n} = await make{n}({args})",),
    Kind.GENERATOR: (_HANDLE, "v{n} = first(handle{n}, provider{n})", _OPENED),
    Kind.ASYNC_GENERATOR: (_HANDLE, "v{n} = await first_async(handle{n}, provider{n})", _OPENED),
    Kind.CONTEXT_MANAGER: (_HANDLE, "v{n} = handle{n}.__enter__()", _OPENED),
    Kind.ASYNC_CONTEXT_MANAGER: (_HANDLE, "v{n} = await handle{n}.__aenter__()", _OPENED),
    Kind.DEFERRED: ("v{n} = scope.defer(provider{n})",),
}
# And around it, for objects of which the scope has one.
_STEP_ASIDE = "if {when}: return await call_slowly(scope, values)"


@dataclass(slots=True)
class _Code:
    """The source that grows, the names it uses, and which chain of providers each line belongs to."""

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    paths: dict[int, tuple[Provider, ...]] = field(default_factory=dict)

    def add(self, line: str, depth: int = 1, path: tuple[Provider, ...] | None = None) -> None:
        self.lines.append("    " * depth + line)
        if path is not None:
            self.paths[len(self.lines)] = path


class InjectedCall:
    """A function whose injected parameters are built by a compiled plan.

    Args:
        layer: the root layer of a container.
        function: what is called in the end, with its other parameters passed through by keyword.
        injected: which parameters to build, and their keys.
        seeded: scoped keys that are put into the scope before the call, never built.
        in_thread: runs a plain `def` function elsewhere: `await in_thread(function, *args, **kwargs)`.

    `source` is the generated function, also shown in tracebacks.
    """

    def __init__(
        self,
        layer: Layer,
        function: Callable[..., Any],
        injected: Mapping[str, Key],
        *,
        seeded: frozenset[Key] = frozenset(),
        in_thread: Callable[..., Awaitable[Any]] | None = None,
    ) -> None:
        self.function = function
        self._layer = layer
        self._injected = dict(injected)
        self._seeded = seeded
        self._in_thread = in_thread
        self._values: dict[Key, str] = {}  # scoped keys that have a variable, in order of building
        self._singletons: dict[Key, str] = {}
        self._number = itertools.count()
        self._ran_code = False  # whether a provider ran since the plan last looked whether it was disturbed
        self._code = _Code()
        self._signature = inspect.signature(function)
        self._filename = f"<injected call {next(_numbers)}: {describe(function)}>"
        self._write()
        self.source = "\n".join(self._code.lines) + "\n"

    async def bind(self) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Build the singletons the plan needs, and return the compiled function over them."""
        names = dict(self._code.names)
        for key, name in self._singletons.items():
            provider = self._layer.node(key).provider
            names[name] = provider.make if provider.kind is Kind.VALUE else await self._layer.obtain(key)
        linecache.cache[self._filename] = (
            len(self.source),
            None,
            self.source.splitlines(keepends=True),
            self._filename,
        )
        exec(compile(self.source, self._filename, "exec"), names)
        compiled: Callable[..., Coroutine[Any, Any, Any]] = names["injected"]
        compiled.__wrapped__ = self.function  # type: ignore[attr-defined]  # for whoever asks where the endpoint is
        return compiled

    async def call_without_plan(self, values: dict[str, Any]) -> Any:
        """Do what the compiled function does, through overrides: nothing of the plan is built."""
        return await self.call_slowly(self._find_scope(), values)

    async def call_slowly(self, scope: Scope, values: dict[str, Any]) -> Any:
        """Resolve the injected parameters one by one, then call."""
        if scope.closed:
            await scope.refuse_late(describe(self.function))
        for name, key in self._injected.items():
            values[name] = await scope.resolve(key)  # type: ignore[arg-type]  # keys are what resolve takes
        if self._in_thread is not None:
            return await self._in_thread(self.function, **values)
        return await self.function(**values)

    # --- writing the source -----------------------------------------------------------------------------------------

    def _write(self) -> None:
        code = self._code
        code.names |= {
            "call_slowly": self.call_slowly,
            "container": self._layer.container,
            "current": current.get,
            "explain": self._explain,
            "find": self._find_scope,
            "first": _first,
            "first_async": _first_async,
            "function": self.function,
            "in_thread": self._in_thread,
            "refuse_external": refuse_external,
        }
        code.add("async def injected(**values):", 0)
        code.add("scope = current()")
        code.add("if scope is None or scope.container is not container: scope = find()")
        code.add(_STEP_ASIDE.format(when="scope.entered or container.detour"))
        code.add("built = scope.begin_plan()")
        code.add("try:")
        final = {name: self._value_of(key, ()) for name, key in self._injected.items()}
        if code.lines[-1].endswith("try:"):
            code.add("pass", 2)  # only singletons are needed
        code.add("except BaseException as error:")
        code.add("explain(scope, error)", 2)
        code.add("raise", 2)
        target = "in_thread(function, " if self._in_thread is not None else "function("
        code.add(f"return await {target}{self._arguments(final)})")

    def _arguments(self, final: Mapping[str, str]) -> str:
        arguments = []
        for name, parameter in self._signature.parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            value = final.get(name) or f"values[{name!r}]"
            positional = parameter.kind is not parameter.KEYWORD_ONLY
            arguments.append(value if positional else f"{name}={value}")
        return ", ".join(arguments)

    def _value_of(self, key: Key, path: tuple[Provider, ...]) -> str:
        """Write what builds a key and return the name that holds it."""
        return self._known(key) or self._write_node(self._layer.node(key), path)

    def _known(self, key: Key) -> str | None:
        provider = self._layer.node(key).provider
        if provider.kind is Kind.SCOPE:
            return "scope"
        if provider.lifetime is Lifetime.SINGLETON:
            return self._singletons.setdefault(key, f"s{len(self._singletons)}")
        return self._values.get(key)

    def _write_node(self, node: Node, path: tuple[Provider, ...]) -> str:
        provider, code = node.provider, self._code
        number = next(self._number)
        var = f"v{number}"
        code.names |= {f"make{number}": provider.make, f"provider{number}": provider, f"key{number}": provider.key}
        shared = provider.lifetime is Lifetime.SCOPED
        if provider.key in self._seeded:
            code.add(f"{var} = built[key{number}]", 2)
        else:
            below = (*path, provider)
            arguments = [self._value_of(key, below) for key in node.positional]
            arguments += [f"{name}={self._value_of(key, below)}" for name, key in node.keywords]
            if provider.external:
                code.names[f"path{number}"] = path
                code.add(f"refuse_external(provider{number}, path{number})", 2)
            self._write_building(provider, number, ", ".join(arguments), below)
        if shared:
            self._values[provider.key] = var
        return var

    def _write_building(self, provider: Provider, number: int, arguments: str, path: tuple[Provider, ...]) -> None:
        code = self._code
        shared = provider.lifetime is Lifetime.SCOPED
        if shared and self._ran_code:
            code.add(_STEP_ASIDE.format(when="scope.disturbed"), 2)
        if shared and provider.is_async:
            code.add(f"scope.depart(key{number})", 2)
        for template in _TEMPLATES[provider.kind]:
            code.add(template.format(n=number, args=arguments), 2, path)
        if provider.is_async:
            landed = f"scope.land(key{number}, v{number})" if shared else "scope.interrupted()"
            code.add(_STEP_ASIDE.format(when=landed), 2)
        elif shared:
            code.add(f"built[key{number}] = v{number}", 2)
        self._ran_code = not provider.is_async

    # --- at run time ------------------------------------------------------------------------------------------------

    def _find_scope(self) -> Scope:
        scope = self._layer.container.find_scope()
        if scope is None:
            raise NoScopeError(describe(self.function))
        return scope

    def _explain(self, scope: Scope, error: BaseException) -> None:
        """Add the resolution path to what a provider raised, and pass it on to those who wait for it."""
        scope.crash(error)
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename == self._filename:
                path = self._code.paths.get(traceback.tb_lineno)
                if path is not None:
                    add_path_note(error, path)
                return
            traceback = traceback.tb_next


def _first(handle: Any, provider: Provider) -> Any:
    try:
        return next(handle)
    except StopIteration:
        raise GeneratorYieldError(str(provider), provider.location, "ended without a yield") from None


async def _first_async(handle: Any, provider: Provider) -> Any:
    try:
        return await anext(handle)
    except StopAsyncIteration:
        raise GeneratorYieldError(str(provider), provider.location, "ended without a yield") from None
