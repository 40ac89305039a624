"""A tenant in the hands of a test: where it is, what really happened there, and its time."""

from collections.abc import Collection
from types import TracebackType
from typing import Any, Final, Literal, Self, TypedDict, Unpack

import msgspec

from superoffice_mock.errors import ControlFailed
from superoffice_mock.testing import assertions
from superoffice_mock.testing.control_client import ControlClient
from superoffice_mock.testing.lost_accounts import Traffic
from superoffice_mock.testing.models import Credentials, Exchange, NewTenant, Run, WholeExchange
from superoffice_mock.testing.tenant_controls import Clock, Faults, Lease

Outcome = Literal[
    "started", "turned_away", "served", "rejected", "faulted", "replayed", "crashed", "pending"
]


GONE: Final = 404
"""What a call to a tenant is answered that was removed, or that nobody called for long."""


class Named(TypedDict, total=False):
    """The credentials that expire; none named: all."""

    ticket: str
    access_token: str
    session: str


class SuperOffice:
    """One SuperOffice installation of the mock; it lives in the server, and this only asks it.

    As a context manager it removes the installation at the end.
    """

    def __init__(self, calls: ControlClient, made: NewTenant) -> None:
        self.id = made.id
        self.url = made.url
        self.installation = made.installation
        self.credentials: Credentials = made.credentials
        self.clock = Clock(calls, made.id)
        self.lease = Lease(calls, made.id)
        self.faults = Faults(calls, made.id)
        self._calls = calls

    def __repr__(self) -> str:
        return f"<SuperOffice {self.installation} at {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.remove()

    # ---- what happened -----------------------------------------------------------------------

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """Every request that reached it, oldest first; those under way are `pending`."""
        return self._calls.get("requests", _Requests, tenant=self.id).requests

    @property
    def runs(self) -> tuple[Run, ...]:
        """Every sync run, oldest first."""
        return self._calls.get("runs", _Runs, tenant=self.id).runs

    @property
    def traffic(self) -> Traffic:
        """Requests and runs together, as assertions look at them."""
        told = self._calls.get("requests", _Requests, tenant=self.id)
        return Traffic(told.requests, self.runs, told.forgotten)

    @property
    def timeline(self) -> str:
        """The requests for people, a line for each."""
        return assertions.timeline(self.traffic)

    def request(self, id_: int) -> WholeExchange:
        """Return one request with its headers, body and, if the mock crashed, traceback."""
        return self._calls.get(f"requests/{id_}", WholeExchange, tenant=self.id)

    def wait(
        self,
        outcome: Outcome | None = None,
        count: int = 1,
        timeout: float = 5.0,
        since: Exchange | int = 0,
    ) -> tuple[Exchange, ...]:
        """Wait until *count* requests of *outcome* are there and return them.

        Those up to *since*, a request or its id, don't count. Raise ExpectationFailed after
        *timeout* real seconds.
        """
        __tracebackhide__ = True
        waited = self._wait(outcome, count, timeout, _id(since), never=False)
        if not waited.met:
            raise assertions.in_vain(self.traffic, _wanted(outcome, count), waited.reason)
        return waited.requests

    # ---- what is expected --------------------------------------------------------------------

    def assert_started(self, accounts: Collection[int] = ()) -> None:
        """Expect that some run covers each of *accounts*; without any, that there was a run.

        An account whose sync was cut short by `lease.release()` is not covered.
        """
        __tracebackhide__ = True
        assertions.started(self.traffic, accounts)

    def assert_turned_away(self, times: int = 1) -> None:
        """Expect that exactly so many calls were turned away."""
        __tracebackhide__ = True
        assertions.turned_away(self.traffic, times)

    def assert_no_lost_accounts(self) -> None:
        """Expect that a run of it or a later call covers every account in a call answered 204.

        An account whose sync was cut short by `lease.release()` is not covered.
        """
        __tracebackhide__ = True
        assertions.no_lost_accounts(self.traffic)

    def assert_no_violations(self) -> None:
        """Expect that no call broke the contract, nor was odd though allowed; a 401 is neither."""
        __tracebackhide__ = True
        assertions.no_violations(self.traffic)

    def assert_never(
        self,
        outcome: Outcome | None = None,
        count: int = 1,
        within: float = 0.2,
        since: Exchange | int | None = None,
    ) -> None:
        """Expect fewer than *count* requests of *outcome* for *within* real seconds from now.

        A call in flight counts as soon as it comes to that. With *since*, a request or its id,
        those after it count, of the past too.
        """
        __tracebackhide__ = True
        past = self._total(outcome) if since is None else 0
        waited = self._wait(outcome, past + count, within, _id(since or 0), never=True)
        if not waited.met:
            came = len(waited.requests) - past
            reason = f"{came} came" if came >= count else waited.reason
            wanted = f"fewer than {_wanted(outcome, count)}"
            raise assertions.in_vain(self.traffic, wanted, reason)

    # ---- the whole ---------------------------------------------------------------------------

    def expire(self, **named: Unpack[Named]) -> None:
        """Let the *named* credentials expire now; without any, all of them."""
        self._calls.post("credentials/expire", named, _Nothing, tenant=self.id)

    def end_session(self, session: str | None = None) -> None:
        """End a web session, by default the one in `credentials`."""
        body = {"session": session or self.credentials.session}
        self._calls.post("sessions/end", body, _Nothing, tenant=self.id)

    def record(self) -> None:
        """Record its calls from now on, with pseudonyms for all secrets."""
        self._calls.post("recordings/start", None, _Nothing, tenant=self.id)

    def recorded(self) -> bytes:
        """End the recording and return it: a HAR, with what really happened to each call."""
        return self._calls.raw("POST", "recordings/stop", tenant=self.id)

    def reset(self) -> None:
        """Answer all who wait; then it is as it was made, with an empty journal."""
        self._calls.post("reset", None, _Nothing, tenant=self.id)

    def remove(self) -> None:
        """Answer all who wait, and forget it; one that is gone already stays so."""
        try:
            self._calls.send("DELETE", f"tenants/{self.id}", None, _Nothing)
        except ControlFailed as error:
            if error.status != GONE:
                raise

    def _total(self, outcome: str | None) -> int:
        """Return how many requests of *outcome* there are."""
        of = {} if outcome is None else {"outcome": outcome}
        return self._calls.get("requests", _Counted, tenant=self.id, limit=0, **of).total

    def _wait(
        self, outcome: str | None, count: int, timeout: float, since: int, *, never: bool
    ) -> "_Waited":
        body: dict[str, Any] = {"count": count, "timeout": timeout, "since": since, "never": never}
        if outcome is not None:
            body["outcome"] = outcome
        return self._calls.post("requests/wait", body, _Waited, tenant=self.id)


def _id(since: Exchange | int) -> int:
    return since.id if isinstance(since, Exchange) else since


def _wanted(outcome: str | None, count: int) -> str:
    what = "request" if count == 1 else "requests"
    return f"{count} {what}" if outcome is None else f"{count} {what} {outcome.replace('_', ' ')}"


# ---- answers ---------------------------------------------------------------------------------


class _Nothing(msgspec.Struct, frozen=True):
    pass


class _Requests(msgspec.Struct, frozen=True):
    requests: tuple[Exchange, ...]
    forgotten: int = 0


class _Counted(msgspec.Struct, frozen=True):
    total: int


class _Waited(msgspec.Struct, frozen=True):
    met: bool
    requests: tuple[Exchange, ...]
    reason: str | None = None


class _Runs(msgspec.Struct, frozen=True):
    runs: tuple[Run, ...]
