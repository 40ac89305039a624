"""The vendor's TypeScript client, unchanged, against a real server."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.payloads import path_prefix
from tests.examples.typescript_client import (
    ACCESS_TOKEN,
    PASSWORD,
    RESOLVED,
    TICKET,
    Client,
    make_accounts,
)
from tests.support.documents import read
from tests.support.make_fixtures import CLIENT_HEADERS, TYPESCRIPT_CLIENT
from tests.support.server_process import PATH, ServerProcess

HERE: Final = Path(__file__).parent

READY: Final = {
    "AccountId": 507,
    "AssociateName": "tje0",
    "AssociateId": 874,
    "TableRight": {"Mask": "FULL", "Reason": ""},
    "FieldProperties": {
        "AccountId": {"FieldRight": {"Mask": "FULL", "Reason": ""}, "FieldType": "System.Int32"}
    },
}
"""An account as getReadySyncEmailAccounts of the service returns it."""


@pytest.fixture
def client(node: str, server: ServerProcess) -> Client:
    return Client(node, server)


# ---- signing in ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign_in", "tenant", "principal"),
    [
        pytest.param(PASSWORD, "onsite", ("Basic", "tje0", None), id="a password onsite"),
        pytest.param(TICKET, "Cust12345", ("SOTicket", None, "demo-app"), id="a ticket Online"),
        pytest.param(ACCESS_TOKEN, "Cust12345", ("Bearer", None, "demo-app"), id="a token Online"),
    ],
)
@pytest.mark.claim("basic-onsite", "ticket-online", "bearer-online")
def test_a_call_with_any_sign_in_starts_a_run(
    client: Client,
    server: ServerProcess,
    sign_in: Mapping[str, str],
    tenant: str,
    principal: tuple[str, str | None, str | None],
) -> None:
    assert client.sync(sign_in, path_prefix(tenant), accounts=make_accounts(1)) == RESOLVED
    (exchange,) = server.exchanges(tenant)
    assert exchange["outcome"] == "started"
    assert exchange["principal"] == dict(zip(("scheme", "user", "app"), principal, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sign_in", "tenant"),
    [
        pytest.param(PASSWORD, "Cust12345", id="a password Online"),
        pytest.param({"ticket": "7T:demo-ticket"}, "Cust12345", id="no app token"),
        pytest.param(ACCESS_TOKEN, "onsite", id="an access token onsite"),
        pytest.param({}, "onsite", id="no sign-in"),
    ],
)
@pytest.mark.claim("basic-onsite-only", "ticket-online", "bearer-online-only", "unauthorized")
def test_a_sign_in_that_the_installation_does_not_accept_rejects_the_promise_with_a_401(
    client: Client, server: ServerProcess, sign_in: Mapping[str, str], tenant: str
) -> None:
    result = client.sync(sign_in, path_prefix(tenant), accounts=make_accounts(1))
    assert result["status"] == 401
    assert result["body"]["Message"] == "Authorization has been denied for this request."
    assert [exchange["outcome"] for exchange in server.exchanges(tenant)] == ["rejected"]


# ---- accounts --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("count", "tasks"), [(1, [1]), (10, [1] * 10), (11, [2] + [1] * 9)])
@pytest.mark.claim("task-cap", "tasks-dealt", "camel-case")
def test_accounts_are_dealt_to_at_most_ten_tasks(
    client: Client, server: ServerProcess, count: int, tasks: list[int]
) -> None:
    assert client.sync(PASSWORD, accounts=make_accounts(count)) == RESOLVED
    (run,) = server.control("GET", "runs")["runs"]
    assert run["accounts"] == list(range(count))
    assert [len(task) for task in run["tasks"]] == tasks
    (exchange,) = server.exchanges()
    assert exchange["violations"] == []


@pytest.mark.claim("carrier-members")
def test_accounts_from_the_service_are_accepted_when_they_are_sent_back(
    client: Client, server: ServerProcess
) -> None:
    assert client.sync(PASSWORD, ready=[READY]) == RESOLVED
    (exchange,) = server.exchanges()
    assert exchange["accounts"] == [{"AccountId": 507, "AssociateName": "tje0", "AssociateId": 874}]
    assert exchange["outcome"] == "started"
    assert exchange["violations"] == []
    body = json.loads(server.control("GET", f"requests/{exchange['id']}")["body"])
    (account,) = body["syncUserAccounts"]
    assert account["tableRight"] is not None
    assert "AccountId" in account["fieldProperties"]


@pytest.mark.slow
@pytest.mark.parametrize("accounts", [None, []], ids=["null", "none"])
@pytest.mark.claim("empty-list", "empty-no-run")
def test_a_call_without_accounts_resolves_and_starts_no_run(
    client: Client, server: ServerProcess, accounts: list[object] | None
) -> None:
    assert client.sync(PASSWORD, accounts=accounts) == RESOLVED
    (exchange,) = server.exchanges()
    assert exchange["outcome"] == "served"
    assert server.control("GET", "runs")["runs"] == []


# ---- base URLs -------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("", PATH),
        ("/", PATH),
        ("/api", PATH),
        ("/SuperOffice", f"/SuperOffice{PATH}"),
        ("/SuperOffice/api/", f"/SuperOffice{PATH}"),
    ],
)
@pytest.mark.claim("path", "path-onsite")
def test_base_urls_with_and_without_a_first_segment_reach_the_onsite_tenant(
    client: Client, server: ServerProcess, base: str, path: str
) -> None:
    assert client.sync(PASSWORD, base, accounts=make_accounts(1)) == RESOLVED
    (exchange,) = server.exchanges()
    assert (exchange["path"], exchange["outcome"]) == (path, "started")


@pytest.mark.slow
@pytest.mark.parametrize("base", ["/api/v1", "/api/v1/", "/Cust12345/api/v1"])
@pytest.mark.claim("path-doubled")
def test_a_base_url_that_ends_in_api_v1_gets_a_404_that_says_so(client: Client, base: str) -> None:
    result = client.sync(PASSWORD, base, accounts=make_accounts(1))
    assert result["status"] == 404
    assert "give it a base URL that does not end in /api/v1" in result["body"]["MessageDetail"]


# ---- the throttle ----------------------------------------------------------------------------


@pytest.mark.claim("silent-drop", "busy-second", "same-answer")
def test_a_call_that_is_turned_away_resolves_like_one_that_started(
    client: Client, server: ServerProcess
) -> None:
    server.control("POST", "clock/jump")
    server.control("POST", "lease/hold")
    turned_away = client.sync(PASSWORD, accounts=make_accounts(1))
    server.control("POST", "lease/release")
    started = client.sync(PASSWORD, accounts=make_accounts(1))
    assert turned_away == started == RESOLVED
    assert [call["outcome"] for call in server.exchanges()] == ["turned_away", "started"]
    assert server.exchanges()[0]["elapsed"] == 1.0


# ---- the README ------------------------------------------------------------------------------


def test_the_example_of_the_readme_prints_what_the_readme_says(
    node: str, server: ServerProcess
) -> None:
    section = read("mockserver/README.md").split("```js\n")[1]
    program = section.split("```")[0].replace("http://127.0.0.1:8204", server.url)
    expected = section.split("It prints `")[1].split("`")[0]
    done = subprocess.run(
        [node, "-"], input=program, cwd=HERE, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == expected, done.stderr
    assert [call["outcome"] for call in server.exchanges()] == ["started"]


# ---- its requests ----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_fixture_of_this_client_has_the_requests_that_it_sends(
    client: Client, server: ServerProcess
) -> None:
    account = {"accountId": 507, "associateName": "Walker LLC", "associateId": 874}
    client.sync(PASSWORD, accounts=[account])
    client.sync(PASSWORD, ready=[READY | {"AssociateName": "Walker LLC"}])
    client.sync(TICKET, "/Cust12345", accounts=[account])
    client.sync(ACCESS_TOKEN, "/Cust12345", accounts=[account])
    exchanges = server.exchanges() + server.exchanges("Cust12345")
    for step, exchange in zip(TYPESCRIPT_CLIENT[:4], exchanges, strict=True):
        path = f"requests/{exchange['id']}?tenant={exchange['tenant']}"
        call = server.control("GET", path)
        assert call["path"] == step.target
        assert call["body"] == step.body
        headers = {header["name"]: header["value"] for header in call["headers"]}
        assert {*headers} == {*map(str.lower, step.all_headers), "content-length", "host"}
        fixed = {name.lower(): value for name, value in CLIENT_HEADERS.items()}
        assert {name: headers[name] for name in fixed} == fixed
