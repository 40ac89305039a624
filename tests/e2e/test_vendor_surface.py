"""The vendor's surface over real sockets: paths, verbs, charsets and browser pages."""

import codecs

import pytest

from tests.e2e.raw_http import JSON, ONE, Raw, exchange, request
from tests.support.server_process import BASIC, PATH, Running

ALLOWED = "GET, HEAD, OPTIONS, POST"
PAGE = "http://localhost:3000"
BEARER = {"Authorization": "Bearer 8A:Cust12345.demo-token", "Content-Type": JSON}


def sent_to(server: Running, path: str, headers: dict[str, str] | None = None) -> Raw:
    signed = headers or {"Authorization": BASIC, "Content-Type": JSON}
    return exchange(server, request(ONE, signed, path=path, Content_Length=str(len(ONE))))


# ---- paths -----------------------------------------------------------------------------------


@pytest.mark.claim("path", "path-case", "path-slash", "path-onsite")
@pytest.mark.parametrize(
    "path",
    [
        *(PATH, PATH.lower(), PATH.upper(), f"{PATH}/", f"{PATH}//", f"/SuperOffice{PATH}"),
        *(f"/crm{PATH.lower()}/", f"/ONSITE{PATH}", f"/Cust{PATH}", f"/Customer12345{PATH}"),
        *(f"{PATH}?", f"{PATH}?x=1#fragment", PATH.replace("EMail", "%45Mail"), f"/%20{PATH}"),
    ],
)
def test_the_call_is_found_at_the_root_and_under_a_folder_of_any_name(
    path: str, server: Running
) -> None:
    assert sent_to(server, path).status == 204
    assert [one["tenant"] for one in server.exchanges()] == ["onsite"]


@pytest.mark.claim("path-tenant")
@pytest.mark.parametrize("segment", ["Cust12345", "cust12345", "CUST12345"])
def test_a_first_segment_that_is_a_tenant_is_that_tenant(segment: str, server: Running) -> None:
    assert sent_to(server, f"/{segment}{PATH}", BEARER).status == 204
    assert len(server.exchanges("Cust12345")) == 1
    assert server.exchanges("onsite") == []


@pytest.mark.claim("path-unknown-tenant")
@pytest.mark.parametrize("segment", ["Cust99999", "cust1", "CUST0012345"])
def test_a_customer_that_is_not_known_is_a_404_that_names_the_known_ones(
    segment: str, server: Running
) -> None:
    answer = sent_to(server, f"/{segment}{PATH}")
    assert answer.status == 404
    assert "onsite, Cust12345, Cust54321" in answer.json()["MessageDetail"]


@pytest.mark.claim("path-doubled")
@pytest.mark.parametrize("prefix", ["", "/Cust12345", "/SuperOffice"])
def test_a_base_url_that_ends_in_api_v1_is_told_so(prefix: str, server: Running) -> None:
    answer = sent_to(server, f"{prefix}/api/v1{PATH}", BEARER)
    assert answer.status == 404
    assert "/api/v1 stands twice" in answer.json()["MessageDetail"]


@pytest.mark.claim("path-unknown", "error-webapi")
@pytest.mark.parametrize(
    "path",
    [
        *("/", "//", "/api/v1", "/api/v1/Agents/EMail", "/api/v1/Agents/EMail/SyncEmailAccount"),
        *("/api/v1/Agents/Person/SyncEmailAccounts", f"/a/b{PATH}", f"{PATH}/1", f"{PATH}.json"),
        *("/api/v2/Agents/EMail/SyncEmailAccounts", f"//{PATH}", "*", "/%00", "/%ff"),
    ],
)
def test_any_other_path_is_a_404_in_the_envelope_of_the_vendor(path: str, server: Running) -> None:
    answer = sent_to(server, path)
    assert answer.status == 404
    assert answer.json()["Message"] == "No HTTP resource was found that matches the request URI."
    assert PATH in answer.json()["MessageDetail"]


def test_a_url_in_absolute_form_is_read_like_one_without_its_host(server: Running) -> None:
    assert sent_to(server, f"http://127.0.0.1:8204{PATH}").status == 204


# ---- verbs -----------------------------------------------------------------------------------


@pytest.mark.claim("method-not-allowed", "order-credentials")
@pytest.mark.parametrize("headers", [{}, {"Authorization": "nonsense"}, {"Authorization": BASIC}])
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "CONNECT"])
def test_another_verb_is_a_405_whatever_the_credentials(
    method: str, headers: dict[str, str], server: Running
) -> None:
    answer = exchange(server, request(b"", headers, method=method))
    assert answer.status == 405
    assert answer.headers["allow"] == ALLOWED
    assert method in answer.json()["MessageDetail"]


@pytest.mark.claim("options")
def test_options_needs_no_credentials_and_has_no_content(server: Running) -> None:
    answer = exchange(server, request(b"", {}, method="OPTIONS"))
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["allow"] == ALLOWED


# ---- charsets --------------------------------------------------------------------------------

NAMED = '{"SyncUserAccounts":[{"AccountId":507,"AssociateName":"Bjørn Æ"}]}'
XML = (
    '<?xml version="1.0"?><SyncEmailAccountsRequest><SyncUserAccounts><SyncUserAccount>'
    "<AccountId>507</AccountId><AssociateName>Bjørn Æ</AssociateName>"
    "</SyncUserAccount></SyncUserAccounts></SyncEmailAccountsRequest>"
)
CHARSETS = [
    ("", "utf-8", b""),
    ("", "utf-8", codecs.BOM_UTF8),
    ("; charset=utf-8", "utf-8", b""),
    ('; charset="UTF-8"', "utf-8", codecs.BOM_UTF8),
    ("; charset=utf-16", "utf-16-le", codecs.BOM_UTF16_LE),
    ("; charset=utf-16", "utf-16-be", codecs.BOM_UTF16_BE),
    ("; charset=UTF-16LE", "utf-16-le", b""),
    ("; charset=iso-8859-1", "latin-1", b""),
    ("; CharSet=latin1; boundary=x", "latin-1", b""),
]


@pytest.mark.claim("charset")
@pytest.mark.parametrize(("parameter", "encoding", "bom"), CHARSETS)
@pytest.mark.parametrize(("media_type", "text"), [("text/json", NAMED), ("text/xml", XML)])
def test_a_body_is_read_in_its_charset(
    parameter: str, encoding: str, bom: bytes, media_type: str, text: str, server: Running
) -> None:
    body = bom + text.encode(encoding)
    headers = {"Authorization": BASIC, "Content-Type": media_type + parameter}
    answer = exchange(server, request(body, headers, Content_Length=str(len(body))))
    assert answer.status == 204
    assert server.exchanges()[0]["accounts"][0]["AssociateName"] == "Bjørn Æ"


# ---- pages -----------------------------------------------------------------------------------


def cors(answer: Raw) -> dict[str, str]:
    kept = ("access-control-", "vary")
    return {name: value for name, value in answer.headers.items() if name.startswith(kept)}


@pytest.mark.claim("cors-origin")
@pytest.mark.parametrize("origin", [PAGE, "https://127.0.0.1", "http://[::1]:5173"])
def test_a_page_of_this_machine_may_read_every_answer(origin: str, server: Running) -> None:
    expected = {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "vary": "Origin",
    }
    for raw, status in (
        (request(Origin=origin), 204),
        (request(b"{", Origin=origin), 400),
        (request(ONE, {}, Origin=origin, Content_Length=str(len(ONE))), 401),
        (request(path="/nowhere", Origin=origin), 404),
        (request(method="PUT", Origin=origin), 405),
        (request(b"", {}, method="GET", Origin=origin), 200),
    ):
        answer = exchange(server, raw)
        assert (answer.status, cors(answer)) == (status, expected)


@pytest.mark.claim("cors-preflight")
def test_a_preflight_is_answered_before_credentials_and_allows_what_it_asks_for(
    server: Running,
) -> None:
    asks = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,so-apptoken,x-xsrf-token",
    }
    answer = exchange(server, request(b"", asks, method="OPTIONS", Origin=PAGE))
    assert (answer.status, answer.body) == (204, b"")
    assert cors(answer) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-credentials": "true",
        "vary": "Origin",
        "access-control-allow-methods": ALLOWED,
        "access-control-allow-headers": asks["Access-Control-Request-Headers"],
    }


@pytest.mark.claim("cors-unlisted")
@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost.evil.example"]
)
def test_a_page_of_elsewhere_is_answered_without_cors_headers(origin: str, server: Running) -> None:
    answer = exchange(server, request(Origin=origin))
    assert (answer.status, cors(answer)) == (204, {})
    asks = {"Access-Control-Request-Method": "POST"}
    preflight = exchange(server, request(b"", asks, method="OPTIONS", Origin=origin))
    assert (preflight.status, cors(preflight)) == (204, {})


@pytest.mark.parametrize("value", ["a\tb", "x-\x7f", "é", "[", "http://[", "http://[::1"])
def test_odd_values_in_the_headers_of_a_page_break_nothing(value: str, server: Running) -> None:
    asks = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": value}
    assert exchange(server, request(b"", asks, method="OPTIONS", Origin=PAGE)).status in (204, 400)
    assert exchange(server, request(Origin=value)).status in (204, 400)
