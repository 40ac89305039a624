"""How our clients connect: with limits of bytes and time, and by nothing in the environment.

Proxies, `.netrc`, SSL_CERT_FILE, SSL_CERT_DIR and SSLKEYLOGFILE are not read: what a client sends,
to whom, and whom it trusts is what the command line says.
"""

import http.client
import io
import re
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from superoffice_contract.errors import TargetError
from superoffice_contract.messages import describe_os_error, show_path

MAX_BYTES: Final = 64 * 1024 * 1024
"""How long an answer may be, with its head and all that is between the parts of its body."""
MAX_TIMEOUTS: Final = 3
"""How many timeouts a whole answer may take."""
PROXY_REFUSES: Final = 407
PROXY_PROBLEM: Final = "the proxy refuses the call; look at the URL of --proxy"
_PROXY: Final = re.compile(
    r"http://(?:[^/?#@\s]*@)?(?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]+)?/?", re.I
)


class AnswerLimitError(OSError):
    """An answer is longer or takes longer than it may; the rest is not read."""


class Proxy(msgspec.Struct, frozen=True):
    """An HTTP proxy to call through: its URL without a user, and its user with password."""

    url: str
    user: tuple[str, str] | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What a request to the proxy says beside what it is asked for."""
        if self.user is None:
            return {}
        credentials = b64encode(":".join(self.user).encode()).decode()
        return {"Proxy-Authorization": f"Basic {credentials}"}


def parse_proxy(url: str) -> Proxy:
    """Return the proxy at *url*. Raise TargetError, which does not repeat it, if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        port = 0
    if not port or _PROXY.fullmatch(url) is None:
        msg = "--proxy: expected http://HOST:PORT, or http://USER:PASSWORD@HOST:PORT"
        raise TargetError(msg)
    user = (
        None if parts.username is None else (unquote(parts.username), unquote(parts.password or ""))
    )
    return Proxy(f"http://{parts.netloc.rpartition('@')[2]}", user)


def tls_context(authorities: str | None = None) -> ssl.SSLContext:
    """Return TLS that trusts the authorities of the system, and those in the PEM file.

    Raise TargetError if that file can't be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    paths = ssl.get_default_verify_paths()
    file = paths.openssl_cafile if Path(paths.openssl_cafile).is_file() else None
    folder = paths.openssl_capath if Path(paths.openssl_capath).is_dir() else None
    if file or folder:
        context.load_verify_locations(file, folder)
    if authorities is not None:
        try:
            context.load_verify_locations(authorities)
        except OSError as error:
            is_other_file = isinstance(error, ssl.SSLError)
            problem = (
                "is not a PEM file of certificates" if is_other_file else describe_os_error(error)
            )
            msg = f"--ca {show_path(authorities)}: {problem}"
            raise TargetError(msg) from None
    return context


# ---- connections of http.client --------------------------------------------------------------


class Route(msgspec.Struct, frozen=True):
    """How requests get to a server: *connect* connects, to the server or to its proxy.

    *base* comes before the path of a request, *headers* are added to its own.
    """

    connect: Callable[[], http.client.HTTPConnection]
    base: str
    headers: Mapping[str, str]


def make_route(
    url: str, timeout: float, certificate: str | None = None, proxy: Proxy | None = None
) -> Route:
    """Return the route to the server at *url*; *certificate* is an authority of it, a PEM file.

    *timeout* is that of each part of an answer, which raises AnswerLimitError as a whole.
    """
    parts = urlsplit(url)
    is_tls = parts.scheme == "https"
    tls = tls_context(certificate) if is_tls else None
    first_hop = parts if proxy is None else urlsplit(proxy.url)
    address = (first_hop.hostname or "", first_hop.port)

    def connect() -> http.client.HTTPConnection:
        if tls is None:
            connection = http.client.HTTPConnection(*address, timeout=timeout)
        else:
            connection = http.client.HTTPSConnection(*address, timeout=timeout, context=tls)
        connection.response_class = _Response
        if tls is not None and proxy is not None:
            connection.set_tunnel(parts.hostname or "", parts.port, proxy.headers)
        return connection

    if proxy is None or is_tls:
        return Route(connect, parts.path, {})
    return Route(connect, f"http://{parts.netloc}{parts.path}", proxy.headers)


class _Response(http.client.HTTPResponse):
    """A response that is read within the limits: its head, its body and what is between."""

    def __init__(self, sock: Any, *args: Any, **options: Any) -> None:  # noqa: ANN401 - a socket
        super().__init__(sock, *args, **options)
        self.fp = io.BufferedReader(_LimitedSource(self.fp.detach(), sock))


class _LimitedSource(io.RawIOBase):
    """What comes from a socket in answer to one request."""

    def __init__(self, source: io.RawIOBase, sock: Any) -> None:  # noqa: ANN401 - a socket
        self._source = source
        self._socket = sock
        self._timeout: float = sock.gettimeout()
        self._seconds = self._timeout * MAX_TIMEOUTS
        self._deadline = time.monotonic() + self._seconds
        self._bytes_left = MAX_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - bytes that can be written to
        seconds_left = max(self._deadline - time.monotonic(), 0.001)
        self._socket.settimeout(min(seconds_left, self._timeout))
        try:
            count = self._source.readinto(buffer) or 0
        except TimeoutError:
            if time.monotonic() < self._deadline:
                raise
            msg = f"takes longer than {self._seconds:g} s"
            raise AnswerLimitError(msg) from None
        finally:
            self._socket.settimeout(self._timeout)
        self._bytes_left -= count
        if self._bytes_left < 0:
            msg = f"is longer than {MAX_BYTES // 1024 // 1024} MiB"
            raise AnswerLimitError(msg)
        return count

    def close(self) -> None:
        self._source.close()
        super().close()
