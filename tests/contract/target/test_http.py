"""One request and its answer: what is sent, what is read, and what is said when it fails."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from superoffice_contract.errors import ImpossibleError, TargetError
from superoffice_contract.target import http
from superoffice_contract.target.http import Request, Response, calling
from tests.contract.other_server.server import Make, serving


class App:
    """An application that answers *body* as *kind* and keeps what it got."""

    def __init__(
        self, body: bytes = b"", kind: str = "application/json", status: int = 200
    ) -> None:
        self.body, self.kind, self.status = body, kind, status
        self.scopes: list[Any] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        await receive()
        headers = [(b"Content-Type", self.kind.encode()), (b"X-Twice", b"1"), (b"x-twice", b"2")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


async def stuck(*_: object) -> None:
    """An application that never answers."""
    await asyncio.Event().wait()


async def test_a_request_has_the_headers_that_were_asked_for_and_no_wishes_of_a_client() -> None:
    app = App()
    async with calling(app, 5) as caller:
        await caller.send(Request("GET", "/a?b=%24c").with_headers(("X-One", "1"), ("X-One", "2")))
    (scope,) = app.scopes
    names = [name for name, _ in scope["headers"]]
    assert names.count(b"x-one") == 2
    assert {b"accept", b"user-agent", b"cookie", b"authorization"}.isdisjoint(names)
    assert (scope["raw_path"], scope["query_string"]) == (b"/a", b"b=%24c")


async def test_an_answer_tells_its_headers_whatever_their_case() -> None:
    async with calling(App(b"{}"), 5) as caller:
        seen = await caller.send(Request("GET", "/"))
    assert (seen.header("CONTENT-type"), seen.header("X-TWICE")) == ("application/json", "1")
    assert seen.header("nothing") is None
    assert {"content-type", "x-twice"} <= seen.names
    assert (seen.status, seen.body) == (200, b"{}")


async def test_requests_that_are_sent_together_are_under_way_together() -> None:
    everybody = asyncio.Barrier(5)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await everybody.wait()
        await App()(scope, receive, send)

    async with calling(app, 5) as caller:
        answers = await caller.send_together([Request("GET", f"/{one}") for one in range(5)])
    assert [one.status for one in answers] == [200] * 5
    assert caller.sent == 5


@pytest.mark.parametrize(
    "app",
    [
        App(b"{}", "text/html"),
        App(b"{}", status=404),
        App(b"{}", status=302),
        App(b"{"),
        App(b"\xff"),
    ],
    ids=["no JSON type", "404", "302", "broken", "no text"],
)
async def test_what_does_not_answer_json_has_no_control_surface(app: App) -> None:
    async with calling(app, 5) as caller:
        assert await caller.control("GET", "health") is None


async def test_control_sends_and_reads_json_under_its_prefix() -> None:
    app = App(b'{"held":true}', "application/json; charset=utf-8")
    async with calling(app, 5) as caller:
        assert await caller.control("POST", "clock/advance", {"seconds": 1}) == {"held": True}
    assert app.scopes[0]["path"] == "/_mock/clock/advance"


# ---- what goes wrong -------------------------------------------------------------------------


@pytest.fixture
def free() -> Iterator[str]:
    """A URL that nobody listens at: the port is taken, and closed to callers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


async def test_a_port_where_nobody_listens_is_said_so(free: str) -> None:
    async with calling(free, 5) as caller:
        with pytest.raises(TargetError, match="is a server running there"):
            await caller.send(Request("GET", "/"))


async def test_a_url_that_is_none_is_said_so() -> None:
    async with calling("http://127.0.0.1:nothing", 5) as caller:
        with pytest.raises(TargetError, match="InvalidURL"):
            await caller.send(Request("GET", "/"))


async def test_an_application_that_never_answers_is_given_up_in_time() -> None:
    async with calling(stuck, 0.05) as caller:
        with pytest.raises(TargetError, match=r"no answer within 0\.05 s"):
            await caller.send(Request("GET", "/"))


async def test_redirects_are_not_followed() -> None:
    with serving(Make(redirects_to="/elsewhere")) as url:
        async with calling(f"{url}/", 5) as caller:
            seen = await caller.send(Request("GET", "/here"))
            assert (caller.base, caller.sent) == (url, 1)
    assert (seen.status, seen.header("location")) == (302, "/elsewhere")


async def test_a_body_that_comes_a_byte_at_a_time_does_not_stretch_the_time_out() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        try:
            while not writer.is_closing():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with calling(f"http://127.0.0.1:{port}", 0.2) as caller:
        with pytest.raises(TargetError, match=r"no answer within 0\.2 s"):
            await caller.send(Request("GET", "/"))
    server.close()


# ---- connections that break ------------------------------------------------------------------

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@asynccontextmanager
async def breaking(*answers: bytes) -> AsyncIterator[str]:
    """A server that writes one of *answers* to each connection, in order, and hangs up."""
    left = iter(answers)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(next(left))
        writer.close()

    async with await asyncio.start_server(one, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_request_whose_connection_broke_before_an_answer_is_sent_once_more() -> None:
    async with breaking(b"", ANSWER) as url, calling(url, 5, tries=2) as caller:
        seen = await caller.send(Request("POST", "/"))
    assert (seen.status, seen.body, caller.sent) == (200, b"ok", 2)


async def test_it_is_not_sent_again_unless_that_was_asked_for() -> None:
    async with breaking(b"", ANSWER) as url, calling(url, 5) as caller:
        with pytest.raises(TargetError):
            await caller.send(Request("POST", "/"))
        assert caller.sent == 1


async def test_an_answer_that_breaks_off_in_its_middle_is_not_asked_for_again() -> None:
    async with breaking(ANSWER[:-1], ANSWER) as url, calling(url, 5, tries=2) as caller:
        with pytest.raises(TargetError, match="broke in the middle of an answer"):
            await caller.send(Request("POST", "/"))
        assert caller.sent == 1


@pytest.mark.parametrize("error", [httpx2.ReadError(""), httpx2.RemoteProtocolError("gone")])
def test_a_connection_that_broke_is_told_by_its_kind_and_what_to_look_at(error: Exception) -> None:
    told = str(http.before("http://x", error))
    name = type(error).__name__
    assert told.startswith((f"http://x: {name}, the connection", f"http://x: {name}: gone, the"))
    assert told.endswith("is a server running there? Can it take several connections at once?")


async def test_so_many_at_once_that_connections_break_can_not_be_observed() -> None:
    async with breaking(ANSWER, b"", b"") as url, calling(url, 5) as caller:
        with pytest.raises(ImpossibleError, match=r"of 3 calls at once 2 got no .* longer backlog"):
            await caller.send_together([Request("POST", "/")] * 3)


async def test_a_single_call_that_gets_no_connection_is_no_matter_of_how_many(free: str) -> None:
    async with calling(free, 5) as caller:
        with pytest.raises(TargetError, match="is a server running there"):
            await caller.send_together([Request("POST", "/")])


def test_an_answer_without_headers_has_no_names() -> None:
    assert Response(204, (), b"", 0.0).names == frozenset()
