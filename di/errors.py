"""Everything `di` raises. `DiError` is the base; each class takes data and says what, where and what to do."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

__all__ = [
    "AcceptedProblemsWarning",
    "AskedAtImportWarning",
    "AsyncBuildRequiredError",
    "BaselineFileError",
    "BridgeAwaitError",
    "BridgeNotInstalledError",
    "BridgeNotStartedError",
    "BridgeOutsideScopeError",
    "CaptiveDependencyError",
    "ContainerClosedError",
    "ContainerStartedError",
    "CycleError",
    "DiError",
    "DuplicateProviderError",
    "ExternalProviderError",
    "GeneratorYieldError",
    "GraphError",
    "IncompleteFakeError",
    "InvalidProviderError",
    "LateCommitWarning",
    "MissingProviderError",
    "NoScopeError",
    "NotReleasableError",
    "OverrideEndedError",
    "PingError",
    "ScopeClosedError",
    "SpawnTimeoutError",
    "StaleBaselineWarning",
    "StartTimeoutError",
    "StopTimeoutError",
    "TwoInstancesWarning",
    "UnregisteredShadowWarning",
    "UnresolvableHintError",
    "UnsupportedGetterError",
    "UnsupportedKeyError",
    "UnsupportedLagomFeatureError",
    "UnusedOverrideError",
    "UnusedProviderWarning",
    "WrongLoopError",
    "WrongLoopWarning",
]


class DiError(Exception):
    """Base of every error of the injection layer.

    `concerns` is filled in by validation: the keys the problem is about, from who needs to what is needed, and names
    of roots and parameters as text.
    """

    concerns: tuple[object, ...] = ()


class MissingProviderError(DiError):
    """A type is needed that nobody registered."""

    def __init__(self, wanted: str, needed_by: str, path: Sequence[str] = ()) -> None:
        self.wanted = wanted
        super().__init__(
            _with_path(
                f"{wanted} has no provider, but {needed_by} needs it. "
                f"Register it, e.g. container.scoped({wanted}), or give the parameter a default.",
                path,
            )
        )


class CycleError(DiError):
    """Types need each other in a circle."""

    def __init__(self, members: Sequence[str], path: Sequence[str] = ()) -> None:
        self.members = tuple(members)
        circle = " -> ".join((*members, members[0]))
        super().__init__(
            _with_path(
                f"Dependency cycle: {circle}. Break it: move what both need into a third service, "
                "or hand one of them over as an argument of the call.",
                path,
            )
        )


class CaptiveDependencyError(DiError):
    """A singleton holds something that lives only as long as one scope."""

    def __init__(self, holder: str, held: str, path: Sequence[str] = ()) -> None:
        super().__init__(
            _with_path(
                f"Captive dependency: singleton {holder} would keep scoped {held} for ever. "
                f"Register {holder} as scoped, or pass {held} to its methods.",
                path,
            )
        )


class UnresolvableHintError(DiError):
    """A parameter has no type hint, or one that does not resolve."""

    def __init__(self, parameter: str, owner: str, reason: str, path: Sequence[str] = ()) -> None:
        super().__init__(
            _with_path(
                f"Parameter {parameter!r} of {owner} cannot be injected: {reason}. "
                "Annotate it with a registered type that exists at run time, or give it a default.",
                path,
            )
        )


class DuplicateProviderError(DiError):
    """A type was registered twice."""

    def __init__(self, key: str, first: str, second: str) -> None:
        super().__init__(
            f"{key} is registered twice: first at {first}, again at {second}. "
            f"Remove one, or replace it on purpose with container.replace({key}, ...)."
        )


class InvalidProviderError(DiError):
    """A registration that can never work."""

    def __init__(self, key: str, location: str, reason: str) -> None:
        super().__init__(f"Cannot register {key} at {location}: {reason}.")


class UnsupportedKeyError(DiError):
    """A type form that the container does not inject."""

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key} cannot be injected: {reason}.")


class UnsupportedLagomFeatureError(DiError):
    """A lagom method whose behaviour would break the promises of this layer."""

    def __init__(self, feature: str, instead: str) -> None:
        super().__init__(f"{feature} is not available on di.Container. {instead}")


class ContainerStartedError(DiError):
    """A registration came after the container was started."""

    def __init__(self, key: str, location: str) -> None:
        super().__init__(
            f"{key} was registered at {location}, but the container is already running. "
            "Register everything before start; in a test use container.override(...)."
        )


class ContainerClosedError(DiError):
    """Something was asked of a container that has stopped."""

    def __init__(self, wanted: str) -> None:
        super().__init__(f"{wanted} was asked for after the container stopped. Start it again first.")


class NoScopeError(DiError):
    """A scope is needed where none is open."""

    def __init__(self, wanted: str) -> None:
        self.wanted = wanted
        super().__init__(
            f"{wanted} needs an open scope, and none is open here. In an application add RequestScopeMiddleware "
            "(deps.install does it); elsewhere open one: `async with container.scope() as scope: ...`."
        )


class ScopeClosedError(DiError):
    """A scope was used after its unit of work ended."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"{wanted} was asked of a scope that has closed. Resolve it before the unit of work ends, "
            "or open a scope of your own for work that outlives it: `async with container.scope()`."
        )


class AsyncBuildRequiredError(DiError):
    """The synchronous way in met something that must be awaited."""

    def __init__(self, wanted: str, blocker: str) -> None:
        self.blocker = blocker
        super().__init__(
            f"{wanted} cannot be had synchronously on this thread: {blocker} must be awaited. "
            f"Use `await scope.resolve({wanted})`, or call from a worker thread."
        )


class WrongLoopError(DiError):
    """A container is used on an event loop that is not its own any more."""

    def __init__(self, wanted: str) -> None:
        super().__init__(
            f"{wanted} must be built on the event loop its container was started on, and that loop is not running."
        )


class GeneratorYieldError(DiError):
    """A generator provider yielded never, or more than once."""

    def __init__(self, provider: str, location: str, problem: str) -> None:
        super().__init__(f"Provider {provider} ({location}) {problem}; a generator provider yields exactly once.")


class StartTimeoutError(DiError):
    """A singleton took longer to start than its limit."""

    def __init__(self, key: str, seconds: float, location: str) -> None:
        super().__init__(
            f"{key} (registered at {location}) did not start within {seconds:g} s. "
            "Check what it connects to, or raise timeout= at its registration."
        )


class StopTimeoutError(DiError):
    """A singleton took longer to close than its limit."""

    def __init__(self, key: str, seconds: float, location: str) -> None:
        super().__init__(f"{key} (registered at {location}) did not close within {seconds:g} s and was abandoned.")


class SpawnTimeoutError(DiError):
    """Spawned work had not ended when the container stopped, and was cancelled."""

    def __init__(self, function: str, seconds: float, location: str) -> None:
        super().__init__(
            f"{function} ({location}) was spawned and had not ended {seconds:g} s after the container began to stop; "
            "it was cancelled. Make it shorter, hand it to a job queue, or raise Container(spawn_timeout=)."
        )


class NotReleasableError(DiError):
    """`release` of something that does not belong to the scope."""

    def __init__(self, key: str, lifetime: str) -> None:
        super().__init__(
            f"{key} cannot be released: it is {lifetime}, and only scoped objects end early. "
            "Singletons close when the container stops."
        )


class LateCommitWarning(UserWarning):
    """A generator provider commits after its `yield`."""

    def __init__(self, key: str, location: str, what: str) -> None:
        self.location = location
        super().__init__(
            f"{key} is saved too late: {what} at {location} runs after the yield, when the response has been sent and "
            "nobody can be told of a failure. Commit before the first byte: take `scope: Scope` as a parameter and "
            "register scope.on_success(session.commit) before the yield."
        )


class WrongLoopWarning(RuntimeWarning):
    """Something that was built on one event loop is used on another."""

    def __init__(self, key: str, location: str) -> None:
        super().__init__(
            f"{key} (registered at {location}) was built on another event loop than the one that uses it now; its "
            "connections and locks may hang or fail. Start the container on the loop that serves (in tests: "
            "`with TestClient(app)`), or register it as scoped."
        )


class PingError(DiError):
    """A ping was answered with False, or not in time; it stands in a health report, under the name of the service."""


class ExternalProviderError(DiError):
    """A test was about to build something that reaches outside."""

    def __init__(self, key: str, path: Sequence[str]) -> None:
        super().__init__(
            _with_path(
                f"{key} is marked external=True and was about to be built in a test. Override it, "
                f"or allow it with @pytest.mark.allow_external(types=[{key}]).",
                path,
            )
        )


class OverrideEndedError(DiError):
    """The container of an override was used after its end."""

    def __init__(self, key: str, location: str) -> None:
        super().__init__(
            f"{key} was asked of, or defined in, the container of an override that has ended (at {location}). "
            "Use it inside of its `with` block."
        )


class UnusedOverrideError(DiError):
    """A test made an override that nothing ever resolved."""

    def __init__(self, keys: Iterable[str]) -> None:
        super().__init__(
            f"Overridden but never resolved: {', '.join(keys)}. Remove the override, or override what the code uses."
        )


class IncompleteFakeError(DiError):
    """A fake lacks public methods of what it stands for."""

    def __init__(self, key: str, missing: Sequence[str]) -> None:
        super().__init__(
            f"The override of {key} lacks {', '.join(missing)}. Add them, or pass strict=False if that is on purpose."
        )


class UnusedProviderWarning(UserWarning):
    """A provider that no root reaches."""

    def __init__(self, key: str, location: str) -> None:
        self.location = location
        super().__init__(
            f"{key} ({location}) is used by no root. Remove its registration, or name who asks for it: "
            f"deps.install(..., roots=[{key}])."
        )


class AcceptedProblemsWarning(UserWarning):
    """Problems of the graph that a baseline file accepts; `kinds` counts them."""

    def __init__(self, path: str, kinds: Mapping[str, int]) -> None:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        super().__init__(
            f"{path} accepts {sum(kinds.values())} known problems of the dependency graph ({listed}). "
            "What they concern is not built at start and fails when it is used; `di check` lists the rest."
        )


class StaleBaselineWarning(UserWarning):
    """Entries of a baseline file that accept nothing any more."""

    def __init__(self, path: str, entries: Sequence[str]) -> None:
        super().__init__(
            f"{path} accepts what is no problem any more: {'; '.join(entries)}. "
            "Remove these entries, or write the file anew with `di check --write-baseline`."
        )


class BaselineFileError(DiError):
    """A baseline file that cannot be used."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"Baseline {path} cannot be used: {reason}. "
            f"Write it anew with `di check module:app --baseline {path} --write-baseline`."
        )


class BridgeNotInstalledError(DiError):
    """A bridged getter was called before the bridge was given a container."""

    def __init__(self, wanted: str, asked: str) -> None:
        super().__init__(
            f"{wanted} was asked for at {asked}, but the bridge has no container. Call bridge.install(container) where "
            "the application is made. If a module asks while it is imported, ask in the function that needs it instead."
        )


class BridgeNotStartedError(DiError):
    """A bridged getter was called before the container started, or after it stopped."""

    def __init__(self, wanted: str, asked: str, *, stopped: bool) -> None:
        state = "has stopped" if stopped else "has not been started"
        super().__init__(
            f"{wanted} was asked for at {asked}, but the container {state}, and no scope is open here. An application "
            "starts it with its lifespan (a TestClient in a `with` block); a job or script does so by "
            "`async with container: ...`. Ask between start and stop."
        )


class BridgeOutsideScopeError(DiError):
    """A bridged getter of something scoped was called where no scope is open."""

    def __init__(self, wanted: str, asked: str, scoped: str, *, ended: bool) -> None:
        below = "it is scoped" if scoped == wanted else f"it holds {scoped}, which is scoped"
        state = "the scope of this context has closed" if ended else "no scope is open here"
        super().__init__(
            f"{wanted} was asked for at {asked}, but {below}, and {state}. Open one around the work: "
            "`async with container.scope(): ...`, or scope.spawn(...) for what outlives a request; a thread has to "
            "copy the context (asyncio.to_thread does)."
        )


class BridgeAwaitError(DiError):
    """A synchronous bridged getter met something that must be awaited."""

    def __init__(self, wanted: str, asked: str, blocker: str) -> None:
        super().__init__(
            f"{wanted} was asked for at {asked}, where nothing can be awaited, but {blocker} must be. Take {wanted} as "
            f"a parameter of the constructor or route, or use `await bridge.resolve({wanted})` in an async getter."
        )


class UnsupportedGetterError(DiError):
    """A function that `bridge.shadow` cannot watch."""

    def __init__(self, getter: str, location: str) -> None:
        super().__init__(
            f"{getter} ({location}) is a generator: it hands out a new object each time, so there is no instance to "
            "compare. Register it as provider, e.g. container.scoped(...), and remove bridge.shadow."
        )


class AskedAtImportWarning(UserWarning):
    """A shadowed getter was called while a module was imported."""

    def __init__(self, wanted: str, getter: str, place: str, importing: str) -> None:
        within = "" if importing == place else f", while {importing} is imported"
        super().__init__(
            f"{getter} was asked for {wanted} at {place}{within}: whoever asks at import keeps this instance past "
            "overrides, and fails once the getter is a bridge. Ask in the function that needs it."
        )


class TwoInstancesWarning(UserWarning):
    """A shadowed getter returned another object than the container has."""

    def __init__(self, wanted: str, getter: str, place: str, lifetime: str, *, overridden: bool) -> None:
        advice = (
            "An override lasts here that the getter does not see: patch the getter as before, until it is a bridge."
            if overridden
            else f"Let the container keep the getter's, container.singleton({wanted}, {getter}), "
            f"or make the getter a bridge: return bridge.get({wanted})."
        )
        super().__init__(
            f"There are two instances of {wanted}: {getter} returned one at {place}, "
            f"and the container has another ({lifetime}). {advice}"
        )


class UnregisteredShadowWarning(UserWarning):
    """A shadowed getter hands out a type that the container does not know."""

    def __init__(self, wanted: str, getter: str, place: str) -> None:
        super().__init__(
            f"{getter} was asked for {wanted} at {place} and is watched in vain: the container has no provider for "
            f"{wanted}. Register it, e.g. container.singleton({wanted}), or remove bridge.shadow({wanted})."
        )


class GraphError(DiError):
    """The graph has problems; `problems` holds one `DiError` each."""

    def __init__(self, problems: Sequence[DiError]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        listed = "\n\n".join(f"{number}. {problem}" for number, problem in enumerate(self.problems, 1))
        super().__init__(f"{count} problem{'s' if count != 1 else ''} in the dependency graph:\n\n{listed}")


E = TypeVar("E", bound=DiError)


def concerning(error: E, *concerns: object) -> E:
    """Note on an error which keys it is about."""
    error.concerns = concerns
    return error


def _with_path(text: str, path: Sequence[str]) -> str:
    if not path:
        return text
    arrows = "\n".join(f"   {'  ' * depth}-> {step}" for depth, step in enumerate(path))
    return f"{text}\n{arrows}"
