"""A Python client, httpx2: every media type and all kinds of credentials."""

from collections.abc import Iterator

import httpx2
import pytest

from tests.e2e.payloads import ACCOUNTS, BASIC, CHALLENGES, PAYLOADS, SIGN_INS, path_prefix
from tests.support.server_process import PATH, ServerProcess


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
@pytest.mark.claim("unauthorized-status")
@pytest.mark.claim("basic-onsite", "basic-onsite-only", "bearer-online", "bearer-online-only")
@pytest.mark.claim("ticket-onsite", "ticket-online", "app-token-online", "unauthorized")
@pytest.mark.claim("xsrf-session", "xsrf-half", "xsrf-everywhere", "grant")
def test_credentials_are_accepted_where_valid(server: ServerProcess, client: httpx2.Client) -> None:
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
