"""IssueTokens: a new access token for a refresh token, and the errors of RFC 6749."""

from urllib.parse import urlencode

import pytest
from msgspec.structs import replace

from superoffice_mock.core.expiry import CredentialKind, ExpiringCredential
from superoffice_mock.core.issued_credentials import MAX_ISSUED
from tests.mock.redaction.secret_places import basic
from tests.support.in_process import ClientResponse, InProcessMock
from tests.support.sign_in import (
    CLIENT_ID,
    FORM,
    IDENTITY,
    REFRESH_TOKEN,
    SECRET,
    SYSTEM_USER,
    TENANT,
    TOKENS,
    authenticate,
    read_jwt,
    refresh,
    sync,
    tables,
)

pytestmark = pytest.mark.claim("tokens-call")
SECONDS = 10**9


@pytest.fixture
def local() -> InProcessMock:
    return InProcessMock(tables=tables())


def error_of(answer: ClientResponse) -> str:
    """Return the code of the error, after a look at the rest of the answer."""
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("application/json")
    content = answer.json()
    assert list(content) == ["error", "error_description"]
    assert not set(content["error_description"]) & {'"', "\\"}
    assert SECRET not in answer.body.decode()
    return str(content["error"])


@pytest.mark.claim("refresh-token-reused", "token-lifetime", "token-no-store", "tokens-form")
async def test_a_refresh_token_gives_an_access_token_again_and_again(local: InProcessMock) -> None:
    tokens = set()
    for _ in range(3):
        answer = await refresh(local)
        assert (answer.status, answer.headers["cache-control"]) == (200, "no-store")
        content = answer.json()
        assert list(content) == ["token_type", "access_token", "expires_in", "id_token"]
        assert (content["token_type"], content["expires_in"]) == ("Bearer", 3600)
        assert content["access_token"].startswith(f"8A:{TENANT}.")
        tokens.add(content["access_token"])
    assert len(tokens) == 3
    for token in tokens:
        assert await sync(local, authorization=f"Bearer {token}") == 204


@pytest.mark.claim("id-token")
async def test_the_id_token_is_about_the_tenant_and_for_the_app(local: InProcessMock) -> None:
    claims = await read_jwt(local, (await refresh(local)).json()["id_token"])
    assert (claims["iss"], claims["aud"]) == ("http://127.0.0.1:8204", CLIENT_ID)
    assert claims[f"{IDENTITY}ctx"] == TENANT
    assert claims[f"{IDENTITY}system_token"] == SYSTEM_USER
    assert (claims["nbf"], claims["exp"]) == (claims["iat"] - 60, claims["iat"] + 300)


@pytest.mark.claim("token-errors", "token-no-store")
async def test_every_wrong_request_has_its_code(local: InProcessMock) -> None:
    for changes, code in (
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"refresh_token": None}, "invalid_request"),
        ({"client_secret": None}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "app"}, "invalid_client"),
        ({"client_secret": "other-secret", "client_id": "other"}, "invalid_grant"),
        ({"refresh_token": f"{REFRESH_TOKEN}x"}, "invalid_grant"),
        ({"refresh_token": "Cust999.x"}, "invalid_grant"),
        ({"refresh_token": 'of no "tenant"'}, "invalid_grant"),
        ({"scope": "email"}, "invalid_scope"),
    ):
        answer = await refresh(local, **changes)
        assert (answer.status, error_of(answer)) == (400, code), changes
    for body, headers, status in (
        (b"{}", {"content-type": "application/json"}, 415),
        (b"", FORM, 400),
        (b"a=%", FORM, 400),
        (b"a" * 2_000_000, FORM, 413),
    ):
        answer = await local.call("POST", TOKENS, body, headers)
        assert (answer.status, error_of(answer)) == (status, "invalid_request"), body[:9]
    assert (await refresh(local, scope="openid", redirect_uri="http://x/")).status == 200


@pytest.mark.claim("token-errors")
async def test_a_repeated_or_missing_parameter_is_named_and_an_unknown_one_is_not_repeated(
    local: InProcessMock,
) -> None:
    for more, shown in (
        ("Client_Id=a&client_id=b", "client_id"),
        ("s3cret=&s3cret=", "a parameter"),
    ):
        body = f"grant_type=refresh_token&refresh_token={REFRESH_TOKEN}&{more}".encode()
        answer = await local.call("POST", TOKENS, body, FORM)
        assert (answer.status, error_of(answer)) == (400, "invalid_request")
        description = answer.json()["error_description"]
        assert description == f"{shown} occurs 2 times; send it once"
    for names in (["client_id"], ["client_secret"], ["client_id", "client_secret"]):
        answer = await refresh(local, **dict.fromkeys(names))
        assert (answer.status, error_of(answer)) == (400, "invalid_client")
        assert answer.json()["error_description"].startswith(f"missing: {' and '.join(names)}; ")


@pytest.mark.claim("token-errors", "tokens-form")
async def test_a_client_may_name_itself_by_http_basic_and_an_unknown_one_is_challenged(
    local: InProcessMock,
) -> None:
    only_token = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    named = {"client_id": CLIENT_ID, "client_secret": SECRET}
    for value, fields, status in (
        (basic(CLIENT_ID, SECRET), {}, 200),
        (basic(CLIENT_ID.replace("-", "%2D"), SECRET), {}, 200),
        (basic(CLIENT_ID, "wrong"), {}, 401),
        (basic(CLIENT_ID, "wrong"), named, 401),
        ("Bearer 8A:x", named, 200),
        ("Bearer 8A:x", {}, 401),
        ("Basic !", {}, 401),
    ):
        body = urlencode(only_token | fields).encode()
        answer = await local.call("POST", TOKENS, body, {**FORM, "authorization": value})
        assert answer.status == status, value
        if status == 401:
            assert error_of(answer) == "invalid_client"
            assert answer.headers["www-authenticate"] == 'Basic realm="SuperOffice"'


async def test_secrets_in_the_query_are_not_read(local: InProcessMock) -> None:
    query = f"{TOKENS}?grant_type=refresh_token&client_secret={SECRET}"
    answer = await local.call("POST", query, b"grant_type=refresh_token", FORM)
    assert error_of(answer) == "invalid_request"
    assert "no secret in the URL" in answer.json()["error_description"]


async def test_an_access_token_expires_on_the_tenants_clock_and_is_refreshed() -> None:
    local = InProcessMock(tables=tables(**{"expires-after": {"tokens": 20.0}}))
    first = (await refresh(local)).json()
    assert first["expires_in"] == 20
    bearer = f"Bearer {first['access_token']}"
    local.real_time += 19 * SECONDS
    assert await sync(local, authorization=bearer) == 204
    local.real_time += 1 * SECONDS
    assert await sync(local, authorization=bearer) == 401
    assert "the access token expired 0.0 s ago" in (local.exchanges(TENANT)[-1].reason or "")
    again = (await refresh(local)).json()["access_token"]
    assert await sync(local, authorization=f"Bearer {again}") == 204


async def test_a_ticket_is_prolonged_by_every_use_and_then_expires() -> None:
    local = InProcessMock(tables=tables(**{"expires-after": {"tickets": 60.0}}))
    claims = await read_jwt(local, (await authenticate(local)).json()["Token"])
    ticket = {"authorization": f"SOTicket {claims[f'{IDENTITY}ticket']}", "so_apptoken": SECRET}
    for _ in range(3):
        local.real_time += 50 * SECONDS
        assert await sync(local, **ticket) == 204
    local.real_time += 60 * SECONDS
    assert await sync(local, **ticket) == 401


async def test_a_control_call_expires_what_was_issued_and_a_reset_forgets_it(
    local: InProcessMock,
) -> None:
    expire = f"/_mock/credentials/expire?tenant={TENANT}"
    bearer = f"Bearer {(await refresh(local)).json()['access_token']}"
    other = f"Bearer {(await refresh(local)).json()['access_token']}"
    token = bearer.removeprefix("Bearer ")
    body = f'{{"access_token": "{token}"}}'.encode()
    assert (await local.call("POST", expire, body, {})).status == 200
    assert [await sync(local, authorization=value) for value in (bearer, other)] == [401, 204]
    assert (await local.call("POST", expire, b"", {})).json()["expired"]["tokens"] == 2
    assert await sync(local, authorization=other) == 401
    fresh = f"Bearer {(await refresh(local)).json()['access_token']}"
    assert await sync(local, authorization=fresh) == 204
    await local.call("POST", f"/_mock/reset?tenant={TENANT}", b"", {})
    assert await sync(local, authorization=fresh) == 401
    assert "unknown access token" in (local.exchanges(TENANT)[-1].reason or "")
    assert (await refresh(local)).status == 200


async def test_a_tenant_accepts_a_bounded_number_and_tells_when_the_oldest_ends(
    local: InProcessMock,
) -> None:
    first = (await refresh(local)).json()["access_token"]
    tenant = local.tenant(TENANT)
    others = tuple(ExpiringCredential(CredentialKind.TOKEN, f"{n}") for n in range(MAX_ISSUED - 2))
    tenant.change_state(replace(tenant.state, issued=tenant.state.issued + others))
    await refresh(local)
    assert "ends" not in (local.exchanges(TENANT)[-1].reason or "")
    assert await sync(local, authorization=f"Bearer {first}") == 204
    last = (await refresh(local)).json()["access_token"]
    assert "the oldest of the 1,000" in (local.exchanges(TENANT)[-1].reason or "")
    assert await sync(local, authorization=f"Bearer {first}") == 401
    assert await sync(local, authorization=f"Bearer {last}") == 204
