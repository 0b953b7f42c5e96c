"""A small code base to freeze: its files, what may be added to it, and what a run of `di freeze` gave."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAIL = """\
class Mailer:
    def send(self): ...

_mailer = None

def get_mailer():
    global _mailer
    if _mailer is None:
        _mailer = Mailer()
    return _mailer
"""
ROUTES = """\
from fastapi import APIRouter
from shop.mail import get_mailer

router = APIRouter()

@router.post("/send")
async def send():
    return get_mailer().send()
"""
SECOND_CALL = """
@router.post("/again")
async def again():
    return get_mailer().send()
"""
SECOND_GLOBAL = """
class Queue:
    def put(self): ...

_queue = None

def get_queue_service():
    global _queue
    if _queue is None:
        _queue = Queue()
    return _queue
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


Freeze = Callable[..., Result]


def write(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def append(path: Path, text: str) -> int:
    """Write text at the end of a file; return the number of the first line of it."""
    before = path.read_text(encoding="utf-8")
    path.write_text(before + text, encoding="utf-8")
    return before.count("\n") + 1


def new_in(result: Result) -> list[tuple[str, str, int, str]]:
    value: dict[str, Any] = json.loads(result.out)
    return [
        (each["kind"], each["file"], each["line"], each.get("accessor", each.get("module"))) for each in value["new"]
    ]
