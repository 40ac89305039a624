"""Recordings of the mock's own traffic, kept in memory, redacted and labelled with outcomes."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Final, cast

from msgspec.structs import replace
from starlette.types import Scope

from superoffice_contract.openapi.operations import Description
from superoffice_mock.core.faults import Breakage
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.sync_run import SECOND, TenantId
from superoffice_mock.recordings.model import (
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

MAX_CAPTURES: Final = 20
"""How many tenants may be recorded at the same time."""
MAX_BYTES: Final = 8 * 1024 * 1024
"""The limit for one recording, in bytes of HAR."""
_FAILURES: Final[Mapping[str, str]] = {"reset-by-peer": "reset", "stall": "aborted"}
_LENGTH_HEADERS: Final = (b"content-length", b"transfer-encoding")
_OUTCOMES: Final = ("started", "turned_away", "served", "rejected", "faulted")


class Capture:
    """A recording in progress. Closing *on_end* ends it; *omitted* counts entries without room.

    What is in *allow_list* stays in it.
    """

    def __init__(self, allow_list: AllowList) -> None:
        from superoffice_mock.redaction.redactor import Redactor

        self.on_end = ExitStack()
        self.omitted = 0
        self._redactor = Redactor(allow_list=allow_list)
        self._entries: list[tuple[int, Entry]] = []
        self._size = 0

    def notify(self, exchange: Exchange) -> None:
        """Do nothing: the journal does not have the bytes of the answer."""

    def cancel(self, _: str) -> None:
        """End the recording, as the tenant's journal is reset."""
        self.on_end.close()

    def add(self, arrival: int, entry: Entry) -> None:
        """Redact *entry* and keep it, if there is room."""
        from superoffice_mock.recordings import har_file

        redacted_entry = self._redactor.redact_entry(entry)
        size = len(har_file.entry_line(redacted_entry))
        if self._size + size > MAX_BYTES:
            self.omitted += 1
            return
        self._size += size
        self._entries.append((arrival, redacted_entry))

    @property
    def recording(self) -> Recording:
        """The recorded entries, in the order of arrival."""
        entries_by_arrival = sorted(self._entries, key=lambda entry: entry[0])
        entries = (
            replace(entry, label=replace(entry.label, arrival=number))
            for number, (_, entry) in enumerate(entries_by_arrival, 1)
        )
        return Recording(tuple(entries), self._redactor.redact_about(About()))


class Captures:
    """The recordings in progress, at most one per tenant."""

    def __init__(self, journal: Journal, description: Description) -> None:
        self._journal = journal
        self._allow_list = AllowList(description)
        self.running: dict[TenantId, Capture] = {}

    def start(self, tenant: TenantId) -> None:
        """Start to record *tenant*. Raise ValueError if that is not possible."""
        if tenant in self.running:
            msg = "a recording of this tenant is under way; POST /_mock/recordings/stop ends it"
            raise ValueError(msg)
        if len(self.running) >= MAX_CAPTURES:
            msg = f"{MAX_CAPTURES} recordings are under way; stop one of another tenant first"
            raise ValueError(msg)
        capture = self.running[tenant] = Capture(self._allow_list)
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

    def record(self, exchange: Exchange, scope: Scope, answer: Response | BrokenResponse) -> None:
        """Record an exchange if its tenant is recorded; its *answer* is about to be sent."""
        capture = self.running.get(exchange.tenant)
        if capture is not None and not exchange.tenant_unknown:
            capture.add(exchange.id, _build_entry(exchange, scope, answer))


# ---- entries ---------------------------------------------------------------------------------


def _build_entry(exchange: Exchange, scope: Scope, answer: Response | BrokenResponse) -> Entry:
    elapsed = None if exchange.elapsed is None else exchange.elapsed / SECOND
    return Entry(
        request=RecordedRequest(
            exchange.method,
            _url(scope),
            headers=decode_headers(scope["headers"]),
            body=_request_body(exchange, scope),
        ),
        response=_build_response(exchange, answer),
        at=exchange.at / SECOND,
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
    if isinstance(answer, Response):
        body = b"" if exchange.method == "HEAD" else answer.body
        return RecordedResponse(answer.status, headers=decode_headers(answer.headers), body=body)
    effect = exchange.fault and exchange.fault.effect
    kind = effect.kind if isinstance(effect, Breakage) else ""
    return RecordedResponse(answer.status or 0, _FAILURES.get(kind, "cut off"))
