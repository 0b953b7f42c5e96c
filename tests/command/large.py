"""An application of any size, for tests and to look at: `di graph tests.command.large:create_app --html`."""

import inspect
import itertools
import random
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI

from di import Container
from middleware import Deps

AREAS = (
    "accounts", "billing", "catalog", "checkout", "contracts", "coupons", "delivery", "disputes", "exports", "fraud",
    "gifts", "identity", "imports", "invoices", "ledger", "loyalty", "mail", "markets", "media", "notices", "offers",
    "orders", "partners", "payouts", "pricing", "profiles", "quotes", "ratings", "refunds", "reports", "returns",
    "rewards", "risk", "search", "sellers", "shipping", "stock", "suppliers", "support", "taxes", "tickets", "tours",
    "vouchers", "wallets", "warehouses",
)  # fmt: skip
PARTS = ("Reader", "Writer", "Policy", "Planner", "Rules", "Checker", "Importer", "Notifier", "Finder", "Scorer")


def create_app(services: int = 1000) -> FastAPI:
    """Make an application with about as many services, in layers, with three problems."""
    chance = random.Random(services)
    container, deps, app = Container(), Deps(), FastAPI()
    settings = _new("Settings", "market.settings", [])
    container.singleton(settings)
    clients = [_new(f"{area.title()}Client", "market.clients", [settings]) for area in AREAS[: services // 25]]
    for client in clients:
        container.singleton(client, external=chance.random() < 0.5)
    session = _new("Session", "market.db.session", [clients[0]])
    container.scoped(session)
    made = _areas(container, services - len(clients) - 2, clients, session, chance)
    lost = _new("LostMailer", "market.mail.lost", [])
    container.singleton(_new("SessionCache", "market.cache", [session]))
    container.scoped(_new("Newsletter", "market.mail.newsletter", [lost, session]))
    for area, members in made.items():
        app.include_router(_routes(area, members, deps, chance), prefix=f"/{area}")
    deps.install(app, container)
    return app


def _areas(
    container: Container, services: int, clients: list[Any], session: Any, chance: random.Random
) -> dict[str, list[Any]]:
    areas = AREAS[: max(3, services // 22)]
    made: dict[str, list[Any]] = {area: [] for area in areas}
    earlier: list[Any] = []
    for number, (part, area) in zip(range(services), itertools.cycle(itertools.product(PARTS, areas)), strict=False):
        layer = number // (services // 3 + 1)  # repositories, then services, then use cases
        name = f"{area.title()}{part}{('Repository', 'Service', 'UseCase')[layer]}{number // 450 or ''}"
        near = [each for each in made[area] if each in earlier[-600:]]
        needs = chance.sample(near, min(len(near), 2)) + chance.sample(earlier, min(len(earlier), layer))
        needs.append(chance.choice((session, chance.choice(clients))) if layer < 2 else session)
        cls = _new(name, f"market.{area}.{('db', 'services', 'cases')[layer]}", list(dict.fromkeys(needs)))
        (container.transient if chance.random() < 0.15 else container.scoped)(cls)
        made[area].append(cls)
        earlier.append(cls)
    return made


def _routes(area: str, members: list[Any], deps: Deps, chance: random.Random) -> APIRouter:
    router = APIRouter()
    for number, cls in enumerate(members[len(members) // 2 :]):
        method = chance.choice(("GET", "POST", "PUT", "DELETE"))
        router.add_api_route(f"/{cls.__name__.lower()}/{number}", _endpoint(area, cls, deps), methods=[method])
    return router


def _endpoint(area: str, cls: Any, deps: Deps) -> Any:
    def endpoint(service: Any) -> str:
        return type(service).__name__

    endpoint.__annotations__["service"] = Annotated[cls, deps.depends(cls)]
    endpoint.__name__ = area
    return endpoint


def _new(name: str, module: str, needs: list[Any]) -> Any:
    """Make a class whose constructor asks for others."""

    def __init__(self: Any, *needed: Any) -> None:  # noqa: N807 - it becomes one
        self.needed = needed

    parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)]
    for need in needs:
        parameter = need.__name__.lower()
        parameters.append(inspect.Parameter(parameter, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=need))
        __init__.__annotations__[parameter] = need
    __init__.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return type(name, (), {"__init__": __init__, "__module__": module, "__qualname__": name})
