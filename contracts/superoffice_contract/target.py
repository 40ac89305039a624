"""Who is there to sign in as: tenants in the shape of the mock's configuration -> credentials."""

import base64
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

Filled = Annotated[str, msgspec.Meta(min_length=1)]
Header = tuple[str, str]


class TargetError(ValueError):
    """The target can't be checked as it was given; the message says what to change."""


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


class Credential(msgspec.Struct, frozen=True):
    """Headers to sign in with, or to be refused with; *claims* say why."""

    name: str
    headers: tuple[Header, ...]
    claims: tuple[str, ...]


def tenants(tables: Sequence[Any], source: str) -> tuple[TargetTenant, ...]:
    """Return the tenants in *tables*. Raise TargetError naming *source* and the place."""
    try:
        return msgspec.convert(tuple(tables), tuple[TargetTenant, ...])
    except msgspec.ValidationError as error:
        msg = f"{source}: [[tenant]]: {error}"
        raise TargetError(msg) from None


def authorization(value: str, *more: Header) -> tuple[Header, ...]:
    """Return an Authorization header and *more*."""
    return (("Authorization", value), *more)


def basic(user: str, password: str) -> str:
    """Return the value of a Basic Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def session(id_: str, xsrf: str) -> tuple[Header, ...]:
    """Return the two halves of a session."""
    return (("Cookie", f"ASP.NET_SessionId={id_}"), ("X-XSRF-TOKEN", xsrf))


_ALONE: Final = "credentials-alternatives"
"""The claim that each credential is enough by itself."""


# ---- let in ----------------------------------------------------------------------------------


def good(tenant: TargetTenant) -> Iterator[Credential]:
    """Yield every way into *tenant* that the contract knows."""
    onsite = tenant.installation == "onsite"
    if onsite:
        yield from _passwords(tenant)
    yield from _tickets(tenant)
    if not onsite:
        yield from _tokens(tenant)
    for one in tenant.sessions[:1]:
        claims = ("xsrf-pair", "xsrf-everywhere", "xsrf-header", "xsrf-session", _ALONE)
        yield Credential("a session with its XSRF value", session(one.id, one.xsrf), claims)
        headers = (("Cookie", f"a=b; ASP.NET_SessionId={one.id}; c"), ("X-XSRF-TOKEN", one.xsrf))
        yield Credential("a session among other cookies", headers, ("cookies-ignored",))


def _passwords(tenant: TargetTenant) -> Iterator[Credential]:
    for user in tenant.users[:1]:
        value = basic(user.name, user.password)
        claims = ("basic-onsite", "authorization-schemes", "schemes-by-installation", _ALONE)
        yield Credential("Basic", authorization(value), claims)
        lower = "basic" + value.removeprefix("Basic")
        yield Credential("basic, in lower case", authorization(lower), ("scheme-case",))
    for user in [one for one in tenant.users if not one.password][:1]:
        value = basic(user.name, "")
        yield Credential("an empty password", authorization(value), ("basic-empty-password",))


def _tickets(tenant: TargetTenant) -> Iterator[Credential]:
    apps = tenant.granted[:1]
    for ticket in tenant.tickets[:1]:
        if tenant.installation == "onsite":
            beside: tuple[tuple[Header, ...], ...] = ((),)
            claims: tuple[str, ...] = ("ticket-onsite", "authorization-schemes", _ALONE)
        else:
            beside = tuple((("SO-AppToken", app.token),) for app in apps)
            claims = ("ticket-online", "app-token", "app-token-online", _ALONE)
        for more in beside:
            for scheme in ("SOTicket", "SoTicket", "SOTICKET"):
                headers = authorization(f"{scheme} {ticket}", *more)
                yield Credential(scheme, headers, (*claims, "scheme-case"))
        if tenant.installation == "onsite":
            headers = authorization(f"SoTicket {ticket}", ("SO-AppToken", "nobody"))
            yield Credential("SoTicket with an unknown app token", headers, claims)


def _tokens(tenant: TargetTenant) -> Iterator[Credential]:
    granted = {app.name for app in tenant.granted}
    for token in [one for one in tenant.tokens if one.app in granted][:1]:
        claims = ("bearer-online", "authorization-schemes", "schemes-by-installation", _ALONE)
        yield Credential("Bearer", authorization(f"Bearer {token.value}"), claims)
        beside = authorization(f"bearer {token.value}", ("SO-AppToken", "nobody"))
        yield Credential("bearer with an unknown app token", beside, (*claims, "scheme-case"))


_ALTERNATIVES: Final = {"basic": "basic", "soticket": "soTicket", "bearer": "bearer"}
_SESSION: Final = "xsrfToken + session"


def way_in(headers: Sequence[Header]) -> str:
    """Return the alternative of the description's security that *headers* sign in by."""
    lower = {name.lower(): value for name, value in headers}
    scheme = lower.get("authorization", "").partition(" ")[0]
    return _ALTERNATIVES.get(scheme.lower(), "none") if scheme else _SESSION


# ---- refused ---------------------------------------------------------------------------------


def bad(tenant: TargetTenant) -> Iterator[Credential]:
    """Yield what must not get into *tenant*: invented, malformed, and good ones bent."""
    yield from invented()
    yield from _bent_authorizations(tenant)
    yield from _bent_tickets(tenant)
    yield from _bent_sessions(tenant)
    yield from _ungranted(tenant)


def invented() -> Iterator[Credential]:
    """Yield what names nobody, anywhere."""
    nobody = basic("nobody-4711", "no-password")
    cases = (
        ("nothing", (), ("unauthorized", "www-authenticate")),
        ("an unknown user", authorization(nobody), ("unauthorized",)),
        ("an unknown ticket", authorization("SOTicket 7T:bm9ib2R5"), ("unauthorized",)),
        ("an unknown access token", authorization("Bearer 8A:bm9ib2R5"), ("unauthorized",)),
        ("an unknown scheme", authorization("Digest bm9ib2R5"), ("credentials-malformed",)),
        ("a scheme alone", authorization("Basic"), ("credentials-malformed",)),
        ("an empty Authorization", authorization(""), ("authorization-decides",)),
        ("bad base64", authorization("Basic %%%"), ("credentials-malformed",)),
        ("no colon", authorization("Basic bm9ib2R5"), ("credentials-malformed",)),
        ("an empty ticket", authorization("SOTicket"), ("credentials-malformed",)),
        ("an empty token", authorization("Bearer"), ("credentials-malformed",)),
        ("an invented session", session("nobody", "nothing"), ("xsrf-pair",)),
        ("an XSRF value alone", (("X-XSRF-TOKEN", "nothing"),), ("xsrf-half",)),
        ("a session cookie alone", (("Cookie", "ASP.NET_SessionId=nobody"),), ("xsrf-half",)),
    )
    for name, headers, claims in cases:
        yield Credential(name, headers, claims)


def _bent_authorizations(tenant: TargetTenant) -> Iterator[Credential]:
    online = tenant.installation == "online"
    for user in tenant.users[:1]:
        wrong = basic(user.name, f"{user.password}x")
        yield Credential("a wrong password", authorization(wrong), ("unauthorized",))
        value = basic(user.name, user.password)
        if online:
            claims = ("basic-onsite-only", "schemes-by-installation")
            yield Credential("Basic Online", authorization(value), claims)
        else:
            twice = authorization(value) * 2
            yield Credential("two Authorizations", twice, ("authorization-twice",))
    if not online:
        for value in (*tenant.tickets[:1], *(token.value for token in tenant.tokens[:1])):
            headers = authorization(f"Bearer {value}")
            claims = ("bearer-online-only", "schemes-by-installation")
            yield Credential("Bearer onsite", headers, claims)


def _bent_tickets(tenant: TargetTenant) -> Iterator[Credential]:
    if tenant.installation == "onsite":
        return
    claims = ("ticket-online", "app-token-online")
    for ticket in tenant.tickets[:1]:
        value = f"SOTicket {ticket}"
        yield Credential("a ticket without app token", authorization(value), claims)
        wrong = authorization(value, ("SO-AppToken", "nobody"))
        yield Credential("a ticket with an unknown app token", wrong, claims)


def _bent_sessions(tenant: TargetTenant) -> Iterator[Credential]:
    for one in tenant.sessions[:1]:
        whole = session(one.id, one.xsrf)
        cases = (
            ("the cookie of a session alone", whole[:1], ("xsrf-half",)),
            ("the XSRF value of a session alone", whole[1:], ("xsrf-half",)),
            ("a session with another value", session(one.id, f"{one.xsrf}x"), ("xsrf-pair",)),
            (
                "another session's value",
                session(f"{one.id}x", one.xsrf),
                ("xsrf-pair", "xsrf-session"),
            ),
            (
                "an empty Authorization beside a session",
                authorization("", *whole),
                ("authorization-decides",),
            ),
        )
        for name, headers, claims in cases:
            yield Credential(name, headers, claims)


def _ungranted(tenant: TargetTenant) -> Iterator[Credential]:
    claims = ("grant", "restricted-status", "online-restricted")
    without = {app.name: app for app in tenant.apps if not app.email_agent}
    for token in [one for one in tenant.tokens if one.app in without][:1]:
        headers = authorization(f"Bearer {token.value}")
        yield Credential("a token of an app without the EMail agent", headers, claims)
    for ticket in tenant.tickets[:1] if tenant.installation == "online" else ():
        for app in [*without.values()][:1]:
            headers = authorization(f"SOTicket {ticket}", ("SO-AppToken", app.token))
            yield Credential("a ticket of an app without the EMail agent", headers, claims)
