"""Credentials in headers: which of them are accepted at each installation, and as whom."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.credentials import (
    App,
    BasicCredentials,
    KnownCredentials,
    Principal,
    Session,
    UnusableCredentials,
    identify,
)
from superoffice_mock.core.sync_run import Installation
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.headers import Headers, read_credentials

ONSITE, ONLINE = Installation.ONSITE, Installation.ONLINE
APP = App("app", "app-token")
KNOWN = KnownCredentials(
    users={"tje0": "Tje0", "empty": "", "colon": "a:b", "søren": "blåbær"},
    tickets=frozenset({"7T:ticket"}),
    apps={"app-token": APP},
    tokens={"8A:token": APP},
)
SESSIONS = {"s1": Session("s1", "x1", "tje0"), "s2": Session("s2", "x2", "tje0")}
TICKET = ("Authorization", "SOTicket 7T:ticket")
BEARER = ("Authorization", "Bearer 8A:token")
APP_TOKEN = ("SO-AppToken", "app-token")
XSRF = ("X-XSRF-TOKEN", "x1")
COOKIE = ("Cookie", "ASP.NET_SessionId=s1")
BY_USER = Principal("Basic", user="tje0")
BY_TICKET = Principal("SOTicket")
BY_TICKET_AND_APP = Principal("SOTicket", app=APP)
BY_TOKEN = Principal("Bearer", app=APP)
BY_SESSION = Principal("session", user="tje0")
names = st.sampled_from(["Authorization", "Cookie", "X-XSRF-TOKEN", "SO-AppToken"])
values = st.text(st.characters(max_codepoint=255)) | st.sampled_from(
    ["Basic ", "Basic Og==", "SOTicket", "Bearer \t", "ASP.NET_SessionId=", "ASP.NET_SessionId=a;b"]
)

Lines = list[tuple[str, str]]


def basic(pair: str, charset: str = "utf-8") -> tuple[str, str]:
    return "Authorization", f"Basic {b64encode(pair.encode(charset)).decode()}"


def authorization(value: str) -> tuple[str, str]:
    return "Authorization", value


def build_headers(lines: Lines) -> Headers:
    return Headers([(name.lower().encode(), value.encode("latin-1")) for name, value in lines])


def identify_client(lines: Lines, installation: Installation) -> Principal | None:
    """Return the principal of *lines*; None for a 401."""
    try:
        return identify(read_credentials(build_headers(lines)), KNOWN, SESSIONS, installation)
    except Rejected as error:
        return None if error.status == 401 else Principal(f"a {error.status}")


@pytest.mark.claim("basic-onsite", "basic-onsite-only", "sample-credential")
def test_a_known_user_and_password_is_accepted_onsite_only() -> None:
    for scheme in ("Basic", "basic", "BASIC"):
        lines = [authorization(f"{scheme} dGplMDpUamUw")]
        assert identify_client(lines, ONSITE) == BY_USER, scheme
        assert identify_client(lines, ONLINE) is None, scheme


@pytest.mark.claim("basic-empty-password", "basic-onsite")
def test_a_password_may_be_empty_and_have_colons_and_non_ascii_letters() -> None:
    for line, user in (
        (basic("empty:"), "empty"),
        (basic("colon:a:b"), "colon"),
        (basic("søren:blåbær"), "søren"),
        (basic("søren:blåbær", "latin-1"), "søren"),
        (authorization("Basic   dGplMDpUamUw "), "tje0"),
    ):
        assert identify_client([line], ONSITE) == Principal("Basic", user=user), user


@pytest.mark.claim("scheme-case", "ticket-onsite", "ticket-online")
@pytest.mark.claim("app-token", "app-token-online")
def test_a_known_ticket_needs_a_known_app_only_online() -> None:
    for scheme in ("SOTicket", "SoTicket", "SOTICKET", "soticket"):
        ticket = authorization(f"{scheme} 7T:ticket")
        assert identify_client([ticket], ONSITE) == BY_TICKET, scheme
        assert identify_client([ticket], ONLINE) is None, scheme
        assert identify_client([ticket, APP_TOKEN], ONLINE) == BY_TICKET_AND_APP, scheme


@pytest.mark.claim("ticket-onsite", "ticket-online")
def test_a_wrong_app_token_gets_a_401_online_and_ignored_onsite() -> None:
    for tokens in (
        [("SO-AppToken", "other")],
        [("SO-AppToken", "")],
        [("SO-AppToken", "app-token, app-token")],
        [APP_TOKEN, APP_TOKEN],
        [APP_TOKEN, ("SO-AppToken", "other")],
    ):
        assert identify_client([TICKET, *tokens], ONSITE) == BY_TICKET, tokens
        assert identify_client([TICKET, *tokens], ONLINE) is None, tokens


@pytest.mark.claim("bearer-online", "bearer-online-only")
def test_a_known_access_token_is_accepted_online_only() -> None:
    for scheme in ("Bearer", "bearer", "BEARER"):
        token = authorization(f"{scheme} 8A:token")
        for lines in ([token], [token, APP_TOKEN], [token, ("SO-AppToken", "other")]):
            assert identify_client(lines, ONSITE) is None, lines
            assert identify_client(lines, ONLINE) == BY_TOKEN, lines


@pytest.mark.claim("xsrf-session", "xsrf-pair", "xsrf-everywhere", "xsrf-header")
@pytest.mark.claim("cookies-ignored", "credentials-alternatives")
def test_a_session_with_its_own_xsrf_value_is_accepted() -> None:
    for installation in Installation:
        for lines in (
            [XSRF, COOKIE],
            [XSRF, ("Cookie", "a=b; ASP.NET_SessionId=s1; SoTicket=c")],
            [XSRF, ("Cookie", "a=b"), COOKIE],
            [XSRF, ("Cookie", ' ASP.NET_SessionId="s1" ')],
            [XSRF, ("Cookie", "ASP.NET_SessionId; =; ASP.NET_SessionId=s1")],
            [XSRF, ("Cookie", "ASP.NET_SessionId=s1;ASP.NET_SessionId=s2")],
            [XSRF, COOKIE, APP_TOKEN],
            [("X-XSRF-TOKEN", "x2"), ("Cookie", "ASP.NET_SessionId=s2")],
        ):
            assert identify_client(lines, installation) == BY_SESSION, (installation, lines)


@pytest.mark.claim("unauthorized", "credentials-malformed", "authorization-twice")
@pytest.mark.claim("authorization-decides", "xsrf-half", "xsrf-pair", "xsrf-session")
def test_all_other_credentials_get_a_401() -> None:
    unknown = ("SOTicket 7T:other", "Bearer 8A:other", "Bearer 7T:ticket")
    malformed = (
        *("Basic !!!", "Basic dGplMDpUamU", "Basic dGplMDpUamUw\xe9", "Basicd GplMDpUamUw"),
        *("dGplMDpUamUw", "7T:ticket", "Negotiate dGplMDpUamUw"),
        *("Basic", "Basic ", "SOTicket  ", "Bearer "),
    )
    name = "ASP.NET_SessionId"
    cookies = (
        *(f"{name}=s2", f"{name}=", name, "asp.net_sessionid=s1", "other=s1"),
        f"{name}=s2; {name}=s1",
    )
    for installation in Installation:
        for lines in (
            *([], [APP_TOKEN]),
            *([basic(pair)] for pair in ("tje0:wrong", "tje0:", "tje0", "empty", ":", ":Tje0")),
            *([authorization(value)] for value in (*unknown, *malformed)),
            [authorization("SOTicket 7T:other"), APP_TOKEN],
            # two Authorization headers, or one beside a session
            *([basic("tje0:Tje0"), basic("tje0:Tje0")], [TICKET, TICKET, APP_TOKEN]),
            *([BEARER, authorization("")], [authorization(""), XSRF, COOKIE]),
            *([authorization("Basic"), XSRF, COOKIE], [basic("tje0:wrong"), XSRF, COOKIE]),
            # half a session, another one's XSRF value, an unknown one
            *([XSRF], [COOKIE], [XSRF, XSRF, COOKIE]),
            *([("X-XSRF-TOKEN", value), COOKIE] for value in ("", "x2", "X1")),
            *([XSRF, ("Cookie", value)] for value in cookies),
            [("X-XSRF-TOKEN", "invented"), ("Cookie", "ASP.NET_SessionId=invented")],
        ):
            assert identify_client(lines, installation) is None, (installation, lines)


def test_unusable_credentials_have_the_header_and_a_reason() -> None:
    hint = "send one that WWW-Authenticate names"
    for lines, header, reason in (
        ([], "Authorization", "missing, and so are X-XSRF-TOKEN and a session cookie"),
        ([authorization("")], "Authorization", "is empty"),
        ([authorization("Digest x")], "Authorization", f"an unknown scheme; {hint}"),
        ([authorization("Bearer")], "Authorization", "Bearer without a value"),
        ([authorization("Basic !")], "Authorization", "not base64 of user:password"),
        ([basic("tje0")], "Authorization", "no colon between user and password"),
        ([TICKET, TICKET, TICKET], "Authorization", "sent 3 times; send it once"),
        ([XSRF], "Cookie", "X-XSRF-TOKEN needs the cookie ASP.NET_SessionId as well"),
        ([COOKIE], "X-XSRF-TOKEN", "a session cookie needs its one XSRF value"),
    ):
        credentials = read_credentials(build_headers(lines))
        assert isinstance(credentials, UnusableCredentials), lines
        assert credentials.where == header, lines
        assert reason in credentials.reason, lines


@given(st.text().filter(lambda user: ":" not in user), st.text())
def test_any_user_and_password_is_decoded_from_base64(user: str, password: str) -> None:
    credentials = read_credentials(build_headers([basic(f"{user}:{password}")]))
    assert credentials == BasicCredentials(user, password)


@pytest.mark.claim("credentials-malformed", "unauthorized")
@given(st.lists(st.tuples(names, values), max_size=6), st.sampled_from(Installation))
def test_random_credentials_get_a_401(lines: Lines, installation: Installation) -> None:
    assert identify_client(lines, installation) is None
