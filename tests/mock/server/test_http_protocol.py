"""Requests are read alike however the network cuts them: heads, bodies, trailers, limits."""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import pairwise

import uvicorn
from hypothesis import given, settings
from hypothesis import strategies as st
from uvicorn.server import ServerState

from superoffice_mock.server.http_protocol import ConnectionLimits, HttpProtocol
from tests.support.in_process import InProcessMock
from tests.support.server_process import BASIC, PATH

LIMIT = 64 * 1024
BODY = b'{"SyncUserAccounts":[]}'
LAST = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
"""A request that gets a 404, and ends the connection."""
PADDING = len(b"X-Padding: \r\n")


async def statuses(pieces: Iterable[bytes], timeout: float = 30.0) -> list[int]:  # noqa: ASYNC109 - a limit
    """Return the statuses of the answers to *pieces*, each of which arrives on its own.

    `LAST` follows them; its own answer is left out. After each piece it is checked whether the
    connection has made progress within *timeout*.

    The connection is a real one; the pieces are handed to its protocol, as no client can say how
    the network cuts what it sends.
    """
    app = InProcessMock().mock.app
    config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
    config.load()
    limits = ConnectionLimits(LIMIT, 1_000, timeout, timeout)
    protocol = HttpProtocol(config=config, server_state=ServerState(), app_state={}, limits=limits)
    accepted = asyncio.Event()

    def accept() -> HttpProtocol:
        asyncio.get_running_loop().call_soon(accepted.set)
        return protocol

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        await accepted.wait()
        for piece in (*pieces, LAST):
            protocol.data_received(piece)
            for _ in range(1 if timeout else 50):  # until the requests so far are answered
                await asyncio.sleep(0)
            protocol.check_timeouts()
        answers = await reader.read()
        writer.close()
    numbers = [int(answer[:3]) for answer in answers.split(b"HTTP/1.1 ")[1:]]
    return numbers[:-1] if numbers[-1] == 404 else numbers


def head(length: int, body: bytes = BODY) -> bytes:
    """Return the head of a good request, *length* bytes long."""
    lines = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {BASIC}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    ).encode()
    padding = b"a" * (length - len(lines) - PADDING - 2)
    return lines + b"X-Padding: " + padding + b"\r\n\r\n"


def cut(message: bytes, *places: int) -> Sequence[bytes]:
    return [message[start:end] for start, end in pairwise((0, *places, len(message)))]


async def test_equal_requests_one_after_the_other_are_progress() -> None:
    message = head(300) + BODY
    places = range(len(message) - 10, 5 * len(message), len(message))
    assert await statuses(cut(message * 5, *places), timeout=0.0) == [204] * 5


async def test_a_head_that_is_too_long_gets_a_431_wherever_it_is_cut() -> None:
    message = head(87_000) + BODY
    assert await statuses([message]) == [431]
    for place in (1, 100, *range(1_000, 87_000, 4_900), 40_000, 65_536, 65_537, 86_999, 87_000):
        assert await statuses(cut(message, place)) == [431], place


async def test_a_head_that_is_too_long_gets_a_431_in_many_pieces() -> None:
    message = head(LIMIT + 100) + BODY
    for size in (7_000, 16_384, 32_768, 65_000):
        places = range(size, len(message), size)
        assert await statuses(cut(message, *places)) == [431], size


async def test_a_head_of_the_greatest_length_is_accepted_wherever_it_is_cut() -> None:
    message = head(LIMIT) + BODY
    assert await statuses([message]) == [204]
    for place in (1, 100, *range(1_000, LIMIT, 9_900), LIMIT - 1, LIMIT):
        assert await statuses(cut(message, place)) == [204], place


async def test_a_head_without_end_gets_a_431_before_it_is_complete() -> None:
    endless = head(LIMIT + 20_000)[:-4]
    for size in (20_000, 50_000, len(endless)):
        assert await statuses(cut(endless, *range(size, len(endless), size))) == [431], size


async def test_a_first_line_that_is_too_long_gets_a_414_wherever_it_is_cut() -> None:
    message = head(1_000).replace(b" HTTP/1.1", b"?a=" + b"a" * LIMIT + b" HTTP/1.1") + BODY
    for place in (1, 100, *range(1_000, len(message), 9_900), LIMIT, LIMIT + 1, LIMIT + 30):
        assert await statuses(cut(message, place)) == [414], place


def chunked_head() -> bytes:
    return head(300).replace(b"Content-Length: 23", b"Transfer-Encoding: chunked")


def chunked_request(parts: Sequence[bytes]) -> bytes:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return chunked_head() + chunks + b"0\r\nX-Trailer: a\r\n\r\n"


async def test_trailers_and_extensions_that_are_too_long_get_a_431_wherever_they_are_cut() -> None:
    padding = b"a" * (LIMIT + 100)
    for rest in (
        b"17;a=%s\r\n%s\r\n0\r\n\r\n" % (padding, BODY),
        b"17\r\n%s\r\n0\r\nX-A: %s\r\n\r\n" % (BODY, padding),
        b"1;a=%s\r\n \r\n" % (b"a" * 5_000) * 14,
    ):
        message = chunked_head() + rest
        for place in (200, len(message) - len(rest), 500, 40_000, len(message) - 3):
            assert await statuses(cut(message, place)) == [431], (rest[:20], place)


async def test_the_framing_of_very_many_small_chunks_is_no_extension() -> None:
    assert await statuses([chunked_request([b" "] * 100_000 + [BODY])]) == [204]


OFFER = b"Connection: upgrade\r\nUpgrade: h2c\r\nX-Padding"
MESSAGES = st.one_of(
    st.just(head(300) + BODY),
    st.just(b"\r\n" + head(300) + BODY),
    st.just(head(300).replace(b"X-Padding", OFFER) + BODY),
    st.just(b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"),
    st.just(head(300, b"\r\n\r\n" + BODY) + b"\r\n\r\n" + BODY),
    st.lists(st.sampled_from((b" ", b"\r\n\r\n", b"\r\n0\r\n\r\n")), max_size=5).map(
        lambda parts: chunked_request([part.replace(b"0", b" ") for part in parts] + [BODY])
    ),
)


@given(st.lists(MESSAGES, min_size=1, max_size=14), st.sets(st.integers(1, 2_500), max_size=8))
@settings(max_examples=60, deadline=None)
def test_pipelined_requests_may_be_cut_anywhere(messages: list[bytes], places: set[int]) -> None:
    stream = b"".join(messages)
    expected = [404 if message.startswith(b"GET") else 204 for message in messages]
    places_within = sorted(place for place in places if place < len(stream))
    assert asyncio.run(statuses(cut(stream, *places_within))) == expected


async def test_a_body_before_a_head_in_the_same_piece_is_not_counted() -> None:
    body = b'{"SyncUserAccounts":[]%s}' % (b" " * 200_000)
    first, second = head(1_000, body) + body, head(60_000) + BODY
    message = first + second
    for place in (len(first) - 150_000, len(first) + 100, len(first) + 30_000):
        assert await statuses(cut(message, place)) == [204, 204], place
        assert await statuses(cut(message, place, place + 20_000)) == [204, 204], place
