"""Upstreams on raw sockets, where a test determines every byte, and recorders in front of them."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from superoffice_contract import output_files
from superoffice_contract.control.connection import tls_context
from superoffice_mock.config.settings import Settings
from superoffice_mock.proxy import upstream_address
from superoffice_mock.proxy.access import AccessRules
from superoffice_mock.proxy.app import RecordingProxy
from superoffice_mock.proxy.upstream_client import UpstreamClient
from superoffice_mock.proxy.writer import RecordingWriter
from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import Entry
from superoffice_mock.recordings.part_file import PartFile
from superoffice_mock.server import run
from tests.e2e.raw_http import Connection, wait_until
from tests.support.server_process import address_of

NO_CONTENT = (
    b"HTTP/1.1 204 No Content\r\nDate: Mon, 01 Jan 2024 00:00:00 GMT\r\nConnection: close\r\n\r\n"
)
ONE_ACCOUNT = b'{"SyncUserAccounts":[{"AccountId":507}]}'
PATH = b"/api/v1/Agents/EMail/SyncEmailAccounts"

Script = Callable[[socket.socket], object]


class RawUpstream:
    """A server that plays *script* on each connection, after it has read the head of a request.

    `heads` are the heads of all requests; `body` is what was read behind the last head.
    """

    def __init__(self, script: Script | bytes, tls: ssl.SSLContext | None) -> None:
        self.heads: list[bytes] = []
        self.body = b""
        self.url = ""
        self._tls = tls
        self.play(script)

    def play(self, script: Script | bytes) -> None:
        """Play *script*, or answer complete requests with these bytes; forget earlier requests."""
        self.heads.clear()
        self._script = (
            script if callable(script) else lambda connection: self._answer(connection, script)
        )

    def read_body(self, connection: socket.socket) -> bytes:
        """Read and return the body, whose length the head announces."""
        length = re.search(rb"content-length: (\d+)", self.heads[-1])
        while len(self.body) < int(length[1] if length else 0):
            self.body += connection.recv(65536)
        return self.body

    def _answer(self, connection: socket.socket, answer: bytes) -> None:
        self.read_body(connection)
        connection.sendall(answer)

    def serve(self, listening: socket.socket) -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, plain: socket.socket) -> None:
        plain.settimeout(20)
        with plain, suppress(OSError), self._wrap(plain) as connection:
            data = b""
            while b"\r\n\r\n" not in data:
                part = connection.recv(65536)
                if not part:
                    return
                data += part
            head, _, self.body = data.partition(b"\r\n\r\n")
            self.heads.append(head)
            self._script(connection)

    def _wrap(self, plain: socket.socket) -> socket.socket:
        return plain if self._tls is None else self._tls.wrap_socket(plain, server_side=True)


@contextmanager
def raw_upstream(
    script: Script | bytes, tls: ssl.SSLContext | None = None
) -> Iterator[RawUpstream]:
    """Run an upstream that plays *script*, or answers with these bytes and closes."""
    upstream = RawUpstream(script, tls)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        scheme = "http" if tls is None else "https"
        upstream.url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=upstream.serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield upstream
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(5)


@dataclass
class RunningRecorder:
    """A running recorder; `failures` and `entries` are set when it ends."""

    url: str
    out: Path
    messages: list[str]
    failures: int = 0
    entries: tuple[Entry, ...] = ()

    @property
    def address(self) -> tuple[str, int]:
        return address_of(self.url)

    def connect(self) -> socket.socket:
        return socket.create_connection(self.address, timeout=20)

    def exchange(self, raw_request: bytes) -> bytes:
        """Send *raw_request*, and return all bytes until the connection is closed."""
        with Connection(self) as client:
            return client.send(raw_request).read_to_end()


def request(
    body: bytes = ONE_ACCOUNT, *headers: bytes, method: bytes = b"POST", path: bytes = PATH
) -> bytes:
    """Return the bytes of a request that closes its connection."""
    length = b"Content-Length: %d" % len(body)
    lines = (*headers, *([length] if body else []), b"Connection: close")
    first = b"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n" % (method, path)
    return first + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


@contextmanager
def record_in_process(
    url: str, out: Path, *, seconds: float = 10, ca: str | None = None
) -> Iterator[RunningRecorder]:
    """Record *url* in this process until the block ends; `entries` then hold the recording."""
    settings = Settings(port=0, log="off")
    upstream = upstream_address.look_up(url, allow_private=False)
    client = UpstreamClient(upstream, tls_context(ca), seconds)
    part, messages = PartFile.create(str(out)), list[str]()
    writer = RecordingWriter(part, messages.append)
    proxy = RecordingProxy(client, writer.write, AccessRules.of_settings(settings))
    make_server = partial(run.Server, date_header=False, at_end=client.aclose)
    try:
        with run.serve_in_background(proxy, settings, make_server) as recorder_url:
            recorder = RunningRecorder(recorder_url, out, messages)
            yield recorder
    finally:
        recorder.failures = writer.failures
        finished = part.finish(output_files.replace, writer.about())
        recorder.entries = finished.recording.entries


class RecorderFixture:
    """One recorder and its upstream for many tests, each of which sets another script."""

    def __init__(self, upstream: RawUpstream, recorder: RunningRecorder) -> None:
        self.upstream = upstream
        self.connect, self.exchange = recorder.connect, recorder.exchange
        self._recorder = recorder
        self._before = 0

    def play(self, script: Script | bytes) -> None:
        """Let the upstream play *script* from now on, and forget earlier requests."""
        self.upstream.play(script)
        self._before = len(self._entries())

    def wait_for_entries(self, count: int = 1) -> tuple[Entry, ...]:
        """Return the exchanges since the script was set, once *count* of them are written."""
        wait_until(lambda: len(self._entries()) >= self._before + count, f"{count} are recorded")
        return self._entries()[self._before :]

    def _entries(self) -> tuple[Entry, ...]:
        return har_file.load(str(part_file.part_path(str(self._recorder.out)))).entries
