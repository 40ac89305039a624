"""The server to record: its name is resolved and checked once, and never resolved again."""

import re
import socket
from collections.abc import Iterable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from superoffice_contract.messages import describe_os_error, show_url
from superoffice_mock.errors import SetupError

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
NOT_PUBLIC: Final = tuple(
    map(
        ip_network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
            *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
            # Of IPv6, 2000::/3 is assigned to the public.
            *("::/3", "4000::/2", "8000::/1", "2001::/23", "2001:db8::/32", "3fff::/20"),
        ),
    )
)
"""The addresses of IANA's registries of special purposes, and multicast and reserved ones."""
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_CARRIERS: Final = ((IPv6Network("64:ff9b::/96"), 0), (IPv6Network("2002::/16"), 80))
"""Where gateways (NAT64, 6to4) carry an IPv4 address, and how many bits follow it."""
_32_BITS: Final = 0xFFFFFFFF

_HOST: Final = re.compile(r"[\w.:%-]+", re.ASCII)

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
    """Resolve the server at *url*. Raise SetupError if it is invalid, or private without leave."""
    parts = _parse(url)
    host, port = _ascii_host(parts.hostname or ""), parts.port or DEFAULT_PORTS[parts.scheme]
    upstream = Upstream(parts.scheme, host, port, ())
    _check_no_path(parts, upstream.url)
    addresses = _resolve(host, port)
    if not allow_private:
        _check_public(host, addresses)
    return msgspec.structs.replace(upstream, addresses=tuple(map(str, addresses)))


def _parse(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        has_port = parts.port is None or parts.port > 0
        is_valid = parts.scheme in DEFAULT_PORTS and parts.hostname and has_port
    except ValueError:
        is_valid = False
    if not is_valid:
        raise SetupError("--upstream: expected a URL, such as https://online.example.com")
    if "@" in parts.netloc:
        raise SetupError("--upstream: leave out user and password; the app sends its own")
    return parts


def _check_no_path(parts: SplitResult, base: str) -> None:
    if parts.path.strip("/") or parts.query or parts.fragment:
        path = show_url(parts.path).rstrip("/")
        rest = path if path.startswith("/") else "the rest"  # which may hold a secret
        advice = f"the app appends {rest} to the address of the recorder"
        raise SetupError(f"--upstream: give only {base}; {advice}")


def _ascii_host(host: str) -> str:
    """Return *host* as the DNS knows it. Raise SetupError without it: it may be a password."""
    with suppress(UnicodeError):
        name = host if host.isascii() else host.encode("idna").decode("ascii")
        if _HOST.fullmatch(name):
            return name
    msg = "--upstream: it has no valid host name; expected one such as online.example.com"
    raise SetupError(msg)


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
            raise SetupError(f"--upstream: {host}{where} is not a public address; {advice}")


def may_be_called(address: Address) -> bool:
    """Return whether *address* is loopback or public; `ipaddress` differs between its versions.

    If an IPv4 address is in it, that has to be. Beyond a gateway, loopback is somebody else's.
    """
    if isinstance(address, IPv6Address):
        if address in _MAPPED:
            return may_be_called(IPv4Address(int(address) & _32_BITS))
        for network, bits in _CARRIERS:
            if address in network:
                return _is_public(IPv4Address(int(address) >> bits & _32_BITS))
    return address.is_loopback or _is_public(address)


def _is_public(address: Address) -> bool:
    return not any(address in network for network in NOT_PUBLIC)
