"""Assertions about the traffic of a tenant, and the messages that explain why they fail."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from superoffice_contract.control.answers import AccountState, Exchange, Run, attempts_of
from superoffice_contract.lost_accounts import Attempt, Confidence, LostAccount, find_lost_accounts
from superoffice_contract.messages import shorten
from superoffice_mock.errors import ExpectationFailed

MAX_LINES: Final = 30
"""Exchanges that a timeline shows; if there are more, the newest."""
MAX_SPANS: Final = 12
"""Account ids, or spans of them such as 501-510, that a list shows."""
MAX_NEAREST: Final = 3
"""Missing accounts for which a message names the nearest call."""
NEVER: Final = "0001-01-01T00:00:00"
"""LastFetch of an account that was never synced."""
_NOT_LET_IN: Final = (401, 403)
_TIMED_OUT: Final = "expected "
"""How the reason of `requests/wait` begins if its time was over."""


class Traffic(msgspec.Struct, frozen=True):
    """The exchanges of a tenant, oldest first, its runs and accounts; *forgotten* counts exchanges.

    Assertions that count calls, or that rule some out, fail if exchanges are forgotten.
    """

    requests: Sequence[Exchange]
    runs: Sequence[Run] = ()
    accounts: Sequence[AccountState] = ()
    forgotten: int = 0

    @property
    def pending(self) -> list[Exchange]:
        """The calls that have not been answered yet."""
        return [call for call in self.requests if call.pending]

    @property
    def undecided_calls(self) -> list[Exchange]:
        """The replayed calls that may have started a run; their recording does not say."""
        return [call for call in self.requests if call.is_undecided]

    @property
    def covered(self) -> set[int]:
        """The accounts that a run has synced, with success or not, or that one will sync.

        The state of the tenant knows that of more runs than the journal does.
        """
        covered = {account for attempt in self.attempts for account in attempt.covered}
        covered.update(account for run in self.runs for account in run.covered)
        return covered | {
            account.id
            for account in self.accounts
            if account.synced_by is not None or account.syncing_by is not None
        }

    @property
    def attempts(self) -> list[Attempt]:
        """What the calls asked for, and what their runs cover."""
        return attempts_of(self.requests, self.runs)


def check_started(traffic: Traffic, accounts: Collection[int]) -> None:
    """Raise ExpectationFailed unless runs cover *accounts*; if empty, unless any run started."""
    __tracebackhide__ = True
    ids: object = accounts
    if isinstance(ids, str) or not isinstance(ids, Collection):
        raise TypeError(f"accounts={accounts!r}: expected ids, such as accounts=[507]")
    covered = traffic.covered
    uncertain = {account for call in traffic.undecided_calls for account in call.account_ids}
    missing = [account for account in dict.fromkeys(accounts) if account not in covered]
    not_synced = [account for account in missing if account not in uncertain]
    if not_synced:
        message = f"no run covers {_format_accounts(not_synced)}"
        raise _failure(message, traffic, _nearest_calls(not_synced, traffic))
    if missing:
        raise _unknown(f"whether a run covers {_format_accounts(missing)}", traffic)
    if (
        accounts
        or covered
        or traffic.runs
        or any(call.became == "started" for call in traffic.requests)
    ):
        return
    if traffic.undecided_calls:
        raise _unknown("whether a run was started", traffic)
    raise _failure("no run was started", traffic, [])


def check_turned_away(traffic: Traffic, times: int) -> None:
    """Raise ExpectationFailed unless exactly *times* calls were turned away."""
    __tracebackhide__ = True
    if times < 0:
        raise ValueError(f"times={times}: expected 0 or more")
    count = sum(call.became == "turned_away" for call in traffic.requests)
    if count <= times and traffic.undecided_calls:
        raise _unknown("how many calls were turned away", traffic)
    if count != times or traffic.pending or traffic.forgotten:
        calls = "1 call was" if count == 1 else f"{count} calls were"
        message = f"{calls} turned away, expected {times}"
        raise _failure(message, traffic, _latest_miss(traffic) if count < times else [])


def check_no_lost_accounts(traffic: Traffic) -> None:
    """Raise ExpectationFailed if an account is lost, or may be because its call is in flight."""
    __tracebackhide__ = True
    candidates = find_lost_accounts(traffic.attempts)
    lost_accounts = [lost for lost in candidates if lost.confidence > Confidence.UNKNOWN]
    ids = [lost.account for lost in lost_accounts or candidates]
    are, pronoun = ("is", "it") if len(ids) == 1 else ("are", "them")
    if lost_accounts:
        message = f"{_format_accounts(ids)} {are} lost: answered 204, and no run covers {pronoun}"
        details = [*_last_fetches(lost_accounts, traffic), *_last_calls(lost_accounts, traffic)]
        raise _failure(message, traffic, details)
    if candidates:
        raise _unknown(f"whether {_format_accounts(ids)} {are} lost", traffic)
    if traffic.pending or traffic.forgotten:
        raise _failure("whether accounts are lost is not known yet", traffic, [])


def check_no_violations(traffic: Traffic) -> None:
    """Raise ExpectationFailed if a call broke the contract, or was odd though allowed."""
    __tracebackhide__ = True
    lines = list(violations(traffic))
    if lines or traffic.pending or traffic.forgotten:
        count = f"{len(lines)} found" if lines else "not known yet"
        raise _failure(f"violations of the contract: {count}", traffic, lines)


def wait_failure(
    traffic: Traffic, expected: str, seconds: float, count: int, reason: str | None
) -> ExpectationFailed:
    """Return the error of a wait that got *count* requests, or ended early for a *reason*."""
    cause = "" if reason is None or reason.startswith(_TIMED_OUT) else f": {reason}"
    return _failure(f"expected {expected} within {seconds:g} s, got {count}{cause}", traffic, [])


def violations(traffic: Traffic) -> Iterator[str]:
    """Yield a line for each violation and each rejected call; a 401 or 403 is not a violation."""
    for call in traffic.requests:
        for violation in call.violations:
            yield f"#{call.id}: {violation}"
        if call.outcome == "rejected" and call.status not in _NOT_LET_IN:
            yield f"#{call.id}: {call.status}: {call.reason}"


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
            f"{_format_ids(call.account_ids)}".rstrip(),
            _format_outcome(call),
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


def _failure(message: str, traffic: Traffic, details: Sequence[str]) -> ExpectationFailed:
    parts = [message, *details]
    if traffic.pending:
        calls = ", ".join(f"#{call.id}" for call in traffic.pending)
        parts.append(
            f"still in flight: {calls}; let it be answered (wait, or advance a frozen clock) "
            "before you look"
        )
    if traffic.forgotten:
        parts.append(forgotten_note(traffic))
    return ExpectationFailed("\n".join((*parts, "", timeline(traffic))))


def _unknown(fact: str, traffic: Traffic) -> ExpectationFailed:
    """Return the error of an assertion that a recording can neither confirm nor refute."""
    calls = ", ".join(f"#{call.id}" for call in traffic.undecided_calls)
    advice = (
        f"the recording does not say what became of {calls}; record again from the mock, which "
        'knows (record="all"), or add it to the file, as _mock.outcome of the entry'
    )
    return _failure(f"{fact} is not known", traffic, [advice])


def _nearest_calls(missing: Sequence[int], traffic: Traffic) -> list[str]:
    lines = []
    for account in missing[:MAX_NEAREST]:
        calls = [call for call in traffic.requests if account in call.account_ids]
        if calls:
            last = calls[-1]
            note = "".join(
                f"; run {run.id} was released before it had synced it"
                for run in traffic.runs
                if run.request == last.id and account in run.accounts
            )
            nearest = f"#{last.id} asked for it, {_format_outcome(last)}{note}"
            lines.append(f"nearest for {account}: {nearest}")
        else:
            accounts = {id_ for call in traffic.requests for id_ in call.account_ids}
            by_distance = sorted(accounts, key=lambda id_: abs(id_ - account))
            others = f"; they named {_format_accounts(by_distance)}" if accounts else ""
            lines.append(f"no call named account {account}{others}")
    return lines


def _latest_miss(traffic: Traffic) -> list[str]:
    """Return the call that came soonest after the end of a run, so that it was not turned away."""
    gaps = [
        ((call.at - run.ends_at).total_seconds(), call.id, run.id)
        for call in traffic.requests
        for run in traffic.runs
        if call.outcome == "started" and run.ends_at <= call.at and run.request != call.id
    ]
    if not gaps:
        return ["nearest: none; no call came during or after the run of another call"]
    gap, call, run = min(gaps)
    return [f"nearest: #{call} came {gap:.1f} s after run {run} had ended"]


def _last_fetches(lost_accounts: Sequence[LostAccount], traffic: Traffic) -> list[str]:
    """Return the LastFetch of the lost accounts that exist, in a line for those with the same."""
    by_id = {account.id: account for account in traffic.accounts if account.exists}
    seen: dict[str, list[int]] = {}
    for lost in lost_accounts:
        call, account = traffic.requests[lost.last_call], by_id.get(lost.account)
        if account is None or call.recorded is not None:
            continue  # the app can't have seen it
        if account.last_fetch is None:
            text = f"stayed at {NEVER} (never)"
        elif account.last_fetch <= call.at:
            text = f"stayed at {_format_fetch(account.last_fetch)}"
        else:
            fetch = _format_fetch(account.last_fetch)
            text = f"is {fetch}, of a run older than #{call.id}"
        seen.setdefault(text, []).append(lost.account)
    lines = [
        f"{_format_accounts(ids)}: {'its' if len(ids) == 1 else 'their'} LastFetch {text}"
        for text, ids in seen.items()
    ]
    omitted_count = len(lines) - MAX_SPANS
    return [*lines[:MAX_SPANS], *([f"and {omitted_count} more"] if omitted_count > 0 else [])]


def _format_fetch(moment: datetime) -> str:
    """Return *moment* as the API shows it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _last_calls(lost_accounts: Sequence[LostAccount], traffic: Traffic) -> list[str]:
    by_call: dict[int, list[int]] = {}
    for lost in lost_accounts:
        by_call.setdefault(lost.last_call, []).append(lost.account)
    calls = [(traffic.requests[index], accounts) for index, accounts in by_call.items()]
    return [
        f"#{call.id} asked last for {_format_accounts(accounts)}: {call.reason}"
        for call, accounts in calls
    ]


def _format_outcome(call: Exchange) -> str:
    outcome = call.outcome.replace("_", " ")
    reason = f": {call.reason}" if call.reason else ""
    hung_up = ", the client disconnected" if call.hung_up and "disconnected" not in reason else ""
    if call.status is None:
        return f"{outcome}{reason}{hung_up}"
    return f"{call.status} after {call.elapsed or 0:.1f} s{hung_up}, {outcome}{reason}"


def _format_accounts(accounts: Sequence[int]) -> str:
    return f"account{'' if len(accounts) == 1 else 's'} {_format_ids(accounts)}"


def _format_ids(accounts: Sequence[int]) -> str:
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
