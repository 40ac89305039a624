"""The server that is recorded: named once, looked up once, and called at what was checked."""

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from superoffice_mock.errors import SetupError

PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOWEST: Final = 0xFFFFFFFF

Address = IPv4Address | IPv6Address


class Upstream(msgspec.Struct, frozen=True):
    """Scheme, host and port as they were named, and the *addresses* that the name had then."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """Host and port, as `Host` has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL before any path."""
        return f"{self.scheme}://{self.authority}"


def found(url: str, *, private: bool) -> Upstream:
    """Look the server at *url* up. Raise SetupError if it is none, or one not to be called.

    *private*: an address that other machines can't reach may be called, too; loopback always may.
    """
    parts = _parts(url)
    host, port = _ascii(parts.hostname or ""), parts.port or PORTS[parts.scheme]
    addresses = _addresses(host, port)
    if not private:
        _check_public(host, addresses)
    return Upstream(parts.scheme, host, port, tuple(map(str, addresses)))


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        named = parts.scheme in PORTS and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        named = False
    if not named:
        msg = f"--upstream {_shown(url)}: expected a URL, such as https://online.example.com"
        raise SetupError(msg)
    if "@" in parts.netloc:
        msg = "--upstream: leave out user and password; the app sends its own"
        raise SetupError(msg)
    if parts.path.strip("/") or parts.query or parts.fragment:
        path = f"{parts.path.rstrip('/')}"
        base = f"{parts.scheme}://{parts.netloc}"
        msg = f"--upstream {_shown(url)}: give {base}, and {path} to the app, behind our address"
        raise SetupError(msg)
    return parts


def _ascii(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        msg = f"--upstream: {host[:60]!r} is no name of a host"
        raise SetupError(msg) from None


def _shown(url: str) -> str:
    """Return *url* for a message, without what may be a secret in it."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])[:120]


# ---- where it is -----------------------------------------------------------------------------


def _addresses(host: str, port: int) -> tuple[Address, ...]:
    try:
        known = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "no name"
        msg = f"--upstream: {host} is not found: {told}; is the name right, and the network up?"
        raise SetupError(msg) from None
    names = dict.fromkeys(str(address[0]) for _, _, _, _, address in known)
    return tuple(ip_address(one) for one in names)


def _check_public(host: str, addresses: Iterable[Address]) -> None:
    for one in addresses:
        if not may_be_called(one):
            where = "" if str(one) == host else f" is at {one}, which"
            msg = f"--upstream: {host}{where} is no public address; if you mean it: --allow-private"
            raise SetupError(msg)


def may_be_called(address: Address) -> bool:
    """Tell whether *address* is public or this machine's own, whatever it is wrapped in."""
    inner = _unwrapped(address)
    return inner.is_loopback or (inner.is_global and not inner.is_multicast)


def _unwrapped(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one leads to, if it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & _LOWEST)
    return address.ipv4_mapped or address.sixtofour or address
