"""The recording proxy as an ASGI application in this process: what it records, and when."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract import output_files
from superoffice_contract.control.connection import tls_context
from superoffice_mock.config.settings import Settings
from superoffice_mock.proxy import hop_by_hop, upstream_address
from superoffice_mock.proxy.access import AccessRules
from superoffice_mock.proxy.app import RecordingProxy
from superoffice_mock.proxy.body_buffer import BufferedBody, MemoryBudget
from superoffice_mock.proxy.upstream_client import UpstreamClient
from superoffice_mock.proxy.writer import MAX_INLINE_BYTES, RecordingWriter
from superoffice_mock.recordings.model import Entry, Label
from superoffice_mock.recordings.part_file import PartFile
from tests.e2e.upstreams import NO_CONTENT, ONE_ACCOUNT, PATH, raw_upstream
from tests.support.recordings import entry

LONG = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nfirst!"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nfirst!\r\n0\r\n\r\n"
Message = MutableMapping[str, Any]
SCOPE: Message = {
    "type": "http",
    "method": "POST",
    "raw_path": PATH,
    "query_string": b"",
    "headers": [(b"host", b"127.0.0.1"), (b"content-length", b"%d" % len(ONE_ACCOUNT))],
}
NAMES = st.sampled_from(
    [b"connection", b"host", b"te", b"x-a", b"x-b", b"content-length", b"transfer-encoding"]
)
HEADERS = st.lists(st.tuples(NAMES, st.sampled_from([b"x-a", b"close, x-b", b"1", b"chunked"])))
TEXTS = st.text(st.characters(max_codepoint=255), max_size=20)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), max_size=2)


class ProxyUnderTest:
    """A recording proxy that notes what had been sent to the client when it recorded."""

    def __init__(self, client: UpstreamClient) -> None:
        self.sent_messages: list[Message] = []
        self.entries: list[Entry] = []
        self.messages_before: list[list[Message]] = []
        self._proxy = RecordingProxy(client, self._write, AccessRules.of_settings(Settings()))

    async def _write(self, new_entry: Entry) -> None:
        self.messages_before.append([*self.sent_messages])
        self.entries.append(new_entry)
        assert all(message.get("more_body", True) for message in self.sent_messages)

    async def call(self) -> None:
        incoming = [{"type": "http.request", "body": ONE_ACCOUNT}]

        async def receive() -> Message:
            if incoming:
                return incoming.pop()
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            self.sent_messages.append(message)

        await self._proxy(dict(SCOPE), receive, send)


def body_of(messages: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in messages)


@asynccontextmanager
async def proxy_to(url: str, *addresses: str) -> AsyncIterator[ProxyUnderTest]:
    """Yield a proxy to *url*, or to these *addresses*; close its connections at the end."""
    upstream = upstream_address.look_up(url, allow_private=False)
    if addresses:
        upstream = replace(upstream, addresses=addresses)
    client = UpstreamClient(upstream, tls_context(None), 10)
    yield ProxyUnderTest(client)
    await client.aclose()


async def test_an_exchange_is_recorded_before_the_last_byte_of_its_answer_is_forwarded() -> None:
    for answer, before in ((LONG, [b"", b"first"]), (CHUNKED, [b"first!"])):
        with raw_upstream(answer) as upstream:
            async with proxy_to(upstream.url) as proxy:
                await proxy.call()
        assert body_of(proxy.messages_before[0]) in before
        assert proxy.sent_messages[0]["status"] == 200
        assert body_of(proxy.sent_messages) == b"first!"
        assert proxy.entries[0].response.body == b"first!"


async def test_an_answer_without_a_body_is_recorded_before_its_head_is_forwarded() -> None:
    with raw_upstream(NO_CONTENT) as upstream:
        async with proxy_to(upstream.url) as proxy:
            await proxy.call()
    assert proxy.messages_before == [[]]
    types = [message["type"] for message in proxy.sent_messages]
    assert types == ["http.response.start", "http.response.body"]


async def test_without_a_connection_to_break_a_broken_upstream_results_in_a_502() -> None:
    with raw_upstream(b"no HTTP") as upstream:
        async with proxy_to(upstream.url) as proxy:
            await proxy.call()
    assert proxy.sent_messages[0]["status"] == 502
    assert b"the upstream broke the connection" in proxy.sent_messages[1]["body"]
    assert proxy.entries[0].response.failure == "cut off"


async def test_exchanges_are_numbered_as_they_arrive_and_timed_without_connecting() -> None:
    with raw_upstream(NO_CONTENT) as upstream:
        async with proxy_to(upstream.url) as proxy:
            await proxy.call()
            await proxy.call()
    assert [recorded.label.arrival for recorded in proxy.entries] == [1, 2]
    assert {recorded.label.tenant for recorded in proxy.entries} == {"onsite"}
    for recorded in proxy.entries:
        assert recorded.service_time is not None
        assert recorded.elapsed is not None
        assert 0 < recorded.service_time < recorded.elapsed < 10


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
async def test_if_an_address_does_not_answer_the_next_one_is_tried() -> None:
    with raw_upstream(NO_CONTENT) as upstream:
        async with proxy_to(upstream.url, "127.0.0.2", "127.0.0.1") as proxy:
            await proxy.call()
            await proxy.call()
        async with proxy_to(upstream.url, "127.0.0.2", "127.0.0.3") as unreachable:
            await unreachable.call()
    assert [recorded.response.status for recorded in proxy.entries] == [204, 204]
    assert [recorded.request.body for recorded in proxy.entries] == [ONE_ACCOUNT, ONE_ACCOUNT]
    assert [recorded.response.failure for recorded in unreachable.entries] == ["refused"]


def test_bodies_share_a_memory_budget() -> None:
    budget = MemoryBudget(10)
    first, second = BufferedBody("request", budget), BufferedBody("response", budget)
    first.add(b"12345678")
    second.add(b"123")
    second.add(b"1")
    assert (first.body, second.body) == (b"12345678", None)
    assert second.note == "the response body was left out: too many long bodies were in progress"
    first.release()
    assert budget.available == 10


@given(HEADERS)
def test_a_forwarded_request_has_one_host_and_framing(headers: list[tuple[bytes, bytes]]) -> None:
    forwarded = hop_by_hop.request_headers(headers, "upstream:81")
    names = [name for name, _ in forwarded]
    assert forwarded[0] == (b"host", b"upstream:81")
    assert names.count(b"host") == 1
    assert not {b"connection", b"te"} & {*names}
    assert not {b"content-length", b"transfer-encoding"} <= {*names}
    connection = b",".join(value for name, value in headers if name == b"connection")
    for name in (b"x-a", b"x-b"):
        expected = [] if name in connection else [pair for pair in headers if pair[0] == name]
        assert [pair for pair in forwarded if pair[0] == name] == expected


class WriterUnderTest:
    """A writer, its file *out*, and the messages that it reported."""

    def __init__(self, folder: str | Path) -> None:
        self.out = f"{folder}/a.har"
        self.messages: list[str] = []
        self._part = PartFile.create(self.out)
        self.writer = RecordingWriter(self._part, self.messages.append)

    def finish(self) -> tuple[Entry, ...]:
        return self._part.finish(output_files.replace).recording.entries


@settings(max_examples=40, deadline=None)
@example([("", [], b"%25")])  # the body of the answer ends within a spelling of that of the request
@given(st.lists(st.tuples(TEXTS, PAIRS, st.binary(max_size=30)), max_size=3))
async def test_any_recording_can_be_read(
    messages: list[tuple[str, list[tuple[str, str]], bytes]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        test = WriterUnderTest(folder)
        for path, pairs, body in messages:
            url, headers = f"http://there/{path}", tuple(pairs)
            new = entry(
                url, headers, body, status=200, response_headers=headers, response_body=body
            )
            await test.writer.write(new)
        assert len(test.finish()) == len(messages)
        assert test.messages == []


async def test_a_large_exchange_is_written_like_a_small_one(tmp_path: Path) -> None:
    test = WriterUnderTest(tmp_path)
    large = entry(body=b'{"SyncUserAccounts":[]}' + b" " * MAX_INLINE_BYTES)
    await asyncio.gather(test.writer.write(large), test.writer.write(entry()))
    assert len(test.finish()) == 2
    assert (test.messages, test.writer.failures) == ([], 0)
    assert test.writer.about().redacted == {"credential": 4, "host": 2}


async def test_only_the_first_failure_is_reported_and_others_are_counted(tmp_path: Path) -> None:
    test = WriterUnderTest(tmp_path)
    for arrival in (7, 8):
        unwritable = replace(entry(label=Label(arrival=arrival)), at=float("inf"))
        await test.writer.write(unwritable)
    await test.writer.write(entry())
    (message,) = test.messages
    assert message.startswith("exchange 7 is not recorded: it can't be redacted (OverflowError)")
    assert message.endswith("; calls still go through")
    assert test.writer.failures == 2
    assert len(test.finish()) == 1
