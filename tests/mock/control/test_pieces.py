"""Long control answers are made in pieces, while they are sent."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.responses import StreamingResponse

from superoffice_contract.local_server import demo_tables
from superoffice_mock.config.settings import Settings
from superoffice_mock.control.pieces import PIECE_BYTES, PIECE_TIME, answer_in_pieces, list_parts
from tests.support.in_process import PATH, InProcessMock, make_scope, run_until_waiting

LONG = f"/{'x' * 10_000}{PATH}"
"""The path of a call whose row in a list is long."""


class Reader:
    """A client that reads a piece of an answer when `next` asks for it."""

    def __init__(self, local: InProcessMock, path: str) -> None:
        self.pieces: list[bytes] = []
        self._wants = asyncio.Semaphore(0)
        self._got = asyncio.Semaphore(0)
        self._has_sent = False
        scope = make_scope("GET", path, [(b"host", b"127.0.0.1:8204")])
        self.task = asyncio.create_task(local.mock.app(scope, self._receive, self._send))

    async def next(self) -> None:
        self._wants.release()
        await self._got.acquire()

    async def read_all(self) -> Any:
        while not self.task.done():
            self._wants.release()
            await asyncio.sleep(0)
        await self.task
        return json.loads(b"".join(self.pieces))

    async def _receive(self) -> Any:
        if self._has_sent:
            await asyncio.Event().wait()
        self._has_sent = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            await self._wants.acquire()
            self.pieces.append(message["body"])
            self._got.release()


async def fill(local: InProcessMock, count: int = 40) -> None:
    """Make calls whose list takes several pieces, on a frozen clock."""
    await local.control("POST", "clock/freeze")
    for _ in range(count):
        assert (await local.call("GET", LONG)).status == 200


def test_the_parts_of_a_list_make_an_object() -> None:
    cases: tuple[tuple[dict[str, Any], list[list[bytes]], dict[str, Any]], ...] = (
        ({}, [], {}),
        ({"a": 1}, [[b"1"]], {"b": 2}),
        ({}, [[b"[", b"1", b"]"], [b"{}"], [b"2"]], {"b": None}),
        ({"a": [[]]}, [[b"1"], [b"2"]], {}),
    )
    for before, items, after in cases:
        parts = list_parts(before, "items", items, after.copy)
        expected = before | {"items": [json.loads(b"".join(item)) for item in items]} | after
        content = json.loads(b"".join(parts))
        assert (content, [*content]) == (expected, [*expected])


async def test_a_piece_ends_after_so_many_bytes_or_so_much_time() -> None:
    now = 0

    def parts(duration: int) -> Iterator[bytes]:
        nonlocal now
        for _ in range(4):
            now += duration
            yield b""
        yield b"x" * (PIECE_BYTES - 1)
        yield b"y"
        yield b"z"

    for duration, expected in (
        (0, [PIECE_BYTES, 2]),
        (PIECE_TIME // 2, [0, 0, PIECE_BYTES, 2]),
        (PIECE_TIME, [0, 0, 0, 0, PIECE_BYTES, 2]),
    ):
        answer = answer_in_pieces(parts(duration), lambda: now)
        assert isinstance(answer, StreamingResponse)
        lengths = [len(piece) async for piece in answer.body_iterator]
        assert lengths == expected, duration


async def test_a_short_answer_is_whole_and_has_a_length(local: InProcessMock) -> None:
    await local.call()
    for path in ("requests", "requests/1", "runs", "accounts"):
        response = await local.call("GET", f"/_mock/{path}", b"", {})
        assert response.headers["content-length"] == f"{len(response.body)}", path


async def test_other_calls_are_answered_while_a_long_list_is_written(local: InProcessMock) -> None:
    await fill(local)
    reading = asyncio.create_task(local.control("GET", "requests"))
    await asyncio.sleep(0)
    for number in range(3):
        await asyncio.sleep(0)
        assert (await local.call("GET")).status == 200
        assert not reading.done(), number
    content = await reading
    assert [request["id"] for request in content["requests"]] == [*range(1, 41)]
    assert (content["total"], content["forgotten"]) == (40, 0)


async def test_a_client_that_does_not_read_makes_nothing_and_keeps_nothing() -> None:
    local = InProcessMock(Settings(journal_exchanges=40))
    await fill(local)
    reader = Reader(local, "/_mock/requests")
    await reader.next()
    await fill(local)
    assert len(reader.pieces) == 1
    content = await reader.read_all()
    listed_ids = [request["id"] for request in content["requests"]]
    assert listed_ids == [*range(1, 8)]  # the first piece has seven; the others are forgotten now
    assert (content["total"], content["forgotten"]) == (40, 40)


async def test_a_row_shows_its_request_as_it_is_when_it_is_sent(local: InProcessMock) -> None:
    await fill(local)
    await local.control("POST", "lease/hold")
    call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    reader = Reader(local, "/_mock/requests")
    await reader.next()
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    assert (await reader.read_all())["requests"][-1]["outcome"] == "turned_away"


async def test_long_lists_of_runs_and_accounts_come_in_pieces_and_are_whole() -> None:
    local = InProcessMock(Settings(seconds_per_account=0.1), [demo_tables()[0] | {"accounts": []}])
    await local.control("POST", "clock/freeze")
    accounts = [{"AccountId": account} for account in range(1_000)]
    body = json.dumps({"SyncUserAccounts": accounts}).encode()
    for _ in range(3):
        await local.call(body=body)
        await local.control("POST", "clock/advance", {"until": "idle"})
    for path, name in (("runs", "runs"), ("accounts", "accounts"), ("requests/1", "accounts")):
        reader = Reader(local, f"/_mock/{path}")
        content = await reader.read_all()
        assert len(reader.pieces) > 2 or path == "requests/1", path
        assert len(content[name]) == (3 if name == "runs" else 1_000), path
    runs = (await local.control("GET", "runs"))["runs"]
    assert [len(task) for run in runs for task in run["tasks"]] == [100] * 30


async def test_an_error_within_a_long_answer_ends_it_and_is_logged(local: InProcessMock) -> None:
    await fill(local)
    reader = Reader(local, "/_mock/requests")
    await reader.next()
    local.exchanges()[-1].head = b"no headers"
    with pytest.raises(ValueError, match="Expected `array`"):
        await reader.read_all()
    assert "crash" in (local.log[-1].reason or "")
