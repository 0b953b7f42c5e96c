"""Which sessions live, which refresh token of each is the current one, and what is known of their users.

A session is a *family* of refresh tokens: each is used once and replaced by its successor. One hash per family
says which token is current, so a family costs the same however often it is refreshed, and whatever is neither
the current token nor its predecessor of a moment ago is a replay. A revoked family stays as a tombstone until
its last token has expired. All keys of a user share one hash slot.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from backend.clients.redis import Redis, RedisError
from backend.services.identity.errors import SessionsUnavailable, TokenInvalid, TokenRevoked
from backend.services.identity.token_scripts import INVALIDATE, INVALIDATE_ALL, REGISTER, USE

GRACE_MILLISECONDS: Final = 10_000
"""How long a predecessor is answered with its successor instead of being taken for a replay."""

MAX_SESSIONS: Final = 50
"""How many sessions a user may have; one more ends the one that would have ended first."""


class ReuseDetected(TokenRevoked):
    """Say that a refresh token was replayed, so that its whole family is revoked."""

    def __init__(self, user_id: UUID, session_id: UUID) -> None:
        super().__init__()
        self.user_id = user_id
        self.session_id = session_id


@dataclass(frozen=True, slots=True)
class NewSession:
    """Describe a session to be opened. Lifetimes are seconds: of a token, and of the whole family."""

    id: UUID
    user_id: UUID
    jti: UUID
    opened_at: datetime
    lifetime: int
    longest: int
    remember_me: bool
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class CurrentToken:
    """Describe the one refresh token of a session that may be used next."""

    jti: UUID
    issued_at: datetime
    expires_at: datetime
    remember_me: bool
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """Tell a user about one of his sessions."""

    id: UUID
    opened_at: datetime
    last_used_at: datetime
    expires_at: datetime
    remember_me: bool
    ip: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """Say whether a session lives, and what was kept of its account if anything was."""

    live: bool
    account: str | None


class TokenStore:
    """Keep sessions in Redis, each change in one atomic script.

    Nothing is assumed when Redis does not answer: every method raises `SessionsUnavailable`.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._register = redis.register_script(REGISTER)
        self._use = redis.register_script(USE)
        self._invalidate = redis.register_script(INVALIDATE)
        self._invalidate_all = redis.register_script(INVALIDATE_ALL)

    async def register(self, session: NewSession) -> CurrentToken:
        """Open a session whose first refresh token has the given id."""
        opened = int(session.opened_at.timestamp())
        arguments: list[str | int] = [
            *(str(session.id), str(session.jti), opened, session.lifetime, session.longest),
            *(int(session.remember_me), session.ip or "", session.user_agent or ""),
            *(_family_prefix(session.user_id), MAX_SESSIONS),
        ]
        async with _required():
            expires = await self._register(keys=_keys(session.user_id, session.id), args=arguments)
        return CurrentToken(session.jti, _moment(opened), _moment(expires), session.remember_me, _moment(opened))

    async def use(
        self, user_id: UUID, session_id: UUID, jti: UUID, *, successor: UUID, now: datetime, ip: str | None
    ) -> CurrentToken:
        """Replace a refresh token by its successor; of any number of callers at once one does.

        The others, and whoever repeats it within `GRACE_MILLISECONDS`, get the same successor. Raises
        `ReuseDetected` for a replay (the family is revoked then), `TokenRevoked` for a family that is revoked
        or has reached its greatest age, `TokenInvalid` for an unknown one.
        """
        arguments: list[str | int] = [
            str(session_id),
            str(jti),
            str(successor),
            int(now.timestamp()),
            GRACE_MILLISECONDS,
            ip or "",
        ]
        async with _required():
            outcome, *fields = await self._use(keys=_keys(user_id, session_id), args=arguments)
        match outcome:
            case "current":
                current, issued, expires, remember_me, opened = fields
                return CurrentToken(
                    UUID(current), _moment(issued), _moment(expires), remember_me == "1", _moment(opened)
                )
            case "reused":
                raise ReuseDetected(user_id, session_id)
            case "revoked":
                raise TokenRevoked
            case _:
                raise TokenInvalid

    async def invalidate(self, user_id: UUID, session_id: UUID) -> bool:
        """Revoke one session; False if it did not live."""
        async with _required():
            return bool(await self._invalidate(keys=_keys(user_id, session_id), args=[str(session_id)]))

    async def invalidate_all(self, user_id: UUID, *, keep: UUID | None = None) -> int:
        """Revoke all sessions of a user, or all but one, and count them."""
        async with _required():
            return int(
                await self._invalidate_all(
                    keys=[_sessions_key(user_id)], args=[_family_prefix(user_id), "" if keep is None else str(keep)]
                )
            )

    async def is_valid(self, user_id: UUID, session_id: UUID, jti: UUID) -> bool:
        """Tell whether a refresh token is the one its session would accept next."""
        async with _required():
            status, current = await self._redis.hmget(_family_key(user_id, session_id), ["status", "current"])
        return bool(status == "active" and current == str(jti))

    async def count(self, user_id: UUID) -> int:
        """Count the live sessions of a user."""
        async with _required():
            return int(await self._redis.zcount(_sessions_key(user_id), _now(), "+inf"))

    async def sessions(self, user_id: UUID) -> list[SessionRecord]:
        """List the live sessions of a user, the last used first."""
        async with _required():
            ids = [str(member) for member in await self._redis.zrangebyscore(_sessions_key(user_id), _now(), "+inf")]
            pipeline = self._redis.pipeline(transaction=False)
            for session_id in ids:
                _ = pipeline.hgetall(_family_key(user_id, UUID(session_id)))
            rows = await pipeline.execute() if ids else []
        records = [
            _record(UUID(session_id), row)
            for session_id, row in zip(ids, rows, strict=True)
            if row.get("status") == "active"
        ]
        return sorted(records, key=lambda record: record.last_used_at, reverse=True)

    async def look_up(self, user_id: UUID, session_id: UUID) -> Lookup:
        """Tell in one round trip what a request's access token depends on."""
        async with _required():
            pipeline = self._redis.pipeline(transaction=False)
            _ = pipeline.hget(_family_key(user_id, session_id), "status")
            _ = pipeline.get(_account_key(user_id))
            status, account = await pipeline.execute()
        return Lookup(status == "active", account)

    async def keep_account(self, user_id: UUID, account: str, seconds: int) -> None:
        """Keep what is known of an account for a while."""
        async with _required():
            await self._redis.set(_account_key(user_id), account, ex=seconds)

    async def forget_account(self, user_id: UUID) -> None:
        """Drop what is kept of an account, so that the next request reads it anew."""
        async with _required():
            await self._redis.delete(_account_key(user_id))


@asynccontextmanager
async def _required() -> AsyncIterator[None]:
    try:
        yield
    except RedisError as error:
        raise SessionsUnavailable from error


def _family_prefix(user_id: UUID) -> str:
    return f"refresh_token:{{{user_id}}}:"


def _family_key(user_id: UUID, session_id: UUID) -> str:
    return f"{_family_prefix(user_id)}{session_id}"


def _sessions_key(user_id: UUID) -> str:
    return f"user_tokens:{{{user_id}}}"


def _account_key(user_id: UUID) -> str:
    return f"account:{{{user_id}}}"


def _keys(user_id: UUID, session_id: UUID) -> list[str]:
    return [_family_key(user_id, session_id), _sessions_key(user_id)]


def _record(session_id: UUID, row: dict[str, Any]) -> SessionRecord:
    return SessionRecord(
        id=session_id,
        opened_at=_moment(row["opened_at"]),
        last_used_at=_moment(row["issued_at"]),
        expires_at=_moment(row["expires_at"]),
        remember_me=row["remember_me"] == "1",
        ip=row["ip"] or None,
        user_agent=row["user_agent"] or None,
    )


def _moment(seconds: str | int) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
