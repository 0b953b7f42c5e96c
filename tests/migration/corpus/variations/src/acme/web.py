import acme.services as s
from acme import services
from acme.services import Auth as A
from acme.services import get_again, http_client, third_name
from fastapi import APIRouter, Depends, FastAPI

users, orders = APIRouter(), APIRouter()
app = FastAPI(dependencies=[Depends(services.get_openai)])  # call: get_openai depends


@app.on_event("startup")
async def startup():
    app.state.storage = s.get_guarded_storage()  # call: get_guarded_storage helper


def require(role: str):
    def check():
        return A.get().login()  # call: Auth.get depends

    return check


checked = require("admin")


class Query:
    def __init__(self, storage=Depends(get_again)):  # call: get_storage depends
        self.storage = storage


@users.get("/x", dependencies=[Depends(checked)])
async def x(query: Query = Depends()):
    await http_client.get("http://x")  # call: http_client route
    result = [third_name.deliver() for _ in range(2)]  # call: third_name route
    getter = services.get_s3_client
    getter().upload()  # call: get_s3_client route
    return result, (lambda: s.get_via_lambda())()  # call: get_via_lambda route


@orders.api_route("/y", methods=["GET"])
def y():  # reset: get_analyzer
    for service in s.get_mailers():  # call: get_mailers route
        print(service)
    services.get_analyzer.cache_clear()
    return {"auth": A.get(), "built": A.build()}  # call: Auth.get route


async def lifespan(app):
    services.get_loop_storage()  # call: get_loop_storage helper
    yield


def unused(get_storage, *, services=None):
    services.get_openai()
    return get_storage()


later = [lambda: services.get_context_storage()]  # call: get_context_storage helper


class Checker:
    def __call__(self):
        return s.get_openai()  # call: get_openai depends


@orders.delete("/y", dependencies=[Depends(require("admin")), Depends(Checker())])
def delete_y():
    return None


def get_getter():
    """Hands out the getter, not the instance."""
    return get_again


class Shadowing:
    """A class's own names are not seen by its methods."""

    http_client = None
    get_again = None

    def ask(self):
        return get_again()  # call: get_storage service
