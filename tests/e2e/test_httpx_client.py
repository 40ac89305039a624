"""A Python client, httpx2: every media type and all kinds of credentials."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.e2e.payloads import ACCOUNTS, BASIC, CHALLENGES, PAYLOADS, SESSION, SIGN_INS, path_prefix
from tests.support.server_process import PATH, ServerProcess

MALFORMED = (
    *("", "Basic", "Basic !!!", "Basic dGplMA==", "Basic dGplMDp3cm9uZw==", "Basic Og=="),
    *("dGplMDpUamUw", "Negotiate dGplMDpUamUw", "Basic dGplMDpUamUw x", "SOTicket", "Bearer"),
)


@pytest.fixture
def client(server: ServerProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, trust_env=False) as client:
        yield client


@pytest.mark.claim("media-types", "same-effect", "patch-types-plain", "duplicates", "camel-case")
@pytest.mark.parametrize("media_type", PAYLOADS)
def test_a_payload_syncs_the_same_accounts_in_every_media_type(
    media_type: str, server: ServerProcess, client: httpx2.Client
) -> None:
    headers = BASIC | {"Content-Type": media_type}
    response = client.post(PATH, content=PAYLOADS[media_type].encode(), headers=headers)
    assert (response.status_code, response.content) == (204, b"")
    (exchange,) = server.exchanges()
    assert exchange["accounts"] == ACCOUNTS
    assert (exchange["media_type"], exchange["outcome"]) == (media_type, "started")


@pytest.mark.claim("credentials-alternatives", "schemes-by-installation", "www-authenticate")
@pytest.mark.claim("basic-onsite", "basic-onsite-only", "bearer-online", "bearer-online-only")
@pytest.mark.claim("ticket-onsite", "ticket-online", "app-token-online", "unauthorized")
@pytest.mark.claim("xsrf-session", "xsrf-half", "xsrf-everywhere", "grant")
def test_credentials_are_accepted_where_they_are_valid(
    server: ServerProcess, client: httpx2.Client
) -> None:
    for tenant, credentials, status in SIGN_INS:
        case = (tenant, credentials)
        server.control("POST", "reset?all=true")
        body = {"SyncUserAccounts": [{"AccountId": 1}]}
        response = client.post(path_prefix(tenant) + PATH, json=body, headers=credentials)
        assert response.status_code == status, case
        (exchange,) = server.exchanges(tenant)
        assert exchange["outcome"] == ("started" if status == 204 else "rejected"), case
        if status == 401:
            assert response.headers["WWW-Authenticate"] == CHALLENGES[tenant], case
            message = {"Message": "Authorization has been denied for this request."}
            assert response.json() == message, case


@pytest.mark.claim("credentials-malformed", "authorization-decides", "authorization-twice")
@pytest.mark.claim("xsrf-pair", "scheme-case", "cookies-ignored")
def test_only_well_formed_and_known_credentials_are_accepted(
    server: ServerProcess, client: httpx2.Client
) -> None:
    server.control("POST", "clock/jump")
    cases: list[tuple[Any, int]] = [
        *((BASIC | {"Authorization": value}, 401) for value in MALFORMED),
        (SESSION | {"Authorization": ""}, 401),
        (SESSION | {"X-XSRF-TOKEN": "invented"}, 401),
        (SESSION | {"X-XSRF-TOKEN": ""}, 401),
        ({"Cookie": "ASP.NET_SessionId=invented", "X-XSRF-TOKEN": "invented"}, 401),
        ({"Cookie": "XSRF_TOKEN=demo-xsrf", "X-XSRF-TOKEN": "demo-xsrf"}, 401),
        ([*BASIC.items(), *BASIC.items()], 401),
        (BASIC | {"Cookie": "ASP.NET_SessionId=invented", "X-XSRF-TOKEN": "x"}, 204),
        ({"Cookie": f"a=b; {SESSION['Cookie']}; c", "x-xsrf-token": "demo-xsrf"}, 204),
        ({"Authorization": "bAsIc dGplMDpUamUw"}, 204),
        ({"Authorization": "soticket  7T:demo-ticket"}, 204),
    ]
    for credentials, status in cases:
        response = client.post(PATH, json={}, headers=credentials)
        assert response.status_code == status, credentials
        is_anonymous = server.exchanges()[-1]["principal"] is None
        assert is_anonymous is (status == 401), credentials


@pytest.mark.claim("negotiation-ignored", "never-406")
def test_negotiation_headers_do_not_change_the_response(client: httpx2.Client) -> None:
    for headers in (
        {"Accept": "image/png"},
        {"Accept": "application/xml;q=0.1, */*;q=0"},
        {"Accept-Language": "tlh", "SO-Language": "xx", "SO-Culture": "zz", "SO-TimeZone": "99"},
        {"Accept-Encoding": "gzip, br", "Prefer": "return=representation"},
    ):
        response = client.post(PATH, json={}, headers=BASIC | headers)
        assert (response.status_code, response.content) == (204, b""), headers
        assert set(response.headers) == {"date", "cache-control", "pragma", "expires"}, headers


@pytest.mark.claim("error-format", "error-place")
def test_an_error_is_json_or_xml_as_accept_says(
    server: ServerProcess, client: httpx2.Client
) -> None:
    payload = {"SyncUserAccounts": [{"AccountId": 507}, {"AccountId": "507"}]}
    detail = "/SyncUserAccounts/1/AccountId: expected an integer, got a string"
    as_json = client.post(PATH, json=payload, headers=BASIC)
    assert as_json.json() == {"Message": "The request is invalid.", "MessageDetail": detail}
    as_xml = client.post(PATH, json=payload, headers=BASIC | {"Accept": "text/xml"})
    assert as_xml.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert f"<MessageDetail>{detail}</MessageDetail>" in as_xml.text
    assert [exchange["status"] for exchange in server.exchanges()] == [400, 400]
