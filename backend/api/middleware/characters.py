"""Refuse addresses that no text column can hold."""

from starlette.types import ASGIApp, Receive, Scope, Send

from backend.errors import ValidationFailed


class CharactersMiddleware:
    """Refuse NUL characters in path and query, so that no route has to."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for part, found in (("path", "\0" in scope["path"]), ("query", b"%00" in scope["query_string"])):
                if found:
                    raise ValidationFailed(part, "NUL characters are not allowed", type="text_characters")
        await self.app(scope, receive, send)
