"""What an audit says of one accessor beyond its place: lifetime, risk, twins, cycles, order, threads."""

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from di.migration._json import to_json
from di.migration.audit import audit_path

Reading = Callable[..., dict[str, Any]]


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reading:
    monkeypatch.chdir(tmp_path)

    def write_and_read(**files: str) -> dict[str, Any]:
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        return to_json(audit_path(tmp_path))

    return write_and_read


CACHED = """
from functools import cache

class Pool:
    def take(self): ...

@cache
def get_pool():
    return Pool()
"""
CONNECTION = """
import redis

_mail = None

def get_mail():
    global _mail
    if _mail is None:
        _mail = redis.Redis()
    return _mail
"""
PER_THREAD = """
import threading

local = threading.local()

class MailService:
    def act(self): ...

def get_mail():
    if not hasattr(local, 'mail'):
        local.mail = MailService()
    return local.mail
"""


def service(name: str, constructor: str = "pass", method: str = "pass", lines: str = "") -> str:
    """Write a service with its accessor: `service("mail")` is MailService behind get_mail()."""
    text = f"class {name.title()}Service:\n    def __init__(self):\n        {constructor}\n\n"
    text += f"    def act(self):\n        {method}\n\n_{name} = None\n\ndef get_{name}():\n    global _{name}\n"
    return text + f"    if _{name} is None:\n        _{name} = {name.title()}Service()\n    return _{name}\n{lines}\n"


def one(found: dict[str, Any], name: str) -> dict[str, Any]:
    (accessor,) = [each for each in found["accessors"] if each["name"] == name]
    return dict(accessor)


def test_two_accessors_of_one_class_are_told_apart_from_second_names(read: Reading) -> None:
    found = read(
        a=service("mail", lines="mailer = MailService()\n\ndef get_same():\n    return get_mail()\n"),
        b="from a import MailService\n\ndef once():\n    return MailService()\n",
    )
    assert [each["name"] for each in one(found, "get_mail")["same_class"]] == ["mailer"]
    assert one(found, "get_same")["same_class"] == []
    assert [each["name"] for each in one(found, "get_same")["asks"]] == ["get_mail"]


def test_a_class_built_past_its_accessor_is_reported_but_not_in_tests(read: Reading) -> None:
    found = read(
        a=service("mail"),
        b="from a import MailService\n\ndef once():\n    return MailService()\n",
        test_a="from a import MailService\n\ndef test_mail():\n    assert MailService()\n",
    )
    assert one(found, "get_mail")["constructed_directly"] == [{"file": "b.py", "line": 4}]


def test_what_an_accessor_builds_with_is_not_past_it(read: Reading) -> None:
    found = read(
        a="class Pool:\n    def take(self): ...\n\ndef _make():\n    return Pool()\n\n_pool = None\n\ndef get_pool():\n"
        "    global _pool\n    if _pool is None:\n        _pool = _make()\n    return _pool\n"
    )
    assert one(found, "get_pool")["constructed_directly"] == []


def test_only_tests_ask_it(read: Reading) -> None:
    found = read(a=service("mail"), test_a="from a import get_mail\n\ndef test_mail():\n    get_mail()\n")
    assert one(found, "get_mail")["never_called"] is True
    assert [each["context"] for each in found["calls"]] == ["test"]


def test_threads(read: Reading) -> None:
    found = read(
        a=service("mail"),
        b="import threading\n\nlock = threading.Lock()\n"
        + service("post").replace(
            "    if _post is None:\n        _post",
            "    with lock:\n      if _post is None:\n        _post",
        ),
        c=CACHED,
        d="from a import MailService\n\nmailer = MailService()\n",
    )
    safe = {each["name"]: each["thread_safe"] for each in found["accessors"]}
    assert safe == {"get_mail": False, "get_post": True, "get_pool": False, "mailer": True}


def test_cycles_name_their_members_and_when_they_close(read: Reading) -> None:
    found = read(
        a="import b\n" + service("mail", method="b.get_post()"),
        b="import a\n" + service("post", constructor="a.get_mail()"),
        c="import d\n" + service("egg", constructor="d.get_hen()"),
        d="import c\n" + service("hen", constructor="c.get_egg()"),
    )
    cycles = {
        tuple(sorted(each["name"] for each in cycle["members"])): cycle["while_built"] for cycle in found["cycles"]
    }
    assert cycles == {("get_mail", "get_post"): False, ("get_egg", "get_hen"): True}


def test_what_others_are_built_from_is_moved_first_then_the_least_risk(read: Reading) -> None:
    found = read(
        a="from b import get_base\n" + service("top", constructor="get_base()"),
        b=service("base"),
        c="captured = None\n" + service("risky", lines="kept = get_risky()\nagain = get_risky()\n"),
        d=service("alone"),
    )
    assert [each["name"] for each in found["order"]] == ["get_alone", "get_base", "get_top", "get_risky"]
    assert one(found, "get_risky")["risk_reasons"] == ["asked 2 times at import"]


@pytest.mark.parametrize(
    ("code", "lifetime", "reason"),
    [
        (
            "from sqlalchemy.orm import Session\n" + service("mail").replace("(self)", "(self, session: Session)", 1),
            "scoped",
            "Session",
        ),
        (service("mail", method="self.current_user = 1"), "scoped", "self.current_user (a.py:6)"),
        (service("mail", method="self.count = 1"), "singleton", "self.count"),
        (service("mail"), "singleton", "keeps nothing"),
        (CONNECTION, "singleton", "connection"),
        (PER_THREAD, "scoped", "per thread"),
    ],
    ids=["session", "user", "state", "stateless", "connection", "thread"],
)
def test_lifetimes(read: Reading, code: str, lifetime: str, reason: str) -> None:
    accessor = one(read(a=code), "get_mail")
    assert accessor["lifetime"] == lifetime
    assert reason in accessor["lifetime_reason"]


def test_what_is_built_with_a_scoped_service_is_scoped(read: Reading) -> None:
    found = read(
        a=service("mail", method="self.user = 1"),
        b="from a import get_mail\n" + service("post", constructor="get_mail()"),
    )
    assert one(found, "get_post")["lifetime"] == "scoped"
    assert "get_mail" in one(found, "get_post")["lifetime_reason"]


def test_methods_called_while_building_count_as_eager(read: Reading) -> None:
    found = read(
        a="import b\n"
        + service("mail", constructor="self.start()", method="pass").replace(
            "    def act", "    def start(self):\n        b.get_post()\n\n    def act"
        ),
        b=service("post"),
    )
    assert one(found, "get_mail")["eager"] == ["get_post"]


def test_closures_made_while_building_count_as_later(read: Reading) -> None:
    found = read(a="import b\n" + service("mail", constructor="self.later = lambda: b.get_post()"), b=service("post"))
    assert one(found, "get_mail")["eager"] == []
    assert one(found, "get_mail")["lazy"] == ["get_post"]


def test_touches_are_told_apart(read: Reading) -> None:
    found = read(
        a=service("mail"),
        b="from a import get_mail\n" + CACHED,
        test_a="""
            from unittest.mock import patch
            import a
            from b import get_pool
            from main import app

            def test_mail(monkeypatch, mocker):
                with patch("b.get_mail"), patch("a.get_mail"), patch.object(a, "_mail"), patch("os.path"):
                    a._mail = None
                monkeypatch.setattr("a._mail", None)
                mocker.patch("b.get_mail")
                get_pool.cache_clear()
                app.dependency_overrides[get_pool] = lambda: None
        """,
    )
    assert [(each["line"], each["how"]) for each in found["touched"]] == [
        (8, "patch-at-use"),
        (8, "patch-at-definition"),
        (8, "patch-of-slot"),
        (9, "slot-write"),
        (10, "patch-of-slot"),
        (11, "patch-at-use"),
        (12, "cache-clear"),
        (13, "dependency-override"),
    ]
