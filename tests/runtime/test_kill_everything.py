"""A bounded run of the kill script; the script itself runs for as long as one likes."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.runtime.kill_everything import VICTIMS, Stand, plan, torment


@pytest.fixture
def stand(folder: Path) -> Iterator[Stand]:
    """Give a service that is going to suffer."""
    stand = Stand(folder)
    yield stand
    stand.stop()


@pytest.mark.timeout(180)
def test_killing_each_part_once_loses_nothing_that_was_promised(stand: Stand) -> None:
    chance = random.Random(2)
    people = torment(stand, plan(len(VICTIMS), chance), 1, chance)
    assert people


def test_every_kind_of_part_is_killed_as_often_as_any_other() -> None:
    victims = plan(3 * len(VICTIMS), random.Random(1))
    assert [victims.count(victim) for victim in VICTIMS] == [3] * len(VICTIMS)
