"""A client's address is believed only as far as trusted proxies vouch for it."""

import pytest
from starlette.requests import HTTPConnection

from backend.api.client_address import TrustedProxies


def connection(peer: str | None, *forwarded: str) -> HTTPConnection:
    return HTTPConnection(
        {
            "type": "http",
            "client": (peer, 1) if peer else None,
            "headers": [(b"x-forwarded-for", line.encode()) for line in forwarded],
        }
    )


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded", "expected"),
    [
        ([], "1.2.3.4", ["6.6.6.6"], "1.2.3.4"),
        (["10.0.0.0/8"], "1.2.3.4", ["6.6.6.6"], "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", ["6.6.6.6, 1.2.3.4"], "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", ["6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", ["6.6.6.6", "1.2.3.4"], "1.2.3.4"),
        (["10.0.0.0/8"], "10.0.0.1", [], "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", ["nonsense"], "10.0.0.1"),
        (["10.0.0.0/8"], "10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        (["10.0.0.0/8"], None, ["1.2.3.4"], "1.2.3.4"),
        ([], None, ["1.2.3.4"], None),
        (["fd00::/8"], "fd00::1", ["2001:db8::7"], "2001:db8::7"),
    ],
)
def test_client_is_the_first_untrusted_hop_from_the_right(
    trusted: list[str], peer: str | None, forwarded: list[str], expected: str | None
) -> None:
    assert TrustedProxies(trusted).client_ip(connection(peer, *forwarded)) == expected
