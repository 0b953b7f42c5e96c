import asyncio
import os
import threading
import typing as t
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, ClassVar, Optional

import boto3
import httpx
import openai


class Storage:
    def put(self):
        return 1


class Auth:
    _instance: ClassVar[Optional["Auth"]] = None

    @classmethod
    def get(cls) -> "Auth":  # accessor: Auth.get class Auth eager=get_storage
        instance = cls._instance
        if instance is None:
            instance = cls._instance = cls(get_storage())  # call: get_storage service
        return instance

    def __init__(self, storage):
        self.storage = storage

    @classmethod
    def build(cls):
        """A fresh one each time."""
        return cls(get_storage())  # call: get_storage service

    def login(self):
        return 1


def get_storage():  # accessor: get_storage function-attribute Storage
    try:
        return get_storage.instance
    except AttributeError:
        get_storage.instance = Storage()
        return get_storage.instance


_loops = {}


def get_loop_storage():  # accessor: get_loop_storage keyed Storage
    loop = id(asyncio.get_event_loop())
    if loop not in _loops:
        _loops[loop] = Storage()
    return _loops[loop]


_current: ContextVar[Optional[Storage]] = ContextVar("current", default=None)


def get_context_storage():  # accessor: get_context_storage keyed Storage
    storage = _current.get()
    if storage is None:
        storage = Storage()
        _current.set(storage)
    return storage


_client: Optional[openai.OpenAI] = None


def get_openai() -> openai.OpenAI:  # accessor: get_openai global OpenAI
    global _client
    if _client:
        return _client
    key = os.getenv("OPENAI_API_KEY")
    if not key:
        raise RuntimeError("OPENAI_API_KEY is not set")
    _client = openai.OpenAI(api_key=key)
    return _client


_s3: Any = None


def get_s3_client():  # accessor: get_s3_client global boto3.client
    global _s3
    if _s3 is None:
        _s3 = boto3.client("s3")
    return _s3


http_client = httpx.AsyncClient(timeout=3)  # accessor: http_client eager AsyncClient
_first = _second = None


@dataclass
class Mailer:
    sender: str = "a"
    sent: list = field(default_factory=list)

    def send(self):
        return 1


@dataclass
class MailService:
    mailer: Mailer

    def deliver(self):
        return Auth.get()  # call: Auth.get service


def get_mailers():  # accessor: get_mailers global MailService,Storage lazy=Auth.get
    global _first, _second
    if _first is None or _second is None:
        _first = MailService(Mailer())
        _second = Storage()
    return _first, _second


mail_service = MailService(mailer=Mailer())  # accessor: mail_service eager MailService lazy=Auth.get
second_name = mail_service  # accessor: second_name alias MailService
third_name = second_name  # accessor: third_name alias MailService
a = b = Storage()  # accessor: a eager Storage; accessor: b alias Storage


class _Holder:
    storage: Optional[Storage] = None
    lock = threading.Lock()


def get_held_storage() -> Storage:  # accessor: get_held_storage class Storage
    with _Holder.lock:
        if _Holder.storage is None:
            _Holder.storage = Storage()
    return _Holder.storage


_guarded: t.Optional[Storage] = None


def _ensure_guarded() -> None:
    global _guarded
    if _guarded is None:
        _guarded = Storage()


def get_guarded_storage() -> Storage:  # accessor: get_guarded_storage global Storage
    _ensure_guarded()
    assert _guarded is not None
    return _guarded


get_via_lambda = lambda: get_storage()  # accessor: get_via_lambda delegate Storage eager=get_storage; call: get_storage helper
get_again = get_storage


@lru_cache(maxsize=None)
def get_analyzer(name: str = "default"):  # accessor: get_analyzer cached Storage params=name
    """Built once per name."""
    return Storage()


@lru_cache
def _regions():
    return ["eu"]


@lru_cache(maxsize=1024)
def parse_amount(text: str):
    return Amount(text)


class Amount:
    def __init__(self, text):
        self.text = text

    def cents(self):
        return 1


class Lazy:
    """Lazy properties of an instance are no accessors."""

    def __init__(self):
        self._storage = None

    @property
    def storage(self):
        if self._storage is None:
            self._storage = get_again()  # call: get_storage service
        return self._storage


make_storage = partial(Storage)


class Plugin:
    registry: dict[str, type] = {}

    def __init_subclass__(cls):
        Plugin.registry[cls.__name__] = cls

    @classmethod
    def find(cls, name):
        return cls.registry[name]()


_token = None
_token_time = 0.0


def get_token() -> str:
    global _token, _token_time
    if _token is None or _token_time < 1:
        _token = os.urandom(3).hex()
        _token_time = 2.0
    return _token


def connect():
    connection = Storage()
    return connection


@dataclass
class Rates:
    eur: float = 1.0


_rates: Optional[Rates] = None


def current_rates() -> Rates:
    """Cached data, renewed: a value, no service."""
    global _rates
    if _rates is None:
        _rates = Rates(1.1)
    return _rates


_mode = "dark"


def get_mode():
    return _mode


def set_mode(mode):
    global _mode
    _mode = mode
