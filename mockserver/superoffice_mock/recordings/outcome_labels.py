"""Estimates the outcome of recorded calls from the traffic alone, each with a confidence.

A call that is turned away gets the same 204 as a call that starts a run, one second later. Where
the traffic does not decide, the outcome is `unknown`.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from superoffice_contract import lost_accounts
from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.grading import behaviour
from superoffice_contract.grading.calls import BUSY_SECOND, ONLINE_TENANT, Call, until_response
from superoffice_contract.har import times_are_exact
from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Description, Operation
from superoffice_contract.openapi.paths import PathMatch
from superoffice_contract.operations import registry
from superoffice_mock.errors import Rejected
from superoffice_mock.recordings.model import Confidence, Entry, Outcome, RecordedRequest, Recording
from superoffice_mock.wire.query import read_query

UNKNOWN: Final[tuple[Outcome, Confidence | None]] = ("unknown", None)


def tenant_of(url: str, description: Description | None = None) -> str | None:
    """Return the tenant that *url* addresses; None if *description* (default: ours) lacks it."""
    match = _find_path(url, description or operations.load())
    return None if match is None else _tenant(match)


def _find_path(url: str, description: Description) -> PathMatch | None:
    return description.paths.find_end(unquote(urlsplit(url).path))


def _tenant(match: PathMatch) -> str | None:
    """Return the tenant in front of the described path; None if a parameter may be the tenant."""
    if match.parameters:
        return None
    segment = match.first_segment
    return segment.capitalize() if ONLINE_TENANT.fullmatch(segment) else "onsite"


def add_labels(recording: Recording, description: Description | None = None) -> Recording:
    """Return *recording* in the order of arrival, each entry labelled with its likely outcome.

    Where times do not tell the order, it is that of the file.
    """
    has_times = times_are_exact([entry.at for entry in recording.entries])
    entries = sorted(
        recording.entries,
        key=lambda entry: (entry.label.arrival or 0, (has_times and entry.at) or 0.0),
    )
    calls = [*_calls(entries, description or operations.load(), has_times=has_times)]
    estimates = {call.id: call for call in behaviour.estimate_turned_away(calls)}
    return replace(
        recording,
        entries=tuple(
            _with_outcome(entry, estimates.get(f"{index}")) for index, entry in enumerate(entries)
        ),
    )


def _with_outcome(entry: Entry, call: Call | None) -> Entry:
    outcome, confidence = _outcome(entry, call)
    return replace(entry, label=replace(entry.label, outcome=outcome, confidence=confidence))


def _calls(
    entries: Iterable[Entry], description: Description, *, has_times: bool
) -> Iterator[Call]:
    for index, entry in enumerate(entries):
        request, match = entry.request, _find_path(entry.request.url, description)
        if match is None:
            continue
        operation = description.operations.get((request.method, match.template))
        if operation is not None and operation.name in registry.THROTTLED:
            yield Call(
                id=f"{index}",
                time="",
                tenant=_tenant(match) or "",
                method=request.method,
                path=urlsplit(request.url).path,
                at=entry.at if has_times else None,
                elapsed=until_response(entry.elapsed, entry.receive_time),
                latency=until_response(entry.service_time, entry.receive_time),
                status=entry.response.status or None,
                gave_up=None,
                accounts=_accounts(request, operation),
            )


def _accounts(request: RecordedRequest, operation: Operation) -> tuple[int, ...]:
    raw, content = request.body or b"", None
    try:
        query = read_query(urlsplit(request.url).query.encode(), operation.query)
        if operation.bodies and (raw or operation.body_required):
            content = decode(operation.bodies, request.media_type or None, raw).content
    except (InvalidBody, Rejected):
        return ()
    named_accounts = registry.ACCOUNTS[operation.name](content, query.values)
    return tuple(account.id for account in named_accounts)


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
    turned_away: lost_accounts.Confidence | None, latency: float
) -> tuple[Outcome, Confidence | None]:
    if latency < BUSY_SECOND[0]:  # claim busy-second: a call that is turned away takes longer
        return ("started", "high") if turned_away is None else UNKNOWN
    if latency >= BUSY_SECOND[1]:  # it waited for a run, its own or another
        return UNKNOWN
    return ("turned_away", "high" if turned_away is lost_accounts.Confidence.HIGH else "medium")
