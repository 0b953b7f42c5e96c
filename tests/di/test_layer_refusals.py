"""Promises C1, C4, D1 and E3 for what a container makes outside of any scope: what it refuses and remembers."""

import time
from collections.abc import Callable

import pytest

from di import Container, Factory, Lazy, errors


class Session: ...


class Gateway:
    def __init__(self, session: Session) -> None: ...


class Report:
    def __init__(self, gateway: Gateway) -> None: ...


class Mailer: ...


class FakeMailer(Mailer): ...


class Reports:
    def __init__(self, make: Factory[Report]) -> None:
        self.make = make


class Letters:
    def __init__(self, mailer: Lazy[Mailer], make: Factory[Mailer]) -> None:
        self.mailer = mailer
        self.make = make


def made(log: list[str]) -> Callable[[], Mailer]:
    def make() -> Mailer:
        log.append("made")
        return Mailer()

    return make


async def test_d1_what_a_factory_of_a_singleton_makes_may_hold_nothing_scoped_either() -> None:
    container = Container()
    container.scoped(Session)
    container.transient(Gateway)
    container.transient(Report)
    container.singleton(Reports)
    with pytest.raises(errors.CaptiveDependencyError, match="singleton Report would keep scoped Session"):
        await (await container.root_layer.obtain(Reports)).make()


@pytest.mark.parametrize("lifetime", ["singleton", "transient"])
async def test_c4_nothing_is_made_after_the_stop(log: list[str], lifetime: str) -> None:
    container = Container()
    if lifetime == "singleton":
        container.singleton(Mailer, made(log), eager=False)
    else:
        container.transient(Mailer, made(log))
    container.singleton(Letters)
    async with container:
        letters = container[Letters]
    with pytest.raises(errors.ContainerClosedError, match="Mailer"):
        await letters.mailer.get()
    with pytest.raises(errors.ContainerClosedError, match="Mailer"):
        await letters.make()
    with pytest.raises(errors.ContainerClosedError, match="Mailer"):
        await container.root_layer.obtain(Mailer)
    assert log == []


async def test_c1_durations_are_those_of_the_builds() -> None:
    container = Container()
    container.singleton(Mailer)
    before = time.perf_counter()
    async with container:
        passed = time.perf_counter() - before
    (duration,) = container.durations.values()
    assert 0 < duration <= passed


@pytest.mark.parametrize("fake", [FakeMailer, FakeMailer()], ids=["a provider", "a finished object"])
async def test_e3_an_override_that_only_a_factory_of_a_singleton_reaches_counts_as_used(fake: object) -> None:
    container = Container()
    container.transient(Mailer)
    container.singleton(Letters)
    async with container:
        override = container.override(Mailer, fake)
        with override:
            made = await container[Letters].make()
            assert isinstance(made, FakeMailer)
            override.check_used()
