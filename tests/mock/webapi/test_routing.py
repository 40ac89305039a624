"""Paths that lead nowhere, and worlds without an onsite installation."""

from typing import Any

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from tests.support.in_process import PATH, Local

ONLINE: dict[str, Any] = {"id": "Cust7", "installation": "online", "tickets": ["t"]}


@pytest.mark.claim("path-unknown-tenant")
@pytest.mark.parametrize("path", [PATH, f"/crm{PATH}"])
async def test_a_world_without_onsite_says_which_tenants_there_are(path: str) -> None:
    local = Local(tables=[ONLINE])
    answered = await local.call(path=path)
    assert answered.status == 404
    assert "no tenant is called onsite" in answered.json()["MessageDetail"]
    assert "Cust7" in answered.json()["MessageDetail"]


async def test_a_world_without_onsite_is_healthy_and_its_first_tenant_is_meant() -> None:
    local = Local(tables=[ONLINE, {**ONLINE, "id": "Cust8"}])
    assert (await local.control("GET", "health"))["status"] == "ok"
    assert (await local.control("POST", "reset?all=true"))["reset"] == ["Cust7", "Cust8"]
    assert (await local.control("POST", "reset"))["reset"] == ["Cust7"]


async def test_a_call_that_reached_no_tenant_is_kept_by_the_default_and_belongs_to_none() -> None:
    local = Local()
    await local.call(path=f"/Cust99999{PATH}")
    await local.call(path="/api/v1/Nowhere")
    astray, nowhere = (await local.control("GET", "requests"))["requests"]
    assert (astray["tenant"], astray["status"]) == (None, 404)
    assert "'Cust99999' is not known here" in astray["reason"]
    assert (nowhere["tenant"], nowhere["status"]) == ("onsite", 404)


async def test_a_control_call_below_a_tenant_is_told_where_the_control_surface_is() -> None:
    answered = await Local().call("GET", "/Cust12345/_mock/requests")
    assert answered.status == 404
    assert "is at /_mock/, with ?tenant=ID" in answered.json()["MessageDetail"]


async def test_an_unknown_control_call_is_told_which_there_are() -> None:
    told = await Local().control("GET", "nothing")
    assert told["status"] == 404
    assert "POST /_mock/clock/advance" in told["detail"]


async def test_the_reason_counts_accounts_that_a_run_leaves_out() -> None:
    local = Local(Settings(readings=Readings(tasks="ten-in-all")))
    items = ",".join(f'{{"AccountId":{number}}}' for number in range(15))
    await local.call(body=b'{"SyncUserAccounts":[%s]}' % items.encode())
    assert local.exchanges()[0].reason == "run 1 syncs 10 of 15 accounts in 5.0 s"
