"""The journal: the bounded list of exchanges, where the truth is told."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.lease import Ask, Served, Started, TurnedAway, Verdict
from superoffice_mock.core.model import ExchangeId, Instant, SyncRun, TenantId

OUTCOMES: Final = (
    "started",
    "turned_away",
    "served",
    "rejected",
    "crashed",
    "pending",
)
MAX_VIOLATIONS: Final = 20
OVERHEAD: Final = 1_000
"""Bytes that an exchange takes beside what the caller sent; a generous estimate."""

OUTCOME_OF: Final[Mapping[type, str]] = {
    Started: "started",
    TurnedAway: "turned_away",
    Served: "served",
    Ask: "pending",
}


class Exchange(msgspec.Struct, eq=False):
    """One request with its answer, verdict and timing; filled in while it is handled.

    `body` and `content_type` are kept as received and decoded again when somebody looks.
    *astray*: the call reached no tenant; `tenant` only keeps it.
    """

    id: ExchangeId
    tenant: TenantId
    method: str
    path: str
    at: Instant
    real_at: int
    operation: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str | None = None
    body: bytes = b""
    principal: Principal | None = None
    select: tuple[str, ...] | None = None
    verdict: Verdict | None = None
    status: int | None = None
    elapsed: int | None = None
    elapsed_real: int | None = None
    hung_up: bool = False
    reason: str | None = None
    crash: str | None = None
    astray: bool = False
    violations: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """Return one of `OUTCOMES`: `pending` until the answer is on its way."""
        if self.status is None:
            return "pending"
        if self.crash is not None:
            return "crashed"
        if self.verdict is not None:
            return OUTCOME_OF[type(self.verdict)]
        return "rejected" if self.status >= 400 else "served"

    @property
    def run(self) -> SyncRun | None:
        """The run that this call started."""
        return self.verdict.run if isinstance(self.verdict, Started) else None

    @property
    def weight(self) -> int:
        """Bytes that the journal counts for this exchange."""
        accounts = len(self.verdict.run.accounts) * 4 if isinstance(self.verdict, Started) else 0
        headers = sum(len(value) for _, value in self.headers)
        selected = sum(len(path) for path in self.select or ())
        return OVERHEAD + len(self.body) + len(self.path) + accounts + headers + selected


class _Shelf(msgspec.Struct):
    """The exchanges of one tenant, and how many it ever had."""

    exchanges: OrderedDict[ExchangeId, Exchange] = msgspec.field(default_factory=OrderedDict)
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
        self._by_age: OrderedDict[tuple[TenantId, ExchangeId], int] = OrderedDict()
        self._bytes = 0

    def arrived(
        self, tenant: TenantId, method: str, path: str, at: Instant, real_at: int
    ) -> Exchange:
        """Note an arrival and return its exchange, still pending."""
        shelf = self._shelf(tenant)
        shelf.last_id += 1
        exchange = Exchange(ExchangeId(shelf.last_id), tenant, method, path, at, real_at)
        shelf.exchanges[exchange.id] = exchange
        self._weigh(exchange)
        if len(shelf.exchanges) > self._per_tenant:
            self._forget(tenant, next(iter(shelf.exchanges)))
        self._make_room()
        return exchange

    def finished(self, exchange: Exchange) -> None:
        """Weigh *exchange* again now that it is complete, and make room if it has grown."""
        if (exchange.tenant, exchange.id) in self._by_age:
            self._weigh(exchange)
            self._make_room()

    def exchanges(self, tenant: TenantId) -> Iterator[Exchange]:
        """Yield what is kept of *tenant*, oldest first."""
        shelf = self._shelves.get(tenant)
        return iter(tuple(shelf.exchanges.values()) if shelf else ())

    def exchange(self, tenant: TenantId, id_: ExchangeId) -> Exchange | None:
        """Return one exchange of *tenant*, or None if it is unknown or forgotten."""
        return self._shelf(tenant).exchanges.get(id_)

    def forgotten(self, tenant: TenantId) -> int:
        """Return how many exchanges of *tenant* had to go for newer ones."""
        return self._shelf(tenant).forgotten

    def clear(self, tenant: TenantId) -> None:
        """Drop all exchanges of *tenant*; its ids go on: an old one never names a new exchange."""
        shelf = self._shelf(tenant)
        for id_ in shelf.exchanges:
            self._bytes -= self._by_age.pop((tenant, id_))
        shelf.exchanges.clear()
        shelf.forgotten = 0

    def _shelf(self, tenant: TenantId) -> _Shelf:
        shelf = self._shelves.get(tenant)
        if shelf is None:
            shelf = self._shelves[tenant] = _Shelf()
        return shelf

    def _weigh(self, exchange: Exchange) -> None:
        key = (exchange.tenant, exchange.id)
        weight = exchange.weight
        self._bytes += weight - self._by_age.get(key, 0)
        self._by_age[key] = weight

    def _make_room(self) -> None:
        while self._bytes > self._max_bytes:
            self._forget(*next(iter(self._by_age)))

    def _forget(self, tenant: TenantId, id_: ExchangeId) -> None:
        shelf = self._shelf(tenant)
        del shelf.exchanges[id_]
        self._bytes -= self._by_age.pop((tenant, id_))
        shelf.forgotten += 1
