"""Malformed and slow requests: each gets an error or a clean close, and the next one is served."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

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
Case = tuple[bytes, int, str]
HEADS: dict[str, Case] = {
    # The end of the request is ambiguous, which request smuggling exploits.
    "two lengths": (head(LENGTH, LENGTH) + EMPTY, 400, "Duplicate Content-Length"),
    "two lengths that differ": (head(LENGTH, b"Content-Length: 5") + EMPTY, 400, NOT_HTTP),
    "a list of lengths": (head(b"Content-Length: 23, 23") + EMPTY, 400, NOT_HTTP),
    "a length with a sign": (head(b"Content-Length: +23") + EMPTY, 400, NOT_HTTP),
    "a negative length": (head(b"Content-Length: -1") + EMPTY, 400, NOT_HTTP),
    "a length in hex": (head(b"Content-Length: 0x17") + EMPTY, 400, NOT_HTTP),
    "a length that overflows": (head(b"Content-Length: " + b"9" * 30), 400, "overflow"),
    "chunks and a length": (head(LENGTH, BY_CHUNKS) + CHUNKED, 400, NOT_HTTP),
    "an unknown coding": (head(b"Transfer-Encoding: xchunked") + CHUNKED, 501, ONLY_CHUNKED),
    "a coding alone": (head(b"Transfer-Encoding: gzip") + CHUNKED, 501, ONLY_CHUNKED),
    "two codings": (head(b"Transfer-Encoding: gzip, chunked") + CHUNKED, 501, ONLY_CHUNKED),
    "two codings and a tab": (head(b"Transfer-Encoding: gzip,\tchunked") + GOOD, 501, ONLY_CHUNKED),
    "two lines": (head(b"Transfer-Encoding: gzip", BY_CHUNKS) + CHUNKED, 501, ONLY_CHUNKED),
    "chunks twice": (head(BY_CHUNKS, BY_CHUNKS) + CHUNKED, 400, NOT_HTTP),
    "chunks in HTTP/1.0": (
        head(BY_CHUNKS, line=b"POST %s HTTP/1.0" % RAW_PATH) + CHUNKED,
        400,
        "HTTP/1.0 has none",
    ),
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
    "a Host with a user": (head(LENGTH, host=b"Host: a@127.0.0.1") + EMPTY, 400, "expected a name"),
    "a Host with a path": (head(LENGTH, host=b"Host: 127.0.0.1/a") + EMPTY, 400, "expected a name"),
    "a Host and no port": (head(LENGTH, host=b"Host: 127.0.0.1:x") + EMPTY, 400, "expected a name"),
    "HTTP/2.0": (GOOD.replace(b"HTTP/1.1", b"HTTP/2.0"), 505, "HTTP/2.0 is not supported"),
    "HTTP/0.9": (b"GET %s\r\n" % RAW_PATH, 505, "HTTP/0.9 is not supported"),
    "HTTP/0.9 by name": (b"GET %s HTTP/0.9\r\n\r\n" % RAW_PATH, 505, "HTTP/0.9 is not supported"),
    "RTSP": (GOOD.replace(b"HTTP/1.1", b"RTSP/1.0"), 400, "does not end with HTTP/1.1"),
    "RTSP with the version of HTTP": (GOOD.replace(b"HTTP", b"RTSP"), 400, "does not end with"),
    "RTSP without an end": (b"OPTIONS %s RTSP/1.0\r\n" % RAW_PATH, 400, "does not end with"),
    # Length.
    "a very long query": (request_for(RAW_PATH + b"?a=" + b"a" * 70_000), 414, TOO_LONG),
    "a very long header": (head(LENGTH, b"X-A: " + b"a" * 70_000) + EMPTY, 431, TOO_LONG),
    "very many headers": (head(*(b"X-%d: a" % n for n in range(8_000))), 431, TOO_LONG),
}
BODIES: dict[str, Case] = {
    "an invalid chunk size": (head(BY_CHUNKS) + b"zz\r\n\r\n", 400, "chunk size"),
    "very long trailers": (
        head(BY_CHUNKS) + CHUNKED[:-2] + b"X-A: %s\r\n\r\n" % (b"a" * 70_000),
        431,
        "trailers are too long",
    ),
    "very many trailers": (
        head(BY_CHUNKS) + CHUNKED[:-2] + b"X-A: a\r\n" * 10_000 + b"\r\n",
        431,
        "trailers are too long",
    ),
    "a very long chunk extension": (
        head(BY_CHUNKS) + b"17;a=%s\r\n" % (b"b" * 70_000) + CHUNKED[4:],
        431,
        "trailers are too long",
    ),
}
OTHERS: dict[str, Case] = {
    "the first bytes of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "HTTP/2.0 is not"),
    "HTTP/3.0": (b"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505, "HTTP/3.0 is not supported"),
    "HTTP/1.2": (b"GET / HTTP/1.2\r\nHost: a\r\n\r\n", 505, "HTTP/1.2 is not supported"),
    "TLS on the plain port": (b"\x16\x03\x01\x02\x00\x01" + b"a" * 200, 400, "call http://"),
    "noise": (b"\x00\xff" * 100, 400, NOT_HTTP),
    "a first line that ends early": (b"POST\r\n\r\n", 400, NOT_HTTP),
    "an unknown method": (b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n", 400, NOT_HTTP),
    "a target without a path": (request_for(b"http://127.0.0.1"), 404, "nothing at '/'"),
    "a target that is only a query": (request_for(b"http://127.0.0.1?x=1"), 404, "nothing at '/'"),
    "a method in lower case": (head(LENGTH, line=b"post / HTTP/1.1") + EMPTY, 400, NOT_HTTP),
    "CONNECT": (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 400, NOT_HTTP),
    "TRACE": (b"TRACE %s HTTP/1.1\r\nHost: a\r\n\r\n" % RAW_PATH, 405, "TRACE is not allowed"),
    # Paths that servers read differently.
    "a star": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404, "nothing at '*'"),
    "dots": (request_for(b"/x/.." + RAW_PATH), 404, "nothing at"),
    "escaped dots": (request_for(b"/x/%2e%2e" + RAW_PATH), 404, "nothing at"),
    "an invalid escape": (request_for(RAW_PATH + b"%zz"), 501, "not emulated"),
    "an escaped NUL": (request_for(RAW_PATH + b"%00"), 501, "not emulated"),
    "escaped bytes that are not UTF-8": (request_for(RAW_PATH + b"%ff"), 501, "not emulated"),
    "letters beyond ASCII": (request_for(RAW_PATH + "é".encode()), 400, NOT_HTTP),
    "a NUL in the path": (request_for(RAW_PATH + b"\x00"), 400, NOT_HTTP),
    "a blank in the path": (request_for(RAW_PATH + b" x"), 400, NOT_HTTP),
    "a very long path": (request_for(b"/" + b"a" * 70_000), 414, TOO_LONG),
}
FREEZE = b"/_mock/clock/freeze"
UNUSUAL: dict[str, bytes] = {
    "an absolute target": request_for(b"http://127.0.0.1" + RAW_PATH),
    "an absolute target of another host": request_for(b"http://evil.example" + RAW_PATH),
    "escaped letters in the path": request_for(PATH.replace("EMail", "E%4Dail").encode()),
    "an escaped slash": request_for(PATH.replace("/EMail", "%2FEMail").encode()),
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


@pytest.mark.claim("http-message")
def test_a_malformed_request_gets_an_error_and_is_in_the_journal(server: ServerProcess) -> None:
    for name, (raw, expected_status, reason) in (HEADS | BODIES | OTHERS).items():
        server.control("POST", "reset")
        received = send(server, raw)
        assert status_of(received) == expected_status, name
        assert b'"Message"' in received, name
        assert is_serving(server), name
        first, *_ = server.exchanges()
        assert (first["status"], first["outcome"]) == (expected_status, "rejected"), name
        assert reason in first["reason"], name
        assert first["reason"].isprintable(), name


def test_a_malformed_control_call_gets_a_problem_and_does_nothing(server: ServerProcess) -> None:
    server.control("POST", "reset")
    for name, (raw, expected_status, reason) in (HEADS | BODIES).items():
        received = send(server, raw.replace(RAW_PATH, FREEZE))
        assert status_of(received) == expected_status, name
        assert b"application/problem+json" in received, name
        assert reason in json.loads(received.partition(b"\r\n\r\n")[2])["detail"], name
    assert server.control("GET", "clock")["clock"] != "frozen"
    assert server.exchanges() == []


def test_a_malformed_request_for_an_unknown_path_is_malformed_first(server: ServerProcess) -> None:
    for name, (raw, expected_status, reason) in HEADS.items():
        server.control("POST", "reset")
        assert status_of(send(server, raw.replace(RAW_PATH, b"/nowhere"))) == expected_status, name
        (exchange,) = server.exchanges()
        assert reason in exchange["reason"], name


def test_after_a_refused_request_the_connection_acts_on_nothing_more(server: ServerProcess) -> None:
    """The second request may be the body of the first, as it is in request smuggling."""
    for name, (raw, _, _) in (HEADS | BODIES).items():
        server.control("POST", "reset")
        received = send(server, raw + GOOD + GOOD)
        assert received.count(b"connection: close") == 1, name
        assert len(server.exchanges()) == 1, name


def test_trailers_count_for_nothing(server: ServerProcess) -> None:
    anonymous = head(BY_CHUNKS).replace(b"Authorization", b"X-Other")
    chunked = head(BY_CHUNKS)
    for start, trailer, expected_status in (
        (anonymous, b"Authorization: " + BASIC.encode(), 401),
        (chunked, b"Authorization: Basic d3Jvbmc6d3Jvbmc=", 204),
        (chunked, b"Cookie: SOSESSION=a\r\nX-XSRF-TOKEN: b", 204),
        (chunked.replace(b"Content-Type", b"X-Type"), b"Content-Type: application/json", 415),
        (chunked, b"Content-Type: text/plain", 204),
        (chunked, b"Content-Encoding: br", 204),
        (chunked.replace(b"Host", b"X-Host"), b"Host: 127.0.0.1", 400),
        (chunked, b"Host: 127.0.0.1", 204),
        (chunked, b"Content-Length: 5", 400),
        (chunked, b"Transfer-Encoding: gzip", 400),
    ):
        raw = start + CHUNKED[:-2] + trailer + b"\r\n\r\n"
        assert status_of(send(server, raw)) == expected_status, (start, trailer)
    with connect(server) as client:
        client.sendall(chunked + CHUNKED[:-2] + b"Connection: close\r\n\r\n" + UNUSUAL["HTTP/1.0"])
        assert read_all(client).count(b"HTTP/1.1 204") == 2


def test_the_host_of_an_absolute_target_counts_before_its_header(server: ServerProcess) -> None:
    """A rebound name may not control the mock, whichever way it is sent."""
    for target, expected_status in (
        (FREEZE, 200),
        (b"http://127.0.0.1" + FREEZE, 200),
        (b"http://[::1]:8204" + FREEZE, 200),
        (b"http://evil.example" + FREEZE, 403),
        (b"http://evil.example:80" + FREEZE, 403),
        (b"http://127.0.0.1@evil.example" + FREEZE, 403),
    ):
        raw = head(line=b"POST %s HTTP/1.1" % target)
        assert status_of(send(server, raw)) == expected_status, target
    server.control("POST", "reset")


@pytest.mark.claim("secret-not-repeated")
def test_a_password_in_a_target_or_a_host_is_not_repeated(server: ServerProcess) -> None:
    for raw in (
        b"CONNECT joe:s3cret@x:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://joe:s3cret@[x/x HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET http://joe:s3cret@127.0.0.1/x HTTP/1.1\r\nHost: a\r\n\r\n",
        head(host=b"Host: joe:s3cret@127.0.0.1"),
        head(b"Origin: http://joe:s3cret@127.0.0.1"),
    ):
        server.control("POST", "reset")
        assert b"s3cret" not in send(server, raw), raw
        assert "s3cret" not in json.dumps(server.exchanges()), raw


def test_a_control_token_in_a_trailer_does_not_count() -> None:
    raw = (
        b"POST /_mock/clock/freeze HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n\r\n"
        b"0\r\nAuthorization: Bearer open-sesame\r\n\r\n" % BY_CHUNKS
    )
    with run_server("--control-token", "open-sesame") as guarded:
        assert status_of(send(guarded, raw)) == 401


def test_an_http_0_9_client_gets_its_answer_at_once(server: ServerProcess) -> None:
    for pieces in (
        (b"GET /\r\n",),
        (b"GET /\n",),
        (b"GET /", b"\r\n"),
        (b"G", b"ET /\r", b"\n"),
        (b"\r\nGET /\r\n",),
    ):
        with connect(server) as client:
            for piece in pieces:
                client.sendall(piece)
            assert status_of(read_all(client)) == 505, pieces


def test_an_unusual_but_valid_request_is_accepted(server: ServerProcess) -> None:
    for name, raw in UNUSUAL.items():
        assert status_of(send(server, raw)) == 204, name
        assert is_serving(server), name


@pytest.mark.parametrize("size", [300_000, 5_000_000])
def test_an_endless_head_gets_a_431(size: int, server: ServerProcess) -> None:
    assert status_of(send(server, head(b"X-A: " + b"a" * size)[:-2])) == 431
    assert is_serving(server)
    assert server.exchanges()[0]["status"] == 431


# ---- timeouts and limits ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient() -> Iterator[ServerProcess]:
    with run_server(
        "--request-timeout", "0.5", "--idle-timeout", "1", "--max-connections", "8"
    ) as server:
        yield server


@pytest.mark.slow
def test_a_request_that_is_never_complete_gets_a_408(impatient: ServerProcess) -> None:
    parts = (b"P", head(LENGTH)[:-2], head(LENGTH) + EMPTY[:5], head(BY_CHUNKS) + CHUNKED[:-2])
    control_parts = [part.replace(RAW_PATH, FREEZE) for part in parts[1:]]
    for part, received in zip(
        (*parts, *control_parts), send_and_keep(impatient, *parts, *control_parts), strict=True
    ):
        assert status_of(received) == 408, part
        assert b"took more than 0.5 s to arrive" in received, part
    assert [exchange["status"] for exchange in impatient.exchanges()] == [408] * len(parts)
    assert is_serving(impatient)


def send_and_keep(server: ServerProcess, *texts: bytes) -> list[bytes]:
    """Send each text on a connection of its own at once; return what comes until it is closed."""
    server.control("POST", "reset")
    with ExitStack() as stack:
        connections = [stack.enter_context(connect(server)) for _ in texts]
        for connection, text in zip(connections, texts, strict=True):
            connection.sendall(text)
        return [read_all(connection) for connection in connections]


@pytest.mark.slow
def test_an_idle_connection_is_closed(impatient: ServerProcess) -> None:
    start = time.monotonic()
    received = send_and_keep(impatient, b"", b"\r\n", GOOD)
    assert 1 <= time.monotonic() - start < 10
    assert [*map(status_of, received)] == [None, None, 204]


@pytest.mark.slow
def test_connections_beyond_the_limit_get_a_503(impatient: ServerProcess) -> None:
    impatient.control("POST", "reset")
    connections = [connect(impatient) for _ in range(8)]
    try:
        received = [send(impatient, GOOD), send(impatient, GOOD.replace(RAW_PATH, FREEZE))]
    finally:
        for connection in connections:
            connection.close()
    assert list(map(status_of, received)) == [503, 503]
    assert is_serving(impatient)
    assert "8 connections already" in impatient.exchanges()[0]["reason"]


@pytest.mark.slow
def test_a_client_that_waits_for_its_response_is_not_idle(impatient: ServerProcess) -> None:
    impatient.control("POST", "reset")
    impatient.control("POST", "lease/hold")
    with connect(impatient) as client:
        client.sendall(head(LENGTH, b"Connection: close") + EMPTY)
        assert status_of(read_all(client)) == 204
    impatient.control("POST", "lease/release")
