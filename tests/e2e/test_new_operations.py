"""More operations in the description, each with a handler of a few lines, over real sockets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import httpx2
import pytest

from superoffice_contract.local_server import demo_tables
from superoffice_contract.suite import run as suite
from superoffice_contract.suite.plan import Plan
from superoffice_contract.target.tenants import read_tenants
from superoffice_mock.replay import loading
from superoffice_mock.replay.player import Rules
from superoffice_mock.replay.request_key import RequestKeys
from superoffice_mock.webapi import replay_backend
from tests.e2e.new_operations import ACCOUNT, SESSION, TOKEN, build_registry, serve

SIGNED_IN: Final = {"Authorization": "Basic dGplMDpUamUw"}
JSON: Final = {"Content-Type": "application/json"}
SYNC: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
REGISTRY: Final = build_registry()


@pytest.fixture(name="client")
def connect() -> Iterator[httpx2.Client]:
    with serve(REGISTRY) as url, httpx2.Client(base_url=url) as client:
        yield client


def get_account(client: httpx2.Client, query: str, **headers: str) -> httpx2.Response:
    """Ask for an account as the vendor's client does, which posts the four bytes `null`."""
    return client.post(f"{ACCOUNT}{query}", content=b"null", headers=SIGNED_IN | JSON | headers)


def journal(client: httpx2.Client, tenant: str = "onsite") -> list[dict[str, Any]]:
    return list(client.get(f"/_mock/requests?tenant={tenant}").json()["requests"])


def test_a_post_with_an_integer_in_the_query_answers_in_json_or_xml(client: httpx2.Client) -> None:
    answer = get_account(client, "?EMAILAccountId=507")
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    parent = {"EMailAccountId": 1, "Holder": "tje0", "Kind": "Exchange", "Parent": None}
    account = {"EMailAccountId": 507, "Kind": "Imap", "Parent": parent, "Holder": "nobody"}
    assert (answer.status_code, answer.json()) == (200, account)
    answer = get_account(client, "?eMailAccountId=8", Accept="text/*, */xml")
    assert answer.content.startswith(b'<?xml version="1.0" encoding="utf-8"?><MailAccount>')
    root = ET.fromstring(answer.text)
    assert root.tag == "MailAccount"
    members = [(element.tag, element.text) for element in root]
    assert members[:2] == [("EMailAccountId", "8"), ("Kind", "Imap")]
    assert root.findtext("Parent/Holder") == "tje0"


def test_a_query_of_the_wrong_type_gets_a_400_with_the_place(client: httpx2.Client) -> None:
    for query, problem in (
        ("?eMailAccountId=x", "?eMailAccountId: expected an integer to 999, got 'x'"),
        ("?eMailAccountId=1.0", "?eMailAccountId: expected an integer to 999, got '1.0'"),
        ("?eMailAccountId=1000", "?eMailAccountId: expected an integer to 999, got '1000'"),
        ("", "?eMailAccountId: missing; send an integer to 999"),
    ):
        answer = get_account(client, query)
        assert (answer.status_code, answer.json()["MessageDetail"]) == (400, problem)
    assert get_account(client, "?eMailAccountId=1&x=2").status_code == 200
    assert journal(client)[-1]["query"] == {"eMailAccountId": 1}
    assert journal(client)[-1]["violations"] == ["?x: unknown query parameter, ignored"]


def test_credentials_are_asked_for_where_the_description_says_so(client: httpx2.Client) -> None:
    answer = client.post(f"{ACCOUNT}?eMailAccountId=1")
    assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True)
    denied = {"Authorization": "Bearer 8A:Cust54321.demo-token"}
    answer = client.post(f"/Cust54321{ACCOUNT}?eMailAccountId=1", headers=denied)
    assert answer.status_code == 401
    assert "not granted the EMail agent" in journal(client, "Cust54321")[-1]["reason"]
    # The grant is asked of restricted agents only.
    assert client.post(f"/Cust54321{SESSION}", headers=denied).status_code == 200
    assert client.get("/api/state/Cust54321").status_code == 200


def test_a_post_that_changes_the_state_is_seen_by_the_next_call(client: httpx2.Client) -> None:
    opened = client.post(SESSION, headers=SIGNED_IN).json()
    headers = {"Cookie": f"ASP.NET_SessionId={opened['Id']}", "X-XSRF-TOKEN": opened["Xsrf"]}
    assert client.post(f"{ACCOUNT}?eMailAccountId=3", headers=headers).status_code == 200
    named = client.post(SESSION, content=b'{"id":"mine"}', headers=SIGNED_IN | JSON).json()
    assert named == {"Id": "mine", "Xsrf": "xsrf-mine"}
    assert client.post(SESSION, headers=SIGNED_IN).json() != opened
    client.post("/_mock/reset")
    assert client.post(f"{ACCOUNT}?eMailAccountId=3", headers=headers).status_code == 401


def test_one_state_is_seen_by_all_operations(client: httpx2.Client) -> None:
    accounts = b'{"SyncUserAccounts":[{"AccountId":507}]}'
    assert client.post(SYNC, content=accounts, headers=SIGNED_IN | JSON).status_code == 204
    assert get_account(client, "?eMailAccountId=507").json()["Holder"] == "a run"


def test_a_get_without_credentials_finds_its_tenant_in_the_path(client: httpx2.Client) -> None:
    answer = client.get("/API/State/cust12345")
    api = f"{str(client.base_url).rstrip('/')}/Cust12345/api"
    assert answer.json() == {"ContextIdentifier": "Cust12345", "IsRunning": True, "Api": api}
    head = client.head("/api/state/Cust12345")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == answer.headers["content-length"]
    unknown = client.get("/api/state/Cust99999")
    assert (unknown.status_code, "'Cust99999' is not known" in unknown.text) == (404, True)
    assert client.post("/api/state/Cust12345").headers["allow"] == "GET, HEAD, OPTIONS"
    assert [call["operation"] for call in journal(client, "Cust12345")][:2] == ["GetState"] * 2


def test_a_tenant_may_be_named_by_a_token_in_the_body(client: httpx2.Client) -> None:
    def refresh(token: str) -> httpx2.Response:
        return client.post(TOKEN, data={"refresh_token": token})

    assert refresh("Cust12345.refresh").json()["access_token"].startswith("Cust12345.")
    unknown = refresh("Cust12345.other")
    assert (unknown.status_code, unknown.json()) == (400, {"error": "invalid_grant"})
    assert [call["status"] for call in journal(client, "Cust12345")] == [200, 400]
    assert refresh("Cust9.refresh").status_code == 404
    assert client.post(TOKEN, content=b"=", headers=JSON).status_code == 415
    assert [call["status"] for call in journal(client)] == [404, 415]


def test_a_get_still_describes_an_agent_method(client: httpx2.Client) -> None:
    assert client.get(SESSION).json()["Path"] == SESSION
    assert client.get(SYNC).json()["MediaTypes"][0] == "application/json"
    assert client.options(ACCOUNT).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert client.get(TOKEN).status_code == 405


def test_faults_apply_to_operations_by_name(client: httpx2.Client) -> None:
    fault = {"operation": "getstate", "status": 503, "times": 1}
    assert client.post("/_mock/faults?tenant=Cust12345", json=fault).status_code == 200
    sent = client.post(f"/Cust12345{SESSION}", headers={"Authorization": "Bearer x"})
    statuses = [client.get("/api/state/Cust12345").status_code for _ in range(2)]
    assert (sent.status_code, statuses) == (401, [503, 200])
    delay = {"operation": "GetEMailAccount", "delay": 3.0}
    client.post("/_mock/clock/jump")
    client.post("/_mock/faults", json=delay)
    assert get_account(client, "?eMailAccountId=4").json()["EMailAccountId"] == 4
    assert journal(client)[-1]["elapsed"] == 3.0


def test_unknown_names_get_the_three_nearest_operations(client: httpx2.Client) -> None:
    problem = client.post("/_mock/faults", json={"operation": "GetMailAccounts", "status": 503})
    nearest = "the nearest of the 5 operations are: GetEMailAccount, SyncEmailAccounts, GetState"
    assert nearest in problem.json()["detail"]
    answer = client.get("/api/v1/Agents/EMail/GetEMailAccounts")
    assert f"the nearest of the 5 operations are: {ACCOUNT}, {SYNC}, " in answer.text
    assert TOKEN not in answer.text


def test_a_recording_of_any_operation_is_replayed(tmp_path: Path) -> None:
    token = {"refresh_token": "Cust12345.refresh"}
    token_recording = tmp_path / "token.har"
    with serve(REGISTRY) as url, httpx2.Client(base_url=url) as client:
        client.post("/_mock/recordings/start?tenant=Cust12345")
        client.post(TOKEN, data=token)
        token_recording.write_bytes(client.post("/_mock/recordings/stop?tenant=Cust12345").content)
        client.post("/_mock/recordings/start")
        original = get_account(client, "?eMailAccountId=507").json()
        assert get_account(client, "?eMailAccountId=507").json() == original
        client.post(SESSION, content=b'{"id":"mine"}', headers=SIGNED_IN | JSON)
        recording = tmp_path / "recording.har"
        recording.write_bytes(client.post("/_mock/recordings/stop").content)
    assert b"tje0" not in recording.read_bytes()
    keys = RequestKeys(REGISTRY.description)
    loaded = loading.load_exchanges((str(recording), str(token_recording)), keys, print)
    replay = replay_backend.replay_factory(loaded, Rules(), 1 << 20, simulate=False)
    with serve(REGISTRY, replay) as url, httpx2.Client(base_url=url) as client:
        replayed = get_account(client, "?EMailAccountId=507").json()
        assert replayed["EMailAccountId"] == 507
        assert list(replayed) == list(original)
        assert (replayed["Kind"], replayed["Parent"]["Kind"]) == ("Imap", "Exchange")
        without_body = client.post(f"{ACCOUNT}?eMailAccountId=507", headers=SIGNED_IN)
        assert (without_body.status_code, without_body.json()) == (200, replayed)
        assert get_account(client, "?eMailAccountId=8").status_code == 404
        again = client.post(SESSION, content=b'{"ID":"mine"}', headers=SIGNED_IN | JSON)
        assert (again.status_code, list(again.json())) == (200, ["Id", "Xsrf"])
        assert journal(client)[0]["outcome"] == "replayed"
        assert list(client.post(TOKEN, data=token).json()) == ["access_token"]
        assert journal(client, "Cust12345")[0]["outcome"] == "replayed"


QUICK_CHECKS: Final = ("media-types", "credentials-refused", "select")


@pytest.mark.parametrize(
    "only", [QUICK_CHECKS, pytest.param((), marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_check_of_the_first_operation_passes(client: httpx2.Client, only: tuple[str, ...]) -> None:
    tenants = read_tenants(demo_tables(), "the demo tenants")
    sync = REGISTRY.description.by_name["SyncEmailAccounts"]
    plan = Plan(str(client.base_url).rstrip("/"), tenants, only=only, operation=sync)
    report = suite.run(plan)
    assert [finding.what for finding in report.findings] == []
    assert len(report.results) >= len(QUICK_CHECKS)
