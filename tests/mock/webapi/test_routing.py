"""Paths without an operation or tenant, and mocks without an onsite installation."""

from typing import Any

import pytest

from superoffice_mock.webapi.entry import Registry
from superoffice_mock.webapi.operations import registry
from superoffice_mock.webapi.routing import MAX_CACHED_PATH, Routes
from tests.support.in_process import PATH, InProcessMock
from tests.support.other_operations import CONTACT_PATH, DESCRIPTION, REPORT_PATH

ONLINE: dict[str, Any] = {"id": "Cust7", "installation": "online", "tickets": ["t"]}


@pytest.mark.claim("path-unknown-tenant")
@pytest.mark.parametrize("path", [PATH, f"/crm{PATH}"])
async def test_a_mock_without_onsite_lists_its_tenants_in_the_404(path: str) -> None:
    local = InProcessMock(tables=[ONLINE])
    response = await local.call(path=path)
    assert response.status == 404
    assert "no tenant is called onsite" in response.json()["MessageDetail"]
    assert "Cust7" in response.json()["MessageDetail"]


async def test_a_method_that_is_not_allowed_is_so_without_an_onsite_tenant_too() -> None:
    changes: tuple[dict[str, str], ...] = ({}, {"id": "onsite"}, {"state": "suspended"})
    for change in changes:
        local = InProcessMock(tables=[ONLINE | change])
        for method, path in (
            ("GET", "/login/common/oauth/tokens"),
            ("HEAD", "/Login/api/PartnerSystemUser/Authenticate"),
            ("POST", "/login/.well-known/jwks"),
            ("PUT", f"/api/state/{local.mock.tenants.default.facts.id}"),
        ):
            assert (await local.call(method, path)).status == 405, path


def test_only_short_paths_stay_in_memory_with_their_routes() -> None:
    operations = registry.load()
    routes = Routes(operations, InProcessMock().mock.tenants)
    for length, is_kept in ((MAX_CACHED_PATH, True), (MAX_CACHED_PATH + 1, False)):
        path = f"/{'x' * (length - len(PATH) - 1)}{PATH}"
        assert (routes.find("POST", path) is routes.find("POST", path)) is is_kept, length


async def test_the_first_tenant_is_the_default_of_a_mock_without_onsite() -> None:
    local = InProcessMock(tables=[ONLINE, {**ONLINE, "id": "Cust8"}])
    assert (await local.control("GET", "health"))["status"] == "ok"
    assert (await local.control("POST", "reset?all=true"))["reset"] == ["Cust7", "Cust8"]
    assert (await local.control("POST", "reset"))["reset"] == ["Cust7"]


async def test_a_control_call_below_a_tenant_gets_a_404_with_the_right_path() -> None:
    response = await InProcessMock().call("GET", "/Cust12345/_mock/requests")
    assert response.status == 404
    assert "is at /_mock/, with ?tenant=ID" in response.json()["MessageDetail"]


async def test_the_error_of_an_unknown_tenant_is_made_anew_for_each_call() -> None:
    local = InProcessMock()
    routes = Routes(registry.load(), local.mock.tenants)
    first, second = (routes.find("POST", f"/Cust99999{PATH}") for _ in range(2))
    assert first.error is not second.error
    assert routes.find("POST", PATH) is routes.find("POST", PATH)


async def test_a_described_operation_without_a_handler_is_not_implemented() -> None:
    local = InProcessMock(operations=Registry(DESCRIPTION, ()))
    for method, path in (("GET", CONTACT_PATH), ("HEAD", CONTACT_PATH), ("POST", REPORT_PATH)):
        response = await local.call(method, path)
        assert response.status == 501, method
    assert local.exchanges()[0].reason == "method: GetContact is described, and has no handler here"
    assert (await local.call("GET", REPORT_PATH)).json()["Method"] == "POST"
