"""What no client should send: each gets a right answer or a clean close, and the next is served."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.support.server_process import BASIC, PATH, Running, serving

EMPTY = b'{"SyncUserAccounts":[]}'
CHUNKED = b"17\r\n" + EMPTY + b"\r\n0\r\n\r\n"
LENGTH = b"Content-Length: %d" % len(EMPTY)
BY_CHUNKS = b"Transfer-Encoding: chunked"
HEAD_LIMIT = 64 * 1024


def head(
    *more: bytes,
    line: bytes = b"POST %s HTTP/1.1" % PATH.encode(),
    host: bytes = b"Host: 127.0.0.1",
    end: bytes = b"\r\n",
) -> bytes:
    """A signed-in head, its lines ended by *end*; an empty one is left out."""
    lines = (line, host, b"Authorization: " + BASIC.encode(), b"Content-Type: application/json")
    return end.join([*(one for one in (*lines, *more) if one), b"", b""])


GOOD = head(LENGTH) + EMPTY


def at(target: bytes) -> bytes:
    """A whole good request for *target*."""
    return head(LENGTH, line=b"POST %s HTTP/1.1" % target) + EMPTY


def bytes_back(server: Running, sent: bytes) -> bytes:
    """Send *sent*, ask for no more, and return all that comes until the server closes."""
    with closing(socket.create_connection(server.address, timeout=20)) as caller:
        caller.sendall(sent)
        caller.shutdown(socket.SHUT_WR)
        back = b""
        while piece := caller.recv(65536):
            back += piece
    return back


def status(back: bytes) -> int | None:
    """The first status in what came back."""
    return int(back[9:12]) if back.startswith(b"HTTP/1.1 ") else None


def serves(server: Running) -> bool:
    return status(bytes_back(server, GOOD)) == 204


PARSED = "this is no HTTP/1.1 request"

REFUSED: dict[str, tuple[bytes, int, str]] = {
    # Two readings of where a request ends: what smuggling lives on.
    "two lengths": (head(LENGTH, LENGTH) + EMPTY, 400, "Duplicate Content-Length"),
    "two lengths that differ": (head(LENGTH, b"Content-Length: 5") + EMPTY, 400, PARSED),
    "a list of lengths": (head(b"Content-Length: 23, 23") + EMPTY, 400, PARSED),
    "a length with a sign": (head(b"Content-Length: +23") + EMPTY, 400, PARSED),
    "a negative length": (head(b"Content-Length: -1") + EMPTY, 400, PARSED),
    "a length in hex": (head(b"Content-Length: 0x17") + EMPTY, 400, PARSED),
    "a length beyond all numbers": (head(b"Content-Length: " + b"9" * 30), 400, "overflow"),
    "chunks and a length": (head(LENGTH, BY_CHUNKS) + CHUNKED, 400, PARSED),
    "chunks by another name": (head(b"Transfer-Encoding: xchunked") + CHUNKED, 400, PARSED),
    "a coding before chunks": (
        head(b"Transfer-Encoding: gzip, chunked") + CHUNKED,
        501,
        "no other than chunked",
    ),
    "a chunk that is none": (head(BY_CHUNKS) + b"zz\r\n\r\n", 400, "chunk size"),
    "lines ended by LF": (head(LENGTH, end=b"\n") + EMPTY, 400, PARSED),
    "lines ended by CR": (head(LENGTH, end=b"\r") + EMPTY, 400, PARSED),
    "a folded header": (head(LENGTH, b"X-A: b\r\n c") + EMPTY, 400, PARSED),
    "a blank before a colon": (head(LENGTH, b"X-A : b") + EMPTY, 400, PARSED),
    "a header without a colon": (head(LENGTH, b"XA") + EMPTY, 400, PARSED),
    "a NUL in a header": (head(LENGTH, b"X-A: b\x00c") + EMPTY, 400, PARSED),
    "a NUL in a name": (head(LENGTH, b"X\x00A: b") + EMPTY, 400, PARSED),
    "a control byte in a header": (head(LENGTH, b"X-A: b\x01c") + EMPTY, 400, PARSED),
    # Who is meant, and in which language.
    "no Host": (head(LENGTH, host=b"") + EMPTY, 400, "Host: sent 0 times"),
    "two Hosts": (head(LENGTH, b"Host: evil.example") + EMPTY, 400, "Host: sent 2 times"),
    "HTTP/2.0 in the first line": (
        head(LENGTH, line=b"POST %s HTTP/2.0" % PATH.encode()) + EMPTY,
        505,
        "HTTP/2.0 is not spoken here",
    ),
    "HTTP/0.9": (b"GET %s\r\n\r\n" % PATH.encode(), 505, "HTTP/0.9 is not spoken here"),
    "the first bytes of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, PARSED),
    "TLS on the plain port": (b"\x16\x03\x01\x02\x00\x01" + b"a" * 200, 400, "call http://"),
    "noise": (b"\x00\xff" * 100, 400, PARSED),
    "a method in lower case": (head(LENGTH, line=b"post / HTTP/1.1") + EMPTY, 400, PARSED),
    "CONNECT": (b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n", 400, PARSED),
    "TRACE": (b"TRACE %s HTTP/1.1\r\nHost: a\r\n\r\n" % PATH.encode(), 405, "TRACE is not allowed"),
    # Paths that are the call for some and something else for others.
    "a star": (b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 404, "nothing at '*'"),
    "dots": (at(b"/x/.." + PATH.encode()), 404, "nothing at"),
    "escaped dots": (at(b"/x/%2e%2e" + PATH.encode()), 404, "nothing at"),
    "an escape that is none": (at(PATH.encode() + b"%zz"), 404, "nothing at"),
    "an escaped NUL": (at(PATH.encode() + b"%00"), 404, "nothing at"),
    "escaped bytes that are no UTF-8": (at(PATH.encode() + b"%ff"), 404, "nothing at"),
    "letters beyond ASCII": (at(PATH.encode() + "é".encode()), 400, PARSED),
    "a NUL in the path": (at(PATH.encode() + b"\x00"), 400, PARSED),
    "a blank in the path": (at(PATH.encode() + b" x"), 400, PARSED),
    # Length.
    "a very long path": (at(b"/" + b"a" * 70_000), 431, "send at most 65536 bytes"),
    "a very long query": (at(PATH.encode() + b"?a=" + b"a" * 70_000), 431, "at most 65536"),
    "a very long header": (head(LENGTH, b"X-A: " + b"a" * 70_000) + EMPTY, 431, "at most 65536"),
    "very many headers": (
        head(LENGTH, *(b"X-%d: a" % n for n in range(8_000))) + EMPTY,
        431,
        "at most 65536",
    ),
}

TAKEN: dict[str, bytes] = {
    "an absolute target": at(b"http://127.0.0.1" + PATH.encode()),
    "an absolute target of another host": at(b"http://evil.example" + PATH.encode()),
    "escaped letters in the path": at(PATH.replace("EMail", "E%4Dail").encode()),
    "an escaped slash": at(PATH.replace("/EMail", "%2FEMail").encode()),
    "chunks": head(BY_CHUNKS) + CHUNKED,
    "a chunk with an extension": head(BY_CHUNKS) + b"17;a=b\r\n" + CHUNKED[4:],
    "trailers": head(BY_CHUNKS) + CHUNKED[:-2] + b"X-A: b\r\n\r\n",
    "HTTP/1.0": head(LENGTH, line=b"POST %s HTTP/1.0" % PATH.encode(), host=b"") + EMPTY,
    "empty lines first": b"\r\n\r\n" + GOOD,
    "an offer of WebSocket": head(LENGTH, b"Connection: Upgrade", b"Upgrade: websocket") + EMPTY,
    "an expectation nobody knows": head(LENGTH, b"Expect: 200-ok") + EMPTY,
    "a head of the longest length": head(LENGTH, b"X-A: " + b"a" * (HEAD_LIMIT - 300)) + EMPTY,
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_no_client_should_send_is_refused_and_journalled(name: str, server: Running) -> None:
    sent, wanted, reason = REFUSED[name]
    back = bytes_back(server, sent)
    assert status(back) == wanted
    assert b'"Message"' in back
    assert serves(server)
    first, *_ = server.exchanges()
    assert (first["status"], first["outcome"]) == (wanted, "rejected")
    assert reason in first["reason"]
    assert first["reason"].isprintable()


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_odd_but_clear_is_taken(name: str, server: Running) -> None:
    back = bytes_back(server, TAKEN[name])
    assert status(back) == 204
    assert serves(server)


@pytest.mark.parametrize("size", [300_000, 5_000_000])
def test_a_head_without_end_is_cut_off(size: int, server: Running) -> None:
    back = bytes_back(server, head(b"X-A: " + b"a" * size)[:-2])
    assert status(back) == 431
    assert serves(server)
    assert server.exchanges()[0]["status"] == 431


def test_requests_in_one_piece_are_answered_in_their_order(server: Running) -> None:
    with closing(socket.create_connection(server.address, timeout=20)) as caller:
        caller.sendall(GOOD + at(b"/nowhere") + GOOD + b"\x00\x00")
        back = b""
        while piece := caller.recv(65536):
            back += piece
    assert re.findall(rb"HTTP/1\.1 (\d{3}) ", back) == [b"204", b"404", b"204", b"400"]


def test_a_caller_who_leaves_within_a_body_takes_nothing(server: Running) -> None:
    bytes_back(server, head(b"Content-Length: 100") + EMPTY)
    assert serves(server)
    first, *_ = server.exchanges()
    assert (first["outcome"], first["hung_up"]) == ("rejected", True)


# ---- those who take their time ---------------------------------------------------------------


@pytest.fixture(scope="module")
def impatient() -> Iterator[Running]:
    with serving(
        "--request-timeout", "0.5", "--idle-timeout", "1", "--max-connections", "3"
    ) as one:
        yield one


def read_all(caller: socket.socket) -> bytes:
    back = b""
    while piece := caller.recv(65536):
        back += piece
    return back


@pytest.mark.slow
@pytest.mark.parametrize("begun", [b"P", head(LENGTH)[:-2], head(LENGTH) + EMPTY[:5]])
def test_a_request_that_does_not_come_to_an_end_is_a_408(begun: bytes, impatient: Running) -> None:
    impatient.control("POST", "reset")
    with closing(socket.create_connection(impatient.address, timeout=20)) as slow:
        slow.sendall(begun)
        back = read_all(slow)
    assert status(back) == 408
    assert serves(impatient)
    first, *_ = impatient.exchanges()
    assert "took more than 0.5 s to arrive" in first["reason"]


@pytest.mark.slow
@pytest.mark.parametrize("before", [b"", b"\r\n", GOOD])
def test_an_idle_connection_is_closed(before: bytes, impatient: Running) -> None:
    with closing(socket.create_connection(impatient.address, timeout=20)) as idle:
        idle.sendall(before)
        began = time.monotonic()
        back = read_all(idle)
    assert 1 <= time.monotonic() - began < 10
    assert status(back) == (204 if before == GOOD else None)


@pytest.mark.slow
def test_connections_beyond_the_limit_get_a_503(impatient: Running) -> None:
    impatient.control("POST", "reset")
    open_ = [socket.create_connection(impatient.address, timeout=20) for _ in range(3)]
    try:
        back = bytes_back(impatient, GOOD)
    finally:
        for one in open_:
            one.close()
    assert status(back) == 503
    assert serves(impatient)
    assert "3 connections already" in impatient.exchanges()[0]["reason"]


@pytest.mark.slow
def test_a_caller_who_waits_for_its_answer_is_not_idle(impatient: Running) -> None:
    impatient.control("POST", "reset")
    impatient.control("POST", "lease/hold")
    with closing(socket.create_connection(impatient.address, timeout=20)) as caller:
        caller.sendall(head(LENGTH, b"Connection: close") + EMPTY)
        assert status(read_all(caller)) == 204
    impatient.control("POST", "lease/release")
