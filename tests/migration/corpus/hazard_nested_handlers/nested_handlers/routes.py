from fastapi import APIRouter, FastAPI

from nested_handlers.services import get_tokens


def create_router(prefix: str) -> APIRouter:
    made = APIRouter(prefix=f"/{prefix}")

    @made.get("/token")
    async def token():
        tokens = get_tokens()  # call: get_tokens route
        return tokens.make(prefix)

    return made


class Views:
    """Handlers that are methods."""

    def __init__(self, router: APIRouter):
        router.add_api_route("/view", self.view)
        router.add_api_route("/static", Views.static)

    async def view(self):
        return get_tokens().make("view")  # call: get_tokens route

    @staticmethod
    async def static():
        return get_tokens().make("static")  # call: get_tokens route


app = FastAPI()
for name in ("a", "b"):
    app.include_router(create_router(name))
Views(app.router)
