"""What was measured, and how sure one can be of it."""

import math
import random
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Clock = Literal["processor", "wall"]
Over = Callable[..., float]  # over(contender, graph, clock="processor"): microseconds over the bare route
Statistic = Callable[[Over], float]

RESAMPLINGS = 300


@dataclass(frozen=True, slots=True)
class Lane:
    """One contender on one graph."""

    contender: str
    graph: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One batch: microseconds a request of the bare route beside it, and over that."""

    bare: float
    over: float
    wall_over: float

    def by(self, clock: Clock) -> float:
        """Return the time over the bare route by a clock."""
        return self.over if clock == "processor" else self.wall_over


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure, and the range it lies in with 95 % confidence, from resampling the rounds."""

    value: float
    low: float
    high: float

    @property
    def noise(self) -> float:
        """Half of the range, as a share of the figure."""
        noise = abs((self.high - self.low) / 2 / self.value) if self.value else math.inf
        return noise if math.isfinite(noise) else math.inf


@dataclass(frozen=True, slots=True)
class Spread:
    """A median with its quartiles."""

    low: float
    median: float
    high: float


@dataclass
class Measurements:
    """The samples of a run: per lane one for each round, or none where the machine was too noisy."""

    titles: dict[str, str] = field(default_factory=dict)
    samples: dict[Lane, list[Sample | None]] = field(default_factory=dict)
    discarded: int = 0

    @property
    def lanes(self) -> Iterable[Lane]:
        """Who was measured."""
        return self.samples.keys()

    def add(self, lane: Lane, sample: Sample | None) -> None:
        """Add what a lane has done in the next round."""
        self.samples.setdefault(lane, []).append(sample)

    def joined(self, more: "Measurements") -> "Measurements":
        """Return what was measured of the lanes of a further run, in both."""
        samples = {lane: self.samples[lane] + further for lane, further in more.samples.items()}
        return Measurements(self.titles, samples, self.discarded + more.discarded)

    def bare(self) -> float:
        """Return what a bare route takes in this run, in microseconds."""
        return statistics.median(each.bare for row in self.samples.values() for each in row if each is not None)

    def spread(self, lane: Lane, clock: Clock = "processor") -> Spread | None:
        """Return the time over the bare route of one lane, unless nothing usable was measured."""
        values = [each.by(clock) for each in self.samples.get(lane, ()) if each is not None]
        if len(values) < 2:
            return None
        low, median, high = statistics.quantiles(values, n=4)
        return Spread(low, median, high)

    def estimate(self, statistic: Statistic) -> Estimate:
        """Return a figure made from medians, with its range.

        Rounds are resampled as a whole, so that lanes measured side by side stay so.

        Raises:
            NothingMeasuredError: all that a lane did was discarded.
        """
        rounds = max(map(len, self.samples.values()))
        chance = random.Random(1)
        value = statistic(self._over(range(rounds)))
        values = []
        for _ in range(RESAMPLINGS):
            chosen = [chance.randrange(rounds) for _ in range(rounds)]
            try:
                values.append(statistic(self._over(chosen)))
            except NothingMeasuredError:
                continue
        values.sort()
        if len(values) < RESAMPLINGS / 2:
            return Estimate(value, float("-inf"), float("inf"))
        return Estimate(value, values[len(values) // 40], values[-1 - len(values) // 40])

    def _over(self, rounds: Iterable[int]) -> Over:
        chosen = list(rounds)

        def over(contender: str, graph: str, clock: Clock = "processor") -> float:
            lane = Lane(contender, graph)
            row = self.samples.get(lane, [])
            values = [each.by(clock) for number in chosen if number < len(row) and (each := row[number]) is not None]
            if not values:
                raise NothingMeasuredError(lane)
            return statistics.median(values)

        return over


class NothingMeasuredError(Exception):
    """A lane has no sample that could be used."""

    def __init__(self, lane: Lane) -> None:
        super().__init__(f"nothing usable was measured of {lane.contender} on {lane.graph}: the machine is too busy")


def over_from(values: Mapping[Lane, float]) -> Over:
    """Return the same view on figures that were counted; what was not counted is far away."""

    def over(contender: str, graph: str, clock: Clock = "processor") -> float:
        return values.get(Lane(contender, graph), float("inf"))

    return over
