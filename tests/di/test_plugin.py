"""Promise E3: the pytest plugin, run in a pytest of its own."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = """
import pytest
from di import Container

class Mailer:
    def send(self): return "sent"

class Signup:
    def __init__(self, mailer: Mailer): self.mailer = mailer

@pytest.fixture
def container():
    container = Container()
    container.singleton(Mailer, external=True)
    container.singleton(Signup)
    return container
"""
INI = "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini(INI)
    pytester.makeconftest(CONFTEST)
    return pytester


def run(project: pytest.Pytester, source: str) -> pytest.RunResult:
    project.makepyfile(f"from conftest import Mailer, Signup\nimport pytest\n{source}")
    # Only the plugins under test: loading all that are installed takes seconds.
    project._monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return project.runpytest_subprocess("-p", "di.testing", "-p", "pytest_asyncio.plugin", "-p", "no:cacheprovider")


@pytest.mark.parametrize("spelling", ["def", "async def"])
def test_e3_an_override_of_the_fixture_lasts_for_its_test(project: pytest.Pytester, spelling: str) -> None:
    result = run(
        project,
        f"""
class Fake:
    def send(self): return "faked"

{spelling} test_overridden(container, override):
    fake = override(Mailer, Fake())
    assert container[Signup].mailer is fake
    assert container[Signup].mailer.send() == "faked"

@pytest.mark.allow_external(types=[Mailer])
{spelling} test_afterwards(container):
    assert container[Signup].mailer.send() == "sent"
""",
    )
    result.assert_outcomes(passed=2)


def test_e3_an_unused_override_fails_its_test(project: pytest.Pytester) -> None:
    result = run(project, "def test_it(override):\n    override(Mailer, Mailer())\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*UnusedOverrideError: Overridden but never resolved: Mailer*"])


@pytest.mark.parametrize("spelling", ["def", "async def"])
def test_e3_building_something_external_fails_with_the_path(project: pytest.Pytester, spelling: str) -> None:
    result = run(project, f"{spelling} test_it(container):\n    container[Signup]\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*Mailer is marked external=True and was about to be built in a test*"])


def test_e3_a_test_may_ask_for_everything_external(project: pytest.Pytester) -> None:
    result = run(project, "@pytest.mark.allow_external\ndef test_it(container):\n    container[Signup]\n")
    result.assert_outcomes(passed=1)


def test_e3_without_a_fixture_of_the_project_the_container_is_empty(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    pytester.makepyfile("def test_it(container):\n    container.validate()\n")
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)
