"""Malformed and slow requests: each gets an error or a clean close, and the next one is served."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.e2e.raw_http import read_all
from tests.support.server_process import BASIC, PATH, ServerProcess, run_server

EMPTY = b'{"SyncUserAccounts":[]}'
CHUNKED = b"17\r\n" + EMPTY + b"\r\n0\r\n\r\n"
LENGTH = b"Content-Length: %d" % len(EMPTY)
BY_CHUNKS = b"Transfer-Encoding: chunked"
RAW_PATH = PATH.encode()
HEAD_LIMIT = 64 * 1024
TOO_LONG = "send at most 65536 bytes"
ONLY_CHUNKED = "no other than chunked is known"
NOT_HTTP = "is not an HTTP/1.1 request"


def head(
    *more: bytes,
    line: bytes = b"POST %s HTTP/1.1" % RAW_PATH,
    host: bytes = b"Host: 127.0.0.1",
    end: bytes = b"\r\n",
) -> bytes:
    """The head of a request with credentials; empty lines are left out, *end* ends each line."""
    lines = (line, host, b"Authorization: " + BASIC.encode(), b"Content-Type: application/json")
    return end.join([*(text for text in (*lines, *more) if text), b"", b""])


def request_for(target: bytes) -> bytes:
    return head(LENGTH, line=b"POST %s HTTP/1.1" % target) + EMPTY


GOOD = head(LENGTH) + EMPTY
MALFORMED: dict[str, tuple[bytes, int, str]] = {
    # The end of the request is ambiguous, which request smuggling exploits.
    "two lengths": (head(LENGTH, LENGTH) + EMPTY, 400, "Duplicate Content-Length"),
    "two lengths that differ": (head(LENGTH, b"Content-Length: 5") + EMPTY, 400, NOT_HTTP),
    "a list of lengths": (head(b"Content-Length: 23, 23") + EMPTY, 400, NOT_HTTP),
    "a length with a sign": (head(b"Content-Length: +23") + EMPTY, 400, NOT_HTTP),
    "a negative length": (head(b"Content-Length: -1") + EMPTY, 400, NOT_HTTP),
    "a length in hex": (head(b"Content-Length: 0x17") + EMPTY, 400, NOT_HTTP),
    "a length that overflows": (head(b"Content-Length: " + b"9" * 30), 400, "overflow"),
    "chunks and a length": (head(LENGTH, BY_CHUNKS) + CHUNKED, 400, NOT_HTTP),
    "an unknown transfer coding": (head(b"Transfer-Encoding: xchunked") + CHUNKED, 400, NOT_HTTP),
    "two codings": (head(b"Transfer-Encoding: gzip, chunked") + CHUNKED, 501, ONLY_CHUNKED),
    "an invalid chunk size": (head(BY_CHUNKS) + b"zz\r\n\r\n", 400, "chunk size"),
    "lines ended by LF": (head(LENGTH, end=b"\n") + EMPTY, 400, NOT_HTTP),
    "lines ended by CR": (head(LENGTH, end=b"\r") + EMPTY, 400, NOT_HTTP),
    "a folded header": (head(LENGTH, b"X-A: b\r\n c") + EMPTY, 400, NOT_HTTP),
    "a blank before a colon": (head(LENGTH, b"X-A : b") + EMPTY, 400, NOT_HTTP),
    "a header without a colon": (head(LENGTH, b"XA") + EMPTY, 400, NOT_HTTP),
    "a NUL in a header": (head(LENGTH, b"X-A: b\x00c") + EMPTY, 400, NOT_HTTP),
    "a NUL in a name": (head(LENGTH, b"X\x00A: b") + EMPTY, 400, NOT_HTTP),
    "a control byte in a header": (head(LENGTH, b"X-A: b\x01c") + EMPTY, 400, NOT_HTTP),
    # Host and protocol version.
    "no Host": (head(LENGTH, host=b"") + EMPTY, 400, "Host: sent 0 times"),
    "two Hosts": (head(LENGTH, b"Host: evil.example") + EMPTY, 400, "Host: sent 2 times"),
    "HTTP/2.0": (GOOD.replace(b"HTTP/1.1", b"HTTP/2.0"), 505, "HTTP/2.0 is not supported"),
    "HTTP/0.9": (b"GET %s\r\n\r\n" % RAW_PATH, 505, "HTTP/0.9 is not supported"),
    "the first bytes of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, NOT_HTTP),
    "TLS on the plain port": (b"\x16\x03\x01\x02\x00\x01" + b"a" * 200, 400, "call http://"),
    "noise": (b"\x00\xff" * 100, 400, NOT_HTTP),
    "a first line that ends early": (b"POST\r\n\r\n", 400, NOT_HTTP),
    "an unknown method": (b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n", 400, NOT_HTTP),
    "a target without a path": (request_for(b"http://127.0.0.1"), 400, NOT_HTTP),
    "a method in lower case": (head(LENGTH, line=b"post / HTTP/1.1") + EMPTY, 400, NOT_HTTP),
    "CONNECT": (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 400, NOT_HTTP),
    "TRACE": (b"TRACE %s HTTP/1.1\r\nHost: a\r\n\r\n" % RAW_PATH, 405, "TRACE is not allowed"),
    # Paths that servers read differently.
    "a star": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404, "nothing at '*'"),
    "dots": (request_for(b"/x/.." + RAW_PATH), 404, "nothing at"),
    "escaped dots": (request_for(b"/x/%2e%2e" + RAW_PATH), 404, "nothing at"),
    "an invalid escape": (request_for(RAW_PATH + b"%zz"), 404, "nothing at"),
    "an escaped NUL": (request_for(RAW_PATH + b"%00"), 404, "nothing at"),
    "escaped bytes that are not UTF-8": (request_for(RAW_PATH + b"%ff"), 404, "nothing at"),
    "letters beyond ASCII": (request_for(RAW_PATH + "é".encode()), 400, NOT_HTTP),
    "a NUL in the path": (request_for(RAW_PATH + b"\x00"), 400, NOT_HTTP),
    "a blank in the path": (request_for(RAW_PATH + b" x"), 400, NOT_HTTP),
    # Length.
    "a very long path": (request_for(b"/" + b"a" * 70_000), 431, TOO_LONG),
    "a very long query": (request_for(RAW_PATH + b"?a=" + b"a" * 70_000), 431, TOO_LONG),
    "a very long header": (head(LENGTH, b"X-A: " + b"a" * 70_000) + EMPTY, 431, TOO_LONG),
    "very many headers": (head(*(b"X-%d: a" % n for n in range(8_000))), 431, TOO_LONG),
}
UNUSUAL: dict[str, bytes] = {
    "an absolute target": request_for(b"http://127.0.0.1" + RAW_PATH),
    "an absolute target of another host": request_for(b"http://evil.example" + RAW_PATH),
    "escaped letters in the path": request_for(PATH.replace("EMail", "E%4Dail").encode()),
    "an escaped slash": request_for(PATH.replace("/EMail", "%2FEMail").encode()),
    "chunks": head(BY_CHUNKS) + CHUNKED,
    "a chunk with an extension": head(BY_CHUNKS) + b"17;a=b\r\n" + CHUNKED[4:],
    "trailers": head(BY_CHUNKS) + CHUNKED[:-2] + b"X-A: b\r\n\r\n",
    "HTTP/1.0": head(LENGTH, line=b"POST %s HTTP/1.0" % RAW_PATH, host=b"") + EMPTY,
    "empty lines first": b"\r\n\r\n" + GOOD,
    "an offer of WebSocket": head(LENGTH, b"Connection: Upgrade", b"Upgrade: websocket") + EMPTY,
    "an unknown expectation": head(LENGTH, b"Expect: 200-ok") + EMPTY,
    "a head of the maximum length": head(LENGTH, b"X-A: " + b"a" * (HEAD_LIMIT - 300)) + EMPTY,
}


def connect(server: ServerProcess) -> socket.socket:
    return socket.create_connection(server.address, timeout=20)


def send(server: ServerProcess, raw: bytes) -> bytes:
    """Send *raw* and return all bytes until the server closes the connection."""
    with connect(server) as client:
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        return read_all(client)


def status_of(received: bytes) -> int | None:
    return int(received[9:12]) if received.startswith(b"HTTP/1.1 ") else None


def is_serving(server: ServerProcess) -> bool:
    return status_of(send(server, GOOD)) == 204


def test_a_malformed_request_gets_an_error_and_is_in_the_journal(server: ServerProcess) -> None:
    for name, (raw, expected_status, reason) in MALFORMED.items():
        server.control("POST", "reset")
        received = send(server, raw)
        assert status_of(received) == expected_status, name
        assert b'"Message"' in received, name
        assert is_serving(server), name
        first, *_ = server.exchanges()
        assert (first["status"], first["outcome"]) == (expected_status, "rejected"), name
        assert reason in first["reason"], name
        assert first["reason"].isprintable(), name


def test_an_unusual_but_valid_request_is_accepted(server: ServerProcess) -> None:
    for name, raw in UNUSUAL.items():
        assert status_of(send(server, raw)) == 204, name
        assert is_serving(server), name


@pytest.mark.parametrize("size", [300_000, 5_000_000])
def test_an_endless_head_gets_a_431(size: int, server: ServerProcess) -> None:
    assert status_of(send(server, head(b"X-A: " + b"a" * size)[:-2])) == 431
    assert is_serving(server)
    assert server.exchanges()[0]["status"] == 431


def test_a_client_that_disconnects_within_its_body_is_rejected(server: ServerProcess) -> None:
    send(server, head(b"Content-Length: 100") + EMPTY)
    assert is_serving(server)
    first, *_ = server.exchanges()
    assert (first["outcome"], first["hung_up"]) == ("rejected", True)


# ---- timeouts and limits ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient() -> Iterator[ServerProcess]:
    with run_server(
        "--request-timeout", "0.5", "--idle-timeout", "1", "--max-connections", "3"
    ) as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("part", [b"P", head(LENGTH)[:-2], head(LENGTH) + EMPTY[:5]])
def test_a_request_that_is_never_complete_gets_a_408(part: bytes, impatient: ServerProcess) -> None:
    impatient.control("POST", "reset")
    with connect(impatient) as slow:
        slow.sendall(part)
        received = read_all(slow)
    assert status_of(received) == 408
    assert is_serving(impatient)
    first, *_ = impatient.exchanges()
    assert "took more than 0.5 s to arrive" in first["reason"]


@pytest.mark.slow
@pytest.mark.parametrize("data", [b"", b"\r\n", GOOD])
def test_an_idle_connection_is_closed(data: bytes, impatient: ServerProcess) -> None:
    with connect(impatient) as idle:
        idle.sendall(data)
        start = time.monotonic()
        received = read_all(idle)
    assert 1 <= time.monotonic() - start < 10
    assert status_of(received) == (204 if data == GOOD else None)


@pytest.mark.slow
def test_connections_beyond_the_limit_get_a_503(impatient: ServerProcess) -> None:
    impatient.control("POST", "reset")
    connections = [connect(impatient) for _ in range(3)]
    try:
        received = send(impatient, GOOD)
    finally:
        for connection in connections:
            connection.close()
    assert status_of(received) == 503
    assert is_serving(impatient)
    assert "3 connections already" in impatient.exchanges()[0]["reason"]


@pytest.mark.slow
def test_a_client_that_waits_for_its_response_is_not_idle(impatient: ServerProcess) -> None:
    impatient.control("POST", "reset")
    impatient.control("POST", "lease/hold")
    with connect(impatient) as client:
        client.sendall(head(LENGTH, b"Connection: close") + EMPTY)
        assert status_of(read_all(client)) == 204
    impatient.control("POST", "lease/release")
