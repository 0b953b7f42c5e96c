import contextvars
import threading

from app.services.eager import EmailService

_services: dict[str, EmailService] = {}


def get_service_for(tenant: str) -> EmailService:  # accessor: get_service_for keyed EmailService params=tenant lazy=get_settings
    if tenant not in _services:
        _services[tenant] = EmailService()
    return _services[tenant]


_by_context = {}


def get_context_service(context=None):  # accessor: get_context_service keyed EmailService params=context lazy=get_settings
    service = _by_context.get(context)
    if service is None:
        service = EmailService()
        _by_context[context] = service
    return service


_local = threading.local()


def get_thread_client():  # accessor: get_thread_client keyed EmailService lazy=get_settings
    if not hasattr(_local, "client"):
        _local.client = EmailService()
    return _local.client


def get_attribute_service():  # accessor: get_attribute_service function-attribute EmailService lazy=get_settings
    if not hasattr(get_attribute_service, "_instance"):
        get_attribute_service._instance = EmailService()
    return get_attribute_service._instance


_request_id = contextvars.ContextVar("request_id", default="")


def get_request_id() -> str:
    return _request_id.get()


_results = {}


def fibonacci(n):
    if n not in _results:
        _results[n] = n * 2
    return _results[n]


class Printer:
    def print(self, line: str) -> str:
        return line


def get_printer() -> Printer:  # accessor: get_printer function-attribute Printer
    if not hasattr(get_printer, "_it"):
        get_printer._it = Printer()
    return get_printer._it


_printers: dict[str, Printer] = {}


def get_shop_printer(shop: str) -> Printer:  # accessor: get_shop_printer keyed Printer params=shop
    if shop not in _printers:
        _printers[shop] = Printer()
    return _printers[shop]


class Room:
    def join(self, name: str) -> None: ...


_rooms: dict[str, Room] = {}


def room_of(code: str) -> Room:  # one of many things that users make: nothing else keeps a room
    if code not in _rooms:
        _rooms[code] = Room()
    return _rooms[code]
