"""The words by which classes of other people's code are told apart where nothing but their name is known."""

import re
from typing import Final

from di.migration._linking import Outside


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RECORD_BASES: Final = _words(
    "BaseModel RootModel GenericModel NamedTuple TypedDict SQLModel DeclarativeBase DeclarativeMeta Document Struct "
    "Schema Model"
)
VALUE_BASES: Final = _words(
    "Enum IntEnum StrEnum Flag IntFlag BaseException Exception Warning str int float bytes dict list tuple set "
    "frozenset type UserDict UserList"
)
FRAMEWORK: Final = _words(
    "FastAPI APIRouter APIRoute Starlette Router Mount Route WebSocketRoute ASGIApp BaseHTTPMiddleware TestClient "
    "Logger LoggerAdapter Formatter Filter BoundLogger OAuth2PasswordBearer OAuth2AuthorizationCodeBearer HTTPBearer "
    "HTTPBasic HTTPDigest APIKeyHeader APIKeyCookie APIKeyQuery SecurityBase OpenIdConnect OAuth2 Depends Security "
    "Query Path Body Header Cookie Form File Typer Console ArgumentParser ContextVar TypeVar ParamSpec TypeVarTuple "
    "NewType TypeDecorator JSONEncoder TestCase IsolatedAsyncioTestCase Celery Jinja2Templates StaticFiles Limiter "
    "CryptContext MetaData Table Column Counter Gauge Histogram Summary Info CollectorRegistry ConfigDict "
    "SettingsConfigDict TypeAdapter DeclarativeContainer DynamicContainer Blueprint Flask Dash HTTPException "
    "Response JSONResponse Lock RLock Event Semaphore BoundedSemaphore Condition Barrier local PurePath Decimal "
    "Fraction datetime date time timedelta timezone ZoneInfo UUID Pattern Match OrderedDict defaultdict deque ChainMap "
    "SimpleNamespace MappingProxyType DataFrame Series ndarray Template ModuleType Random SystemRandom StringIO "
    "BytesIO Namespace Container Mock MagicMock AsyncMock"
)
SERVICE_WORDS: Final = _words(
    "service services client repository repo manager engine store storage provider gateway adapter processor analyzer "
    "analyser generator collector extractor validator formatter compositor injector scheduler queue cache pool broker "
    "publisher producer consumer dispatcher mailer notifier sender tracker monitor limiter registry container database "
    "db redis settings config configuration orchestrator agent pipeline llm model embedder encoder bus hub worker "
    "runner executor api sdk connection connector driver backend facade handler controller usecase interactor uploader "
    "downloader renderer factory builder session openai anthropic supabase elasticsearch mongo minio qdrant stripe s3 "
    "kafka rabbitmq memcache"
)
CLIENT_WORDS: Final = _words(
    "service client pool engine redis openai anthropic repository elasticsearch connection database gateway producer "
    "consumer broker publisher mailer fastmail minio manager store storage supabase"
)
HELD_WORDS: Final = CLIENT_WORDS | _words(
    "provider api sdk db llm agent scheduler tracker notifier bus queue session container cache processor orchestrator"
)
CONFIGURATION_WORDS: Final = _words("settings config configuration")
DATA_TYPES: Final = _words(
    "dict list set tuple str int float bool bytes bytearray frozenset complex None Dict List Set Tuple FrozenSet "
    "Mapping MutableMapping Sequence Iterable Iterator Collection Callable Literal Type type Generator AsyncGenerator "
    "AsyncIterator AsyncIterable DefaultDict Deque Text LiteralString NoReturn Never TracebackType range slice Queue "
    "PriorityQueue LifoQueue Task Future AbstractEventLoop Thread Path"
)
OPEN_TYPES: Final = _words("Any object TypeVar Self T")
FACTORY_VERBS: Final = _words(
    "create make build connect client init initialize initialise new setup construct open from resource factory start "
    "bootstrap"
)
VALUE_DECORATORS: Final = _words("dataclass define frozen attrs s mutable")
FACTORY_CLASSES: Final = {
    "create_engine": "Engine",
    "create_async_engine": "AsyncEngine",
    "create_pool": "Pool",
}


def words_of(name: str) -> list[str]:
    """Split a name in any of the usual styles into lower-case words."""
    spaced = re.sub(r"([a-z0-9])(?=[A-Z])|([A-Z])(?=[A-Z][a-z])", r"\1\2 ", name)
    return [each.lower() for each in re.split(r"[\s_.]+", spaced) if each]


def is_service_name(name: str) -> bool:
    """Whether a name says that it is a service: `get_mail_client`, `UserRepository`."""
    words = words_of(name)
    return bool(words) and (words[-1] in SERVICE_WORDS or (len(words) > 1 and words[-2] in SERVICE_WORDS))


def is_held_name(name: str) -> bool:
    """Whether a name says that it is something one keeps, no result one computes: `get_tenant_service`."""
    words = words_of(name)
    ends = {-1} | {position - 1 for position, word in enumerate(words) if word in {"for", "by", "of"} and position}
    return any(words[end] in HELD_WORDS for end in ends if words)


def is_configuration_name(name: str) -> bool:
    """Whether a name says that it is the settings of an application."""
    words = words_of(name)
    return bool(words) and words[-1] in CONFIGURATION_WORDS


def is_client_name(name: str) -> bool:
    """Whether a name says that it is a connection to something."""
    words = words_of(name)
    joined = "".join(words)
    return bool(words) and (words[-1] in CLIENT_WORDS or joined in CLIENT_WORDS or "openai" in joined)


def is_factory_name(name: str) -> bool:
    """Whether a function's name says that it makes something."""
    words = words_of(name.rpartition(".")[2])
    return bool(words) and (words[0] in FACTORY_VERBS or words[-1] in FACTORY_VERBS or is_service_name(name))


def is_class_name(name: str) -> bool:
    """Whether the last part of a name is written as class names are."""
    last = name.rpartition(".")[2].lstrip("_")
    return last[:1].isupper() and (not last.isupper() or len(last) <= 3)


def is_data_type(outside: Outside) -> bool:
    """Whether a type of an annotation is a container, a number, a text or a callable."""
    return outside.last in DATA_TYPES
