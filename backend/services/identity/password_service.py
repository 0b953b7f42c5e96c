"""Hashing, checking and judging passwords."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, TypeVar

from pwdlib.hashers.argon2 import Argon2Hasher

from backend.services.identity.errors import PasswordsBusy, WeakPassword
from backend.settings import Settings

T = TypeVar("T")

MIN_LENGTH: Final = 8
MAX_LENGTH: Final = 128
_COMMON: Final = ("password", "123456", "qwerty", "letmein", "welcome")
_LABELS: Final = ("very weak", "weak", "fair", "strong", "very strong")
_WAITING_PER_WORKER: Final = 32


@dataclass(frozen=True, slots=True)
class PasswordStrength:
    """Say whether a password is accepted, how good it is (0 to 4) and what would make it better."""

    is_valid: bool
    score: int
    failed_requirements: tuple[str, ...]
    suggestions: tuple[str, ...]

    @property
    def label(self) -> str:
        """Say the score in words."""
        return _LABELS[self.score]


@dataclass(frozen=True, slots=True)
class Verification:
    """Say whether a password fits, and give its hash at today's cost if the stored one is of another."""

    matches: bool
    new_hash: str | None = None


class PasswordService:
    """Hash with Argon2id in threads of its own.

    A hash takes tens of milliseconds and as many mebibytes, so the number of threads bounds both; beyond a
    bounded queue `PasswordsBusy` is raised. There is no limit of 72 bytes as with bcrypt.
    """

    def __init__(self, settings: Settings) -> None:
        self._hasher = Argon2Hasher(
            time_cost=settings.argon2_time_cost,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
        )
        self._threads = ThreadPoolExecutor(settings.password_workers, thread_name_prefix="password")
        self._places = settings.password_workers * (1 + _WAITING_PER_WORKER)
        self._nobodys_hash = _unmatchable_hash(settings)

    async def hash(self, password: str) -> str:
        """Hash a password with a random salt."""
        return await self._in_thread(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> Verification:
        """Check a password; takes as long for no hash or a broken one as for a wrong password."""
        return await self._in_thread(lambda: self._verify(password, password_hash))

    def close(self) -> None:
        """End the threads after what they are doing."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _verify(self, password: str, password_hash: str | None) -> Verification:
        if password_hash is None or not Argon2Hasher.identify(password_hash):
            self._hasher.verify(password, self._nobodys_hash)
            return Verification(matches=False)
        if not self._hasher.verify(password, password_hash):
            return Verification(matches=False)
        outdated = self._hasher.check_needs_rehash(password_hash)
        return Verification(matches=True, new_hash=self._hasher.hash(password) if outdated else None)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        if self._places == 0:
            raise PasswordsBusy
        self._places -= 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._places += 1


async def open_password_service(settings: Settings) -> AsyncIterator[PasswordService]:
    """Provide the service and end its threads at the end."""
    service = PasswordService(settings)
    try:
        yield service
    finally:
        service.close()


def validate_strength(password: str) -> PasswordStrength:
    """Judge a password: length, lower, upper and digit are required, the rest is advice."""
    required = {
        f"at least {MIN_LENGTH} characters": len(password) >= MIN_LENGTH,
        f"at most {MAX_LENGTH} characters": len(password) <= MAX_LENGTH,
        "at least one lower-case letter": any(character.islower() for character in password),
        "at least one upper-case letter": any(character.isupper() for character in password),
        "at least one digit": any(character.isdigit() for character in password),
    }
    special = any(not character.isalnum() and not character.isspace() for character in password)
    common = any(fragment in password.lower() for fragment in _COMMON)
    points = (
        sum(fulfilled for text, fulfilled in required.items() if not text.startswith("at most"))
        + special
        - common
        + (len(password) >= 12)
        + (len(password) >= 16)
    )
    failed = tuple(text for text, fulfilled in required.items() if not fulfilled)
    suggestions = (
        *(() if special else ("Add a special character.",)),
        *(("Avoid common words and number rows.",) if common else ()),
        *(() if len(password) >= 12 else ("Use 12 characters or more.",)),
    )
    return PasswordStrength(not failed, max(0, min(4, points)), failed, suggestions)


def require_strong(password: str, field: str) -> None:
    """Raise `WeakPassword` for a field whose password is not accepted."""
    strength = validate_strength(password)
    if not strength.is_valid:
        raise WeakPassword(field, strength.failed_requirements, strength.suggestions)


def _unmatchable_hash(settings: Settings) -> str:
    """Write a hash of today's cost that no password is known for, without computing one."""
    salt, digest = (base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (16, 32))
    cost = f"m={settings.argon2_memory_kib},t={settings.argon2_time_cost},p={settings.argon2_parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"
