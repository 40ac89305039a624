"""What was presented, held against what a tenant knows."""

import pytest

from superoffice_mock.core.credentials import (
    DENIED,
    SCHEMES,
    AccessToken,
    App,
    BasicPair,
    KnownCredentials,
    Presented,
    Principal,
    Session,
    SessionPair,
    Ticket,
    Unusable,
    granted,
    identify,
)
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected

ONSITE, ONLINE = Installation.ONSITE, Installation.ONLINE
GRANTED = App("granted", "app-token")
DENIED_APP = App("denied", "denied-app-token", email_agent=False)
KNOWN = KnownCredentials(
    users={"tje0": "Tje0", "empty": ""},
    tickets=frozenset({"7T:ticket"}),
    apps={GRANTED.token: GRANTED, DENIED_APP.token: DENIED_APP},
    tokens={"8A:access-token": GRANTED, "8A:denied-access-token": DENIED_APP},
)
SESSIONS = {"session-id": Session("session-id", "xsrf-value", "tje0")}
SECRETS = (
    *("Tje0", "7T:ticket", "app-token", "8A:access-token", "session-id", "xsrf-value"),
    *("wrong-password", "7T:other", "other-app-token", "8A:other", "other-session", "other-xsrf"),
)

LET_IN: list[tuple[Presented, Installation, Principal]] = [
    (BasicPair("tje0", "Tje0"), ONSITE, Principal("Basic", user="tje0")),
    (BasicPair("empty", ""), ONSITE, Principal("Basic", user="empty")),
    (Ticket("7T:ticket", None), ONSITE, Principal("SOTicket")),
    (Ticket("7T:ticket", "other-app-token"), ONSITE, Principal("SOTicket")),
    (Ticket("7T:ticket", "app-token"), ONLINE, Principal("SOTicket", app=GRANTED)),
    (AccessToken("8A:access-token"), ONLINE, Principal("Bearer", app=GRANTED)),
    (SessionPair("session-id", "xsrf-value"), ONSITE, Principal("session", user="tje0")),
    (SessionPair("session-id", "xsrf-value"), ONLINE, Principal("session", user="tje0")),
]
TURNED_DOWN: list[tuple[Presented, Installation, str]] = [
    (BasicPair("tje0", "Tje0"), ONLINE, "Basic is not accepted Online; send SOTicket or Bearer"),
    (
        BasicPair("wrong-password", "Tje0"),
        ONSITE,
        "Basic: unknown user; known here: 'tje0', 'empty'",
    ),
    (BasicPair("tje0", "wrong-password"), ONSITE, "Basic: wrong password for user 'tje0'"),
    (BasicPair("tje0", ""), ONSITE, "Basic: wrong password for user 'tje0'"),
    (BasicPair("", ""), ONSITE, "Basic: unknown user"),
    (Ticket("7T:other", None), ONSITE, "SOTicket: unknown ticket"),
    (Ticket("7T:other", "app-token"), ONLINE, "SOTicket: unknown ticket"),
    (Ticket("7T:ticket", None), ONLINE, "SO-AppToken: missing; a ticket needs the token"),
    (Ticket("7T:ticket", "other-app-token"), ONLINE, "SO-AppToken: unknown app token"),
    (Ticket("7T:ticket", ""), ONLINE, "SO-AppToken: unknown app token"),
    (AccessToken("8A:access-token"), ONSITE, "Bearer is not accepted onsite; send Basic"),
    (AccessToken("8A:other"), ONLINE, "Bearer: unknown access token"),
    (
        AccessToken("8A:Cust54321.8A:other"),
        ONLINE,
        "Bearer: unknown access token; by its beginning it is of tenant 'Cust54321'",
    ),
    (SessionPair("other-session", "xsrf-value"), ONSITE, "names no open session"),
    (SessionPair("other-session", "other-xsrf"), ONLINE, "names no open session"),
    (SessionPair("session-id", "other-xsrf"), ONSITE, "X-XSRF-TOKEN: differs from the XSRF value"),
    (Unusable("Cookie", "is stale"), ONSITE, "Cookie: is stale"),
    (Unusable("Cookie", "is stale"), ONLINE, "Cookie: is stale"),
]


@pytest.mark.parametrize(("presented", "where", "principal"), LET_IN)
def test_known_credentials_make_a_principal(
    presented: Presented, where: Installation, principal: Principal
) -> None:
    assert identify(presented, KNOWN, SESSIONS, where) == principal


@pytest.mark.parametrize(("presented", "where", "reason"), TURNED_DOWN)
def test_others_are_told_nothing_and_the_journal_the_reason(
    presented: Presented, where: Installation, reason: str
) -> None:
    with pytest.raises(Rejected) as caught:
        identify(presented, KNOWN, SESSIONS, where)
    assert caught.value.status == 401
    assert caught.value.told == DENIED
    assert reason in caught.value.reason
    assert not [secret for secret in SECRETS if secret in caught.value.reason]


@pytest.mark.parametrize(
    ("users", "told"),
    [
        ({}, "none is known here"),
        (
            {f"user{number}": "" for number in range(7)},
            "'user0', 'user1', 'user2', 'user3', 'user4'",
        ),
    ],
)
def test_an_unknown_user_is_told_some_that_are_known(users: dict[str, str], told: str) -> None:
    with pytest.raises(Rejected) as caught:
        identify(BasicPair("tje0", "Tje0"), KnownCredentials(users=users), {}, ONSITE)
    assert caught.value.reason.endswith(told)


@pytest.mark.claim("xsrf-pair")
def test_an_ended_session_lets_nobody_in() -> None:
    with pytest.raises(Rejected, match="names no open session"):
        identify(SessionPair("session-id", "xsrf-value"), KNOWN, {}, ONSITE)


@pytest.mark.claim("schemes-by-installation", "www-authenticate", "authorization-schemes")
def test_the_named_schemes_are_those_that_let_somebody_in() -> None:
    accepted: dict[Installation, set[str]] = {ONSITE: set(), ONLINE: set()}
    for _, where, principal in LET_IN:
        accepted[where].add(principal.scheme)
    for where in (ONSITE, ONLINE):
        assert set(SCHEMES[where]) == accepted[where] - {"session"}
    assert set(SCHEMES[ONSITE]) | set(SCHEMES[ONLINE]) == {"Basic", "SOTicket", "Bearer"}


@pytest.mark.claim("grant", "restricted-status", "app-token")
@pytest.mark.parametrize(
    "presented",
    [Ticket("7T:ticket", "denied-app-token"), AccessToken("8A:denied-access-token")],
)
@pytest.mark.parametrize("status", [401, 403])
def test_an_app_that_was_not_granted_the_agent_is_turned_down(
    presented: Presented, status: int
) -> None:
    principal = identify(presented, KNOWN, SESSIONS, ONLINE)
    with pytest.raises(Rejected, match="app 'denied' was not granted the EMail agent") as caught:
        granted(principal, status)
    assert (caught.value.status, caught.value.told) == (status, DENIED)


@pytest.mark.claim("grant")
@pytest.mark.parametrize("principal", [principal for _, __, principal in LET_IN])
def test_a_granted_app_and_whoever_has_no_app_go_on(principal: Principal) -> None:
    granted(principal, 401)
    assert principal.app is None or principal.app.email_agent


@pytest.mark.parametrize(
    "value",
    [
        *(presented for presented, _, __ in LET_IN),
        *(KNOWN, GRANTED, SESSIONS["session-id"], Principal("Bearer", app=GRANTED)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_printing_a_value_shows_no_secret(value: object) -> None:
    assert not [secret for secret in SECRETS if secret in f"{value!r} {value}"]
