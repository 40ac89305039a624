"""Upstreams of raw sockets, which answer every byte as a test says, and recorders before them."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from superoffice_mock.cli.record import Proxied, Proxy
from superoffice_mock.config.settings import Settings
from superoffice_mock.proxy import upstream_address
from superoffice_mock.proxy.app import RecordingProxy
from superoffice_mock.proxy.upstream_client import UpstreamClient, trusting
from superoffice_mock.proxy.writer import RecordingWriter
from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import Entry
from superoffice_mock.recordings.part_file import PartFile
from superoffice_mock.server import run
from tests.e2e.raw_http import until

NO_CONTENT = (
    b"HTTP/1.1 204 No Content\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nConnection: close\r\n\r\n"
)
ONE = b'{"SyncUserAccounts":[{"AccountId":507}]}'
PATH = b"/api/v1/Agents/EMail/SyncEmailAccounts"

Script = Callable[[socket.socket], object]


class Raw:
    """A server that plays *script* on each connection, after the head of a request has come.

    `heads` are what came up to the empty line; what came behind the last one is in `rest`.
    """

    def __init__(self, script: Script | bytes, tls: ssl.SSLContext | None) -> None:
        self.heads: list[bytes] = []
        self.rest = b""
        self.url = ""
        self._tls = tls
        self.plays(script)

    def plays(self, script: Script | bytes) -> None:
        """Play *script*, or answer those bytes to a whole request, as if nobody had called yet."""
        self.heads.clear()
        self._script = script if callable(script) else lambda there: self._answer(there, script)

    def take_in(self, connection: socket.socket) -> bytes:
        """Read the body to the length that its head announces, and return it."""
        announced = re.search(rb"content-length: (\d+)", self.heads[-1])
        while len(self.rest) < int(announced[1] if announced else 0):
            self.rest += connection.recv(65536)
        return self.rest

    def _answer(self, connection: socket.socket, answer: bytes) -> None:
        self.take_in(connection)
        connection.sendall(answer)

    def serve(self, listening: socket.socket) -> None:
        """Serve until the socket is closed."""
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, plain: socket.socket) -> None:
        plain.settimeout(20)
        with plain, suppress(OSError), self._wrapped(plain) as connection:
            read = b""
            while b"\r\n\r\n" not in read:
                more = connection.recv(65536)
                if not more:
                    return
                read += more
            head, _, self.rest = read.partition(b"\r\n\r\n")
            self.heads.append(head)
            self._script(connection)

    def _wrapped(self, plain: socket.socket) -> socket.socket:
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_side=True)


@contextmanager
def raw(script: Script | bytes, tls: ssl.SSLContext | None = None) -> Iterator[Raw]:
    """Run an upstream that plays *script*, or sends those bytes and closes."""
    made = Raw(script, tls)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        scheme = "http" if tls is None else "https"
        made.url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=made.serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@dataclass
class Recording:
    """A recorder that runs: where it listens, and what it will have recorded."""

    url: str
    out: Path
    said: list[str]
    missed: int = 0
    entries: tuple[Entry, ...] = ()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a socket."""
        parts_ = urlsplit(self.url)
        return str(parts_.hostname), int(parts_.port or 0)

    def connected(self) -> socket.socket:
        """Connect a caller."""
        return socket.create_connection(self.address, timeout=20)

    def exchange(self, sent: bytes) -> bytes:
        """Send *sent*, and return all that comes until the connection is closed."""
        with self.connected() as caller:
            caller.sendall(sent)
            return rest(caller)


def rest(caller: socket.socket) -> bytes:
    """Return all that comes until the connection is closed."""
    read = b""
    while more := caller.recv(65536):
        read += more
    return read


def request(
    body: bytes = ONE, *headers: bytes, method: bytes = b"POST", path: bytes = PATH
) -> bytes:
    """Return the bytes of a request that closes its connection."""
    length = b"Content-Length: %d" % len(body)
    lines = (*headers, *([length] if body else []), b"Connection: close")
    first = b"%s %s HTTP/1.1\r\nHost: here\r\n" % (method, path)
    return first + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


@contextmanager
def recording(
    url: str, out: Path, *, seconds: float = 10, ca: str | None = None
) -> Iterator[Recording]:
    """Record *url* in this process; when the block ends, `entries` are what the HAR holds."""
    settings = Settings(port=0, log="off")
    link = UpstreamClient(upstream_address.found(url, private=False), trusting(ca), seconds)
    written = PartFile(str(out))
    said: list[str] = []
    ledger = RecordingWriter(written, said.append)
    with run.listen(settings) as listening:
        proxy = Proxy(Proxied(RecordingProxy(link, ledger.keep)), link, settings, lambda: None)
        thread = threading.Thread(target=proxy.run, args=([listening],), daemon=True)
        thread.start()
        running = Recording(run.url_of(listening, settings), out, said)
        try:
            yield running
        finally:
            proxy.should_exit = True
            thread.join(20)
            written.close()
            running.missed = ledger.missed
            running.entries = part_file.finish(str(out), ledger.about()).entries


class Stage:
    """One recorder before one upstream for many tests: each gives it another script."""

    def __init__(self, there: Raw, recorder: Recording) -> None:
        self.there = there
        self.recorder = recorder
        self._before = 0

    def plays(self, script: Script | bytes) -> None:
        """Let the upstream play *script* from now on, as if nobody had called it before."""
        self.there.plays(script)
        self._before = len(self._entries())

    def recorded(self, count: int = 1) -> tuple[Entry, ...]:
        """Return the exchanges since the script began, once *count* of them are written."""
        until(lambda: len(self._entries()) >= self._before + count, f"{count} are recorded")
        return self._entries()[self._before :]

    def _entries(self) -> tuple[Entry, ...]:
        return har_file.load(str(part_file.part_of(str(self.recorder.out)))).entries
