"""Recordings of the mock's own traffic: in memory, harmless from the start, and with the truth."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from starlette.types import Scope

from superoffice_mock.core.faults import Breakage
from superoffice_mock.core.journal import Exchange, Journal
from superoffice_mock.core.sync_run import SECOND, TenantId
from superoffice_mock.webapi.response import BrokenResponse, Response

if TYPE_CHECKING:
    from superoffice_mock.recordings.model import Entry, Label, Outcome, RecordedResponse, Recording

MOST: Final = 20
"""Recordings that may be under way, each of one tenant."""
LONGEST: Final = 8 * 1024 * 1024
"""Bytes of a recording."""
_FAILURES: Final[Mapping[str, str]] = {"reset-by-peer": "reset", "stall": "aborted"}
_LENGTHS: Final = (b"content-length", b"transfer-encoding")
_OUTCOMES: Final = ("started", "turned_away", "served", "rejected", "faulted")


class Capture:
    """One recording under way; *over* ends it without keeping it, as a reset does."""

    def __init__(self) -> None:
        from superoffice_mock.redaction.redactor import Redactor

        self.over = ExitStack()
        self.left_out = 0
        self._redaction = Redactor()
        self._entries: list[tuple[int, Entry]] = []
        self._size = 0

    def told(self, exchange: Exchange) -> None:
        """Look at nothing: the journal does not know what is recorded."""

    def dismissed(self, _: str) -> None:
        """End with the tenant's journal."""
        self.over.close()

    def add(self, arrival: int, entry: "Entry") -> None:
        """Keep *entry*, made harmless, if there is room."""
        from superoffice_mock.recordings import har_file

        harmless = self._redaction.entry(entry)
        size = len(har_file.entry_line(harmless))
        if self._size + size > LONGEST:
            self.left_out += 1
            return
        self._size += size
        self._entries.append((arrival, harmless))

    @property
    def recording(self) -> "Recording":
        """What was recorded, in the order of arrival."""
        from msgspec.structs import replace

        from superoffice_mock.recordings.model import About, Recording

        ordered = sorted(self._entries, key=lambda one: one[0])
        entries = (
            replace(entry, label=replace(entry.label, arrival=number))
            for number, (_, entry) in enumerate(ordered, 1)
        )
        return Recording(tuple(entries), self._redaction.about(About()))


class Captures:
    """The recordings under way, at most one of a tenant."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.running: dict[TenantId, Capture] = {}

    def start(self, tenant: TenantId) -> None:
        """Record *tenant* from now on. Raise ValueError if that can't be."""
        if tenant in self.running:
            msg = "a recording of this tenant is under way; POST /_mock/recordings/stop ends it"
            raise ValueError(msg)
        if len(self.running) >= MOST:
            msg = f"{MOST} recordings are under way; stop one of another tenant first"
            raise ValueError(msg)
        tape = self.running[tenant] = Capture()
        tape.over.callback(self.running.pop, tenant)
        tape.over.enter_context(self._journal.watched(tenant, tape))

    def stop(self, tenant: TenantId) -> Capture:
        """End the recording of *tenant* and return it. Raise ValueError if there is none."""
        tape = self.running.get(tenant)
        if tape is None:
            msg = "this tenant is not recorded; POST /_mock/recordings/start begins to"
            raise ValueError(msg)
        tape.over.close()
        return tape

    def note(self, exchange: Exchange, scope: Scope, answer: Response | BrokenResponse) -> None:
        """Record an exchange whose *answer* is about to be sent, if its tenant is recorded."""
        tape = self.running.get(exchange.tenant)
        if tape is not None and not exchange.astray:
            tape.add(exchange.id, _entry(exchange, scope, answer))


# ---- what is recorded ------------------------------------------------------------------------


def _entry(exchange: Exchange, scope: Scope, answer: Response | BrokenResponse) -> "Entry":
    from superoffice_mock.recordings.model import Entry, RecordedRequest

    elapsed = None if exchange.elapsed is None else exchange.elapsed / SECOND
    return Entry(
        request=RecordedRequest(
            exchange.method,
            _url(scope),
            headers=_text(scope["headers"]),
            body=_sent(exchange, scope),
        ),
        response=_response(exchange, answer),
        at=exchange.at / SECOND,
        elapsed=elapsed,
        waited=elapsed,
        label=_label(exchange),
    )


def _url(scope: Scope) -> str:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"localhost")
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    return f"{scope['scheme']}://{host.decode('latin-1')}/{target.decode('latin-1').lstrip('/')}"


def _text(headers: list[tuple[bytes, bytes]]) -> tuple[tuple[str, str], ...]:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


def _sent(exchange: Exchange, scope: Scope) -> bytes | None:
    """Return the body; None where there was one that nobody looked at, as the call was refused."""
    announced = {name: value for name, value in scope["headers"] if name in _LENGTHS}
    some = bool(announced) and announced.get(b"content-length") != b"0"
    return None if some and not exchange.body else exchange.body


def _response(exchange: Exchange, answer: Response | BrokenResponse) -> "RecordedResponse":
    from superoffice_mock.recordings.model import RecordedResponse

    if isinstance(answer, Response):
        body = b"" if exchange.method == "HEAD" else answer.body
        return RecordedResponse(answer.status, headers=_text([*answer.headers]), body=body)
    effect = exchange.fault and exchange.fault.effect
    kind = effect.kind if isinstance(effect, Breakage) else ""
    return RecordedResponse(answer.status or 0, _FAILURES.get(kind, "cut off"))


def _label(exchange: Exchange) -> "Label":
    from superoffice_mock.recordings.model import Label

    outcome = exchange.outcome
    if outcome not in _OUTCOMES:  # a crash of the mock, which is nothing of the service
        return Label(tenant=exchange.tenant)
    known: Outcome = outcome  # type: ignore[assignment]
    return Label(known, "certain", exchange.tenant)
