"""A check of a real tenant sends no credential without --start-syncs, and reports no secret."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.request_plan import WRONG_SECRET
from superoffice_contract.real_tenant.run import RealTenantCheck
from superoffice_contract.report_formats import FORMATS
from superoffice_contract.target import secrets, tenants
from superoffice_contract.target.tenants import TargetTenant
from tests.contract.real_tenant.tenant_server import (
    ACCOUNTS,
    ONLINE,
    ONSITE,
    SECRETS,
    UNGRANTED,
    RecordingApp,
    check_tenant,
    make_mock,
)

# ---- target files of any content -------------------------------------------------------------

INVENTED = (
    "nobody",
    "nobody-4711",
    "No-Password-4711",
    "Nobody-Session-4711",
    "Nobody-Xsrf-4711",
    "Unknown-App-4711",
    "7T:Tm9ib2R5LTQ3MTE",
    "8A:Tm9ib2R5LTQ3MTE",
    "Basic",
)
"""Values that the contract check invents, which may be real in a target file."""
TEXT = st.sampled_from(INVENTED) | st.text("abcAB:.-_0123", min_size=1, max_size=12)
APPS = st.lists(
    st.fixed_dictionaries({"name": TEXT, "token": TEXT, "email-agent": st.booleans()}), max_size=2
)
TENANTS = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["onsite", "Cust12345", "crm"]),
        "installation": st.sampled_from(["onsite", "online"]),
        "users": st.lists(st.fixed_dictionaries({"name": TEXT, "password": TEXT | st.just("")})),
        "tickets": st.lists(TEXT, max_size=2),
        "sessions": st.lists(st.fixed_dictionaries({"id": TEXT, "xsrf": TEXT}), max_size=2),
        "apps": APPS,
        "tokens": st.lists(st.fixed_dictionaries({"value": TEXT, "app": TEXT}), max_size=2),
    }
)


def valid_secrets(tenant: TargetTenant) -> set[str]:
    """Return every valid secret, as it appears in a header."""
    pairs = {f"{user.name}:{user.password}" for user in tenant.users}
    values = {base64.b64encode(pair.encode()).decode() for pair in pairs}
    values |= {*tenant.tickets, *(token.value for token in tenant.tokens)}
    values |= {*(app.token for app in tenant.apps), *(session.id for session in tenant.sessions)}
    return values | {session.xsrf for session in tenant.sessions}


def sent_credentials(headers: tuple[tuple[str, str], ...]) -> set[str]:
    """Return the values, and their parts, of headers that carry credentials."""
    values = set()
    for name, value in headers:
        if name in ("Authorization", "SO-AppToken", "X-XSRF-TOKEN"):
            values |= {value, value.partition(" ")[2]}
        elif name == "Cookie":
            values |= {part.strip().partition("=")[2] for part in value.split(";")}
    return values - {""}


@settings(max_examples=40, deadline=None)
@given(TENANTS)
def test_no_valid_credential_is_sent_without_start_syncs(table: Any) -> None:
    (tenant,) = tenants.read_tenants([table], "a test")
    for step in RealTenantCheck(None, tenant, (), {}, 1_000).plan.steps:
        assert sent_credentials(step.request.headers) & valid_secrets(tenant) == set()
        assert not step.signed_in
        assert b"507" not in step.request.body


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(TENANTS)
def test_no_user_name_is_sent_with_a_wrong_password(table: Any) -> None:
    (tenant,) = tenants.read_tenants([table], "a test")
    right = {f"{user.name}:{user.password}" for user in tenant.users}
    names = tuple({f"{user.name}:".casefold() for user in tenant.users})
    for accounts in ((), ACCOUNTS):
        for step in RealTenantCheck(None, tenant, accounts, {}, 1_000).plan.steps:
            for scheme, _, value in (header.partition(" ") for _, header in step.request.headers):
                pair = decode_basic(value) if scheme.lower() == "basic" else ""
                assert not f"{pair}:".casefold().startswith(names) or is_right(pair, right)


def is_right(pair: str, right: set[str]) -> bool:
    return pair.casefold() in {right_pair.casefold() for right_pair in right}


def decode_basic(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""


def test_valid_secrets_are_found_in_every_header_that_can_carry_them() -> None:
    tenant_secrets = secrets.secrets_of(ONLINE)
    for header in ("Authorization", "cookie", "SO-APPTOKEN", "X-Xsrf-Token"):
        assert tenant_secrets.find_in(((header, "x demo-app-token"),)) == {
            "an app token": frozenset({"demo-app-token"})
        }
    assert tenant_secrets.find_in((("Accept", "demo-app-token"),)) == {}
    basic = (("Authorization", "basic dGplMDpUamUw"),)
    assert set(secrets.secrets_of(ONSITE).find_in(basic)) == {"a user with password"}
    assert secrets.secrets_of(ONLINE).find_in(basic) == {}


def test_a_wrong_secret_is_given_as_the_reason() -> None:
    excluded = RealTenantCheck(None, ONSITE, ACCOUNTS, {}, 1_000).plan.excluded
    assert WRONG_SECRET in excluded["unauthorized"]


# ---- servers that repeat credentials ---------------------------------------------------------


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with all that the request contains, in the headers and the body."""
    message = await receive()
    values = [value for name, value in scope["headers"] if name != b"host"]
    text = b" ".join(values) or b"nothing"
    headers = [(b"content-type", text), (b"server", text), (b"retry-after", text)]
    headers += [(b"allow", text), (b"www-authenticate", text), (text[:40].hex().encode(), b"x")]
    status = 204 if b"authorization" in dict(scope["headers"]) else 400
    body = b"" if status == 204 else text + message.get("body", b"")
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo_and_refuse(scope: Any, receive: Any, send: Any) -> None:
    """Describe the call, and refuse every call, with all values of the request."""
    await receive()
    text = b" ".join(value for name, value in scope["headers"] if name != b"host")
    headers = [(b"content-type", b"application/json; " + text), (b"allow", text)]
    refused = 415 if b"authorization" in dict(scope["headers"]) else 401
    status = 200 if scope["method"] == "GET" else refused
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": text})


@pytest.mark.parametrize("server", [echo, echo_and_refuse], ids=["echo", "refusing"])
@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda tenant: tenant.id)
def test_credentials_that_a_server_repeats_are_not_in_the_report(
    tenant: TargetTenant, server: Any
) -> None:
    lines: list[str] = []
    app = RecordingApp(server)
    check = RealTenantCheck(
        app, tenant, accounts=ACCOUNTS, pace=app.clock.pace(), max_requests=1_000
    )
    lines += run.describe(check)
    report = run.run_check(check, lambda name, _, __: lines.append(name))
    assert len([*report.findings, *report.notes]) > 15
    text = "\n".join([*lines, *(write(report) for write in FORMATS.values())])
    values = {value for request in app.requests for _, value in request.headers}
    assert any(secret in value for secret in SECRETS for value in values), "none was sent"
    for secret in SECRETS:
        assert secret not in text
        assert secret[:6] not in text or secret[:6] in ("demo-s", "demo-x", "demo-a")
        assert secret.encode().hex()[:12] not in text


def test_findings_quote_responses_to_requests_without_credentials() -> None:
    report = check_tenant(RecordingApp(echo_and_refuse), ONSITE)
    problems = [finding.what for finding in (*report.findings, *report.notes)]
    assert any("the error is application/json; " in problem for problem in problems)


def test_a_check_that_may_sign_in_uses_every_credential() -> None:
    app = RecordingApp(make_mock())
    check_tenant(app, ONLINE, accounts=ACCOUNTS)
    values = " ".join(value for request in app.requests for _, value in request.headers)
    for secret in ("7T:demo-ticket", "demo-session", "demo-xsrf", "demo-app-token"):
        assert secret in values
    assert "Bearer 8A:Cust12345.demo-token" in values
