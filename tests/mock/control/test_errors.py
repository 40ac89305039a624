"""What a wrong body is told: the members and the values that are known where it is wrong."""

import msgspec
import pytest

from superoffice_mock.control.endpoints.faults import SentFaults
from superoffice_mock.control.endpoints.requests import Wanted
from superoffice_mock.control.endpoints.tenants import NewTenant
from superoffice_mock.control.errors import explained
from superoffice_mock.control.request import RequestBody


@pytest.mark.parametrize(
    ("kind", "body", "told"),
    [
        (SentFaults, '{"status": 503}', "unknown member `status`; did you mean `faults`?"),
        (SentFaults, '{"faults": [{"stats": 503}]}', "`$.faults[0]`; did you mean `status`?"),
        (NewTenant, '{"clock": "frozen"}', "at `$.clock`; known are freeze, jump, real"),
        (NewTenant, '{"installation": "of"}', "known are online, onsite"),
        (NewTenant, '{"expires_after": {"x": 1}}', "known are "),
        (Wanted, '{"outcome": "x"}', "known are crashed, faulted, pending"),
    ],
)
def test_a_wrong_body_is_told_what_is_known_there(
    kind: type[RequestBody], body: str, told: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as error:
        msgspec.json.decode(body, type=kind)
    assert told in explained(error.value, kind)
