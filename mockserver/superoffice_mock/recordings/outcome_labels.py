"""Estimates the outcome of recorded calls from the traffic alone, each with a confidence.

A call that is turned away gets the same 204 as a call that starts a run, one second later. Where
the traffic does not decide, the outcome is `unknown`.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from superoffice_contract.grading import behaviour, calls
from superoffice_contract.grading.behaviour import TURNED_AWAY_LATENCY
from superoffice_contract.grading.calls import Call
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings.model import Confidence, Entry, Outcome, Recording
from superoffice_mock.wire.decode import decode

NO_LIMIT: Final = 1_000_000_000
MAX_TURNED_AWAY_LATENCY: Final = 2.0
"""A 204 that took longer than this does not mean turned away, even on a slow network."""
UNKNOWN: Final[tuple[Outcome, Confidence | None]] = ("unknown", None)


def tenant_of(url: str) -> str | None:
    """Return the tenant that *url* addresses; None if *url* is not that of the call."""
    path = unquote(urlsplit(url).path)
    return calls.parse_address(path).tenant if calls.is_call_path(path) else None


def add_labels(recording: Recording) -> Recording:
    """Return *recording* in the order of arrival, each entry labelled with its likely outcome."""
    entries = sorted(recording.entries, key=_arrival_key)
    estimates = {call.id: call for call in behaviour.estimate_turned_away([*_calls(entries)])}
    return replace(
        recording,
        entries=tuple(
            _with_outcome(entry, *_outcome(entry, estimates.get(f"{index}")))
            for index, entry in enumerate(entries)
        ),
    )


def _arrival_key(entry: Entry) -> tuple[int, float]:
    return entry.label.arrival or 0, entry.at or 0.0


def _with_outcome(entry: Entry, outcome: Outcome, confidence: Confidence | None) -> Entry:
    return replace(entry, label=replace(entry.label, outcome=outcome, confidence=confidence))


def _calls(entries: Iterable[Entry]) -> Iterator[Call]:
    """Yield the entries that may have started a run or been turned away."""
    for index, entry in enumerate(entries):
        tenant = tenant_of(entry.request.url)
        if tenant is not None and entry.request.method == "POST":
            yield Call(
                id=f"{index}",
                time="",
                tenant=tenant,
                method=entry.request.method,
                path=urlsplit(entry.request.url).path,
                at=entry.at,
                elapsed=entry.elapsed,
                latency=entry.service_time,
                status=entry.response.status or None,
                gave_up=None,
                accounts=_accounts(entry),
            )


def _accounts(entry: Entry) -> tuple[int, ...]:
    """Return the requested accounts; empty if the body is missing or can't be read."""
    media_type = entry.request.media_type or None
    try:
        decoded = decode(calls.operation(), media_type, entry.request.body or b"", NO_LIMIT)
    except Rejected:
        return ()
    return tuple(account.account_id for account in decoded.content.sync_user_accounts or ())


def _outcome(entry: Entry, call: Call | None) -> tuple[Outcome, Confidence | None]:
    status = entry.response.status
    if 400 <= status < 500:
        return "rejected", "certain"
    if call is None and 200 <= status < 300:
        return "served", "certain"
    if call is None or status != 204 or not call.accounts or call.latency is None:
        return UNKNOWN
    return _outcome_of_204(call.turned_away_confidence, call.latency)


def _outcome_of_204(
    turned_away: calls.Confidence | None, latency: float
) -> tuple[Outcome, Confidence | None]:
    """Return the likely outcome of a call that named accounts and got a 204."""
    if latency < TURNED_AWAY_LATENCY:  # claim busy-second: a call that is turned away takes longer
        return ("started", "high") if turned_away is None else UNKNOWN
    if latency >= MAX_TURNED_AWAY_LATENCY:  # it waited for a run, its own or another
        return UNKNOWN
    return ("turned_away", "high" if turned_away is calls.Confidence.HIGH else "medium")
