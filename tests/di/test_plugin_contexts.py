"""Promises E2 and E3 in every context that pytest-asyncio runs fixtures and tests in."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from di import Container

class Mailer:
    name = "real"

class Fake(Mailer):
    name = "fake"

class Signup:
    def __init__(self, mailer: Mailer): self.mailer = mailer

@pytest.fixture
def container():
    container = Container()
    container.singleton(Mailer, external=True)
    container.singleton(Signup)
    return container
"""

TESTS = """
import asyncio
import pytest
from conftest import Fake, Mailer, Signup

@pytest.fixture
def sync_fixture(override): override(Mailer, Fake())

@pytest.fixture
async def async_fixture(override): override(Mailer, Fake())

@pytest.fixture
async def async_generator_fixture(container):
    with container.override(Mailer, Fake()):
        yield

@pytest.fixture
async def of_the_block(container):
    async with container.override(Mailer, Fake()):
        await asyncio.sleep(0)
        yield

@pytest.mark.usefixtures("sync_fixture")
def test_sync_fixture_in_a_sync_test(container):
    assert container[Signup].mailer.name == "fake"

@pytest.mark.usefixtures("sync_fixture")
async def test_sync_fixture_in_an_async_test(container):
    assert container[Signup].mailer.name == "fake"
    assert (await asyncio.to_thread(lambda: container[Signup])).mailer.name == "fake"

@pytest.mark.usefixtures("async_fixture")
async def test_async_fixture(container):
    assert container[Signup].mailer.name == "fake"

@pytest.mark.usefixtures("async_generator_fixture")
async def test_async_generator_fixture(container):
    assert container[Signup].mailer.name == "fake"

@pytest.mark.usefixtures("of_the_block")
async def test_async_block_in_a_fixture(container):
    assert container[Signup].mailer.name == "fake"

async def test_in_the_body_of_an_async_test(container, override):
    override(Mailer, Fake())
    assert container[Signup].mailer.name == "fake"

@pytest.mark.allow_external
async def test_allowed(container):
    assert container[Signup].mailer.name == "real"

@pytest.mark.xfail(strict=True, reason="nothing is allowed here", raises=Exception)
async def test_not_allowed(container):
    assert container[Signup].mailer.name == "real"

@pytest.mark.xfail(strict=True, reason="nor in a thread", raises=Exception)
async def test_not_allowed_in_a_thread(container):
    await asyncio.to_thread(lambda: container[Signup])

@pytest.mark.allow_external(types=[Mailer])
async def test_allowed_again(container):
    assert container[Signup].mailer.name == "real"

def test_nothing_of_all_that_is_left(container):
    with pytest.raises(Exception, match="marked external=True"):
        container[Signup]
"""


@pytest.mark.parametrize("loop_scope", ["function", "session"])
def test_e3_overrides_and_permissions_hold_in_every_context(pytester: pytest.Pytester, loop_scope: str) -> None:
    pytester.makeini(
        "[pytest]\nasyncio_mode = auto\n"
        f"asyncio_default_fixture_loop_scope = {loop_scope}\nasyncio_default_test_loop_scope = {loop_scope}\n"
    )
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(TESTS)
    pytester._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    result = pytester.runpytest_subprocess("-p", "di.testing", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=9, xfailed=2)
