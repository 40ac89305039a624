"""Answers of the control surface as values: exchanges, runs, events, tenants, credentials."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

import msgspec

from superoffice_contract.lost_accounts import Attempt, Confidence
from superoffice_contract.operations.registry import THROTTLED


class Value(msgspec.Struct, frozen=True):
    """An answer, or a part of one; members that a newer server adds are ignored."""


class Nothing(Value, frozen=True):
    """An answer of which nothing is read."""


class Limits(Value, frozen=True):
    """The limits of a mock: see the settings of the same names."""

    max_body: int = 2**20
    max_accounts: int = 10_000
    max_headers: int = 2**16
    max_waiting: int = 10_000
    journal_exchanges: int = 1_000


class Health(Value, frozen=True):
    """That the server answers calls, its version, and its limits."""

    status: str
    version: str = ""
    limits: Limits | None = None


class StatedReading(Value, frozen=True):
    """A reading, and its value at a tenant."""

    name: str
    value: str


class StatedReadings(Value, frozen=True):
    """All readings of a tenant."""

    readings: tuple[StatedReading, ...]


class Account(Value, frozen=True):
    """A mail account as a call named it."""

    id: int = msgspec.field(name="AccountId")
    associate_name: str | None = msgspec.field(name="AssociateName", default=None)
    associate_id: int | None = msgspec.field(name="AssociateId", default=None)


class Principal(Value, frozen=True):
    """The user and the app that the credentials of a call belong to."""

    scheme: str
    user: str | None
    app: str | None


class Holder(Value, frozen=True):
    """The holder of the lease: a `run`, by its number, or `hand` for a hold by the test.

    *seconds_left*: when a run that holds it now ends.
    """

    by: str
    run: int | None = None
    seconds_left: float | None = None


class RecordedOutcome(Value, frozen=True):
    """What became of a replayed call when it was recorded; `unknown` if the file does not say."""

    outcome: str
    confidence: str | None = None


class Exchange(Value, frozen=True):
    """A request with its answer and what really happened; times are on the tenant's clock.

    A list has only the first of many accounts; *account_count* is the number of all.
    """

    id: int
    at: datetime
    method: str
    path: str
    outcome: str
    tenant: str | None = None
    operation: str | None = None
    media_type: str | None = None
    principal: Principal | None = None
    accounts: tuple[Account, ...] | None = None
    account_count: int | None = None
    query: Mapping[str, object] = {}
    select: tuple[str, ...] | None = None
    run: int | None = None
    holder: Holder | None = None
    status: int | None = None
    elapsed: float | None = None
    elapsed_real: float | None = None
    hung_up: bool = False
    hung_up_after: float | None = None
    fault: int | None = None
    reason: str | None = None
    violations: tuple[str, ...] = ()
    recorded: RecordedOutcome | None = None

    @property
    def became(self) -> str:
        """Its outcome; of a replayed call, the outcome that it had when it was recorded."""
        return self.outcome if self.recorded is None else self.recorded.outcome

    @property
    def account_ids(self) -> tuple[int, ...]:
        """The ids of the accounts that it asked for."""
        return tuple(account.id for account in self.accounts or ())

    @property
    def pending(self) -> bool:
        """Whether it has not been answered yet."""
        return self.outcome == "pending"

    @property
    def is_undecided(self) -> bool:
        """Whether it is a replayed call that may have started a run; its recording does not say."""
        may_sync = self.method == "POST" and self.operation in THROTTLED
        return self.became == "unknown" and may_sync and (self.status is None or self.status < 300)

    @property
    def confidence(self) -> Confidence:
        """How certain its outcome is: a recorded one may be an estimate."""
        if self.is_undecided:
            return Confidence.UNKNOWN
        name = None if self.recorded is None else self.recorded.confidence
        return Confidence.__members__.get((name or "").upper(), Confidence.CERTAIN)


class Header(Value, frozen=True):
    """A header as it was sent, without secrets."""

    name: str
    value: str


class ExchangeDetails(Exchange, frozen=True):
    """An exchange with the headers and the body of its request."""

    headers: tuple[Header, ...] = ()
    body: str = ""
    crash: str | None = None


def complete_accounts(
    exchanges: Iterable[Exchange], read: Callable[[int], Exchange]
) -> tuple[Exchange, ...]:
    """Return *exchanges* of a list with all their accounts; *read* returns one by its id."""
    return tuple(
        read(exchange.id)
        if (exchange.account_count or 0) > len(exchange.accounts or ())
        else exchange
        for exchange in exchanges
    )


class Journal(Value, frozen=True):
    """Exchanges, oldest first, how many match in total, and how many older ones are forgotten."""

    requests: tuple[Exchange, ...]
    total: int = 0
    forgotten: int = 0


class Step(Value, frozen=True):
    """One account of a run: `waiting`, `syncing`, `synced` or `cut short`."""

    account: int = msgspec.field(name="AccountId")
    started_at: datetime
    ends_at: datetime
    state: str


class Run(Value, frozen=True):
    """A sync run: `running`, `ended` or `released`, and its tasks with their accounts."""

    id: int = msgspec.field(name="run")
    request: int
    state: str
    accounts: tuple[int, ...]
    started_at: datetime
    ends_at: datetime
    tasks: tuple[tuple[Step, ...], ...]

    @property
    def covered(self) -> tuple[int, ...]:
        """Its accounts, without those that it had not synced when the lease was released."""
        unfinished = {
            step.account for task in self.tasks for step in task if step.state == "cut short"
        }
        return tuple(account for account in self.accounts if account not in unfinished)


class Runs(Value, frozen=True):
    """Runs, oldest first."""

    runs: tuple[Run, ...]


def attempts_of(exchanges: Iterable[Exchange], runs: Iterable[Run]) -> list[Attempt]:
    """Return the syncs that *exchanges* asked for, and what *runs*, or recorded runs, cover."""
    covered = {run.request: run.covered for run in runs}
    return [
        Attempt(
            exchange.account_ids if exchange.operation in THROTTLED else (),
            exchange.status == 204,
            exchange.account_ids
            if exchange.recorded is not None and exchange.became == "started"
            else covered.get(exchange.id, ()),
            exchange.confidence,
        )
        for exchange in exchanges
    ]


class LeaseState(Value, frozen=True):
    """Whether the lease is held, and by what."""

    held: bool
    holder: Holder | None = None


class Event(Value, frozen=True):
    """Something that happened while a clock was advanced, such as `task-ended` or `answered`."""

    at: datetime
    event: str
    run: int | None = None
    request: int | None = None
    task: int | None = None
    outcome: str | None = None


class ClockState(Value, frozen=True):
    """The clock of a tenant: its name, its time, and the calls that wait on it."""

    clock: str
    now: datetime
    in_flight: int
    waiting: int


class AccountState(Value, frozen=True):
    """An account of a tenant, and what its syncs came to; an app sees a part by GetEMailAccount.

    *last_fetch* is when it was last synced with success, None: never. *synced_by* is the last run
    that ended its sync, *syncing_by* one that has yet to. It may not exist and be synced by a run.
    """

    id: int = msgspec.field(name="AccountId")
    exists: bool = True
    address: str | None = None
    associate: str | None = None
    associate_id: int | None = None
    seconds: float = 0.0
    last_fetch: datetime | None = None
    due: bool = False
    status: str | None = None
    status_number: int | None = None
    error_count: int = 0
    error_reason: str = ""
    synced_at: datetime | None = None
    synced_by: int | None = None
    syncing_by: int | None = None


class Accounts(Value, frozen=True):
    """The accounts of a tenant, by their ids, and how long the sync of an account takes.

    What the syncs of *limit* accounts came to is kept; of *forgotten* ones it was dropped.
    """

    seconds_per_account: float
    accounts: tuple[AccountState, ...]
    limit: int = 0
    forgotten: int = 0


class StatedState(Value, frozen=True):
    """The state of a tenant, such as `suspended`, and whether its API answers calls."""

    state: str
    number: int
    running: bool


class Credentials(Value, frozen=True):
    """One credential of each kind that the tenant accepts; *headers* sign in with one of them."""

    headers: Mapping[str, str]
    user: str | None = None
    password: str | None = None
    ticket: str | None = None
    app: str | None = None
    app_token: str | None = None
    client_id: str | None = None
    access_token: str | None = None
    refresh_token: str | None = None
    system_user_token: str | None = None
    session: str | None = None
    xsrf: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


class Lifetimes(Value, frozen=True):
    """The seconds that the credentials of a tenant last, by kind; None: forever."""

    expires_after: Mapping[str, float | None]


class NewTenant(Value, frozen=True):
    """A tenant that was just created."""

    id: str
    url: str
    installation: str
    credentials: Credentials


class ArmedFault(Value, frozen=True):
    """A fault as it was armed, how often it has fired, and whether it still can."""

    id: int
    fired: int
    armed: bool
    operation: str | None = None
    times: int | None = None
    every: int | None = None
    probability: float | None = None
    status: int | None = None
    expired_credential: bool = False
    delay: float | None = None
    connection: str | None = None

    @property
    def effect(self) -> str:
        """A short description of what it does."""
        if self.status is not None:
            return f"status {self.status}"
        if self.delay is not None:
            return f"delay of {self.delay:g} s"
        return self.connection or "expired credential"

    @property
    def sure(self) -> bool:
        """Whether it certainly fires at the next call that it applies to."""
        return self.every is None and self.probability is None


class Problem(Value, frozen=True):
    """Something that is wrong at a tenant, in a sentence with details; *fails*: it is not allowed.

    *kind* is one of those in `superoffice_contract.verdict.problems.KINDS`, or `crashed`.
    """

    kind: str
    message: str
    details: tuple[str, ...] = ()
    fails: bool = True


class Verdict(Value, frozen=True):
    """Whether what happened at a tenant is allowed, in words: its problems, and the timeline."""

    tenant: str
    passed: bool
    text: str
    problems: tuple[Problem, ...] = ()
