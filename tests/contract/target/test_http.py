"""The HTTP client: requests, responses, and the messages of its errors."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from superoffice_contract.control.answers import Health, LeaseState
from superoffice_contract.errors import ControlFailed, NotObservableError, TargetError
from superoffice_contract.target import http
from superoffice_contract.target.http import (
    BrokenAnswerError,
    ConnectionBrokenError,
    LongAnswerError,
    NoAnswerError,
    Request,
    Response,
    open_client,
)
from tests.contract.suite.targets import App, respond_with
from tests.e2e.upstreams import raw_upstream
from tests.support.endless_answers import (
    CHUNKED,
    INTERIM,
    OK,
    Taken,
    drip,
    endless_answers,
    expand,
)

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


JSON = {"Content-Type": "application/json"}


def record_scopes(scopes: list[Any], body: bytes = b"") -> App:
    """Return an application that answers with *body* in JSON, and keeps what was asked."""

    async def record(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)
        headers = {"Content-Type": "application/json; charset=utf-8"}
        await respond_with(200, headers, body)(scope, receive, send)

    return record


async def test_a_request_has_its_headers_and_none_that_a_client_adds() -> None:
    scopes: list[Any] = []
    async with open_client(record_scopes(scopes), 5) as client:
        await client.send(Request("GET", "/a?b=%24c", (("X-One", "1"), ("X-One", "2"))))
    (scope,) = scopes
    names = [name for name, _ in scope["headers"]]
    assert names.count(b"x-one") == 2
    assert {b"accept", b"user-agent", b"cookie", b"authorization"}.isdisjoint(names)
    assert (scope["raw_path"], scope["query_string"]) == (b"/a", b"b=%24c")


async def test_the_headers_of_a_response_ignore_case() -> None:
    twice = {**JSON, "X-Twice": "1", "x-twice": "2"}
    async with open_client(respond_with(200, twice, b"{}"), 5) as client:
        response = await client.send(Request("GET", "/"))
    assert (response.header("CONTENT-type"), response.header("X-TWICE")) == (
        "application/json",
        "1",
    )
    assert response.header("nothing") is None
    assert {"content-type", "x-twice"} <= response.header_names
    assert (response.status, response.body) == (200, b"{}")


async def test_requests_that_are_sent_together_overlap() -> None:
    barrier = asyncio.Barrier(5)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await barrier.wait()
        await respond_with(200)(scope, receive, send)

    async with open_client(app, 5) as client:
        responses = await client.send_together([Request("GET", f"/{i}") for i in range(5)])
    assert [response.status for response in responses] == [200] * 5


async def test_a_server_that_does_not_answer_with_json_has_no_control_surface() -> None:
    for name, app in {
        "no JSON type": respond_with(200, {"Content-Type": "text/html"}, b"{}"),
        "404": respond_with(404, JSON, b"{}"),
        "302": respond_with(302, JSON, b"{}"),
        "invalid JSON": respond_with(200, JSON, b"{"),
        "invalid UTF-8": respond_with(200, JSON, b"\xff"),
    }.items():
        async with open_client(app, 5) as client:
            with pytest.raises(ControlFailed, match="GET /_mock/health: "):
                raise AssertionError((name, await client.control("GET", "health", Health)))


async def test_control_calls_send_and_read_json_under_their_prefix() -> None:
    scopes: list[Any] = []
    async with open_client(record_scopes(scopes, b'{"held":true}'), 5) as client:
        lease = await client.control("POST", "lease/hold", LeaseState, {}, tenant="Cust 1&a=b")
        assert lease.held
        assert await client.try_control("POST", "clock/advance", {"seconds": 1})
    assert [scope["path"] for scope in scopes] == ["/_mock/lease/hold", "/_mock/clock/advance"]
    assert scopes[0]["query_string"] == b"tenant=Cust+1%26a%3Db"


# ---- errors ----------------------------------------------------------------------------------


async def test_an_invalid_url_is_reported() -> None:
    async with open_client("http://127.0.0.1:nothing", 5) as client:
        with pytest.raises(TargetError, match="InvalidURL"):
            await client.send(Request("GET", "/"))


async def test_no_cookie_is_kept() -> None:
    with raw_upstream(
        b"HTTP/1.1 204 No\r\nSet-Cookie: a=b\r\nConnection: close\r\n\r\n"
    ) as upstream:
        async with open_client(upstream.url, 5) as client:
            for _ in range(2):
                await client.send(Request("GET", "/"))
    assert [head for head in upstream.heads if b"cookie" in head.lower()] == []


async def test_no_path_leads_to_another_server() -> None:
    with raw_upstream(OK + b"Content-Length: 0\r\n\r\n") as upstream, raw_upstream(b"") as other:
        place = other.url.removeprefix("http://")
        paths = (f"@{place}/a", f"x@{place}/a", f":x@{place}", f"//{place}/a", f".{place}", "a")
        for path in paths:
            assert (await send_to(upstream.url, path)).status == 200, path
    assert other.heads == []


# ---- answers that do not end -----------------------------------------------------------------


async def send_to(url: str, path: str = "/a?token=secret", seconds: float = 5.0) -> Response:
    async with open_client(url, seconds) as client:
        return await client.send(Request("GET", path))


async def test_an_answer_is_read_no_further_than_its_limits() -> None:
    with endless_answers() as answers:
        for name, upstream, taken in answers:
            with pytest.raises(LongAnswerError, match="answer to GET /a is longer than") as error:
                raise AssertionError((name, await send_to(upstream.url)))
            assert re.fullmatch(r"http.* (1 MiB|100 KiB); the rest was not read", str(error.value))
            assert taken.count < 16 * 2**20, name


async def test_an_answer_that_expands_is_not_expanded() -> None:
    for answer in (expand(64, 1), expand(64, 2)):
        with raw_upstream(answer) as upstream:
            with pytest.raises(LongAnswerError, match="is longer than 1 MiB"):
                await send_to(upstream.url)
            upstream.play(expand(65, 1))
            with pytest.raises(LongAnswerError, match="is longer than 64 MiB"):
                await send_to(upstream.url, "/_mock/requests")
    with raw_upstream(expand(1, 2)) as upstream:
        assert len((await send_to(upstream.url)).body) == 2**20
        upstream.play(OK + b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
        with pytest.raises(TargetError, match="its body is not gzip, as its head says"):
            await send_to(upstream.url)


async def test_an_answer_that_goes_on_has_the_timeout_as_a_whole() -> None:
    for script, problem in (
        (Taken(b"", INTERIM), "no answer within 0.2 s to GET /a; is the server stuck"),
        (drip(), "no answer within 0.2 s to GET /a; is the server stuck"),
        (drip(OK + b"\r\n"), r"no whole answer within 0.2 s to GET /a: \d+ bytes came; is"),
        (drip(CHUNKED), "no whole answer within 0.2 s to GET /a: 0 bytes came; is the server"),
    ):
        with raw_upstream(script) as upstream, pytest.raises(NoAnswerError, match=problem):
            await send_to(upstream.url, seconds=0.2)


# ---- connections that break ------------------------------------------------------------------


@asynccontextmanager
async def run_server(*answers: bytes) -> AsyncIterator[str]:
    """Run a server that writes the next of *answers* to each connection and closes it."""
    answers_left = iter(answers)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(next(answers_left))
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_request_is_sent_again_if_its_connection_broke_before_an_answer() -> None:
    async with run_server(b"", ANSWER) as url, open_client(url, 5, tries=2) as client:
        response = await client.send(Request("POST", "/"))
    assert (response.status, response.body) == (200, b"ok")


@pytest.mark.parametrize("error", [httpx2.ReadError(""), httpx2.RemoteProtocolError("gone")])
def test_the_error_of_a_broken_connection_has_its_type_and_a_hint(error: Exception) -> None:
    message = str(http.error_before_response("http://x", error))
    name = type(error).__name__
    assert message.startswith((f"http://x: {name}, the connection", f"http://x: {name}: gone, the"))
    assert message.endswith("is a server running there? Can it take several connections at once?")


BROKEN_ANSWERS = {
    "garbage": (b"\x00garbage\r\n" + ANSWER, "no status line"),
    "a status line that is none": (b"204 No Content\r\n\r\n", "no status line"),
    "a head that is cut": (ANSWER[:20], "it is cut off"),
    "a body that is cut": (ANSWER[:-1], "it is cut off"),
    "two lengths": (
        ANSWER.replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n"),
        "it has several Content-Lengths",
    ),
    "a broken chunk": (CHUNKED + b"zz\r\n", "a chunk has no size"),
    "a header that is none": (OK + b"no header\r\n\r\n", "a line of its head is no header"),
}
AUTHORIZATION = ("Authorization", "Basic a2FyaTpLYXJp")


@pytest.mark.claim("http-message")
async def test_an_answer_that_breaks_the_protocol_is_shown_with_its_first_bytes() -> None:
    for name, (answer, problem) in BROKEN_ANSWERS.items():
        async with (
            run_server(answer, answer, answer) as url,
            open_client(url, 5, tries=2) as client,
        ):
            with pytest.raises(BrokenAnswerError) as error:
                raise AssertionError((name, await client.send(Request("POST", "/a?b"))))
            assert client.has_answered, name
        message = f"the answer to POST /a is no valid HTTP message: {problem}; it begins "
        assert message in str(error.value), name
        assert error.value.shown == repr(answer)[1:], name
        assert "is a server running" not in str(error.value)


async def test_a_broken_answer_shows_no_secret_of_its_request() -> None:
    answer = b"kari:Kari Basic a2FyaTpLYXJp\r\n\r\n"
    for tries in (1, 2):
        async with run_server(answer, answer) as url, open_client(url, 5, tries=tries) as client:
            with pytest.raises(BrokenAnswerError) as error:
                await client.send(Request("POST", "/", (AUTHORIZATION,)))
        assert error.value.shown.startswith("'[redacted] [redacted]")


async def test_what_broke_is_told_as_it_was() -> None:
    broken = b"no\r\n\r\n"
    for answers, tries, error_type, message in (
        ((b"", ANSWER), 1, ConnectionBrokenError, "before an answer came"),
        ((ANSWER[:-1], ANSWER), 2, BrokenAnswerError, "broke in the middle of it"),
        ((b"", b"", ANSWER), 2, ConnectionBrokenError, "before an answer came"),
    ):
        async with run_server(*answers) as url, open_client(url, 5, tries=tries) as client:
            with pytest.raises(TargetError, match=message) as error:
                await client.send(Request("POST", "/"))
        assert type(error.value) is error_type, answers
    for all_answers, count, expected, message in (
        ((broken,) * 3, 3, BrokenAnswerError, "is no valid HTTP message"),
        ((ANSWER, b"", b""), 3, NotObservableError, "of 3 calls at once 2 got no .* longer backlo"),
        ((b"",), 1, ConnectionBrokenError, "is a server running there"),
    ):
        async with run_server(*all_answers) as url, open_client(url, 5) as client:
            with pytest.raises(expected, match=message):
                await client.send_together([Request("POST", "/")] * count)


async def test_a_server_that_answered_before_is_not_asked_whether_it_runs() -> None:
    async with run_server(ANSWER, b"") as url, open_client(url, 5) as client:
        await client.send(Request("GET", "/"))
        with pytest.raises(ConnectionBrokenError, match="came; look at the server's log"):
            await client.send(Request("GET", "/"))
