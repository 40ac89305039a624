"""What redaction keeps: equal values stay equal, messages keep their shape and their errors."""

import gzip
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.bodies.decode import decode
from superoffice_contract.errors import InvalidBody
from superoffice_contract.operations import sync_email_accounts
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.hidden_numbers import is_id_pseudonym, is_tenant_pseudonym
from superoffice_mock.recordings.model import Headers, Label
from superoffice_mock.recordings.pseudonyms import PATTERN, Pseudonyms, decode_basic, is_pseudonym
from superoffice_mock.redaction.redactor import Options, Redactor
from tests.e2e.payloads import PAYLOADS
from tests.mock.redaction.builders import (
    KEEP_MESSAGES,
    answer,
    pseudonym,
    question,
    redact,
    redact_answer,
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
def test_text_that_only_looks_like_a_pseudonym_is_not_one_and_is_replaced(value: str) -> None:
    word = Pseudonyms().of_text(value)
    assert is_pseudonym(word)
    forged = word[:-1] + ("0" if word[-1] != "0" else "1")
    for text in (forged, f"{word}a", f"secret-{word}"):
        assert not is_pseudonym(text)
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
        ("accept", "text/x-acme;q=0.5, */*", "text/{}; q=0.5, */*"),
        ("accept", "application/vnd.acme+JSON, x/acme", "application/{}+JSON, {}"),
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
        (
            "www-authenticate",
            'Bearer realm="Acme", error="invalid_token", error_description="Walker", error="x"',
            'Bearer realm="{}", error="invalid_token"',
        ),
        ("set-cookie", "XSRF-TOKEN=a; Path=/; HttpOnly", "XSRF-TOKEN={}; Path=/; HttpOnly"),
        ("location", "/Cust1/api/v1/List/y?a=b&c", "/Cust1/api/v1/List/{}?a={}&{}"),
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
    redacted = PATTERN.sub("{}", redact(entry(f"{url}?$SELECT=AccountId,a/b")).request.url)
    path = "/Cust12345/API/v1/Agents/EMail/SyncEmailAccounts/"
    assert redacted == f"https://{{}}.invalid{path}?$SELECT={{}},{{}}/{{}}"


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


def test_a_value_stays_for_its_place_and_never_for_what_it_says() -> None:
    for word in ("superoffice", "sample", "204", "AccountId", "true", "SyncUserAccounts", "admin"):
        for body in ({"AssociateName": word}, {"x": [word]}, {"FieldProperties": {word: 1}}):
            redacted = redact_body(json.dumps(body)).replace("AssociateName", "")
            assert word not in redacted, word
        for url in (f"{URL}?{word}", f"{URL}?x={word}", f"http://a/{word}x/{word}"):
            redacted = redact(entry(url)).request.url.partition(".invalid")[2]
            assert word not in redacted.replace("SyncEmailAccounts", ""), url


def test_names_of_members_stay_where_they_are_names() -> None:
    for body, shape in (
        ('{"EMailAccountId": null, "Nested": {"last_fetch": []}}', None),
        (
            '{"ExtraFields": {"Walker": 5, "a": {"b": "c"}}, "x": 1}',
            '{"ExtraFields": {"{}": 0, "{}": {"b": "{}"}}, "x": 0}',
        ),
        (
            '{"Values": [{"Walker": null}], "Walker": null}',
            '{"Values": [{"{}": null}], "Walker": null}',
        ),
        ('{"Walker 1": null, "a1b2c3d4e5f6a7b8": null}', '{"{}": null, "{}": null}'),
        ('{"": null, "Walker"}', '{"": null, "{}"}'),
        ('{"kari.nordmann": {}, "ola-hansen": {}}', '{"{}": {}, "{}": {}}'),
        ('{"@odata.nextLink": null, "odata.count": null}', None),
        ('{"Walker": ', '{"{}": '),
        ("{AccountId: 1, Walker : ", "{AccountId: 1, {} : "),
        ('{"AssociateName":', None),
        ("{Walker: 1, EMail", "{Walker: 0, {}"),
        ("{'Walker': 'Kim', 'Wal ker': 1}", "{'Walker': {}, {} {}: 0}"),
        ("]}]}", None),
    ):
        assert PATTERN.sub("{}", redact_body(body)) == (shape or body), body
    for body, shape in (
        ("a.b[0][c]=d&Walker&folder_name=&bA=", "a.b[0][c]={}&{}&folder_name=&{}="),
        (
            "FieldProperties[Walker][Size]=1&a.FieldProperties.Kim",
            "FieldProperties[{}][Size]={}&a.FieldProperties.{}",
        ),
        ("FieldProperties[1]=1", "FieldProperties[{}]={}"),
        ("dGVzdA==&x=dGVzdA==", "{}==&x={}"),
        ("AccountId=5&AccountId&PersonId=0", "AccountId=5&AccountId&PersonId=0"),
    ):
        assert PATTERN.sub("{}", redact_body(body, FORM)) == shape, body
    for body, shape in (
        ("<a:b><c d='e'/></a:b>", "<a:b><c d='{}'/></a:b>"),
        ("<walker:b xmlns:walker='x' xmlns:a='y'/>", "<{}:b xmlns:{}='{}' xmlns:a='{}'/>"),
        (
            "<FieldProperties><Walker>1</Walker><x/></FieldProperties><y/>",
            "<FieldProperties><{}>{}</{}><{}/></FieldProperties><y/>",
        ),
        ("</a></b><c>d</c>", "</a></b><c>{}</c>"),
    ):
        assert PATTERN.sub("{}", redact_body(body, "text/xml")) == shape, body


def test_numbers_become_0_unless_they_are_described_or_ids() -> None:
    shape = '{"AccountId": 7, "a": [%s, %s, 0], "OfferId": %s, "saleIds": [%s, 0, %s], "paid": %s}'
    redacted = redact_body(shape % (-5, "1.5e3", 7, 7, -8, 3))
    content = json.loads(redacted)
    first, other = content["OfferId"], content["saleIds"][2]
    assert redacted == shape % (0, 0, first, first, other, 0)
    assert first != other
    assert is_id_pseudonym(first)
    assert is_id_pseudonym(other)
    url = redact(entry("http://a/api/v1/Contact/7?offerId=7&x=7&y_id=07")).request.url
    expected = f"/api/v1/Contact/{first}?offerId={first}&x={{}}&y_id={{}}"
    assert PATTERN.sub("{}", url).partition(".invalid")[2] == expected
    form = PATTERN.sub("{}", redact_body("OfferId=7&AccountId=7&x=7", FORM))
    assert form == f"OfferId={first}&AccountId=7&x={{}}"
    xml = "<OfferId>{}</OfferId>"
    assert redact_body(xml.format(7), "text/xml") == xml.format(first)


def test_a_number_that_a_described_member_can_not_have_stays_only_as_such() -> None:
    for number, after in (
        *((2**31 - 1, 2**31 - 1), (2**31, 2**31), (47_110_815_123, 2**31)),
        *((-(2**31), -(2**31)), (-47_110_815_123, -(2**31) - 1), (19_121.75, 0.5)),
    ):
        assert redact_body(f'{{"AccountId": {number}}}') == f'{{"AccountId": {after}}}'
    assert redact_body("AccountId=47110815123", FORM) == f"AccountId={2**31}"


def test_a_malformed_number_stays_malformed() -> None:
    numbers = {"01": "00", "+5": "+0", "1.": "0.", ".5": ".0", "1e": "0e", "1.2.3": "0.0.0"}
    for number, after in numbers.items():
        for member in ("x", "AccountId", "PersonId"):
            assert redact_body(f'{{"{member}": {number}}}') == f'{{"{member}": {after}}}'


def test_digits_that_name_somebody_are_different_pseudonyms_for_different_names() -> None:
    for template, media_type in (
        ("<AssociateName>{}</AssociateName>", "text/xml"),
        ("AssociateName={}", FORM),
        ("<Login>{}</Login>", "text/xml"),
    ):
        for name in ("4711", "4712"):
            redacted = redact_body(template.format(name), media_type)
            assert redacted == template.format(pseudonym(name)), template


def test_the_ids_of_tenants_become_pseudonyms_on_demand() -> None:
    url = "http://a/Cust26759/api/v1/Agents/EMail/SyncEmailAccounts"
    original = entry(url, label=Label(tenant="Cust26759"))
    redactor = Redactor(options=Options(hide_tenants=True))
    redacted = redactor.redact_entry(original)
    assert redacted.label.tenant is not None
    assert is_tenant_pseudonym(redacted.label.tenant)
    assert f"/{redacted.label.tenant}/api/v1/" in redacted.request.url
    assert "26759" not in f"{redacted}"
    assert redactor.redact_entry(redacted) == redacted
    assert redact(original).label.tenant == "Cust26759"


def test_paths_around_the_call_keep_their_words() -> None:
    for path, shape in (
        ("/Cust1/api/v1/Agents/EMail/GetEMailAccount", None),
        ("/api/v1/Contact/0/Person", "/api/v1/Contact/0/{}"),
        ("/api/v1/User/currentPrincipal", None),
        ("/api/state/Cust1", None),
        ("/SuperOffice/api/", None),
        ("/api/v1/api/v1/Agents/EMail/SyncEmailAccounts", None),
        ("/login/common/oauth/tokens", None),
        ("/Cust1/Login/api/PartnerSystemUser/Authenticate", None),
        ("/secret/api/v1/Agents/List/GetX/z", "/{}/api/v1/Agents/List/GetX/{}"),
        ("/api/v1/Agents/Walker/GetX", "/api/v1/Agents/{}/{}"),
        ("/api/v1/Walker", "/api/v1/{}"),
        ("/api/v1/Agents", None),
        ("/crm/WebAPI/api/v1/", None),
        ("/crm/webapi", "/{}/{}"),
        ("/a/crm", "/{}/{}"),
        ("", None),
    ):
        redacted = redact(entry(f"http://a{path}")).request.url
        assert PATTERN.sub("{}", redacted).partition(".invalid")[2] == (shape or path), path


def rejection(body: bytes, media_type: str) -> tuple[int, str]:
    """Return the status of a rejected body, and the place of its error without pseudonyms."""
    with pytest.raises(InvalidBody) as error:
        decode(sync_email_accounts.operation().bodies, media_type, body, 10)
    return error.value.status, PATTERN.sub("x", error.value.where)


def test_an_invalid_body_is_rejected_for_the_same_reason_after_redaction() -> None:
    for name, (body, media_type) in INVALID.items():
        redacted = redact(question(body, media_type)).request
        after = rejection(redacted.body or b"", redacted.media_type)
        assert after == rejection(body.encode(), media_type), name


def test_markup_keeps_its_shape() -> None:
    for body, shape in (
        ("<x><!-- b", "<x><!--"),
        ("<x><![CDATA[b", "<x><![CDATA[{}"),
        ("<?b c", "<?removed"),
        ("<!DOCTYPE b", "<!DOCTYPE removed"),
        ("<!DOCTYPE b [ c", "<!DOCTYPE removed"),
        ("<AccountId>12</AccountId>", "<AccountId>12</AccountId>"),
        ("<x>12</x>\n<AccountId>x</AccountId>", "<x>{}</x>\n<AccountId>{}</AccountId>"),
        ("<x>0</x><IsActive>true</IsActive>", "<x>{}</x><IsActive>{}</IsActive>"),
        (XML_NULL.format("x"), XML_NULL.format("x")),
    ):
        assert PATTERN.sub("{}", redact_body(body, "text/xml")) == shape, body


def test_a_body_that_can_not_be_redacted_is_left_out_with_a_note() -> None:
    multipart: Headers = (("content-type", "multipart/form-data"),)
    bomb = gzip.compress(b" " * (16 * 1024 * 1024 + 1))
    for headers, body, note in (
        (JSON, b"\xff\xff", "it is not text in its charset"),
        (JSON, b'"' + b"a" * 8 * 1024 * 1024 + b'"', "it is longer than 8 MiB"),
        (multipart, b"--a", "its type is neither JSON, XML nor"),
        ((), b"{Walker}", "its type is neither JSON, XML nor a form"),
        ((), b'"Walker"', "its type is neither JSON, XML nor a form"),
        ((*JSON, ("content-encoding", "br")), b"\x8b\xff", "it can't be decompressed"),
        ((*JSON, ("content-encoding", "gzip")), bomb, "it can't be decompressed, or is too long"),
    ):
        redacted = redact(entry(headers=headers, body=body))
        assert redacted.request.body is None, note
        assert note in "".join(redacted.label.notes)
        (read_again,) = har_file.read(har_file.encode(recording(redacted))).entries
        assert (read_again.request.body, read_again.request.length) == (None, len(body)), note
        assert read_again.request.media_type == redacted.request.media_type


def test_a_compressed_body_is_kept_decompressed_with_a_note() -> None:
    body = gzip.compress(json_body("Walker").encode())
    redacted = redact(entry(headers=(*JSON, ("content-encoding", "gzip")), body=body))
    assert redacted.request.body == redact_body(json_body("Walker")).encode()
    assert redacted.label.notes == ("the request body is kept without its Content-Encoding",)


def test_a_body_with_the_coding_identity_is_kept() -> None:
    headers = (*JSON, ("content-encoding", "identity"))
    assert redact(entry(headers=headers)).request.body == BODY


# ---- responses and labels --------------------------------------------------------------------


def test_the_vendors_fixed_error_texts_stay_and_other_messages_become_their_length() -> None:
    fixed = {"Message": "The request is invalid.", "Error": True, "TechExplanation": None}
    fixed |= {"ErrorType": "ArgumentException"}
    others = {
        "MessageDetail": "Walker is unknown",
        "Title": "superoffice",
        "UserExplanation": "The request is invalid.!",
    }
    lengths = {name: f"{{}} ({len(text)} characters)" for name, text in others.items()}
    redacted = PATTERN.sub("{}", redact_answer(json.dumps(fixed | others)))
    assert json.loads(redacted) == fixed | lengths
    xml = "<Error><Error>true</Error><Message>No Walker</Message></Error>"
    kept = PATTERN.sub("{}", redact_answer(xml, "text/xml"))
    assert kept == "<Error><Error>true</Error><Message>{} (9 characters)</Message></Error>"


def test_a_message_stays_on_demand() -> None:
    body = json.dumps({"Message": "No.", "MessageDetail": "/SyncUserAccounts: expected an array"})
    assert redact(answer(body), KEEP_MESSAGES).response.body == body.encode()


def test_the_description_in_the_answer_to_a_get_is_public() -> None:
    document = sync_email_accounts.operation().description
    body = msgspec.json.encode(document)
    assert redact(answer(body, status=200)).response.body == body


def test_times_outcomes_and_known_claims_stay() -> None:
    label = Label("turned_away", "high", "Cust12345", 3, ("silent-drop", "nobody"), "that it is")
    redacted = redact(entry(label=label), KEEP_MESSAGES)
    times = (redacted.at, redacted.elapsed, redacted.service_time)
    assert times == (1_800_000_000.0, 0.03, 0.02)
    assert redacted.label == Label(
        "turned_away", "high", "Cust12345", 3, ("silent-drop",), "that it is"
    )


def test_only_notes_of_our_own_stay() -> None:
    own = (
        "the request body was left out: it did not arrive completely",
        "the request body was left out: it can't be decompressed, or is too long then",
        "the recorder answered 502 in the upstream's place",
    )
    foreign = ("the request body was left out: hunter2", "Kari called", f"{own[0]}, says Kari")
    notes = redact(entry(label=Label(notes=(*own, *foreign)))).label.notes
    assert notes[:3] == own
    hidden = [PATTERN.sub("{}", note) for note in notes[3:]]
    assert hidden == [f"{{}} ({len(note)} characters)" for note in foreign]


def test_the_reason_of_a_missing_answer_stays_or_becomes_what_grade_concludes() -> None:
    for failure, after in (
        *((word, word) for word in ("reset", "timed out", "cut off", "aborted", "stalled")),
        *((word, word) for word in ("refused", "unreachable", "TLS failed", "net::ERR_ABORTED")),
        ("Walker canceled", "aborted"),
        ("Walker is away", "failed"),
    ):
        assert redact(entry(status=0, failure=failure)).response.failure == after
