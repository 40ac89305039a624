"""What a test may expect of the traffic, and the words for when it did not happen."""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from superoffice_mock.errors import ExpectationFailed
from superoffice_mock.testing.lost_accounts import Lost, Traffic, doubtful, lost
from superoffice_mock.testing.models import Exchange

MOST_SHOWN: Final = 30
"""Exchanges that a timeline shows; of more, the newest."""
MOST_SPANS: Final = 12
"""Account ids, or spans of them such as 501-510, that are told."""
MOST_NEAR: Final = 3
"""Near misses that are told."""

_NOT_LET_IN: Final = (401, 403)


# ---- expectations ----------------------------------------------------------------------------


def started(traffic: Traffic, accounts: Collection[int]) -> None:
    """Raise ExpectationFailed unless some run covers each of *accounts*; empty: unless any ran."""
    __tracebackhide__ = True
    _check_ids(accounts)
    covered, unsure = traffic.covered, doubtful(traffic)
    missing = [account for account in dict.fromkeys(accounts) if account not in covered]
    gone = [account for account in missing if account not in unsure]
    if gone:
        raise _failed(f"no run covers {_ids(gone)}", traffic, _near(gone, traffic))
    if missing:
        raise _untold(f"whether a run covers {_ids(missing)}", traffic)
    if accounts or traffic.runs or any(one.became == "started" for one in traffic.requests):
        return
    if traffic.untold:
        raise _untold("whether a run was started", traffic)
    raise _failed("no run was started", traffic, [])


def turned_away(traffic: Traffic, times: int) -> None:
    """Raise ExpectationFailed unless exactly *times* calls were turned away."""
    __tracebackhide__ = True
    if times < 0:
        msg = f"times={times}: expected 0 or more"
        raise ValueError(msg)
    found = [one for one in traffic.requests if one.became == "turned_away"]
    if len(found) <= times and traffic.untold:
        raise _untold("how many calls were turned away", traffic)
    if len(found) != times or traffic.pending or traffic.forgotten:
        told = f"{_calls(len(found))} turned away, expected {times}"
        raise _failed(told, traffic, _just_missed(traffic) if len(found) < times else [])


def no_lost_accounts(traffic: Traffic) -> None:
    """Raise ExpectationFailed if an account is lost, or may be: its call is in flight."""
    __tracebackhide__ = True
    unsure, may_be = doubtful(traffic), list(lost(traffic))
    gone = [one for one in may_be if unsure.get(one.account, 0) < one.exchange.id]
    if gone:
        are, them = ("is", "it") if len(gone) == 1 else ("are", "them")
        ids = _ids([one.account for one in gone])
        told = f"{ids} {are} lost: answered 204, and no run covers {them}"
        raise _failed(told, traffic, _lost_lines(gone))
    if may_be:
        ids = _ids([one.account for one in may_be])
        raise _untold(f"whether {ids} {'is' if len(may_be) == 1 else 'are'} lost", traffic)
    if traffic.pending or traffic.forgotten:
        raise _failed("whether accounts are lost is not known yet", traffic, [])


def no_violations(traffic: Traffic) -> None:
    """Raise ExpectationFailed if a call broke the contract, or was odd though allowed."""
    __tracebackhide__ = True
    found = list(violations(traffic))
    if found or traffic.pending or traffic.forgotten:
        told = "not known yet" if not found else f"{len(found)} found"
        raise _failed(f"violations of the contract: {told}", traffic, found)


def in_vain(traffic: Traffic, wanted: str, reason: str | None) -> ExpectationFailed:
    """Return the error of a wait for *wanted* that was in vain because of *reason*."""
    return _failed(f"waited for {wanted} in vain: {reason}", traffic, [])


# ---- findings --------------------------------------------------------------------------------


def violations(traffic: Traffic) -> Iterator[str]:
    """Yield, for people, what calls did that is odd or broke the contract; no sign-in did."""
    for one in traffic.requests:
        for violation in one.violations:
            yield f"#{one.id}: {violation}"
        if one.outcome == "rejected" and one.status not in _NOT_LET_IN:
            yield f"#{one.id}: {one.status}: {one.reason}"


# ---- words -----------------------------------------------------------------------------------


def timeline(traffic: Traffic) -> str:
    """Return the exchanges as lines: when, what, how it was answered and what really happened."""
    if not traffic.requests:
        return "No request has reached this tenant. Does the app call its URL?"
    shown = traffic.requests[-MOST_SHOWN:]
    left_out = traffic.forgotten + len(traffic.requests) - len(shown)
    first = traffic.requests[0].at
    rows = [
        (f"#{one.id}", f"{(one.at - first).total_seconds():+.1f} s", _asked(one), _told(one))
        for one in shown
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, (*widths, 0), strict=True))
        for row in rows
    ]
    head = [f"({left_out} older ones are not shown)"] if left_out else []
    return "\n".join(("What reached the mock:", *head, *lines))


def _check_ids(accounts: object) -> None:
    if isinstance(accounts, str) or not isinstance(accounts, Collection):
        msg = f"accounts={accounts!r}: expected ids, such as accounts=[507]"
        raise TypeError(msg)


def forgotten(traffic: Traffic) -> str:
    """Say what the journal has dropped, and how to keep it."""
    count = traffic.forgotten
    told = "1 request was" if count == 1 else f"{count} requests were"
    return f"not known: {told} forgotten; raise journal-exchanges"


def _failed(told: str, traffic: Traffic, details: Sequence[str]) -> ExpectationFailed:
    parts = [told, *details]
    if traffic.pending:
        flying = ", ".join(f"#{one.id}" for one in traffic.pending)
        parts.append(
            f"still in flight: {flying}; let it be answered (wait, or advance a frozen clock) "
            "before you look"
        )
    if traffic.forgotten:
        parts.append(forgotten(traffic))
    return ExpectationFailed("\n".join((*parts, "", timeline(traffic))))


def _untold(what: str, traffic: Traffic) -> ExpectationFailed:
    """Return the error of an expectation that a recording can neither meet nor fail."""
    calls = ", ".join(f"#{one.id}" for one in traffic.untold)
    todo = (
        f"this recording can't tell: it does not say what became of {calls}; record anew from the "
        'mock, which knows (record="all"), or write it into the file, as _mock.outcome of the entry'
    )
    return _failed(f"{what} is not known", traffic, [todo])


def _near(missing: Sequence[int], traffic: Traffic) -> list[str]:
    """Say for each of *missing*, or for the first, how near a call came to a run for it."""
    lines = []
    for account in missing[:MOST_NEAR]:
        asking = traffic.asking_for(account)
        if asking:
            last = asking[-1]
            cut = "".join(
                f"; run {run.id} was released before it had synced it"
                for run in traffic.runs
                if run.request == last.id and account in run.accounts
            )
            lines.append(f"nearest for {account}: #{last.id} asked for it, {_told(last)}{cut}")
        else:
            lines.append(f"nearest for {account}: {_nobody(account, traffic)}")
    return lines


def _nobody(account: int, traffic: Traffic) -> str:
    asked = {one for exchange in traffic.requests for one in exchange.account_ids}
    if not asked:
        return "no call asked for any account"
    return f"no call asked for it, but {_ids(sorted(asked, key=lambda one: abs(one - account)))}"


def _just_missed(traffic: Traffic) -> list[str]:
    """Say which call came soonest after a run had ended, and so was let in."""
    gaps = [
        ((one.at - run.ends_at).total_seconds(), one.id, run.id)
        for one in traffic.requests
        for run in traffic.runs
        if one.outcome == "started" and run.ends_at <= one.at and run.request != one.id
    ]
    if not gaps:
        return ["nearest: no call came while another run had the lease, nor after one"]
    gap, call, run = min(gaps)
    return [f"nearest: #{call} came {gap:.1f} s after run {run} had ended"]


def _lost_lines(gone: Sequence[Lost]) -> list[str]:
    by_call: dict[int, list[Lost]] = {}
    for one in gone:
        by_call.setdefault(one.exchange.id, []).append(one)
    return [
        f"#{id_} asked last for {_ids([one.account for one in those])}: {those[0].exchange.reason}"
        for id_, those in by_call.items()
    ]


def _asked(one: Exchange) -> str:
    what = one.operation or one.path
    return f"{one.method} {what} {_list(one.account_ids)}".rstrip()


def _told(one: Exchange) -> str:
    outcome = one.outcome.replace("_", " ")
    why = f": {one.reason}" if one.reason else ""
    says_so = "the caller hung up" in (one.reason or "")
    gone = ", the caller hung up" if one.hung_up and not says_so else ""
    if one.status is None:
        return f"{outcome}{why}{gone}"
    return f"{one.status} after {one.elapsed or 0:.1f} s{gone}, {outcome}{why}"


def _ids(accounts: Sequence[int]) -> str:
    return f"account{'' if len(accounts) == 1 else 's'} {_list(accounts)}"


def _list(accounts: Sequence[int]) -> str:
    spans = list(_spans(accounts))
    told = [_span(one) for one in spans[:MOST_SPANS]]
    left_out = sum(len(one) for one in spans[MOST_SPANS:])
    return ", ".join((*told, f"and {left_out} more") if left_out else told)


def _spans(accounts: Sequence[int]) -> Iterator[range]:
    """Yield *accounts* in their order, neighbours together: 501, 502, 503 is one span."""
    first = 0
    for place in range(1, len(accounts) + 1):
        if place == len(accounts) or accounts[place] != accounts[place - 1] + 1:
            yield range(accounts[first], accounts[place - 1] + 1)
            first = place


def _span(span: range) -> str:
    return f"{span[0]}-{span[-1]}" if len(span) > 2 else ", ".join(map(str, span))


def _calls(count: int) -> str:
    return "1 call was" if count == 1 else f"{count} calls were"
