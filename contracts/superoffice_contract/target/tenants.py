"""The tenants of a target and their credentials, as in the mock's configuration."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from superoffice_contract.errors import TargetError
from superoffice_contract.validation import explain_tables

NonEmptyText = Annotated[str, msgspec.Meta(min_length=1)]
Header = tuple[str, str]
Installation = Literal["onsite", "online"]
INSTALLATIONS: Final[tuple[Installation, ...]] = ("onsite", "online")


class _Table(msgspec.Struct, frozen=True, rename="kebab"):
    pass


class User(_Table, frozen=True):
    """A user with a password, which may be empty."""

    name: NonEmptyText
    password: str


class Session(_Table, frozen=True):
    """A web session and its XSRF value."""

    id: NonEmptyText
    xsrf: NonEmptyText


class App(_Table, frozen=True):
    """An app of a partner; *email_agent*: it has the grant of the EMail agent."""

    name: NonEmptyText
    token: NonEmptyText
    email_agent: bool = True


class Token(_Table, frozen=True):
    """An access token and the name of its app."""

    value: NonEmptyText
    app: str


class TargetTenant(_Table, frozen=True):
    """A tenant of the target and its credentials."""

    id: NonEmptyText
    installation: Installation
    users: tuple[User, ...] = ()
    tickets: tuple[NonEmptyText, ...] = ()
    sessions: tuple[Session, ...] = ()
    apps: tuple[App, ...] = ()
    tokens: tuple[Token, ...] = ()

    @property
    def base(self) -> str:
        """The path before /api; empty for the tenant `onsite`."""
        return "" if self.id == "onsite" else f"/{self.id}"

    @property
    def granted_apps(self) -> tuple[App, ...]:
        """The apps with the grant of the EMail agent."""
        return tuple(app for app in self.apps if app.email_agent)


def example_tenant(installation: Installation) -> TargetTenant:
    """Return a tenant of *installation* with every kind of credential."""
    return TargetTenant(
        "onsite" if installation == "onsite" else "Cust1",
        installation,
        users=(User("user", "password"), User("other-user", "")),
        tickets=("ticket",),
        sessions=(Session("session", "xsrf"),),
        apps=(App("app", "app-token"), App("other-app", "other-app-token", email_agent=False)),
        tokens=(Token("token", "app"), Token("other-token", "other-app")),
    )


def read_tenants(tables: Sequence[Any], source: str) -> tuple[TargetTenant, ...]:
    """Convert `[[tenant]]` tables. Raise TargetError, which names *source* and the place."""
    try:
        return msgspec.convert(tuple(tables), tuple[TargetTenant, ...])
    except msgspec.ValidationError as error:
        msg = f"{source}: {explain_tables(error, tuple[TargetTenant, ...], 'tenant')}"
        raise TargetError(msg) from None
