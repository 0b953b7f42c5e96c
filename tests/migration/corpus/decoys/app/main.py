"""Nothing in here is an accessor: get_user_service() is only mentioned, _x = None too."""

import json
import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from threading import Lock
from typing import NamedTuple, TypeVar

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel

logger = logging.getLogger(__name__)
WORD = re.compile(r"\w+")
LIMIT = Decimal("10.5")
ROOT = Path(__file__).parent
TIMEOUT = timedelta(seconds=3)
T = TypeVar("T")
lock = Lock()
app = FastAPI()
router = APIRouter()
oauth2_scheme = OAuth2PasswordBearer(tokenUrl="token")
_requests = 0
_started = None
_words = None
_rates = None


class Colour(Enum):
    RED = 1


class Theme(BaseModel):
    name: str


@dataclass
class Retry:
    times: int = 3


class Point(NamedTuple):
    x: int


class Database:
    def query(self):
        return []

    def close(self):
        return None


class UserService:
    def __init__(self, database):
        self.database = database

    def users(self):
        return self.database.query()

    def get_database(self):
        return self.database


DEFAULT_THEME = Theme(name="dark")
retry = Retry()
origin = Point(1)
HANDLERS = {"a": 1}


class RoleChecker:
    def __init__(self, roles):
        self.roles = roles

    def __call__(self, user: str):
        return user in self.roles


require_admin = RoleChecker(["admin"])


def get_user_service() -> UserService:
    """Constructs anew each time."""
    return UserService(Database())


def get_service(database: Database = Depends(Database)) -> UserService:
    return UserService(database)


def get_db() -> Iterator[Database]:
    database = Database()
    try:
        yield database
    finally:
        database.close()


@contextmanager
def session_scope():
    yield Database()


def count_request() -> int:
    global _requests
    _requests += 1
    return _requests


def uptime():
    global _started
    if _started is None:
        _started = time.time()
    return time.time() - _started


def get_words():
    global _words
    if _words is None:
        _words = json.loads("[]")
    return _words


def get_rates() -> dict[str, float]:
    global _rates
    if _rates is None:
        _rates = {"eur": 1.0}
    return _rates


def get_handler(name):
    return HANDLERS[name]


def setup_logging():
    global logger
    logger = logging.getLogger("app")
    return logger


def recreate_database():
    """Replaces unconditionally: no accessor."""
    global _database
    _database = Database()
    return _database


def get_current_user(token: str = Depends(oauth2_scheme)):
    return {"name": token}


EXAMPLE = '''
_x = None
def get_x():
    global _x
    if _x is None:
        _x = X()
    return _x
'''


@router.get("/")
def index(service: UserService = Depends(get_user_service)):
    return service.users()


class Session:
    _current = None

    @property
    def database(self):
        if self._current is None:
            self._current = Database()
        return self._current


if __name__ == "__main__":
    service = UserService(Database())
