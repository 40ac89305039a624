"""What a visit never does: send a valid credential without leave, or repeat one in its report."""

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract import report
from superoffice_contract.real_tenant import run
from superoffice_contract.real_tenant.request_plan import GUESSES, planned
from superoffice_contract.real_tenant.run import RealTenantCheck
from superoffice_contract.target import secrets, tenants
from superoffice_contract.target.tenants import TargetTenant
from tests.contract.real_tenant.tenant_server import (
    ACCOUNTS,
    ONLINE,
    ONSITE,
    SECRETS,
    UNGRANTED,
    Scribe,
    mock,
    of_status,
    visited,
)

# ---- target files of any content -------------------------------------------------------------

INVENTED = (
    "nobody",
    "nobody-4711",
    "no-password",
    "nothing",
    "7T:bm9ib2R5",
    "8A:bm9ib2R5",
    "Basic",
)
"""What the contract check makes up; in a target file it is somebody's."""
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


def valid(tenant: TargetTenant) -> set[str]:
    """Return every value that lets somebody in, as a header would have it."""
    pairs = {f"{one.name}:{one.password}" for one in tenant.users}
    found = {base64.b64encode(one.encode()).decode() for one in pairs}
    found |= {*tenant.tickets, *(one.value for one in tenant.tokens)}
    found |= {*(one.token for one in tenant.apps), *(one.id for one in tenant.sessions)}
    return found | {one.xsrf for one in tenant.sessions}


def presented(headers: tuple[tuple[str, str], ...]) -> set[str]:
    """Return what stands in headers that carry credentials, with its parts."""
    found = set()
    for name, value in headers:
        if name in ("Authorization", "SO-AppToken", "X-XSRF-TOKEN"):
            found |= {value, value.partition(" ")[2]}
        elif name == "Cookie":
            found |= {one.strip().partition("=")[2] for one in value.split(";")}
    return found - {""}


@settings(max_examples=40, deadline=None)
@given(TENANTS)
def test_whatever_the_target_file_says_nothing_valid_is_sent_without_leave(table: Any) -> None:
    (tenant,) = tenants.tenants([table], "a test")
    for stop in planned(tenant, (), {}, 1_000).stops:
        assert presented(stop.ask.headers) & valid(tenant) == set()
        assert not stop.signed
        assert b"507" not in stop.ask.body


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(TENANTS)
def test_whatever_the_target_file_says_nobody_is_tried_with_a_wrong_password(table: Any) -> None:
    (tenant,) = tenants.tenants([table], "a test")
    right = {f"{one.name}:{one.password}" for one in tenant.users}
    names = tuple({f"{one.name}:".casefold() for one in tenant.users})
    for accounts in ((), ACCOUNTS):
        for stop in planned(tenant, accounts, {}, 1_000).stops:
            for scheme, _, value in (one.partition(" ") for _, one in stop.ask.headers):
                said = decoded(value) if scheme.lower() == "basic" else ""
                assert not f"{said}:".casefold().startswith(names) or alike(said, right)


def alike(said: str, right: set[str]) -> bool:
    return said.casefold() in {one.casefold() for one in right}


def decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return ""


def test_what_is_valid_is_known_in_every_header_that_can_carry_it() -> None:
    known = secrets.of(ONLINE)
    for header in ("Authorization", "cookie", "SO-APPTOKEN", "X-Xsrf-Token"):
        assert known.carried(((header, "x demo-app-token"),)) == {
            "an app token": frozenset({"demo-app-token"})
        }
    assert known.carried((("Accept", "demo-app-token"),)) == {}
    basic = (("Authorization", "basic dGplMDpUamUw"),)
    assert set(secrets.of(ONSITE).carried(basic)) == {"a user with password"}
    assert secrets.of(ONLINE).carried(basic) == {}


def test_a_guess_is_told_as_the_reason() -> None:
    barred = planned(ONSITE, ACCOUNTS, {}, 1_000).barred
    assert GUESSES in barred["unauthorized"]


# ---- servers that repeat what they are told --------------------------------------------------


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with everything that was asked, in the status, the headers and the body."""
    message = await receive()
    said = [value for name, value in scope["headers"] if name != b"host"]
    words = b" ".join(said) or b"nothing"
    headers = [(b"content-type", words), (b"server", words), (b"retry-after", words)]
    headers += [(b"allow", words), (b"www-authenticate", words), (words[:40].hex().encode(), b"x")]
    status = 204 if b"authorization" in dict(scope["headers"]) else 400
    body = b"" if status == 204 else words + message.get("body", b"")
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def let_in_to_repeat(scope: Any, receive: Any, send: Any) -> None:
    """Describe the call, and refuse every call with what it was sent."""
    await receive()
    said = b" ".join(value for name, value in scope["headers"] if name != b"host")
    headers = [(b"content-type", b"application/json; " + said), (b"allow", said)]
    status = 200 if scope["method"] == "GET" else 415
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": said})


@pytest.mark.parametrize("server", [echo, let_in_to_repeat], ids=["echo", "refusing"])
@pytest.mark.parametrize("tenant", [ONSITE, ONLINE, UNGRANTED], ids=lambda one: one.id)
def test_a_server_that_repeats_credentials_can_not_put_them_into_a_report(
    tenant: TargetTenant, server: Any
) -> None:
    told: list[str] = []
    scribe = Scribe(server)
    trip = RealTenantCheck(
        scribe, tenant, accounts=ACCOUNTS, pace=scribe.time.pace(), max_requests=1_000
    )
    told += run.announced(trip)
    found = run.visited(trip, lambda name, _, __: told.append(name))
    assert len(of_status(found, "differs")) > 15
    text = "\n".join([*told, *(write(found) for write in report.FORMATS.values())])
    sent = {value for one in scribe.requests for _, value in one.headers}
    assert any(one in value for one in SECRETS for value in sent), "it was shown some"
    for secret in SECRETS:
        assert secret not in text
        assert secret[:6] not in text or secret[:6] in ("demo-s", "demo-x", "demo-a")
        assert secret.encode().hex()[:12] not in text


def test_findings_still_say_what_an_open_request_was_answered() -> None:
    found = visited(Scribe(let_in_to_repeat), ONSITE)
    words = [one.what for one in found.findings]
    assert any("bm9ib2R5" in one for one in words)


def test_a_visit_that_may_sign_in_does_so_by_every_credential_there_is() -> None:
    scribe = Scribe(mock())
    visited(scribe, ONLINE, accounts=ACCOUNTS)
    said = " ".join(value for one in scribe.requests for _, value in one.headers)
    for secret in ("7T:demo-ticket", "demo-session", "demo-xsrf", "demo-app-token"):
        assert secret in said
    assert "Bearer 8A:Cust12345.demo-token" in said
