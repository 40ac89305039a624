"""Who must not be let in: credentials that are invented, malformed, or good ones bent."""

from collections.abc import Iterator

from superoffice_contract.target.credentials import Credential, authorization, basic, session
from superoffice_contract.target.tenants import TargetTenant


def of(tenant: TargetTenant) -> Iterator[Credential]:
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
