"""Secrets: whatever a caller presents, the journal, the log and the answers do not repeat it."""

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from superoffice_contract.grading import grade
from superoffice_contract.report import FORMATS
from superoffice_mock.access_log import record, sentence
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings, load
from superoffice_mock.errors import SetupError
from tests.e2e.raw_http import exchange, request
from tests.support.in_process import PATH, Local
from tests.support.server_process import Running

MARK = "Zq7secretZq7"
FORMS = (MARK, base64.b64encode(MARK.encode()).decode().rstrip("="), "WnE3c2VjcmV0WnE3")


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
GOOD = st.sampled_from(
    [
        [("authorization", "Basic dGplMDpUamUw"), ("cookie", f"other={MARK}")],
        [("authorization", "SOTicket 7T:demo-ticket"), ("so-apptoken", "demo-app-token")],
        [("cookie", "ASP.NET_SessionId=demo-session"), ("x-xsrf-token", "demo-xsrf")],
    ]
)
QUERIES = ("", f"?access_token={MARK}", f"?a=1&ticket={MARK}&$select=name", "?$top=1")
PATHS = (PATH, f"/Cust12345{PATH}", f"/Cust54321{PATH}", f"/Cust9{PATH}", "/nowhere")
BODIES = (b'{"SyncUserAccounts":[{"AccountId":507}]}', b"{}", b"{", b"", b"[" * 5000)
TYPES = ("application/json", "text/xml", "text/plain", "application/json; charset=x")


async def everything_told(
    method: str, target: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[str, bool]:
    """Return all that the mock tells of one call, and whether the call is in a journal at all."""
    local = Local()
    answered = await local.call(method, target, body, headers)
    told = [answered.body.decode(), str(answered.headers)]
    journalled = False
    for tenant in local.mock.tenants.ids:
        for one in local.exchanges(tenant):
            journalled = True
            told += [sentence(one), record(one)]
        for path in ("requests", "requests/1", "lease", "runs"):
            shown = await local.call("GET", f"/_mock/{path}?tenant={tenant}", b"", {})
            told.append(shown.body.decode())
    return "\n".join(told), journalled


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "OPTIONS"]),
    path=st.sampled_from(PATHS),
    query=st.sampled_from(QUERIES),
    presented=st.one_of(HEADERS, st.builds(lambda a, b: a + b, GOOD, HEADERS)),
    media_type=st.sampled_from(TYPES),
    body=st.sampled_from(BODIES),
)
def test_no_secret_is_in_the_journal_the_log_or_an_answer(
    method: str,
    path: str,
    query: str,
    presented: list[tuple[str, str]],
    media_type: str,
    body: bytes,
) -> None:
    headers = [*presented, ("content-type", media_type)]
    told, journalled = asyncio.run(everything_told(method, path + query, headers, body))
    assert journalled
    for form in FORMS:
        assert form not in told
    for known in ("dGplMDpUamUw", "7T:demo-ticket", "demo-app-token", "demo-session", "demo-xsrf"):
        assert known not in told


def test_the_journal_says_that_a_secret_was_there_and_of_what_scheme() -> None:
    headers = [("authorization", f"SOTicket {MARK}"), ("so-apptoken", MARK), ("x-other", MARK)]
    local = Local()
    asyncio.run(local.call(headers=headers))
    assert local.exchanges()[0].head.headers == (
        ("authorization", "SOTicket [redacted]"),
        ("so-apptoken", "[redacted]"),
        ("host", "127.0.0.1:8204"),
    )


# ---- what users give to the mock itself ------------------------------------------------------

GIVEN: dict[str, Any] = {
    "users": [{"name": "ann", "password": MARK}],
    "tickets": [f"7T:{MARK}"],
    "sessions": [{"id": MARK, "xsrf": f"x{MARK}", "user": "ann"}],
    "apps": [{"name": "app", "token": MARK}],
    "tokens": [{"value": f"8A:{MARK}", "app": "app"}],
}
SPOILT = st.one_of(
    st.just({}),
    st.sampled_from([*({kind: MARK} for kind in GIVEN), *({kind: [MARK]} for kind in GIVEN)]),
    st.sampled_from([{kind: [{"secret": MARK}]} for kind in GIVEN]),
    st.sampled_from([{"users": [{"name": "ann", "password": [MARK]}]}, {"tickets": [[MARK]]}]),
    st.sampled_from([{"tokens": [{"value": MARK, "app": "none"}]}, {"clock": "no"}, {"x": MARK}]),
    st.sampled_from([{"sessions": [{"id": MARK, "xsrf": MARK, "user": "nobody"}]}]),
    st.sampled_from([{kind: GIVEN[kind] * 2} for kind in GIVEN]),
)


def hidden(told: str) -> bool:
    """Tell whether the marker is in *told* in none of its forms."""
    return not any(form in told for form in FORMS)


async def told_of_a_tenant(spec: dict[str, Any]) -> str:
    """Make a tenant with secrets and call it; return all that is told but the answer to that."""
    local = Local()
    made = await local.call("POST", "/_mock/tenants", json.dumps(spec).encode(), {})
    if made.status != 201:
        return made.body.decode()
    id_ = made.json()["id"]
    signed = ([("authorization", basic(f"ann:{MARK}"))], [("so-apptoken", MARK)])
    answers = [await local.call(path=f"/{id_}{PATH}", headers=one) for one in signed]
    wrong = {"sessions/end": {"session": f"{MARK}0"}, "credentials/expire": {"ticket": f"{MARK}0"}}
    for path, body in wrong.items():
        raw = json.dumps(body).encode()
        answers.append(await local.call("POST", f"/_mock/{path}?tenant={id_}", raw, {}))
        assert answers[-1].status >= 400
    shown = ("tenants", f"requests?tenant={id_}", f"requests/1?tenant={id_}")
    answers += [await local.call("GET", f"/_mock/{path}", b"", {}) for path in shown]
    logged = (record(one) + sentence(one) for one in local.logged)
    return "\n".join([*(one.body.decode() for one in answers), *logged])


@settings(max_examples=80, deadline=None)
@given(
    kinds=st.sets(st.sampled_from(sorted(GIVEN))),
    spoilt=SPOILT,
    installation=st.sampled_from(["onsite", "online", "elsewhere"]),
)
def test_a_tenant_s_credentials_are_told_to_who_makes_it_and_never_again(
    kinds: set[str], spoilt: dict[str, Any], installation: str
) -> None:
    spec = {"installation": installation, **{kind: GIVEN[kind] for kind in kinds}, **spoilt}
    assert hidden(asyncio.run(told_of_a_tenant(spec)))


async def test_the_headers_of_a_fault_are_in_no_journal_and_no_log() -> None:
    local = Local()
    fault = {"status": 503, "headers": {"Set-Cookie": f"a={MARK}", "X-Key": MARK}}
    await local.control("POST", "faults", fault)
    answered = await local.call()
    assert MARK in answered.headers["x-key"]
    told = [await local.control("GET", path) for path in ("requests", "requests/1")]
    assert hidden(f"{told} {record(local.logged[0])} {sentence(local.logged[0])}")


@pytest.mark.parametrize("sent", [None, f"Bearer {MARK}x", f"Basic {MARK}", MARK.lower()])
async def test_the_control_token_is_in_no_answer(sent: str | None) -> None:
    local = Local(Settings(control_token=MARK))
    headers = {} if sent is None else {"authorization": sent}
    for path in ("health", "lease", "requests", "nothing", "openapi.json"):
        answered = await local.call("GET", f"/_mock/{path}", b"", headers)
        assert hidden(f"{answered.headers} {answered.body.decode()}")


TENANT = '[[tenant]]\nid = "a"\ninstallation = "onsite"\n'


@pytest.mark.parametrize(
    "text",
    [
        *(f'control-token = ["{MARK}", 5]', f'[control-token]\na = "{MARK}"'),
        *(
            f'{TENANT}users = [{{ name = "a", password = ["{MARK}"] }}]',
            f'{TENANT}users = "{MARK}"',
        ),
        *(f'{TENANT}tickets = [["{MARK}"]]', f'{TENANT}tickets = ["{MARK}", "{MARK}"]'),
        f'{TENANT}users = [{{ name = "a", secret = "{MARK}" }}]',
        f'{TENANT}tokens = [{{ value = "{MARK}", app = "none" }}]',
        f'{TENANT}sessions = [{{ id = "{MARK}", xsrf = "{MARK}", user = "none" }}]',
        f'{TENANT}apps = [{{ name = "a", token = "{MARK}", email-agent = "{MARK}" }}]',
        f'control-token = "{MARK}"\nprot = 1',
        f'control-token = "{MARK}',
        f'{TENANT}tickets = ["{MARK}"',
    ],
)
def test_an_error_in_the_configuration_quotes_no_secret(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mock.toml"
    path.write_text(text, encoding="utf-8")
    assert hidden(told_of_a_file(str(path)))


def told_of_a_file(path: str) -> str:
    """Return what a user is told of the configuration file at *path*."""
    try:
        loaded = load(path, {}, {}, ())
        facts = tenant_file.tenants(loaded.tenants or [], path, 5.0, loaded.settings.readings)
    except SetupError as error:
        return str(error)
    return "\n".join(tenant_file.warnings(facts, path))


# ---- what is written for others --------------------------------------------------------------


def test_no_report_of_a_journal_has_a_secret(server: Running) -> None:
    for presented in (f"Bearer {MARK}", basic(f"tje0:{MARK}"), "Basic dGplMDpUamUw"):
        signed = {"Authorization": presented, "Cookie": f"ASP.NET_SessionId={MARK}"}
        headers = signed | {"SO-AppToken": MARK, "X-XSRF-TOKEN": MARK, "Content-Length": "40"}
        exchange(server, request(headers=headers, path=f"{PATH}?access_token={MARK}&$select=a"))
    report = grade.grade_journal(server.url, ("onsite",), None)
    for written in FORMATS.values():
        assert "grade" in written(report)
        assert hidden(written(report))


async def test_no_recording_has_a_secret() -> None:
    local = Local()
    await local.control("POST", "recordings/start")
    for presented in (f"Bearer {MARK}", basic(f"tje0:{MARK}"), "Basic dGplMDpUamUw"):
        headers = [("authorization", presented), ("cookie", f"ASP.NET_SessionId={MARK}; a={MARK}")]
        headers += [("so-apptoken", MARK), ("x-xsrf-token", MARK), ("content-type", "text/json")]
        await local.call(path=f"{PATH}?access_token={MARK}", headers=headers)
    recorded = await local.call("POST", "/_mock/recordings/stop", b"", {})
    assert len(recorded.json()["log"]["entries"]) == 3
    assert hidden(recorded.body.decode())
