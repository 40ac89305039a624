"""The journal: a bounded list of exchanges for each tenant."""

import traceback
from collections import OrderedDict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal, Protocol, get_args

import msgspec

from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.faults import Fault
from superoffice_mock.core.sync_run import ExchangeId, Instant, SyncRun, TenantId
from superoffice_mock.core.verdicts import Replayed, Served, Started, Verdict

Outcome = Literal[
    "started", "turned_away", "served", "rejected", "faulted", "replayed", "crashed", "pending"
]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
MAX_VIOLATIONS: Final = 20
OVERHEAD: Final = 1_000
"""The bytes that an exchange takes in addition to what the client sent; a generous estimate."""
NO_HEAD: Final = msgspec.msgpack.encode(())


class Exchange(msgspec.Struct, eq=False):
    """One request with its answer, verdict and timing; filled in while it is handled.

    `body` and `query`, which is set once it is valid, are kept as received, and decoded again when
    a control call reads them; `head` are the packed headers. `explicit_reason`, if set, takes the
    place of the verdict's reason. `crash` is the traceback of what failed to answer the call,
    `lapse` that of what failed to note it. `counted_size` is the size that the journal has counted.
    `hung_up_after` is when the client disconnected, if it did, like `elapsed` from the arrival.
    `tenant_unknown`: the request names no known tenant, and `tenant` is only the one whose journal
    keeps the exchange.
    """

    id: ExchangeId
    tenant: TenantId
    method: str
    path: str
    at: Instant
    real_at: int
    operation: str | None = None
    head: bytes = NO_HEAD
    body: bytes = b""
    query: bytes = b""
    principal: Principal | None = None
    verdict: Verdict | None = None
    status: int | None = None
    elapsed: int | None = None
    elapsed_real: int | None = None
    hung_up_after: int | None = None
    fault: Fault | None = None
    explicit_reason: str | None = None
    crash: str | None = None
    lapse: str | None = None
    tenant_unknown: bool = False
    violations: tuple[str, ...] = ()
    counted_size: int = 0

    @property
    def hung_up(self) -> bool:
        """Whether the client disconnected before the answer."""
        return self.hung_up_after is not None

    @property
    def outcome(self) -> str:
        """One of `OUTCOMES`; `pending` until the answer is on its way.

        A call that a fault ends is `faulted` as soon as the fault fires: it may get no answer.
        """
        if self.crash is not None:
            return "crashed"
        if self.fault is not None and self.fault.ends_call:
            return "faulted"
        is_replay = isinstance(self.verdict, Replayed)
        if (self.elapsed if is_replay else self.status) is None:  # a replay may have no status
            return "pending"
        if self.verdict is not None:
            return self.verdict.outcome
        return "rejected" if (self.status or 0) >= 400 else "served"

    @property
    def reason(self) -> str | None:
        """What happened and why, in words; None until something has happened."""
        if self.explicit_reason is None and self.status is not None and self.verdict is not None:
            return self.verdict.reason
        return self.explicit_reason

    @property
    def run(self) -> SyncRun | None:
        """The run that this call started."""
        return self.verdict.run if isinstance(self.verdict, Started) else None

    @property
    def failure(self) -> str | None:
        """The traceback of what failed in the mock itself, if anything did."""
        return self.crash or self.lapse

    @property
    def size(self) -> int:
        """The bytes that the journal counts for this exchange."""
        path, verdict = self.path, self.verdict
        size = OVERHEAD + len(self.body) + len(self.head) + len(self.query)
        size += len(path) if path.isascii() else _size_of(path)
        if type(verdict) is Started:
            size += len(verdict.run.accounts) * 4
        elif type(verdict) is Served and verdict.reason is not None:
            size += _size_of(verdict.reason)
        if self.explicit_reason is not None:
            size += _size_of(self.explicit_reason)
        if self.violations or self.fault or self.crash or self.lapse:
            rare_texts = (*self.violations, f"{self.fault}", self.crash or "", self.lapse or "")
            size += sum(text.__sizeof__() for text in rare_texts)
        return size


def _size_of(text: str) -> int:
    """Return how many bytes the characters of *text* take; one that is wide makes all wide."""
    return len(text) if text.isascii() else text.__sizeof__()


class Watcher(Protocol):
    """Receives the exchanges of one tenant; see `Journal.watch`."""

    def notify(self, exchange: Exchange) -> None:
        """Receive *exchange*, which has arrived or is complete."""

    def cancel(self, reason: str) -> None:
        """Stop waiting for exchanges because of *reason*."""


class _TenantExchanges(msgspec.Struct):
    """The exchanges of one tenant; their ids are consecutive."""

    exchanges: deque[Exchange] = msgspec.field(default_factory=deque)
    last_id: int = 0
    forgotten: int = 0


class Journal:
    """The exchanges of all tenants: at most *per_tenant* of each, at most *max_bytes* in all.

    The oldest exchange is forgotten first; `count_forgotten` says how many a tenant lost.
    """

    def __init__(self, per_tenant: int, max_bytes: int) -> None:
        self._per_tenant = per_tenant
        self._max_bytes = max_bytes
        self._by_tenant: dict[TenantId, _TenantExchanges] = {}
        self._by_age: OrderedDict[Exchange, None] = OrderedDict()
        self._bytes = 0
        self._watchers: dict[TenantId, list[Watcher]] = {}

    def record_arrival(
        self, tenant: TenantId, method: str, path: str, at: Instant, real_at: int
    ) -> Exchange:
        """Add an exchange for a request that has arrived, and return it."""
        of_tenant = self._by_tenant.get(tenant)
        if of_tenant is None:
            of_tenant = self._by_tenant[tenant] = _TenantExchanges()
        of_tenant.last_id += 1
        exchange = Exchange(ExchangeId(of_tenant.last_id), tenant, method, path, at, real_at)
        of_tenant.exchanges.append(exchange)
        self._by_age[exchange] = None
        if len(of_tenant.exchanges) > self._per_tenant:
            self._forget_oldest(of_tenant)
        self._set_size(exchange, OVERHEAD + len(path))
        if self._watchers:
            self._notify(exchange)
        return exchange

    def record_end(self, exchange: Exchange) -> None:
        """Count the final size of *exchange*, which is complete, and notify the watchers."""
        if exchange in self._by_age:
            self._set_size(exchange, exchange.size)
            if self._watchers:
                self._notify(exchange)

    def record_lapse(self, exchange: Exchange, error: Exception) -> None:
        """Keep *error*, by which something failed that only notes the call, and nothing else."""
        lapse = "".join(traceback.format_exception(error))
        exchange.lapse = f"{exchange.lapse or ''}{lapse}"
        if exchange in self._by_age:
            self._set_size(exchange, exchange.counted_size + lapse.__sizeof__())

    @contextmanager
    def watch(self, tenant: TenantId, watcher: Watcher) -> Iterator[None]:
        """Notify *watcher* of the exchanges of *tenant* until the block ends."""
        watchers = self._watchers.setdefault(tenant, [])
        watchers.append(watcher)
        try:
            yield
        finally:
            watchers.remove(watcher)
            if not watchers:
                del self._watchers[tenant]

    def watchers(self, tenant: TenantId) -> tuple[Watcher, ...]:
        """Return the current watchers of *tenant*."""
        return tuple(self._watchers.get(tenant, ()))

    def exchanges(self, tenant: TenantId) -> Iterator[Exchange]:
        """Yield the exchanges of *tenant*, oldest first."""
        return iter(tuple(self._of(tenant).exchanges))

    def exchange(self, tenant: TenantId, id_: ExchangeId) -> Exchange | None:
        """Return one exchange of *tenant*, or None if it is unknown or forgotten."""
        exchanges = self._of(tenant).exchanges
        index = id_ - exchanges[0].id if exchanges else -1
        return exchanges[index] if 0 <= index < len(exchanges) else None

    def count(self, tenant: TenantId) -> int:
        """Return how many exchanges of *tenant* it has."""
        return len(self._of(tenant).exchanges)

    def last_id(self, tenant: TenantId) -> ExchangeId:
        """Return the id of the latest exchange that *tenant* ever had; 0 before its first."""
        return ExchangeId(self._of(tenant).last_id)

    def count_forgotten(self, tenant: TenantId) -> int:
        """Return how many exchanges of *tenant* were forgotten to make room for newer ones."""
        return self._of(tenant).forgotten

    def clear(self, tenant: TenantId) -> None:
        """Delete all exchanges of *tenant*; ids go on, so an old id never names a new exchange."""
        of_tenant = self._of(tenant)
        while of_tenant.exchanges:
            self._forget_oldest(of_tenant)
        of_tenant.forgotten = 0

    def remove(self, tenant: TenantId) -> None:
        """Delete everything about *tenant*, which was removed."""
        self.clear(tenant)
        self._by_tenant.pop(tenant, None)

    def _of(self, tenant: TenantId) -> _TenantExchanges:
        """Return the exchanges of *tenant*, to read; of an unknown tenant nothing is kept."""
        return self._by_tenant.get(tenant) or _TenantExchanges()

    def _set_size(self, exchange: Exchange, size: int) -> None:
        """Count *size* bytes for *exchange*; forget the oldest ones if all are too large."""
        self._bytes += size - exchange.counted_size
        exchange.counted_size = size
        while self._bytes > self._max_bytes:
            oldest = next(iter(self._by_age))
            self._forget_oldest(self._by_tenant[oldest.tenant])

    def _notify(self, exchange: Exchange) -> None:
        for watcher in self.watchers(exchange.tenant):
            try:
                watcher.notify(exchange)
            except Exception as error:  # noqa: BLE001 - neither the call nor other watchers fail
                self.record_lapse(exchange, error)

    def _forget_oldest(self, of_tenant: _TenantExchanges) -> None:
        exchange = of_tenant.exchanges.popleft()
        del self._by_age[exchange]
        self._bytes -= exchange.counted_size
        of_tenant.forgotten += 1
