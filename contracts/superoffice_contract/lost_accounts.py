"""Finds lost accounts: in a call answered 204, and no run of that or a later call covers them."""

from collections.abc import Sequence
from enum import IntEnum

import msgspec


class Confidence(IntEnum):
    """How certain it is that a call was turned away; *UNKNOWN*: nothing tells."""

    UNKNOWN = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CERTAIN = 4


class Attempt(msgspec.Struct, frozen=True):
    """A call that asked for *accounts*, and the accounts that its run *covered*.

    *confidence* says how certain it is that it covered no others.
    """

    accounts: Sequence[int]
    answered_204: bool
    covered: Sequence[int] = ()
    confidence: Confidence = Confidence.CERTAIN


class LostAccount(msgspec.Struct, frozen=True):
    """A lost account, and the index of the last call that asked for it and was answered 204."""

    account: int
    last_call: int
    confidence: Confidence


def find_lost_accounts(attempts: Sequence[Attempt]) -> list[LostAccount]:
    """Return the lost accounts of one tenant, in the order in which calls first asked for them.

    *attempts* are in the order of arrival. A loss is as certain as the least certain call, from the
    last call answered 204 on, that asked for the account.
    """
    lost: dict[int, LostAccount] = {}
    covered: set[int] = set()
    confidences: dict[int, Confidence] = {}
    for index, attempt in reversed([*enumerate(attempts)]):
        covered.update(attempt.covered)
        for account in set(attempt.accounts) - covered - lost.keys():
            confidence = min(attempt.confidence, confidences.get(account, Confidence.CERTAIN))
            confidences[account] = confidence
            if attempt.answered_204:
                lost[account] = LostAccount(account, index, confidence)
    requested = (attempt.accounts for attempt in attempts if attempt.answered_204)
    order = dict.fromkeys(account for accounts in requested for account in accounts)
    return [lost[account] for account in order if account in lost]
