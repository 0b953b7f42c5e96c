"""Signing and checking tokens."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest

from backend.db.tables.identity import Tier
from backend.services.identity.errors import TokenExpired, TokenInvalid
from backend.services.identity.jwt_service import JWTService
from tests.conftest import MakeSettings

KEY = "a-secret-for-tests-only-0123456789abcdef"
USER, SESSION = uuid4(), uuid4()


@pytest.fixture
def service(make_settings: MakeSettings) -> JWTService:
    return JWTService(make_settings(jwt_secret_key=KEY))


def access(service: JWTService, **values: Any) -> str:
    now = datetime.now(UTC)
    arguments: dict[str, Any] = {"session_id": SESSION, "token_version": 3, "authenticated_at": now} | values
    return service.create_access(USER, Tier.PRO, "a@example.com", **arguments)[0]


def refresh(service: JWTService, **values: Any) -> str:
    arguments: dict[str, Any] = {
        "session_id": SESSION,
        "token_version": 3,
        "expires_at": datetime.now(UTC) + timedelta(days=1),
    } | values
    return service.create_refresh(USER, **arguments)


def resigned(token: str, changes: dict[str, Any] | None = None, *, key: str = KEY, algorithm: str = "HS256") -> str:
    claims = jwt.decode(token, options={"verify_signature": False}) | (changes or {})
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, key, algorithm)


def test_access_token_says_who_and_in_which_session(service: JWTService) -> None:
    claims = service.decode_access(access(service))

    assert (claims.user_id, claims.session_id, claims.tier) == (USER, SESSION, Tier.PRO)
    assert (claims.email, claims.token_version) == ("a@example.com", 3)


def test_refresh_token_carries_neither_tier_nor_email(service: JWTService) -> None:
    claims = jwt.decode(refresh(service), options={"verify_signature": False})

    assert not {"tier", "email"} & claims.keys()


def test_same_claims_give_the_same_token(service: JWTService) -> None:
    moment, jti = datetime.now(UTC), uuid4()
    values = {"jti": jti, "issued_at": moment, "authenticated_at": moment}

    assert access(service, **values) == access(service, **values)


def test_expired_token_says_since_when(service: JWTService) -> None:
    issued = datetime.now(UTC) - timedelta(hours=2)
    with pytest.raises(TokenExpired) as refusal:
        service.decode_access(access(service, issued_at=issued, lifetime=timedelta(hours=1)))

    expected = (issued + timedelta(hours=1)).replace(microsecond=0)
    assert refusal.value.details["expired_at"] == expected.isoformat()


def test_refresh_token_is_no_access_token(service: JWTService) -> None:
    with pytest.raises(TokenInvalid):
        service.decode_access(refresh(service))


def test_access_token_is_no_refresh_token(service: JWTService) -> None:
    with pytest.raises(TokenInvalid):
        service.decode_refresh(access(service))


@pytest.mark.parametrize("claim", ["sub", "type", "exp", "iat", "jti", "iss", "aud", "sid", "ver", "tier", "email"])
def test_every_claim_is_required(service: JWTService, claim: str) -> None:
    with pytest.raises(TokenInvalid):
        service.decode_access(resigned(access(service), {claim: None}))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("sub", "nobody"),
        ("sid", "nowhere"),
        ("ver", "many"),
        ("tier", "emperor"),
        ("iss", "someone"),
        ("aud", "others"),
        ("exp", 10**30),
        ("auth_time", 10**30),
        ("jti", 7),
        ("iat", "soon"),
    ],
)
def test_wrong_claim_is_refused(service: JWTService, claim: str, value: object) -> None:
    with pytest.raises(TokenInvalid):
        service.decode_access(resigned(access(service), {claim: value}))


def test_another_key_is_refused(service: JWTService) -> None:
    with pytest.raises(TokenInvalid):
        service.decode_access(resigned(access(service), key="another-key-of-a-sufficient-length-000"))


def test_another_algorithm_is_refused(service: JWTService) -> None:
    key = KEY + KEY
    with pytest.raises(TokenInvalid):
        service.decode_access(resigned(access(service), key=key, algorithm="HS512"))


def test_unsigned_token_is_refused(service: JWTService) -> None:
    _, claims, _ = access(service).split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenInvalid):
        service.decode_access(f"{header}.{claims}.")


@pytest.mark.parametrize("token", ["", "a", "a.b.c", "ä.ö.ü", "\ud800.a.b", "a" * 10_000])
def test_garbage_is_refused(service: JWTService, token: str) -> None:
    with pytest.raises(TokenInvalid):
        service.decode_access(token)


def test_expired_refresh_token_can_be_read_to_end_its_session(service: JWTService) -> None:
    token = refresh(service, expires_at=datetime.now(UTC) - timedelta(days=1))

    assert service.peek_refresh(token).session_id == SESSION


def test_forged_refresh_token_cannot_even_be_read(service: JWTService) -> None:
    with pytest.raises(TokenInvalid):
        service.peek_refresh(resigned(refresh(service), key="another-key-of-a-sufficient-length-000"))
