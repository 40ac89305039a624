"""Recordings of the mock's own traffic: kept in memory as it came, labelled with outcomes.

They are redacted when they end, and beside the event loop: that takes a second for each MiB.
"""

import asyncio
from collections.abc import Mapping
from concurrent import futures
from contextlib import ExitStack
from typing import Final, cast
from urllib.parse import quote

import msgspec
from msgspec.structs import replace
from starlette.types import Scope

from superoffice_contract.openapi.operations import Description
from superoffice_mock.core.clock import LAST_SECOND
from superoffice_mock.core.faults import Breakage
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.sync_run import SECOND, ExchangeId, TenantId
from superoffice_mock.recordings.model import (
    BODILESS,
    About,
    Entry,
    Label,
    Outcome,
    RecordedRequest,
    RecordedResponse,
    Recording,
    decode_headers,
)
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.wire.headers import read_journal_head

MAX_CAPTURES: Final = 20
MAX_BYTES: Final = 8 * 1024 * 1024
"""The limit for one recording: in bytes as it came, and in bytes of HAR."""
JOURNAL_NOTE: Final = "the response body was left out: the journal does not keep it"
_OVERHEAD: Final = 200
"""The bytes that an entry takes in addition to what is packed."""
_FAILURES: Final[Mapping[str, str]] = {"reset-by-peer": "reset", "stall": "stalled"}
_LENGTH_HEADERS: Final = (b"content-length", b"transfer-encoding")
_OUTCOMES: Final = ("started", "turned_away", "served", "rejected", "faulted")


class Capture:
    """A recording. Closing *on_end* ends it; *omitted* counts entries without room.

    *failures* are the errors of those that could not be redacted, which are omitted, too.
    """

    def __init__(self) -> None:
        self.on_end = ExitStack()
        self.omitted = 0
        self.failures: dict[ExchangeId, Exception] = {}
        self.is_abandoned = False
        self._packed: list[tuple[ExchangeId, bytes]] = []
        self._size = 0

    def notify(self, exchange: Exchange) -> None:
        """Do nothing: the journal does not have the bytes of the answer."""

    def cancel(self, _: str) -> None:
        """End the recording, as the tenant's journal is reset."""
        self.on_end.close()

    def add(self, arrival: ExchangeId, entry: Entry) -> None:
        """Keep *entry* as it came, if there is room."""
        packed = msgspec.msgpack.encode(entry)
        size = len(packed) + _OVERHEAD
        if self._size + size > MAX_BYTES:
            self.omitted += 1
            return
        self._size += size
        self._packed.append((arrival, packed))

    def encode(self, allow_list: AllowList) -> bytes:
        """Return the entries, in the order of arrival, as a HAR file without secrets.

        What is in *allow_list* stays in it. Runs in a thread; `is_abandoned` ends it early.
        """
        from superoffice_mock.recordings import har_file
        from superoffice_mock.redaction.redactor import Redactor

        redactor, size = Redactor(allow_list=allow_list), 0
        entries: dict[ExchangeId, Entry] = {}
        for arrival, packed in self._packed:
            if self.is_abandoned:
                break
            try:
                entry = redactor.redact_entry(msgspec.msgpack.decode(packed, type=Entry))
                line_size = len(har_file.entry_line(entry))
            except Exception as error:  # noqa: BLE001 - it must not cost the other entries
                self.failures[arrival] = error
                continue
            if size + line_size <= MAX_BYTES:
                size += line_size
                entries[arrival] = entry
        self.omitted += len(self._packed) - len(entries)
        numbered = (
            replace(entry, label=replace(entry.label, arrival=number))
            for number, (_, entry) in enumerate(sorted(entries.items()), 1)
        )
        return har_file.encode(Recording(tuple(numbered), redactor.redact_about(About())))


class Captures:
    """The recordings in progress, at most one per tenant."""

    def __init__(self, journal: Journal, description: Description) -> None:
        self._journal = journal
        self._allow_list = AllowList(description)
        self._worker: futures.Executor | None = None
        self.running: dict[TenantId, Capture] = {}

    def start(self, tenant: TenantId) -> None:
        """Start to record *tenant*. Raise ValueError if that is not possible."""
        if tenant in self.running:
            msg = "a recording of this tenant is under way; POST /_mock/recordings/stop ends it"
            raise ValueError(msg)
        if len(self.running) >= MAX_CAPTURES:
            msg = f"{MAX_CAPTURES} recordings are under way; stop one of another tenant first"
            raise ValueError(msg)
        capture = self.running[tenant] = Capture()
        capture.on_end.callback(self.running.pop, tenant)
        capture.on_end.enter_context(self._journal.watch(tenant, capture))

    def stop(self, tenant: TenantId) -> Capture:
        """End the recording of *tenant* and return it. Raise ValueError if there is none."""
        capture = self.running.get(tenant)
        if capture is None:
            msg = "this tenant is not recorded; POST /_mock/recordings/start starts a recording"
            raise ValueError(msg)
        capture.on_end.close()
        return capture

    async def read_journal(self, tenant: TenantId, base_url: str) -> Capture:
        """Return what the journal knows of *tenant*, whose URL is *base_url*; the newest calls.

        It lacks what the journal does not keep: headers and bodies of the answers, and most headers
        of the requests.
        """
        capture = Capture()
        for number, exchange in enumerate(reversed([*self._journal.exchanges(tenant)])):
            if exchange.elapsed is not None:
                capture.add(exchange.id, _build_journal_entry(exchange, base_url))
            if number % 100 == 0:
                await asyncio.sleep(0)
        return capture

    async def encode(self, tenant: TenantId, capture: Capture) -> bytes:
        """Return *capture*, a recording of *tenant* that has ended, as a HAR file.

        Recordings are encoded one at a time, in a thread, so that other calls go on.
        """
        if self._worker is None:
            self._worker = futures.ThreadPoolExecutor(1)
        loop = asyncio.get_running_loop()
        try:
            har = await loop.run_in_executor(self._worker, capture.encode, self._allow_list)
        finally:
            capture.is_abandoned = True
        for arrival, error in capture.failures.items():
            exchange = self._journal.exchange(tenant, arrival)
            if exchange is not None:
                self._journal.record_lapse(exchange, error)
        return har

    def record(self, exchange: Exchange, scope: Scope, answer: Response | BrokenResponse) -> None:
        """Record an exchange if its tenant is recorded; its *answer* is about to be sent."""
        capture = self.running.get(exchange.tenant)
        if capture is not None and not exchange.tenant_unknown:
            capture.add(exchange.id, _build_entry(exchange, scope, answer))


def _build_entry(exchange: Exchange, scope: Scope, answer: Response | BrokenResponse) -> Entry:
    request = RecordedRequest(
        exchange.method,
        _url(scope),
        headers=decode_headers(scope["headers"]),
        body=_request_body(exchange, scope),
    )
    return _make_entry(exchange, request, _build_response(exchange, answer))


def _build_journal_entry(exchange: Exchange, base_url: str) -> Entry:
    query = f"?{exchange.query.decode('latin-1')}" if exchange.query else ""
    request = RecordedRequest(
        exchange.method,
        f"{base_url}{quote(exchange.path)}{query}",
        headers=decode_headers(read_journal_head(exchange.head).raw),
        body=exchange.body,
    )
    status, failure = exchange.status or 0, None
    if exchange.hung_up or not status:
        status, failure = 0, "aborted" if exchange.hung_up else "cut off"
    body = b"" if status in BODILESS or not status else None
    notes = () if body is not None else (JOURNAL_NOTE,)
    response = RecordedResponse(status, failure, body=body)
    entry = _make_entry(exchange, request, response)
    return replace(entry, label=replace(entry.label, notes=notes))


def _make_entry(exchange: Exchange, request: RecordedRequest, response: RecordedResponse) -> Entry:
    took = exchange.elapsed
    if exchange.hung_up_after is not None:
        took = exchange.hung_up_after
    elapsed = None if took is None else took / SECOND
    return Entry(
        request=request,
        response=response,
        at=min(exchange.at / SECOND, LAST_SECOND),
        elapsed=elapsed,
        service_time=elapsed,
        # A crash of the mock has no outcome, since the real service does not have it.
        label=Label(cast(Outcome, exchange.outcome), "certain", exchange.tenant)
        if exchange.outcome in _OUTCOMES
        else Label(tenant=exchange.tenant),
    )


def _url(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost")
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    return f"{scope['scheme']}://{host.decode('latin-1')}/{target.decode('latin-1').lstrip('/')}"


def _request_body(exchange: Exchange, scope: Scope) -> bytes | None:
    """Return the body; None if there was one that was not read, as the call was rejected."""
    length_headers = {name: value for name, value in scope["headers"] if name in _LENGTH_HEADERS}
    has_body = bool(length_headers) and length_headers.get(b"content-length") != b"0"
    return None if has_body and not exchange.body else exchange.body


def _build_response(exchange: Exchange, answer: Response | BrokenResponse) -> RecordedResponse:
    if exchange.fault is not None and isinstance(answer, BrokenResponse):
        effect = exchange.fault.effect
        kind = effect.kind if isinstance(effect, Breakage) else ""
        return RecordedResponse(answer.status or 0, _FAILURES.get(kind, "cut off"))
    if exchange.hung_up:
        return RecordedResponse(0, "aborted")
    if isinstance(answer, BrokenResponse):  # as it was when the answer was recorded
        return RecordedResponse(answer.status or 0, "cut off")
    body = b"" if exchange.method == "HEAD" else answer.body
    return RecordedResponse(answer.status, headers=decode_headers(answer.headers), body=body)
