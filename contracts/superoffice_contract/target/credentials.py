"""The credentials that a server must accept, and those that it must refuse, as headers."""

import base64
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Final

import msgspec

from superoffice_contract.messages import SESSION_COOKIE
from superoffice_contract.target.tenants import Header, TargetTenant

_ALTERNATIVES_CLAIM: Final = "credentials-alternatives"
"""The claim that one credential is enough."""
_SCHEME_CLAIMS: Final = ("authorization-schemes", "schemes-by-installation")
_SECURITY_SCHEMES: Final = {"basic": "basic", "soticket": "soTicket", "bearer": "bearer"}
_SESSION: Final = "xsrfToken + session"
NOTHING: Final = "nothing"
"""The name of the case without a credential; where that is accepted, no other one shows more."""
UNKNOWN_APP: Final[Header] = ("SO-AppToken", "Unknown-App-4711")
"""The application token of no app."""
_DISTINCT: Final = re.compile(r"(?=.*[A-Za-z])(?!^[a-z-]{0,15}$).{6,}", re.DOTALL)
"""A secret that no other text has by chance: no number, and no word."""


Altered = Iterator[tuple[str, tuple[Header, ...], tuple[str, ...]]]
"""Name, headers and claims of invalid credentials."""


class Credential(msgspec.Struct, frozen=True):
    """The headers of a valid or invalid credential; *claims* say how it must be answered.

    An answer that treats it otherwise breaks the first of them. It shows nothing if the server
    treats the one that it *needs* otherwise.
    """

    name: str
    headers: tuple[Header, ...]
    claims: tuple[str, ...]
    needs: str | None = None


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
        yield Credential("basic, in lower case", authorization(lower), ("scheme-case",), "Basic")
    for user in [user for user in tenant.users if not user.password][:1]:
        value = basic(user.name, "")
        yield Credential("an empty password", authorization(value), ("basic-empty-password",))


def _ticket_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    claims: tuple[str, ...]
    if tenant.installation == "onsite":
        app_headers: list[tuple[Header, ...]] = [(), (UNKNOWN_APP,)]
        claims = ("ticket-onsite", "authorization-schemes", _ALTERNATIVES_CLAIM)
    else:
        app_headers = [(("SO-AppToken", app.token),) for app in tenant.granted_apps[:1]]
        claims = ("ticket-online", "app-token", "app-token-online", _ALTERNATIVES_CLAIM)
    for ticket in tenant.tickets[:1] if app_headers else ():
        headers = authorization(f"SOTicket {ticket}", *app_headers[0])
        yield Credential("SOTicket", headers, claims)
        for scheme in ("SoTicket", "SOTICKET"):
            headers = authorization(f"{scheme} {ticket}", *app_headers[0])
            yield Credential(scheme, headers, ("scheme-case",), "SOTicket")
        for unknown_app in app_headers[1:]:
            headers = authorization(f"SOTicket {ticket}", *unknown_app)
            yield Credential("SOTicket with an unknown app token", headers, claims, "SOTicket")


def _token_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    granted_names = {app.name for app in tenant.granted_apps}
    for token in [token for token in tenant.tokens if token.app in granted_names][:1]:
        claims = ("bearer-online", *_SCHEME_CLAIMS, _ALTERNATIVES_CLAIM)
        yield Credential("Bearer", authorization(f"Bearer {token.value}"), claims)
        lower = authorization(f"bearer {token.value}")
        yield Credential("bearer, in lower case", lower, ("scheme-case",), "Bearer")
        headers = authorization(f"Bearer {token.value}", UNKNOWN_APP)
        yield Credential("Bearer with an unknown app token", headers, claims, "Bearer")


def _session_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    claims = ("xsrf-everywhere", "xsrf-pair", "xsrf-header", "xsrf-session", _ALTERNATIVES_CLAIM)
    for web_session in tenant.sessions[:1]:
        id_, xsrf = web_session.id, web_session.xsrf
        name = "a session with its XSRF value"
        yield Credential(name, session(id_, xsrf), claims)
        headers = (("Cookie", f"a=b; ASP.NET_SessionId={id_}; c"), ("X-XSRF-TOKEN", xsrf))
        yield Credential("a session among other cookies", headers, ("cookies-ignored",), name)


# ---- invalid credentials ---------------------------------------------------------------------


def invalid_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    """Yield the credentials that *tenant* must refuse."""
    yield from unknown_credentials()
    for name, headers, claims in chain(
        _altered_authorizations(tenant),
        _altered_sessions(tenant),
        () if tenant.installation == "onsite" else _without_app(tenant),
    ):
        yield Credential(name, headers, claims, NOTHING)


def unknown_credentials() -> Iterator[Credential]:
    """Yield credentials that no tenant knows, and malformed ones."""
    yield Credential(NOTHING, (), ("unauthorized", "www-authenticate"))
    unknown_user = basic("nobody-4711", "No-Password-4711")
    invented_session = session("Nobody-Session-4711", "Nobody-Xsrf-4711")
    cookie, xsrf_header = invented_session
    for name, headers, claim in (
        ("an unknown user", authorization(unknown_user), "unauthorized"),
        ("an unknown ticket", authorization("SOTicket 7T:Tm9ib2R5LTQ3MTE"), "unauthorized"),
        ("an unknown access token", authorization("Bearer 8A:Tm9ib2R5LTQ3MTE"), "unauthorized"),
        ("an unknown scheme", authorization("Digest Tm9ib2R5LTQ3MTE"), "credentials-malformed"),
        ("a scheme alone", authorization("Basic"), "credentials-malformed"),
        ("an empty Authorization", authorization(""), "unauthorized"),
        ("bad base64", authorization("Basic %%%"), "credentials-malformed"),
        ("no colon", authorization("Basic Tm9ib2R5LTQ3MTE="), "credentials-malformed"),
        ("an empty ticket", authorization("SOTicket"), "credentials-malformed"),
        ("an empty token", authorization("Bearer"), "credentials-malformed"),
        ("an invented session", invented_session, "xsrf-pair"),
        ("an XSRF value alone", (xsrf_header,), "xsrf-half"),
        ("a session cookie alone", (cookie,), "xsrf-half"),
    ):
        yield Credential(name, headers, (claim,), NOTHING)


def _altered_authorizations(tenant: TargetTenant) -> Altered:
    is_onsite = tenant.installation == "onsite"
    for user in tenant.users[:1]:
        wrong_value = basic(user.name, f"{user.password}x")
        yield "a wrong password", authorization(wrong_value), ("unauthorized",)
        if user.password:
            empty_value = basic(user.name, "")
            yield "an empty password for another", authorization(empty_value), ("unauthorized",)
        headers = authorization(basic(user.name, user.password))
        if is_onsite:
            yield "two Authorizations", headers * 2, ("authorization-twice",)
        else:
            yield "Basic Online", headers, ("basic-onsite-only", "schemes-by-installation")
    if is_onsite:
        tickets = (("a ticket as Bearer", ticket) for ticket in tenant.tickets[:1])
        tokens = (("Bearer onsite", token.value) for token in tenant.tokens[:1])
        claims = ("bearer-online-only", "schemes-by-installation")
        for name, value in (*tickets, *tokens):
            yield name, authorization(f"Bearer {value}"), claims


def _altered_sessions(tenant: TargetTenant) -> Altered:
    for web_session in tenant.sessions[:1]:
        id_, xsrf = web_session.id, web_session.xsrf
        cookie, xsrf_header = session(id_, xsrf)
        yield "the cookie of a session alone", (cookie,), ("xsrf-half",)
        yield "the XSRF value of a session alone", (xsrf_header,), ("xsrf-half",)
        yield "a session with another value", session(id_, f"{xsrf}x"), ("xsrf-pair",)
        yield "a session with an empty value", session(id_, ""), ("xsrf-pair",)
        other_session = session(f"{id_}x", xsrf)
        yield "another session's value", other_session, ("xsrf-pair", "xsrf-session")
        headers = authorization("", cookie, xsrf_header)
        yield "an empty Authorization with a session", headers, ("authorization-decides",)


def _without_app(tenant: TargetTenant) -> Altered:
    """Yield tickets without a known app, and credentials of an app without the EMail agent."""
    closed_apps = {app.name: app for app in tenant.apps if not app.email_agent}
    claims = ("online-restricted", "grant", "restricted-status")
    for ticket in tenant.tickets[:1]:
        value, ticket_claims = f"SOTicket {ticket}", ("ticket-online", "app-token-online")
        yield "a ticket without app token", authorization(value), ticket_claims
        for name, header in (("an unknown", UNKNOWN_APP), ("an empty", ("SO-AppToken", ""))):
            yield f"a ticket with {name} app token", authorization(value, header), ticket_claims
        for app in [*closed_apps.values()][:1]:
            headers = authorization(value, ("SO-AppToken", app.token))
            yield "a ticket of an app without the EMail agent", headers, claims
    for token in [token for token in tenant.tokens if token.app in closed_apps][:1]:
        headers = authorization(f"Bearer {token.value}")
        yield "a token of an app without the EMail agent", headers, claims


# ---- what a request has ----------------------------------------------------------------------


def security_scheme(headers: Sequence[Header]) -> str:
    """Return the security scheme of openapi.yaml that *headers* use, or "none"."""
    by_name = {name.lower(): value for name, value in headers}
    scheme = by_name.get("authorization", "").partition(" ")[0]
    return _SECURITY_SCHEMES.get(scheme.lower(), "none") if scheme else _SESSION


def secrets_sent(headers: Sequence[Header]) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each secret in *headers*, real or not, that can be told from others.

    User and password are also one in base64. A short one, or a plain word, may stand in any text.
    """
    for name, value in headers:
        for kind, secret in secrets_in(name.lower(), value):
            if _DISTINCT.fullmatch(secret):
                yield kind, secret


def secrets_in(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Yield kind and text of each secret in the header *name*, in lower case, with *value*."""
    if name == "authorization":
        scheme, _, secret = value.strip().partition(" ")
        if not secret and scheme.lower() not in _SECURITY_SCHEMES:
            secret = scheme
        secret = secret.strip()
        if scheme.lower() == "basic":
            yield "Basic value", secret
            yield from (("password", password) for password in _passwords_in(secret))
        else:
            yield "ticket or token", secret
    elif name == "so-apptoken":
        yield "app token", value.strip()
    elif name == "x-xsrf-token":
        yield "XSRF value", value.strip()
    elif name == "cookie":
        for cookie in value.split(";"):
            cookie_name, _, id_ = cookie.strip().partition("=")
            if cookie_name == SESSION_COOKIE:
                yield "session", id_


def _passwords_in(basic_value: str) -> Iterator[str]:
    """Yield the password of a Basic value, unless it is that of nobody or the user's own name."""
    try:
        user, colon, password = base64.b64decode(basic_value, validate=True).decode().partition(":")
    except ValueError:
        return
    if colon and password.casefold() != user.casefold():
        yield password
