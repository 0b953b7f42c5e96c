"""Who a database session speaks for."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Self
from uuid import UUID


class Role(StrEnum):
    """Name the database roles, as hosted Supabase does."""

    ANONYMOUS = "anon"
    USER = "authenticated"
    SERVICE = "service_role"


@dataclass(frozen=True, slots=True)
class Caller:
    """Say for whom rows are read and written; row-level security decides by it."""

    role: Role
    user_id: UUID | None = None

    @classmethod
    def anonymous(cls) -> Self:
        """Speak for nobody."""
        return cls(Role.ANONYMOUS)

    @classmethod
    def user(cls, user_id: UUID) -> Self:
        """Speak for one user."""
        return cls(Role.USER, user_id)

    @classmethod
    def service(cls) -> Self:
        """Speak for the backend itself, which may do everything."""
        return cls(Role.SERVICE)

    @property
    def claims(self) -> str:
        """Write the claims that `current_user_id()` reads in the database."""
        subject = {} if self.user_id is None else {"sub": str(self.user_id)}
        return json.dumps({"role": self.role.value, **subject})
