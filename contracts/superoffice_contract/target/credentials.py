"""The credentials that a server must accept, as headers."""

import base64
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from superoffice_contract.target.tenants import Header, TargetTenant


class Credential(msgspec.Struct, frozen=True):
    """Headers to sign in with, or to be refused with; *claims* say why."""

    name: str
    headers: tuple[Header, ...]
    claims: tuple[str, ...]


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
