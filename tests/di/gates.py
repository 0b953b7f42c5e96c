"""Providers that stop where a test wants them to."""

import asyncio


class Gate:
    """Stops whoever comes, until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.may_go_on = asyncio.Event()

    async def __call__(self) -> None:
        self.reached.set()
        await self.may_go_on.wait()
