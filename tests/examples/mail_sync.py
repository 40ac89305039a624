"""A small partner app that syncs the mail accounts of a customer, each once an hour.

Cron calls `tick` every minute; a button on a web page calls `sync_now`, maybe at the same time.
`NaiveSync` trusts the answer. `CarefulSync` takes into account what the vendor's page says.
"""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

CALL = "/api/v1/Agents/EMail/SyncEmailAccounts"
EVERY = 3600.0  # seconds from one sync of an account to the next
BATCH = 10  # accounts in a call
BUSY = 0.9  # seconds; the vendor: "if one is already active, we return after 1 second"


class SuperOfficeClient:
    """Calls SuperOffice at *url*, signed in by *headers*."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        self._parts = urlsplit(url)
        self._headers = {**headers, "Content-Type": "application/json"}

    def sync(self, accounts: Sequence[int]) -> int:
        """Ask for a sync of *accounts*; return the status."""
        body = {"SyncUserAccounts": [{"AccountId": account} for account in accounts]}
        connection = http.client.HTTPConnection(self._parts.netloc, timeout=10)
        try:
            connection.request("POST", self._parts.path + CALL, json.dumps(body), self._headers)
            return connection.getresponse().status
        finally:
            connection.close()


class NaiveSync:
    """Syncs what is due, and treats a 204 as success."""

    def __init__(
        self,
        client: SuperOfficeClient,
        accounts: Iterable[int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._clock = clock
        self._due_at = dict.fromkeys(accounts, 0.0)

    @property
    def due(self) -> list[int]:
        """The accounts that are due, the longest waiting first."""
        now = self._clock()
        by_time = sorted((at, account) for account, at in self._due_at.items())
        return [account for at, account in by_time if at <= now]

    def tick(self) -> None:
        """Sync everything that is due; called by cron."""
        for batch in batches(self.due):
            self.ask(batch)

    def sync_now(self, account: int) -> None:
        """Sync one account now; called by the button."""
        self._due_at[account] = 0.0
        self.ask([account])

    def ask(self, accounts: Sequence[int]) -> bool:
        """Ask for a sync of *accounts*; return whether they count as synced."""
        try:
            synced = self._client.sync(accounts) == 204
        except OSError:
            synced = False
        if synced:
            self._due_at |= dict.fromkeys(accounts, self._clock() + EVERY)
        return synced


class CarefulSync(NaiveSync):
    """Treats only a quick 204 as success, and makes one call at a time.

    A call that is turned away gets the same answer one second later. So an answer that took that
    long may mean that nothing was started: its accounts stay due. A sync too many does no harm.
    """

    def __init__(
        self,
        client: SuperOfficeClient,
        accounts: Iterable[int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client, accounts, clock)
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Sync one batch of what is due; a second call would come while its run is active."""
        for batch in batches(self.due[:BATCH]):
            self.ask(batch)

    def ask(self, accounts: Sequence[int]) -> bool:
        """Ask for a sync of *accounts*; they count as synced if the answer was quick."""
        with self._lock:
            called_at = self._clock()
            try:
                succeeded = self._client.sync(accounts) == 204
            except (OSError, http.client.HTTPException):
                succeeded = False
            now = self._clock()
            synced = succeeded and now - called_at < BUSY
            self._due_at |= dict.fromkeys(accounts, now + EVERY if synced else now)
            return synced


def batches(accounts: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield *accounts* in parts that fit into a call."""
    for start in range(0, len(accounts), BATCH):
        yield accounts[start : start + BATCH]
