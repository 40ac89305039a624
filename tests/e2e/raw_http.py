"""HTTP over a raw socket, with full control of the bytes."""

import json
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from tests.support.server_process import BASIC, PATH, ServerProcess

JSON = "application/json"
BODY = b'{"SyncUserAccounts":[{"AccountId":507}]}'
LONG_BODY = b'{"SyncUserAccounts":[%s]}' % b",".join([b'{"AccountId":507}'] * 200)
"""Two hundred accounts, which make a run of a hundred seconds."""


@dataclass(frozen=True, slots=True)
class RawResponse:
    """A response: the bytes of its head, and its body."""

    head: bytes
    body: bytes

    @property
    def status(self) -> int:
        return int(self.head.split(b" ", 2)[1])

    @property
    def headers(self) -> dict[str, str]:
        """The headers, by lower-case name."""
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(":") for line in lines if line)
        return {name.lower(): value.strip() for name, _, value in pairs}

    @property
    def bytes_without_date(self) -> bytes:
        """All its bytes without the value of Date."""
        lines = (self.head + self.body).split(b"\r\n")
        return b"\r\n".join(
            b"date" if line.lower().startswith(b"date:") else line for line in lines
        )

    def json(self) -> Any:
        return json.loads(self.body)


class HasAddress(Protocol):
    """A server with an address."""

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""


class Connection:
    """One connection to a server."""

    def __init__(self, server: HasAddress) -> None:
        self._socket = socket.create_connection(server.address, timeout=20)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

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
        self._socket.sendall(raw)
        return self

    def close(self) -> None:
        self._socket.close()

    def read_response(self, *, to_head: bool = False) -> RawResponse:
        """Read one response; with *to_head* it has no body, whatever its headers say."""
        while b"\r\n\r\n" not in self._buffer:
            self._receive()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        raw = RawResponse(head + b"\r\n\r\n", b"")
        if "transfer-encoding" in raw.headers:
            assert "cache-control" not in raw.headers, "only control answers come in chunks"
            return RawResponse(raw.head, b"".join(iter(self._read_chunk, b"")))
        length = 0 if to_head else int(raw.headers.get("content-length", 0))
        return RawResponse(raw.head, self._take(length))

    def _read_chunk(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._receive()
        size, _, self._buffer = self._buffer.partition(b"\r\n")
        return self._take(int(size, 16) + 2)[:-2]

    def _take(self, length: int) -> bytes:
        while len(self._buffer) < length:
            self._receive()
        part, self._buffer = self._buffer[:length], self._buffer[length:]
        return part

    def is_silent(self) -> bool:
        """Return whether the connection is open and nothing has arrived."""
        self._socket.setblocking(False)
        try:
            self._buffer += self._socket.recv(65536)
        except BlockingIOError:
            return self._buffer == b""
        finally:
            self._socket.settimeout(20)
        return False

    def read_to_end(self) -> bytes:
        """Read until the server closes the connection; then close it."""
        while more := self._socket.recv(65536):
            self._buffer += more
        self._socket.close()
        return self._buffer

    def _receive(self) -> None:
        more = self._socket.recv(65536)
        assert more, f"the server closed the connection after {self._buffer!r}"
        self._buffer += more


def request(
    body: bytes = BODY,
    headers: Mapping[str, str] | None = None,
    *,
    method: str = "POST",
    path: str = PATH,
    version: str = "1.1",
    **more: str,
) -> bytes:
    """Return the bytes of a request; by default it is JSON, with credentials and a length."""
    if headers is None:
        headers = {"Authorization": BASIC, "Content-Type": JSON, "Content-Length": str(len(body))}
    extra_headers = {name.replace("_", "-"): value for name, value in more.items()}
    lines = [
        f"{name}: {value}"
        for name, value in {"Host": "127.0.0.1", **headers, **extra_headers}.items()
    ]
    head = "\r\n".join([f"{method} {path} HTTP/{version}", *lines, "", ""])
    return head.encode("latin-1") + body


def send_request(server: ServerProcess, raw: bytes) -> RawResponse:
    """Send *raw* on a new connection and return the response."""
    with Connection(server) as connection:
        return connection.send(raw).read_response(to_head=raw.startswith(b"HEAD"))


def is_listening(server: HasAddress) -> bool:
    """Return whether *server* accepts connections."""
    try:
        Connection(server).close()
    except OSError:
        return False
    return True


def read_all(client: socket.socket) -> bytes:
    data = b""
    while part := client.recv(65536):
        data += part
    return data


def remove_tenant(server: ServerProcess, tenant: str) -> None:
    raw = request(b"", {}, method="DELETE", path=f"/_mock/tenants/{tenant}")
    response = send_request(server, raw)
    assert (response.status, response.body) == (204, b"")


def wait_until(condition: Callable[[], bool], description: str, within: float = 10) -> None:
    """Poll until *condition* holds, with pauses that leave the core to the server."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within} s: {description}"
        time.sleep(0.005)


def wait_for_waiting_calls(server: ServerProcess, count: int, tenant: str = "onsite") -> None:
    """Wait until *count* calls wait at *tenant*."""
    wait_until(
        lambda: server.control("GET", f"lease?tenant={tenant}")["waiting"] == count,
        f"{count} calls wait",
    )
