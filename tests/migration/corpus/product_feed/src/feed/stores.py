import asyncio
import threading


class PostStore:
    _instance = None

    def __init__(self):
        self.posts = []

    @classmethod
    def get_instance(cls) -> "PostStore":  # accessor: PostStore.get_instance class PostStore
        if cls._instance is None:
            cls._instance = cls()
        return cls._instance

    def add(self, text):
        self.posts.append(text)
        return len(self.posts)


class Limits:
    """How much each tenant may do: one object per tenant."""

    def __init__(self, tenant):
        self.tenant = tenant
        self.left = 2

    def take(self):
        self.left -= 1
        return self.left


_limits: dict[str, Limits] = {}


def get_limits(tenant: str = "all") -> Limits:
    if tenant not in _limits:
        _limits[tenant] = Limits(tenant)
    return _limits[tenant]


class Hub:
    def __init__(self):
        self.listeners: list[asyncio.Queue] = []

    def publish(self, text):
        return f"published {text}"


_hub = None
_hub_lock = threading.Lock()


def get_hub() -> Hub:  # accessor: get_hub global Hub
    global _hub
    if _hub is None:
        with _hub_lock:
            if _hub is None:
                _hub = Hub()
    return _hub


class Clock:
    def now(self):
        return "noon"


clock = Clock()  # accessor: clock eager Clock
