"""A small partner app: it keeps the mail accounts of a customer synced, each once an hour.

Cron calls `tick` every minute; the button on the web page calls `sync_now`, perhaps at that very
moment. `NaiveSync` believes the answer. `CarefulSync` knows what the vendor's page says.
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
    """Asks for what is due, and takes a 204 for done."""

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
        """The accounts that wait for a sync, the longest waiting first."""
        now = self._clock()
        return [
            one for at, one in sorted((at, one) for one, at in self._due_at.items()) if at <= now
        ]

    def tick(self) -> None:
        """Cron: ask for everything that is due."""
        for batch in batches(self.due):
            self.ask(batch)

    def sync_now(self, account: int) -> None:
        """The button: ask for one account, now."""
        self._due_at[account] = 0.0
        self.ask([account])

    def ask(self, accounts: Sequence[int]) -> bool:
        """Ask for *accounts* and note which are synced; return whether they are."""
        try:
            synced = self._client.sync(accounts) == 204
        except OSError:
            synced = False
        if synced:
            self._due_at |= dict.fromkeys(accounts, self._clock() + EVERY)
        return synced


class CarefulSync(NaiveSync):
    """Takes only a quick 204 for done, and never gets into its own way.

    Who is turned away hears so a second later, and in no other way. So an answer that took that
    long may mean nothing was started: its accounts stay due. To ask once too often does no harm.
    """

    def __init__(
        self,
        client: SuperOfficeClient,
        accounts: Iterable[int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(client, accounts, clock)
        self._one_at_a_time = threading.Lock()

    def tick(self) -> None:
        """Cron: ask for one batch of what is due; while its run is active another is in vain."""
        for batch in batches(self.due[:BATCH]):
            self.ask(batch)

    def ask(self, accounts: Sequence[int]) -> bool:
        """Ask for *accounts*; they are synced if the answer was quick, else due again."""
        with self._one_at_a_time:
            asked_at = self._clock()
            try:
                answered = self._client.sync(accounts) == 204
            except (OSError, http.client.HTTPException):
                answered = False
            now = self._clock()
            synced = answered and now - asked_at < BUSY
            self._due_at |= dict.fromkeys(accounts, now + EVERY if synced else now)
            return synced


def batches(accounts: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield *accounts* in parts that fit into a call."""
    for start in range(0, len(accounts), BATCH):
        yield accounts[start : start + BATCH]
