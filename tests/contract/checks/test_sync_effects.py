"""Checks of accounts in real time: on lawful servers, on others, and where they see nothing."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import pytest

from superoffice_contract.openapi import claims
from superoffice_contract.report import Report, Result
from superoffice_contract.suite.run import run
from tests.contract.other_server.office import Office, OfficeBehavior
from tests.contract.suite.targets import OTHER_TENANT, make_plan

CALLS, EFFECTS = "office-calls", "sync-effects-by-last-fetch"
SHORT_RUNS: Final = "runs are too short to see what a call does that is turned away"
Behaviors = Mapping[str, Mapping[str, Any]]

LAWFUL: Final[Behaviors] = {
    "short runs": {},
    "an account that fails": {"failing": frozenset({3})},
    "one account": {"accounts": 1},
    "no SyncEmailAccount": {"statuses": {"SyncEmailAccount": 501}},
}
SLOW_AND_LAWFUL: Final[Behaviors] = {
    "LastFetch in whole seconds": {"whole_seconds": True},
    "runs of 1.6 s": {"seconds": 0.8},
    "runs of 6 s": {"seconds": 3.0},
    "blocking runs": {"blocking": True, "seconds": 0.3},
}
UNSEEN: Final[Behaviors] = {
    "GetReadySyncEmailAccounts is answered 404: the server does not have that call": {
        "statuses": {"GetReadySyncEmailAccounts": 404}
    },
    "GetEMailAccount is answered 501: the server does not have that call": {
        "statuses": {"GetEMailAccount": 501}
    },
    "GetEMailAccount is answered 403: these credentials may not make that call": {
        "statuses": {"GetEMailAccount": 403}
    },
    "GetReadySyncEmailAccounts is answered 503, so nothing is seen": {
        "statuses": {"GetReadySyncEmailAccounts": 503}
    },
    "GetReadySyncEmailAccounts lists no account, so there is none to look at": {"accounts": 0},
}
DEFECTS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "LastFetch of its account did not advance": ("last-fetch", {"never_fetched": True}),
    "a body in this media type is accepted": (
        "same-effect",
        {"without_effect": frozenset({"text/xml"})},
    ),
    "SyncEmailAccount during a run is answered 204": (
        "single-sync-no-throttle",
        {"one_needs_lease": True},
    ),
    "a call that was turned away has advanced": (
        "silent-drop",
        {"fetches_turned_away": True, "seconds": 0.8, "accounts": 12},
    ),
    "12 accounts of a run were fetched at the same moment": (
        "last-fetch-task",
        {"fetched_at_end": True},
    ),
}


def check(fields: Mapping[str, Any]) -> Report:
    office = Office(OfficeBehavior(**fields))
    return run(make_plan(office, CALLS, EFFECTS, tenants=(OTHER_TENANT,)))


def check_all(behaviors: Behaviors) -> dict[str, dict[str, Result]]:
    """Check a server of each of *behaviors* at the same time; return the results by check."""
    with ThreadPoolExecutor(len(behaviors)) as pool:
        reports = dict(zip(behaviors, pool.map(check, behaviors.values()), strict=True))
    return {
        name: {result.check: result for result in report.results}
        for name, report in reports.items()
    }


def assert_nothing_found(behaviors: Behaviors) -> dict[str, Result]:
    effects = {}
    for name, results in check_all(behaviors).items():
        found = [*results[CALLS].findings, *results[EFFECTS].findings]
        assert found == [], name
        effects[name] = results[EFFECTS]
        assert effects[name].seconds < 10, name
    return effects


@pytest.mark.claim("last-fetch")
@pytest.mark.claim("account-errors")
def test_a_lawful_server_passes_and_a_reason_says_what_was_not_seen() -> None:
    effects = assert_nothing_found(LAWFUL)
    assert {result.status for result in effects.values()} == {"passed"}
    assert effects["short runs"].reason == SHORT_RUNS
    assert effects["one account"].reason is None
    reason = effects["no SyncEmailAccount"].reason
    assert reason == f"SyncEmailAccount is answered 501; {SHORT_RUNS}"


@pytest.mark.nightly
def test_slow_lawful_servers_pass_in_ten_seconds() -> None:
    effects = assert_nothing_found(SLOW_AND_LAWFUL)
    reason = "every call takes a second, so another run may be under way"
    assert effects["runs of 6 s"].reason == reason
    assert "runs are too long to try all media types" in (effects["runs of 1.6 s"].reason or "")


def test_a_server_without_the_calls_or_without_accounts_is_skipped_with_a_reason() -> None:
    for reason, results in check_all(UNSEEN).items():
        for check_name in (CALLS, EFFECTS):
            result = results[check_name]
            assert (result.status, result.reason) == ("skipped", reason), check_name


@pytest.mark.nightly
@pytest.mark.claim("last-fetch-task")
def test_a_defect_is_found_in_real_time() -> None:
    results = check_all({what: fields for what, (_, fields) in DEFECTS.items()})
    for what, (claim, _) in DEFECTS.items():
        found = [(finding.claims, finding.what) for finding in results[what][EFFECTS].findings]
        assert any(ids == (claim,) and what in text for ids, text in found), (what, found)
    assert claims.load()["last-fetch-task"].kind == "inferred"
