"""What keeps the command from doing what it was asked; each says what, where and what to do."""

from collections.abc import Sequence
from pathlib import Path

from di.errors import DiError


class CommandError(DiError):
    """Base of what a person at a command line can mend."""


class MissingTargetError(CommandError):
    """No target was given, and none is configured."""

    def __init__(self) -> None:
        super().__init__(
            "Which application? Name it as module:attribute, e.g. shop.main:app, "
            'or put target = "shop.main:app" under [tool.di] in pyproject.toml.'
        )


class InvalidTargetError(CommandError):
    """A target that is not written as module:attribute."""

    def __init__(self, target: str) -> None:
        super().__init__(f"{target!r} is no target. Write module:attribute, e.g. shop.main:app.")


class ModuleNotFoundInError(CommandError):
    """The module of a target does not exist."""

    def __init__(self, module: str, missing: str, folder: Path) -> None:
        super().__init__(
            f"There is no module {missing!r} below {folder} or among the installed packages, so {module} cannot be "
            "imported. Check the name, change to the folder that holds it, or give that folder as --app-dir."
        )


class TargetFailedError(CommandError):
    """Importing the module of a target, or calling its factory, raised."""

    def __init__(self, what: str, error: BaseException, place: str | None) -> None:
        at = f" (raised at {place})" if place else ""
        super().__init__(
            f"{what} failed{at}:\n{type(error).__name__}: {error}\n"
            "The command imports an application as a server does, so it needs the same packages and variables; "
            "values for variables that are not set may stand under [tool.di.environment] in pyproject.toml."
        )


class AttributeMissingError(CommandError):
    """The module of a target has no such attribute."""

    def __init__(self, module: str, attribute: str, close: Sequence[str]) -> None:
        super().__init__(f"{module} has no attribute {attribute!r}.{_suggest(close)}")


class FactoryArgumentsError(CommandError):
    """A factory that cannot be called without arguments."""

    def __init__(self, target: str, place: str) -> None:
        super().__init__(
            f"{target} ({place}) cannot be called without arguments. "
            "Name an application or a container, or a function that needs no arguments to make one."
        )


class NoContainerError(CommandError):
    """A target in which there is no container."""

    def __init__(self, target: str, found: str) -> None:
        super().__init__(
            f"{target} is {found}. Name a di.Container, an application that was given one by "
            "deps.install(app, container), or a function that returns one of them."
        )


class SeveralContainersError(CommandError):
    """An application that was installed with more than one container."""

    def __init__(self, target: str, count: int) -> None:
        super().__init__(
            f"{target} has {count} containers, each with a graph of its own. Choose one with --container 1 to {count}."
        )


class UnknownNameError(CommandError):
    """A type or route that the graph does not have."""

    def __init__(self, text: str, close: Sequence[str]) -> None:
        super().__init__(
            f"Nothing in the graph is called {text!r}.{_suggest(close)} "
            'Types go by name or module.Name, routes as "GET /path"; `di graph --format json` lists all.'
        )


class AmbiguousNameError(CommandError):
    """A name that several types or routes have."""

    def __init__(self, text: str, candidates: Sequence[str]) -> None:
        listed = "\n".join(f"  {each}" for each in candidates)
        super().__init__(f"{text!r} is the name of {len(candidates)}; say which:\n{listed}")


class ConfigurationError(CommandError):
    """A [tool.di] table that cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"[tool.di] in {path} cannot be used: {reason}. It may hold target, app-dir and baseline (texts), "
            "and a table environment of texts."
        )


class BaselineUnnamedError(CommandError):
    """A baseline is to be written, and nobody said where."""

    def __init__(self) -> None:
        super().__init__(
            "Which file? Give --baseline FILE, install the application with deps.install(..., baseline=...), "
            'or put baseline = "di-baseline.toml" under [tool.di] in pyproject.toml.'
        )


class OutputError(CommandError):
    """A file that cannot be written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path} cannot be written: {reason}.")


def _suggest(close: Sequence[str]) -> str:
    return f" Did you mean {' or '.join(close)}?" if close else ""
