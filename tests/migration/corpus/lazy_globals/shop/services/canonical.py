"""get_commented_service() is only spoken of here; # get_commented_service() as well."""

import threading
from typing import Optional

from shop.services.mail import MailClient, get_mail_client


class AuthService:
    def __init__(self, mail: Optional[MailClient] = None):
        self._mail = mail or get_mail_client()  # call: get_mail_client service

    def login(self) -> str:
        return "in"


_auth_service: Optional[AuthService] = None


def get_auth_service() -> AuthService:  # accessor: get_auth_service global AuthService eager=get_mail_client
    """Return the AuthService singleton, see get_mail_client()."""
    global _auth_service
    if _auth_service is None:
        _auth_service = AuthService()
    return _auth_service


class Inverted:
    def run(self):
        from shop.services.mail import get_mail_client as _get

        return _get().send()  # call: get_mail_client service


_inverted = None


def get_inverted():  # accessor: get_inverted global Inverted lazy=get_mail_client
    global _inverted
    if _inverted is not None:
        return _inverted
    _inverted = Inverted()
    return _inverted


class Pdf:
    def render(self):
        return b""


_pdf = None


def get_pdf():  # accessor: get_pdf global Pdf
    global _pdf
    if not _pdf:
        try:
            _pdf = Pdf()
        except OSError as error:
            raise RuntimeError("no pdf") from error
    return _pdf


class Search:
    def find(self):
        return []


_search = None
_search_ready = False


def get_search():  # accessor: get_search global Search
    global _search, _search_ready
    if not _search_ready:
        _search = Search()
        _search_ready = True
    return _search


class RedisCache:
    def get(self, key):
        return None


class MemoryCache:
    def get(self, key):
        return None


_cache = None


def get_cache():  # accessor: get_cache global RedisCache,MemoryCache
    global _cache
    if _cache is None:
        import os

        if os.environ.get("REDIS"):
            _cache = RedisCache()
        else:
            _cache = MemoryCache()
    return _cache


class Payments:
    def charge(self):
        return 1


_payments: Optional[Payments] = None
_payments_looked_up = False


def get_payments() -> Optional[Payments]:  # accessor: get_payments global Payments
    """None is legal: payments may be off."""
    global _payments, _payments_looked_up
    if _payments_looked_up:
        return _payments
    _payments_looked_up = True
    _payments = Payments() if True else None
    return _payments


class Llm:
    def __init__(self, key):
        self.key = key


_llm = None


def get_llm_client(key=None, force_reinit=False):  # accessor: get_llm_client global Llm params=key,force_reinit
    global _llm
    if _llm is None or force_reinit:
        if not key:
            raise ValueError("unconfigured")
        _llm = Llm(key)
    return _llm


class Reader:
    def read(self):
        return 1


class Writer:
    def write(self):
        return 1


_reader = None
_writer = None


def get_reader():  # accessor: get_reader global Reader
    global _reader, _writer
    if _reader is None:
        _reader, _writer = Reader(), Writer()
    return _reader


def get_writer():  # accessor: get_writer global Writer
    global _reader, _writer
    if _writer is None:
        _reader = Reader()
        _writer = Writer()
    return _writer


class Locked:
    def run(self):
        return 1


_locked = None
_lock = threading.Lock()


def get_locked():  # accessor: get_locked global Locked
    global _locked
    if _locked is None:
        with _lock:
            if _locked is None:
                _locked = Locked()
    return _locked


class Late:
    def run(self):
        return 1


_late: Late | None = None


def init_late() -> None:
    global _late
    _late = Late()


def get_late() -> Late:  # accessor: get_late global Late
    if _late is None:
        raise RuntimeError("call init_late() first")
    return _late


def reset_auth_service() -> None:  # reset: get_auth_service
    global _auth_service
    _auth_service = None


_state = {"report": None}


class Report:
    def make(self):
        return 1


def get_report():  # accessor: get_report global Report
    if _state["report"] is None:
        _state["report"] = Report()
    return _state["report"]


class Walrus:
    def run(self):
        return 1


_walrus = None


def get_walrus():  # accessor: get_walrus global Walrus
    global _walrus
    if (found := _walrus) is None:
        found = _walrus = Walrus()
    return found


class Short:
    def run(self):
        return 1


_short = None


def get_short():  # accessor: get_short global Short
    global _short
    _short = _short or Short()
    return _short


def _build_factory_made():
    return Report()


_made = None


def get_made():  # accessor: get_made global Report
    global _made
    if _made is None:
        _made = _build_factory_made()
    return _made
