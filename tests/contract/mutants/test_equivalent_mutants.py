"""A server passes whichever way it does what the contract leaves open."""

from typing import Any, Final

import pytest

from superoffice_contract.report_formats import as_text
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.suite.run import run
from tests.contract.mutants.patching_bodies import FORM, change_bytes
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import OTHER_TENANT, make_mock, make_plan

CHECKS = ("methods", "form", "errors", "charsets", "credentials-refused", "origins", "readings")


BEHAVIORS: Final[dict[str, dict[str, Any]]] = {
    "OPTIONS 200": {"options": 200},
    "OPTIONS 204": {"options": 204},
    "no gaps": {"allows_gaps": False},
    "one header": {"schemes": ("SOTicket, Basic",)},
    "two headers": {"schemes": ("Basic", "SOTicket")},
    "HttpError": {"error_root": "HttpError"},
    "Fault": {"error_root": "Fault"},
    "UTF-16 without charset": {"detects_utf_16": True},
    "CORS": {"allowed_origin": "http://localhost:5173"},
}
SEEN_BY_GENERATED_REQUESTS: Final = (
    *("OPTIONS 204", "no gaps", "two headers", "HttpError", "UTF-16 without charset"),
)


def check_server(name: str, *only: str) -> None:
    """Assert that a server with behavior *name* passes the checks."""
    with run_other_server(ServerBehavior(busy_seconds=0, **BEHAVIORS[name])) as url:
        report = run(make_plan(url, *only, tenants=(OTHER_TENANT,)))
    assert report.exit_code == 0, as_text(report)


@pytest.mark.parametrize("name", BEHAVIORS)
def test_a_server_may_do_either_in_written_checks(name: str) -> None:
    check_server(name, *CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("name", SEEN_BY_GENERATED_REQUESTS)
def test_a_server_may_do_either_with_generated_requests(name: str) -> None:
    check_server(name, GENERATED)


def test_the_effect_of_gaps_in_the_indices_of_a_form_is_not_checked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change_bytes(lambda raw: raw.partition(b"&SyncUserAccounts%5B7")[0], FORM)(monkeypatch)
    assert run(make_plan(make_mock(), "parity", "form")).exit_code == 0
