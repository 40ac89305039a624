"""Secrets of clients and settings are in no journal, log, report, recording or answer."""

import asyncio
import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract.grading import grade
from superoffice_contract.report_formats import FORMATS
from superoffice_mock.access_log import format_json, format_text
from tests.e2e.raw_http import request, send_request
from tests.support.in_process import PATH, InProcessMock
from tests.support.server_process import ServerProcess

MARK = "Zq7secretZq7"
"""A part of every secret in these tests."""
FORMS = (MARK, base64.b64encode(MARK.encode()).decode().rstrip("="), "WnE3c2VjcmV0WnE3")
QUERIES = ("", f"?access_token={MARK}", f"?a=1&ticket={MARK}&$select=name", "?$top=1")
PATHS = (PATH, f"/Cust12345{PATH}", f"/Cust54321{PATH}", f"/Cust9{PATH}", "/nowhere")
BODIES = (b'{"SyncUserAccounts":[{"AccountId":507}]}', b"{}", b"{", b"", b"[" * 5000)
TYPES = ("application/json", "text/xml", "text/plain", "application/json; charset=x")


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


AUTHORIZATIONS = st.sampled_from(
    [
        *(MARK, f"Basic {MARK}", basic(MARK), basic(f"tje0:{MARK}"), basic(f"{MARK}:{MARK}")),
        *(basic(f"tje0:Tje0{MARK}"), f"Basic {MARK} {MARK}", f"{MARK} {MARK}", f"Basic:{MARK}"),
        *(f"SOTicket {MARK}", f"soticket  7T:demo-ticket{MARK}", f" {MARK}", f"Bearer\t{MARK}"),
        *(f"Bearer {MARK}", f"Bearer 8A:Cust12345.{MARK}", f"Negotiate {MARK}", f"Digest a={MARK}"),
    ]
)
AUTHORIZATION_VALUES = (f"Bearer {MARK}", basic(f"tje0:{MARK}"), "Basic dGplMDpUamUw")
COOKIES = st.sampled_from(
    [
        *(f"ASP.NET_SessionId={MARK}", f"ASP.NET_SessionId={MARK}; XSRF_TOKEN={MARK}"),
        *(f"session={MARK}", MARK, f'ASP.NET_SessionId="{MARK}', f"{MARK}=1"),
        f"ASP.NET_SessionId=demo-session; x={MARK}",
    ]
)
HEADERS = st.lists(
    st.one_of(
        st.tuples(st.just("authorization"), AUTHORIZATIONS),
        st.tuples(st.just("cookie"), COOKIES),
        st.tuples(st.sampled_from(["so-apptoken", "x-xsrf-token", "x-api-key"]), st.just(MARK)),
        st.tuples(st.just("so-apptoken"), st.sampled_from([f"demo-app-token{MARK}", f"a {MARK}"])),
        st.tuples(st.just("referer"), st.just(f"https://app.example/?token={MARK}")),
    ),
    max_size=5,
)
VALID_HEADERS = st.sampled_from(
    [
        [("authorization", "Basic dGplMDpUamUw"), ("cookie", f"other={MARK}")],
        [("authorization", "SOTicket 7T:demo-ticket"), ("so-apptoken", "demo-app-token")],
        [("cookie", "ASP.NET_SessionId=demo-session"), ("x-xsrf-token", "demo-xsrf")],
    ]
)


def has_secret(text: str) -> bool:
    """Return whether the marker is in *text* in any of its forms."""
    return any(form in text for form in FORMS)


async def collect_output(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[str, bool]:
    """Return all that the mock reports about one call, and whether the call is in a journal."""
    local = InProcessMock()
    response = await local.call(method, target, body, headers)
    output = [response.body.decode(), str(response.headers)]
    is_journaled = False
    for tenant in [each.facts.id for each in local.mock.tenants]:
        for journaled in local.exchanges(tenant):
            is_journaled = True
            output += [format_text(journaled), format_json(journaled)]
        for path in ("requests", "requests/1", "lease", "runs"):
            page = await local.call("GET", f"/_mock/{path}?tenant={tenant}", b"", {})
            output.append(page.body.decode())
    return "\n".join(output), is_journaled


@pytest.mark.claim("secret-not-repeated")
@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS"]),
    path=st.sampled_from(PATHS),
    query=st.sampled_from(QUERIES),
    credentials=st.one_of(HEADERS, st.builds(lambda a, b: a + b, VALID_HEADERS, HEADERS)),
    media_type=st.sampled_from(TYPES),
    body=st.sampled_from(BODIES),
)
def test_no_secret_is_in_the_journal_the_log_or_an_answer(
    method: str,
    path: str,
    query: str,
    credentials: list[tuple[str, str]],
    media_type: str,
    body: bytes,
) -> None:
    headers = [*credentials, ("content-type", media_type)]
    output, is_journaled = asyncio.run(collect_output(method, path + query, headers, body))
    assert is_journaled
    assert not has_secret(output)
    for secret in ("dGplMDpUamUw", "7T:demo-ticket", "demo-app-token", "demo-session", "demo-xsrf"):
        assert secret not in output


# ---- secrets in control calls, settings and files --------------------------------------------

GIVEN: dict[str, Any] = {
    "users": [{"name": "ann", "password": MARK}],
    "tickets": [f"7T:{MARK}"],
    "sessions": [{"id": MARK, "xsrf": f"x{MARK}", "user": "ann"}],
    "apps": [{"name": "app", "token": MARK}],
    "tokens": [{"value": f"8A:{MARK}", "app": "app"}],
}
INVALID = st.one_of(
    st.just({}),
    st.sampled_from([*({kind: MARK} for kind in GIVEN), *({kind: [MARK]} for kind in GIVEN)]),
    st.sampled_from([{kind: [{"secret": MARK}]} for kind in GIVEN]),
    st.sampled_from([{"users": [{"name": "ann", "password": [MARK]}]}, {"tickets": [[MARK]]}]),
    st.sampled_from([{"tokens": [{"value": MARK, "app": "none"}]}, {"clock": "no"}, {"x": MARK}]),
    st.sampled_from([{"sessions": [{"id": MARK, "xsrf": MARK, "user": "nobody"}]}]),
    st.sampled_from([{kind: GIVEN[kind] * 2} for kind in GIVEN]),
)


async def collect_output_of_tenant(spec: dict[str, Any]) -> str:
    """Make a tenant with secrets and call it; return all output except a successful creation."""
    local = InProcessMock()
    creation = await local.call("POST", "/_mock/tenants", json.dumps(spec).encode(), {})
    if creation.status != 201:
        return creation.body.decode()
    tenant = creation.json()["id"]
    responses = [
        await local.call(path=f"/{tenant}{PATH}", headers=[header])
        for header in (("authorization", basic(f"ann:{MARK}")), ("so-apptoken", MARK))
    ]
    wrong = {"sessions/end": {"session": f"{MARK}0"}, "credentials/expire": {"ticket": f"{MARK}0"}}
    for path, content in wrong.items():
        raw = json.dumps(content).encode()
        responses.append(await local.call("POST", f"/_mock/{path}?tenant={tenant}", raw, {}))
        assert responses[-1].status >= 400
    pages = ("tenants", f"requests?tenant={tenant}", f"requests/1?tenant={tenant}")
    responses += [await local.call("GET", f"/_mock/{page}", b"", {}) for page in pages]
    log_lines = (format_json(journaled) + format_text(journaled) for journaled in local.log)
    return "\n".join([*(response.body.decode() for response in responses), *log_lines])


@settings(max_examples=80, deadline=None)
@given(
    kinds=st.sets(st.sampled_from(sorted(GIVEN))),
    invalid=INVALID,
    installation=st.sampled_from(["onsite", "online", "elsewhere"]),
)
def test_the_credentials_of_a_tenant_are_only_in_the_answer_to_its_creation(
    kinds: set[str], invalid: dict[str, Any], installation: str
) -> None:
    spec = {"installation": installation, **{kind: GIVEN[kind] for kind in kinds}, **invalid}
    assert not has_secret(asyncio.run(collect_output_of_tenant(spec)))


async def test_the_headers_of_a_fault_are_in_no_journal_and_no_log(local: InProcessMock) -> None:
    fault = {"status": 503, "headers": {"Set-Cookie": f"a={MARK}", "X-Key": MARK}}
    await local.control("POST", "faults", fault)
    response = await local.call()
    assert MARK in response.headers["x-key"]
    pages = [await local.control("GET", path) for path in ("requests", "requests/1")]
    assert not has_secret(f"{pages} {format_json(local.log[0])} {format_text(local.log[0])}")


# ---- reports and recordings ------------------------------------------------------------------


def test_no_report_of_a_journal_has_a_secret(server: ServerProcess) -> None:
    for authorization in AUTHORIZATION_VALUES:
        headers = {"Authorization": authorization, "Cookie": f"ASP.NET_SessionId={MARK}"}
        headers |= {"SO-AppToken": MARK, "X-XSRF-TOKEN": MARK, "Content-Length": "40"}
        send_request(server, request(headers=headers, path=f"{PATH}?access_token={MARK}&$select=a"))
    report = grade.grade_journal(server.url, ("onsite",), None)
    for render in FORMATS.values():
        assert "grade" in render(report)
        assert not has_secret(render(report))


async def test_no_recording_has_a_secret(local: InProcessMock) -> None:
    await local.control("POST", "recordings/start")
    for authorization in AUTHORIZATION_VALUES:
        headers = {"authorization": authorization, "cookie": f"ASP.NET_SessionId={MARK}; a={MARK}"}
        headers |= {"so-apptoken": MARK, "x-xsrf-token": MARK, "content-type": "text/json"}
        await local.call(path=f"{PATH}?access_token={MARK}", headers=headers)
    recording = await local.call("POST", "/_mock/recordings/stop", b"", {})
    assert len(recording.json()["log"]["entries"]) == 3
    assert not has_secret(recording.body.decode())
