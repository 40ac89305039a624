"""Errors in both envelopes, as JSON and XML."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.messages import shorten
from superoffice_mock.core.credentials import DENIED
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.error_body import ERROR_TYPES, JSON_TYPES, XML_TYPES, envelope, render

STATUSES = (400, 401, 403, 404, 405, 413, 415, 500, 503)
ERROR = Rejected(400, "/SyncUserAccounts/1/AccountId", "expected an integer, got a string")
REASON = "/SyncUserAccounts/1/AccountId: expected an integer, got a string"


@pytest.mark.claim("error-webapi", "error-place")
def test_the_webapi_envelope_has_a_message_and_a_detail_that_does_not_repeat_it() -> None:
    message = "The request is invalid."
    assert envelope(ERROR, "webapi") == {"Message": message, "MessageDetail": REASON}
    error = Rejected(401, "Cookie", "secret", message=DENIED)
    assert envelope(error, "webapi") == {"Message": DENIED}


@pytest.mark.claim("error-netserver")
def test_the_netserver_envelope_has_the_type_of_the_error() -> None:
    assert envelope(ERROR, "netserver") == {
        "Error": True,
        "ErrorType": "ArgumentException",
        "Message": REASON,
        "ErrorSource": "SuperOffice.Services.Implementation",
    }
    contents = [envelope(Rejected(status, "", "x"), "netserver") for status in STATUSES]
    assert [content["ErrorType"] for content in contents] == [
        *("ArgumentException", "UnauthorizedAccessException", "UnauthorizedAccessException"),
        *("SoNotFoundException", "NotSupportedException", "ArgumentException"),
        *("NotSupportedException", "ArgumentException", "ArgumentException"),
    ]


@pytest.mark.claim("error-no-trace", "error-format")
def test_every_status_has_a_message_without_the_internal_reason() -> None:
    for family in ("webapi", "netserver"):
        for status in STATUSES:
            content = envelope(Rejected(status, "X", "secret", message="public"), family)
            assert content["Message"], (status, family)
            assert "public" in content.values(), (status, family)
            assert "secret" not in str(content), (status, family)


def parse_error(raw: bytes, media_type: str) -> dict[str, Any]:
    if media_type in JSON_TYPES:
        members: dict[str, Any] = json.loads(raw)
        return members
    root = ET.fromstring(raw)
    assert root.tag == "Error"
    return {child.tag: child.text for child in root}


@pytest.mark.claim("error-format", "error-webapi")
@pytest.mark.parametrize("media_type", ERROR_TYPES)
@given(st.text())
def test_any_message_is_well_formed_in_every_media_type(media_type: str, text: str) -> None:
    error = Rejected(400, "", f"<&> {shorten(text)}")
    content = envelope(error, "webapi")
    assert parse_error(render(content, media_type), media_type) == content


@pytest.mark.claim("error-netserver", "error-format")
def test_true_is_in_lower_case_in_xml() -> None:
    for media_type in XML_TYPES:
        content = parse_error(render(envelope(ERROR, "netserver"), media_type), media_type)
        assert content["Error"] == "true", media_type
    assert render({"Error": True}, "application/json") == b'{"Error":true}'


def test_the_message_of_an_error_is_its_reason_unless_it_has_another() -> None:
    assert (ERROR.reason, ERROR.message, str(ERROR)) == (REASON, REASON, REASON)
    without_place = Rejected(400, "", "no body", message="nothing")
    assert (without_place.reason, without_place.message) == ("no body", "nothing")
