"""HTTP over a raw socket: every byte that goes out and comes back is the test's."""

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from tests.support.server_process import BASIC, PATH, Running

JSON = "application/json"
ONE = b'{"SyncUserAccounts":[{"AccountId":507}]}'
LONG = b'{"SyncUserAccounts":[%s]}' % b",".join([b'{"AccountId":507}'] * 200)
"""Two hundred accounts: a run of a hundred seconds."""


@dataclass(frozen=True, slots=True)
class Raw:
    """One answer: the bytes of its head as they came, and its body."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        """The status code."""
        return int(self.head.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by lower-case name."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def without_date(self) -> bytes:
        """All of its bytes, but for the value of Date."""
        lines = (self.head + self.body).split(b"\r\n")
        return b"\r\n".join(b"date" if one.lower().startswith(b"date:") else one for one in lines)

    def json(self) -> Any:
        """The body, decoded."""
        return json.loads(self.body)


class Listening(Protocol):
    """A server as a socket sees it."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""


class Connection:
    """One connection to a server."""

    def __init__(self, running: Listening) -> None:
        self._socket = socket.create_connection(running.address, timeout=20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._read = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, raw: bytes) -> Self:
        """Send *raw*, no more and no less."""
        self._socket.sendall(raw)
        return self

    def hang_up(self) -> None:
        """Close the connection without a word."""
        self._socket.close()

    def answer(self, *, to_head: bool = False) -> Raw:
        """Read one answer; *to_head* means that no body follows whatever its headers say."""
        while b"\r\n\r\n" not in self._read:
            self._more()
        head, _, self._read = self._read.partition(b"\r\n\r\n")
        raw = Raw(head + b"\r\n\r\n", b"")
        assert "transfer-encoding" not in raw.headers
        length = 0 if to_head else int(raw.headers.get("content-length", 0))
        while len(self._read) < length:
            self._more()
        body, self._read = self._read[:length], self._read[length:]
        return Raw(raw.head, body)

    def silent(self) -> bool:
        """Tell whether nothing has come and the connection is still open."""
        self._socket.setblocking(False)
        try:
            self._read += self._socket.recv(65536)
        except BlockingIOError:
            return self._read == b""
        finally:
            self._socket.settimeout(20)
        return False

    def rest(self) -> bytes:
        """Read until the server closes the connection, and close it too."""
        while more := self._socket.recv(65536):
            self._read += more
        self._socket.close()
        return self._read

    def _more(self) -> None:
        more = self._socket.recv(65536)
        assert more, f"the server closed the connection after {self._read!r}"
        self._read += more


def request(
    body: bytes = ONE,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = PATH,
    version: str = "1.1",
    **more: str,
) -> bytes:
    """Return the bytes of a request: signed in, JSON, and its length, unless told otherwise."""
    if headers is None:
        headers = {"Authorization": BASIC, "Content-Type": JSON, "Content-Length": str(len(body))}
    named = {name.replace("_", "-"): value for name, value in more.items()}
    lines = [
        f"{name}: {value}" for name, value in {"Host": "127.0.0.1", **headers, **named}.items()
    ]
    head = "\r\n".join([f"{method} {path} HTTP/{version}", *lines, "", ""])
    return head.encode("latin-1") + body


def exchange(running: Running, raw: bytes) -> Raw:
    """Send *raw* on a connection of its own and return the answer."""
    with Connection(running) as connection:
        return connection.send(raw).answer(to_head=raw.startswith(b"HEAD"))


def until(condition: Callable[[], bool], what: str, within: float = 10) -> None:
    """Ask again and again, without a pause, until *condition* holds."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {what}"


def waiting(running: Running, count: int, tenant: str = "onsite") -> None:
    """Return once *count* calls wait at *tenant*."""
    until(
        lambda: running.control("GET", f"lease?tenant={tenant}")["waiting"] == count,
        f"{count} calls wait",
    )
