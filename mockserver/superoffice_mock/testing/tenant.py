"""A handle to a tenant for tests: its address, traffic, accounts, state, clock, and assertions.

`office.accounts` shows what the mock knows of each account: `[a.last_fetch for a in
office.accounts]` is what an app reads by GetEMailAccount, as `datetime`, None for never.
`office.set_state("suspended")` makes its calls fail as those of a suspended tenant.
"""

from collections.abc import Collection
from typing import Any, Final, Self, TypedDict, Unpack

import msgspec

from superoffice_contract.control.answers import (
    Accounts,
    AccountState,
    Credentials,
    Exchange,
    ExchangeDetails,
    Journal,
    NewTenant,
    Nothing,
    Run,
    Runs,
    StatedState,
    Verdict,
    complete_accounts,
)
from superoffice_contract.control.client import ControlClient
from superoffice_contract.timeline.model import Timeline
from superoffice_contract.verdict.timeline import timeline
from superoffice_contract.verdict.traffic import Traffic
from superoffice_mock.core.journal import Outcome
from superoffice_mock.errors import ControlFailed, ExpectationFailed
from superoffice_mock.testing import assertions
from superoffice_mock.testing.tenant_controls import Clock, Faults, Lease, TenantCalls

__tracebackhide__ = True
"""A failing test shows its own line, and none of this module."""
NOT_FOUND: Final = 404
"""The status of a control call to a tenant that was removed, or that expired."""


class ExpiringCredentials(TypedDict, total=False):
    """The credentials to expire; none of them: all."""

    ticket: str
    access_token: str
    session: str


class SuperOffice(TenantCalls):
    """One SuperOffice installation of the mock. It lives in the server; this handle calls it.

    As a context manager it removes the installation at the end.
    """

    def __init__(self, client: ControlClient, tenant: NewTenant) -> None:
        super().__init__(client, tenant.id)
        self.id = tenant.id
        self.url = tenant.url
        self.installation = tenant.installation
        self.credentials: Credentials = tenant.credentials
        self.clock = Clock(client, tenant.id)
        self.lease = Lease(client, tenant.id)
        self.faults = Faults(client, tenant.id)
        self._earlier_verdicts: list[Verdict] = []

    def __repr__(self) -> str:
        return f"<SuperOffice {self.installation} at {self.url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()

    @property
    def requests(self) -> tuple[Exchange, ...]:
        """The requests that reached it, oldest first; those in flight are `pending`."""
        return self._complete(self._control("GET", "requests", Journal).requests)

    @property
    def runs(self) -> tuple[Run, ...]:
        """The sync runs, oldest first."""
        return self._control("GET", "runs", Runs).runs

    @property
    def accounts(self) -> tuple[AccountState, ...]:
        """The accounts that it has or that a run syncs, by their ids; `last_fetch` None: never.

        They are read from the state that the API reads, so that a short journal does not matter.
        """
        return self._control("GET", "accounts", Accounts).accounts

    @property
    def state(self) -> str:
        """The state of the installation: `running`, `suspended`, `offline-maintenance` …"""
        return self._control("GET", "state", StatedState).state

    def set_state(self, state: str) -> None:
        """Change the state: `set_state("suspended")`. Raise ControlFailed if there is no such."""
        self._control("PUT", "state", StatedState, {"state": state})

    @property
    def traffic(self) -> Traffic:
        """Requests, runs and accounts together, as the assertions read them."""
        answer = self._control("GET", "requests", Journal)
        return Traffic(self._complete(answer.requests), self.runs, self.accounts, answer.forgotten)

    @property
    def timeline(self) -> str:
        """The requests as readable text, a line for each."""
        return timeline(self.traffic)

    @property
    def verdict(self) -> Verdict:
        """Whether what happened is allowed, in words: `strict` and `expect_lost` say what is."""
        return self._control("GET", "verdict", Verdict)

    def request(self, id_: int) -> ExchangeDetails:
        """Return one request with its headers, its body and, if the mock crashed, the traceback."""
        return self._control("GET", f"requests/{id_}", ExchangeDetails)

    def wait(
        self,
        outcome: Outcome | None = None,
        count: int = 1,
        timeout: float = 5.0,
        since: Exchange | int = 0,
    ) -> tuple[Exchange, ...]:
        """Wait for *count* requests with *outcome* and return them.

        Only requests after *since*, a request or its id, count. Raise ExpectationFailed after
        *timeout* real seconds.
        """
        assertions.check_outcome(outcome)
        result = self._wait(outcome, count, timeout, _id(since), never=False)
        if not result.met:
            expected, matching = _count_requests(outcome, count), len(result.requests)
            raise self._wait_failure(expected, timeout, matching, result.reason)
        return self._complete(result.requests)

    def assert_started(self, accounts: Collection[int] = ()) -> None:
        """Check that runs cover all *accounts*; without any, that a run was started.

        If `lease.release()` ends a run early, it does not cover the accounts that it had not
        synced.
        """
        assertions.check_started(self.traffic, accounts)

    def assert_turned_away(self, times: int = 1) -> None:
        """Check that exactly so many calls were turned away."""
        assertions.check_turned_away(self.traffic, times)

    def assert_no_lost_accounts(self) -> None:
        """Check that a run of it or a later call covers every account in a call answered 204.

        If `lease.release()` ends a run early, the accounts that it had not synced count as lost.
        """
        assertions.check_no_lost_accounts(self.traffic)

    def assert_no_violations(self) -> None:
        """Check that no call broke the contract or was odd though allowed; a 401 is neither."""
        assertions.check_no_violations(self.traffic)

    def assert_passed(self) -> None:
        """Check that the verdict is good, as the pytest fixture does at the end of a test.

        So must those before each `reset` and `remove` be.
        """
        bad = [verdict for verdict in self._earlier_verdicts if not verdict.passed]
        verdict = bad[0] if bad else self.verdict
        if not verdict.passed:
            raise ExpectationFailed(verdict.text)

    def assert_never(
        self,
        outcome: Outcome | None = None,
        count: int = 1,
        within: float = 0.2,
        since: Exchange | int | None = None,
    ) -> None:
        """Check that fewer than *count* requests get *outcome* in the next *within* real seconds.

        A call that is in flight counts when it gets that outcome. With *since*, a request or its
        id, all requests after it count, earlier ones too.
        """
        assertions.check_outcome(outcome)
        earlier = 0
        if since is None:
            query = {} if outcome is None else {"outcome": outcome}
            earlier = self._control("GET", "requests", Journal, limit=0, **query).total
        result = self._wait(outcome, earlier + count, within, _id(since or 0), never=True)
        if not result.met:
            matching = len(result.requests) - earlier
            expected = f"fewer than {_count_requests(outcome, count)}"
            reason = None if matching >= count else result.reason
            raise self._wait_failure(expected, within, matching, reason)

    def expire(self, **credentials: Unpack[ExpiringCredentials]) -> None:
        """Make these *credentials* expire now; without any, all of them."""
        self._control("POST", "credentials/expire", Nothing, credentials)

    def end_session(self, session: str | None = None) -> None:
        """End a web session, by default the one in `credentials`."""
        body = {"session": session or self.credentials.session}
        self._control("POST", "sessions/end", Nothing, body)

    def record(self) -> None:
        """Record its calls from now on, with pseudonyms for all secrets."""
        self._control("POST", "recordings/start", Nothing)

    def recorded(self) -> bytes:
        """Stop recording and return the recording: a HAR file with what really happened."""
        return self._client.raw("POST", "recordings/stop", tenant=self.id)

    def reset(self) -> None:
        """Answer all waiting calls, then restore the tenant as it was created, journal included."""
        self._earlier_verdicts.append(self.verdict)
        self._control("POST", "reset", Nothing)

    def remove(self) -> None:
        """Answer all waiting calls and remove the tenant; do nothing if it is gone already."""
        try:
            self._earlier_verdicts.append(self.verdict)
        except ControlFailed as error:
            if error.status != NOT_FOUND:
                raise
        self._remove()

    def _remove(self) -> None:
        try:
            self._client.control("DELETE", f"tenants/{self.id}", Nothing)
        except ControlFailed as error:
            if error.status != NOT_FOUND:
                raise

    def _complete(self, exchanges: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
        return complete_accounts(
            exchanges, lambda id_: self._control("GET", f"requests/{id_}", Exchange)
        )

    def _wait_failure(
        self, expected: str, seconds: float, count: int, reason: str | None
    ) -> ExpectationFailed:
        notes = assertions.frozen_clock_notes(self.clock)
        return assertions.wait_failure(self.traffic, expected, seconds, count, reason, notes)

    def _wait(
        self, outcome: str | None, count: int, timeout: float, since: int, *, never: bool
    ) -> "_WaitResult":
        body: dict[str, Any] = {"count": count, "timeout": timeout, "since": since, "never": never}
        if outcome is not None:
            body["outcome"] = outcome
        return self._control("POST", "requests/wait", _WaitResult, body)


def read_for_report(office: SuperOffice) -> tuple[list[Verdict], Timeline]:
    """Return the verdicts on *office*, with those before each reset, and what a picture shows."""
    verdicts = [*office._earlier_verdicts, office.verdict]  # noqa: SLF001 - of this module
    return verdicts, office._control("GET", "timeline", Timeline, format="json")  # noqa: SLF001


def _id(since: Exchange | int) -> int:
    return since.id if isinstance(since, Exchange) else since


def _count_requests(outcome: str | None, count: int) -> str:
    requests = f"{count} request{'' if count == 1 else 's'}"
    return requests if outcome is None else f"{requests} with outcome {outcome}"


class _WaitResult(msgspec.Struct, frozen=True):
    met: bool
    requests: tuple[Exchange, ...]
    reason: str | None = None
