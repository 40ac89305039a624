"""`GET` and `PUT /_mock/state`: the state of a tenant, such as suspended."""

import json
from typing import Any

import pytest

from superoffice_contract.local_server import demo_tables
from superoffice_mock.core.state import TenantStatus
from tests.mock.control.problems import expect_problem
from tests.support.in_process import InProcessMock

RUNNING = {"state": "running", "name": "Running", "number": 2, "running": True}


@pytest.mark.claim("tenant-states")
async def test_a_tenant_is_running_until_its_state_is_changed_or_reset(
    local: InProcessMock,
) -> None:
    assert await local.control("GET", "state") == RUNNING
    for status in TenantStatus:
        expected = {
            "state": status.setting,
            "name": status.text,
            "number": status.value,
            "running": status.setting in ("running", "online-maintenance"),
        }
        body = {"state": status.setting}
        assert await local.control("PUT", "state?tenant=cust12345", body) == expected
        assert await local.control("GET", "state?tenant=Cust12345") == expected
        assert await local.control("GET", "state") == RUNNING
    await local.control("POST", "reset?tenant=Cust12345")
    assert await local.control("GET", "state?tenant=Cust12345") == RUNNING


async def test_the_state_of_a_configuration_is_the_one_after_a_reset() -> None:
    local = InProcessMock(tables=[demo_tables()[0] | {"state": "offline-maintenance"}])
    maintenance = {"state": "offline-maintenance", "name": "OfflineMaintenance", "number": 6}
    assert await local.control("GET", "state") == maintenance | {"running": False}
    assert await local.control("PUT", "state", {"state": "running"}) == RUNNING
    await local.control("POST", "reset")
    assert (await local.control("GET", "state"))["number"] == 6


async def test_an_unknown_state_gets_a_400_with_the_nearest_or_all(local: InProcessMock) -> None:
    cases: list[tuple[Any, str]] = [
        ({"state": "suspend"}, "unknown state 'suspend'; did you mean 'suspended'?"),
        ({"state": "x"}, "the states are: unknown, provisioning, running, deleted, suspended, "),
        ({"state": 4}, 'state: expected text, got a whole number; send {"state": "suspended"}'),
        ({}, "'state' is missing; set it to "),
        ({"stat": "running"}, "did you mean 'state'?"),
    ]
    for body, expected in cases:
        detail = await expect_problem(local, "PUT", "state", 400, json.dumps(body).encode())
        assert expected in detail, body
    detail = await expect_problem(local, "PUT", "state?tenant=nobody", 404, b'{"state": "running"}')
    assert "the tenants are: onsite" in detail
