"""Errors about a wrong body: they name the members and values that are valid at that place."""

import msgspec
import pytest

from superoffice_contract.validation import explain
from superoffice_mock.control.endpoints.faults import NewFaults
from superoffice_mock.control.endpoints.requests import WaitCondition
from superoffice_mock.control.endpoints.tenants import NewTenant
from superoffice_mock.control.request import RequestBody

WRONG_BODIES: list[tuple[type[RequestBody], str, str]] = [
    (NewFaults, '{"status": 503}', "unknown member 'status'; did you mean 'faults'?"),
    (NewFaults, '{"faults": [{"stats": 503}]}', "faults[0]: unknown member 'stats'; did you"),
    (NewTenant, '{"clock": "frozen"}', "clock: expected one of freeze, jump, real, got 'frozen'"),
    (NewTenant, '{"installation": "of"}', "expected one of online, onsite"),
    (NewTenant, '{"expires_after": {"x": 1}}', "the members are: "),
    (WaitCondition, '{"outcome": "x"}', "expected one of crashed, faulted, pending"),
]


def test_an_error_about_a_body_names_what_is_valid_at_that_place() -> None:
    for kind, body, expected in WRONG_BODIES:
        with pytest.raises(msgspec.ValidationError) as error:
            msgspec.json.decode(body, type=kind)
        assert expected in explain(error.value, kind), body
