"""What the contract check does before and after: it refuses what it can't check, and tidies up."""

import asyncio
import threading
from typing import Any

import pytest

from superoffice_contract.errors import TargetError
from superoffice_contract.report import as_json
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.suite.minimum_coverage import ENOUGH
from superoffice_contract.suite.run import run
from superoffice_contract.suite.throttle import THROTTLE
from tests.contract.other_server.server import Make, serving
from tests.contract.suite.targets import OTHER, clocks, instead, mock, plan, tenant


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
    ("path", "check"), [("/_mock/lease", "get-starts-nothing"), ("/_mock/runs", "throttle")]
)
def test_a_control_surface_that_gets_stuck_is_an_error(path: str, check: str) -> None:
    async def stuck(*_: object) -> None:
        await asyncio.Event().wait()

    with pytest.raises(TargetError, match="no answer within"):
        run(plan(instead(mock(), "GET", path, stuck), check, timeout_seconds=0.3))


def test_a_mock_whose_control_surface_is_closed_to_us_is_an_error() -> None:
    with pytest.raises(TargetError, match="tenant onsite: is it a tenant there, or is a control"):
        run(plan(mock(control_token="a-token"), "ids"))


@pytest.mark.parametrize("check", ["ids", "parity", THROTTLE])
def test_a_control_token_opens_the_control_surface_and_is_told_nobody(check: str) -> None:
    report = run(plan(mock(control_token="a-secret"), check, control_token="a-secret"))
    assert report.exit_code == 0
    assert "a-secret" not in as_json(report)


def test_a_control_token_goes_to_the_control_surface_alone() -> None:
    sent: list[tuple[str, bytes]] = []
    app = mock(control_token="a-secret")

    async def listening(scope: Any, receive: Any, send: Any) -> None:
        tokens = [value for name, value in scope["headers"] if value == b"Bearer a-secret"]
        sent.extend((scope["path"], one) for one in tokens)
        await app(scope, receive, send)

    run(plan(listening, "ids", "credentials-refused", control_token="a-secret"))
    assert sent
    assert [path for path, _ in sent if not path.startswith("/_mock/")] == []


async def _stuck(*_: object) -> None:
    await asyncio.Event().wait()


def test_an_application_that_hangs_on_generated_requests_is_an_error_in_time() -> None:
    app = instead(mock(), "POST", "SyncEmailAccounts", _stuck)
    with pytest.raises(TargetError, match=r"no answer within 0\.3 s to a generated POST"):
        run(plan(app, GENERATED, timeout_seconds=0.3))


@pytest.mark.slow
def test_a_server_that_hangs_on_generated_requests_is_an_error_in_time() -> None:
    make = Make(waits=threading.Event(), waits_for="POST")
    with (
        serving(make) as url,
        pytest.raises(TargetError, match=r"no answer within 0\.3 s to a generated POST"),
    ):
        run(plan(url, GENERATED, tenants=(tenant(**OTHER),), timeout_seconds=0.3))


@pytest.mark.slow
def test_a_server_that_hangs_up_on_generated_requests_is_an_error_of_the_result() -> None:
    with serving(Make(hangs_up_on="HEAD", busy_seconds=0)) as url:
        (one,) = run(plan(url, GENERATED, tenants=(tenant(**OTHER),))).results
    assert one.status == "failed"
    assert [each for each in one.findings if each.where == "engine"]


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
    told: list[tuple[str, int, int]] = []
    run(plan(mock(), "ids", "parity", THROTTLE), lambda *one: told.append(one))
    assert told == [("ids", 0, 3), ("parity", 1, 3), (THROTTLE, 2, 3)]


@pytest.mark.slow
def test_progress_counts_what_runs_and_comes_to_its_end() -> None:
    told: list[tuple[str, int, int]] = []
    report = run(plan(mock()), lambda *one: told.append(one))
    ran = [one.check for one in report.results if one.check != ENOUGH]
    assert sorted(name for name, _, _ in told) == sorted(ran)
    assert {total for _, _, total in told} == {len(ran)}
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)
    assert report.exit_code == 0
    assert told[-1] == (THROTTLE, len(ran) - 1, len(ran))
