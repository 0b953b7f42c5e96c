"""Real providers from specs: functions and classes with signatures that the container reads like hand-written ones."""

import contextvars
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from di import Factory, Lazy, Scope
from tests.di.model.ledger import Instance
from tests.di.model.specs import Ask, Fails, Form, ProviderSpec, Way

if TYPE_CHECKING:
    from tests.di.model.naive import Asking
    from tests.di.model.world import World


class Product:
    """What providers make; the instance says where it came from."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance


KEYS: Final = tuple(type(f"K{number}", (Product,), {}) for number in range(10))

# On whose behalf the running code resolves; follows the context into builds, as an application's own variables do.
asking: contextvars.ContextVar["Asking"] = contextvars.ContextVar("asking")
# The key that a factory is making, and who holds the factory.
being_made: contextvars.ContextVar[tuple[int, Instance] | None] = contextvars.ContextVar("being_made", default=None)


def _means(ask: Ask) -> Any:
    """Return the type of the parameter by which a provider can ask."""
    generic: Any = {Way.SCOPE: Scope, Way.LAZY: Lazy, Way.FACTORY: Factory}[ask.way]
    return generic if ask.way is Way.SCOPE else generic[KEYS[ask.key]]


class Recipe:
    """A provider of a key as it was registered or put in the place of another; `make` is handed to the container."""

    def __init__(self, world: "World", key: int, lifetime: str, spec: ProviderSpec, name: str) -> None:
        self.world = world
        self.key = key
        self.lifetime = lifetime
        self.spec = spec
        self.make: Any = _WRITERS[spec.form](self)
        self._name = name
        self._failed = False

    def __repr__(self) -> str:
        return self._name

    def begin(self, args: tuple[Any, ...], named: dict[str, Any]) -> Instance:
        """Report that the provider was called."""
        given = [*args, *named.values()]
        held = tuple(each.instance for each in given[: len(self.spec.needs)])
        for key, instance in zip(self.spec.needs, held, strict=True):
            if instance.recipe.key != key:
                self.world.ledger.complain(f"{self} was given {instance} for K{key}")
        who = asking.get()
        maker = being_made.get()
        made = maker is not None and maker[0] == self.key
        scope = None if self._is_of_the_container() else who.scope
        if maker is not None and made:
            scope = maker[1].scope
        instance = Instance(self, held, scope, self.world.ledger.life, overrides=who.overrides)
        instance.owner = self.world.model.owner(self.key, who.overrides)
        instance.means = tuple(given[len(self.spec.needs) :])
        instance.made = made
        return self.world.ledger.begin(instance)

    def _is_of_the_container(self) -> bool:
        if self.lifetime != "transient":
            return self.lifetime == "singleton"
        # Singletons are built where no scope is current, and so are the transients they hold.
        return self.world.container.find_scope() is None

    def may_fail(self) -> None:
        """Raise as the spec says."""
        fails = self.spec.fails is Fails.ALWAYS or (self.spec.fails is Fails.FIRST_TIME and not self._failed)
        if fails:
            self._failed = True
            raise self.world.ledger.boom(self)

    async def set_up(self, instance: Instance) -> None:
        """Await and ask as the spec says."""
        for number, each in enumerate(self.spec.asks):
            if not each.later:
                await self.world.ask(instance, number)
        for _ in range(self.spec.pauses):
            await self.world.pause(f"set-up of {self}")
        self.may_fail()

    def product(self, instance: Instance) -> Product:
        """Return the finished object."""
        self.world.ledger.ready(instance)
        product: Product = KEYS[self.key](instance)
        return product

    async def tear_down(self, instance: Instance, failure: BaseException | None) -> None:
        """Close, with awaits as the spec says."""
        self.world.ledger.closing(instance, failure)
        for _ in range(self.spec.closing_pauses):
            try:
                await self.world.pause(f"teardown of {self}")
            except BaseException as error:
                self.world.ledger.complain(f"the teardown of {instance} was interrupted by {error!r}")
                raise
        self._closed(instance)

    def tear_down_now(self, instance: Instance, failure: BaseException | None) -> None:
        """Close without awaiting."""
        self.world.ledger.closing(instance, failure)
        self._closed(instance)

    def _closed(self, instance: Instance) -> None:
        self.world.ledger.closed(instance)
        if self.spec.fails_closing:
            raise self.world.ledger.teardown_boom(instance)

    def signed(self, function: Callable[..., Any], *, of_class: bool = False) -> Callable[..., Any]:
        """Give a function the parameters that the spec names."""
        spec = self.spec
        first_keyword = len(spec.needs) - spec.keywords
        hints: dict[str, Any] = {f"need{number}": KEYS[key] for number, key in enumerate(spec.needs)}
        for number, ask in enumerate(spec.asks):
            hints[f"ask{number}"] = _means(ask)
        parameters = [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)] if of_class else []
        for number, (name, hint) in enumerate(hints.items()):
            by_keyword = number >= first_keyword and (spec.keywords or name.startswith("ask"))
            kind = inspect.Parameter.KEYWORD_ONLY if by_keyword else inspect.Parameter.POSITIONAL_OR_KEYWORD
            parameters.append(inspect.Parameter(name, kind, annotation=hint))
        function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by inspect
        function.__annotations__ = hints
        return function


def _value(recipe: Recipe) -> Any:
    world = recipe.world
    return recipe.product(world.ledger.begin(Instance(recipe, (), None, world.ledger.life)))


def _class(recipe: Recipe) -> Any:
    def __init__(self: Product, *args: Any, **named: Any) -> None:  # noqa: N807 - becomes the constructor
        instance = recipe.begin(args, named)
        recipe.may_fail()
        recipe.world.ledger.ready(instance)
        self.instance = instance

    return type(repr(KEYS[recipe.key]), (KEYS[recipe.key],), {"__init__": recipe.signed(__init__, of_class=True)})


def _function(recipe: Recipe) -> Any:
    def make(*args: Any, **named: Any) -> Product:
        instance = recipe.begin(args, named)
        recipe.may_fail()
        return recipe.product(instance)

    return recipe.signed(make)


def _coroutine(recipe: Recipe) -> Any:
    async def make(*args: Any, **named: Any) -> Product:
        instance = recipe.begin(args, named)
        await recipe.set_up(instance)
        return recipe.product(instance)

    return recipe.signed(make)


def _generator(recipe: Recipe) -> Any:
    def make(*args: Any, **named: Any) -> Iterator[Product]:
        instance = recipe.begin(args, named)
        recipe.may_fail()
        failure: BaseException | None = None
        try:
            yield recipe.product(instance)
        except BaseException as error:
            failure = error
        recipe.tear_down_now(instance, failure)
        if failure is not None and not recipe.spec.swallows:
            raise failure

    return recipe.signed(make)


def _async_generator(recipe: Recipe) -> Any:
    async def make(*args: Any, **named: Any) -> AsyncIterator[Product]:
        instance = recipe.begin(args, named)
        await recipe.set_up(instance)
        failure: BaseException | None = None
        try:
            yield recipe.product(instance)
        except BaseException as error:
            failure = error
        await recipe.tear_down(instance, failure)
        if failure is not None and not recipe.spec.swallows:
            raise failure

    return recipe.signed(make)


def _manager(recipe: Recipe) -> Any:
    def __init__(self: Any, *args: Any, **named: Any) -> None:  # noqa: N807 - becomes the constructor
        self.made = recipe.begin(args, named)

    class Manager(AbstractContextManager[Product]):
        made: Instance

        def __enter__(self) -> Product:
            recipe.may_fail()
            return recipe.product(self.made)

        def __exit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> bool:
            recipe.tear_down_now(self.made, error)
            return recipe.spec.swallows

    Manager.__init__ = recipe.signed(__init__, of_class=True)  # type: ignore[method-assign]
    return Manager


def _async_manager(recipe: Recipe) -> Any:
    def __init__(self: Any, *args: Any, **named: Any) -> None:  # noqa: N807 - becomes the constructor
        self.made = recipe.begin(args, named)

    class Manager(AbstractAsyncContextManager[Product]):
        made: Instance

        async def __aenter__(self) -> Product:
            await recipe.set_up(self.made)
            return recipe.product(self.made)

        async def __aexit__(
            self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
        ) -> bool:
            await recipe.tear_down(self.made, error)
            return recipe.spec.swallows

    Manager.__init__ = recipe.signed(__init__, of_class=True)  # type: ignore[method-assign]
    return Manager


_WRITERS: Final[dict[Form, Callable[[Recipe], Any]]] = {
    Form.VALUE: _value,
    Form.CLASS: _class,
    Form.FUNCTION: _function,
    Form.COROUTINE: _coroutine,
    Form.GENERATOR: _generator,
    Form.ASYNC_GENERATOR: _async_generator,
    Form.MANAGER: _manager,
    Form.ASYNC_MANAGER: _async_manager,
}
