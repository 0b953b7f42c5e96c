"""Signatures of addresses: good for one key, until one second."""

from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from backend.clients.url_signer import UrlSigner

KEY = "logos/owner/kit/primary.png"


def signed(signer: UrlSigner, key: str = KEY, seconds: int = 60) -> tuple[int, str]:
    query = parse_qs(signer.sign(key, timedelta(seconds=seconds)))
    return int(query["expires"][0]), query["signature"][0]


def test_own_signature_is_genuine() -> None:
    signer = UrlSigner("secret")
    assert signer.verify(KEY, *signed(signer))


def test_signature_of_another_key_is_refused() -> None:
    signer = UrlSigner("secret")
    assert not signer.verify("logos/owner/kit/other.png", *signed(signer))


def test_signature_with_a_later_end_is_refused() -> None:
    signer = UrlSigner("secret")
    expires, signature = signed(signer)
    assert not signer.verify(KEY, expires + 1, signature)


def test_expired_signature_is_refused() -> None:
    signer = UrlSigner("secret")
    assert not signer.verify(KEY, *signed(signer, seconds=0))


def test_signature_of_another_secret_is_refused() -> None:
    assert not UrlSigner("secret").verify(KEY, *signed(UrlSigner("other")))


@pytest.mark.parametrize("signature", ["", "x", "é", "\ud800", "=" * 43])
def test_malformed_signature_is_refused(signature: str) -> None:
    signer = UrlSigner("secret")
    expires, _ = signed(signer)
    assert not signer.verify(KEY, expires, signature)


def test_key_that_cannot_be_encoded_is_refused() -> None:
    signer = UrlSigner("secret")
    assert not signer.verify("\ud800", *signed(signer))
