"""Credentials that a server must refuse: unknown, malformed, or valid ones that were altered."""

from collections.abc import Iterator

from superoffice_contract.target.credentials import Credential, authorization, basic, session
from superoffice_contract.target.tenants import TargetTenant


def invalid_credentials(tenant: TargetTenant) -> Iterator[Credential]:
    """Yield the credentials that *tenant* must refuse."""
    yield from unknown_credentials()
    yield from _altered_authorizations(tenant)
    yield from _altered_tickets(tenant)
    yield from _altered_sessions(tenant)
    yield from _credentials_without_grant(tenant)


def unknown_credentials() -> Iterator[Credential]:
    """Yield credentials that no tenant knows, and malformed ones."""
    unknown_user = basic("nobody-4711", "no-password")
    cases = (
        ("nothing", (), ("unauthorized", "www-authenticate")),
        ("an unknown user", authorization(unknown_user), ("unauthorized",)),
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


def _altered_authorizations(tenant: TargetTenant) -> Iterator[Credential]:
    online = tenant.installation == "online"
    for user in tenant.users[:1]:
        wrong = basic(user.name, f"{user.password}x")
        yield Credential("a wrong password", authorization(wrong), ("unauthorized",))
        value = basic(user.name, user.password)
        if online:
            claims = ("basic-onsite-only", "schemes-by-installation")
            yield Credential("Basic Online", authorization(value), claims)
        else:
            headers = authorization(value) * 2
            yield Credential("two Authorizations", headers, ("authorization-twice",))
    if not online:
        for value in (*tenant.tickets[:1], *(token.value for token in tenant.tokens[:1])):
            headers = authorization(f"Bearer {value}")
            claims = ("bearer-online-only", "schemes-by-installation")
            yield Credential("Bearer onsite", headers, claims)


def _altered_tickets(tenant: TargetTenant) -> Iterator[Credential]:
    if tenant.installation == "onsite":
        return
    claims = ("ticket-online", "app-token-online")
    for ticket in tenant.tickets[:1]:
        value = f"SOTicket {ticket}"
        yield Credential("a ticket without app token", authorization(value), claims)
        headers = authorization(value, ("SO-AppToken", "nobody"))
        yield Credential("a ticket with an unknown app token", headers, claims)


def _altered_sessions(tenant: TargetTenant) -> Iterator[Credential]:
    for web_session in tenant.sessions[:1]:
        id_, xsrf = web_session.id, web_session.xsrf
        cookie, xsrf_header = session(id_, xsrf)
        cases = (
            ("the cookie of a session alone", (cookie,), ("xsrf-half",)),
            ("the XSRF value of a session alone", (xsrf_header,), ("xsrf-half",)),
            ("a session with another value", session(id_, f"{xsrf}x"), ("xsrf-pair",)),
            ("another session's value", session(f"{id_}x", xsrf), ("xsrf-pair", "xsrf-session")),
            (
                "an empty Authorization with a session",
                authorization("", cookie, xsrf_header),
                ("authorization-decides",),
            ),
        )
        for name, headers, claims in cases:
            yield Credential(name, headers, claims)


def _credentials_without_grant(tenant: TargetTenant) -> Iterator[Credential]:
    claims = ("grant", "restricted-status", "online-restricted")
    apps_without_grant = {app.name: app for app in tenant.apps if not app.email_agent}
    for token in [token for token in tenant.tokens if token.app in apps_without_grant][:1]:
        headers = authorization(f"Bearer {token.value}")
        yield Credential("a token of an app without the EMail agent", headers, claims)
    for ticket in tenant.tickets[:1] if tenant.installation == "online" else ():
        for app in [*apps_without_grant.values()][:1]:
            headers = authorization(f"SOTicket {ticket}", ("SO-AppToken", app.token))
            yield Credential("a ticket of an app without the EMail agent", headers, claims)
