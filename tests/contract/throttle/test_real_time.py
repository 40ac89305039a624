"""Lawful servers pass the checks that observe them in real time."""

from functools import partial
from typing import cast

import pytest

from superoffice_contract.target.http import Client, Response
from superoffice_contract.throttle.real_time import DuringRun, find_wrong_waits
from superoffice_contract.throttle.wire_driver import StartedRun, WireDriver
from tests.contract.other_server.server import ServerBehavior
from tests.contract.suite.targets import (
    check_other_server,
    first_context,
    make_plan,
    wait_for_all,
)

CHECKS = ("transfer", "raw-answers", "throttle-on-the-wire", "lease-on-the-wire")
SLOW_NETWORK = (0.1, 0.3)
LAWFUL_SERVERS = {
    "runs of 1.5 s": ServerBehavior(run_seconds=1.5),
    "a slow network": ServerBehavior(latency=SLOW_NETWORK),
    "a slow network, and calls that wait for the lease": ServerBehavior(
        latency=SLOW_NETWORK, waits_for_lease=True
    ),
    "HTTP/1.0": ServerBehavior(version="HTTP/1.0", sends_continue=False),
    "a connection and an id for each answer": ServerBehavior(closes=True, request_ids=True),
    "a server that closes idle connections": ServerBehavior(idle_seconds=0.2, run_seconds=0.2),
    "short blocking runs": ServerBehavior(blocking=True, run_seconds=0.2),
    "a Content-Type in every second answer": ServerBehavior(content_type_every=2),
}


@pytest.mark.nightly
def test_lawful_servers_pass() -> None:
    servers = LAWFUL_SERVERS.values()
    checks = wait_for_all(partial(check_other_server, server, *CHECKS) for server in servers)
    reports = dict(zip(LAWFUL_SERVERS, checks, strict=True))
    for name, report in reports.items():
        found = {each.check: each.findings + each.notes for each in report.results}
        assert {check: found[check] for check in CHECKS} == dict.fromkeys(CHECKS, ()), name
    results = reports["runs of 1.5 s"].results
    assert sum(result.seconds for result in results if result.check.endswith("on-the-wire")) < 15


@pytest.mark.slow
def test_blocking_runs_that_look_like_turned_away_calls_are_not_judged() -> None:
    behavior = ServerBehavior(blocking=True, run_seconds=1.4)
    (result,) = check_other_server(behavior, "throttle-on-the-wire").results
    why = "its calls wait for runs of a second or two; give --run-seconds"
    assert (result.status, result.reason) == ("skipped", why)


def test_calls_that_are_answered_together_have_not_both_started_unless_answers_vary() -> None:
    plain = [Response(204, (), b"", seconds) for seconds in (0.4, 0.42, 1.0)]
    during = DuringRun(StartedRun("detached", plain[0], None), plain, {})
    for jitter, wrong in ((0.0, plain[1:2]), (0.09, plain[1:2]), (0.11, [])):
        driver = WireDriver(cast("Client", None), first_context(make_plan(None)))
        driver.jitter = jitter
        assert find_wrong_waits(driver, during) == wrong, jitter
