"""The traffic of a tenant as text: a line for each exchange, and lists of accounts."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from superoffice_contract.control.answers import Exchange
from superoffice_contract.messages import shorten
from superoffice_contract.verdict.traffic import Traffic

MAX_LINES: Final = 30
"""Exchanges that a timeline shows; if there are more, the newest."""
MAX_SPANS: Final = 12
"""Account ids, or spans of them such as 501-510, that a list shows."""


def timeline(traffic: Traffic) -> str:
    """Return a line for each exchange: when, what, how it was answered and what really happened."""
    if not traffic.requests:
        return "No request has reached this tenant. Does the app call its URL?"
    newest = traffic.requests[-MAX_LINES:]
    omitted_count = traffic.forgotten + len(traffic.requests) - len(newest)
    start = traffic.requests[0].at
    rows = [
        (
            f"#{call.id}",
            f"{(call.at - start).total_seconds():+.1f} s",
            f"{shorten(call.method)} {call.operation or shorten(call.path)} "
            f"{format_ids(call.account_ids)}".rstrip(),
            format_outcome(call),
        )
        for call in newest
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True))
        for row in rows
    ]
    note = [f"({omitted_count} older ones are not shown)"] if omitted_count else []
    return "\n".join(("What reached the mock:", *note, *lines))


def forgotten_note(traffic: Traffic) -> str:
    """Return how many requests the journal has dropped, and how to keep them."""
    count = traffic.forgotten
    requests = "1 request was" if count == 1 else f"{count} requests were"
    return f"not known: {requests} forgotten; raise journal-exchanges"


def format_outcome(call: Exchange) -> str:
    """Return how *call* was answered, and what really happened."""
    outcome = call.outcome.replace("_", " ")
    reason = f": {call.reason}" if call.reason else ""
    hung_up = ", the client disconnected" if call.hung_up and "disconnected" not in reason else ""
    if call.status is None:
        return f"{outcome}{reason}{hung_up}"
    return f"{call.status} after {call.elapsed or 0:.1f} s{hung_up}, {outcome}{reason}"


def format_accounts(accounts: Sequence[int]) -> str:
    """Return `account 507`, `accounts 501-510`."""
    return f"account{'' if len(accounts) == 1 else 's'} {format_ids(accounts)}"


def format_ids(accounts: Sequence[int]) -> str:
    """Return *accounts* as a list with spans, such as `501-510, 512`."""
    spans = list(_spans(accounts))
    texts = [
        f"{span[0]}-{span[-1]}" if len(span) > 2 else ", ".join(map(str, span))
        for span in spans[:MAX_SPANS]
    ]
    omitted_count = sum(len(span) for span in spans[MAX_SPANS:])
    return ", ".join((*texts, f"and {omitted_count} more") if omitted_count else texts)


def _spans(accounts: Sequence[int]) -> Iterator[range]:
    """Yield *accounts* in their order, neighbours together: 501, 502, 503 is one span."""
    first = 0
    for place in range(1, len(accounts) + 1):
        if place == len(accounts) or accounts[place] != accounts[place - 1] + 1:
            yield range(accounts[first], accounts[place - 1] + 1)
            first = place


def count_calls(traffic: Traffic) -> str:
    """Return how many requests there were, by what became of them."""
    return count_requests(Counter(call.became for call in traffic.requests))


def count_requests(by_outcome: Mapping[str, int], where: str = "") -> str:
    """Return how many requests there were, *where* they were, and the number of each outcome."""
    total = sum(by_outcome.values())
    if not total:
        return "no request"
    parts = [f"{count} {outcome.replace('_', ' ')}" for outcome, count in by_outcome.items()]
    return f"{total} request{'' if total == 1 else 's'}{where}: {', '.join(parts)}"
