"""injector with fastapi-injector: `InjectorMiddleware`, `request_scope` and its cleanup of context managers.

Nothing in it is asynchronous; the session is a context manager.
"""

from types import TracebackType
from typing import Annotated, Any

from fastapi import FastAPI
from fastapi_injector import Injected, InjectorMiddleware, RequestScopeOptions, attach_injector, request_scope
from injector import Injector, inject, singleton

from benchmarks.graphs import Kind, Service
from benchmarks.workload import Workload


def build(workload: Workload) -> FastAPI:
    """Return the application."""
    injector = Injector(auto_bind=False)
    for service in workload.graph.services:
        scope = singleton if service.lifetime == "singleton" else request_scope
        injector.binder.bind(workload.types[service.name], to=_made(workload, service), scope=scope)
    app = FastAPI()
    attach_injector(app, injector, RequestScopeOptions(enable_cleanup=True))
    app.add_middleware(InjectorMiddleware, injector=injector)
    app.add_api_route("/", workload.endpoint(lambda kind: Annotated[kind, Injected(kind)]))
    return app


def _made(workload: Workload, service: Service) -> Any:
    made: Any = workload.types[service.name]
    if service.kind is Kind.PLAIN:
        return inject(made)
    if service.kind is Kind.SESSION:
        return inject(_managed_session(made))
    work = workload.work

    class Managed(made):  # type: ignore[misc]  # made at run time
        def __enter__(self) -> Any:
            work.opened += 1
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> None:
            work.closed += 1

    return inject(Managed)


def _managed_session(session_type: Any) -> Any:
    class ManagedSession(session_type):  # type: ignore[misc]  # made at run time
        def __enter__(self) -> Any:
            return self

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> None:
            if error is None:
                self.commit_now()
            else:
                self.rollback_now()
            self.close_now()

    return ManagedSession
