"""A Python client, httpx2, unchanged: every media type, every way to sign in."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.e2e.payloads import ACCOUNTS, BASIC, CHALLENGES, PAYLOADS, SESSION, SIGN_INS, prefix
from tests.support.server_process import PATH, Running

MALFORMED = (
    *("", "Basic", "Basic !!!", "Basic dGplMA==", "Basic dGplMDp3cm9uZw==", "Basic Og=="),
    *("dGplMDpUamUw", "Negotiate dGplMDpUamUw", "Basic dGplMDpUamUw x", "SOTicket", "Bearer"),
)


@pytest.fixture
def client(server: Running) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, trust_env=False) as client:
        yield client


@pytest.mark.claim("media-types", "same-effect", "patch-types-plain", "duplicates", "camel-case")
@pytest.mark.parametrize("media_type", PAYLOADS)
def test_a_payload_syncs_the_same_accounts_in_every_media_type(
    media_type: str, server: Running, client: httpx2.Client
) -> None:
    headers = BASIC | {"Content-Type": media_type}
    answer = client.post(PATH, content=PAYLOADS[media_type].encode(), headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    (exchange,) = server.exchanges()
    assert exchange["accounts"] == ACCOUNTS
    assert (exchange["media_type"], exchange["outcome"]) == (media_type, "started")


@pytest.mark.claim("credentials-alternatives", "schemes-by-installation", "www-authenticate")
@pytest.mark.claim("basic-onsite", "basic-onsite-only", "bearer-online", "bearer-online-only")
@pytest.mark.claim("ticket-onsite", "ticket-online", "app-token-online", "unauthorized")
@pytest.mark.claim("xsrf-session", "xsrf-half", "xsrf-everywhere", "grant")
@pytest.mark.parametrize(("tenant", "presented", "status"), SIGN_INS)
def test_who_is_let_in_where(
    tenant: str, presented: dict[str, str], status: int, server: Running, client: httpx2.Client
) -> None:
    url = prefix(tenant) + PATH
    answer = client.post(url, json={"SyncUserAccounts": [{"AccountId": 1}]}, headers=presented)
    assert answer.status_code == status
    (exchange,) = server.exchanges(tenant)
    assert exchange["outcome"] == ("started" if status == 204 else "rejected")
    if status == 401:
        assert answer.headers["WWW-Authenticate"] == CHALLENGES[tenant]
        assert answer.json() == {"Message": "Authorization has been denied for this request."}


@pytest.mark.claim("credentials-malformed", "authorization-decides", "authorization-twice")
@pytest.mark.claim("xsrf-pair", "scheme-case", "cookies-ignored")
@pytest.mark.parametrize(
    ("presented", "status"),
    [
        *((BASIC | {"Authorization": one}, 401) for one in MALFORMED),
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
    ],
)
def test_nearly_good_credentials_are_not_good(
    presented: Any, status: int, server: Running, client: httpx2.Client
) -> None:
    assert client.post(PATH, json={}, headers=presented).status_code == status
    (exchange,) = server.exchanges()
    assert (exchange["principal"] is None) == (status == 401)


def test_the_client_of_a_page_signs_in_by_user_and_password(
    server: Running, client: httpx2.Client
) -> None:
    answer = client.post(PATH, json={}, auth=("tje0", "Tje0"))
    assert answer.status_code == 204
    assert server.exchanges()[0]["principal"]["user"] == "tje0"


def test_json_is_sent_in_chunks_when_the_client_streams_it(
    server: Running, client: httpx2.Client
) -> None:
    parts = iter([b'{"SyncUserAccounts":', b'[{"AccountId":', b"508}]}"])
    headers = BASIC | {"Content-Type": "application/json"}
    assert client.post(PATH, content=parts, headers=headers).status_code == 204
    assert server.exchanges()[0]["accounts"][0]["AccountId"] == 508


@pytest.mark.claim("negotiation-ignored", "never-406")
@pytest.mark.parametrize(
    "wishes",
    [
        {"Accept": "image/png"},
        {"Accept": "application/xml;q=0.1, */*;q=0"},
        {"Accept-Language": "tlh", "SO-Language": "xx", "SO-Culture": "zz", "SO-TimeZone": "99"},
        {"Accept-Encoding": "gzip, br", "Prefer": "return=representation"},
    ],
)
def test_no_wish_of_the_client_changes_the_answer(
    wishes: dict[str, str], server: Running, client: httpx2.Client
) -> None:
    assert server.exchanges() == []
    answer = client.post(PATH, json={}, headers=BASIC | wishes)
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(answer.headers) == {"date", "cache-control", "pragma", "expires"}


@pytest.mark.claim("error-format", "error-place")
def test_an_error_comes_as_json_or_as_the_xml_that_is_asked_for(
    server: Running, client: httpx2.Client
) -> None:
    bad = {"SyncUserAccounts": [{"AccountId": 507}, {"AccountId": "507"}]}
    place = "/SyncUserAccounts/1/AccountId: expected an integer, got a string"
    as_json = client.post(PATH, json=bad, headers=BASIC)
    assert as_json.json() == {"Message": "The request is invalid.", "MessageDetail": place}
    as_xml = client.post(PATH, json=bad, headers=BASIC | {"Accept": "text/xml"})
    assert as_xml.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert f"<MessageDetail>{place}</MessageDetail>" in as_xml.text
    assert [one["status"] for one in server.exchanges()] == [400, 400]
