"""What the FastAPI bridge raises, all of them `DiError`s."""

import fastapi
import starlette

from di.errors import DiError

__all__ = [
    "FromDependsUnreachableError",
    "NotInstalledError",
    "UnknownFastAPIWarning",
    "UnsupportedContainerError",
    "WrongConnectionError",
]


class NotInstalledError(DiError):
    """A `Deps` was used that no application and container belong to."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} needs a container. Call deps.install(app, container) when the application is made.")


class FromDependsUnreachableError(DiError):
    """A value of a FastAPI dependency was asked for where no route's graph reaches it."""

    def __init__(self, key: str, dependency: str, location: str) -> None:
        super().__init__(
            f"{key} comes from the FastAPI dependency {dependency} (from_depends at {location}), but this unit of work "
            f"did not run it. It is available in routes that inject {key}, or a service that needs it, once "
            f"deps.install(app, container) was called; elsewhere provide it: container.scope({{{key}: ...}})."
        )


class UnsupportedContainerError(DiError):
    """Something was given as container that is none."""

    def __init__(self, given: str) -> None:
        super().__init__(
            f"Deps(...) takes a di.Container or a lagom.Container, and got {given}. "
            "Without a container, write Deps() and deps.install(app, container)."
        )


class WrongConnectionError(DiError):
    """A provider asked for a `Request` on a WebSocket, or the other way round, or outside of both."""

    def __init__(self, wanted: str, found: str) -> None:
        super().__init__(
            f"{wanted} cannot be injected here: {found}. Ask for HTTPConnection to serve both requests and WebSockets."
        )


class UnknownFastAPIWarning(UserWarning):
    """The installed FastAPI does not serve routes in a way that the fast path knows."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"FastAPI {fastapi.__version__} with Starlette {starlette.__version__} serves routes in a way that "
            f"middleware does not know ({reason}), so plain Depends injects: scopes, outcomes and overrides hold, but "
            "requests are slower, a failed on_success() is answered by a plain 500, from_depends() values are out of "
            "reach, and start validates what deps.depends() was asked for instead of what routes ask for. Install a "
            "FastAPI that docs/compatibility.md lists."
        )
