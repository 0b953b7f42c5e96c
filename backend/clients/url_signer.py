"""Expiring signatures for the addresses of private objects."""

import base64
import hashlib
import hmac
import time
from datetime import timedelta
from urllib.parse import urlencode


class UrlSigner:
    """Signs object keys with HMAC-SHA256 until a second in time.

    The key is derived from the application's secret for this purpose alone, so that neither a token nor a URL
    signature can ever be used as the other.
    """

    def __init__(self, secret: str) -> None:
        self._key = hmac.digest(secret.encode(), b"aurastream object url v1", hashlib.sha256)

    def sign(self, key: str, expires_in: timedelta) -> str:
        """Give the query string that opens `key` for this long."""
        expires = int(time.time() + expires_in.total_seconds())
        return urlencode({"expires": expires, "signature": self._signature(key, expires)})

    def verify(self, key: str, expires: int, signature: str) -> bool:
        """Tell whether the signature opens `key` now; takes the same time whatever is wrong with it."""
        genuine = hmac.compare_digest(self._signature(key, expires).encode(), signature.encode(errors="replace"))
        return genuine and time.time() < expires

    def _signature(self, key: str, expires: int) -> str:
        digest = hmac.digest(self._key, f"{expires}\n{key}".encode(errors="surrogatepass"), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
