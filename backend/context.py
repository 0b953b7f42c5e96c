"""Facts about the unit of work that audit rows and logs carry."""

from dataclasses import dataclass, field
from uuid import uuid4


@dataclass(frozen=True, slots=True)
class RequestContext:
    """Say where a unit of work came from; jobs and commands have an id only."""

    ip: str | None = None
    user_agent: str | None = None
    request_id: str = field(default_factory=lambda: str(uuid4()))
