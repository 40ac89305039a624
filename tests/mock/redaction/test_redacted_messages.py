"""What redaction keeps: equal values stay equal, messages keep their shape and their errors."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.operations import sync_email_accounts
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Headers, Label
from superoffice_mock.redaction.pseudonyms import (
    PATTERN,
    Pseudonyms,
    decode_basic,
    is_pseudonym,
)
from superoffice_mock.redaction.redactor import Redactor
from tests.e2e.payloads import PAYLOADS
from tests.mock.redaction.builders import (
    ALLOW_LIST,
    error,
    pseudonym,
    redact,
    redact_body,
    redact_header,
)
from tests.mock.redaction.secret_places import basic, json_body, xml_body
from tests.support.recordings import BODY, JSON, URL, entry, recording

FORM = "application/x-www-form-urlencoded"
XML_NULL = '<i:{} xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/>'
INVALID = {
    "cut": ('{"SyncUserAccounts": [{"AccountId": 507', "application/json"),
    "trailing comma": ('{"SyncUserAccounts": [{"AccountId": 507,}]}', "application/json"),
    "bad escape": ('{"SyncUserAccounts": [{"AssociateName": "a\\q"}]}', "application/json"),
    "control character": ('{"SyncUserAccounts": [{"AssociateName": "a\nb"}]}', "text/json"),
    "bare word": ('{"SyncUserAccounts": nobody}', "application/json"),
    "open text": ('{"SyncUserAccounts": [{"AssociateName": "a', "application/json"),
    "wrong kind": ('{"SyncUserAccounts": [{"AccountId": "507"}]}', "application/json"),
    "wrong list": ('{"SyncUserAccounts": "all"}', "application/json"),
    "fraction": ('{"SyncUserAccounts": [{"AccountId": 1.5}]}', "application/json"),
    "too big": ('{"SyncUserAccounts": [{"AccountId": 2147483648}]}', "application/json"),
    "DTD": ('<!DOCTYPE a [<!ENTITY b "c">]><SyncEmailAccountsRequest/>', "text/xml"),
    "entity": (xml_body("&b;"), "text/xml"),
    "open element": (xml_body("a")[:-3], "text/xml"),
    "other root": ("<Request/>", "text/xml"),
    "no prefix": ("<x:SyncEmailAccountsRequest/>", "text/xml"),
    "no path": ("SyncUserAccounts[x]=1", FORM),
    "mistyped form": (json_body("a"), FORM),
    "bad percent": ("SyncUserAccounts[0].AssociateName=%FF", FORM),
    "text": ("hello", "application/json"),
    "other type": ("hello", "text/plain"),
    "other charset": ("{}", "application/json; charset=ebcdic"),
}


# ---- pseudonyms ------------------------------------------------------------------------------


def test_equal_values_are_equal_within_a_recording_and_not_beyond_it() -> None:
    first, second = Redactor(), Redactor()
    assert first.redact_entry(entry()).request == first.redact_entry(entry()).request
    assert first.redact_entry(entry()).request != second.redact_entry(entry()).request


def test_a_value_has_the_same_pseudonym_in_every_place() -> None:
    word = pseudonym("Walker")
    assert is_pseudonym(word)
    assert word in redact_body(json_body("Walker"))
    assert word in redact_body(xml_body("Walker"), "text/xml")
    credentials = redact_header("authorization", basic("Walker", "x")).removeprefix("Basic ")
    assert decode_basic(credentials) == (word, pseudonym("x"))
    assert redact(entry(f"{URL}?x=Walker")).request.url.endswith(f"={word}")


@given(st.text(min_size=1))
def test_text_that_only_looks_like_a_pseudonym_is_not_one(value: str) -> None:
    word = Pseudonyms(ALLOW_LIST).replace("text", value)
    assert is_pseudonym(word)
    last = "0" if word[-1] != "0" else "1"
    assert not is_pseudonym(word[:-1] + last)
    assert not is_pseudonym(f"{word}a")
    assert not is_pseudonym(f"secret-{word}")


def test_a_forged_pseudonym_is_replaced() -> None:
    forged = "pseudo-" + "0123456789abcdef" + "0000"
    assert not is_pseudonym(forged)
    assert forged not in redact_header("so-apptoken", forged)


# ---- headers and URLs ------------------------------------------------------------------------


def test_a_request_header_keeps_its_shape() -> None:
    for name, value, shape in (
        ("authorization", "SOTicket 7T:abc", "SOTicket 7T:{}"),
        ("authorization", "sOtIcKeT 7A:abc", "sOtIcKeT 7A:{}"),
        ("authorization", "Bearer 8A:Cust12345.abc", "Bearer 8A:Cust12345.{}"),
        ("authorization", "Bearer abc", "Bearer {}"),
        ("authorization", "Basic %%%", "Basic {}"),
        ("authorization", "Basic", "Basic"),
        ("authorization", "", ""),
        ("authorization", "Negotiate YII=", "Negotiate {}"),
        ("cookie", "ASP.NET_SessionId=abc; b=c", "ASP.NET_SessionId={}; {}={}"),
        ("host", "crm.acme.example:8080", "{}.invalid"),
        ("origin", "https://acme.example", "https://{}.invalid"),
        ("origin", "http://localhost:3000", "http://localhost:3000"),
        ("accept", "application/json; charset=utf-8", "application/json; charset=utf-8"),
        ("accept", "text/x-acme;q=0.5, */*", "{}; q=0.5, */*"),
        ("accept-language", "en-US,nb;q=0.7,*;q=0.5", "en-US, nb;q=0.7, *;q=0.5"),
        ("accept-encoding", "gzip, br;q=0.1", "gzip, br;q=0.1"),
        ("user-agent", "SO-TS-WebApi/1.0 (Acme CRM) node", "SO-TS-WebApi/1.0"),
        ("content-type", 'text/xml; charset="utf-16"; x=y', "text/xml; charset=utf-16"),
    ):
        assert PATTERN.sub("{}", redact_header(name, value)) == shape, (name, value)


def test_a_response_header_keeps_its_shape() -> None:
    for name, value, shape in (
        ("www-authenticate", 'Basic realm="SuperOffice", Negotiate', None),
        ("www-authenticate", 'Basic realm="Acme"', 'Basic realm="{}"'),
        ("set-cookie", "XSRF-TOKEN=a; Path=/; HttpOnly", "XSRF-TOKEN={}; Path=/; HttpOnly"),
        ("location", "/Cust1/api/v1/x?a=b", "/Cust1/api/v1/{}?{}={}"),
        ("cache-control", "no-cache, x", "no-cache"),
        ("expires", "-1", None),
        ("date", "Tue, 24 Nov 2026 03:00:00 GMT", None),
        ("retry-after", "Tue, 24 Nov 2026 03:00:00 GMT", None),
        ("retry-after", "120", None),
        ("allow", "GET, HEAD, OPTIONS, POST", None),
        ("access-control-allow-origin", "*", None),
    ):
        (redacted,) = redact(entry(response_headers=((name, value),))).response.get_all(name)
        assert PATTERN.sub("{}", redacted) == (value if shape is None else shape), (name, value)


def test_the_path_the_tenant_and_documented_words_of_a_url_stay() -> None:
    url = "https://sod.superoffice.com/Cust12345/API/v1/Agents/EMail/SyncEmailAccounts/"
    assert redact(entry(f"{url}?$SELECT=AccountId")).request.url.endswith(
        ".invalid/Cust12345/API/v1/Agents/EMail/SyncEmailAccounts/?$SELECT=AccountId"
    )


# ---- request bodies --------------------------------------------------------------------------


def accounts_in(body: str, media_type: str) -> list[tuple[int, int, str | None]]:
    content = decode(sync_email_accounts.operation().bodies, media_type, body.encode(), 10).content
    return [
        (account.account_id, account.associate_id, account.associate_name)
        for account in content.sync_user_accounts
    ]


def test_a_redacted_body_names_the_same_accounts_with_pseudonyms_for_names() -> None:
    for media_type, body in PAYLOADS.items():
        redacted = accounts_in(redact_body(body, media_type), media_type)
        assert redacted == [
            (account_id, associate_id, name and pseudonym(name))
            for account_id, associate_id, name in accounts_in(body, media_type)
        ], media_type


def rejection(body: bytes, media_type: str) -> tuple[int, str]:
    """Return the status of a rejected body, and the place of its error without pseudonyms."""
    with pytest.raises(InvalidBody) as error:
        decode(sync_email_accounts.operation().bodies, media_type, body, 10)
    return error.value.status, PATTERN.sub("x", error.value.where)


def test_an_invalid_body_is_rejected_for_the_same_reason_after_redaction() -> None:
    for name, (body, media_type) in INVALID.items():
        headers = (("content-type", media_type),)
        redacted = redact(entry(headers=headers, body=body.encode())).request
        assert rejection(redacted.body or b"", redacted.media_type) == rejection(
            body.encode(), media_type
        ), name


def test_markup_keeps_its_shape() -> None:
    for body, shape in (
        ("<x><!-- b", "<{}><!--"),
        ("<x><![CDATA[b", "<{}><![CDATA[{}"),
        ("<?b c", "<?removed"),
        ("<!DOCTYPE b", "<!DOCTYPE removed"),
        ("<!DOCTYPE b [ c", "<!DOCTYPE removed"),
        ("<AccountId>12</AccountId>", "<AccountId>12</AccountId>"),
        ("<x>12</x>\n<AccountId>x</AccountId>", "<{}>0</{}>\n<AccountId>{}</AccountId>"),
        (XML_NULL.format("x"), XML_NULL.format("{}")),
    ):
        assert PATTERN.sub("{}", redact_body(body, "text/xml")) == shape, body


@pytest.mark.parametrize(
    ("headers", "body", "note"),
    [
        (JSON, b"\xff\xff", "it is not text that can be redacted"),
        (JSON, b'"' + b"a" * 8 * 1024 * 1024 + b'"', "it is longer than 8 MiB"),
        ((("content-type", "multipart/form-data"),), b"--a", "its names can't be distinguished"),
        ((*JSON, ("content-encoding", "br")), b"\x8b\xff", "it is not text that can be redacted"),
    ],
    ids=["binary", "too long", "multipart", "unknown coding"],
)
def test_a_body_that_can_not_be_redacted_is_left_out_with_a_note(
    headers: Headers, body: bytes, note: str
) -> None:
    redacted = redact(entry(headers=headers, body=body))
    assert redacted.request.body is None
    assert note in "".join(redacted.label.notes)
    (read_again,) = har_file.read(har_file.encode(recording(redacted))).entries
    assert read_again.request.body is None


def test_a_compressed_body_is_kept_decompressed_with_a_note() -> None:
    body = gzip.compress(json_body("Walker").encode())
    redacted = redact(entry(headers=(*JSON, ("content-encoding", "gzip")), body=body))
    assert redacted.request.body == redact_body(json_body("Walker")).encode()
    assert redacted.label.notes == ("the request body is kept without its Content-Encoding",)


def test_a_body_that_decompresses_to_more_than_the_limit_is_left_out() -> None:
    bomb = gzip.compress(b" " * (16 * 1024 * 1024 + 1))
    redacted = redact(entry(headers=(*JSON, ("content-encoding", "gzip")), body=bomb))
    assert redacted.request.body is None


def test_a_body_with_the_coding_identity_is_kept() -> None:
    headers = (*JSON, ("content-encoding", "identity"))
    assert redact(entry(headers=headers)).request.body == BODY


# ---- responses and labels --------------------------------------------------------------------


def test_an_error_message_without_secrets_stays() -> None:
    detail = "/SyncUserAccounts: expected an array, got a string"
    body = json.dumps({"Message": "The request is invalid.", "MessageDetail": detail}).encode()
    assert redact(error(body)).response.body == body


def test_a_sentence_in_plain_text_stays_a_sentence() -> None:
    headers = (("content-type", "text/plain"),)
    body = b"Service unavailable for bob@acme.example, try again"
    redacted = redact(entry(status=503, response_headers=headers, response_body=body))
    assert PATTERN.sub("{}", (redacted.response.body or b"").decode()) == (
        "Service unavailable for {}@example.invalid, try again"
    )


def test_the_description_in_the_answer_to_a_get_is_public() -> None:
    document = sync_email_accounts.operation().document
    redacted = redact(error(json.dumps(document)))
    assert json.loads(redacted.response.body or b"") == document


def test_times_outcomes_and_known_claims_stay() -> None:
    label = Label("turned_away", "high", "Cust12345", 3, ("silent-drop", "nobody"), "that it is")
    redacted = redact(entry(label=label))
    times = (redacted.at, redacted.elapsed, redacted.service_time)
    assert times == (1_800_000_000.0, 0.03, 0.02)
    assert redacted.label == Label(
        "turned_away", "high", "Cust12345", 3, ("silent-drop",), "that it is"
    )
