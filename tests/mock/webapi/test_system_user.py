"""AuthenticatePartnerSystemUser: a signed token becomes a ticket in a JWT, or a refusal."""

import sys
from base64 import b64decode
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.errors import InvalidKeyIdError

from tests.support.in_process import InProcessMock
from tests.support.sign_in import (
    AUTHENTICATE,
    IDENTITY,
    JSON,
    KEYS,
    METADATA,
    SECRET,
    SYSTEM_USER,
    TENANT,
    TOKENS,
    authenticate,
    key_pair,
    public_pem,
    read_jwt,
    refresh,
    sign,
    sync,
    tables,
    time_text,
)

pytestmark = pytest.mark.claim("system-user-call")


@pytest.fixture
def local() -> InProcessMock:
    return InProcessMock(tables=tables())


def last_reason(local: InProcessMock) -> str:
    return local.exchanges(TENANT)[-1].reason or ""


@pytest.mark.claim("system-user-jwt", "issued-ticket", "signed-system-token")
async def test_a_signed_token_becomes_a_ticket_that_signs_in(local: InProcessMock) -> None:
    answer = await authenticate(local)
    assert (answer.status, answer.json()["IsSuccessful"]) == (200, True)
    assert list(answer.json()) == ["IsSuccessful", "Token", "ErrorMessage"]
    claims = await read_jwt(local, answer.json()["Token"])
    serial = claims[f"{IDENTITY}serial"]
    assert (claims["iss"], claims["aud"]) == ("SuperOffice AS", f"spn:{serial}")
    assert claims[f"{IDENTITY}ctx"] == TENANT
    assert claims[f"{IDENTITY}webapi_url"] == f"http://127.0.0.1:8204/{TENANT}/api/"
    ticket = claims[f"{IDENTITY}ticket"]
    assert b64decode(ticket.removeprefix("7T:")).decode("utf-16-le").endswith(f";{TENANT}")
    assert await sync(local, authorization=f"SOTicket {ticket}", so_apptoken=SECRET) == 204
    assert await sync(local, authorization=f"SOTicket {ticket}") == 401
    assert await sync(local, authorization=f"SOTicket {ticket}x", so_apptoken=SECRET) == 401


async def test_every_ticket_is_another_one_and_all_are_accepted(local: InProcessMock) -> None:
    tickets = set()
    for _ in range(3):
        claims = await read_jwt(local, (await authenticate(local)).json()["Token"])
        tickets.add(claims[f"{IDENTITY}ticket"])
    assert len(tickets) == 3
    for ticket in tickets:
        assert await sync(local, authorization=f"SOTicket {ticket}", so_apptoken=SECRET) == 204


@pytest.mark.claim("system-user-refusal")
async def test_a_refusal_has_the_documented_name_and_the_journal_the_reason(
    local: InProcessMock,
) -> None:
    valid = sign(f"{SYSTEM_USER}.{time_text()}")
    other_key = rsa.generate_private_key(65537, 2048)
    denied, wrong_time, unsigned = "Denied (4)", "InvalidTimestamp (6)", "InvalidSignature (7)"
    for changes, error, reason in (
        ({"ApplicationToken": "x"}, denied, "ApplicationToken is that of no app of Cust12345"),
        ({"ApplicationToken": None}, denied, "ApplicationToken is that of no app of Cust12345"),
        ({"ApplicationToken": "other-secret"}, denied, "app 'other' has no public-key"),
        ({"ContextIdentifier": None}, denied, ""),
        ({"SignedSystemToken": None}, denied, "does not begin with the system-user-token of 'app'"),
        ({"SignedSystemToken": sign(f"x.{time_text()}")}, denied, "does not begin with"),
        ({"SignedSystemToken": SYSTEM_USER}, denied, "does not begin with"),
        ({"SignedSystemToken": sign(f"{SYSTEM_USER}.now")}, wrong_time, "as YYYYMMDDhhmm"),
        ({"SignedSystemToken": sign(f"{SYSTEM_USER}.202613010000")}, wrong_time, "YYYYMMDDhhmm"),
        ({"SignedSystemToken": f"{valid[:-8]}AAAAAA=="}, unsigned, "the signature is not that of"),
        ({"SignedSystemToken": f"{valid}ü"}, unsigned, "the signature is not that of"),
        (
            {"SignedSystemToken": sign(f"{SYSTEM_USER}.{time_text()}", other_key)},
            unsigned,
            "the signature is not that of",
        ),
        (
            {"SignedSystemToken": valid.replace(time_text(), time_text(2))},
            unsigned,
            "the signature is not that of",
        ),
    ):
        answer = await authenticate(local, **changes)
        message = f"Authorization error: {error}"
        refusal = {"IsSuccessful": False, "Token": None, "ErrorMessage": message}
        assert (answer.status, answer.json()) == (200, refusal), changes
        if reason:
            assert reason in last_reason(local), changes


@pytest.mark.claim("signed-token-age")
async def test_the_time_may_differ_from_the_real_one_by_ten_minutes(local: InProcessMock) -> None:
    local.real_time += 10**18  # the tenant's clock does not count
    for minutes_ago, is_successful in ((9, True), (11, False), (-10, True), (-12, False)):
        token = sign(f"{SYSTEM_USER}.{time_text(minutes_ago)}")
        answer = await authenticate(local, SignedSystemToken=token)
        assert answer.json()["IsSuccessful"] is is_successful, minutes_ago
    assert "within 10 minutes of the real time; it is -1" in last_reason(local)


@pytest.mark.claim("system-user-token-type")
async def test_only_a_jwt_can_be_asked_for(local: InProcessMock) -> None:
    for token_type in ("Jwt", "jwt", None, ""):
        assert (await authenticate(local, ReturnTokenType=token_type)).json()["IsSuccessful"]
    answer = await authenticate(local, ReturnTokenType="SAML")
    assert (answer.status, "send JWT" in answer.body.decode()) == (501, True)


async def test_an_unknown_tenant_and_a_body_that_is_no_json_are_errors(
    local: InProcessMock,
) -> None:
    answer = await authenticate(local, ContextIdentifier="Cust99999")
    assert (answer.status, "onsite, Cust12345" in answer.body.decode()) == (404, True)
    for body, headers, status in ((b"{", JSON, 400), (b"", JSON, 400), (b"a=b", {}, 415)):
        assert (await local.call("POST", AUTHENTICATE, body, headers)).status == status
    assert (await authenticate(local, ApplicationToken=1)).status == 400


async def test_a_public_key_that_is_no_rsa_key_is_told_in_the_journal() -> None:
    for key in (
        public_pem(ec.generate_private_key(ec.SECP256R1())),
        "-----BEGIN PUBLIC KEY-----\nnone\n-----END PUBLIC KEY-----",
    ):
        configured = tables()
        configured[1]["apps"][0]["public-key"] = key
        local = InProcessMock(tables=configured)
        answer = await authenticate(local)
        assert answer.json()["ErrorMessage"] == "Authorization error: InvalidSignature (7)"
        assert "public-key of app 'app' can't be read" in last_reason(local)


@pytest.mark.claim("openid-configuration")
async def test_the_metadata_lead_to_this_mock(local: InProcessMock) -> None:
    metadata = (await local.call("GET", METADATA, b"", {"host": "sod.superoffice.com"})).json()
    root = "http://sod.superoffice.com"
    assert metadata["issuer"] == root
    assert metadata["token_endpoint"] == f"{root}{TOKENS}"
    assert metadata["jwks_uri"] == f"{root}{KEYS}"
    assert metadata["id_token_signing_alg_values_supported"] == ["RS256"]


@pytest.mark.claim("signing-keys")
async def test_each_mock_has_one_key_of_its_own_and_tells_its_public_half(
    local: InProcessMock,
) -> None:
    [key] = (await local.call("GET", KEYS, b"", {})).json()["keys"]
    assert key.keys() == {"kty", "n", "e", "kid", "use", "alg", "x5c"}
    certificate = x509.load_der_x509_certificate(b64decode(key["x5c"][0]))
    certificate.verify_directly_issued_by(certificate)
    public_key = certificate.public_key()
    assert isinstance(public_key, rsa.RSAPublicKey)
    modulus = public_key.public_numbers().n
    assert modulus.to_bytes(256, "big") == b64decode(f"{key['n']}==", altchars=b"-_")
    token = (await authenticate(local)).json()["Token"]
    with pytest.raises(InvalidKeyIdError):
        await read_jwt(InProcessMock(tables=tables()), token)


async def test_a_mock_without_onsite_tenant_has_the_metadata_too() -> None:
    only_online = InProcessMock(tables=tables()[1:])
    for path in (METADATA, KEYS):
        assert (await only_online.call("GET", path, b"", {})).status == 200, path
    assert (await authenticate(only_online)).json()["IsSuccessful"]


async def test_the_sign_in_answers_at_any_host_and_names_the_tenants_own() -> None:
    tenant = {"host": "sod2.superoffice.com", "state": "suspended"}
    local = InProcessMock(tables=tables(**tenant))
    claims = await read_jwt(local, (await authenticate(local)).json()["Token"])
    assert claims[f"{IDENTITY}webapi_url"] == f"http://sod2.superoffice.com/{TENANT}/api/"
    claims = await read_jwt(local, (await refresh(local)).json()["id_token"])
    assert claims["iss"] == "http://127.0.0.1:8204"
    assert claims[f"{IDENTITY}webapi_url"] == f"http://sod2.superoffice.com/{TENANT}/api/"


async def test_a_tokens_own_times_are_real_times(local: InProcessMock) -> None:
    local.real_time += 10**18
    claims = await read_jwt(local, (await authenticate(local)).json()["Token"])
    assert abs(claims["iat"] - datetime.now(UTC).timestamp()) < 60
    assert (claims["nbf"], claims["exp"]) == (claims["iat"] - 60, claims["iat"] + 300)


async def test_without_the_extra_the_calls_are_a_501_that_says_what_to_install(
    local: InProcessMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    key_pair()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "joserfc", None)
        answers = [await authenticate(local), await refresh(local)]
        answers += [await local.call("GET", path, b"", {}) for path in (METADATA, KEYS)]
    for answer in answers:
        assert answer.status == 501
        assert b"sign-in needs joserfc, which is not installed" in answer.body
        assert b"pip install '.[signin]'" in answer.body
    assert (await authenticate(local)).json()["IsSuccessful"]
