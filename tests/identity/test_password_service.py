"""Hashing, checking and judging passwords."""

import asyncio
from collections.abc import Iterator

import pytest

from backend.services.identity.errors import PasswordsBusy, WeakPassword
from backend.services.identity.password_service import PasswordService, require_strong, validate_strength
from tests.conftest import MakeSettings


@pytest.fixture
def passwords(make_settings: MakeSettings) -> Iterator[PasswordService]:
    service = PasswordService(make_settings())
    yield service
    service.close()


async def test_right_password_matches(passwords: PasswordService) -> None:
    assert (await passwords.verify("Abcdefg1", await passwords.hash("Abcdefg1"))).matches


async def test_wrong_password_does_not_match(passwords: PasswordService) -> None:
    assert not (await passwords.verify("Abcdefg2", await passwords.hash("Abcdefg1"))).matches


async def test_hash_is_argon2id_with_a_salt_of_its_own(passwords: PasswordService) -> None:
    first, second = await passwords.hash("Abcdefg1"), await passwords.hash("Abcdefg1")

    assert first.startswith("$argon2id$")
    assert first != second


@pytest.mark.parametrize("length", [72, 73, 128])
async def test_every_byte_of_a_long_password_counts(passwords: PasswordService, length: int) -> None:
    password = "Aa1" + "x" * (length - 3)
    password_hash = await passwords.hash(password)

    assert (await passwords.verify(password, password_hash)).matches
    assert not (await passwords.verify(password[:-1] + "y", password_hash)).matches


@pytest.mark.parametrize("broken", [None, "", "not a hash", "$argon2id$v=19$m=8,t=1,p=1$broken"])
async def test_broken_hash_matches_nothing(passwords: PasswordService, broken: str | None) -> None:
    assert not (await passwords.verify("Abcdefg1", broken)).matches


async def test_hash_of_another_cost_is_renewed(make_settings: MakeSettings, passwords: PasswordService) -> None:
    costlier = PasswordService(make_settings(argon2_time_cost=2))
    verification = await costlier.verify("Abcdefg1", await passwords.hash("Abcdefg1"))
    costlier.close()

    assert verification.new_hash is not None
    assert "t=2" in verification.new_hash


async def test_hash_of_todays_cost_is_kept(passwords: PasswordService) -> None:
    assert (await passwords.verify("Abcdefg1", await passwords.hash("Abcdefg1"))).new_hash is None


async def test_no_account_costs_as_much_as_a_wrong_password(make_settings: MakeSettings) -> None:
    service = PasswordService(make_settings(argon2_time_cost=4, argon2_memory_kib=16384))
    password_hash = await service.hash("Abcdefg1")
    clock = asyncio.get_running_loop().time

    async def fastest(stored: str | None) -> float:
        times = []
        for _ in range(5):
            started = clock()
            await service.verify("wrong", stored)
            times.append(clock() - started)
        return min(times)

    known, unknown = await fastest(password_hash), await fastest(None)
    service.close()

    assert 0.5 < unknown / known < 2


async def test_the_loop_runs_on_while_a_password_is_hashed(make_settings: MakeSettings) -> None:
    service = PasswordService(make_settings(argon2_time_cost=8, argon2_memory_kib=32768))
    hashing = asyncio.create_task(service.hash("Abcdefg1"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0)
        turns += 1
    service.close()

    assert turns > 10


async def test_a_flood_is_refused_rather_than_queued_without_end(make_settings: MakeSettings) -> None:
    service = PasswordService(make_settings(password_workers=1, argon2_time_cost=3, argon2_memory_kib=8192))
    results = await asyncio.gather(*(service.hash("Abcdefg1") for _ in range(60)), return_exceptions=True)
    service.close()

    refused = [result for result in results if isinstance(result, PasswordsBusy)]
    assert 0 < len(refused) < 60
    assert all(isinstance(result, str | PasswordsBusy) for result in results)


async def test_service_takes_passwords_again_after_a_flood(make_settings: MakeSettings) -> None:
    service = PasswordService(make_settings(password_workers=1))
    await asyncio.gather(*(service.hash("Abcdefg1") for _ in range(60)), return_exceptions=True)

    assert (await service.hash("Abcdefg1")).startswith("$argon2id$")
    service.close()


@pytest.mark.parametrize(
    ("password", "score", "label"),
    [
        ("abc", 1, "weak"),
        ("", 0, "very weak"),
        ("password", 1, "weak"),
        ("Abcdefg1", 4, "strong"),
        ("Password1", 3, "strong"),
        ("abcdefgh", 2, "fair"),
        ("Correct-Horse-7-Battery", 4, "very strong"),
    ],
)
def test_score(password: str, score: int, label: str) -> None:
    strength = validate_strength(password)
    assert strength.score == score
    assert strength.label == {0: "very weak", 1: "weak", 2: "fair", 3: "strong", 4: "very strong"}[score]


@pytest.mark.parametrize(
    ("password", "missing"),
    [
        ("Abcdef1", "at least 8 characters"),
        ("Aa1" + "x" * 126, "at most 128 characters"),
        ("ABCDEFG1", "at least one lower-case letter"),
        ("abcdefg1", "at least one upper-case letter"),
        ("Abcdefgh", "at least one digit"),
    ],
)
def test_each_requirement_is_named(password: str, missing: str) -> None:
    with pytest.raises(WeakPassword) as refusal:
        require_strong(password, "password")

    assert refusal.value.details["failed_requirements"] == [missing]


def test_missing_special_character_is_advice_only() -> None:
    strength = validate_strength("Abcdefghijk1")

    assert strength.is_valid
    assert strength.suggestions == ("Add a special character.",)
