"""What the installation tells of itself, and how a tenant is out of reach."""

import pytest

from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.state import TenantStatus
from tests.mock.webapi.operations.agent_calls import TICKET, account_mock, ask, post
from tests.support.in_process import BASIC, PATH, InProcessMock

STATE = "/api/state/onsite"


async def get(local: InProcessMock, path: str, **headers: str) -> object:
    response = await local.call("GET", path, b"", headers)
    assert response.status == 200, response.body
    return response.json()


@pytest.mark.claim("api-versions", "public-calls")
async def test_the_versions_name_the_url_of_the_api() -> None:
    for path in ("/api", "/API/", "/onsite/api"):
        versions = await get(account_mock(), path)
        assert isinstance(versions, dict)
        assert versions["v1"] == "http://127.0.0.1:8204/onsite/api/v1/"
        assert versions["Version"] == "v1"


@pytest.mark.claim("api-urls", "public-calls")
async def test_the_urls_of_the_calls_have_a_text_for_each_method() -> None:
    urls = await get(account_mock(), "/api/v1/")
    assert isinstance(urls, dict)
    url = "http://127.0.0.1:8204/onsite/api/v1"
    assert urls[f"{url}/Agents/EMail/GetEMailAccount"] == {"POST": "Get a mail account."}
    assert urls[f"{url}/User/currentPrincipal"] == {"GET": "Tell who is signed in."}


@pytest.mark.claim("principal")
async def test_the_principal_is_the_user_or_the_app_that_is_signed_in() -> None:
    app = {"name": "Sync", "token": "secret"}
    online = {"id": "Cust1", "installation": "online", "apps": [app], "tickets": ["7T:t"]}
    local = InProcessMock(tables=[online])
    headers = {"authorization": "SOTicket 7T:t", "so-apptoken": "secret"}
    principal = await get(local, "/Cust1/api/v1/user/currentPrincipal", **headers)
    assert isinstance(principal, dict)
    assert principal["DatabaseContextIdentifier"] == "Cust1"
    found = [principal[name] for name in ("UserType", "Associate", "AssociateId", "IsPerson")]
    assert found == ["SystemAssociate", "Sync", 0, False]
    for credential, expected in (
        (BASIC, ["InternalAssociate", "tje0", 7, "Ann@example.com"]),
        ("Basic aWRsZTo=", ["InternalAssociate", "idle", 0, None]),
        (TICKET, ["SystemAssociate", None, 0, None]),
    ):
        path = "/api/v1/User/currentPrincipal"
        principal = await get(account_mock(), path, authorization=credential)
        assert isinstance(principal, dict)
        names = ("UserType", "Associate", "AssociateId", "EMailAddress")
        assert [principal[name] for name in names] == expected
    assert (
        await account_mock().call("GET", "/api/v1/User/currentPrincipal", b"", {})
    ).status == 401


# ---- the state of a tenant -------------------------------------------------------------------


@pytest.mark.claim("tenant-state", "public-calls", "dates-utc")
async def test_the_state_has_the_urls_of_the_tenant() -> None:
    assert await get(account_mock(), STATE) == {
        "ContextIdentifier": "onsite",
        "Endpoint": "http://127.0.0.1:8204/onsite",
        "State": "Running",
        "IsRunning": True,
        "ValidUntil": "2027-01-15T08:01:00.000Z",
        "Api": "http://127.0.0.1:8204/onsite/api",
        "Version": "12.4.1514.0",
    }
    assert (await account_mock().call("GET", "/api/state/Cust9", b"", {})).status == 404


@pytest.mark.claim("tenant-states", "tenant-stopped")
async def test_a_tenant_that_is_not_running_answers_no_call_but_that_for_its_state() -> None:
    for status in TenantStatus:
        local = account_mock(state=status.setting)
        state = await get(local, STATE)
        assert isinstance(state, dict)
        is_running = status.text in ("Running", "OnlineMaintenance")
        assert (state["State"], state["IsRunning"]) == (status.text, is_running)
        for method, path in (("POST", PATH), ("GET", PATH), ("GET", "/api"), ("PUT", PATH)):
            response = await local.call(method, path, b"", {})
            assert (response.status == 503) is not is_running, (status, method, path)
            if not is_running:
                assert status.text in response.json()["MessageDetail"]
        assert (await local.control("GET", "requests"))["requests"]


async def test_a_delayed_call_that_arrives_at_a_stopped_tenant_is_answered_as_any() -> None:
    local = account_mock(state="suspended")
    await local.control("POST", "clock/jump")
    await local.control("POST", "faults", {"delay": 1})
    assert (await local.call()).status == 503


@pytest.mark.claim("wrong-subdomain")
async def test_a_call_to_another_host_than_the_tenants_is_misdirected() -> None:
    text = "Wrong subdomain used to access tenant"
    for family in ("webapi", "netserver"):
        readings = Readings().with_value("errors", family)
        local = account_mock(host="sod2.example.com", settings=Settings(readings=readings))
        for path in (PATH, "/api"):
            response = await local.call("GET", path, b"", {})
            assert response.status == 421
            assert response.json()["Message"].removeprefix("Host: ").startswith(text)
        assert (await local.call("GET", "/api", b"", {"host": "SOD2.example.com"})).status == 200
        state = await get(local, STATE)
        assert isinstance(state, dict)
        assert state["Endpoint"] == "http://sod2.example.com/onsite"


# ---- calls that are not emulated -------------------------------------------------------------


@pytest.mark.claim("not-emulated")
async def test_an_agent_method_without_a_description_is_not_implemented() -> None:
    local = account_mock()
    for method in ("POST", "GET", "PUT", "OPTIONS"):
        for path in ("/api/v1/Agents/Contact/GetContact", "/crm/api/v1/agents/email/GetNewMail/"):
            response = await local.call(method, path, b"", {})
            assert response.status == 501, (method, path)
            assert response.json()["Message"] == "This call is not emulated."
    detail = (await post(local, "GetEMailAcount")).json()["MessageDetail"]
    assert detail.startswith("path: EMail.GetEMailAcount is not emulated here; the nearest of")
    assert "/api/v1/Agents/EMail/GetEMailAccount" in detail
    assert "recording" in detail
    for path, known in (
        ("Contact/GetContactEntity", "of the agents, this mock has only EMail"),
        ("Mail/syncemailaccounts", "the operations are: /api/v1/Agents/EMail/SyncEmailAccounts"),
    ):
        detail = (await local.call("POST", f"/api/v1/Agents/{path}")).json()["MessageDetail"]
        assert f"; {known}; or answer it from a recording" in detail, path
    text = (await post(local, "Nothing", accept="text/xml")).body
    assert b"<Message>This call is not emulated.</Message>" in text


async def test_a_get_describes_each_call() -> None:
    response = await account_mock().call("GET", "/api/v1/Agents/EMail/SaveEMailAccount", b"", {})
    assert response.json()["Summary"] == "Create or change a mail account."
    assert await ask(account_mock(), "GetCurrentAccountId") == 507
