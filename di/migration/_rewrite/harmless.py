"""Calls that can neither fail nor be noticed: what a constructor may do and still be run earlier than before."""

from typing import Final

HARMLESS_CALLS: Final = frozenset(
    {
        "bool", "bytearray", "dict", "frozenset", "hasattr", "id", "isinstance", "issubclass", "list", "object", "repr",
        "set", "str", "super", "tuple", "type",
        "asyncio.Condition", "asyncio.Event", "asyncio.Lock", "asyncio.PriorityQueue", "asyncio.Queue",
        "asyncio.Semaphore",
        "collections.ChainMap", "collections.Counter", "collections.OrderedDict", "collections.defaultdict",
        "collections.deque",
        "contextvars.ContextVar",
        "dataclasses.field",
        "datetime.datetime.now", "datetime.timedelta",
        "functools.partial",
        "itertools.count",
        "logging.getLogger",
        "os.environ.get", "os.getenv",
        "pathlib.Path", "pathlib.PurePath",
        "queue.Queue", "queue.SimpleQueue",
        "random.Random",
        "threading.Condition", "threading.Event", "threading.Lock", "threading.RLock", "threading.Semaphore",
        "threading.local",
        "time.monotonic", "time.perf_counter", "time.time",
        "types.SimpleNamespace",
        "uuid.uuid4",
        "weakref.WeakKeyDictionary", "weakref.WeakSet", "weakref.WeakValueDictionary",
    }
)  # fmt: skip
LOG_METHODS: Final = frozenset({"debug", "info", "warning", "error", "critical", "exception", "log", "bind"})
LOGGER_NAMES: Final = frozenset({"log", "logger", "logging", "_log", "_logger", "LOG", "LOGGER"})
HARMLESS_BASES: Final = frozenset({"object", "ABC", "Protocol", "Generic"})
HARMLESS_CLASS_DECORATORS: Final = frozenset({"dataclass", "final", "runtime_checkable", "total_ordering"})
