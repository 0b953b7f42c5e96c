from functools import lru_cache

from pydantic_settings import BaseSettings


class Base(BaseSettings):
    debug: bool = False


class Settings(Base):
    limit: int = 3

    @property
    def url(self) -> str:
        return "x"


@lru_cache()
def get_settings() -> "Settings":  # accessor: get_settings cached Settings
    return Settings()


settings = get_settings()  # call: get_settings module
