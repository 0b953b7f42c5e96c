import redis
from fastapi import FastAPI

from backend.app.clients.redis import get_redis
from services.orders import get_order_service  # run with backend/app on the path as well

app = FastAPI()


@app.get("/orders")
async def orders():
    get_redis().ping()  # call: get_redis route
    return get_order_service().all(), redis.VERSION  # call: get_order_service route
