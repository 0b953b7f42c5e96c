"""Posts, by relative imports and a router that a function makes."""

from fastapi import APIRouter, Depends, Header, HTTPException, Request, WebSocket
from fastapi.responses import StreamingResponse

from .. import stores
from ..stores import (
    PostStore,
    clock,
    get_hub,  # asked in streams
)


def require_token(x_token: str | None = Header(None)) -> str:
    if x_token is None:
        raise HTTPException(401)
    return x_token


def create_router(prefix: str = "/posts") -> APIRouter:
    router = APIRouter(prefix=prefix)

    @router.post("", dependencies=[Depends(require_token)])
    async def add(request: Request, text: str = "hello"):
        store, limits = PostStore.get_instance(), stores.get_limits(request.headers.get("tenant", "none"))  # call: PostStore.get_instance route
        if limits.take() < 0:
            raise HTTPException(429)
        return {"count": store.add(text), "at": clock.now()}  # call: clock route

    @router.get("")
    def posts(*, newest: int | None = None):
        found = PostStore.get_instance().posts  # call: PostStore.get_instance route
        return found[-newest:] if newest else found

    @router.get("/stream")
    async def stream():
        def lines():
            for text in PostStore.get_instance().posts:  # call: PostStore.get_instance route
                yield get_hub().publish(text) + "\n"  # call: get_hub route

        return StreamingResponse(lines())

    @router.websocket("/live")
    async def live(websocket: WebSocket):
        await websocket.accept()
        while True:
            text = await websocket.receive_text()
            if text == "bye":
                break
            await websocket.send_text(get_hub().publish(text))  # call: get_hub route
        await websocket.close()

    @router.get("/{number}/{hub}")
    async def one(number: int, hub: str):
        return [PostStore.get_instance().posts[number], hub, get_hub().publish(hub), [clock.now() for _ in range(2)]]  # call: PostStore.get_instance route, clock route, get_hub route

    return router
