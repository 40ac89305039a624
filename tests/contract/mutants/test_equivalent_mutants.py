"""What contract and issue leave open is not judged: a server may do either, and passes."""

import pytest

from superoffice_contract import report
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.suite.run import run
from tests.contract.mutants.patching_bodies import FORM, before
from tests.contract.other_server.server import Make, serving
from tests.contract.suite.targets import OTHER, mock, plan, tenant

WIRE = ("methods", "form", "errors", "charsets", "credentials-refused", "origins", "readings")


@pytest.mark.parametrize(
    "make",
    [
        Make(options=200, busy_seconds=0),
        Make(options=204, busy_seconds=0),
        Make(gaps=False, busy_seconds=0),
        Make(schemes=("SOTicket, Basic",), busy_seconds=0),
        Make(schemes=("Basic", "SOTicket"), busy_seconds=0),
        Make(error_root="HttpError", busy_seconds=0),
        Make(error_root="Fault", busy_seconds=0),
        Make(utf_16=True, busy_seconds=0),
        Make(listed="http://localhost:5173", busy_seconds=0),
    ],
    ids=[
        *("OPTIONS 200", "OPTIONS 204", "no gaps", "one header", "two headers"),
        *("HttpError", "Fault", "UTF-16 without charset", "CORS"),
    ],
)
def test_a_server_may_do_either_by_hand(make: Make) -> None:
    with serving(make) as url:
        found = run(plan(url, *WIRE, tenants=(tenant(**OTHER),)))
    assert found.exit_code == 0, report.as_text(found)


@pytest.mark.slow
@pytest.mark.parametrize(
    "make",
    [
        Make(options=204, busy_seconds=0),
        Make(gaps=False, busy_seconds=0),
        Make(schemes=("Basic", "SOTicket"), busy_seconds=0),
        Make(error_root="HttpError", busy_seconds=0),
        Make(utf_16=True, busy_seconds=0),
    ],
    ids=["OPTIONS 204", "no gaps", "two headers", "HttpError", "UTF-16 without charset"],
)
def test_a_server_may_do_either_when_requests_are_made_up(make: Make) -> None:
    with serving(make) as url:
        found = run(plan(url, GENERATED, tenants=(tenant(**OTHER),)))
    assert found.exit_code == 0, report.as_text(found)


def test_gaps_in_the_indices_of_a_form_are_not_judged_by_their_effect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before(lambda raw: raw.partition(b"&SyncUserAccounts%5B7")[0], FORM)(monkeypatch)
    assert run(plan(mock(), "parity", "form")).exit_code == 0
