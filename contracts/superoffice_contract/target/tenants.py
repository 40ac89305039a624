"""Who is there to sign in as: tenants in the shape of the mock's configuration -> credentials."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from superoffice_contract.errors import TargetError

Filled = Annotated[str, msgspec.Meta(min_length=1)]


Header = tuple[str, str]


class _Table(msgspec.Struct, frozen=True, rename="kebab"):
    pass


class User(_Table, frozen=True):
    """Someone with a password."""

    name: Filled
    password: str


class Session(_Table, frozen=True):
    """A web session and its XSRF value."""

    id: Filled
    xsrf: Filled


class App(_Table, frozen=True):
    """A partner's app; *email_agent*: it was granted the EMail agent."""

    name: Filled
    token: Filled
    email_agent: bool = True


class Token(_Table, frozen=True):
    """An access token and the app it was made for."""

    value: Filled
    app: str


class TargetTenant(_Table, frozen=True):
    """One installation: where it answers and whom it knows."""

    id: Filled
    installation: Literal["onsite", "online"]
    users: tuple[User, ...] = ()
    tickets: tuple[Filled, ...] = ()
    sessions: tuple[Session, ...] = ()
    apps: tuple[App, ...] = ()
    tokens: tuple[Token, ...] = ()

    @property
    def base(self) -> str:
        """The path before /api: none for the tenant called onsite."""
        return "" if self.id == "onsite" else f"/{self.id}"

    @property
    def granted(self) -> tuple[App, ...]:
        """The apps that may use the EMail agent."""
        return tuple(app for app in self.apps if app.email_agent)


def tenants(tables: Sequence[Any], source: str) -> tuple[TargetTenant, ...]:
    """Return the tenants in *tables*. Raise TargetError naming *source* and the place."""
    try:
        return msgspec.convert(tuple(tables), tuple[TargetTenant, ...])
    except msgspec.ValidationError as error:
        msg = f"{source}: [[tenant]]: {error}"
        raise TargetError(msg) from None
