"""Which addresses may be asked: public ones. A name is resolved once, checked, and the checked address is what is connected to.

So neither a redirect nor a name that resolves differently the second time (DNS rebinding) leads into the private network.
"""

import ipaddress
import socket
from collections.abc import Callable, Collection

import httpx

Resolve = Callable[[str, int], list[str]]


class RefusedAddress(httpx.TransportError):
    """The host resolves to an address that is not public."""


def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Say whether an IP address belongs to the public internet, also where IPv6 wraps an IPv4 address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        wrapped = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if wrapped:
            return is_public(str(wrapped))
        if parsed in _NAT64:
            return is_public(str(ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)))
    return parsed.is_global and not parsed.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class CheckedTransport(httpx.BaseTransport):
    """Connects to public addresses only, and to the hosts in `allowed` wherever they are; asked anew for every redirect."""

    def __init__(self, allowed: Collection[str] = (), resolve: Resolve = resolve) -> None:
        self._allowed = frozenset(allowed)
        self._resolve = resolve
        # no connection is kept: one that was checked for one host must not serve another
        self._inner = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the address that was checked.

        Raises:
            RefusedAddress: the host is not public and not allowed.
            httpx.ConnectError: the host cannot be resolved.
        """
        host, port = request.url.host, request.url.port or (443 if request.url.scheme == "https" else 80)
        address = self._checked(host, port, request)
        direct = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,  # the Host header is the name's
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        return self._inner.handle_request(direct)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()

    def _checked(self, host: str, port: int, request: httpx.Request) -> str:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host}: cannot be resolved ({error})", request=request) from error
        if not addresses:
            raise httpx.ConnectError(f"{host}: has no address", request=request)
        refused = [] if host in self._allowed else [address for address in addresses if not is_public(address)]
        if refused:
            raise RefusedAddress(
                f"{host} resolves to {refused[0]}, which is not a public address; add the host to app.allowed_hosts if it is yours",
                request=request,
            )
        return addresses[0]
