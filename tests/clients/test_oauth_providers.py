"""The three providers over a real HTTP connection, well-behaved and not."""

import asyncio
from collections.abc import AsyncIterator, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from backend.clients.http import HttpClient
from backend.clients.oauth import (
    DiscordProvider,
    GoogleProvider,
    OAuthProfile,
    OAuthProvider,
    OAuthProviderNotConfigured,
    OAuthProviderNotFound,
    OAuthProviders,
    OAuthTokenExchangeFailed,
    OAuthUserInfoFailed,
    TwitchProvider,
)
from tests.conftest import MakeSettings
from tests.support.oauth_provider import DIALECTS, Answer, LoopbackProvider, challenge_of, loopback_provider

VERIFIER = "v" * 43
REDIRECT = "http://127.0.0.1:8000/api/v1/auth/oauth/x/callback"
ALL = pytest.mark.parametrize("name", list(DIALECTS))

MakeProviders = Callable[..., OAuthProviders]


@pytest.fixture
async def loopback() -> AsyncIterator[LoopbackProvider]:
    async with loopback_provider() as loopback:
        yield loopback


@pytest.fixture
async def http(make_settings: MakeSettings) -> AsyncIterator[HttpClient]:
    async with HttpClient(make_settings()) as client:
        yield client


@pytest.fixture
def make_providers(make_settings: MakeSettings, loopback: LoopbackProvider, http: HttpClient) -> MakeProviders:
    def make(**changes: object) -> OAuthProviders:
        settings = make_settings(**(loopback.settings() | changes))
        return OAuthProviders(
            GoogleProvider(settings, http), TwitchProvider(settings, http), DiscordProvider(settings, http)
        )

    return make


@pytest.fixture
def providers(make_providers: MakeProviders) -> OAuthProviders:
    return make_providers()


async def consent(provider: OAuthProvider, http: HttpClient) -> str:
    """Visit the consent page as a browser would, and give the code that comes back."""
    address = provider.authorization_url(
        state="the-state", redirect_uri=REDIRECT, code_challenge=challenge_of(VERIFIER)
    )
    answer = await http.get(address)
    back = httpx.URL(answer.headers["location"])
    assert back.params["state"] == "the-state"
    return str(back.params["code"])


async def sign_in(provider: OAuthProvider, http: HttpClient) -> OAuthProfile:
    code = await consent(provider, http)
    token = await provider.exchange_code(code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER)
    return await provider.user_info(token)


@pytest.mark.parametrize(
    "expected",
    [
        OAuthProfile(
            provider="google",
            provider_user_id="108204268033311374519",
            email="nora@example.com",
            email_verified=True,
            display_name="Nora Nyström",
            avatar_url="https://lh3.googleusercontent.com/a/nora",
        ),
        OAuthProfile(
            provider="twitch",
            provider_user_id="44322889",
            email="nora@example.com",
            email_verified=True,
            display_name="NoraPlays",
            avatar_url="https://static-cdn.jtvnw.net/jtv_user_pictures/nora.png",
        ),
        OAuthProfile(
            provider="discord",
            provider_user_id="80351110224678912",
            email="nora@example.com",
            email_verified=True,
            display_name="Nora",
            avatar_url="https://cdn.discordapp.com/avatars/80351110224678912/8342729096ea3675442027381ff50dfe.png",
        ),
    ],
    ids=lambda profile: profile.provider,
)
async def test_a_consent_becomes_a_profile(providers: OAuthProviders, http: HttpClient, expected: OAuthProfile) -> None:
    assert await sign_in(providers.get(expected.provider), http) == expected


@pytest.mark.parametrize(
    ("name", "scope"),
    [("google", "openid email profile"), ("twitch", "user:read:email"), ("discord", "identify email")],
)
def test_the_consent_page_is_asked_for_a_code_with_pkce(
    providers: OAuthProviders, loopback: LoopbackProvider, name: str, scope: str
) -> None:
    address = providers.get(name).authorization_url(state="s", redirect_uri=REDIRECT, code_challenge="c")

    query = {key: values[0] for key, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(loopback.url + DIALECTS[name].authorize + "?")
    assert (
        query.items()
        >= {
            "response_type": "code",
            "client_id": f"{name}-client",
            "redirect_uri": REDIRECT,
            "state": "s",
            "scope": scope,
            "code_challenge": "c",
            "code_challenge_method": "S256",
        }.items()
    )


@pytest.mark.parametrize("name", ["google", "discord"])
async def test_a_code_without_its_verifier_is_worth_nothing(
    providers: OAuthProviders, http: HttpClient, name: str
) -> None:
    provider = providers.get(name)
    code = await consent(provider, http)

    with pytest.raises(OAuthTokenExchangeFailed):
        await provider.exchange_code(code=code, redirect_uri=REDIRECT, code_verifier="w" * 43)


@ALL
async def test_a_code_works_once(providers: OAuthProviders, http: HttpClient, name: str) -> None:
    provider = providers.get(name)
    code = await consent(provider, http)
    await provider.exchange_code(code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER)

    with pytest.raises(OAuthTokenExchangeFailed):
        await provider.exchange_code(code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER)


BAD_ANSWERS = {
    "500": Answer.json(500, {"error": "provider text"}),
    "429": Answer.json(429, {"retry_after": 1}),
    "redirect": Answer(302, b"", {"Location": "http://127.0.0.1:1/"}),
    "html": Answer(200, b"<html>provider text</html>"),
    "cut off": Answer(200, b'{"access_token": "abc'),
    "not an object": Answer.json(200, [1, 2]),
    "null": Answer.json(200, None),
    "empty": Answer(200, b""),
    "not text": Answer(200, b"\xff\xfe\x00"),
    "deep": Answer(200, b"[" * 100_000),
    "broken gzip": Answer(200, b"not gzip", {"Content-Encoding": "gzip"}),
    "huge": Answer(200, b'{"access_token": "' + b"a" * 300_000 + b'"}'),
    "wrong types": Answer.json(200, {"access_token": 7, "id": {}, "data": "x"}),
    "empty values": Answer.json(200, {"access_token": "", "id": "", "data": []}),
    "header injection": Answer.json(200, {"access_token": "a\r\nX-Evil: 1", "id": "a\0b", "data": [{"id": "a b"}]}),
    "lone surrogate": Answer(200, b'{"access_token": "\\ud800", "id": "\\ud800", "data": [{"id": "\\ud800"}]}'),
    "broken off": None,
}


@ALL
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
async def test_a_bad_answer_to_a_code_is_a_failed_exchange(
    providers: OAuthProviders, loopback: LoopbackProvider, name: str, answer: Answer | None
) -> None:
    loopback.reply(DIALECTS[name].token, answer)

    with pytest.raises(OAuthTokenExchangeFailed) as failure:
        await providers.get(name).exchange_code(code="c", redirect_uri=REDIRECT, code_verifier=VERIFIER)
    assert "provider text" not in failure.value.message + failure.value.cause


@ALL
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS.keys())
async def test_a_bad_answer_to_a_token_is_a_failed_look_up(
    providers: OAuthProviders, loopback: LoopbackProvider, name: str, answer: Answer | None
) -> None:
    loopback.reply(DIALECTS[name].profile, answer)

    with pytest.raises(OAuthUserInfoFailed) as failure:
        await providers.get(name).user_info("token")
    assert "provider text" not in failure.value.message + failure.value.cause


@ALL
async def test_a_provider_that_does_not_answer_is_given_up(
    make_providers: MakeProviders, loopback: LoopbackProvider, name: str
) -> None:
    loopback.hang(DIALECTS[name].profile)

    async with asyncio.timeout(10):
        with pytest.raises(OAuthUserInfoFailed):
            await make_providers(oauth_timeout=0.2).get(name).user_info("token")


async def test_an_unreachable_provider_is_a_failed_exchange(make_providers: MakeProviders) -> None:
    providers = make_providers(google_token_url="http://127.0.0.1:1")

    with pytest.raises(OAuthTokenExchangeFailed):
        await providers.get("google").exchange_code(code="c", redirect_uri=REDIRECT, code_verifier=VERIFIER)


@pytest.mark.parametrize(
    ("name", "change", "verified"),
    [
        ("google", {"verified_email": False}, False),
        ("google", {"verified_email": None}, None),
        ("google", {"verified_email": "true"}, None),
        ("discord", {"verified": False}, False),
        ("discord", {"email": None}, False),
        ("twitch", {"email": ""}, False),
        ("twitch", {"email": "not an address"}, False),
    ],
)
async def test_an_address_is_verified_only_where_the_provider_says_so(
    providers: OAuthProviders,
    loopback: LoopbackProvider,
    http: HttpClient,
    name: str,
    change: dict[str, object],
    verified: bool | None,
) -> None:
    loopback.people[name].update(change)

    if verified is None:  # a value that is neither yes nor no is a malformed profile
        with pytest.raises(OAuthUserInfoFailed):
            await sign_in(providers.get(name), http)
    else:
        assert (await sign_in(providers.get(name), http)).email_verified is verified


@ALL
async def test_a_person_may_have_neither_email_nor_name_nor_picture(
    providers: OAuthProviders, loopback: LoopbackProvider, http: HttpClient, name: str
) -> None:
    loopback.people[name] = {"id": loopback.people[name]["id"]}

    profile = await sign_in(providers.get(name), http)

    assert (profile.email, profile.email_verified, profile.display_name, profile.avatar_url) == (
        None,
        False,
        None,
        None,
    )


async def test_the_case_of_a_providers_name_does_not_matter(providers: OAuthProviders) -> None:
    assert providers.get("GooGle").name == "google"


async def test_an_unknown_provider_is_not_found(providers: OAuthProviders) -> None:
    with pytest.raises(OAuthProviderNotFound) as failure:
        providers.get("myspace")
    assert failure.value.details["providers"] == ["discord", "google", "twitch"]


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"twitch_client_id": None}, ["TWITCH_CLIENT_ID"]),
        ({"twitch_client_id": "", "twitch_client_secret": None}, ["TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET"]),
    ],
)
async def test_a_provider_without_credentials_names_the_settings(
    make_providers: MakeProviders, change: dict[str, str | None], missing: list[str]
) -> None:
    with pytest.raises(OAuthProviderNotConfigured) as failure:
        make_providers(**change).get("twitch")
    assert failure.value.details["settings"] == missing
