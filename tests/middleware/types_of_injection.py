"""What the type checker sees; nothing here runs. mypy reads it with the rest of the tests."""

from typing import Annotated, assert_type

from fastapi import Depends

from di import Container, Scope
from middleware import Deps
from tests.middleware.conftest import Orders, Session


def by_parameter(deps: Deps) -> None:
    """Both spellings have the type of what is injected, and no other."""

    async def by_annotation(orders: Annotated[Orders, deps.depends(Orders)]) -> None:
        assert_type(orders, Orders)

    async def by_default(orders: Orders = deps.depends(Orders)) -> None:  # noqa: B008 - the spelling under test
        assert_type(orders, Orders)
        assert_type(deps.depends(Orders), Orders)

    async def by_wrong_default(
        orders: Orders = deps.depends(Session),  # type: ignore[assignment]  # noqa: B008 - the mistake to be found
    ) -> None: ...

    async def below(orders: Annotated[Orders, Depends(by_default)]) -> None:
        assert_type(orders, Orders)


async def by_hand(container: Container, scope: Scope) -> None:
    """All other ways in are typed as well."""
    assert_type(await scope.resolve(Orders), Orders)
    assert_type(scope.get(Orders), Orders)
    assert_type(container[Orders], Orders)
    assert_type(container.resolve(Orders), Orders)
    async with container.scope() as opened:
        assert_type(opened, Scope)
    async with container as started:
        assert_type(started, Container)
