"""The whole table of credentials, from header bytes to who is let in, for both installations."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.credentials import (
    App,
    BasicPair,
    KnownCredentials,
    Principal,
    Session,
    Unusable,
    identify,
)
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.headers import Headers, presented

ONSITE, ONLINE = Installation.ONSITE, Installation.ONLINE
APP = App("app", "app-token")
KNOWN = KnownCredentials(
    users={"tje0": "Tje0", "empty": "", "colon": "a:b", "søren": "blåbær"},
    tickets=frozenset({"7T:ticket"}),
    apps={"app-token": APP},
    tokens={"8A:token": APP},
)
SESSIONS = {"s1": Session("s1", "x1", "tje0"), "s2": Session("s2", "x2", "tje0")}

Lines = list[tuple[str, str]]


def basic(pair: str, charset: str = "utf-8") -> tuple[str, str]:
    return "Authorization", f"Basic {b64encode(pair.encode(charset)).decode()}"


def authorization(value: str) -> tuple[str, str]:
    return "Authorization", value


def headers(lines: Lines) -> Headers:
    return Headers([(name.lower().encode(), value.encode("latin-1")) for name, value in lines])


def enter(lines: Lines, where: Installation) -> Principal | None:
    """Return who is let in with *lines*; None for a 401."""
    try:
        return identify(presented(headers(lines)), KNOWN, SESSIONS, where)
    except Rejected as error:
        return None if error.status == 401 else Principal(f"a {error.status}")


TICKET = authorization("SOTicket 7T:ticket")
BEARER = authorization("Bearer 8A:token")
APP_TOKEN = ("SO-AppToken", "app-token")
XSRF = ("X-XSRF-TOKEN", "x1")
COOKIE = ("Cookie", "ASP.NET_SessionId=s1")

BY_USER = Principal("Basic", user="tje0")
BY_TICKET = Principal("SOTicket")
BY_TICKET_AND_APP = Principal("SOTicket", app=APP)
BY_TOKEN = Principal("Bearer", app=APP)
BY_SESSION = Principal("session", user="tje0")


@pytest.mark.claim("basic-onsite", "basic-onsite-only", "sample-credential")
@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_a_known_user_and_password_is_let_in_onsite_alone(scheme: str) -> None:
    lines = [authorization(f"{scheme} dGplMDpUamUw")]
    assert (enter(lines, ONSITE), enter(lines, ONLINE)) == (BY_USER, None)


@pytest.mark.claim("basic-empty-password", "basic-onsite")
@pytest.mark.parametrize(
    ("line", "user"),
    [
        (basic("empty:"), "empty"),
        (basic("colon:a:b"), "colon"),
        (basic("søren:blåbær"), "søren"),
        (basic("søren:blåbær", "latin-1"), "søren"),
        (authorization("Basic   dGplMDpUamUw "), "tje0"),
    ],
)
def test_a_password_may_be_empty_and_have_colons_and_letters(
    line: tuple[str, str], user: str
) -> None:
    assert enter([line], ONSITE) == Principal("Basic", user=user)


@pytest.mark.claim("scheme-case", "ticket-onsite", "ticket-online")
@pytest.mark.claim("app-token", "app-token-online")
@pytest.mark.parametrize("scheme", ["SOTicket", "SoTicket", "SOTICKET", "soticket"])
def test_a_known_ticket_needs_a_known_app_online_alone(scheme: str) -> None:
    ticket = authorization(f"{scheme} 7T:ticket")
    assert enter([ticket], ONSITE) == BY_TICKET
    assert enter([ticket], ONLINE) is None
    assert enter([ticket, APP_TOKEN], ONLINE) == BY_TICKET_AND_APP


@pytest.mark.claim("ticket-onsite", "ticket-online")
@pytest.mark.parametrize(
    "tokens",
    [
        [("SO-AppToken", "other")],
        [("SO-AppToken", "")],
        [("SO-AppToken", "app-token, app-token")],
        [APP_TOKEN, APP_TOKEN],
        [APP_TOKEN, ("SO-AppToken", "other")],
    ],
)
def test_another_app_token_is_a_401_online_and_ignored_onsite(tokens: Lines) -> None:
    assert enter([TICKET, *tokens], ONSITE) == BY_TICKET
    assert enter([TICKET, *tokens], ONLINE) is None


@pytest.mark.claim("bearer-online", "bearer-online-only")
@pytest.mark.parametrize("more", [[], [APP_TOKEN], [("SO-AppToken", "other")]])
@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_known_token_is_let_in_online_alone(scheme: str, more: Lines) -> None:
    lines = [authorization(f"{scheme} 8A:token"), *more]
    assert (enter(lines, ONSITE), enter(lines, ONLINE)) == (None, BY_TOKEN)


@pytest.mark.claim("xsrf-session", "xsrf-pair", "xsrf-everywhere", "xsrf-header")
@pytest.mark.claim("cookies-ignored", "credentials-alternatives")
@pytest.mark.parametrize("where", Installation)
@pytest.mark.parametrize(
    "lines",
    [
        [XSRF, COOKIE],
        [XSRF, ("Cookie", "a=b; ASP.NET_SessionId=s1; SoTicket=c")],
        [XSRF, ("Cookie", "a=b"), COOKIE],
        [XSRF, ("Cookie", ' ASP.NET_SessionId="s1" ')],
        [XSRF, ("Cookie", "ASP.NET_SessionId; =; ASP.NET_SessionId=s1")],
        [XSRF, ("Cookie", "ASP.NET_SessionId=s1;ASP.NET_SessionId=s2")],
        [XSRF, COOKIE, APP_TOKEN],
        [("X-XSRF-TOKEN", "x2"), ("Cookie", "ASP.NET_SessionId=s2")],
    ],
)
def test_a_session_with_its_own_xsrf_value_is_let_in(lines: Lines, where: Installation) -> None:
    assert enter(lines, where) == BY_SESSION


@pytest.mark.claim("unauthorized", "credentials-malformed", "authorization-twice")
@pytest.mark.claim("authorization-decides", "xsrf-half", "xsrf-pair", "xsrf-session")
@pytest.mark.parametrize("where", Installation)
@pytest.mark.parametrize(
    "lines",
    [
        [],
        [basic("tje0:wrong")],
        [basic("tje0:")],
        [basic("tje0")],
        [basic("empty")],
        [basic(":")],
        [basic(":Tje0")],
        [authorization("SOTicket 7T:other")],
        [authorization("SOTicket 7T:other"), APP_TOKEN],
        [authorization("Bearer 8A:other")],
        [authorization("Bearer 7T:ticket")],
        [APP_TOKEN],
        # malformed
        [authorization("Basic !!!")],
        [authorization("Basic dGplMDpUamU")],
        [authorization("Basic dGplMDpUamUw\xe9")],
        [authorization("Basicd GplMDpUamUw")],
        [authorization("dGplMDpUamUw")],
        [authorization("7T:ticket")],
        [authorization("Negotiate dGplMDpUamUw")],
        [authorization("Basic")],
        [authorization("Basic ")],
        [authorization("SOTicket  ")],
        [authorization("Bearer ")],
        # two of them, or one beside a session
        [basic("tje0:Tje0"), basic("tje0:Tje0")],
        [TICKET, TICKET, APP_TOKEN],
        [BEARER, authorization("")],
        [authorization(""), XSRF, COOKIE],
        [authorization("Basic"), XSRF, COOKIE],
        [basic("tje0:wrong"), XSRF, COOKIE],
        # half a session, another's, an invented one
        [XSRF],
        [COOKIE],
        [("X-XSRF-TOKEN", ""), COOKIE],
        [XSRF, XSRF, COOKIE],
        [("X-XSRF-TOKEN", "x2"), COOKIE],
        [("X-XSRF-TOKEN", "X1"), COOKIE],
        [XSRF, ("Cookie", "ASP.NET_SessionId=s2")],
        [XSRF, ("Cookie", "ASP.NET_SessionId=")],
        [XSRF, ("Cookie", "ASP.NET_SessionId")],
        [XSRF, ("Cookie", "asp.net_sessionid=s1")],
        [XSRF, ("Cookie", "other=s1")],
        [("X-XSRF-TOKEN", "invented"), ("Cookie", "ASP.NET_SessionId=invented")],
        [XSRF, ("Cookie", "ASP.NET_SessionId=s2; ASP.NET_SessionId=s1")],
    ],
)
def test_everything_else_is_a_401(lines: Lines, where: Installation) -> None:
    assert enter(lines, where) is None


@pytest.mark.parametrize(
    ("lines", "where", "why"),
    [
        ([], "Authorization", "missing, and so are X-XSRF-TOKEN and a session cookie"),
        ([authorization("")], "Authorization", "is empty"),
        (
            [authorization("Digest x")],
            "Authorization",
            "has an unknown scheme; send one that WWW-Authenticate names",
        ),
        ([authorization("Bearer")], "Authorization", "Bearer without a value"),
        ([authorization("Basic !")], "Authorization", "not base64 of user:password"),
        ([basic("tje0")], "Authorization", "no colon between user and password"),
        ([TICKET, TICKET, TICKET], "Authorization", "sent 3 times; send it once"),
        ([XSRF], "Cookie", "X-XSRF-TOKEN needs the cookie ASP.NET_SessionId beside it"),
        ([COOKIE], "X-XSRF-TOKEN", "a session cookie needs its one XSRF value"),
    ],
)
def test_the_journal_is_told_what_was_wrong(lines: Lines, where: str, why: str) -> None:
    got = presented(headers(lines))
    assert isinstance(got, Unusable)
    assert got.where == where
    assert why in got.why


@given(st.text().filter(lambda user: ":" not in user), st.text())
def test_any_pair_comes_back_from_its_base64(user: str, password: str) -> None:
    assert presented(headers([basic(f"{user}:{password}")])) == BasicPair(user, password)


names = st.sampled_from(["Authorization", "Cookie", "X-XSRF-TOKEN", "SO-AppToken"])
values = st.text(st.characters(max_codepoint=255)) | st.sampled_from(
    ["Basic ", "Basic Og==", "SOTicket", "Bearer \t", "ASP.NET_SessionId=", "ASP.NET_SessionId=a;b"]
)


@pytest.mark.claim("credentials-malformed", "unauthorized")
@given(st.lists(st.tuples(names, values), max_size=6), st.sampled_from(Installation))
def test_no_invented_headers_are_more_than_a_401(lines: Lines, where: Installation) -> None:
    assert enter(lines, where) is None
