"""Which generated requests are sent, with the clock as an argument."""

import math
from collections.abc import Callable
from typing import Any, Final

from superoffice_contract.fuzzing.selection import MAX_VALID, MAX_WRONG, Selection
from superoffice_contract.fuzzing.verdicts import GeneratedCase
from superoffice_contract.operations import sync_email_accounts

OPERATION: Final = sync_email_accounts.operation()
NO_LIST: Final = {"SyncUserAccounts": 5}
NO_NUMBER: Final = {"SyncUserAccounts": [{"AccountId": "5"}]}


def invalid(value: Any, method: str = "POST") -> GeneratedCase:
    return GeneratedCase(method, "application/json", value, is_valid=False)


VALID: Final = GeneratedCase("POST", "application/json", {}, is_valid=True)


def make_selection(
    *, is_slow: bool, max_seconds: float = math.inf, now: Callable[[], float] = lambda: 0.0
) -> Selection:
    return Selection(OPERATION, is_slow=is_slow, max_seconds=max_seconds, now=now)


def test_few_valid_calls_are_sent_where_each_takes_a_second() -> None:
    for is_slow, expected in ((True, MAX_VALID), (False, 20)):
        selection = make_selection(is_slow=is_slow)
        assert sum(selection.wants(VALID) for _ in range(20)) == expected


def test_what_is_wrongly_accepted_is_sent_until_that_is_settled() -> None:
    selection = make_selection(is_slow=True)
    for _ in range(MAX_WRONG):
        assert selection.wants(invalid(NO_LIST))
        selection.note(invalid(NO_LIST), 204)
    assert not selection.wants(invalid(NO_LIST))
    assert not selection.wants(invalid([]))
    assert selection.wants(invalid(NO_NUMBER))


def test_what_is_refused_is_always_sent() -> None:
    selection = make_selection(is_slow=True)
    for _ in range(20):
        assert selection.wants(invalid(NO_LIST))
        selection.note(invalid(NO_LIST), 400)


def test_what_a_written_check_sends_is_left_out() -> None:
    for is_slow in (True, False):
        selection = make_selection(is_slow=is_slow)
        assert not any(selection.wants(invalid(None, name)) for name in ("GET", "HEAD", "OPTIONS"))
        assert selection.wants(invalid(None, "TRACE"))


def test_the_time_is_over_after_its_seconds() -> None:
    clock = [100.0]
    limited, endless = (
        make_selection(is_slow=True, max_seconds=seconds, now=lambda: clock[0])
        for seconds in (5.0, math.inf)
    )
    assert not limited.is_over
    clock[0] += 5.1
    assert (limited.is_over, endless.is_over) == (True, False)
