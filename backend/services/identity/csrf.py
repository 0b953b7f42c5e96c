"""Proof that a request authenticated by a cookie was made by our own page."""

import base64
import hashlib
import hmac
import secrets
from uuid import UUID

from backend.services.identity.errors import CsrfTokenInvalid, CsrfTokenMissing
from backend.settings import Settings


class CsrfTokens:
    """Make and check tokens for the signed double submit.

    The value is in a cookie that other sites cannot read and is repeated in a header that they cannot set. It is
    bound to its session by a signature, so that a cookie planted from a sibling domain does not help.
    """

    def __init__(self, settings: Settings) -> None:
        secret = settings.jwt_secret_key.get_secret_value().encode()
        self._key = hmac.digest(secret, b"aurastream csrf v1", hashlib.sha256)

    def issue(self, session_id: UUID) -> str:
        """Make a token of a session."""
        nonce = secrets.token_urlsafe(32)
        return f"{nonce}.{self._signature(nonce, session_id)}"

    def check(self, session_id: UUID, cookie: str | None, header: str | None) -> None:
        """Raise `CsrfTokenMissing` or `CsrfTokenInvalid` unless both are the same token of this session."""
        if not cookie or not header:
            raise CsrfTokenMissing
        nonce, _, signature = header.partition(".")
        same = hmac.compare_digest(cookie.encode(), header.encode())
        genuine = hmac.compare_digest(signature.encode(), self._signature(nonce, session_id).encode())
        if not (same and genuine):
            raise CsrfTokenInvalid

    def _signature(self, nonce: str, session_id: UUID) -> str:
        digest = hmac.digest(self._key, f"{session_id}\n{nonce}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
