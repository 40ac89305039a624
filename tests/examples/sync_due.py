"""Syncs mail accounts that are due, ten at most; cron starts it every minute.

`python sync_due.py trust` takes the 204 for done, `python sync_due.py look` looks at LastFetch.
The environment: SUPEROFFICE_URL, SUPEROFFICE_USER, SUPEROFFICE_PASSWORD; SYNC_PAUSE in seconds.
"""

import os
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx2

Account = dict[str, Any]
Sleep = Callable[[float], None]

AGENT = "api/v1/Agents/EMail/"
BATCH = 10  # accounts in a call


class Status(NamedTuple):
    """What a sync of an account changes. If it fails, the error count grows instead."""

    last_fetch: str
    error_count: int
    error_reason: str


class EMailAgent:
    """The calls that the app makes."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client

    def ready(self) -> list[Account]:
        """Return the accounts that are due, and that no sync under way has yet to do."""
        accounts: list[Account] = self._call("GetReadySyncEmailAccounts")
        return accounts

    def status(self, id_: int) -> Status | None:
        """Return the status of an account; None: it was deleted."""
        account = self._call("GetEMailAccount", eMailAccountId=id_)
        if account is None:
            return None
        return Status(account["LastFetch"], account["ErrorCount"], account["ErrorReason"])

    def sync(self, accounts: list[Account]) -> None:
        print("asked for", *(account["AccountId"] for account in accounts))
        self._call("SyncEmailAccounts", {"SyncUserAccounts": accounts})

    def _call(self, method: str, body: object = None, **query: int) -> Any:
        response = self._client.post(AGENT + method, json=body, params=query)
        response.raise_for_status()
        return response.json() if response.content else None


def trust(agent: EMailAgent) -> None:
    """Sync once. This app loses accounts: a call that is turned away gets the same 204."""
    agent.sync(agent.ready()[:BATCH])


def look(agent: EMailAgent, pause: float = 5.0, sleep: Sleep = time.sleep) -> None:
    """Sync, look, and ask again for the accounts that no sync has changed, until none is left."""
    batch = agent.ready()[:BATCH]
    left = {account["AccountId"]: agent.status(account["AccountId"]) for account in batch}
    while left:
        if batch:
            agent.sync(batch)
        sleep(pause)
        for id_, before in list(left.items()):
            status = agent.status(id_)
            if status is None or status != before:
                del left[id_]
                print(id_, "was deleted" if status is None else status.error_reason or "is synced")
        batch = [account for account in agent.ready() if account["AccountId"] in left]


def main() -> None:
    names = "SUPEROFFICE_URL", "SUPEROFFICE_USER", "SUPEROFFICE_PASSWORD"
    url, user, password = (os.environ[name] for name in names)
    with httpx2.Client(base_url=url, auth=(user, password), timeout=30) as client:
        if sys.argv[1:] == ["look"]:
            look(EMailAgent(client), float(os.environ.get("SYNC_PAUSE", "5")))
        else:
            trust(EMailAgent(client))


if __name__ == "__main__":
    main()
