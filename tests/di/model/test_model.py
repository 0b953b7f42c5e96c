"""Random graphs, lives and interleavings against a naive model; `--model-examples` says how many."""

import asyncio
from collections.abc import Callable

import pytest
import uvloop
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.di.model.machine import ContainerMachine

STEPS = 30
REPEATED = 200


class MachineOnUvloop(ContainerMachine):
    """The same on uvloop."""

    new_loop: Callable[[], asyncio.AbstractEventLoop] = staticmethod(uvloop.new_event_loop)


@pytest.mark.timeout(0)
@pytest.mark.parametrize("machine", [ContainerMachine, MachineOnUvloop], ids=["asyncio", "uvloop"])
def test_a_container_does_what_the_naive_model_says(
    request: pytest.FixtureRequest, machine: type[ContainerMachine]
) -> None:
    examples = request.config.getoption("--model-examples")
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=examples <= REPEATED,  # every run of the tests tries the same lives; a longer one tries others
            suppress_health_check=list(HealthCheck),
        ),
    )
