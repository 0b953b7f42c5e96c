"""Targets: from `module:attribute` to a container and who asks it for services, without starting anything."""

import argparse
import contextlib
import difflib
import importlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from di._command.configuration import Configuration, read_configuration
from di._command.errors import (
    AttributeMissingError,
    FactoryArgumentsError,
    InvalidTargetError,
    MissingTargetError,
    ModuleNotFoundInError,
    NoContainerError,
    SeveralContainersError,
    TargetFailedError,
)
from di._compiler import InjectedCall
from di._container import Container
from di._graph_view import GraphView
from di._keys import source_of
from di._roots import Root


@dataclass(frozen=True, slots=True)
class Target:
    """A container, who asks it, and the baseline that goes with it."""

    name: str
    container: Container
    roots: Sequence[Root] | None
    baseline: Path | None
    calls: Callable[[], Mapping[str, Callable[[], InjectedCall]]]  # the plans of routes, by the names of their roots

    def view(self) -> GraphView:
        """Describe its graph."""
        return self.container.graph(self.roots)


def add_target(parser: argparse.ArgumentParser, usage: str, *names: str) -> None:
    """Add `[TARGET] NAMES...`, and how to find the target."""
    parser.usage = f"%(prog)s [TARGET] {usage}".rstrip()
    parser.add_argument("words", nargs="+" if names else "*", metavar="WORD", help=argparse.SUPPRESS)
    parser.add_argument("--factory", action="store_true", help="the target is a function that makes the application")
    parser.add_argument("--app-dir", metavar="DIR", help="folder to import from (default: this one)")
    parser.add_argument("--container", type=int, metavar="N", help="which one, of an application with several")
    parser.set_defaults(error=parser.error, names=names)


def load_target(options: argparse.Namespace) -> tuple[Target, list[str]]:
    """Import what the options name, and return it with the other words of the command line."""
    expected: tuple[str, ...] = options.names
    words: list[str] = list(options.words)
    configuration = read_configuration(Path.cwd())
    if len(words) > len(expected):
        target = words.pop(0)
    elif configuration.target is None:
        raise MissingTargetError
    else:
        target = configuration.target
    if len(words) != len(expected):
        options.error(f"expected {' '.join(('[TARGET]', *expected))}")
    folder = Path(options.app_dir or configuration.app_dir or ".").resolve()
    found = _import(target, folder, configuration)
    return _read(target, _made(target, found, folder, options), options.container, configuration), words


def _import(target: str, folder: Path, configuration: Configuration) -> Any:
    name, separator, attributes = target.partition(":")
    if not separator or not attributes or not all(part.isidentifier() for part in name.split(".")):
        raise InvalidTargetError(target)
    if not folder.is_dir():
        raise ModuleNotFoundInError(name, name, folder)
    configuration.set_environment()
    sys.path.insert(0, str(folder))
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what an application prints is not our output
            found: Any = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{name}.".startswith(f"{error.name}."):
            raise ModuleNotFoundInError(name, error.name, folder) from error
        raise TargetFailedError(f"Importing {name}", error, _place(error, folder)) from error
    except (Exception, SystemExit) as error:
        raise TargetFailedError(f"Importing {name}", error, _place(error, folder)) from error
    for attribute in attributes.split("."):
        if not hasattr(found, attribute):
            close = difflib.get_close_matches(attribute, [each for each in vars(found) if not each.startswith("_")])
            raise AttributeMissingError(name, attribute, close)
        found = getattr(found, attribute)
    return found


def _made(target: str, found: Any, folder: Path, options: argparse.Namespace) -> Any:
    """Return what a factory makes, or what was found if it is none."""
    is_factory = inspect.isroutine(found) or (inspect.isclass(found) and not issubclass(found, Container))
    if not (options.factory or is_factory):
        return found
    try:
        inspect.signature(found).bind()
    except TypeError as error:
        raise FactoryArgumentsError(target, source_of(found)) from error
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return found()
    except (Exception, SystemExit) as error:
        raise TargetFailedError(f"Calling {target}", error, _place(error, folder)) from error


def _read(target: str, found: Any, number: int | None, configuration: Configuration) -> Target:
    if isinstance(found, Container):
        return Target(target, found, None, _path(configuration.baseline), dict)
    # Whatever is in app.state.di: this package knows no web framework.
    installed: Sequence[Any] = getattr(getattr(found, "state", None), "di", ())
    if not installed:
        kind = f"a {type(found).__module__}.{type(found).__name__}"
        raise NoContainerError(target, f"{kind} that no container was installed in" if _is_app(found) else kind)
    containers = list(dict.fromkeys(each.container for each in installed))
    if (number is None and len(containers) > 1) or (number is not None and not 0 < number <= len(containers)):
        raise SeveralContainersError(target, len(containers))
    container = containers[(number or 1) - 1]
    serving = [each for each in installed if each.container is container]
    baseline = next((each.baseline for each in serving if each.baseline is not None), configuration.baseline)
    roots = [root for each in serving for root in each.roots()]

    def calls() -> dict[str, Callable[[], InjectedCall]]:
        return {name: call for each in serving for name, call in each.calls().items()}

    return Target(target, container, roots, _path(baseline), calls)


def _is_app(found: Any) -> bool:
    return hasattr(found, "state") and callable(found)


def _path(baseline: str | Path | None) -> Path | None:
    return None if baseline is None else Path(baseline)


def _place(error: BaseException, folder: Path) -> str | None:
    """Return the last line of the application that took part in an error, or of anybody."""
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}:{error.lineno}"
    places = [
        (Path(frame.filename), frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<") and frame.filename not in {__file__, importlib.__file__}
    ]
    own = [each for each in places if each[0].is_relative_to(folder) and "site-packages" not in each[0].parts]
    file, line = ([(None, None), *places, *own])[-1]
    if file is None:
        return None
    return f"{file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file}:{line}"
