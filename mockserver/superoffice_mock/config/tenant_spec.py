"""The `[[tenant]]` tables of a configuration, and how they become the facts of a tenant."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.accounts import DEFAULT_FAILURE, Failures, MailAccount, ServiceAuth
from superoffice_mock.core.clock import format_instant
from superoffice_mock.core.credentials import App, KnownCredentials, Session
from superoffice_mock.core.expiry import Lifetimes
from superoffice_mock.core.state import TenantFacts, TenantStatus, tenant_status
from superoffice_mock.core.sync_run import (
    SECOND,
    AccountId,
    Durations,
    Installation,
    Instant,
    TenantId,
    seconds,
)

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1_000_000)]
Lifetime = Annotated[float, msgspec.Meta(gt=0, le=1_000_000_000)]
Secret = Annotated[str, msgspec.Meta(min_length=1)]
DEFAULT_ASSOCIATE: Final = "mock-user"
"""The owner of accounts that name none, in a tenant without users."""
_PUBLIC_KEY: Final = re.compile(r"-----BEGIN (RSA )?PUBLIC KEY-----")
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Moment = Annotated[
    datetime, msgspec.Meta(description="a date and time such as 2026-01-31T12:00:00Z")
]
Ago = Annotated[float, msgspec.Meta(ge=0, le=10**9, description="seconds before the tenant starts")]
NewId = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
"""An id of an account; 0 is that of one to be created, claim save-creates."""
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
_HOST: Final = r"^([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$"
Host = Annotated[
    str, msgspec.Meta(min_length=1, max_length=255, extra_json_schema={"pattern": _HOST})
]
StateName = Annotated[
    str, msgspec.Meta(extra_json_schema={"enum": [status.setting for status in TenantStatus]})
]
"""The name of a state; `tenant_status` knows the nearest one for an error."""


class _Table(msgspec.Struct, forbid_unknown_fields=True, rename="kebab"):
    pass


class User(_Table):
    """A user with a password, which may be empty."""

    name: Secret
    password: str


class AppSpec(_Table):
    """A partner's app and whether it was granted the EMail agent.

    *client_id* is by default the name. *public_key* is PEM, or a file relative to the
    configuration; an app that has one has a *system_user_token*, too.
    """

    name: Secret
    token: Secret
    email_agent: bool = True
    client_id: Secret | None = None
    system_user_token: Secret | None = None
    public_key: Secret | None = None

    def build(self) -> App:
        """Return the app. Raise ValueError, which repeats no key."""
        key = self.public_key
        if key is not None and _PUBLIC_KEY.search(key) is None:
            problem = "a private key" if "PRIVATE KEY" in key else "not a public key as PEM"
            msg = f"its public-key is {problem}; write what `openssl rsa -in KEY -pubout` prints"
            raise ValueError(msg)
        if (key is None) != (self.system_user_token is None):
            msg = "public-key and system-user-token belong together; write both or none"
            raise ValueError(msg)
        return App(
            self.name,
            self.token,
            self.email_agent,
            self.client_id or self.name,
            self.system_user_token,
            key,
        )


class Token(_Table):
    """An access token, or a refresh token, and the name of its app."""

    value: Secret
    app: str


class SessionSpec(_Table):
    """A web session and its XSRF value."""

    id: Secret
    xsrf: Secret
    user: str


Number = Annotated[int, msgspec.Meta(ge=1, le=10**9)]


class Account(_Table):
    """A mail account; *seconds* is how long its sync takes, by default as long as that of others.

    *fails* is the reason of its failures, *fails_times* how many of its syncs fail: by default all
    if there is a reason, else none. After *failed_after* of them in a row it is Failed.
    *last_fetch* is a moment, or how many seconds before the start of the tenant it was.
    """

    id: NewId
    seconds: Seconds | None = None
    address: Text | None = None
    associate: Text | None = None
    associate_id: Int32 | None = None
    folder: Text = "INBOX"
    fails: Text | None = None
    fails_times: Number | None = None
    failed_after: Number | None = None
    last_fetch: Moment | Ago | None = None

    def __post_init__(self) -> None:
        names = dict(zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True))
        never_fails = self.fails is None and self.fails_times is None
        if never_fails and self.failed_after is not None:
            msg = f"{names['failed_after']} needs failures; add fails or {names['fails_times']}"
            raise ValueError(msg)
        if isinstance(self.last_fetch, datetime) and _to_instant(self.last_fetch) < 0:
            msg = f"{names['last_fetch']} is before 1970; leave it out if there was none"
            raise ValueError(msg)

    def build(self, associate: str, associate_id: int) -> MailAccount:
        """Return the account; *associate* and *associate_id* are its owner's."""
        address = self.address or f"account{self.id}@example.com"
        failures = None
        if self.fails is not None or self.fails_times is not None:
            reason = DEFAULT_FAILURE if self.fails is None else self.fails
            failures = Failures(reason, self.fails_times, self.failed_after)
        last_fetch = self.last_fetch
        return MailAccount(
            AccountId(self.id),
            address,
            associate,
            associate_id,
            self.folder,
            incoming=ServiceAuth("imap.example.com", 993, username=address),
            outgoing=ServiceAuth("smtp.example.com", 465, username=address),
            seconds=None if self.seconds is None else seconds(self.seconds),
            failures=failures,
            last_fetch=_to_instant(last_fetch) if isinstance(last_fetch, datetime) else None,
            last_fetch_ago=seconds(last_fetch) if isinstance(last_fetch, float) else None,
        )


def _to_instant(moment: datetime) -> Instant:
    """Return *moment*, which is in UTC if it has no offset."""
    utc = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return Instant(round(utc.timestamp() * 1000) * (SECOND // 1000))


class ExpiresAfter(_Table):
    """How long each kind of credential lasts; None: as long as the setting says."""

    tickets: Lifetime | None = None
    tokens: Lifetime | None = None
    sessions: Lifetime | None = None


class TenantSpec(_Table):
    """One `[[tenant]]` table."""

    id: str
    installation: Installation
    users: list[User] = []
    tickets: list[Secret] = []
    sessions: list[SessionSpec] = []
    apps: list[AppSpec] = []
    tokens: list[Token] = []
    refresh_tokens: list[Token] = []
    accounts: list[Account] = []
    expires_after: Lifetime | ExpiresAfter | None = None
    state: StateName = TenantStatus.RUNNING.setting
    host: Host | None = None


def build_facts(spec: TenantSpec, settings: Settings) -> TenantFacts:
    """Return the facts of *spec*, or of *settings* where it is silent. Raise ValueError."""
    apps = _build_apps(spec)
    tokens = _tokens_by_value("token", spec.tokens, apps)
    refresh_tokens = _tokens_by_value("refresh token", spec.refresh_tokens, apps)
    for number, value in enumerate(refresh_tokens, 1):
        if not value.lower().startswith(f"{spec.id}.".lower()):
            start = f"refresh token {number} must begin with the tenant's id and a dot"
            raise ValueError(f"{start}, by which the mock finds the tenant")
    accounts = _build_accounts(spec)
    if spec.host is not None and re.fullmatch(_HOST, spec.host) is None:
        msg = "host: is no host name; expected one such as sod2.superoffice.com"
        raise ValueError(msg)
    return TenantFacts(
        id=TenantId(spec.id),
        installation=spec.installation,
        known_credentials=KnownCredentials(
            users={user.name: user.password for user in spec.users},
            tickets=frozenset(spec.tickets),
            apps={app.token: app for app in apps.values()},
            tokens=tokens,
            refresh_tokens=refresh_tokens,
        ),
        durations=Durations(
            seconds(settings.seconds_per_account),
            {
                account.id: account.seconds
                for account in accounts.values()
                if account.seconds is not None
            },
        ),
        readings=settings.readings,
        sessions={
            session.id: Session(session.id, session.xsrf, session.user) for session in spec.sessions
        },
        lifetimes=_lifetimes(spec.expires_after, settings.expires_after),
        accounts=accounts,
        due_after=seconds(settings.due_after),
        status=tenant_status(spec.state),
        host=spec.host,
    )


def _build_apps(spec: TenantSpec) -> dict[str, App]:
    apps = {}
    for number, app in enumerate(spec.apps, 1):
        try:
            apps[app.name] = app.build()
        except ValueError as error:
            msg = f"app {number}: {error}"
            raise ValueError(msg) from None
    return apps


def _tokens_by_value(noun: str, tokens: list[Token], apps: Mapping[str, App]) -> dict[str, App]:
    """Return the apps of *tokens*. Raise ValueError if one names another app."""
    for number, token in enumerate(tokens, 1):
        if token.app not in apps:
            msg = f"{noun} {number} names an app that is not one of its apps"
            raise ValueError(msg)
    return {token.value: apps[token.app] for token in tokens}


def _build_accounts(spec: TenantSpec) -> dict[AccountId, MailAccount]:
    """Return the accounts of *spec*. One without an associate belongs to the first user."""
    users = [*(user.name for user in spec.users), *(session.user for session in spec.sessions)]
    first_user = next(iter(users), DEFAULT_ASSOCIATE)
    associates = [account.associate or first_user for account in spec.accounts]
    ids = {name: number for number, name in enumerate(dict.fromkeys(associates), 1)}
    for name, account in zip(associates, spec.accounts, strict=True):
        ids[name] = ids[name] if account.associate_id is None else account.associate_id
    built: dict[AccountId, MailAccount] = {}
    for name, account in zip(associates, spec.accounts, strict=True):
        associate_id = ids[name] if account.associate_id is None else account.associate_id
        new = account.build(name, associate_id)
        if new.id in built:
            msg = f"account {len(built) + 1} has the id of an earlier one, {new.id}"
            raise ValueError(msg)
        built[new.id] = new
    return built


def check_last_fetches(facts: TenantFacts, now: int) -> None:
    """Raise ValueError if an account was last synced after *now*."""
    for account in facts.accounts.values():
        if account.last_fetch is not None and account.last_fetch > now:
            present = format_instant(now)
            msg = f"account {account.id} was last fetched in the future; it is {present} now"
            raise ValueError(msg)


def _lifetimes(value: float | ExpiresAfter | None, default: float | None) -> Lifetimes:
    if not isinstance(value, ExpiresAfter):
        value = ExpiresAfter(value, value, value)
    lifetimes = [
        default if lifetime is None else lifetime
        for lifetime in (value.tickets, value.tokens, value.sessions)
    ]
    return Lifetimes(*(None if lifetime is None else seconds(lifetime) for lifetime in lifetimes))


def find_unusable_credentials(facts: TenantFacts) -> list[str]:
    """Return a warning about credentials that the tenant's installation never accepts."""
    if facts.installation is Installation.ONLINE:
        warning = "users: Basic is never accepted Online; give it tickets or tokens"
        return [warning] if facts.known_credentials.users else []
    warning = "tokens: Bearer is never accepted onsite; give it users or tickets"
    return [warning] if facts.known_credentials.tokens else []
