"""The recorder as an application in this process: what is written down, when, and what is not."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_mock.proxy import body_buffer, hop_by_hop, upstream_address
from superoffice_mock.proxy.app import RecordingProxy
from superoffice_mock.proxy.body_buffer import BufferedBody, MemoryBudget
from superoffice_mock.proxy.upstream_client import UpstreamClient, trusting
from superoffice_mock.proxy.writer import LIGHT, RecordingWriter
from superoffice_mock.recordings import har_file, part_file
from superoffice_mock.recordings.model import Entry, Label
from superoffice_mock.recordings.part_file import PartFile
from tests.e2e.upstreams import NO_CONTENT, ONE, PATH, raw
from tests.support.recordings import entry

LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfirst!"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst!\r\n0\r\n\r\n"
Message = MutableMapping[str, Any]
SCOPE: Message = {
    "type": "http",
    "method": "POST",
    "raw_path": PATH,
    "query_string": b"",
    "headers": [(b"host", b"here"), (b"content-length", b"%d" % len(ONE))],
}


class App:
    """A recorder before *url* that notes, at every record, what had been sent until then."""

    def __init__(self, link: UpstreamClient) -> None:
        self.sent: list[Message] = []
        self.recorded: list[Entry] = []
        self.before: list[bytes] = []
        self.messages: list[int] = []
        self.recorder = RecordingProxy(link, self._keep)

    async def _keep(self, one: Entry) -> None:
        self.before.append(b"".join(message.get("body", b"") for message in self.sent))
        self.messages.append(len(self.sent))
        self.recorded.append(one)
        assert all(message.get("more_body", True) for message in self.sent)

    async def call(self) -> None:
        """Send one request."""
        waiting = [{"type": "http.request", "body": ONE}]

        async def receive() -> Message:
            if waiting:
                return waiting.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            self.sent.append(message)

        await self.recorder(dict(SCOPE), receive, send)


@asynccontextmanager
async def app(url: str, *addresses: str) -> AsyncIterator[App]:
    """Return a recorder of *url*, or of these *addresses*; its connections end with the block."""
    there = upstream_address.found(url, private=False)
    if addresses:
        there = replace(there, addresses=addresses)
    link = UpstreamClient(there, trusting(None), 10)
    yield App(link)
    await link.aclose()


@pytest.mark.parametrize(("answer", "before"), [(LONG, [b"", b"first"]), (CHUNKED, [b"first!"])])
async def test_an_exchange_is_recorded_before_the_last_byte_of_its_answer_is_forwarded(
    answer: bytes, before: list[bytes]
) -> None:
    with raw(answer) as there:
        async with app(there.url) as called:
            await called.call()
    assert called.before[0] in before
    assert called.sent[0]["status"] == 200
    assert b"".join(one.get("body", b"") for one in called.sent) == b"first!"
    assert called.recorded[0].response.body == b"first!"


async def test_an_answer_without_a_body_is_recorded_before_its_head_is_forwarded() -> None:
    with raw(NO_CONTENT) as there:
        async with app(there.url) as called:
            await called.call()
    assert called.messages == [0]
    assert [one["type"] for one in called.sent] == ["http.response.start", "http.response.body"]


async def test_without_a_connection_to_break_a_broken_upstream_is_a_502() -> None:
    with raw(b"no HTTP") as there:
        async with app(there.url) as called:
            await called.call()
    assert called.sent[0]["status"] == 502
    assert b"the upstream broke the connection" in called.sent[1]["body"]
    assert called.recorded[0].response.failed == "cut off"


async def test_exchanges_are_numbered_as_they_arrive_and_timed_without_connecting() -> None:
    with raw(NO_CONTENT) as there:
        async with app(there.url) as called:
            await called.call()
            await called.call()
    assert [one.label.arrival for one in called.recorded] == [1, 2]
    assert {one.label.tenant for one in called.recorded} == {"onsite"}
    for one in called.recorded:
        assert one.waited is not None
        assert one.elapsed is not None
        assert 0 < one.waited < one.elapsed < 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
async def test_an_address_that_nobody_answers_at_makes_room_for_the_next() -> None:
    with raw(NO_CONTENT) as there:
        async with app(there.url, "127.0.0.2", "127.0.0.1") as called:
            await called.call()
            await called.call()
        async with app(there.url, "127.0.0.2", "127.0.0.3") as lost:
            await lost.call()
    assert [one.response.status for one in called.recorded] == [204, 204]
    assert [one.request.body for one in called.recorded] == [ONE, ONE]
    assert [one.response.failed for one in lost.recorded] == ["refused"]


# ---- what is kept of bodies ------------------------------------------------------------------


def test_bodies_under_way_share_a_room_and_give_it_back() -> None:
    room = MemoryBudget(10)
    first, second = BufferedBody("request", room), BufferedBody("answer's", room)
    first.add(b"12345678")
    second.add(b"123")
    second.add(b"1")
    assert (first.body, second.body) == (b"12345678", None)
    assert second.note == "the answer's body was left out: too many long ones were under way"
    first.release()
    assert room.take(10)


def test_a_body_is_kept_up_to_its_limit() -> None:
    kept = BufferedBody("request", MemoryBudget())
    kept.add(b"a" * body_buffer.LONGEST)
    assert len(kept.body or b"") == body_buffer.LONGEST
    kept.add(b"a")
    assert (kept.body, kept.note) == (
        None,
        "the request body was left out: it is longer than 1 MiB",
    )


# ---- headers ---------------------------------------------------------------------------------

NAMES = st.sampled_from(
    [b"connection", b"host", b"te", b"x-a", b"x-b", b"content-length", b"transfer-encoding"]
)
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from([b"x-a", b"close, x-b", b"1", b"chunked"])))


@given(HEADERS)
def test_a_request_has_one_host_one_framing_and_nothing_of_its_connection(
    headers: list[tuple[bytes, bytes]],
) -> None:
    sent = hop_by_hop.request(headers, "there:81")
    names = [name for name, _ in sent]
    assert sent[0] == (b"host", b"there:81")
    assert names.count(b"host") == 1
    assert not {b"connection", b"te"} & {*names}
    assert not {b"content-length", b"transfer-encoding"} <= {*names}
    named = b",".join(value for name, value in headers if name == b"connection")
    for name in (b"x-a", b"x-b"):
        expected = [] if name in named else [one for one in headers if one[0] == name]
        assert [one for one in sent if one[0] == name] == expected


TEXTS = st.text(st.characters(max_codepoint=255), max_size=20)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(TEXTS, st.lists(st.tuples(TEXTS, TEXTS), max_size=2), st.binary(max_size=30)),
        max_size=3,
    )
)
async def test_whatever_passes_by_the_recording_can_be_opened(
    some: list[tuple[str, list[tuple[str, str]], bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        written, said = PartFile(f"{folder}/a.har"), list[str]()
        ledger = RecordingWriter(written, said.append)
        for path, headers, body in some:
            one = entry(f"http://there/{path}", tuple(headers), body, answer=body, status=200)
            await ledger.keep(replace(one, response=replace(one.response, headers=tuple(headers))))
        written.close()
        assert said == []
        assert len(part_file.finish(f"{folder}/a.har").entries) == len(some)


# ---- what is written down --------------------------------------------------------------------


async def test_a_heavy_exchange_is_written_like_a_light_one(tmp_path: Path) -> None:
    written, said = PartFile(str(tmp_path / "a.har")), list[str]()
    ledger = RecordingWriter(written, said.append)
    heavy = entry(body=b'{"SyncUserAccounts":[]}' + b" " * LIGHT)
    await asyncio.gather(ledger.keep(heavy), ledger.keep(entry()))
    written.close()
    assert len(har_file.load(str(tmp_path / "a.har.part")).entries) == 2
    assert (said, ledger.missed) == ([], 0)
    assert ledger.about().redacted == {"credential": 4, "host": 2}


async def test_what_can_not_be_written_is_said_once_and_costs_nothing_else(tmp_path: Path) -> None:
    written, said = PartFile(str(tmp_path / "a.har")), list[str]()
    ledger = RecordingWriter(written, said.append)
    for arrival in (7, 8):
        odd = replace(entry(label=Label(arrival=arrival)), at=float("inf"))
        await ledger.keep(odd)
    await ledger.keep(entry())
    written.close()
    (line,) = said
    assert line.startswith("exchange 7 is not recorded: it can't be made harmless (OverflowError)")
    assert line.endswith("; calls still go through")
    assert ledger.missed == 2
    assert len(part_file.finish(str(tmp_path / "a.har")).entries) == 1
