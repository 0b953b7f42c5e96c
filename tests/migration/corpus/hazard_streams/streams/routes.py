from fastapi import APIRouter, BackgroundTasks, FastAPI, WebSocket
from fastapi.responses import StreamingResponse

from streams.services import get_feed, get_outbox

router = APIRouter()


@router.websocket("/live")
async def live(websocket: WebSocket):
    await websocket.accept()
    feed = await get_feed()  # call: get_feed route
    for item in feed.items():
        await websocket.send_text(item)
    await websocket.close()


@router.get("/events")
async def events():
    async def body():
        feed = await get_feed()  # call: get_feed route
        for item in feed.items():
            yield f"data: {item}\n\n"

    return StreamingResponse(body(), media_type="text/event-stream")


def _deliver(item: str):
    get_outbox().put(item)  # call: get_outbox helper


@router.post("/background")
async def background(tasks: BackgroundTasks):
    tasks.add_task(_deliver, "one")
    tasks.add_task(lambda: get_outbox().put("two"))  # call: get_outbox route
    tasks.add_task(get_outbox().put, "three")  # call: get_outbox route
    return "queued"


app = FastAPI()
app.include_router(router)
