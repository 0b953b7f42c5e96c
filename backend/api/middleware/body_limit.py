"""Refuse request bodies that are too large, in the shape of every other failure."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BodyLimitMiddleware:
    """Apply Starlette's limit, which a route's `max_body_size` overrides, and raise where it answers by itself."""

    def __init__(self, app: ASGIApp, *, max_body_size: int) -> None:
        self.limited = RequestBodyLimitMiddleware(app, max_body_size=max_body_size)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.limited(scope, receive, send)
            return
        refused = False

        async def send_unless_refused(message: Message) -> None:
            nonlocal refused
            refused = refused or _is_starlettes_own(message)
            if not refused:
                await send(message)

        await self.limited(scope, receive, send_unless_refused)
        if refused:
            raise HTTPException(413, "The request's body is too large.")


def _is_starlettes_own(message: Message) -> bool:
    if message["type"] != "http.response.start" or message["status"] != 413:
        return False
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/plain")
