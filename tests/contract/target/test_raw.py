"""Answers that are read byte by byte, whatever parts they come in."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract.target.raw import (
    BrokenMessageError,
    RawConnection,
    Request,
    Response,
    encode_request,
)

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
NO_CONTENT = b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok"
CHUNKS = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1;x=y\r\no\r\n1\r\nk\r\n0\r\nT: t\r\n\r\n"
)
UNTIL_THE_END = b"HTTP/1.0 200\r\n\r\nok"


def read_parts(parts: Sequence[bytes], method: str = "POST") -> tuple[Response, bytes]:
    """Return the answer in *parts*, and what follows it until the connection is closed."""

    async def read() -> tuple[Response, bytes]:
        reader = asyncio.StreamReader()
        connection = RawConnection(reader, lambda _: None, 1)
        for part in parts:
            reader.feed_data(part)
        reader.feed_eof()
        answer = await connection.read_answer(method)
        rest, closed = await connection.read_rest(1)
        assert closed
        return answer, rest

    return asyncio.run(read())


@settings(deadline=None)
@given(
    st.sampled_from(
        (
            (INTERIM + NO_CONTENT, b"", b""),
            (LENGTH, b"ok", b""),
            (LENGTH + b"more", b"ok", b"more"),
            (CHUNKS + b"more", b"ok", b"more"),
            (UNTIL_THE_END, b"ok", b""),
            (NO_CONTENT + b"null", b"", b"null"),
            (LENGTH.replace(b"\r\n", b"\n"), b"ok", b""),
        )
    ),
    st.integers(min_value=1, max_value=200),
)
def test_an_answer_is_the_same_in_any_parts(case: tuple[bytes, bytes, bytes], size: int) -> None:
    data, body, rest = case
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    answer, behind = read_parts(parts)
    assert (answer.body, behind) == (body, rest)


def test_a_head_alone_answers_head() -> None:
    answer, rest = read_parts([LENGTH], "HEAD")
    assert (answer.status, answer.values("content-length"), rest) == (200, ["2", "2"], b"ok")


def test_what_is_no_message_is_refused_with_its_first_bytes() -> None:
    for data, problem in (
        (b"HTTP/2 200 OK\r\n\r\n", "no status line"),
        (b"HTTP/1.1 20 OK\r\n\r\n", "no status line"),
        (b"SSH-2.0", "no status line"),
        (NO_CONTENT[:-2], "it is cut off"),
        (CHUNKS[:-4], "it is cut off"),
        (LENGTH.replace(b": 2", b": x"), "its Content-Length is no number"),
        (LENGTH.replace(b": 2", b": 9999999"), "it is too long"),
        (CHUNKS.replace(b"o\r\n1\r\n", b"oh\r\n1\r\n"), "a chunk is longer than its size"),
        (NO_CONTENT.replace(b"A:", b"A :"), "a line of its head is no header"),
    ):
        with pytest.raises(BrokenMessageError, match=problem) as error:
            raise AssertionError((data, read_parts([data])))
        assert error.value.received == data[:200]


def test_a_connection_that_is_closed_without_a_byte_is_no_broken_answer() -> None:
    with pytest.raises(ConnectionResetError):
        read_parts([])


def test_a_request_has_one_length() -> None:
    for headers, lengths in (
        ((), [b"Content-Length: 2"]),
        ((("content-length", "2"),), [b"content-length: 2"]),
        ((("Transfer-Encoding", "chunked"),), [b"Transfer-Encoding: chunked"]),
    ):
        request = Request("POST", "a", headers, b"ok")
        head, _, body = encode_request("http://[::1]:8/base", request).partition(b"\r\n\r\n")
        first, host, _, *rest = head.split(b"\r\n")
        assert (first, host) == (b"POST /base/a HTTP/1.1", b"Host: [::1]:8")
        assert (rest, body) == (lengths, b"ok")
