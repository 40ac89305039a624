"""Requests and responses, and connections that show what a server sends, byte by byte.

Clients of HTTP overlook some faults: bytes behind a 204, or whether a connection is closed.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Self
from urllib.parse import urlsplit

import msgspec

from superoffice_contract.target.tenants import Header

MAX_LENGTH: Final = 2**20
"""How long an answer may be."""
SHOWN_BYTES: Final = 200
CUT: Final = "it is cut off"
_STATUS_LINE: Final = re.compile(rb"HTTP/(1\.[01]) ([1-5][0-9][0-9])(?: ([^\r\n]*))?")
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_CHUNK_SIZE: Final = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_EMPTY_LINE: Final = re.compile(rb"\r?\n\r?\n")
_LINE_END: Final = re.compile(rb"\r?\n")


class BrokenMessageError(ValueError):
    """What came is no valid HTTP message. The message says why; *received* are its first bytes."""

    def __init__(self, problem: str, received: bytes) -> None:
        self.received = received
        super().__init__(problem)


class Request(msgspec.Struct, frozen=True):
    """A request; *path* includes the query, as it is sent."""

    method: str
    path: str
    headers: tuple[Header, ...] = ()
    body: bytes = b""


class Response(msgspec.Struct, frozen=True):
    """A response; *seconds* is its duration in real time.

    *version* and *phrase* are those of its status line, if it was read from a `RawConnection`.
    """

    status: int
    headers: tuple[Header, ...]
    body: bytes
    seconds: float
    version: str = ""
    phrase: str = ""

    def header(self, name: str) -> str | None:
        """Return the first value of header *name*, or None."""
        return next(iter(self.values(name)), None)

    def values(self, name: str) -> list[str]:
        """Return the values of header *name*."""
        lower_name = name.lower()
        return [value for header, value in self.headers if header.lower() == lower_name]

    @property
    def comparable(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Everything that may not differ between two outcomes: all but the Date."""
        headers = [(name, value) for name, value in self.headers if name.lower() != "date"]
        return self.status, headers, self.body

    @property
    def header_names(self) -> frozenset[str]:
        """The names of the headers, in lower case."""
        return frozenset(name.lower() for name, _ in self.headers)


class RawRoute(msgspec.Struct, frozen=True):
    """How to connect to a server; *tls* is None for plain HTTP."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    timeout_seconds: float

    @classmethod
    def find(cls, base: str, tls: ssl.SSLContext, timeout_seconds: float) -> Self | None:
        """Return the route to the URL *base*, or None if it is no valid one."""
        try:
            parts = urlsplit(base)
            is_tls = parts.scheme == "https"
            port = parts.port or (443 if is_tls else 80)
        except ValueError:
            return None
        if not parts.hostname:
            return None
        return cls(parts.hostname, port, tls if is_tls else None, timeout_seconds)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator["RawConnection"]:
        """Connect. Raise OSError if that fails."""
        async with asyncio.timeout(self.timeout_seconds):
            reader, writer = await asyncio.open_connection(self.host, self.port, ssl=self.tls)
        try:
            yield RawConnection(reader, writer.write, self.timeout_seconds)
        finally:
            writer.transport.abort()  # what is not read or sent yet is of no interest


def encode_request(base: str, request: Request) -> bytes:
    """Return the bytes of *request* to a server at *base*, with a length if it has none."""
    parts = urlsplit(base)
    headers = request.headers
    if {"content-length", "transfer-encoding"}.isdisjoint(name.lower() for name, _ in headers):
        headers = (*headers, ("Content-Length", str(len(request.body))))
    lines = (
        f"{request.method} {parts.path}/{request.path.removeprefix('/')} HTTP/1.1",
        f"Host: {parts.netloc.rpartition('@')[2]}",
        "Accept-Encoding: identity",
        *(f"{name}: {value}" for name, value in headers),
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1") + request.body


class RawConnection:
    """A connection on which requests are written as bytes, and answers are read strictly."""

    def __init__(
        self, reader: asyncio.StreamReader, write: Callable[[bytes], None], timeout_seconds: float
    ) -> None:
        self._reader = reader
        self.write = write
        self._timeout_seconds = timeout_seconds
        self._unread = b""
        self._received = b""
        """The first bytes of the answer that is read, as they came."""

    async def read_answer(self, method: str, *, interim: bool = False) -> Response:
        """Return the answer to a request with *method*, or only its 1xx if *interim*.

        Raise BrokenMessageError if it is no valid message, OSError if nothing came at all.
        """
        async with asyncio.timeout(self._timeout_seconds):
            while True:
                self._received = self._unread[:SHOWN_BYTES]
                answer = self._parse_head(await self._read_head())
                if answer.status >= 200:
                    body = await self._read_body(method, answer)
                    return msgspec.structs.replace(answer, body=body)
                if interim:
                    return answer

    async def read_rest(self, seconds: float) -> tuple[bytes, bool]:
        """Return what comes behind the answer within *seconds*, and whether the server closed."""
        try:
            async with asyncio.timeout(seconds):
                while len(self._unread) < SHOWN_BYTES:
                    if not await self._read_more():
                        return self._unread, True
        except TimeoutError:
            pass
        return self._unread, False

    def _error(self, problem: str) -> BrokenMessageError:
        return BrokenMessageError(problem, self._received)

    async def _read_more(self) -> bool:
        try:
            data = await self._reader.read(2**16)
        except OSError:
            data = b""
        self._unread += data
        self._received += data[: SHOWN_BYTES - len(self._received)]
        return bool(data)

    async def _read_head(self) -> bytes:
        while (end := _EMPTY_LINE.search(self._unread)) is None:
            starts_right = b"HTTP/"[: len(self._unread)] == self._unread[:5]
            if not starts_right or len(self._unread) > MAX_LENGTH:
                raise self._error("its head is too long" if starts_right else "no status line")
            if not await self._read_more():
                if self._unread:
                    raise self._error(CUT)
                msg = "the connection was closed without an answer"
                raise ConnectionResetError(msg)
        head, self._unread = self._unread[: end.start()], self._unread[end.end() :]
        return head

    def _parse_head(self, head: bytes) -> Response:
        first, *lines = _LINE_END.split(head)
        status = _STATUS_LINE.fullmatch(first)
        if status is None:
            raise self._error("no status line")
        matches = [_HEADER.fullmatch(line) for line in lines]
        if None in matches:
            raise self._error("a line of its head is no header")
        headers = tuple(
            (match[1].decode("latin-1"), match[2].decode("latin-1")) for match in matches if match
        )
        version, phrase = status[1].decode(), (status[3] or b"").decode("latin-1")
        return Response(int(status[2]), headers, b"", 0.0, version, phrase)

    async def _read_body(self, method: str, answer: Response) -> bytes:
        if method == "HEAD" or answer.status in (204, 304):
            return b""
        if answer.values("transfer-encoding"):
            return await self._read_chunks()
        lengths = set(answer.values("content-length"))
        if len(lengths) > 1:
            raise self._error("it has several Content-Lengths")
        for length in lengths:
            if not re.fullmatch("[0-9]{1,15}", length):
                raise self._error("its Content-Length is no number")
            return await self._read_exactly(int(length))
        while await self._read_more():
            self._check_length(len(self._unread))
        body, self._unread = self._unread, b""
        return body

    async def _read_chunks(self) -> bytes:
        body = b""
        while True:
            match = _CHUNK_SIZE.fullmatch(await self._read_line())
            if match is None:
                raise self._error("a chunk has no size")
            size = int(match[1], 16)
            if not size:
                break
            body += await self._read_exactly(size)
            self._check_length(len(body))
            if await self._read_line():
                raise self._error("a chunk is longer than its size")
        while await self._read_line():  # trailers
            pass
        return body

    async def _read_line(self) -> bytes:
        while (end := _LINE_END.search(self._unread)) is None:
            self._check_length(len(self._unread))
            if not await self._read_more():
                raise self._error(CUT)
        line, self._unread = self._unread[: end.start()], self._unread[end.end() :]
        return line

    async def _read_exactly(self, length: int) -> bytes:
        self._check_length(length)
        while len(self._unread) < length:
            if not await self._read_more():
                raise self._error(CUT)
        body, self._unread = self._unread[:length], self._unread[length:]
        return body

    def _check_length(self, length: int) -> None:
        if length > MAX_LENGTH:
            raise self._error("it is too long")
