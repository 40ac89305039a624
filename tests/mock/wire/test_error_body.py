"""Errors in both envelopes of the vendor, as JSON and XML."""

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.credentials import DENIED
from superoffice_mock.errors import Rejected
from superoffice_mock.wire.error_body import ERROR_TYPES, JSON_TYPES, XML_TYPES, envelope, render
from superoffice_mock.wire.values import shorten

STATUSES = (400, 401, 403, 404, 405, 413, 415, 500, 503)
BAD = Rejected(400, "/SyncUserAccounts/1/AccountId", "expected an integer, got a string")
TOLD = "/SyncUserAccounts/1/AccountId: expected an integer, got a string"


@pytest.mark.claim("error-webapi", "error-place")
def test_the_frameworks_envelope_says_what_and_in_detail_where() -> None:
    assert envelope(BAD, "webapi") == {
        "Message": "The request is invalid.",
        "MessageDetail": TOLD,
    }


@pytest.mark.claim("error-webapi")
def test_a_detail_that_only_repeats_the_message_is_left_out() -> None:
    assert envelope(Rejected(401, "Cookie", "secret", told=DENIED), "webapi") == {"Message": DENIED}


@pytest.mark.claim("error-netserver")
def test_the_business_logics_envelope_names_the_kind_of_error() -> None:
    assert envelope(BAD, "netserver") == {
        "Error": True,
        "ErrorType": "ArgumentException",
        "Message": TOLD,
        "ErrorSource": "SuperOffice.Services.Implementation",
    }
    kinds = {status: envelope(Rejected(status, "", "x"), "netserver") for status in STATUSES}
    assert [kinds[status]["ErrorType"] for status in STATUSES] == [
        *("ArgumentException", "UnauthorizedAccessException", "UnauthorizedAccessException"),
        *("SoNotFoundException", "NotSupportedException", "ArgumentException"),
        *("NotSupportedException", "ArgumentException", "ArgumentException"),
    ]


@pytest.mark.claim("error-no-trace")
@pytest.mark.parametrize("family", ["webapi", "netserver"])
@pytest.mark.parametrize("status", STATUSES)
def test_every_status_has_its_message_and_tells_no_more_than_it_may(
    status: int, family: str
) -> None:
    content = envelope(Rejected(status, "X", "secret", told="told"), family)
    assert content["Message"]
    assert "told" in content.values()
    assert "secret" not in str(content)


def decoded(raw: bytes, media_type: str) -> dict[str, Any]:
    if media_type in JSON_TYPES:
        members: dict[str, Any] = json.loads(raw)
        return members
    root = ET.fromstring(raw)
    assert root.tag == "Error"
    return {child.tag: child.text for child in root}


@pytest.mark.claim("error-format", "error-webapi")
@pytest.mark.parametrize("media_type", ERROR_TYPES)
@given(st.text())
def test_any_message_is_well_formed_in_every_type(media_type: str, text: str) -> None:
    error = Rejected(400, "", f"<&> {shorten(text)}")
    content = envelope(error, "webapi")
    assert decoded(render(content, media_type), media_type) == content


@pytest.mark.claim("error-netserver", "error-format")
@pytest.mark.parametrize("media_type", XML_TYPES)
def test_true_is_written_in_lower_case_in_xml(media_type: str) -> None:
    assert decoded(render(envelope(BAD, "netserver"), media_type), media_type)["Error"] == "true"
    assert render({"Error": True}, "application/json") == b'{"Error":true}'


def test_an_error_has_its_place_in_its_reason_and_tells_it_unless_told_otherwise() -> None:
    assert (BAD.reason, BAD.told, str(BAD)) == (TOLD, TOLD, TOLD)
    nowhere = Rejected(400, "", "no body", told="nothing")
    assert (nowhere.reason, nowhere.told) == ("no body", "nothing")
