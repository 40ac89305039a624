"""`GET /_mock/events`: what happens at a tenant, live, and what a reader missed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.config.settings import Settings
from superoffice_mock.control.endpoints.events import read_events
from superoffice_mock.control.event_stream import (
    GATHER,
    GATHER_FOR_MANY,
    MANY,
    MAX_BATCH,
    MAX_BEHIND,
    MAX_READERS,
    TOO_SLOW,
    EventStream,
    EventStreams,
    Reader,
)
from superoffice_mock.control.tenant_timeline import CallReader
from superoffice_mock.core.sync_run import TenantId
from superoffice_mock.webapi.operations import registry
from tests.support.in_process import InProcessMock, run_until_waiting

Event = tuple[str, str, Any]
"""The id, the name and the data of an event."""


class Follower:
    """The stream of the tenant onsite, whose time to gather calls the test ends."""

    def __init__(self, local: InProcessMock, epoch: str = "e") -> None:
        self.tenant = local.tenant()
        self.waits: list[float] = []
        self.flushes: list[Callable[[], None]] = []
        call_reader = CallReader(local.mock.journal, registry.load())
        self.stream = EventStream(self.tenant, call_reader, epoch, self._call_later)

    def _call_later(self, seconds: float, flush: Callable[[], None]) -> None:
        self.waits.append(seconds)
        self.flushes.append(flush)

    def flush(self) -> None:
        """Let the time pass for which calls are gathered."""
        while self.flushes:
            self.flushes.pop()()

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """Follow the tenant until the block ends."""
        reader = Reader()
        with self.stream.following(reader):
            yield reader

    def read(self, reader: Reader) -> list[Event]:
        """Return the events that *reader* has yet to read."""
        self.flush()
        waiting = [reader.events.get_nowait() for _ in range(reader.events.qsize())]
        return [parse(event) for event in waiting if event is not None]


def parse(event: bytes) -> Event:
    lines = [line.partition(": ") for line in event.decode().splitlines() if line]
    fields = {name: value for name, _, value in lines}
    return fields.get("id", ""), fields.get("event", ""), json.loads(fields.get("data", "null"))


def outcomes(events: list[Event]) -> list[tuple[str, str]]:
    return [
        (call["id"], call["outcome"])
        for _, name, data in events
        if name == "calls"
        for call in data["calls"]
    ]


async def test_a_call_is_told_when_it_arrives_and_when_it_is_answered() -> None:
    local = InProcessMock()
    await local.control("POST", "clock/freeze")
    follower = Follower(local)
    with follower.reader() as reader:
        await local.call()
        ((id_, name, data),) = follower.read(reader)
        assert (id_, name, outcomes([(id_, name, data)])) == ("e-1", "calls", [("1", "started")])
        assert data["runs"][0]["call"] == "1"
        assert data["forgotten"] == 0
        waiting = asyncio.create_task(local.call())
        await run_until_waiting(local, 1)
        ((id_, _, data),) = follower.read(reader)
        assert (id_, data["calls"][0]["outcome"]) == ("e-1", "pending")
        await local.control("POST", "clock/advance", {"seconds": 2})
        await waiting
        events = follower.read(reader)
        assert (events[-1][0], outcomes(events)) == ("e-2", [("2", "turned_away")])
    assert local.mock.journal.watchers(TenantId("onsite")) == ()


async def test_calls_are_gathered_and_of_very_many_only_the_number_is_told() -> None:
    local = InProcessMock(Settings(seconds_per_account=0))
    follower = Follower(local)
    with follower.reader() as reader:
        for _ in range(3):
            await local.call()
        assert follower.waits == [GATHER]
        assert outcomes(follower.read(reader)) == [(f"{id_}", "started") for id_ in (1, 2, 3)]
        for _ in range(MAX_BATCH + 1):
            await local.call()
        last = MAX_BATCH + 4
        assert follower.read(reader) == [(f"e-{last}", "skipped", {"calls": MAX_BATCH + 1})]
        for other in [Reader() for _ in range(MANY)]:
            follower.stream.readers.append(other)
        await local.call()
        assert follower.waits[-1] == GATHER_FOR_MANY
        follower.flush()
        del follower.stream.readers[1:]


async def test_all_readers_get_the_same_bytes() -> None:
    local = InProcessMock()
    follower = Follower(local)
    with follower.reader() as first, follower.reader() as second:
        await local.call()
        follower.flush()
        assert first.events.get_nowait() is second.events.get_nowait()


async def test_a_reader_that_is_too_far_behind_is_dropped() -> None:
    follower = Follower(InProcessMock())
    with follower.reader() as slow, follower.reader() as quick:
        for _ in range(MAX_BEHIND + 5):
            follower.stream.send(b"event: changed\ndata: {}\n\n")
            quick.events.get_nowait()
        events = follower.read(slow)
        assert len(events) == MAX_BEHIND + 1
        assert events[-1][1:] == ("closed", {"reason": TOO_SLOW})
        assert quick.events.empty()


async def test_control_calls_are_told_at_their_tenant_and_an_emptied_journal_is_a_reset() -> None:
    local = InProcessMock()
    streams = EventStreams(lambda tenant: CallReader(tenant.journal, registry.load()))
    here, there = local.tenant(), local.tenant("Cust12345")
    first, second = Reader(), Reader()
    with streams.of(here).following(first), streams.of(there).following(second):
        for call in ("POST /lease/hold", "POST /tenants", "POST /reset", "DELETE /requests"):
            streams.tell(call, here)
        assert streams.of(here) is streams.of(here)
        seen = [
            [parse(reader.events.get_nowait() or b"")[1] for _ in range(reader.events.qsize())]
            for reader in (first, second)
        ]
    assert seen == [["changed", "changed", "reset", "reset"], ["changed", "reset"]]


async def collect(events: AsyncIterator[bytes], count: int) -> list[bytes]:
    return [await anext(events) for _ in range(count)]


async def test_a_stream_ends_with_its_tenant_and_has_a_heartbeat() -> None:
    local = InProcessMock()
    follower = Follower(local)
    events = read_events(follower.stream, follower.tenant, "", heartbeat=0.001)
    _, hello, beat = await collect(events, 3)
    assert parse(hello) == ("e-0", "hello", {"tenant": "onsite"})
    assert beat == b": no event for a while\n\n"
    follower.tenant.answer_all("the tenant was reset")  # ends no stream
    local.mock.close("the mock was shut down")
    rest = [event async for event in events if not event.startswith(b":")]
    assert [parse(event)[1:] for event in rest] == [
        ("closed", {"reason": "the mock was shut down"})
    ]
    late = [event async for event in read_events(follower.stream, follower.tenant, "")]
    assert [parse(event)[1] for event in late[1:]] == ["hello", "closed"]


def _count_readers(local: InProcessMock) -> int:
    streams = local.mock.journal.watchers(TenantId("onsite"))
    return sum(len(stream.readers) for stream in streams if isinstance(stream, EventStream))


async def test_the_101st_reader_gets_a_503_and_head_gets_no_stream() -> None:
    local = InProcessMock()
    head = await local.call("HEAD", "/_mock/events", b"", {})
    assert (head.status, head.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
    leave = [asyncio.Event() for _ in range(MAX_READERS)]
    tasks = [
        asyncio.create_task(local.call("GET", "/_mock/events", b"", {}, disconnect=event))
        for event in leave
    ]
    while _count_readers(local) < MAX_READERS:  # noqa: ASYNC110 - no time passes
        await asyncio.sleep(0)
    refused = await local.call("GET", "/_mock/events", b"", {})
    assert refused.status == 503
    assert "close some first" in refused.json()["detail"]
    for event in leave:
        event.set()
    await asyncio.gather(*tasks)
    assert local.mock.journal.watchers(TenantId("onsite")) == ()


async def missed(follower: Follower, last_event_id: str) -> list[Event]:
    events = read_events(follower.stream, follower.tenant, last_event_id, heartbeat=0.001)
    found = []
    async for event in events:
        if event.startswith(b":"):
            break
        found.append(parse(event))
    await events.aclose()  # type: ignore[attr-defined]
    return found[2:]


async def test_a_reader_that_comes_back_gets_what_it_missed_or_saw_unfinished() -> None:
    local = InProcessMock()
    await local.control("POST", "clock/freeze")
    await local.call()
    waiting = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    follower = Follower(local)
    assert outcomes(await missed(follower, "e-1")) == [("2", "pending")]
    await local.control("POST", "clock/advance", {"seconds": 2})
    await waiting
    events = await missed(follower, "e-1")
    assert outcomes(events) == [("2", "turned_away")]
    assert events[-1] == ("e-2", "caught-up", {})
    assert outcomes(await missed(follower, "e-2")) == []
    for other in ("f-1", "nonsense", "-", "e-x"):
        events = await missed(follower, other)
        assert [id_ for id_, _ in outcomes(events)] == ["1", "2"], other
        assert (events[0][1] == "reset") is (other[:2] != "e-"), other


Action = st.sampled_from(["arrive", "end", "flush", "leave", "come back"])


@given(st.lists(Action, max_size=40))
async def test_a_reader_knows_in_the_end_what_the_journal_knows(actions: list[str]) -> None:
    local = InProcessMock()
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    follower, known, last_id = Follower(local), dict[str, str](), "e-0"
    first = Reader()
    reader: Reader | None = first
    following = follower.stream.following(first)
    following.__enter__()
    waiting: list[asyncio.Task[Any]] = []

    def read(events: list[Event]) -> None:
        nonlocal last_id
        known.update(outcomes(events))
        last_id = next((id_ for id_, _, _ in reversed(events) if id_), last_id)

    for action in [*actions, "end", "come back", "flush"]:
        if action == "arrive":
            waiting.append(asyncio.create_task(local.call()))
            await run_until_waiting(local, len(waiting))
        elif action == "end":
            await local.control("POST", "clock/advance", {"seconds": 2})
            await asyncio.gather(*waiting)
            waiting.clear()
        elif action == "flush":
            follower.flush()
            if reader is not None:
                read(follower.read(reader))
        elif action == "leave" and reader is not None:
            following.__exit__(None, None, None)
            reader = None
        elif action == "come back" and reader is None:
            reader = Reader()
            following = follower.stream.following(reader)
            following.__enter__()
            read([parse(event) for event in follower.stream.missed_since(last_id)])
    if reader is not None:
        following.__exit__(None, None, None)
    assert known == {f"{call.id}": call.outcome for call in local.exchanges()}
