"""Setup and cleanup of the contract check: errors before it starts, and the state it leaves."""

import asyncio
import threading
from typing import Any

import pytest
from msgspec.structs import replace

from superoffice_contract.errors import TargetError
from superoffice_contract.report_formats import as_json
from superoffice_contract.suite.check_run import MAX_SILENCES
from superoffice_contract.suite.executor import PLAIN_CALL
from superoffice_contract.suite.fuzzing import GENERATED, THROTTLE
from superoffice_contract.suite.run import CLAIMS_OF_THE_RUN, run
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import (
    OTHER_TENANT,
    clock_modes,
    make_mock,
    make_plan,
    replace_route,
)


async def hang(*_: object) -> None:
    await asyncio.Event().wait()


def test_the_clocks_of_a_mock_are_reset_even_if_it_hangs() -> None:
    app = make_mock()
    hanging = replace_route(app, "POST", "SyncEmailAccounts", hang)
    (finding,) = run(make_plan(hanging, "ids", timeout_seconds=0.3)).findings
    assert (finding.what, finding.claims) == ("no whole answer came in time", ("http-message",))
    assert set(clock_modes(app)) == {"real"}


@pytest.mark.parametrize(
    ("path", "check"), [("/_mock/lease", "get-starts-nothing"), ("/_mock/runs", "throttle")]
)
def test_a_control_api_that_hangs_is_an_error(path: str, check: str) -> None:
    with pytest.raises(TargetError, match="no answer within"):
        run(make_plan(replace_route(make_mock(), "GET", path, hang), check, timeout_seconds=0.3))


def test_a_control_api_without_its_token_or_without_the_tenant_is_an_error() -> None:
    unknown = (replace(OTHER_TENANT, id="t-nobody"),)
    with pytest.raises(TargetError, match="tenant onsite: is it a tenant there, or is a control"):
        run(make_plan(make_mock(control_token="a-token"), "ids"))
    with pytest.raises(TargetError, match="tenant t-nobody: is it a tenant there"):
        run(make_plan(make_mock(), "ids", tenants=unknown))


@pytest.mark.parametrize("check", ["ids", "parity", THROTTLE])
def test_a_control_token_opens_the_control_api_and_is_not_reported(check: str) -> None:
    report = run(make_plan(make_mock(control_token="a-secret"), check, control_token="a-secret"))
    assert report.exit_code == 0
    assert "a-secret" not in as_json(report)


def test_a_control_token_is_sent_to_the_control_api_only() -> None:
    sent_tokens: list[tuple[str, bytes]] = []
    app = make_mock(control_token="a-secret")

    async def record(scope: Any, receive: Any, send: Any) -> None:
        tokens = [value for name, value in scope["headers"] if value == b"Bearer a-secret"]
        sent_tokens.extend((scope["path"], token) for token in tokens)
        await app(scope, receive, send)

    run(make_plan(record, "ids", "credentials-refused", control_token="a-secret"))
    assert sent_tokens
    assert [path for path, _ in sent_tokens if not path.startswith("/_mock/")] == []


def test_a_server_that_hangs_once_it_has_answered_fails_after_a_few_requests() -> None:
    behavior = ServerBehavior(hang=threading.Event(), hang_on="POST")
    with run_other_server(behavior) as url:
        report = run(make_plan(url, tenants=(OTHER_TENANT,), timeout_seconds=0.3))
    (finding,) = report.findings
    assert (finding.what, finding.claims) == ("no whole answer came in time", ("http-message",))
    assert report.seconds is not None
    assert report.seconds < 0.3 * (MAX_SILENCES + 1) + 1


@pytest.mark.slow
def test_a_server_that_disconnects_on_generated_requests_fails() -> None:
    with run_other_server(ServerBehavior(disconnect_on="TRACE", busy_seconds=0)) as url:
        report = run(make_plan(url, GENERATED, tenants=(OTHER_TENANT,)))
    findings = [each for each in report.findings if each.claims == ("http-message",)]
    assert [finding.what for finding in findings] != []
    assert all("is a server running there?" not in finding.what for finding in findings)


def test_progress_is_reported_as_each_check_starts() -> None:
    steps: list[tuple[str, int, int]] = []
    run(make_plan(make_mock(), "ids", "parity", THROTTLE), lambda *step: steps.append(step))
    assert steps == [(PLAIN_CALL, 0, 4), ("ids", 1, 4), ("parity", 2, 4), (THROTTLE, 3, 4)]


@pytest.mark.nightly
def test_progress_counts_every_check_that_runs() -> None:
    """All checks, in place of the few of the test above."""
    steps: list[tuple[str, int, int]] = []
    report = run(make_plan(make_mock()), lambda *step: steps.append(step))
    checks = [result.check for result in report.results if result.check not in CLAIMS_OF_THE_RUN]
    assert sorted(name for name, _, _ in steps) == sorted(checks)
    assert {total for _, _, total in steps} == {len(checks)}
    assert [done for _, done, _ in steps] == sorted(done for _, done, _ in steps)
    assert report.exit_code == 0
    assert steps[-1] == (THROTTLE, len(checks) - 1, len(checks))
