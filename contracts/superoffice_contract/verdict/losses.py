"""The accounts that are lost, and what an app could have seen of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from superoffice_contract.lost_accounts import LostAccount
from superoffice_contract.verdict.timeline import MAX_SPANS, format_accounts
from superoffice_contract.verdict.traffic import Traffic

NEVER: Final = "0001-01-01T00:00:00"
"""LastFetch of an account that was never synced."""


def describe_losses(lost_accounts: Sequence[LostAccount]) -> str:
    """Return in a sentence which accounts are lost."""
    ids = [lost.account for lost in lost_accounts]
    are, pronoun = ("is", "it") if len(ids) == 1 else ("are", "them")
    return f"{format_accounts(ids)} {are} lost: answered 204, and no run covers {pronoun}"


def explain_losses(lost_accounts: Sequence[LostAccount], traffic: Traffic) -> list[str]:
    """Return the LastFetch of the lost accounts, and the last calls that asked for them."""
    return [*_last_fetches(lost_accounts, traffic), *_last_calls(lost_accounts, traffic)]


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
        f"{format_accounts(ids)}: {'its' if len(ids) == 1 else 'their'} LastFetch {text}"
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
        f"#{call.id} asked last for {format_accounts(accounts)}: {call.reason}"
        for call, accounts in calls
    ]
