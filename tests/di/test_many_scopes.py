"""Promise B5 for very many scopes that are open at the same time."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest

from di import Container, Scope, current_scope


class Pool: ...


class Session:
    """Counts how often it was closed, and how."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.ends: list[str] = []


class Audit:
    def __init__(self, session: Session) -> None:
        self.session = session


class Orders:
    def __init__(self, session: Session, audit: Audit) -> None:
        self.session = session
        self.audit = audit


class EveryoneIsHere:
    """Lets nobody go on before all have come."""

    def __init__(self, number: int) -> None:
        self._missing = number
        self._complete = asyncio.Event()

    async def wait(self) -> None:
        self._missing -= 1
        if self._missing == 0:
            self._complete.set()
        await self._complete.wait()


async def resolve(scope: Scope, way: str) -> Orders:
    if way == "several tasks":
        orders, session, audit = await asyncio.gather(
            scope.resolve(Orders), scope.resolve(Session), scope.resolve(Audit)
        )
        assert orders.session is session
        assert orders.audit is audit
    else:
        orders = await scope.resolve(Orders)
    assert current_scope().get(Audit).session is orders.session
    return orders


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("way", "many"), [("one task", 10_000), ("a child", 10_000), ("several tasks", 2_000)])
async def test_b5_ten_thousand_open_scopes_share_singletons_and_nothing_else(way: str, many: int) -> None:
    pools = Counter[str]()

    async def connect() -> AsyncIterator[Pool]:
        await asyncio.sleep(0)
        pools["opened"] += 1
        yield Pool()
        pools["closed"] += 1

    async def open_session(pool: Pool) -> AsyncIterator[Session]:
        session = Session(pool)
        await asyncio.sleep(0)
        try:
            yield session
        except BaseException as error:
            session.ends.append(type(error).__name__)
            raise
        else:
            session.ends.append("well")
        finally:
            await asyncio.sleep(0)
            session.ends.append("closed")

    def open_audit(session: Session) -> Iterator[Audit]:
        yield Audit(session)
        session.ends.append("audited")

    container = Container()
    container.singleton(Pool, connect, eager=False)
    container.scoped(Session, open_session)
    container.scoped(Audit, open_audit)
    container.scoped(Orders)
    everyone = EveryoneIsHere(many)

    async def work(number: int) -> Orders:
        async with container.scope() as scope:
            if way == "a child":
                async with scope.child() as child:
                    orders = await resolve(child, way)
                    await everyone.wait()
            else:
                orders = await resolve(scope, way)
                await everyone.wait()
            if number % 10 == 0:
                scope.fail(LookupError())
        return orders

    async with container:
        found = await asyncio.gather(*(work(number) for number in range(many)))
        assert len({each.session for each in found}) == many
        assert len({each.session.pool for each in found}) == 1
    ends = Counter(tuple(each.session.ends) for each in found)
    failed = 0 if way == "a child" else many // 10  # a child has an outcome of its own
    assert ends == Counter({("audited", "well", "closed"): many - failed, ("LookupError", "closed"): failed})
    assert pools == {"opened": 1, "closed": 1}
