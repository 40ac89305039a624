"""CORS: listed origins are echoed, others get nothing and are answered all the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.wire.cors import (
    Origins,
    headers_for,
    is_loopback,
    is_preflight,
    preflight_headers,
)
from superoffice_mock.wire.headers import Headers

LOOPBACK = Origins.of(["loopback"])
LISTED = Origins.of(["https://App.example.com/", "http://localhost:5173"])


def sent(**headers: str) -> Headers:
    return Headers(
        [(k.replace("_", "-").encode(), v.encode("latin-1")) for k, v in headers.items()]
    )


@pytest.mark.claim("cors-origin")
@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        (LOOPBACK, "http://localhost"),
        (LOOPBACK, "http://LOCALHOST:5173"),
        (LOOPBACK, "https://app.localhost:8443"),
        (LOOPBACK, "http://127.0.0.1:3000"),
        (LOOPBACK, "http://127.8.9.1"),
        (LOOPBACK, "http://[::1]:3000"),
        (LISTED, "https://app.example.com"),
        (LISTED, "HTTPS://APP.EXAMPLE.COM"),
        (LISTED, "http://localhost:5173"),
        (Origins.of(["*"]), "https://anybody.example"),
        (Origins.of(["*"]), "null"),
    ],
)
def test_a_listed_origin_is_echoed_with_credentials(origins: Origins, origin: str) -> None:
    assert headers_for(sent(origin=origin), origins) == (
        (b"access-control-allow-origin", origin.encode()),
        (b"access-control-allow-credentials", b"true"),
        (b"vary", b"Origin"),
    )


@pytest.mark.claim("cors-unlisted")
@pytest.mark.parametrize(
    ("origins", "origin"),
    [
        (LOOPBACK, "https://app.example.com"),
        (LOOPBACK, "http://localhost.example.com"),
        (LOOPBACK, "http://10.0.0.1"),
        (LOOPBACK, "http://127.0.0.1.example.com"),
        (LOOPBACK, "http://notlocalhost"),
        (LOOPBACK, "null"),
        (LOOPBACK, ""),
        (LOOPBACK, "http://["),
        (LOOPBACK, "http://[zz]"),
        (LISTED, "http://app.example.com"),
        (LISTED, "https://app.example.com:444"),
        (LISTED, "http://localhost:5174"),
        (LISTED, "http://127.0.0.1"),
        (Origins.of([]), "http://localhost"),
    ],
)
def test_an_unlisted_origin_gets_no_headers(origins: Origins, origin: str) -> None:
    assert headers_for(sent(origin=origin), origins) == ()


def test_whoever_names_no_origin_gets_no_headers() -> None:
    assert headers_for(sent(host="localhost"), Origins.of(["*"])) == ()


@given(st.text(st.characters(max_codepoint=255)) | st.text("htp:/[].1").map("http://".__add__))
def test_any_origin_is_allowed_or_not_and_echoed_as_it_is(origin: str) -> None:
    found = headers_for(sent(origin=origin), Origins.of(["*"]))
    assert found[0][1] == origin.strip().encode("latin-1")
    assert headers_for(sent(origin=origin), LOOPBACK) in (found, ())


@pytest.mark.parametrize(
    "host", ["localhost", "a.b.localhost", "127.0.0.1", "127.255.255.254", "::1"]
)
def test_these_hosts_can_only_be_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", [None, "", "0.0.0.0", "localhost.", "128.0.0.1", "::", "a"])
def test_these_hosts_may_be_others(host: str | None) -> None:
    assert not is_loopback(host)


@pytest.mark.claim("cors-preflight")
def test_a_preflight_is_allowed_all_verbs_and_the_headers_it_asks_for() -> None:
    asked = "authorization, content-type, x-caf\xe9"
    assert preflight_headers(sent(access_control_request_headers=asked), ("GET", "POST")) == (
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", asked.encode("latin-1")),
    )
    for none in (sent(), sent(access_control_request_headers="")):
        assert preflight_headers(none, ("POST",)) == ((b"access-control-allow-methods", b"POST"),)


@pytest.mark.claim("cors-preflight")
def test_only_options_with_an_origin_that_names_a_verb_is_a_preflight() -> None:
    asking = sent(origin="http://localhost", access_control_request_method="POST")
    assert is_preflight("OPTIONS", asking)
    assert not is_preflight("POST", asking)
    assert not is_preflight("OPTIONS", sent(origin="http://localhost"))
    assert not is_preflight("OPTIONS", sent(access_control_request_method="POST"))
