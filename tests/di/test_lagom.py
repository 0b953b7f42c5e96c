"""lagom's registration syntax on a container of ours."""

import lagom
import pytest

from di import Container, errors


class Hasher: ...


class Argon2(Hasher): ...


class Vault:
    def __init__(self, hasher: Hasher) -> None:
        self.hasher = hasher


def test_the_container_is_a_lagom_container() -> None:
    assert isinstance(Container(), lagom.Container)


def test_a_class_is_an_alias_made_each_time() -> None:
    container = Container()
    container[Hasher] = Argon2
    assert isinstance(container[Hasher], Argon2)
    assert container[Hasher] is not container[Hasher]


@pytest.mark.parametrize("alias_first", [True, False])
def test_an_alias_of_a_registered_class_hands_out_that_one(alias_first: bool) -> None:
    container = Container()
    if alias_first:
        container[Hasher] = Argon2
    container.singleton(Argon2)
    if not alias_first:
        container[Hasher] = Argon2
    assert container[Hasher] is container[Argon2]


def test_singleton_is_shared() -> None:
    container = Container()
    container[Hasher] = lagom.Singleton(Argon2)
    assert container[Hasher] is container[Hasher]


def test_a_function_without_arguments_is_called_each_time() -> None:
    container = Container()
    container[Hasher] = lambda: Argon2()  # noqa: PLW0108 - a function is what is tested
    assert container[Hasher] is not container[Hasher]


def test_a_function_of_one_argument_gets_the_container() -> None:
    container = Container()
    container[Hasher] = lagom.Singleton(Argon2)
    container[Vault] = lambda inner: Vault(inner[Hasher])
    assert container[Vault].hasher is container[Hasher]


def test_anything_else_is_the_finished_object() -> None:
    container = Container()
    hasher = Argon2()
    container[Hasher] = hasher
    assert container[Hasher] is hasher


async def test_inside_a_scope_the_container_gives_what_the_scope_has() -> None:
    container = Container()
    container.scoped(Hasher)
    with pytest.raises(errors.NoScopeError, match="Hasher needs an open scope"):
        container[Hasher]
    async with container.scope() as scope:
        assert container[Hasher] is await scope.resolve(Hasher)


def test_mutually_dependent_singletons_are_an_error_not_a_hang() -> None:
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
