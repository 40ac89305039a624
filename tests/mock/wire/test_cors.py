"""CORS: listed origins are echoed, unlisted ones get no headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.local_server import is_loopback
from superoffice_mock.wire.cors import (
    AllowedOrigins,
    is_foreign_page,
    is_preflight,
    preflight_headers,
    response_headers,
)
from superoffice_mock.wire.headers import Headers

LOOPBACK = AllowedOrigins.parse(["loopback"])
LISTED = AllowedOrigins.parse(["https://App.example.com/", "http://localhost:5173"])
ANY = AllowedOrigins.parse(["*"])


def build_headers(**headers: str) -> Headers:
    return Headers(
        [
            (name.replace("_", "-").encode(), value.encode("latin-1"))
            for name, value in headers.items()
        ]
    )


@pytest.mark.claim("cors-origin")
def test_a_listed_origin_is_echoed_with_credentials() -> None:
    local = ("http://localhost", "http://LOCALHOST:5173", "https://app.localhost:8443")
    numbers = ("http://127.0.0.1:3000", "http://127.8.9.1", "http://[::1]:3000")
    listed = ("https://app.example.com", "HTTPS://APP.EXAMPLE.COM", "http://localhost:5173")
    for origins, origin in (
        *((LOOPBACK, origin) for origin in (*local, *numbers)),
        *((LISTED, origin) for origin in listed),
        *((ANY, "https://anybody.example"), (ANY, "null")),
    ):
        assert response_headers(build_headers(origin=origin), origins) == (
            (b"access-control-allow-origin", origin.encode()),
            (b"access-control-allow-credentials", b"true"),
            (b"vary", b"Origin"),
        ), (origins, origin)


@pytest.mark.claim("cors-unlisted", "cors-credentials")
def test_an_unlisted_origin_gets_no_headers() -> None:
    far = ("https://app.example.com", "http://localhost.example.com", "http://10.0.0.1", "null", "")
    odd = ("http://127.0.0.1.example.com", "http://notlocalhost", "http://[", "http://[zz]")
    urls = ("http://[::1].evil.example", "http://127.0.0.1@evil.example", "http://localhost/a")
    unlisted = ("http://app.example.com", "https://app.example.com:444", "http://localhost:5174")
    for origins, origin in (
        *((LOOPBACK, origin) for origin in (*far, *odd, *urls)),
        *((LISTED, origin) for origin in (*unlisted, "http://127.0.0.1")),
        (AllowedOrigins.parse([]), "http://localhost"),
    ):
        assert response_headers(build_headers(origin=origin), origins) == (), (origins, origin)
    assert response_headers(build_headers(host="localhost"), ANY) == ()


@given(st.text(st.characters(max_codepoint=255)) | st.text("htp:/[].1").map("http://".__add__))
def test_any_allowed_origin_is_echoed_unchanged(origin: str) -> None:
    cors_headers = response_headers(build_headers(origin=origin), ANY)
    assert cors_headers[0][1] == origin.strip().encode("latin-1")
    assert response_headers(build_headers(origin=origin), LOOPBACK) in (cors_headers, ())


def test_only_names_of_this_machine_are_loopback() -> None:
    for name in ("localhost", "a.b.localhost", "127.0.0.1", "127.255.255.254", "::1"):
        assert is_loopback(name), name
    for host in (None, "", "0.0.0.0", "localhost.", "128.0.0.1", "::", "a"):
        assert not is_loopback(host), host


@pytest.mark.claim("cors-preflight")
def test_a_preflight_allows_all_methods_and_the_requested_headers() -> None:
    names = "authorization, content-type, x-caf\xe9"
    headers = build_headers(access_control_request_headers=names)
    assert preflight_headers(headers, ("GET", "POST")) == (
        (b"access-control-allow-methods", b"GET, POST"),
        (b"access-control-allow-headers", names.encode("latin-1")),
    )
    for headers in (build_headers(), build_headers(access_control_request_headers="")):
        assert preflight_headers(headers, ("POST",)) == (
            (b"access-control-allow-methods", b"POST"),
        )


@pytest.mark.claim("cors-preflight")
def test_only_options_with_an_origin_and_a_requested_method_is_a_preflight() -> None:
    headers = build_headers(origin="http://localhost", access_control_request_method="POST")
    assert is_preflight("OPTIONS", headers)
    assert not is_preflight("POST", headers)
    assert not is_preflight("OPTIONS", build_headers(origin="http://localhost"))
    assert not is_preflight("OPTIONS", build_headers(access_control_request_method="POST"))


def test_a_page_is_foreign_unless_all_its_origins_are_allowed() -> None:
    local, far = ("origin", "http://localhost:3000"), ("origin", "https://app.example.com")
    cross, same = ("sec-fetch-site", "Cross-Site"), ("sec-fetch-site", "same-origin")
    for origins, pairs, is_foreign in (
        (LOOPBACK, (), False),
        (LOOPBACK, (local,), False),
        (LOOPBACK, (local, cross), False),
        (LOOPBACK, (same,), False),
        (LOOPBACK, (cross,), True),
        (LOOPBACK, (same, cross), True),
        (LOOPBACK, (far,), True),
        (LOOPBACK, (far, same), True),
        (LOOPBACK, (local, far), True),
        (LOOPBACK, (("origin", "null"),), True),
        (LOOPBACK, (("origin", ""),), True),
        (LISTED, (far, cross), False),
        (ANY, (far,), False),
    ):
        headers = Headers([(name.encode(), value.encode()) for name, value in pairs])
        assert is_foreign_page(headers, origins) == is_foreign, (origins, pairs)
