"""Redaction by a description: what it names stays, whichever operation has it; all else goes."""

import json
from urllib.parse import urlsplit

from superoffice_contract.openapi.operations import read_document
from superoffice_mock.recordings.model import Entry
from superoffice_mock.redaction.allow_list import AllowList
from superoffice_mock.redaction.redactor import Redactor
from tests.mock.redaction.builders import KEY, pseudonym
from tests.support.other_operations import CONTACT_PATH, DESCRIPTION, REPORT_PATH
from tests.support.recordings import JSON, entry

OTHER = AllowList(DESCRIPTION)
REPORT = entry(
    f"http://crm.example/Cust12345{REPORT_PATH.lower()}?SALEID=17&Owner=17",
    (*JSON, ("accept", "application/x-report+json, application/x-secret")),
    b'{"saleLimit":5,"saleStages":[1,2],"PrivateNumber":44,"filterText":"Walker",'
    b'"innerFilters":[{"SaleLimit":6,"FilterText":"sold","Walker":1}]}',
    status=200,
    response_headers=(("content-type", "application/x-report+json"),),
    response_body=b'{"SaleCount":3,"ReportText":"Walker","Stage":"Sold","Turnover":9}',
)


def redact(original: Entry) -> Entry:
    return Redactor(KEY, OTHER).redact_entry(original)


def test_described_names_integers_and_words_stay_and_other_text_becomes_pseudonyms() -> None:
    walker, redacted = pseudonym("Walker"), redact(REPORT)
    assert json.loads(redacted.request.body or b"") == {
        "saleLimit": 5,
        "saleStages": [1, 2],
        "PrivateNumber": 0,
        "filterText": walker,
        "innerFilters": [{"SaleLimit": 6, "FilterText": pseudonym("sold"), "Walker": 0}],
    }
    answer = {"SaleCount": 3, "ReportText": walker, "Stage": "Sold", "Turnover": 0}
    assert json.loads(redacted.response.body or b"") == answer


def describe_account() -> Redactor:
    """Return a redactor for a call whose answer has members behind references, and a secret."""
    number, moment = {"type": "integer"}, {"type": "string", "format": "date-time"}
    secret = {"type": ["string", "null"], "format": "password", "enum": ["sold"]}
    nullable = {"anyOf": [{"$ref": "#/Account"}, {"type": "null"}]}
    account = {
        "EMailAccountId": {"$ref": "#/Number", "description": "the id"},
        "LastFetch": moment,
        "Password": secret,
        "Parent": nullable,
        "Ids": {"type": "array", "items": {"$ref": "#/Number"}},
    }
    content = {media_type: {"schema": nullable} for media_type in ("application/json", "text/xml")}
    ticket = {"name": "Pass", "in": "query", "schema": secret}
    call = {"parameters": [ticket], "responses": {"200": {"content": content}}}
    description = read_document(
        {
            "paths": {REPORT_PATH: {"post": call}},
            "Account": {"type": "object", "properties": account},
            "Number": number,
            "Broken": {"properties": {"Odd": {"$ref": "#/Nothing"}}},
        }
    )
    return Redactor(KEY, AllowList(description))


def test_ids_and_date_times_in_answers_stay_and_a_password_never_does() -> None:
    redactor = describe_account()
    body = (
        b'{"EMailAccountId":507,"LastFetch":"0001-01-01T00:00:00","Password":"sold",'
        b'"Ids":[507],"Odd":"x","Parent":{"eMailAccountId":8,"lastFetch":"Walker"}}'
    )
    call = entry(f"http://a.example{REPORT_PATH}?pass=507", JSON, b"null", response_body=body)
    redacted = redactor.redact_entry(call)
    assert redacted.request.body == b"null"
    assert redacted.request.url.endswith(f"?pass={pseudonym('507')}")
    assert json.loads(redacted.response.body or b"") == {
        "EMailAccountId": 507,
        "LastFetch": "0001-01-01T00:00:00",
        "Password": pseudonym("sold"),
        "Ids": [507],
        "Odd": pseudonym("x"),
        "Parent": {"eMailAccountId": 8, "lastFetch": pseudonym("Walker")},
    }


def test_a_body_that_says_there_is_none_stays_whatever_its_media_type() -> None:
    for body in (b"null", b" null\n"):
        form = (("content-type", "application/x-www-form-urlencoded"),)
        assert redact(entry(headers=form, body=body)).request.body == body


def test_items_of_lists_keep_their_names_in_xml() -> None:
    body = b"<SaleFilter><SaleStages><int>1</int></SaleStages><Other>1</Other></SaleFilter>"
    redacted = redact(entry(headers=(("content-type", "application/xml"),), body=body))
    after = body.decode().replace("Other>1<", f"Other>{pseudonym('1')}<")
    assert (redacted.request.body or b"").decode() == after


def test_described_paths_query_names_and_media_types_stay() -> None:
    redacted = redact(REPORT)
    parts = urlsplit(redacted.request.url)
    assert parts.path == f"/Cust12345{REPORT_PATH.lower()}"
    assert parts.query == f"SALEID=17&Owner={pseudonym('17')}"
    accepted = f"application/x-report+json, application/{pseudonym('x-secret')}"
    assert redacted.request.get_all("accept") == (accepted,)
    assert redacted.response.media_type == "application/x-report+json"


def test_an_integer_in_the_query_is_a_number() -> None:
    for text, after in (("-3", "-3"), ("", ""), ("Walker", pseudonym("Walker"))):
        redacted = redact(entry(f"http://a{REPORT_PATH}?saleId={text}")).request.url
        assert redacted.endswith(f"{REPORT_PATH}?saleId={after}"), text


def test_only_the_literal_segments_of_a_path_stay() -> None:
    for segment in ("Acme", "{contactKey}", "contactKey"):
        url = f"http://a{CONTACT_PATH}".replace("{contactKey}", segment)
        path = urlsplit(redact(entry(url, method="GET", body=b"")).request.url).path
        assert path == f"/api/v1/Contact/{pseudonym(segment)}"


def test_each_redactor_keeps_the_words_of_its_own_description() -> None:
    first, second, third = (
        Redactor(KEY, allow_list).redact_entry(REPORT) for allow_list in (None, OTHER, None)
    )
    assert first == third
    assert b'"saleLimit":5' in (second.request.body or b"")
    assert b'"saleLimit":0' in (first.request.body or b"")
    assert "SALEID=17" not in first.request.url


def test_redaction_twice_is_redaction_once() -> None:
    redacted = redact(REPORT)
    assert Redactor(b"another key", OTHER).redact_entry(redacted) == redacted
