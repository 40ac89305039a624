"""What the contract check does before and after: it refuses what it can't check, and tidies up."""

import asyncio

import pytest

from superoffice_contract.suite import run
from superoffice_contract.target import TargetError
from tests.contracts.other_make import Make, serving
from tests.contracts.targets import OTHER, clocks, instead, mock, plan, tenant


def test_a_mock_is_left_with_its_clocks_as_configured() -> None:
    app = mock()
    assert run(plan(app, "ids", "simultaneous")).exit_code == 0
    assert set(clocks(app)) == {"real"}


def test_a_mock_is_left_as_configured_even_if_it_gets_stuck() -> None:
    async def stuck(*_: object) -> None:
        await asyncio.Event().wait()

    app = mock()
    with pytest.raises(TargetError, match="no answer within"):
        run(plan(instead(app, "POST", "SyncEmailAccounts", stuck), "ids", timeout_seconds=0.3))
    assert set(clocks(app)) == {"real"}


@pytest.mark.parametrize(
    ("path", "check"), [("/_mock/lease", "get-starts-nothing"), ("/_mock/readings", "throttle")]
)
def test_a_control_surface_that_gets_stuck_is_an_error(path: str, check: str) -> None:
    async def stuck(*_: object) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TargetError, match="no answer within"):
        run(plan(instead(mock(), "GET", path, stuck), check, timeout_seconds=0.3))


def test_a_mock_whose_control_surface_is_closed_to_us_is_an_error() -> None:
    with pytest.raises(TargetError, match="tenant onsite: is it a tenant there, or is a control"):
        run(plan(mock(control_token="a-token"), "ids"))


def test_a_tenant_that_the_mock_does_not_know_is_an_error() -> None:
    stranger = (tenant(**OTHER | {"id": "t-nobody"}),)
    with pytest.raises(TargetError, match="tenant t-nobody: is it a tenant there"):
        run(plan(mock(), "ids", tenants=stranger))


def test_a_server_that_redirects_is_an_error_that_says_where_to() -> None:
    with (
        serving(Make(redirects_to="/login")) as url,
        pytest.raises(TargetError, match="redirects to /login; check that URL"),
    ):
        run(plan(url, tenants=(tenant(**OTHER),)))


def test_progress_is_told_as_it_is_made() -> None:
    told: list[str] = []
    run(plan(mock(), "ids", "parity"), told.append)
    assert told == ["requests by hand", "parity"]
