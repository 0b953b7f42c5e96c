from functools import cache, lru_cache
import functools

from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    debug: bool = False


@lru_cache
def get_settings() -> Settings:  # accessor: get_settings cached Settings
    return Settings()


@functools.lru_cache(maxsize=None)
def get_engine_service():  # accessor: get_engine_service cached EngineService eager=get_settings
    return EngineService(get_settings())  # call: get_settings service


class EngineService:
    def __init__(self, settings):
        self.settings = settings

    def run(self):
        return 1


@cache
def get_tenant_service(tenant: str) -> EngineService:  # accessor: get_tenant_service cached EngineService params=tenant eager=get_settings
    return EngineService(get_settings())  # call: get_settings service


def _build():
    return EngineService(None)


get_wrapped_engine = lru_cache(maxsize=1)(_build)  # accessor: get_wrapped_engine cached EngineService


@lru_cache(maxsize=128)
def slugify(text: str) -> str:
    return text.lower()


@lru_cache
def get_countries() -> dict:
    return {"de": 1}


@lru_cache
def load_words():
    return set(open("words").read().split())


def reset_settings():  # reset: get_settings
    get_settings.cache_clear()
