"""The credentials of a request are compared with those that a tenant knows."""

import pytest

from superoffice_mock.core.credentials import (
    DENIED,
    SCHEMES,
    AccessToken,
    App,
    BasicCredentials,
    KnownCredentials,
    PresentedCredentials,
    Principal,
    Session,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
    check_grant,
    identify,
)
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected

ONSITE, ONLINE = Installation.ONSITE, Installation.ONLINE
GRANTED_APP = App("granted", "app-token")
DENIED_APP = App("denied", "denied-app-token", email_agent=False)
KNOWN = KnownCredentials(
    users={"tje0": "Tje0", "empty": ""},
    tickets=frozenset({"7T:ticket"}),
    apps={GRANTED_APP.token: GRANTED_APP, DENIED_APP.token: DENIED_APP},
    tokens={"8A:access-token": GRANTED_APP, "8A:denied-access-token": DENIED_APP},
)
SESSIONS = {"session-id": Session("session-id", "xsrf-value", "tje0")}
SECRETS = (
    *("Tje0", "7T:ticket", "app-token", "8A:access-token", "session-id", "xsrf-value"),
    *("wrong-password", "7T:other", "other-app-token", "8A:other", "other-session", "other-xsrf"),
)

ACCEPTED: list[tuple[PresentedCredentials, Installation, Principal]] = [
    (BasicCredentials("tje0", "Tje0"), ONSITE, Principal("Basic", user="tje0")),
    (BasicCredentials("empty", ""), ONSITE, Principal("Basic", user="empty")),
    (Ticket("7T:ticket", None), ONSITE, Principal("SOTicket")),
    (Ticket("7T:ticket", "other-app-token"), ONSITE, Principal("SOTicket")),
    (Ticket("7T:ticket", "app-token"), ONLINE, Principal("SOTicket", app=GRANTED_APP)),
    (AccessToken("8A:access-token"), ONLINE, Principal("Bearer", app=GRANTED_APP)),
    (SessionCredentials("session-id", "xsrf-value"), ONSITE, Principal("session", user="tje0")),
    (SessionCredentials("session-id", "xsrf-value"), ONLINE, Principal("session", user="tje0")),
]
REJECTED: list[tuple[PresentedCredentials, Installation, str]] = [
    (
        BasicCredentials("tje0", "Tje0"),
        ONLINE,
        "Basic is not accepted Online; send SOTicket or Bearer",
    ),
    (
        BasicCredentials("wrong-password", "Tje0"),
        ONSITE,
        "Basic: unknown user; known here: 'tje0', 'empty'",
    ),
    (BasicCredentials("tje0", "wrong-password"), ONSITE, "Basic: wrong password for user 'tje0'"),
    (BasicCredentials("tje0", ""), ONSITE, "Basic: wrong password for user 'tje0'"),
    (BasicCredentials("", ""), ONSITE, "Basic: unknown user"),
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
    (SessionCredentials("other-session", "xsrf-value"), ONSITE, "names no open session"),
    (SessionCredentials("other-session", "other-xsrf"), ONLINE, "names no open session"),
    (
        SessionCredentials("session-id", "other-xsrf"),
        ONSITE,
        "X-XSRF-TOKEN: differs from the XSRF value",
    ),
    (UnusableCredentials("Cookie", "is stale"), ONSITE, "Cookie: is stale"),
    (UnusableCredentials("Cookie", "is stale"), ONLINE, "Cookie: is stale"),
]


def rejection(
    presented: PresentedCredentials, installation: Installation, known: KnownCredentials = KNOWN
) -> Rejected:
    with pytest.raises(Rejected) as error:
        identify(presented, known, SESSIONS, installation)
    return error.value


def test_known_credentials_identify_a_principal() -> None:
    for presented, installation, principal in ACCEPTED:
        assert identify(presented, KNOWN, SESSIONS, installation) == principal


def test_only_the_journal_gets_the_reason_for_a_401_and_it_contains_no_secret() -> None:
    for presented, installation, reason in REJECTED:
        error = rejection(presented, installation)
        assert (error.status, error.message) == (401, DENIED), reason
        assert reason in error.reason
        assert [secret for secret in SECRETS if secret in error.reason] == []


def test_the_reason_for_an_unknown_user_lists_at_most_five_known_ones() -> None:
    presented = BasicCredentials("tje0", "Tje0")
    for users, ending in (
        ([], "none is known here"),
        ([f"user{n}" for n in range(7)], "'user0', 'user1', 'user2', 'user3', 'user4'"),
    ):
        known = KnownCredentials(users=dict.fromkeys(users, ""))
        assert rejection(presented, ONSITE, known).reason.endswith(ending)


@pytest.mark.claim("schemes-by-installation", "www-authenticate", "authorization-schemes")
def test_the_schemes_of_an_installation_are_those_that_it_accepts() -> None:
    schemes: dict[Installation, set[str]] = {ONSITE: set(), ONLINE: set()}
    for _, installation, principal in ACCEPTED:
        schemes[installation].add(principal.scheme)
    for installation in (ONSITE, ONLINE):
        assert set(SCHEMES[installation]) == schemes[installation] - {"session"}
    assert set(SCHEMES[ONSITE]) | set(SCHEMES[ONLINE]) == {"Basic", "SOTicket", "Bearer"}


@pytest.mark.claim("grant", "restricted-status", "app-token")
def test_an_app_that_was_not_granted_the_agent_is_rejected() -> None:
    for presented in (
        Ticket("7T:ticket", "denied-app-token"),
        AccessToken("8A:denied-access-token"),
    ):
        principal = identify(presented, KNOWN, SESSIONS, ONLINE)
        for status in (401, 403):
            with pytest.raises(Rejected, match="app 'denied' was not granted the EMail agent") as e:
                check_grant(principal, "EMail", status)
            assert (e.value.status, e.value.message) == (status, DENIED)


@pytest.mark.claim("grant")
def test_a_granted_app_and_a_client_without_an_app_are_accepted() -> None:
    for _, _, principal in ACCEPTED:
        check_grant(principal, "EMail", 401)
        assert principal.app is None or principal.app.email_agent


@pytest.mark.claim("online-restricted")
def test_an_app_without_a_grant_may_call_what_is_not_restricted() -> None:
    for agent in (None, "Contact", "Messaging"):
        check_grant(Principal("Bearer", app=DENIED_APP), agent, 401)


def test_the_repr_of_a_value_shows_no_secret() -> None:
    values = [presented for presented, _, _ in ACCEPTED]
    for value in (*values, KNOWN, GRANTED_APP, *SESSIONS.values(), Principal("", app=GRANTED_APP)):
        assert [secret for secret in SECRETS if secret in f"{value!r} {value}"] == [], type(value)
