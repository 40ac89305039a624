"""What holds of every answer: one finding for one cause, and none for what is lawful."""

import base64
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.checks.cors import UNLISTED_ORIGIN
from superoffice_contract.checks.every_answer import CLAIMS, EveryAnswer
from superoffice_contract.openapi import claims
from superoffice_contract.target.credentials import basic, session, unknown_credentials
from superoffice_contract.target.http import Request, Response
from superoffice_contract.target.tenants import Header

URL: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
NO_CACHE: Final = (("Cache-Control", "no-cache"), ("Pragma", "no-cache"), ("Expires", "-1"))
JSON: Final = ("Content-Type", "application/json; charset=utf-8")
ENVELOPE: Final = b'{"Message":"no"}'
TICKET: Final = ("Authorization", "SOTicket 7T:Abc/def+123==")


def call(*headers: Header, method: str = "POST", path: str = URL, body: bytes = b"{}") -> Request:
    return Request(method, path, headers, body)


def answer(status: int, *headers: Header, body: bytes = ENVELOPE) -> Response:
    """Return an answer as a mock gives it, with more *headers*."""
    own_headers = NO_CACHE if status == 204 else (*NO_CACHE, JSON)
    challenge = (("WWW-Authenticate", "Basic"),) if status == 401 else ()
    names = {name for name, _ in headers}
    kept_headers = [pair for pair in (*own_headers, *challenge) if pair[0] not in names]
    return Response(status, (*kept_headers, *headers), b"" if status == 204 else body, 0.0)


def found(
    request: Request, *responses: Response, readings: dict[str, str] | None = None
) -> list[tuple[str, str]]:
    """Return claim and words of each finding."""
    every_answer = EveryAnswer("http://server", (), readings or {})
    for response in responses:
        every_answer.observe(request, response)
    return [(finding.claims[0], finding.what) for finding in every_answer.findings()]


def broken(request: Request, *responses: Response, **readings: str) -> list[str]:
    """Return the claims that were broken."""
    return [claim for claim, _ in found(request, *responses, readings=readings)]


def test_an_answer_of_the_mock_breaks_nothing() -> None:
    responses = [answer(status) for status in (204, 400, 401, 403, 404, 413, 415)]
    assert found(call(), *responses, answer(405, ("Allow", "POST"))) == []
    assert set(CLAIMS) <= set(claims.load())


def test_one_cause_is_one_finding_with_a_count_and_the_first_exchange() -> None:
    every_answer = EveryAnswer("http://server", {"Kari-4711"}, {})
    for user in ("Kari-4711", "other"):
        request = call(("Authorization", f"Basic {user}"), path=f"{URL}?$select={user}")
        every_answer.observe(request, answer(502))
    (finding,) = every_answer.findings()
    assert (finding.where, finding.what, finding.count) == (
        f"POST {URL}",
        "the answer is a 502",
        2,
    )
    assert "Basic [redacted]" in (finding.reproduce or "")


def test_a_short_request_is_shown_in_place_of_a_long_one() -> None:
    every_answer = EveryAnswer("http://server", (), {})
    for size in (20_000, 30_000, 5, 6):
        every_answer.observe(call(("X-Long", "a" * size)), answer(500))
    (finding,) = every_answer.findings()
    assert (finding.count, "X-Long: aaaaa'" in (finding.reproduce or "")) == (4, True)


@pytest.mark.claim("no-server-error")
def test_a_server_error_is_found_but_some_statuses_from_500_refuse() -> None:
    assert broken(call(), answer(500), answer(502), answer(504)) == ["no-server-error"] * 3
    assert found(call(), answer(501), answer(503), answer(505)) == []


@pytest.mark.claim("no-body")
@pytest.mark.claim("no-hints")
@pytest.mark.claim("no-banner")
@pytest.mark.claim("no-content-type")
def test_headers_of_a_204_break_one_claim_each() -> None:
    for header, claim in (
        (("Content-Length", "0"), "no-body"),
        (("Transfer-Encoding", "chunked"), "no-body"),
        (("Retry-After", "1"), "no-hints"),
        (("Location", "/x"), "no-hints"),
        (("Set-Cookie", "a=b"), "no-hints"),
        (("Server", "x"), "no-banner"),
        (("Strict-Transport-Security", "max-age=1"), "no-banner"),
        (("Content-Type", "text/html"), "no-content-type"),
    ):
        assert broken(call(), answer(204, header)) == [claim], header
    with_body = Response(204, (*NO_CACHE, ("Content-Length", "4")), b"null", 0.0)
    assert found(call(), with_body) == [("no-body", "the 204 has a body")]
    # An OPTIONS may have hints and any type, but no body.
    options = call(method="OPTIONS")
    assert broken(options, answer(204, ("Location", "/x"), ("Content-Type", "a/b"))) == []
    assert broken(options, answer(204, ("Content-Length", "0"))) == ["no-body"]


def test_readings_decide_on_the_type_of_a_204_and_the_envelope_of_an_error() -> None:
    sampled = answer(204, ("Content-Type", "application/json"))
    netserver = b'{"Error":true,"ErrorType":"x","%b":"no","ErrorSource":"here"}'
    assert broken(call(), sampled) == []
    for value, response, expected in (
        ("absent", sampled, ["no-content-type"]),
        ("as-sampled", sampled, []),
        ("as-sampled", answer(204), ["no-content-type"]),
    ):
        assert broken(call(), response, **{"no-content-type": value}) == expected
    for name in (b"Message", b"ErrorMessage"):
        response = answer(400, body=netserver % name)
        assert broken(call(), response) == []
        assert broken(call(), response, errors="netserver") == []
        assert broken(call(), response, errors="webapi") == ["error-webapi"]
    assert broken(call(), answer(400), errors="netserver") == ["error-netserver"]


@pytest.mark.claim("error-webapi")
@pytest.mark.claim("error-format")
def test_only_the_envelope_of_a_400_to_a_body_is_documented() -> None:
    page = answer(400, ("Content-Type", "text/html"), body=b"<p>no</p>")
    other_page = answer(404, ("Content-Type", "text/html"), body=b"<p>no</p>")
    assert broken(call(), page, answer(400, body=b'{"title":"x"}')) == ["error-webapi"]
    assert broken(call(), other_page) == ["error-format"]
    assert broken(call(body=b""), page) == ["error-format"]
    for request in (
        call(("Accept", "text/html")),
        call(("Accept", "application/xml")),
        call(("X-Long", "a" * 9_000)),
        call(method="HEAD"),
    ):
        assert broken(request, page) == []


@pytest.mark.claim("cache-headers")
@pytest.mark.claim("not-cacheable")
def test_an_answer_that_invites_caches_breaks_what_the_vendor_documents() -> None:
    for name, value, expected in (
        ("Cache-Control", "public", "not-cacheable"),
        ("Cache-Control", "max-age=60", "not-cacheable"),
        ("Cache-Control", "private, S-MaxAge=1", "not-cacheable"),
        ("Cache-Control", "max-age=0", "cache-headers"),
        ("Cache-Control", "public, no-store", "cache-headers"),
        ("Cache-Control", "private", "cache-headers"),
        ("Expires", "0", "cache-headers"),
        ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT", "cache-headers"),
    ):
        for response in (answer(204, (name, value)), answer(400, (name, value))):
            assert broken(call(), response) == [expected], (name, value)
    future = (
        ("Date", "Mon, 01 Jan 2035 00:00:00 GMT"),
        ("Expires", "Mon, 01 Jan 2035 00:00:01 GMT"),
    )
    plain = Response(204, future, b"", 0.0)
    assert broken(call(), plain) == ["not-cacheable"]
    assert broken(call(), Response(204, (), b"", 0.0)) == ["cache-headers"]
    described = Response(200, (("Cache-Control", "public"), JSON), b"{}", 0.0)
    assert broken(call(method="GET"), described) == []
    assert broken(call(), Response(431, (), b"", 0.0)) == []


@pytest.mark.claim("www-authenticate")
@pytest.mark.claim("allow-header")
def test_a_401_names_schemes_and_a_405_methods() -> None:
    assert broken(call(), Response(401, (*NO_CACHE, JSON), ENVELOPE, 0.0)) == ["www-authenticate"]
    put = call(method="PUT")
    assert broken(put, answer(405), answer(405, ("Allow", ""))) == ["allow-header"] * 2
    assert broken(put, answer(405, ("Allow", "GET"))) == ["allow-header"]
    assert broken(put, answer(405, ("Allow", "GET"), ("Allow", "HEAD, POST, X"))) == []
    elsewhere = call(path="/api/v1/Agents/Nobody/SyncEmailAccounts")
    assert broken(elsewhere, answer(405, ("Allow", "GET"))) == []


@pytest.mark.claim("error-no-trace")
def test_traces_of_every_language_are_found_in_errors() -> None:
    for trace in (
        'Traceback (most recent call last):\n  File "/a/b.py", line 3, in f',
        "   at SuperOffice.Web.Api.Run(String x) in C:\\a\\b.cs:line 12",
        "boom\\r\\n   at Other.Name.Space.Method(Int32 a, String b)\\r\\n   at X.Y.Z()",
        "at com.example.Api.run(Api.java:17)",
        "Error: no\n    at Object.run (/srv/app/index.js:10:5)\n    at node:internal/main:3",
        "    at file:///srv/app/index.mjs:10:5",
        "#0 /var/www/index.php(12): run()",
        "<b>Fatal error</b>: Uncaught x in /var/www/index.php:3",
    ):
        body = b'{"Message":"no","Detail":"%b"}' % trace.encode()
        response = answer(400, ("Content-Type", "text/plain"), body=body)
        assert "error-no-trace" in broken(call(), response), trace
    for text in (
        "the value at /SyncUserAccounts/1 (a text) is wrong",
        "at least one account (of 2) is unknown at SuperOffice (see below)",
        "Warning: the body in JSON has no member",
        'the File "x" has no line',
    ):
        assert broken(call(), answer(400, body=b'{"Message":"%b"}' % text.encode())) in (
            [],
            ["error-webapi"],  # the text has a quote
        )


@pytest.mark.claim("secret-not-repeated")
def test_an_answer_that_repeats_a_secret_of_its_request_is_found_however_it_is_written() -> None:
    user = ("Authorization", basic("kari", "Se/cret&4711"))
    cookie, xsrf = session("Session-4711", "Xsrf-4711")
    for header, text, kind in (
        (TICKET, "7T:Abc/def+123==", "ticket or token"),
        (TICKET, "ticket 7T:Abc\\/def+123== is unknown", "ticket or token"),
        (TICKET, "7T%3AAbc%2Fdef%2B123%3D%3D", "ticket or token"),
        (("Authorization", "Token-4711"), "Token-4711", "ticket or token"),
        (user, "the password 'Se/cret&4711' is wrong", "password"),
        (user, "Se/cret&amp;4711", "password"),
        (user, base64.b64encode(b"kari:Se/cret&4711").decode(), "Basic value"),
        (("SO-AppToken", "App-Token-4711"), "App-Token-4711", "app token"),
        (xsrf, "Xsrf-4711", "XSRF value"),
        (cookie, "Session-4711", "session"),
    ):
        what = f"the answer repeats the {kind} of the request"
        for response in (
            answer(401, body=b'{"Message":"%b"}' % text.encode()),
            answer(404, ("X-Error", text)),
        ):
            assert (("secret-not-repeated", what)) in found(call(header), response), text
    assert broken(call(cookie), answer(401, ("Set-Cookie", "ASP.NET_SessionId=Session-4711"))) == []
    assert broken(call(xsrf), answer(401, ("Set-Cookie", "X=Xsrf-4711"))) == ["secret-not-repeated"]


def test_words_and_what_the_request_says_elsewhere_are_no_secrets() -> None:
    for header, text in (
        (("Authorization", basic("kari", "Kari")), "kari Kari"),
        (("Authorization", basic("Kari-4711", "kari-4711")), "the user Kari-4711 is unknown"),
        (("Authorization", "SOTicket"), "SOTicket needs a value"),
        (("Authorization", "SOTicket ticket"), "the ticket is unknown"),
        (("SO-AppToken", "app-token"), "the app-token is unknown"),
        (("X-XSRF-TOKEN", "507507"), "account 507507"),
        (("Cookie", "theme=Dark-4711"), "Dark-4711"),
        (TICKET, "7T:Abc/def+123==4"),
    ):
        body = b'{"Message":"%b"}' % text.encode()
        assert broken(call(header), answer(401, body=body)) == [], text
    message = b'{"Message":"Token-4711"}'
    request = call(("SO-AppToken", "Token-4711"), body=b'["Token-4711"]')
    assert broken(request, answer(400, body=message)) == []


def test_invented_credentials_are_distinct_from_words() -> None:
    for credential in unknown_credentials():
        for name, value in credential.headers:
            secret = value.rpartition("=" if name == "Cookie" else " ")[2]
            body = b'{"Message":"%b"}' % secret.encode()
            is_secret = len(secret) > 8
            expected = ["secret-not-repeated"] if is_secret else []
            assert broken(call((name, value)), answer(401, body=body)) == expected, credential


@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"])), st.binary())
def test_no_header_or_body_ends_the_check(text: str, body: bytes) -> None:
    request = call(("Authorization", f"Basic {text}"), ("Cookie", text), ("X-XSRF-TOKEN", text))
    headers = [(name, text) for name in ("Cache-Control", "Expires", "Date", "Allow")]
    found(request, *(Response(status, tuple(headers), body, 0.0) for status in (200, 400, 405)))


@pytest.mark.claim("cors-credentials")
@pytest.mark.claim("cors-unlisted")
def test_an_origin_that_is_not_listed_gets_no_cors_headers_and_never_credentials() -> None:
    origin = ("Origin", UNLISTED_ORIGIN)
    echo = ("Access-Control-Allow-Origin", UNLISTED_ORIGIN)
    credentials = ("Access-Control-Allow-Credentials", "true")
    any_origin = ("Access-Control-Allow-Origin", "*")
    for headers, expected in (
        ((echo, credentials), ["cors-credentials"]),
        ((echo,), ["cors-unlisted"]),
        ((any_origin,), ["cors-unlisted"]),
        ((any_origin, credentials), ["cors-unlisted"]),  # browsers refuse this pair
        ((), []),
    ):
        assert broken(call(origin), answer(204, *headers)) == expected
        assert broken(call(("Origin", "http://localhost:1")), answer(204, *headers)) == []
