"""The head of a request as bytes: where it ends, and what is refused in it."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.errors import Rejected
from superoffice_mock.server.request_head import (
    BLANK_LINE,
    BlankLineFinder,
    RawHeader,
    check_bytes,
    read_framing,
    without_upgrade,
)

LIMIT = 100
HOST = (b"host", b"a")
GOOD_HOSTS = (b"", b"localhost", b"127.0.0.1:8204", b"[::1]", b"[::1]:80", b"a_b.example:", b" a ")
BAD_HOSTS = (b"a@b", b"a/b", b"a:x", b"a b", b"[::1", b"a,b:c", b"http://a", b"a\\b", "ø".encode())
CHUNKED = (b"transfer-encoding", b"chunked")


@given(
    st.lists(st.sampled_from((b"\r", b"\n", b"\r\n", BLANK_LINE, b"a", b"\n\r")), max_size=12),
    st.lists(st.integers(0, 40)),
)
def test_blank_lines_are_found_in_any_cut(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    expected_ends, start = list[int](), 0
    while (end := stream.find(BLANK_LINE, start)) >= 0:
        start = end + len(BLANK_LINE)
        expected_ends.append(start)

    ends, places = (
        list[int](),
        sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))}),
    )
    finder = BlankLineFinder()
    for begin, place in pairwise(places):
        piece, position = stream[begin:place], 0
        while position < len(piece):
            position = finder.find(piece, position)
            if (
                stream[: begin + position].endswith(BLANK_LINE)
                and begin + position in expected_ends
            ):
                ends.append(begin + position)
            else:
                assert position == len(piece)
    assert ends == expected_ends


def status_of_bytes(head: bytes) -> int | None:
    try:
        check_bytes(head, LIMIT)
    except Rejected as error:
        return error.status
    return None


def test_a_head_is_refused_for_its_length_and_its_first_line() -> None:
    for head, expected_status in (
        (b"", None),
        (b"GET / HT", None),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", None),
        (b"GET / HTTP/1.1\r\nX: %s" % (b"a" * LIMIT), 431),
        (b"GET /%s" % (b"a" * LIMIT), 414),
        (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * LIMIT), 414),
        (b"GET /\r\n", 505),
        (b"GET\r\n", 505),
        (b"GET /\n", 505),
        (b"\r\n", 505),
        (b"OPTIONS / RTSP/1.0\r\n", 400),
        (b"GET / RTSP/1.1\r\n\r\n", 400),
        (b"SOURCE / ICE/1.0\r\n\r\n", 400),
    ):
        assert status_of_bytes(head) == expected_status, head


def framing_of(version: str, *headers: RawHeader) -> object:
    try:
        return read_framing(version, headers)
    except Rejected as error:
        return error.status, error.reason


def test_framing_is_read_or_refused() -> None:
    length, expect = (b"content-length", b"007"), (b"expect", b"100-Continue")
    not_a_host = (400, "Host: expected a name or an address, and a port if it is not 80")
    only_chunked = (501, "Transfer-Encoding: no other than chunked is known here")
    for version, headers, expected in (
        ("1.1", (HOST,), (0, False)),
        ("1.1", (length, HOST), (7, False)),
        ("1.1", (HOST, expect, length), (7, True)),
        ("1.1", (HOST, (b"expect", b"200-ok")), (0, False)),
        ("1.1", (HOST, (b"transfer-encoding", b"Chunked")), (None, False)),
        ("1.1", (), (400, "Host: sent 0 times; HTTP/1.1 wants it once")),
        ("1.1", (HOST, HOST), (400, "Host: sent 2 times; HTTP/1.1 wants it once")),
        *(("1.1", ((b"host", text),), (0, False)) for text in GOOD_HOSTS),
        *(("1.1", ((b"host", text),), not_a_host) for text in BAD_HOSTS),
        ("1.0", (HOST, expect, length), (7, False)),
        ("1.0", (HOST, HOST), (400, "Host: sent 2 times; HTTP/1.1 wants it once")),
        ("1.0", (), (0, False)),
        ("1.0", (CHUNKED,), (400, "Transfer-Encoding: HTTP/1.0 has none; send a Content-Length")),
        ("1.1", (HOST, (b"transfer-encoding", b"gzip, chunked")), only_chunked),
        ("1.1", (HOST, (b"transfer-encoding", b"gzip,\tchunked")), only_chunked),
        ("1.1", (HOST, (b"transfer-encoding", b"gzip"), CHUNKED), only_chunked),
        ("1.1", (HOST, (b"transfer-encoding", b"identity")), only_chunked),
        ("2.0", (HOST,), (505, "HTTP/2.0 is not supported; send HTTP/1.1")),
    ):
        assert framing_of(version, *headers) == expected, (version, headers)


def test_a_head_loses_its_upgrades_and_nothing_else() -> None:
    head = b"GET /upgrade: HTTP/1.1\r\nUPGRADE: h2c\r\nX-Upgrade: a\r\nupgrade: b\r\n\r\n"
    assert without_upgrade(head) == b"GET /upgrade: HTTP/1.1\r\nX-Upgrade: a\r\n\r\n"
