"""Who gives the lease of a tenant: its state, changed one `transact` at a time, and its clock."""

from collections.abc import Callable
from typing import TypeVar

from msgspec.structs import replace

from superoffice_mock.core import lease
from superoffice_mock.core.clock import Clock, RealClock
from superoffice_mock.core.credentials import Presented
from superoffice_mock.core.expiry import presented_as, used
from superoffice_mock.core.journal import Journal
from superoffice_mock.core.lease import Call, Started, Verdict
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import Holder, Instant, SyncRun

Answer = TypeVar("Answer")


class Lessor:
    """The facts of a tenant and the only place where its state changes; here nobody waits.

    *steady* is the real clock, in nanoseconds.
    """

    __slots__ = ("_first_clock", "_steady", "facts", "journal", "state")

    def __init__(
        self,
        facts: TenantFacts,
        journal: Journal,
        steady: Callable[[], int],
        clock: Clock | None = None,
    ) -> None:
        self.facts = facts
        self.journal = journal
        self._steady = steady
        self._first_clock = clock or RealClock()
        self.start()

    def start(self) -> None:
        """Begin, or begin again, as configured."""
        clock = self._first_clock
        self.state = self.facts.fresh(clock, clock.now(self._steady()))

    def now(self) -> Instant:
        """Return the moment on this tenant's clock."""
        return self.state.clock.now(self._steady())

    def transact(self, change: Callable[[TenantState], tuple[TenantState, Answer]]) -> Answer:
        """Look and take in one step: nothing can come between."""
        self.state, answer = change(self.state)
        return answer

    def use(self, presented: Presented) -> None:
        """Note a use of the credentials that let a caller in. Raise Rejected if they expired."""
        one = presented_as(presented)
        if one is not None:
            now, lifetimes = self.now(), self.facts.lifetimes
            self.transact(
                lambda state: (state.with_ends(used(lifetimes, state.ends, one, now)), None)
            )

    def set_clock(self, change: Callable[[Clock, int], Clock]) -> None:
        """Exchange the clock; the time it shows stays."""
        self.state = self.state.with_clock(change(self.state.clock, self._steady()))

    # ---- the lease ---------------------------------------------------------------------------

    def ask(self, call: Call, now: Instant) -> Verdict:
        """Decide *call* at *now*, which may be later than it arrived."""
        self.state, verdict = lease.admit(self.facts, self.state, call, now)
        return verdict

    def decide(self, call: Call) -> Verdict:
        """Decide *call*, which arrived now, wherever it waited before."""
        return self.ask(call, call.arrived_at)

    def hold(self) -> Holder:
        """Take the lease by hand. Raise ValueError while it is held."""
        now = self.now()
        return self.transact(lambda state: lease.hold(state, now))

    def take_back(self, now: Instant) -> Holder | None:
        """End a hold, or a run, as its exchange tells then; return what was ended."""
        ended = self.transact(lambda state: lease.release(state, now))
        if isinstance(ended, SyncRun):
            exchange = self.journal.exchange(self.facts.id, ended.exchange)
            if exchange is not None and isinstance(exchange.verdict, Started):
                exchange.verdict = replace(exchange.verdict, run=ended)
        return ended
