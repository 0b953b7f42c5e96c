"""Collections, `Lazy`, `Factory` and generics (A3)."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Generic, TypeVar

import pytest

from di import Container, Factory, Lazy, Named, Scope, errors
from di._compiler import InjectedCall
from di._scope import current

T = TypeVar("T")


class Plugin: ...


class First(Plugin): ...


class Second(Plugin): ...


class Host:
    def __init__(self, plugins: list[Plugin]) -> None:
        self.plugins = plugins


async def call_compiled(container: Container, scope: Scope, **injected: Any) -> dict[str, Any]:
    """Inject by a compiled plan instead of resolving."""

    async def function(**_: Any) -> None: ...

    parameters = ", ".join(injected)
    namespace: dict[str, Any] = {}
    exec(f"async def function({parameters}): return dict({', '.join(f'{n}={n}' for n in injected)})", namespace)
    call = await InjectedCall(container.root_layer, namespace["function"], injected).bind()
    token = current.set(scope)
    try:
        result: dict[str, Any] = await call()
    finally:
        current.reset(token)
    return result


async def test_a3_a_list_collects_the_plain_and_named_providers_in_order_of_registration() -> None:
    container = Container()
    container.singleton(Annotated[Plugin, Named("second")], Second)
    container.scoped(Plugin, First)
    container.transient(Annotated[Plugin, Named("third")], Plugin)
    container.scoped(Host)
    async with container, container.scope() as scope:
        plugins = (await scope.resolve(Host)).plugins
        assert [type(each) for each in plugins] == [Second, First, Plugin]
        again = await scope.resolve(list[Plugin])
        assert again is not plugins
        assert again[:2] == plugins[:2]


async def test_a3_a_list_is_collected_in_compiled_calls_too() -> None:
    container = Container()
    container.scoped(Plugin, First)
    container.scoped(Annotated[Plugin, Named("second")], Second)
    async with container.scope() as scope:
        result = await call_compiled(container, scope, plugins=list[Plugin])
        assert [type(each) for each in result["plugins"]] == [First, Second]
        assert await scope.resolve(list[Plugin]) == result["plugins"]


async def test_a3_a_registered_list_is_not_collected() -> None:
    container = Container()
    container.scoped(Plugin)
    container.singleton(list[Plugin], [])
    container.scoped(Host)
    async with container.scope() as scope:
        assert (await scope.resolve(Host)).plugins == []


def test_a3_a_list_of_what_nobody_registered_names_the_member() -> None:
    container = Container()
    container.scoped(Host)
    with pytest.raises(errors.GraphError, match=r"Plugin has no provider.*container\.scoped\(Plugin\)"):
        container.validate()


async def test_a3_an_empty_list_by_default_stays_when_nothing_is_registered() -> None:
    class Lenient:
        def __init__(self, plugins: list[Plugin] = []) -> None:  # noqa: B006 - the default under test
            self.plugins = plugins

    container = Container()
    container.scoped(Lenient)
    container.validate()
    async with container.scope() as scope:
        assert (await scope.resolve(Lenient)).plugins == []


async def test_a3_an_override_of_a_member_reaches_the_list() -> None:
    container = Container()
    container.singleton(Plugin, First)
    container.singleton(Host)
    async with container:
        assert type(container[Host].plugins[0]) is First
        with container.override(Plugin, Second()):
            assert type(container[Host].plugins[0]) is Second
        assert type(container[Host].plugins[0]) is First


class Report:
    made = 0

    def __init__(self) -> None:
        type(self).made += 1


class Desk:
    def __init__(self, report: Lazy[Report]) -> None:
        self.report = report


@pytest.mark.parametrize("compiled", [False, True])
async def test_a3_lazy_builds_at_the_first_get_and_shares(compiled: bool) -> None:
    container = Container()
    container.scoped(Report)
    container.scoped(Desk)
    Report.made = 0
    async with container, container.scope() as scope:
        desk = (await call_compiled(container, scope, d=Desk))["d"] if compiled else await scope.resolve(Desk)
        assert Report.made == 0
        report = await desk.report.get()
        assert report is await desk.report.get() is await scope.resolve(Report)
        assert Report.made == 1


async def test_a3_lazy_of_a_transient_keeps_the_first_one() -> None:
    container = Container()
    container.transient(Report)
    container.scoped(Desk)
    async with container.scope() as scope:
        desk = await scope.resolve(Desk)
        assert await desk.report.get() is await desk.report.get()


async def test_a3_a_singleton_may_hold_lazy_singletons_and_transients() -> None:
    closed: list[str] = []

    def open_report() -> Iterator[Report]:
        yield Report()
        closed.append("report")

    class Ledger: ...

    async def open_ledger() -> AsyncIterator[Ledger]:
        yield Ledger()
        closed.append("ledger")

    class Office:
        def __init__(self, report: Lazy[Report], ledger: Lazy[Ledger]) -> None:
            self.report = report
            self.ledger = ledger

    container = Container()
    container.singleton(Office)
    container.transient(Report, open_report)
    container.singleton(Ledger, open_ledger, eager=False)
    async with container:
        office = container[Office]
        assert await office.report.get() is await office.report.get()
        assert await office.ledger.get() is container[Ledger]
        assert closed == []
    assert sorted(closed) == ["ledger", "report"]
    with pytest.raises(errors.ContainerClosedError, match="Ledger"):
        await office.ledger.get()


async def test_a3_a_singleton_must_not_hold_something_scoped_lazily_either() -> None:
    container = Container()
    container.scoped(Report)
    container.singleton(Desk)
    with pytest.raises(errors.GraphError, match="singleton Desk would keep scoped Report") as caught:
        container.validate()
    assert isinstance(caught.value.problems[0], errors.CaptiveDependencyError)


async def test_a3_lazy_breaks_a_cycle() -> None:
    class Hen:
        def __init__(self, egg: "Lazy[Egg]") -> None:
            self.egg = egg

    class Egg:
        def __init__(self, hen: Hen) -> None:
            self.hen = hen

    Hen.__init__.__annotations__["egg"] = Lazy[Egg]
    container = Container()
    container.scoped(Hen)
    container.scoped(Egg)
    container.validate()
    async with container.scope() as scope:
        hen = await scope.resolve(Hen)
        assert (await hen.egg.get()).hen is hen


def test_a3_a_cycle_beside_a_lazy_one_is_still_found() -> None:
    class Hen:
        def __init__(self, egg: Any, nest: Any) -> None: ...

    class Egg:
        def __init__(self, hen: Hen) -> None: ...

    Hen.__init__.__annotations__.update(egg=Lazy[Egg], nest=Egg)
    container = Container()
    container.scoped(Hen)
    container.scoped(Egg)
    with pytest.raises(errors.GraphError) as caught:
        container.validate()
    assert [type(each) for each in caught.value.problems] == [errors.CycleError]


def test_a3_what_is_missing_below_a_lazy_one_is_reported_with_the_path() -> None:
    class Archive:
        def __init__(self, plugin: Plugin) -> None: ...

    class Reader:
        def __init__(self, archive: Lazy[Archive]) -> None: ...

    container = Container()
    container.scoped(Reader)
    container.scoped(Archive)
    with pytest.raises(errors.GraphError, match=r"(?s)Plugin has no provider.*root .*Reader.*Lazy.*Archive"):
        container.validate(roots=[Reader])


async def test_a3_lazy_refuses_after_the_scope_has_closed() -> None:
    container = Container()
    container.scoped(Report)
    container.scoped(Desk)
    async with container.scope() as scope:
        desk = await scope.resolve(Desk)
    with pytest.raises(errors.ScopeClosedError, match="Report"):
        await desk.report.get()


async def test_a3_a_lazy_holder_closes_before_what_it_got() -> None:
    log: list[str] = []

    class Pool: ...

    async def open_pool() -> AsyncIterator[Pool]:
        yield Pool()
        log.append("pool")

    class Runner:
        def __init__(self, pool: Lazy[Pool]) -> None:
            self.pool = pool

    async def open_runner(pool: Lazy[Pool]) -> AsyncIterator[Runner]:
        yield Runner(pool)
        log.append("runner")

    for lifetime in ("scoped", "singleton"):
        container = Container()
        getattr(container, lifetime)(Pool, open_pool)
        getattr(container, lifetime)(Runner, open_runner)
        async with container, container.scope() as scope:
            await (await scope.resolve(Runner)).pool.get()
        assert log == ["runner", "pool"]
        log.clear()


async def test_a3_an_override_reaches_what_a_built_holder_gets_lazily() -> None:
    container = Container()
    container.singleton(Report)
    container.singleton(Desk)
    fake = Report()
    async with container:
        real = await container[Desk].report.get()
        with container.override(Report, fake):
            assert await container[Desk].report.get() is fake
        assert await container[Desk].report.get() is real


class Letter:
    def __init__(self, plugin: Plugin, text: str, *, copies: int = 1) -> None:
        self.plugin = plugin
        self.text = text
        self.copies = copies


class Writer:
    def __init__(self, letters: Factory[Letter]) -> None:
        self.letters = letters


@pytest.mark.parametrize("lifetime", ["scoped", "singleton"])
async def test_a3_a_factory_builds_anew_with_arguments(lifetime: str) -> None:
    container = Container()
    container.singleton(Plugin)
    container.transient(Letter)
    getattr(container, lifetime)(Writer)
    async with container, container.scope() as scope:
        writer = await scope.resolve(Writer)
        plain = await writer.letters("hello")
        many = await writer.letters(text="hello", copies=3)
        assert (plain.text, plain.copies, many.copies) == ("hello", 1, 3)
        assert plain is not many
        assert plain.plugin is many.plugin is container[Plugin]
        other = Plugin()
        assert (await writer.letters("x", plugin=other)).plugin is other


async def test_a3_arguments_that_do_not_fit_are_told_as_by_a_call() -> None:
    container = Container()
    container.singleton(Plugin)
    container.transient(Letter)
    container.scoped(Writer)
    async with container.scope() as scope:
        writer = await scope.resolve(Writer)
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'text'"):
            await writer.letters()
        with pytest.raises(TypeError, match="unexpected keyword argument 'colour'"):
            await writer.letters("x", colour="red")
        with pytest.raises(TypeError, match=r"positional arguments? but"):
            await writer.letters("x", "y", "z")


async def test_a3_what_a_factory_opens_closes_with_its_holder() -> None:
    log: list[str] = []

    async def open_letter(plugin: Plugin, text: str) -> AsyncIterator[Letter]:
        yield Letter(plugin, text)
        log.append(f"closed {text}")

    container = Container()
    container.singleton(Plugin)
    container.transient(Letter, open_letter)
    container.scoped(Writer)
    async with container.scope() as scope:
        writer = await scope.resolve(Writer)
        await writer.letters("a")
        await writer.letters("b")
        assert log == []
    assert log == ["closed b", "closed a"]
    with pytest.raises(errors.ScopeClosedError, match="Letter"):
        await writer.letters("c")


async def test_a3_what_a_singletons_factory_opens_closes_with_the_container() -> None:
    log: list[str] = []

    async def open_letter(text: str) -> AsyncIterator[Letter]:
        if text == "bad":
            raise ValueError(text)
        yield Letter(Plugin(), text)
        log.append(f"closed {text}")

    container = Container()
    container.transient(Letter, open_letter)
    container.singleton(Writer)
    async with container:
        writer = container[Writer]
        await writer.letters("a")
        with pytest.raises(ValueError, match="bad"):
            await writer.letters("bad")
        assert log == []
    assert log == ["closed a"]
    with pytest.raises(errors.ContainerClosedError, match="Letter"):
        await writer.letters("c")


async def test_a3_a_factory_of_an_overridden_type_makes_the_fake() -> None:
    class FakeLetter(Letter):
        def __init__(self, text: str) -> None:
            self.text = f"fake {text}"

    container = Container()
    container.singleton(Plugin)
    container.transient(Letter)
    container.scoped(Writer)
    finished = FakeLetter("finished")
    async with container.scope() as scope:
        with container.override(Letter, FakeLetter):
            assert (await (await scope.resolve(Writer)).letters("x")).text == "fake x"
        with container.override(Letter, finished):
            assert await (await scope.resolve(Writer)).letters("x") is finished


def test_a3_what_a_factory_is_handed_needs_no_provider_but_what_it_injects_does() -> None:
    container = Container()
    container.transient(Letter)
    container.scoped(Writer)
    container.validate(roots=[Writer])
    container.singleton(Plugin, lambda session: Plugin())  # noqa: ARG005 - it has no hint
    with pytest.raises(errors.GraphError, match=r"(?s)'session' of Plugin .* no type hint.*Writer.*Factory.*Letter"):
        container.validate(roots=[Writer])


def test_a3_what_a_factory_is_handed_is_missing_for_those_who_ask_without() -> None:
    class Reader:
        def __init__(self, letter: Letter) -> None: ...

    container = Container()
    container.singleton(Plugin)
    container.transient(Letter)
    container.scoped(Writer)
    container.scoped(Reader)
    with pytest.raises(errors.GraphError, match=r"str has no provider, but Letter") as caught:
        container.validate()
    assert len(caught.value.problems) == 1


def test_a3_a_factory_of_what_nobody_registered_is_reported() -> None:
    container = Container()
    container.scoped(Writer)
    with pytest.raises(errors.GraphError, match="Letter has no provider"):
        container.validate()


class User: ...


class Team: ...


class Mapper(Generic[T]): ...


class Repo(Generic[T]):
    def __init__(self, mapper: Mapper[T]) -> None:
        self.mapper = mapper


class UserRepo(Repo[User]): ...


async def test_a3_type_arguments_make_dependencies_of_their_own() -> None:
    class Both:
        def __init__(self, users: Repo[User], teams: Repo[Team]) -> None:
            self.users = users
            self.teams = teams

    container = Container()
    user_mapper, team_mapper = Mapper[User](), Mapper[Team]()
    container.singleton(Mapper[User], user_mapper)
    container.singleton(Mapper[Team], team_mapper)
    container.scoped(Repo[User])
    container.scoped(Repo[Team])
    container.scoped(Both)
    async with container, container.scope() as scope:
        both = await scope.resolve(Both)
        assert len({id(both.users), id(both.teams)}) == 2
        assert (both.users.mapper, both.teams.mapper) == (user_mapper, team_mapper)
        assert both.users is await scope.resolve(Repo[User])


async def test_a3_a_subclass_fills_the_type_arguments_of_its_base() -> None:
    container = Container()
    container.singleton(Mapper[User])
    container.scoped(UserRepo)
    async with container, container.scope() as scope:
        assert (await scope.resolve(UserRepo)).mapper is container[Mapper[User]]


def test_a3_a_generic_class_without_type_argument_says_so() -> None:
    container = Container()
    container.scoped(Repo)
    container.scoped(Mapper[User])
    with pytest.raises(errors.GraphError) as caught:
        container.validate()
    assert "Mapper[T] has no provider" in str(caught.value)


class Box(Generic[T]):
    def __init__(self, content: T) -> None:
        self.content = content


async def test_a3_a_parameter_may_be_the_type_argument_itself() -> None:
    container = Container()
    container.scoped(User)
    container.scoped(Box[User])
    async with container.scope() as scope:
        assert (await scope.resolve(Box[User])).content is await scope.resolve(User)


def test_a3_a_parameter_whose_type_nothing_says_is_named() -> None:
    container = Container()
    container.scoped(Box)
    with pytest.raises(errors.GraphError, match=r"'content' of Box.*nothing says what ~T stands for"):
        container.validate()


async def test_a3_a_singletons_factory_of_a_finished_object_hands_out_that_one() -> None:
    class Holder:
        def __init__(self, make: Factory[User]) -> None:
            self.make = make

    user = User()
    container = Container()
    container.singleton(User, user)
    container.singleton(Holder)
    assert await container[Holder].make() is user
