"""Lost accounts: in a call answered 204, and no run of that or a later call covers them."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.control.answers import (
    Account,
    Exchange,
    RecordedOutcome,
    Run,
    Step,
    attempts_of,
)
from superoffice_contract.lost_accounts import Attempt, Confidence, find_lost_accounts

ACCOUNTS = st.lists(st.integers(1, 4), max_size=3)
ATTEMPTS = st.builds(Attempt, ACCOUNTS, st.booleans(), ACCOUNTS, st.sampled_from(Confidence))
UNKNOWN, LOW, MEDIUM, HIGH, CERTAIN = Confidence
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@given(st.lists(ATTEMPTS, max_size=7))
def test_lost_accounts_follow_the_definition(attempts: list[Attempt]) -> None:
    expected = {}
    for index, attempt in enumerate(attempts):
        later = attempts[index:]
        for account in attempt.accounts if attempt.answered_204 else ():
            if not any(account in other.covered for other in later):
                doubts = [other.confidence for other in later if account in other.accounts]
                expected[account] = index, min(doubts)
    lost = find_lost_accounts(attempts)
    assert {loss.account: (loss.last_call, loss.confidence) for loss in lost} == expected
    requested = [account for each in attempts if each.answered_204 for account in each.accounts]
    order = [loss.account for loss in lost]
    assert order == sorted(expected, key=requested.index)


# ---- in the journal of a mock ----------------------------------------------------------------


def exchange(outcome: str, *accounts: int, **more: Any) -> Exchange:
    """Return the only call of a journal, answered 204 unless *more* says otherwise."""
    members = {"operation": "SyncEmailAccounts", "status": 204, **more}
    named = tuple(map(Account, accounts))
    return Exchange(1, NOW, "POST", "/", outcome, accounts=named, **members)


def replayed(outcome: str, confidence: str | None = None, **more: Any) -> Exchange:
    return exchange("replayed", 7, recorded=RecordedOutcome(outcome, confidence), **more)


def run_of(*steps: tuple[int, str]) -> Run:
    """Return the run of the call, with these accounts and their states."""
    task = tuple(Step(account, NOW, NOW, state) for account, state in steps)
    return Run(1, 1, "ended", tuple(account for account, _ in steps), NOW, NOW, (task,))


SYNCED, CUT_SHORT = "synced", "cut short"
JOURNALS: dict[str, tuple[Exchange, list[Run], dict[int, Confidence]]] = {
    "started": (exchange("started", 7), [run_of((7, "waiting"))], {}),
    "turned away": (exchange("turned_away", 7), [], {7: CERTAIN}),
    "release() cut its run short": (
        exchange("started", 7, 8),
        [run_of((7, SYNCED), (8, CUT_SHORT))],
        {8: CERTAIN},
    ),
    "listed twice, and release() came between": (
        exchange("started", 7, 7),
        [run_of((7, SYNCED), (7, CUT_SHORT))],
        {7: CERTAIN},
    ),
    "in flight": (exchange("pending", 7, status=None), [], {}),
    "a fault that did not answer 204": (exchange("faulted", 7, status=503), [], {}),
    "a recorded run": (replayed("started", "high"), [], {}),
    "turned away, says the recording": (replayed("turned_away"), [], {7: CERTAIN}),
    "turned away, as the recorder estimated": (replayed("turned_away", "medium"), [], {7: MEDIUM}),
    "not recorded what became of it": (replayed("unknown"), [], {7: UNKNOWN}),
    "refused when it was recorded": (replayed("unknown", status=401), [], {}),
}


def test_the_journal_of_a_mock_says_which_accounts_are_lost() -> None:
    for name, (call, runs, expected) in JOURNALS.items():
        lost = find_lost_accounts(attempts_of([call], runs))
        assert {loss.account: loss.confidence for loss in lost} == expected, name
