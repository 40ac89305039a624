"""The vendor's surface over real sockets: paths, methods, charsets and CORS."""

import pytest

from tests.e2e.raw_http import BODY, JSON, RawResponse, request, send_request
from tests.support.server_process import BASIC, PATH, ServerProcess

ALLOWED = "GET, HEAD, OPTIONS, POST"
PAGE = "http://localhost:3000"
BEARER = {"Authorization": "Bearer 8A:Cust12345.demo-token", "Content-Type": JSON}


def call(server: ServerProcess, path: str, headers: dict[str, str] | None = None) -> RawResponse:
    headers = headers or {"Authorization": BASIC, "Content-Type": JSON}
    return send_request(server, request(BODY, headers, path=path, Content_Length=str(len(BODY))))


@pytest.mark.claim("path", "path-case", "path-slash", "path-onsite")
def test_the_call_is_found_at_the_root_and_under_any_first_segment(server: ServerProcess) -> None:
    server.control("POST", "clock/jump")
    for path in (
        *(PATH, PATH.lower(), PATH.upper(), f"{PATH}/", f"/SuperOffice{PATH}"),
        *(f"/crm{PATH.lower()}/", f"/ONSITE{PATH}", f"/Cust{PATH}", f"/Customer12345{PATH}"),
        *(f"{PATH}?", f"{PATH}?x=1#fragment", PATH.replace("EMail", "%45Mail"), f"/%20{PATH}"),
    ):
        assert call(server, path).status == 204, path
        assert server.exchanges()[-1]["tenant"] == "onsite", path


@pytest.mark.claim("path-tenant")
def test_a_first_segment_that_is_a_tenant_id_selects_the_tenant(server: ServerProcess) -> None:
    server.control("POST", "clock/jump?tenant=Cust12345")
    for number, segment in enumerate(("Cust12345", "cust12345", "CUST12345"), 1):
        assert call(server, f"/{segment}{PATH}", BEARER).status == 204, segment
        assert len(server.exchanges("Cust12345")) == number, segment
    assert server.exchanges("onsite") == []


@pytest.mark.claim("path-unknown-tenant")
def test_an_unknown_tenant_gets_a_404_with_the_known_ones(server: ServerProcess) -> None:
    for segment in ("Cust99999", "cust1", "CUST0012345"):
        response = call(server, f"/{segment}{PATH}")
        assert response.status == 404, segment
        assert "onsite, Cust12345, Cust54321" in response.json()["MessageDetail"], segment


@pytest.mark.claim("path-doubled")
def test_a_doubled_api_v1_gets_a_404_that_says_so(server: ServerProcess) -> None:
    for prefix in ("", "/Cust12345", "/SuperOffice"):
        response = call(server, f"{prefix}/api/v1{PATH}", BEARER)
        assert response.status == 404, prefix
        assert "/api/v1 occurs twice" in response.json()["MessageDetail"], prefix


@pytest.mark.claim("path-slash", "path-unknown")
def test_a_slash_too_many_gets_a_404_that_names_it(server: ServerProcess) -> None:
    online = f"/Cust12345{PATH}"
    for path, place, right_path in (
        *((f"{slashes}{online[1:]}", "Cust12345", online) for slashes in ("//", "/%2F", "///")),
        *((f"/Cust12345{slash}{PATH}", "api", online) for slash in ("/", "%2f", "//")),
        (f"/{PATH}", "api", PATH),
        (PATH.replace("/EMail", "//EMail"), "EMail", PATH),
        (f"{online}//", "", f"{online}/"),
        (f"{PATH}%2F/", "", f"{PATH}/"),
        ("//_mock/requests", "_mock", "/_mock/requests"),
        ("/Cust12345//_mock/requests", None, "/_mock/"),
    ):
        response = call(server, path, BEARER)
        detail = response.json()["MessageDetail"]
        assert response.status == 404, path
        assert right_path in detail, path
        if place is not None:
            where = f"before {place!r}" if place else "at its end"
            assert f"has a slash too many {where}; send {right_path!r}" in detail, path


@pytest.mark.claim("path-unknown", "error-webapi", "error-format")
def test_any_other_path_gets_a_404_in_the_envelope_of_the_vendor(server: ServerProcess) -> None:
    message = "No HTTP resource was found that matches the request URI."
    for path in (
        *("/", "//", "/api/v2", "/api/v1/Agents/EMail", f"/a/b{PATH}", f"{PATH}/1"),
        *("/api/v1/Contact/2", "/x/y/api/v1/Agents/EMail/Z"),
        *("/api/v2/Agents/EMail/SyncEmailAccounts", f"//{PATH}", "*", "/%00", "/%ff"),
    ):
        response = call(server, path)
        assert response.status == 404, path
        assert response.json()["Message"] == message, path
        assert "path: " in response.json()["MessageDetail"], path


@pytest.mark.claim("method-not-allowed", "order-credentials", "allow-header")
def test_another_method_gets_a_405_whatever_the_credentials(server: ServerProcess) -> None:
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "CONNECT"):
        for headers in ({}, {"Authorization": "nonsense"}, {"Authorization": BASIC}):
            response = send_request(server, request(b"", headers, method=method))
            assert response.status == 405, (method, headers)
            assert response.headers["allow"] == ALLOWED, (method, headers)
            assert method in response.json()["MessageDetail"], (method, headers)


@pytest.mark.claim("options")
def test_options_needs_no_credentials_and_has_no_content(server: ServerProcess) -> None:
    response = send_request(server, request(b"", {}, method="OPTIONS"))
    assert (response.status, response.body) == (204, b"")
    assert response.headers["allow"] == ALLOWED


def cors_headers(response: RawResponse) -> dict[str, str]:
    prefixes = ("access-control-", "vary")
    return {name: value for name, value in response.headers.items() if name.startswith(prefixes)}


@pytest.mark.claim("cors-origin")
@pytest.mark.parametrize("origin", [PAGE, "https://127.0.0.1", "http://[::1]:5173"])
def test_a_page_of_this_machine_may_read_every_response(origin: str, server: ServerProcess) -> None:
    expected = {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "vary": "Origin",
    }
    for raw, status in (
        (request(Origin=origin), 204),
        (request(b"{", Origin=origin), 400),
        (request(BODY, {}, Origin=origin, Content_Length=str(len(BODY))), 401),
        (request(path="/nowhere", Origin=origin), 404),
        (request(method="PUT", Origin=origin), 405),
        (request(b"", {}, method="GET", Origin=origin), 200),
    ):
        response = send_request(server, raw)
        assert (response.status, cors_headers(response)) == (status, expected)


@pytest.mark.claim("cors-preflight")
def test_a_preflight_needs_no_credentials_and_allows_what_is_asked(server: ServerProcess) -> None:
    preflight_headers = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,so-apptoken,x-xsrf-token",
    }
    response = send_request(server, request(b"", preflight_headers, method="OPTIONS", Origin=PAGE))
    assert (response.status, response.body) == (204, b"")
    assert cors_headers(response) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "vary": "Origin",
        "access-control-allow-methods": ALLOWED,
        "access-control-allow-headers": preflight_headers["Access-Control-Request-Headers"],
    }


@pytest.mark.parametrize("value", ["a\tb", "x-\x7f", "é", "[", "http://[", "http://[::1"])
def test_unusual_header_values_do_no_harm(value: str, server: ServerProcess) -> None:
    preflight_headers = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": value,
    }
    assert send_request(
        server, request(b"", preflight_headers, method="OPTIONS", Origin=PAGE)
    ).status in (204, 400)
    assert send_request(server, request(Origin=value)).status in (204, 400)
