"""The server to record: its name is resolved and checked once, and never resolved again."""

import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from superoffice_contract.messages import describe_os_error
from superoffice_mock.errors import SetupError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOW_32_BITS: Final = 0xFFFFFFFF

Address = IPv4Address | IPv6Address


class Upstream(msgspec.Struct, frozen=True):
    """The scheme, host and port of --upstream, and the *addresses* that were found for the host."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """Host and port, as in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The URL without a path."""
        return f"{self.scheme}://{self.authority}"


def look_up(url: str, *, allow_private: bool) -> Upstream:
    """Resolve the server at *url*. Raise SetupError if it is invalid or must not be called.

    Public and loopback addresses may be called. *allow_private* allows all others.
    """
    parts = _parse(url)
    host, port = _ascii_host(parts.hostname or ""), parts.port or DEFAULT_PORTS[parts.scheme]
    addresses = _resolve(host, port)
    if not allow_private:
        _check_public(host, addresses)
    return Upstream(parts.scheme, host, port, tuple(map(str, addresses)))


def _parse(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
        is_valid = parts.scheme in DEFAULT_PORTS and parts.hostname and has_port
    except ValueError:
        is_valid = False
    if not is_valid:
        msg = f"--upstream {_without_secrets(url)}: expected a URL, such as https://online.example.com"
        raise SetupError(msg)
    if "@" in parts.netloc:
        msg = "--upstream: leave out user and password; the app sends its own"
        raise SetupError(msg)
    if parts.path.strip("/") or parts.query or parts.fragment:
        base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
        msg = (
            f"--upstream {_without_secrets(url)}: give only {base};"
            f" the app appends {path} to the address of the recorder"
        )
        raise SetupError(msg)
    return parts


def _ascii_host(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        msg = f"--upstream: {host[:60]!r} is not a valid host name"
        raise SetupError(msg) from None


def _without_secrets(url: str) -> str:
    """Return *url* for a message, without user, password and query."""
    return re.sub(r"//[^/]*@", "//", url.partition("?")[0])[:120]


# ---- addresses -------------------------------------------------------------------------------


def _resolve(host: str, port: int) -> tuple[Address, ...]:
    try:
        results = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = describe_os_error(error) if isinstance(error, OSError) else "no name"
        msg = f"--upstream: {host} can't be found: {reason}; check the name and the network"
        raise SetupError(msg) from None
    texts = dict.fromkeys(str(address[0]) for _, _, _, _, address in results)
    return tuple(map(ip_address, texts))


def _check_public(host: str, addresses: Iterable[Address]) -> None:
    for address in addresses:
        if not may_be_called(address):
            where = "" if str(address) == host else f" is at {address}, which"
            advice = "add --allow-private if you mean it"
            msg = f"--upstream: {host}{where} is not a public address; {advice}"
            raise SetupError(msg)


def may_be_called(address: Address) -> bool:
    """Return whether *address*, or the IPv4 address in it, is public or loopback."""
    if isinstance(address, IPv6Address):
        in_nat64 = IPv4Address(int(address) & _LOW_32_BITS) if address in _NAT64 else None
        address = in_nat64 or address.ipv4_mapped or address.sixtofour or address
    return address.is_loopback or (address.is_global and not address.is_multicast)
