"""A server passes whichever way it does what the contract leaves open."""

import pytest

from superoffice_contract.report import as_text
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.suite.run import run
from tests.contract.mutants.patching_bodies import FORM, change_bytes
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import OTHER_TENANT, make_mock, make_plan, read_tenant

CHECKS = ("methods", "form", "errors", "charsets", "credentials-refused", "origins", "readings")


@pytest.mark.parametrize(
    "behavior",
    [
        ServerBehavior(options=200, busy_seconds=0),
        ServerBehavior(options=204, busy_seconds=0),
        ServerBehavior(allows_gaps=False, busy_seconds=0),
        ServerBehavior(schemes=("SOTicket, Basic",), busy_seconds=0),
        ServerBehavior(schemes=("Basic", "SOTicket"), busy_seconds=0),
        ServerBehavior(error_root="HttpError", busy_seconds=0),
        ServerBehavior(error_root="Fault", busy_seconds=0),
        ServerBehavior(detects_utf_16=True, busy_seconds=0),
        ServerBehavior(allowed_origin="http://localhost:5173", busy_seconds=0),
    ],
    ids=[
        *("OPTIONS 200", "OPTIONS 204", "no gaps", "one header", "two headers"),
        *("HttpError", "Fault", "UTF-16 without charset", "CORS"),
    ],
)
def test_a_server_may_do_either_in_written_checks(behavior: ServerBehavior) -> None:
    with run_other_server(behavior) as url:
        report = run(make_plan(url, *CHECKS, tenants=(read_tenant(**OTHER_TENANT),)))
    assert report.exit_code == 0, as_text(report)


@pytest.mark.slow
@pytest.mark.parametrize(
    "behavior",
    [
        ServerBehavior(options=204, busy_seconds=0),
        ServerBehavior(allows_gaps=False, busy_seconds=0),
        ServerBehavior(schemes=("Basic", "SOTicket"), busy_seconds=0),
        ServerBehavior(error_root="HttpError", busy_seconds=0),
        ServerBehavior(detects_utf_16=True, busy_seconds=0),
    ],
    ids=["OPTIONS 204", "no gaps", "two headers", "HttpError", "UTF-16 without charset"],
)
def test_a_server_may_do_either_with_generated_requests(behavior: ServerBehavior) -> None:
    with run_other_server(behavior) as url:
        report = run(make_plan(url, GENERATED, tenants=(read_tenant(**OTHER_TENANT),)))
    assert report.exit_code == 0, as_text(report)


def test_the_effect_of_gaps_in_the_indices_of_a_form_is_not_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_bytes(lambda raw: raw.partition(b"&SyncUserAccounts%5B7")[0], FORM)(monkeypatch)
    assert run(make_plan(make_mock(), "parity", "form")).exit_code == 0
