"""What really happened: every instance from the call of its provider to the end of its teardown.

The providers of the model report here; the ledger objects on the spot when an instance is built from closed ones, built
twice, closed twice, closed before something that holds it, or told the wrong outcome.
"""

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.di.model.specs import CLOSING_FORMS, Form

if TYPE_CHECKING:
    from tests.di.model.naive import OverrideModel, ScopeModel
    from tests.di.model.providers import Recipe


class Boom(Exception):
    """What providers, teardowns and callbacks of the model raise; each only once."""

    def __init__(self, number: int, recipe: "Recipe | None", cause: BaseException | None = None) -> None:
        self.number = number
        self.recipe = recipe
        self.cause = cause  # what a teardown was told before it raised this
        super().__init__(number)

    def __repr__(self) -> str:
        return f"Boom({self.number})"


class State(enum.Enum):
    """How far an instance has come; only resources, which have to be closed, go beyond `READY`."""

    BUILDING = 1
    READY = 2
    OPEN = 3
    CLOSING = 4
    CLOSED = 5


@dataclass(eq=False)
class Instance:
    """One object that a provider made, or was about to."""

    recipe: "Recipe"
    holds: tuple["Instance", ...]
    scope: "ScopeModel | None"
    life: int  # which start of the container it belongs to
    state: State = State.BUILDING
    late: bool = False  # its scope had closed before it was open
    told: BaseException | None = None  # the outcome that its teardown was told
    overrides: tuple["OverrideModel", ...] = ()  # through which it was built
    owner: "OverrideModel | None" = None  # the innermost of them that affects it
    means: tuple[Any, ...] = ()  # its scopes, lazies and factories, one for each ask
    made: bool = False  # by a factory, which makes a new one each time
    released: int | None = None  # when it was given back early
    asked: list["Instance"] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<{self.recipe} in {self.scope}, {self.state.name.lower()}>"

    @property
    def identity(self) -> tuple[Any, ...]:
        """What it is made from: two finished objects that agree in this are one too many, transients apart."""
        below = tuple(each.identity if each.on_its_own else each for each in self.holds)
        return self.recipe, self.scope, self.life, self.owner, below

    @property
    def reach(self) -> set["Instance"]:
        """Everything it holds, directly or not."""
        reached: set[Instance] = set()
        waiting = [*self.holds, *self.asked]
        while waiting:
            each = waiting.pop()
            if each not in reached:
                reached.add(each)
                waiting += [*each.holds, *each.asked]
        return reached

    @property
    def on_its_own(self) -> bool:
        """Whether nobody else may get it."""
        return self.made or self.recipe.lifetime == "transient" or self.recipe.spec.form is Form.VALUE


class Ledger:
    """All instances of one run, and what was wrong with them."""

    def __init__(self) -> None:
        self.instances: list[Instance] = []
        self.violations: list[str] = []
        self.teardown_errors: list[Boom] = []
        self.told: set[int] = set()  # numbers of the errors that reached somebody
        self.life = 0
        self.now = 0  # number of the last error
        self._shared: dict[tuple[Any, ...], Instance] = {}

    def complain(self, text: str) -> None:
        """Note a broken promise."""
        self.violations.append(text)

    def boom(self, recipe: "Recipe | None") -> Boom:
        """Return a new error."""
        self.now += 1
        return Boom(self.now, recipe)

    def teardown_boom(self, instance: Instance) -> Boom:
        """Return a new error that a teardown will raise."""
        self.now += 1
        error = Boom(self.now, instance.recipe, None if instance.scope is not None else instance.told)
        self.teardown_errors.append(error)
        return error

    def begin(self, instance: Instance) -> Instance:
        """A provider was called."""
        recipe, scope = instance.recipe, instance.scope
        self.instances.append(instance)
        for each in instance.holds:
            if each.state in {State.CLOSING, State.CLOSED} and (scope is None or not scope.releases):
                self.complain(f"{recipe} was built from {each}")
        if recipe.lifetime == "scoped" and scope is not None and scope.finished:
            self.complain(f"{recipe} was built in {scope}, which has closed")
        return instance

    def ready(self, instance: Instance) -> None:
        """A provider has made its object; a resource is open from now on."""
        instance.state = State.OPEN if instance.recipe.spec.form in CLOSING_FORMS else State.READY
        instance.late = instance.scope is not None and instance.scope.real.closed
        if instance.on_its_own or instance.late:
            return
        if instance.scope is not None and (instance.scope.provided or instance.scope.releases):
            return  # what it holds was given for this scope only, or may be built anew
        previous = self._shared.setdefault(instance.identity, instance)
        if previous is not instance and previous.state not in {State.CLOSING, State.CLOSED}:
            self.complain(f"{instance} was built although there was {previous}")

    def closing(self, instance: Instance, failure: BaseException | None) -> None:
        """A teardown begins."""
        if instance.state is not State.OPEN:
            self.complain(f"{instance} is closed once more")
        instance.state = State.CLOSING
        instance.told = failure
        for other in self.instances:
            by_hand = other.recipe.spec.asks and instance.scope is not None and instance.scope.releases
            if other.state in {State.OPEN, State.CLOSING} and instance in other.reach and not by_hand:
                self.complain(f"{instance} is closed before {other}, which holds it")
        self._check_outcome(instance, failure)

    def closed(self, instance: Instance) -> None:
        """A teardown has ended."""
        instance.state = State.CLOSED

    def open(self) -> list[Instance]:
        """Return the resources that are open or about to close."""
        return [each for each in self.instances if each.state in {State.OPEN, State.CLOSING}]

    def tell(self, error: BaseException | None) -> None:
        """Somebody got an error; whatever it mentions has been told."""
        if error is None:
            return
        if isinstance(error, Boom):
            self.told.add(error.number)
        for note in getattr(error, "__notes__", ()):
            self.told |= {each.number for each in self.teardown_errors if repr(each) in note}
        if isinstance(error, BaseExceptionGroup):
            for each in error.exceptions:
                self.tell(each)
        self.tell(error.__cause__)
        self.tell(error.__context__)

    def untold(self) -> list[Boom]:
        """Return the teardown errors that reached nobody.

        What goes wrong when a singleton's build has failed is noted on its failure, for which nobody may wait any more.
        """
        return [
            each
            for each in self.teardown_errors
            if each.number not in self.told
            and (each.cause is None or (isinstance(each.cause, Boom) and each.cause.number in self.told))
        ]

    def _check_outcome(self, instance: Instance, failure: BaseException | None) -> None:
        if instance.scope is not None:
            if failure is not instance.scope.failure:
                self.complain(f"{instance} was told {failure!r} instead of {instance.scope.failure!r}")
        elif instance.recipe.lifetime == "singleton" and failure is not None:
            self.complain(f"{instance} was told {failure!r}")
