"""The credentials that a server must accept, as headers."""

import base64
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from superoffice_contract.target.tenants import Header, TargetTenant

_ALTERNATIVES_CLAIM: Final = "credentials-alternatives"
"""The claim that one credential is enough."""
_SCHEME_CLAIMS: Final = ("authorization-schemes", "schemes-by-installation")
_SECURITY_SCHEMES: Final = {"basic": "basic", "soticket": "soTicket", "bearer": "bearer"}
_SESSION: Final = "xsrfToken + session"


class Credential(msgspec.Struct, frozen=True):
    """The headers of a valid or invalid credential; *claims* say how it must be answered."""

    name: str
    headers: tuple[Header, ...]
    claims: tuple[str, ...]


def authorization(value: str, *headers: Header) -> tuple[Header, ...]:
    """Return an Authorization header and more *headers*."""
    return (("Authorization", value), *headers)


def basic(user: str, password: str) -> str:
    """Return the value of an Authorization header with scheme Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def session(id_: str, xsrf: str) -> tuple[Header, ...]:
    """Return the cookie and the XSRF header of a session."""
    return (("Cookie", f"ASP.NET_SessionId={id_}"), ("X-XSRF-TOKEN", xsrf))


def valid_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    """Yield each kind of credential that *tenant* must accept."""
    is_onsite = tenant.installation == "onsite"
    if is_onsite:
        yield from _basic_credentials(tenant)
    yield from _ticket_credentials(tenant)
    if not is_onsite:
        yield from _token_credentials(tenant)
    yield from _session_credentials(tenant)


def _basic_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    for user in tenant.users[:1]:
        value = basic(user.name, user.password)
        claims = ("basic-onsite", *_SCHEME_CLAIMS, _ALTERNATIVES_CLAIM)
        yield Credential("Basic", authorization(value), claims)
        lower = "basic" + value.removeprefix("Basic")
        yield Credential("basic, in lower case", authorization(lower), ("scheme-case",))
    for user in [user for user in tenant.users if not user.password][:1]:
        value = basic(user.name, "")
        yield Credential("an empty password", authorization(value), ("basic-empty-password",))


def _ticket_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    for ticket in tenant.tickets[:1]:
        if tenant.installation == "onsite":
            app_headers: list[tuple[Header, ...]] = [()]
            claims: tuple[str, ...] = (
                "ticket-onsite",
                "authorization-schemes",
                _ALTERNATIVES_CLAIM,
            )
        else:
            app_headers = [(("SO-AppToken", app.token),) for app in tenant.granted_apps[:1]]
            claims = ("ticket-online", "app-token", "app-token-online", _ALTERNATIVES_CLAIM)
        for extra_headers in app_headers:
            for scheme in ("SOTicket", "SoTicket", "SOTICKET"):
                headers = authorization(f"{scheme} {ticket}", *extra_headers)
                yield Credential(scheme, headers, (*claims, "scheme-case"))
        if tenant.installation == "onsite":
            headers = authorization(f"SoTicket {ticket}", ("SO-AppToken", "nobody"))
            yield Credential("SoTicket with an unknown app token", headers, claims)


def _token_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    granted_names = {app.name for app in tenant.granted_apps}
    for token in [token for token in tenant.tokens if token.app in granted_names][:1]:
        claims = ("bearer-online", *_SCHEME_CLAIMS, _ALTERNATIVES_CLAIM)
        yield Credential("Bearer", authorization(f"Bearer {token.value}"), claims)
        headers = authorization(f"bearer {token.value}", ("SO-AppToken", "nobody"))
        yield Credential("bearer with an unknown app token", headers, (*claims, "scheme-case"))


def _session_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    claims = ("xsrf-pair", "xsrf-everywhere", "xsrf-header", "xsrf-session", _ALTERNATIVES_CLAIM)
    for web_session in tenant.sessions[:1]:
        id_, xsrf = web_session.id, web_session.xsrf
        yield Credential("a session with its XSRF value", session(id_, xsrf), claims)
        headers = (("Cookie", f"a=b; ASP.NET_SessionId={id_}; c"), ("X-XSRF-TOKEN", xsrf))
        yield Credential("a session among other cookies", headers, ("cookies-ignored",))


def security_scheme(headers: Sequence[Header]) -> str:
    """Return the security scheme of openapi.yaml that *headers* use, or "none"."""
    by_name = {name.lower(): value for name, value in headers}
    scheme = by_name.get("authorization", "").partition(" ")[0]
    return _SECURITY_SCHEMES.get(scheme.lower(), "none") if scheme else _SESSION
