"""One container with a session that logs how its unit of work ended."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from di import Container, Scope


@dataclass(eq=False)
class Session:
    """What a request opens; `log` says what became of it."""

    log: list[str] = field(default_factory=list)


class Orders:
    """A service on the session."""

    def __init__(self, session: Session) -> None:
        self.session = session


@dataclass
class Sessions:
    """Every session that was opened, in order."""

    opened: list[Session] = field(default_factory=list)

    @property
    def logs(self) -> list[list[str]]:
        """What became of each."""
        return [session.log for session in self.opened]


@pytest.fixture
def sessions() -> Sessions:
    return Sessions()


@pytest.fixture
def container(sessions: Sessions) -> Container:
    async def open_session(scope: Scope) -> AsyncIterator[Session]:
        session = Session()
        sessions.opened.append(session)
        scope.on_success(lambda: session.log.append("commit"))
        await asyncio.sleep(0)
        try:
            yield session
        except BaseException as error:
            session.log.append(type(error).__name__)
            raise
        finally:
            await asyncio.sleep(0)
            session.log.append("closed")

    container = Container()
    container.scoped(Session, open_session)
    container.scoped(Orders)
    return container
