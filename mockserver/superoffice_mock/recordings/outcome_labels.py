"""What became of recorded calls: guessed from the wire alone, and each guess says how sure it is.

Who is turned away is answered as if nothing were wrong, a second later. What that leaves open stays
`unknown`.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from superoffice_contract.grading import behaviour
from superoffice_contract.grading.behaviour import ABOUT_A_SECOND
from superoffice_contract.grading.calls import Call, address, concerns, operation
from superoffice_contract.grading.calls import Confidence as Sureness
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings.model import Confidence, Entry, Outcome, Recording
from superoffice_mock.wire.decode import decode

NO_LIMIT: Final = 1_000_000_000
MORE_THAN_A_SECOND: Final = 2.0
"""From here on a 204 took longer than one of a call that is turned away, on slow networks too."""
UNKNOWN: Final[tuple[Outcome, Confidence | None]] = ("unknown", None)


def tenant(url: str) -> str | None:
    """Return the tenant that *url* leads to; None if it does not lead to the call."""
    path = unquote(urlsplit(url).path)
    return address(path).tenant if concerns(path) else None


def labelled(recording: Recording) -> Recording:
    """Return *recording* in the order of arrival, with what probably became of each call."""
    ordered = sorted(recording.entries, key=_came)
    calls = {one.id: one for one in behaviour.suspected([*_calls(ordered)])}
    entries = tuple(
        _with(one, *_outcome(one, calls.get(f"{index}"))) for index, one in enumerate(ordered)
    )
    return replace(recording, entries=entries)


def _came(entry: Entry) -> tuple[int, float]:
    return entry.label.arrival or 0, entry.at or 0.0


def _with(entry: Entry, outcome: Outcome, confidence: Confidence | None) -> Entry:
    return replace(entry, label=replace(entry.label, outcome=outcome, confidence=confidence))


def _calls(entries: Iterable[Entry]) -> Iterator[Call]:
    """Yield what may have started a run, or been turned away."""
    for index, one in enumerate(entries):
        whose = tenant(one.request.url)
        if whose is not None and one.request.method == "POST":
            yield Call(
                id=f"{index}",
                time="",
                tenant=whose,
                method=one.request.method,
                path=urlsplit(one.request.url).path,
                at=one.at,
                elapsed=one.elapsed,
                latency=one.waited,
                status=one.response.status or None,
                gave_up=None,
                accounts=_accounts(one),
            )


def _accounts(entry: Entry) -> tuple[int, ...]:
    """Return the accounts asked for; none where the body is not on record, or can't be read."""
    media_type = entry.request.media_type or None
    try:
        decoded = decode(operation(), media_type, entry.request.body or b"", NO_LIMIT)
    except Rejected:
        return ()
    return tuple(one.account_id for one in decoded.request.sync_user_accounts or ())


def _outcome(entry: Entry, call: Call | None) -> tuple[Outcome, Confidence | None]:
    status = entry.response.status
    if 400 <= status < 500:
        return "rejected", "certain"
    if call is None and 200 <= status < 300:
        return "served", "certain"
    if call is None or status != 204 or not call.accounts or call.latency is None:
        return UNKNOWN
    return _of_204(call.turned_away, call.latency)


def _of_204(suspicion: Sureness | None, latency: float) -> tuple[Outcome, Confidence | None]:
    """Return what a 204 means, if the call asked for accounts."""
    if latency < ABOUT_A_SECOND:  # claim busy-second: one that is turned away takes longer
        return ("started", "high") if suspicion is None else UNKNOWN
    if latency >= MORE_THAN_A_SECOND:  # it waited for a run, its own or another's
        return UNKNOWN
    return ("turned_away", "high" if suspicion is Sureness.HIGH else "medium")
