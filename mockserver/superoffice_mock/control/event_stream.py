"""What happens at a tenant, for readers that follow it live: gathered, and encoded once for all.

Calls are gathered for a moment and sent together. A reader that comes back names the last id that
it got. It then gets from the journal every call that it may have missed, or seen before its end.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import msgspec

from superoffice_mock.control.tenant_timeline import CallReader, timeline_run
from superoffice_mock.core.journal import Exchange
from superoffice_mock.core.sync_run import ExchangeId
from superoffice_mock.tenants.tenant import Tenant

GATHER: Final = 0.05
"""Seconds for which calls are gathered; with many readers `GATHER_FOR_MANY`."""
GATHER_FOR_MANY: Final = 0.2
MANY: Final = 10
MAX_BATCH: Final = 100
"""The most calls that are sent together; of more only the number is told."""
MAX_READERS: Final = 100
MAX_BEHIND: Final = 200
"""How many events a reader may be behind before it is dropped."""
TOO_SLOW: Final = "it does not read fast enough; connect again with Last-Event-ID"

Event = bytes | None
"""An event as it is sent; None ends the stream."""


def write_event(name: str, data: object, id_: str = "") -> bytes:
    """Return an event of a stream, as text/event-stream has it."""
    head = f"id: {id_}\n" if id_ else ""
    return f"{head}event: {name}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"


class Reader:
    """One reader of a stream, and the events that it has yet to read."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue(MAX_BEHIND + 2)
        self.is_dropped = False

    def push(self, event: bytes) -> None:
        """Let the reader read *event*; drop it if it is too far behind."""
        if self.is_dropped:
            return
        if self.events.qsize() >= MAX_BEHIND:
            self.end(TOO_SLOW)
        else:
            self.events.put_nowait(event)

    def end(self, reason: str) -> None:
        """End the stream of the reader, and tell it the *reason*."""
        if not self.is_dropped:
            self.is_dropped = True
            self.events.put_nowait(write_event("closed", {"reason": reason}))
            self.events.put_nowait(None)


class EventStream:
    """What happens at *tenant*, while anybody reads it.

    *epoch* tells the ids of this process from those of another. *call_later* calls a function
    after some seconds.
    """

    def __init__(
        self,
        tenant: Tenant,
        reader: CallReader,
        epoch: str,
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self.readers: list[Reader] = []
        self._tenant = tenant
        self._call_reader = reader
        self._epoch = epoch
        self._call_later = call_later
        self._changed: dict[ExchangeId, None] = {}
        self._open = set[ExchangeId]()
        self._is_gathering = False
        self._watching = ExitStack()

    def _exchanges(self) -> Iterator[Exchange]:
        return self._tenant.journal.exchanges(self._tenant.facts.id)

    @contextmanager
    def following(self, reader: Reader) -> Iterator[None]:
        """Let *reader* follow the tenant until the block ends."""
        journal, id_ = self._tenant.journal, self._tenant.facts.id
        if not self.readers:
            self._watching.enter_context(journal.watch(id_, self))
            self._open = {each.id for each in self._exchanges() if _is_open(each)}
        self.readers.append(reader)
        try:
            yield
        finally:
            self.readers.remove(reader)
            if not self.readers:
                self._watching.close()

    # ---- as a watcher of the journal ----

    def notify(self, exchange: Exchange) -> None:
        """Gather *exchange*, which has arrived or is complete."""
        if _is_open(exchange):
            self._open.add(exchange.id)
        else:
            self._open.discard(exchange.id)
        self._changed[exchange.id] = None
        if not self._is_gathering:
            self._is_gathering = True
            seconds = GATHER if len(self.readers) < MANY else GATHER_FOR_MANY
            self._call_later(seconds, self.send_gathered)

    def cancel(self, _: str) -> None:
        """End all streams if the tenant has ended; nothing ends with a reset."""
        if self._tenant.close_reason is not None:
            for reader in self.readers:
                reader.end(self._tenant.close_reason)

    # ---- events ----

    def send_gathered(self) -> None:
        """Send the gathered calls as they are now, to all readers; or only how many they are."""
        self._is_gathering = False
        ids, self._changed = [*self._changed], {}
        if len(ids) > MAX_BATCH:
            self.send(write_event("skipped", {"calls": len(ids)}, self.last_id))
        elif ids:
            self.send(self._write_calls(ids))

    def start_over(self) -> None:
        """Forget what is unfinished: the journal was emptied."""
        self._open.clear()
        self._changed.clear()

    def send(self, event: bytes) -> None:
        """Send *event* to all readers."""
        for reader in self.readers:
            reader.push(event)

    def missed_since(self, last_event_id: str) -> Iterator[bytes]:
        """Yield what a reader has missed that got *last_event_id* last.

        That of another process makes it forget everything: `reset`, then all calls.
        """
        epoch, _, number = last_event_id.rpartition("-")
        last = int(number) if epoch == self._epoch and number.isdecimal() else 0
        if epoch != self._epoch:
            yield write_event("reset", {}, self._id(0))
        ids = [exchange.id for exchange in self._exchanges() if exchange.id > last]
        for start in range(0, len(ids), MAX_BATCH):
            yield self._write_calls(ids[start : start + MAX_BATCH], is_last=False)
        yield write_event("caught-up", {}, self.last_id)

    @property
    def last_id(self) -> str:
        """The id of the last call that, with all before it, is complete and was sent."""
        journal, tenant = self._tenant.journal, self._tenant.facts.id
        self._open = {id_ for id_ in self._open if journal.exchange(tenant, id_) is not None}
        missing = self._open | self._changed.keys()
        return self._id(min(missing, default=journal.last_id(tenant) + 1) - 1)

    def _id(self, number: int) -> str:
        return f"{self._epoch}-{number}"

    def _write_calls(self, ids: Iterable[ExchangeId], *, is_last: bool = True) -> bytes:
        journal, tenant = self._tenant.journal, self._tenant.facts.id
        now, read = self._tenant.now(), self._call_reader
        found = (journal.exchange(tenant, id_) for id_ in ids)
        exchanges = [exchange for exchange in found if exchange is not None]
        data = {
            "calls": [read.read(each, read.account_ids(each)) for each in exchanges],
            "runs": [timeline_run(each.run, now) for each in exchanges if each.run is not None],
            "forgotten": journal.count_forgotten(tenant),
        }
        return write_event("calls", data, self.last_id if is_last else "")


def _is_open(exchange: Exchange) -> bool:
    return exchange.elapsed is None and exchange.crash is None


class EventStreams:
    """The streams of the tenants that anybody reads; *make_reader* reads their calls."""

    def __init__(self, make_reader: Callable[[Tenant], CallReader]) -> None:
        self._make_reader = make_reader
        self._epoch = secrets.token_hex(4)
        self._streams: dict[Tenant, EventStream] = {}

    def of(self, tenant: Tenant) -> EventStream:
        """Return the stream of *tenant*."""
        if tenant not in self._streams:
            for removed in [each for each in self._streams if each.close_reason is not None]:
                del self._streams[removed]
            call_later = asyncio.get_running_loop().call_later
            reader = self._make_reader(tenant)
            self._streams[tenant] = EventStream(tenant, reader, self._epoch, call_later)
        return self._streams[tenant]

    def tell(self, call: str, tenant: Tenant) -> None:
        """Tell readers of the control *call*, such as `POST /reset`, that was about *tenant*."""
        is_of_all = call.split("/")[1] in OF_ALL_TENANTS
        for each, stream in self._streams.items():
            if is_of_all or each is tenant:
                if call in EMPTYING:
                    stream.start_over()
                name = "reset" if call in EMPTYING else "changed"
                stream.send(write_event(name, {"what": call}))


OF_ALL_TENANTS: Final = ("reset", "tenants")
"""The first segments of control calls that may change other tenants than that of the call."""
EMPTYING: Final = ("DELETE /requests", "POST /reset")
"""The control calls that empty the journal; the others are told by the event `changed`."""
