"""Find the address a request really came from."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

Network = IPv4Network | IPv6Network


class TrustedProxies:
    """Know whose `X-Forwarded-For` is believed.

    Each proxy appends the address it was called from, so the list is read from its end: the first address that is
    not a trusted proxy is the client's. What stands before it was written by the client itself.
    """

    def __init__(self, networks: Sequence[str]) -> None:
        self._networks = [ip_network(network, strict=False) for network in networks]

    def client_ip(self, connection: HTTPConnection) -> str | None:
        """Return the client's address; None when the server listens on a socket without a trusted proxy."""
        peer = connection.client.host if connection.client else None
        if not self._networks or (peer is not None and not self._trusts(peer)):
            return peer
        forwarded = connection.headers.getlist("x-forwarded-for")
        hops = [hop.strip() for line in forwarded for hop in line.split(",")]
        for hop in reversed(hops):
            address = _parse(hop)
            if address is None:
                return peer
            if not self._trusts(hop):
                return str(address)
            peer = str(address)
        return peer

    def _trusts(self, host: str) -> bool:
        address = _parse(host)
        return address is not None and any(address in network for network in self._networks)


def _parse(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
