"""The journal: the bounded list of exchanges, where the truth is told."""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, Literal, Protocol, get_args

import msgspec

from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.faults import Fault
from superoffice_mock.core.lease import (
    Ask,
    Delayed,
    Refused,
    Replayed,
    Served,
    Started,
    TurnedAway,
    Verdict,
    reason,
)
from superoffice_mock.core.sync_run import ExchangeId, Instant, SyncRun, TenantId

Outcome = Literal[
    "started",
    "turned_away",
    "served",
    "rejected",
    "faulted",
    "replayed",
    "crashed",
    "pending",
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
MAX_VIOLATIONS: Final = 20
OVERHEAD: Final = 1_000
"""Bytes that an exchange takes beside what the caller sent; a generous estimate."""

OUTCOME_OF: Final[Mapping[type, str]] = {
    Started: "started",
    TurnedAway: "turned_away",
    Served: "served",
    Replayed: "replayed",
    Ask: "pending",
    Delayed: "pending",
    Refused: "rejected",
}


class Head(msgspec.Struct, frozen=True):
    """What is kept of the head of a request: headers, secrets replaced, and how long they are."""

    headers: tuple[tuple[str, str], ...] = ()
    weight: int = 0
    content_type: str | None = None


NO_HEAD: Final = Head()


class Exchange(msgspec.Struct, eq=False):
    """One request with its answer, verdict and timing; filled in while it is handled.

    `body` is kept as received and decoded again when somebody looks. The reason is that of the
    verdict, unless `told` is another. `weighed` is what the journal has counted.
    *astray*: the call reached no tenant; `tenant` only keeps it.
    """

    id: ExchangeId
    tenant: TenantId
    method: str
    path: str
    at: Instant
    real_at: int
    operation: str | None = None
    head: Head = NO_HEAD
    body: bytes = b""
    principal: Principal | None = None
    select: tuple[str, ...] | None = None
    verdict: Verdict | None = None
    status: int | None = None
    elapsed: int | None = None
    elapsed_real: int | None = None
    hung_up: bool = False
    fault: Fault | None = None
    told: str | None = None
    crash: str | None = None
    astray: bool = False
    violations: tuple[str, ...] = ()
    weighed: int = 0

    @property
    def outcome(self) -> str:
        """Return one of `OUTCOMES`: `pending` until the answer is on its way.

        A call that a fault ends is `faulted` as soon as it is struck: some get no answer.
        """
        if self.crash is not None:
            return "crashed"
        if self.fault is not None and self.fault.answers:
            return "faulted"
        # A connection that breaks again, as it was recorded, has no status.
        answered = self.elapsed if isinstance(self.verdict, Replayed) else self.status
        if answered is None:
            return "pending"
        if self.verdict is not None:
            return OUTCOME_OF[type(self.verdict)]
        return "rejected" if (self.status or 0) >= 400 else "served"

    @property
    def reason(self) -> str | None:
        """What happened and why, in words; None as long as nothing did."""
        if self.told is None and self.status is not None and self.verdict is not None:
            return reason(self.verdict)
        return self.told

    @property
    def run(self) -> SyncRun | None:
        """The run that this call started."""
        return self.verdict.run if isinstance(self.verdict, Started) else None

    @property
    def weight(self) -> int:
        """Bytes that the journal counts for this exchange."""
        accounts = len(self.verdict.run.accounts) * 4 if isinstance(self.verdict, Started) else 0
        selected = 0 if self.select is None else sum(map(len, self.select))
        sent = len(self.body) + len(self.path) + self.head.weight + selected
        return OVERHEAD + sent + accounts


class Watcher(Protocol):
    """Somebody who waits for exchanges of one tenant."""

    def told(self, exchange: Exchange) -> None:
        """Look at *exchange*: it has arrived, or it is complete."""

    def dismissed(self, reason: str) -> None:
        """Wait no longer, because of *reason*."""


class _Shelf(msgspec.Struct):
    """The exchanges of one tenant, whose ids have no gap, and how many it ever had."""

    exchanges: deque[Exchange] = msgspec.field(default_factory=deque)
    last_id: int = 0
    forgotten: int = 0


class Journal:
    """All exchanges of all tenants: at most *per_tenant* of each, at most *max_bytes* in all.

    The oldest goes first. What a tenant lost that way is counted in `forgotten`.
    """

    def __init__(self, per_tenant: int, max_bytes: int) -> None:
        self._per_tenant = per_tenant
        self._max_bytes = max_bytes
        self._shelves: dict[TenantId, _Shelf] = {}
        self._by_age: OrderedDict[Exchange, None] = OrderedDict()
        self._bytes = 0
        self._watchers: dict[TenantId, list[Watcher]] = {}

    def arrived(
        self, tenant: TenantId, method: str, path: str, at: Instant, real_at: int
    ) -> Exchange:
        """Note an arrival and return its exchange, still pending."""
        shelf = self._shelf(tenant)
        shelf.last_id += 1
        exchange = Exchange(ExchangeId(shelf.last_id), tenant, method, path, at, real_at)
        shelf.exchanges.append(exchange)
        self._by_age[exchange] = None
        if len(shelf.exchanges) > self._per_tenant:
            self._forget(shelf)
        self._weigh(exchange, OVERHEAD + len(path))
        if self._watchers:
            self._tell(exchange)
        return exchange

    def finished(self, exchange: Exchange) -> None:
        """Weigh *exchange* again now that it is complete, and make room if it has grown."""
        if exchange in self._by_age:
            self._weigh(exchange, exchange.weight)
            if self._watchers:
                self._tell(exchange)

    @contextmanager
    def watched(self, tenant: TenantId, watcher: Watcher) -> Iterator[None]:
        """Tell *watcher* of the exchanges of *tenant*, until the block ends."""
        watchers = self._watchers.setdefault(tenant, [])
        watchers.append(watcher)
        try:
            yield
        finally:
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[tenant]

    def watchers(self, tenant: TenantId) -> tuple[Watcher, ...]:
        """Return who watches *tenant* now."""
        return tuple(self._watchers.get(tenant, ()))

    def exchanges(self, tenant: TenantId) -> Iterator[Exchange]:
        """Yield what is kept of *tenant*, oldest first."""
        shelf = self._shelves.get(tenant)
        return iter(tuple(shelf.exchanges) if shelf else ())

    def exchange(self, tenant: TenantId, id_: ExchangeId) -> Exchange | None:
        """Return one exchange of *tenant*, or None if it is unknown or forgotten."""
        shelf = self._shelves.get(tenant)
        if shelf is None or not shelf.exchanges:
            return None
        place = id_ - shelf.exchanges[0].id
        return shelf.exchanges[place] if 0 <= place < len(shelf.exchanges) else None

    def last_id(self, tenant: TenantId) -> ExchangeId:
        """Return the id of the last exchange that *tenant* ever had; 0 before its first."""
        shelf = self._shelves.get(tenant)
        return ExchangeId(0 if shelf is None else shelf.last_id)

    def forgotten(self, tenant: TenantId) -> int:
        """Return how many exchanges of *tenant* had to go for newer ones."""
        shelf = self._shelves.get(tenant)
        return 0 if shelf is None else shelf.forgotten

    def clear(self, tenant: TenantId) -> None:
        """Drop all exchanges of *tenant*; its ids go on: an old one never names a new exchange."""
        shelf = self._shelf(tenant)
        while shelf.exchanges:
            self._forget(shelf)
        shelf.forgotten = 0

    def remove(self, tenant: TenantId) -> None:
        """Drop all that is known of *tenant*, which is gone."""
        self.clear(tenant)
        del self._shelves[tenant]

    def _tell(self, exchange: Exchange) -> None:
        for watcher in self.watchers(exchange.tenant):
            watcher.told(exchange)

    def _shelf(self, tenant: TenantId) -> _Shelf:
        shelf = self._shelves.get(tenant)
        if shelf is None:
            shelf = self._shelves[tenant] = _Shelf()
        return shelf

    def _weigh(self, exchange: Exchange, weight: int) -> None:
        self._bytes += weight - exchange.weighed
        exchange.weighed = weight
        while self._bytes > self._max_bytes:
            oldest = next(iter(self._by_age))
            self._forget(self._shelves[oldest.tenant])

    def _forget(self, shelf: _Shelf) -> None:
        exchange = shelf.exchanges.popleft()
        del self._by_age[exchange]
        self._bytes -= exchange.weighed
        shelf.forgotten += 1
