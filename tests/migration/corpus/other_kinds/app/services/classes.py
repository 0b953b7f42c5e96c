import threading
from enum import Enum


class Registry:
    _instance = None
    _lock = threading.Lock()

    def __init__(self):
        self.items = {}

    @classmethod
    def get_instance(cls) -> "Registry":  # accessor: Registry.get_instance class Registry
        if cls._instance is None:
            with cls._lock:
                if cls._instance is None:
                    cls._instance = cls()
        return cls._instance

    @classmethod
    def reset(cls):  # reset: Registry.get_instance
        cls._instance = None

    def add(self, item):
        self.items[item] = item


class Config:  # accessor: Config class Config
    _instance = None

    def __new__(cls, *args, **kwargs):
        if cls._instance is None:
            cls._instance = super().__new__(cls)
        return cls._instance

    def value(self):
        return 1


class Singleton(type):
    _instances = {}

    def __call__(cls, *args, **kwargs):
        if cls not in cls._instances:
            cls._instances[cls] = super().__call__(*args, **kwargs)
        return cls._instances[cls]


class Pool(metaclass=Singleton):  # accessor: Pool class Pool
    def take(self):
        return 1


class OneOf:
    _instance = None

    @classmethod
    def instance(cls):
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance


class Bus(OneOf):  # accessor: Bus.instance class Bus
    def send(self):
        return 1


class Colour(Enum):
    RED = 1
    _instance = None

    @classmethod
    def get(cls):
        if cls._instance is None:
            cls._instance = cls.RED
        return cls._instance


class Locator:
    _mail = None

    @staticmethod
    def mail():  # accessor: Locator.mail class Bus eager=Bus.instance
        if Locator._mail is None:
            Locator._mail = Bus.instance()  # call: Bus.instance service
        return Locator._mail


def get_config():  # accessor: get_config delegate Config eager=Config
    return Config()  # call: Config helper


def singleton(cls):
    instances = {}

    def make(*args, **kwargs):
        if cls not in instances:
            instances[cls] = cls(*args, **kwargs)
        return instances[cls]

    return make


@singleton
class Decorated:  # accessor: Decorated class Decorated
    def run(self):
        return 1
