import redis.asyncio as redis
from redis import Redis

_redis = None


def get_redis() -> Redis:  # accessor: get_redis global Redis
    global _redis
    if _redis is None:
        _redis = redis.from_url("redis://")
    return _redis
