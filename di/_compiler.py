"""Compiled plans: straight-line functions that build what a call needs and then make it.

A plan keeps what it builds in local variables, in dependency order. There are two of each: one for a scope in which
nobody resolved yet, and one that looks first what is there. Both step aside for the ordinary way of resolving whenever
somebody else resolves in the same scope meanwhile; what they have built until then goes along.
"""

import asyncio
import functools
import inspect
import itertools
import linecache
import sys
import types
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from di._graph import Node
from di._instances import Closer, add_path_note, refuse_external
from di._keys import Key, describe
from di._layers import Layer
from di._marks import MISSING
from di._providers import ASYNC_KINDS, CLOSING_KINDS, Kind, Lifetime, Provider
from di._resolution import BUSY, USED, Resolution, values_of
from di._scope import Scope, get_current
from di.errors import GeneratorYieldError, NoScopeError

Compiled = Callable[..., Coroutine[Any, Any, Any]]

_numbers = itertools.count(1)
_make_closer = functools.partial(tuple.__new__, Closer)  # what its own constructor does, without a frame of its own

# How each kind of provider makes an instance; `n` numbers the names that belong to one node.
_MAKING = {
    Kind.CALL: "v{n} = make{n}({args})",
    Kind.COROUTINE: "v{n} = await make{n}({args})",
    Kind.GENERATOR: "v{n} = next(handle{n})",
    Kind.ASYNC_GENERATOR: "v{n} = await anext(handle{n})",
    Kind.CONTEXT_MANAGER: "v{n} = handle{n}.__enter__()",
    Kind.ASYNC_CONTEXT_MANAGER: "v{n} = await handle{n}.__aenter__()",
    Kind.DEFERRED: "v{n} = scope.defer(provider{n})",
}


class _Occurrence:
    """A node at one place in the tree of what a call needs, and the arguments that are written for it so far."""

    def __init__(self, node: Node, holder: "_Occurrence | None", parameter: str | None = None) -> None:
        self.node = node
        self.holder = holder
        self.parameter = parameter  # of the holder; None when it is passed by position
        self.pending: Iterator[tuple[str | None, Key]] = iter(
            [*((None, key) for key in node.positional), *node.keywords]
        )
        self.arguments: list[str] = []

    def take(self, parameter: str | None, value: str) -> None:
        self.arguments.append(value if parameter is None else f"{parameter}={value}")

    @property
    def path(self) -> tuple[Provider, ...]:
        """The providers from the one that was asked for to this one."""
        found: list[Provider] = []
        at: _Occurrence | None = self
        while at is not None:
            found.append(at.node.provider)
            at = at.holder
        return tuple(reversed(found))


@dataclass(slots=True)
class _Code:
    """The source that grows, the names it uses, and which node each line belongs to."""

    lines: list[str] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)
    occurrences: dict[int, _Occurrence] = field(default_factory=dict)

    def add(self, line: str, depth: int = 1, occurrence: _Occurrence | None = None) -> None:
        self.lines.append("    " * depth + line)
        if occurrence is not None:
            self.occurrences[len(self.lines)] = occurrence

    @property
    def source(self) -> str:
        return "\n".join(self.lines) + "\n"


class InjectedCall:
    """A function whose injected parameters are built by compiled plans.

    Args:
        layer: the root layer of a container.
        function: what is called in the end, with its other parameters passed through by keyword.
        injected: which parameters to build, and their keys.
        seeded: scoped keys that are put into the scope before the call, never built.
        in_thread: runs a plain `def` function elsewhere: `await in_thread(function, *args, **kwargs)`.

    `source` is the function that is generated for a fresh scope, also shown in tracebacks.
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
        self._bound: Compiled | None = None  # the plan that looks first what is there

    @functools.cached_property
    def plan(self) -> "_Plan":
        """The plan for a fresh scope."""
        return self._plan(looks_first=False)

    @functools.cached_property
    def _looking_first(self) -> "_Plan":  # one for all who may come before its singletons are built
        return self._plan(looks_first=True)

    @property
    def source(self) -> str:
        """The generated function."""
        return self.plan.source

    async def bind(self) -> Compiled:
        """Build the singletons the plan needs, and return the compiled function over them."""
        return await self.plan.bind()

    def unbind(self) -> None:
        """Forget the singletons, which are others after the container has started again."""
        self._bound = None

    async def call_without_plan(self, values: dict[str, Any]) -> Any:
        """Do what the compiled function does, through overrides: nothing of the plan is built."""
        return await self.call_slowly(self.find_scope(), values)

    async def call_otherwise(self, scope: Resolution, values: dict[str, Any]) -> Any:
        """Call in a scope that is not fresh, or while plans have to step aside."""
        if self._layer.container.detour or scope.closed or not scope.is_quiet(self._seeded):
            return await self.call_slowly(scope, values)
        if self._bound is None:
            self._bound = await self._looking_first.bind()
            if not scope.is_quiet(self._seeded):
                return await self.call_slowly(scope, values)
        return await self._bound(scope, **values)

    async def call_slowly(self, scope: Resolution, values: dict[str, Any]) -> Any:
        """Resolve the injected parameters one by one, then call."""
        if scope.closed:
            await scope.refuse_late(describe(self.function))
        for name, key in self._injected.items():
            values[name] = await scope.resolve_slowly(key)
        if self._in_thread is not None:
            return await self._in_thread(self.function, **values)
        return await self.function(**values)

    def find_scope(self) -> Scope:
        """Return the innermost open scope of the container."""
        scope = self._layer.container.find_scope()
        if scope is None:
            raise NoScopeError(describe(self.function))
        return scope

    def _plan(self, *, looks_first: bool) -> "_Plan":
        plan = _Plan(self, self._layer, self._seeded, looks_first=looks_first)
        plan.write(self.function, self._injected, self._in_thread)
        return plan


class _Plan:
    """One generated function. `keys` and `names` tell which shared objects it keeps in which variables, in order."""

    def __init__(self, call: InjectedCall, layer: Layer, seeded: frozenset[Key], *, looks_first: bool) -> None:
        self.keys: tuple[Key, ...] = ()
        self.names: tuple[str, ...] = ()
        self.code: types.CodeType | None = None
        self.source = ""
        self._module: types.CodeType | None = None
        self._call = call
        self._layer = layer
        self._seeded = seeded
        self._looks_first = looks_first
        self._values: dict[Key, str] = {}  # shared keys that have a variable, in order of building
        self._singletons: dict[Key, str] = {}
        self._number = itertools.count()
        self._published = 0  # how many of them a scope has been told of
        self._ran_code = False  # whether a provider ran since the plan last looked whether it was disturbed
        self._code = _Code()
        self._filename = f"<injected call {next(_numbers)}: {describe(call.function)}>"

    async def bind(self) -> Compiled:
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
        if self._module is None:  # the frames of all that two have bound at once are known by their code
            self._module = compile(self.source, self._filename, "exec")
        exec(self._module, names)
        compiled: Compiled = names["injected"]
        self.code = compiled.__code__
        compiled.__wrapped__ = self._call.function  # type: ignore[attr-defined]  # for who asks where the endpoint is
        return compiled

    # --- for who explains it ----------------------------------------------------------------------------------------

    @property
    def singletons(self) -> Mapping[Key, str]:
        """The names that stand for singletons."""
        return self._singletons

    def provider(self, key: Key) -> Provider:
        """Return what makes a key."""
        return self._layer.node(key).provider

    def path_at(self, line: int) -> tuple[Provider, ...]:
        """Return the providers from the one that was asked for to that of a line; empty when it is none's line."""
        occurrence = self._code.occurrences.get(line)
        return () if occurrence is None else occurrence.path

    # --- writing the source -----------------------------------------------------------------------------------------

    def write(self, function: Callable[..., Any], injected: Mapping[str, Key], in_thread: Any) -> None:
        """Generate the source."""
        code, call = self._code, self._call
        code.names |= {
            "BUSY": BUSY,
            "closer": _make_closer,
            "current_task": asyncio.current_task,
            "MISSING": MISSING,
            "USED": USED,
            "call_otherwise": call.call_otherwise,
            "container": self._layer.container,
            "current": get_current,
            "explain": self._explain,
            "find": call.find_scope,
            "function": function,
            "in_thread": in_thread,
            "layer": self._layer,
            "plan": self,
            "refuse_external": refuse_external,
            "step_aside": self._step_aside,
        }
        if self._looks_first:
            code.add("async def injected(scope, **values):", 0)
            code.add("scope.state, scope.disturbed = BUSY, False")
            code.add("built = scope.built()")
        else:
            code.add("async def injected(**values):", 0)
            code.add("scope = current()")
            code.add("if scope is None or scope.container is not container: scope = find()")
            code.add("if scope.state or container.detour: return await call_otherwise(scope, values)")
            code.add("scope.state, scope.running = BUSY, plan")
        code.add("try:")
        final = self._write_all(injected)
        if code.lines[-1].endswith("try:"):
            code.add("pass", 2)  # only singletons are needed
        code.add("except BaseException as error:")
        code.add("explain(scope, error)", 2)
        code.add("raise", 2)
        if not self._looks_first:
            code.add(f"scope.published, scope.running = (plan, 0, {_tuple(self._values.values())}, None), None")
        code.add("scope.state = USED")
        target = "in_thread(function, " if in_thread is not None else "function("
        code.add(f"return await {target}{_arguments(function, final)})")
        self.keys, self.names = tuple(self._values), tuple(self._values.values())
        self.source = code.source

    def _write_all(self, injected: Mapping[str, Key]) -> dict[str, str]:
        """Write what builds each key, dependencies first, and return the names that hold them; without recursion."""
        final: dict[str, str] = {}
        for name, key in injected.items():
            held = self._known(key)
            waiting = [] if held is not None else [_Occurrence(self._layer.node(key), None)]
            while waiting:
                occurrence = waiting[-1]
                needed = next(occurrence.pending, None)
                if needed is not None:
                    known = self._known(needed[1])
                    if known is not None:
                        occurrence.take(needed[0], known)
                    else:
                        waiting.append(_Occurrence(self._layer.node(needed[1]), occurrence, needed[0]))
                    continue
                waiting.pop()
                held = self._write_node(occurrence)
                if occurrence.holder is not None:
                    occurrence.holder.take(occurrence.parameter, held)
            final[name] = str(held)
        return final

    def _known(self, key: Key) -> str | None:
        provider = self._layer.node(key).provider
        if provider.kind is Kind.SCOPE:
            return "scope"
        if provider.lifetime is Lifetime.SINGLETON or (provider.kind is Kind.VALUE and key not in self._seeded):
            return self._singletons.setdefault(key, f"s{len(self._singletons)}")
        if key in self._seeded and key not in self._values:
            number = next(self._number)
            self._code.names[f"key{number}"] = key
            self._code.add(f"v{number} = scope.seeded(key{number})", 2)
            self._values[key] = f"v{number}"
        return self._values.get(key)

    def _write_node(self, occurrence: "_Occurrence") -> str:
        provider, code, number = occurrence.node.provider, self._code, next(self._number)
        code.names |= {f"make{number}": provider.make, f"provider{number}": provider, f"key{number}": provider.key}
        shared = provider.lifetime is Lifetime.SCOPED
        depth = 2
        if shared and self._ran_code:
            code.add("if scope.disturbed: return await step_aside(scope, values)", 2)
        if shared and self._looks_first:
            code.add(f"v{number} = built.get(key{number}, MISSING)", 2)
            code.add(f"if v{number} is MISSING:", 2)
            depth = 3
        for line in self._lines_of(provider, number, ", ".join(occurrence.arguments), occurrence):
            code.add(line, depth, occurrence)
        if shared:
            self._values[provider.key] = f"v{number}"
        if provider.kind in ASYNC_KINDS:
            code.add("scope.in_flight = None", depth)
            code.add("if scope.disturbed:", depth)
            code.add(f"scope.land({f'key{number}' if shared else None}, v{number})", depth + 1)
            code.add("return await step_aside(scope, values)", depth + 1)
        self._ran_code = provider.kind not in ASYNC_KINDS
        return f"v{number}"

    def _lines_of(self, provider: Provider, number: int, arguments: str, occurrence: "_Occurrence") -> list[str]:
        kind, lines = provider.kind, []
        shared = provider.lifetime is Lifetime.SCOPED
        if provider.external:
            self._code.names[f"path{number}"] = occurrence.path[:-1]
            lines.append(f"refuse_external(provider{number}, path{number})")
        if kind in CLOSING_KINDS:
            lines.append(f"handle{number} = make{number}({arguments})")
        if kind in ASYNC_KINDS:
            lines.append(f"scope.published = (plan, {self._publish_new()}, scope.published)")
            lines.append(f"scope.in_flight = ({f'key{number}' if shared else None}, current_task(scope._loop))")
        lines.append(_MAKING[kind].format(n=number, args=arguments))
        if kind in CLOSING_KINDS:
            lines.append(f"scope.closers.append(closer((provider{number}, handle{number}, layer)))")
        if shared and self._looks_first:
            lines.append(f"built[key{number}] = v{number}")
        return lines

    def _publish_new(self) -> str:
        """Write what was built since the last time; a plan that looks first has put each into its place already."""
        start = len(self._values) if self._looks_first else self._published
        self._published = len(self._values)
        return f"{start}, {_tuple(list(self._values.values())[start:])}"

    # --- at run time ------------------------------------------------------------------------------------------------

    async def _step_aside(self, scope: Resolution, values: dict[str, Any]) -> Any:
        """Leave the rest to the ordinary way of resolving; what was built is in the variables of who calls."""
        scope.take(self, self._built_in(sys._getframe(1)))  # noqa: SLF001 - the documented way to look at callers
        return await self._call.call_slowly(scope, values)

    def _explain(self, scope: Resolution, error: BaseException) -> None:
        """Take what was built, and add the resolution path to what a provider raised."""
        traceback = cast(types.TracebackType, error.__traceback__)  # begins at the frame of who calls
        scope.crash(self, error, self._built_in(traceback.tb_frame))
        occurrence = self._code.occurrences.get(traceback.tb_lineno)
        if occurrence is None:
            return
        provider = occurrence.node.provider
        if isinstance(error, StopIteration | StopAsyncIteration) and provider.kind in CLOSING_KINDS:
            raise GeneratorYieldError(str(provider), provider.location, "ended without a yield") from None
        add_path_note(error, occurrence.path)

    def _built_in(self, frame: types.FrameType) -> tuple[Any, ...]:
        return () if self._looks_first else values_of(self, frame.f_locals)


_MANY = 100


class ResolvePlans:
    """The compiled plans of what is resolved by hand, such as in jobs and `Depends` functions: from the second time on.

    The first time costs less without, unless it is many objects, whose depth recursion might not bear.
    """

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._calls: dict[Key, InjectedCall | None] = {}

    def of(self, key: Key) -> InjectedCall | None:
        """Return the plan that builds a key, or `None` when there is nothing to gain so far."""
        call = self._calls.get(key)
        if call is None and self._layer.node(key).provider.lifetime is not Lifetime.SINGLETON:
            known = key in self._calls or len(self._layer.closure(key)) > _MANY
            call = self._calls[key] = self.make(key) if known else None
        return call

    def make(self, key: Key) -> InjectedCall:
        """Return a plan that builds a key."""
        return InjectedCall(self._layer, _give, {"value": key})

    def forget(self) -> None:
        """Drop the plans with the singletons they hold."""
        self._calls.clear()


async def _give(value: Any) -> Any:
    return value


def _tuple(names: Iterable[str]) -> str:
    written = ", ".join(names)
    return f"({written},)" if written and ", " not in written else f"({written})"


def _arguments(function: Callable[..., Any], final: Mapping[str, str]) -> str:
    arguments: list[str] = []
    passed: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            arguments.append(f"**{{name: value for name, value in values.items() if name not in {passed}}}")
            continue
        passed.append(name)
        value = final.get(name) or f"values[{name!r}]"
        positional = parameter.kind is not parameter.KEYWORD_ONLY
        arguments.append(value if positional else f"{name}={value}")
    return ", ".join(arguments)
