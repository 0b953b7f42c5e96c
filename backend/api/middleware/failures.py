"""Answer what no exception handler answered, inside the middleware that adds headers to every answer."""

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backend.api.errors import answer_failure


class FailureMiddleware:
    """Turn exceptions into the error envelope as long as no byte was sent.

    Starlette answers unhandled exceptions outside of all middleware, without request id, CORS and security
    headers. After the first byte the exception goes on, so that the server breaks the connection off.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def send_and_notice(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, send_and_notice)
        except Exception as error:
            if started:
                raise
            response = await answer_failure(Request(scope, receive), error)
            await response(scope, receive, send)
