"""`bridge.shadow`: getters that keep their own instance are compared with the container, and told of once per place."""

import asyncio
import functools
import logging
import sys
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, assert_type

import pytest

from di import Container
from di.bridge import Bridge, Finding
from di.errors import AskedAtImportWarning, TwoInstancesWarning, UnregisteredShadowWarning, UnsupportedGetterError


class Mailer: ...


class Session: ...


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


@pytest.fixture
def container(bridge: Bridge) -> Container:
    container = Container()
    container.singleton(Mailer)
    container.scoped(Session)
    bridge.install(container)
    return container


def shadowed(bridge: Bridge) -> Callable[[], Mailer]:
    kept: list[Mailer] = []

    @bridge.shadow(Mailer)
    def get_mailer() -> Mailer:
        if not kept:
            kept.append(Mailer())
        return kept[0]

    return get_mailer


def here() -> int:
    return sys._getframe(1).f_lineno


def test_the_getter_keeps_its_type(bridge: Bridge) -> None:
    @bridge.shadow(Mailer)
    def get_mailer(limit: int = 3) -> Mailer | None:
        return Mailer() if limit else None

    @bridge.shadow(Mailer)
    async def open_mailer() -> Mailer:
        return Mailer()

    assert_type(get_mailer(2), Mailer | None)
    assert get_mailer(limit=0) is None
    assert asyncio.iscoroutinefunction(open_mailer)

    async def never_called() -> None:
        assert_type(await open_mailer(), Mailer)


def test_without_a_container_it_is_the_getter_it_was(bridge: Bridge) -> None:
    get_mailer = shadowed(bridge)
    assert get_mailer() is get_mailer()
    assert bridge.reports == ()


async def test_two_instances_are_told_once_per_place(
    bridge: Bridge, container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    get_mailer = shadowed(bridge)

    def ask() -> tuple[int, int]:
        lines = {(get_mailer(), here())[1] for _ in range(3)}
        return lines.pop(), (get_mailer(), here())[1]

    async with container:
        with pytest.warns(TwoInstancesWarning) as warned:
            first, second = ask()
    assert [report.place for report in bridge.reports] == [f"{__file__}:{first}", f"{__file__}:{second}"]
    assert [(each.filename, each.lineno) for each in warned] == [(__file__, first), (__file__, second)]
    report = bridge.reports[0]
    assert (report.finding, report.service) == (Finding.TWO_INSTANCES, "Mailer")
    assert report.getter.endswith("shadowed.<locals>.get_mailer")
    assert "There are two instances of Mailer" in str(report)
    assert "the container has another (singleton)" in str(report)
    logged = [record for record in caplog.records if record.name == "di.bridge"]
    assert [(record.levelno, record.getMessage()) for record in logged] == [
        (logging.WARNING, str(each)) for each in bridge.reports
    ]


async def test_one_instance_is_no_finding(bridge: Bridge) -> None:
    get_mailer = shadowed(bridge)
    container = Container()
    container.singleton(Mailer, get_mailer)  # the container keeps the getter's
    bridge.install(container)
    async with container:
        assert get_mailer() is container[Mailer]
    assert bridge.reports == ()


async def test_an_async_getter_is_compared_when_it_was_awaited(bridge: Bridge, container: Container) -> None:
    @bridge.shadow(Mailer)
    async def open_mailer() -> Mailer:
        await asyncio.sleep(0)
        return Mailer()

    async with container:
        with pytest.warns(TwoInstancesWarning):
            line = (await open_mailer(), here())[1]
    assert [report.place for report in bridge.reports] == [f"{__file__}:{line}"]


async def test_a_plain_function_that_returns_a_coroutine_is_left_alone(bridge: Bridge, container: Container) -> None:
    async def make() -> Mailer:
        return container[Mailer]

    @bridge.shadow(Mailer)
    def open_mailer() -> Any:
        return make()

    async with container:
        assert await open_mailer() is container[Mailer]
    assert bridge.reports == ()


async def test_a_scoped_service_is_compared_in_its_scope(bridge: Bridge, container: Container) -> None:
    kept = Session()

    @bridge.shadow(Session)
    def get_session() -> Session:
        return kept

    async with container:
        get_session()
        async with container.scope() as scope:
            get_session()  # the scope has none yet
            assert bridge.reports == ()
            await scope.resolve(Session)
            with pytest.warns(TwoInstancesWarning, match=r"the container has another \(scoped\)"):
                get_session()


async def test_an_override_that_the_getter_does_not_see_is_told(bridge: Bridge) -> None:
    get_mailer = shadowed(bridge)
    container = Container()
    container.singleton(Mailer, get_mailer)
    bridge.install(container)
    async with container:
        with container.override(Mailer, Mailer()):
            _ = container[Mailer]
            with pytest.warns(TwoInstancesWarning, match="An override lasts here that the getter does not see"):
                get_mailer()


async def test_what_was_returned_before_the_start_is_compared_at_the_stop(bridge: Bridge) -> None:
    get_mailer = shadowed(bridge)
    container = Container()
    container.singleton(Mailer)
    bridge.install(container)
    early = (get_mailer(), here())[1]
    with pytest.warns(TwoInstancesWarning):
        async with container:
            pass
    assert [report.place for report in bridge.reports] == [f"{__file__}:{early}"]


async def test_a_warning_that_is_an_error_does_not_keep_singletons_open(bridge: Bridge) -> None:
    closed: list[str] = []

    async def open_mailer() -> AsyncIterator[Mailer]:
        yield Mailer()
        closed.append("mailer")

    get_mailer = shadowed(bridge)
    container = Container()
    container.singleton(Mailer, open_mailer)
    bridge.install(container)
    get_mailer()
    await container.start()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(BaseExceptionGroup) as caught:
            await container.stop()
    assert caught.group_contains(TwoInstancesWarning)
    assert closed == ["mailer"]


async def test_a_type_that_the_container_does_not_know_is_told_once(bridge: Bridge) -> None:
    get_mailer = shadowed(bridge)
    container = Container()
    bridge.install(container)
    async with container:
        with pytest.warns(UnregisteredShadowWarning, match="is watched in vain"):
            get_mailer()
        get_mailer()
    assert [report.finding for report in bridge.reports] == [Finding.UNREGISTERED]


async def test_reports_of_instances_begin_anew_with_another_container(bridge: Bridge, container: Container) -> None:
    get_mailer = shadowed(bridge)

    async def ask() -> None:
        get_mailer()

    async with container:
        with pytest.warns(TwoInstancesWarning):
            await ask()
    following = Container()
    following.singleton(Mailer)
    bridge.install(following)
    assert bridge.reports == ()
    async with following:
        with pytest.warns(TwoInstancesWarning):
            await ask()


def test_cache_functions_of_the_getter_stay(bridge: Bridge) -> None:
    @bridge.shadow(Mailer)
    @functools.lru_cache  # noqa: TID251 - the style that is migrated from
    def get_mailer() -> Mailer:
        return Mailer()

    before = get_mailer()
    get_mailer.cache_clear()
    assert get_mailer() is not before


def test_generators_are_refused(bridge: Bridge) -> None:
    with pytest.raises(UnsupportedGetterError, match=rf"get_session \({__file__}:\d+\) is a generator"):

        @bridge.shadow(Session)
        def get_session() -> Iterator[Session]:
            yield Session()


# --- asked at import -------------------------------------------------------------------------------------------------

OLD = """
from di.bridge import Bridge

class Mailer: ...

bridge = Bridge()
_mailer = Mailer()

@bridge.shadow(Mailer)
def get_mailer():
    return _mailer
"""


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "old_shop.py").write_text(OLD)
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def reports_of(name: str) -> list[tuple[str, str]]:
    __import__(name)
    reports = sys.modules["old_shop"].bridge.reports
    return [(report.finding, Path(report.place).name) for report in reports]


def test_a_call_at_import_is_told_with_who_called(old: Path) -> None:
    (old / "capture.py").write_text("from old_shop import get_mailer\n\nmailer = get_mailer()\n")
    with pytest.warns(AskedAtImportWarning, match=r"asked for Mailer at \S*/capture.py:3: whoever"):
        assert reports_of("capture") == [("at-import", "capture.py:3")]


def test_a_call_in_a_constructor_at_import_names_both_places(old: Path) -> None:
    (old / "capture.py").write_text(
        "from old_shop import get_mailer\n\nclass Signup:\n    def __init__(self):\n"
        "        self.mailer = get_mailer()\n\nsignup = Signup()\n"
    )
    with pytest.warns(AskedAtImportWarning, match=r"capture.py:5, while \S*/capture.py:7 is imported"):
        assert reports_of("capture") == [("at-import", "capture.py:5")]


def test_a_call_in_a_default_value_is_at_import(old: Path) -> None:
    (old / "capture.py").write_text("from old_shop import get_mailer\n\ndef send(mailer=get_mailer()): ...\n")
    with pytest.warns(AskedAtImportWarning):
        assert reports_of("capture") == [("at-import", "capture.py:3")]


async def test_an_import_inside_a_running_request_counts(old: Path) -> None:
    (old / "capture.py").write_text("from old_shop import get_mailer\n\nmailer = get_mailer()\n")

    async def handler() -> list[tuple[str, str]]:
        return reports_of("capture")

    with pytest.warns(AskedAtImportWarning):
        assert await asyncio.create_task(handler()) == [("at-import", "capture.py:3")]


def test_what_an_event_loop_runs_does_not_count_wherever_the_loop_was_started(old: Path) -> None:
    (old / "serve.py").write_text(
        "import asyncio\nfrom old_shop import get_mailer\n\nasync def main():\n    get_mailer()\n\n"
        "asyncio.run(main())\n"
    )
    assert reports_of("serve") == []


def test_calls_after_import_and_of_scripts_do_not_count(old: Path) -> None:
    (old / "ask.py").write_text("from old_shop import get_mailer\n\ndef ask():\n    return get_mailer()\n")
    import ask  # type: ignore[import-not-found]

    ask.ask()
    code = compile("from old_shop import get_mailer\nget_mailer()\n", "script", "exec")
    exec(code, {"__name__": "__main__"})
    exec(code, {"__name__": "__channelexec__"})  # as pytest-xdist starts a worker: all its tests run below it
    assert sys.modules["old_shop"].bridge.reports == ()


def test_a_call_at_import_stays_reported_when_a_container_comes(old: Path) -> None:
    (old / "capture.py").write_text("from old_shop import get_mailer\n\nmailer = get_mailer()\n")
    with pytest.warns(AskedAtImportWarning):
        reports_of("capture")
    sys.modules["old_shop"].bridge.install(Container())
    assert len(sys.modules["old_shop"].bridge.reports) == 1


def test_a_service_that_cannot_be_built_is_no_second_instance(bridge: Bridge) -> None:
    class Gateway: ...

    class Billing:
        def __init__(self, gateway: Gateway) -> None: ...

    @bridge.shadow(Billing)
    def get_billing() -> Billing:
        return Billing(Gateway())

    container = Container()
    container.singleton(Billing)
    bridge.install(container)
    get_billing()
    assert bridge.reports == ()
