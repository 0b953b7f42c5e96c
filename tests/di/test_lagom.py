"""lagom's registration syntax on a container of ours."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, TypeVar, cast

import lagom
import pytest
from lagom.exceptions import TypeResolutionBlocked
from lagom.experimental.definitions import PlainFunction
from lagom.interfaces import ContainerDebugInfo, ReadableContainer, SpecialDepDefinition

from di import Container, errors

F = TypeVar("F", bound=Callable[..., Any])


class Hasher: ...


class Argon2(Hasher): ...


class Vault:
    def __init__(self, hasher: Hasher) -> None:
        self.hasher = hasher


def test_the_container_is_a_lagom_container() -> None:
    assert isinstance(Container(), lagom.Container)


def test_a5_a_class_is_an_alias_made_each_time() -> None:
    container = Container()
    container[Hasher] = Argon2
    assert isinstance(container[Hasher], Argon2)
    assert container[Hasher] is not container[Hasher]


@pytest.mark.parametrize("alias_first", [True, False])
def test_a5_an_alias_of_a_registered_class_hands_out_that_one(alias_first: bool) -> None:
    container = Container()
    if alias_first:
        container[Hasher] = Argon2
    container.singleton(Argon2)
    if not alias_first:
        container[Hasher] = Argon2
    assert container[Hasher] is container[Argon2]


def test_a5_singleton_is_shared() -> None:
    container = Container()
    container[Hasher] = lagom.Singleton(Argon2)
    assert container[Hasher] is container[Hasher]


def test_a5_a_function_without_arguments_is_called_each_time() -> None:
    container = Container()
    container[Hasher] = lambda: Argon2()  # noqa: PLW0108 - a function is what is tested
    assert container[Hasher] is not container[Hasher]


def test_a5_a_function_of_one_argument_gets_the_container() -> None:
    container = Container()
    container[Hasher] = lagom.Singleton(Argon2)
    container[Vault] = lambda inner: Vault(inner[Hasher])
    assert container[Vault].hasher is container[Hasher]


def test_a5_anything_else_is_the_finished_object() -> None:
    container = Container()
    hasher = Argon2()
    container[Hasher] = hasher
    assert container[Hasher] is hasher


async def test_a5_inside_a_scope_the_container_gives_what_the_scope_has() -> None:
    container = Container()
    container.scoped(Hasher)
    with pytest.raises(errors.NoScopeError, match="Hasher needs an open scope"):
        container[Hasher]
    async with container.scope() as scope:
        assert container[Hasher] is await scope.resolve(Hasher)


def test_lagom_fault_mutually_dependent_singletons_are_an_error_not_a_hang() -> None:
    class Chicken:
        def __init__(self, egg: "Egg") -> None: ...

    class Egg:
        def __init__(self, chicken: Chicken) -> None: ...

    Chicken.__init__.__annotations__["egg"] = Egg
    container = Container()
    container[Chicken] = lagom.Singleton(Chicken)
    container[Egg] = lagom.Singleton(Egg)
    with pytest.raises(errors.CycleError):
        container[Chicken]


@pytest.mark.parametrize("method", ["clone", "temporary_singletons", "partial", "magic_partial"])
def test_what_would_keep_request_objects_alive_is_refused(method: str) -> None:
    with pytest.raises(errors.UnsupportedLagomFeatureError, match=rf"^{method}\(\).*scope"):
        getattr(Container(), method)()


def test_lagoms_decorators_are_refused_in_the_same_words() -> None:
    def needs(hasher: Hasher) -> Hasher:
        return hasher

    with pytest.raises(errors.UnsupportedLagomFeatureError, match="magic_partial"):
        lagom.magic_bind_to_container(Container())(needs)


def definition(container: Container, *, singleton: bool = False) -> Callable[[F], F]:
    return cast(Callable[[F], F], lagom.dependency_definition(container, singleton))


def context_definition(container: Container) -> Callable[[F], F]:
    return cast(Callable[[F], F], lagom.context_dependency_definition(container))


def test_a5_one_singleton_under_two_types_is_one_object() -> None:
    container = Container()
    container[Hasher] = container[Argon2] = lagom.Singleton(lambda: Argon2())  # noqa: PLW0108 - a function is what is tested
    assert container[Hasher] is container[Argon2]


def test_a5_a_class_that_stands_for_itself_is_made_each_time() -> None:
    container = Container()
    container[Hasher] = Hasher
    assert type(container[Hasher]) is Hasher
    assert container[Hasher] is not container[Hasher]


@pytest.mark.parametrize("singleton", [False, True])
def test_a5_a_decorated_function_defines_its_return_type(singleton: bool) -> None:
    container = Container()

    @definition(container, singleton=singleton)
    def hasher() -> Hasher:
        return Argon2()

    @definition(container, singleton=singleton)
    def vault(inner: Container) -> Vault:
        return Vault(inner[Hasher])

    assert (container[Vault] is container[Vault]) is singleton
    assert (container[Vault].hasher is container[Hasher]) is singleton
    assert isinstance(hasher(), Argon2)  # the function itself stays as it was


@pytest.mark.parametrize("singleton", [False, True])
async def test_a5_an_async_function_defines_the_object_also_for_who_awaits_it(singleton: bool) -> None:
    class Patient:
        def __init__(self, hasher: Awaitable[Hasher]) -> None:
            self.hasher = hasher

    container = Container()
    container[Vault] = Vault
    container[Patient] = Patient

    @definition(container, singleton=singleton)
    async def connect() -> Hasher:
        await asyncio.sleep(0)
        return Argon2()

    async with container.scope() as scope:
        assert isinstance((await scope.resolve(Vault)).hasher, Argon2)
        patient = await scope.resolve(Patient)
        assert await patient.hasher is await patient.hasher
        assert isinstance(await patient.hasher, Argon2)


async def test_a5_a_generator_definition_is_closed_with_the_scope() -> None:
    container, log = Container(), list[str]()

    @definition(container)
    def hasher() -> Iterator[Hasher]:
        yield Argon2()
        log.append("closed")

    async with container.scope() as scope:
        assert isinstance(await scope.resolve(Hasher), Argon2)
        assert log == []
    assert log == ["closed"]


async def test_a5_a_context_definition_hands_out_managers_that_are_not_entered_yet() -> None:
    container, log = Container(), list[str]()

    @context_definition(container)
    def hasher() -> Iterator[Hasher]:
        log.append("open")
        yield Argon2()
        log.append("closed")

    @context_definition(container)
    async def vault() -> AsyncIterator[Vault]:
        yield Vault(Argon2())
        log.append("async closed")

    manager = container[AbstractContextManager[Hasher]]  # type: ignore[type-abstract]  # it is a key
    assert log == []
    with manager as opened:
        assert isinstance(opened, Argon2)
    async with container[AbstractAsyncContextManager[Vault]] as vault_opened:  # type: ignore[type-abstract]  # it is a key
        assert isinstance(vault_opened, Vault)
    assert log == ["open", "closed", "async closed"]


def test_a5_a_context_manager_class_may_be_defined_as_such() -> None:
    class Manager:
        def __init__(self, hasher: Hasher) -> None:
            self.hasher = hasher

        def __enter__(self) -> Vault:
            return Vault(self.hasher)

        def __exit__(self, *details: object) -> None: ...

    container = Container()
    container[Hasher] = hasher = Argon2()
    container[cast(Any, AbstractContextManager[Vault])] = Manager
    with container[AbstractContextManager[Vault]] as vault:  # type: ignore[type-abstract]  # it is a key
        assert vault.hasher is hasher


def test_a5_a_definition_of_somebodys_own_gets_the_container() -> None:
    class Peppered(SpecialDepDefinition[Vault]):
        def get_instance(self, container: ReadableContainer) -> Vault:
            return Vault(container[Hasher])

    def plain() -> None: ...

    container = Container()
    container[Hasher] = hasher = Argon2()
    container[Vault] = Peppered()
    container[cast(Any, Callable[[], None])] = PlainFunction(plain)
    assert container[Vault].hasher is hasher
    assert container[cast(Any, Callable[[], None])] is plain


def test_a5_a_blocked_type_raises_what_lagom_raises() -> None:
    container = Container()
    container[Hasher] = lagom.UnresolvableTypeDefinition("Use Argon2.", Hasher)
    with pytest.raises(TypeResolutionBlocked, match=r"Use Argon2\."):
        container[Hasher]


def test_a5_a_lagom_container_that_extends_ours_asks_ours() -> None:
    container = Container()
    container[Hasher] = lagom.Singleton(Argon2)
    extended = lagom.Container(container)
    assert extended[Vault].hasher is container[Hasher]
    assert Hasher in extended.defined_types
    assert container.get_definition(Vault) is None


def test_a5_debug_information_is_injectable() -> None:
    container = Container(autowire=True)
    container[Hasher] = Argon2
    assert container[Vault].hasher is not None
    information = container[ContainerDebugInfo]  # type: ignore[type-abstract]  # it is a key
    assert Hasher in information.defined_types
    assert Vault not in information.defined_types


def test_a2_a_registration_takes_over_from_autowiring_and_a_default_does_not_give_way_to_it() -> None:
    class Safe:
        def __init__(self, hasher: Hasher | None = None) -> None:
            self.hasher = hasher

    container = Container(autowire=True)
    assert type(container[Vault].hasher) is Hasher
    assert container[Safe].hasher is None
    container[Hasher] = Argon2
    assert type(container[Vault].hasher) is Argon2
    assert type(container[Safe].hasher) is Argon2
    assert [name.rpartition(".")[2] for name in container.autowired] == ["Vault", "Safe"]


@pytest.mark.parametrize("twice", [True, False])
def test_a4_a_singleton_defined_twice_for_one_type_is_refused(twice: bool) -> None:
    container = Container()
    shared: lagom.Singleton[Hasher] = lagom.Singleton(Argon2)
    container[Hasher] = shared
    with pytest.raises(errors.DuplicateProviderError):
        container[Hasher] = shared if twice else lagom.Singleton(Argon2)


def test_a5_a_resolve_that_suppresses_errors_gives_none() -> None:
    container = Container()
    container.scoped(Hasher)
    assert container.resolve(Hasher, suppress_error=True) is None
    with pytest.raises(errors.NoScopeError):
        container.resolve(Hasher)


def test_what_would_pass_over_a_definition_is_refused() -> None:
    container = Container()
    container.singleton(Hasher)
    with pytest.raises(errors.UnsupportedLagomFeatureError, match="skip_definitions"):
        container.resolve(Hasher, skip_definitions=True)
