"""What a mailbox, the audit trail and Valkey say after a request."""

import email
import email.policy
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.clients.redis import Redis
from backend.clients.supabase import Supabase
from backend.db.tables.identity import AuditRow
from backend.services.background import BackgroundWork
from backend.settings import Settings
from di import Container
from tests.support.accounts import SignedIn

Mailbox = Callable[[], Awaitable[list[tuple[str, str, str]]]]
MailedToken = Callable[[str], Awaitable[str]]
AuditTrail = Callable[[], Awaitable[list[tuple[str, bool]]]]


@pytest.fixture
def mailbox(container: Container, settings: Settings) -> Mailbox:
    """Read all mails as (to, subject, text), oldest first, when the background has come to rest."""

    async def read() -> list[tuple[str, str, str]]:
        await container[BackgroundWork].drain()
        return read_mails(Path(settings.mail_folder))

    return read


def read_mails(folder: Path) -> list[tuple[str, str, str]]:
    """Parse every mail of a folder."""
    messages = [
        email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        for path in sorted(folder.glob("*.eml"))
    ]
    return [(str(message["To"]), str(message["Subject"]), message.get_content()) for message in messages]


@pytest.fixture
def mailed_token(mailbox: Mailbox) -> MailedToken:
    """Take the token out of the last mail whose link leads to a page."""

    async def read(page: str) -> str:
        links = [re.search(rf"/auth/{page}\?token=(\S+)", text) for _, _, text in await mailbox()]
        return [link[1] for link in links if link][-1]

    return read


@pytest.fixture
def audit_trail(supabase: Supabase) -> AuditTrail:
    """Read the trail as (event, success), oldest first."""

    async def read() -> list[tuple[str, bool]]:
        async with supabase.side_session() as session:
            rows = await session.execute(select(AuditRow.event_type, AuditRow.success).order_by(AuditRow.ts))
            return [(event, success) for event, success in rows]

    return read


@pytest.fixture
async def redis_outage(alice: SignedIn, container: Container) -> AsyncIterator[None]:
    """Let every command to Valkey fail after Alice logged in, as when the server is gone."""
    gone = Redis.from_url("redis://127.0.0.1:1/0", decode_responses=True)
    with container.override(Redis, gone):
        yield
    await gone.aclose()
