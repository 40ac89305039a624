"""Answers of the control surface as values: exchanges, runs, events, credentials."""

from collections.abc import Mapping
from datetime import datetime

import msgspec


class Value(msgspec.Struct, frozen=True):
    """An answer, or a part of one; members that a newer server adds are ignored."""


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
    """The holder of the lease: a `run`, by its number, or `hand` for a hold by the test."""

    by: str
    run: int | None = None


class RecordedOutcome(Value, frozen=True):
    """What became of a replayed call when it was recorded; `unknown` if the file does not say."""

    outcome: str
    confidence: str | None = None


class Exchange(Value, frozen=True):
    """A request with its answer and what really happened; times are on the tenant's clock."""

    id: int
    at: datetime
    method: str
    path: str
    outcome: str
    operation: str | None = None
    media_type: str | None = None
    principal: Principal | None = None
    accounts: tuple[Account, ...] | None = None
    select: tuple[str, ...] | None = None
    run: int | None = None
    holder: Holder | None = None
    status: int | None = None
    elapsed: float | None = None
    elapsed_real: float | None = None
    hung_up: bool = False
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


class Header(Value, frozen=True):
    """A header as it was sent, without secrets."""

    name: str
    value: str


class ExchangeDetails(Exchange, frozen=True):
    """An exchange with the headers and the body of its request."""

    headers: tuple[Header, ...] = ()
    body: str = ""
    crash: str | None = None


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


class Credentials(Value, frozen=True):
    """One credential of each kind that the tenant accepts; *headers* sign in with one of them."""

    headers: Mapping[str, str]
    user: str | None = None
    password: str | None = None
    ticket: str | None = None
    app: str | None = None
    app_token: str | None = None
    access_token: str | None = None
    session: str | None = None
    xsrf: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


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
