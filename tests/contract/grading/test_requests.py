"""Checks of the requests in a HAR against the contract."""

import base64
import codecs
from pathlib import Path

import pytest

from superoffice_contract import report_formats
from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import grade
from superoffice_contract.openapi import claims
from tests.contract.grading.builders import (
    BASIC,
    ONLINE,
    ONSITE,
    PATH,
    SIGNED_IN,
    Entry,
    Headers,
    body_of,
    entry,
    failures_of,
    grade_entries,
    only_finding,
    result_of,
)

FORM = "application/x-www-form-urlencoded"
XML = (
    '<x:SyncEmailAccountsRequest xmlns:x="urn:x" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
    "<x:syncUserAccounts><x:SyncUserAccount><x:AssociateName i:nil='true'/><x:AccountId> 507 "
    "</x:AccountId><x:TableRight><Mask>1</Mask></x:TableRight></x:SyncUserAccount></x:syncUserAccounts>"
    "</x:SyncEmailAccountsRequest>"
)
TICKET: Headers = {"authorization": "sOtIcKeT 7T:x", "CONTENT-TYPE": "text/json; charset=utf-8"}
SESSION = {"Cookie": "a=1; ASP.NET_SessionId=s", "X-XSRF-TOKEN": "x"}
JSON_TYPE: Headers = {"Content-Type": "application/json"}
NOT_JSON = "the body is not JSON: "
NOT_A_KEY = "field 1: expected a key such as SyncUserAccounts[0][AccountId]"
NOT_AN_INTEGER = "/SyncUserAccounts/0/AccountId: expected an integer"
MISSING = (
    "/SyncUserAccounts: missing; send an array; "
    "a form does so with keys such as SyncUserAccounts[0][AccountId]"
)
OUT_OF_RANGE = f"{NOT_AN_INTEGER} from -2147483648 to 2147483647, got another number"
UNKNOWN_PATH = "this path is not documented; send to"
UNKNOWN = "Authorization has an unknown scheme; send"


def with_type(media_type: str) -> Headers:
    return SIGNED_IN | {"Content-Type": media_type}


def with_body(text: str, media_type: str = "application/json") -> Entry:
    return entry(headers=with_type(media_type), text=text)


def with_bytes(content: bytes, charset: str) -> Entry:
    request = entry(headers=with_type(f"application/json; charset={charset}"))
    text = base64.b64encode(content).decode()
    request["request"]["postData"] = {"encoding": "base64", "text": text}
    return request


def with_id(text: str) -> str:
    return f'{{"SyncUserAccounts":[{{"AccountId":{text}}}]}}'


def authorization(value: str) -> Headers:
    return {"Authorization": value}


VALID = {
    "the page's sample": entry(),
    "Latin-1": entry(headers=with_type('application/json; charset="ISO-8859-1"')),
    "camelCase": with_body('{"syncUserAccounts":[{"accountId":507,"associateName":null}]}'),
    "free members": with_body(
        '{"SyncUserAccounts":[{"TableRight":{"Mask":"F"},"FieldProperties":{}}]}'
    ),
    "nothing to sync": with_body("{}"),
    "null": with_body('{"SyncUserAccounts":null}', "application/merge-patch+json"),
    "XML": with_body(XML, "text/xml"),
    "XML after a byte order mark": with_body(
        "\ufeff<?xml version='1.0' encoding='utf-16'?>" + XML, "application/xml"
    ),
    "empty XML": with_body("<SyncEmailAccountsRequest/>", "text/xml"),
    "form": with_body("SyncUserAccounts%5B0%5D%5BAccountId%5D=507", FORM),
    "form with dots": with_body(
        "syncuseraccounts[3].accountid=507&SyncUserAccounts[3].TableRight.Mask=1", FORM
    ),
    "$select": entry(url=f"{ONSITE}/?%24SELECT=name"),
    "below a segment": entry(url=f"http://x/crm{PATH.lower()}"),
    "ticket": entry(headers=TICKET),
    "ticket Online": entry(url=ONLINE, headers=TICKET | {"so-apptoken": "t"}),
    "token Online": entry(
        url=ONLINE, headers=with_type("text/json") | {"Authorization": "Bearer 8A:x"}
    ),
    "session": entry(headers=SESSION | {"content-type": "text/json"}),
    "redacted value": entry(headers=with_type("text/json") | {"Authorization": "Basic [redacted]"}),
    "not recorded": {"request": {"method": "POST", "url": ONSITE}, "response": {"status": 204}},
}
INVALID_JSON = {
    "no body": ("", "there is no body; send one, as application/json"),
    "cut": ('{"a":', f"{NOT_JSON}it ends too early"),
    "NaN": ('{"a":NaN}', f"{NOT_JSON}JSON is malformed"),
    "deep": ("[" * 100_000, "the body is nested too deeply"),
    "null": ("null", "expected an object, got null"),
    "array": ("[1]", "expected an object, got an array"),
    "no list": ('{"SyncUserAccounts":{"a":1}}', "an array or null, got an object"),
    "null item": ('{"SyncUserAccounts":[{},null]}', "/SyncUserAccounts/1: expected an"),
    "text": (with_id('"507"'), f"{NOT_AN_INTEGER}, got a string"),
    "1.0": (with_id("1.0"), f"{NOT_AN_INTEGER}, got a number with a fraction or an exponent"),
    "overflow": (body_of(2**31), OUT_OF_RANGE),
    "vast": (body_of(10**30), OUT_OF_RANGE),
}
INVALID_XML = {
    "XML": ("<SyncEmailAccountsRequest>", "the body is not XML: no element found (line 1, c"),
    "DTD": ("<!DOCTYPE a><a/>", "the XML has a DTD; send it"),
    "root": ("<a/>", "expected the root SyncEmailAccountsRequest, got 'a'"),
    "item": (XML.replace("x:SyncUserAccount>", "x:Other>"), "/0: expected the element SyncUser"),
    "prefix": (XML.replace("x:AssociateName", "a{b:AssociateName"), "the body is not XML: "),
}
INVALID_FORMS = {
    "no path": ("a[[=1", NOT_A_KEY),
    "value and parent": ("SyncUserAccounts[0]=1&&SyncUserAccounts[0].AccountId=1", "field 2: the"),
    "JSON": (body_of(507), "the body is not a form; it looks like JSON"),
}
INVALID: dict[str, dict[str, tuple[Entry, str]]] = {
    "body": {
        **{
            name: (with_body(text, media_type), message)
            for media_type, cases in (
                ("application/json", INVALID_JSON),
                ("text/xml", INVALID_XML),
                (FORM, INVALID_FORMS),
            )
            for name, (text, message) in cases.items()
        },
        "not that charset": (with_bytes(b"\xff\x00", "utf-8"), "is not utf-8: byte 0 cannot be"),
    },
    "media-type": {
        "no type": (entry(headers={"Authorization": BASIC}), "Content-Type: missing; send one of"),
        "plain": (with_body("x", "text/plain"), "'text/plain' is not one of"),
        "odd type": (with_body("x", "<script>"), "this media type is not one of"),
        "charset": (with_body("x", "text/xml; charset=ebcdic"), "unknown charset 'ebcdic'; send"),
        "gzip": (entry(headers=SIGNED_IN | {"Content-Encoding": "gzip"}), "send it plain"),
    },
    "address": {
        "method": (entry(method="PUT"), "'PUT' is not documented; send POST"),
        "twice": (entry(url=f"http://x/api/v1{PATH}"), "/api/v1 occurs twice; give the"),
        "slash in front": (entry(url=f"http://x/{PATH}"), "a slash too many before 'api'; leave"),
        "slash inside": (
            entry(url=f"http://x{PATH.replace('/EMail', '%2F/EMail')}"),
            "a slash too many before 'EMail'",
        ),
        "slash at the end": (entry(url=f"http://x{PATH}//"), "a slash too many at its end"),
        "two segments": (entry(url=f"http://x/a/b{PATH}"), UNKNOWN_PATH),
        "below": (entry(url=f"{ONSITE}/x"), UNKNOWN_PATH),
    },
    "undocumented-members": {
        "query": (entry(url=f"{ONSITE}?$top=1&$select=a"), "'$top' in the query is not"),
        "member": (with_body('{"a":1,"SyncUserAccounts":[]}'), "/'a' is not documented"),
        "deep": (with_body(XML.replace("TableRight", "Other"), "text/xml"), "'Other' is"),
        "odd member": (with_body('{"<a b>":1}'), "/a member is not documented"),
    },
    "answers": {
        "404": (entry(status=404), "answered 404: there is no such tenant or path"),
        "429": (entry(status=429), "answered 429: read the message in the response"),
    },
}
"""By check: requests that it finds, and what it says."""
CREDENTIALS: dict[str, tuple[str, Headers, int, str]] = {
    "none": (ONSITE, {}, 401, "there are no credentials; send Authorization, or"),
    "empty": (ONSITE, authorization(""), 204, "Authorization is empty; send Basic or SOTicket"),
    "bare": (ONSITE, authorization("7T:demo"), 204, f"{UNKNOWN} Basic or SOTicket"),
    "unknown Online": (ONLINE, authorization("X x"), 204, f"{UNKNOWN} SOTicket or Bearer"),
    "Bearer onsite": (ONSITE, authorization("Bearer x"), 204, "is not accepted onsite; send Basic"),
    "Basic Online": (ONLINE, authorization(BASIC), 204, "is not accepted Online; send SOTicket"),
    "no app": (ONLINE, authorization("SOTicket x"), 204, "without SO-AppToken; send your app's"),
    "no value": (ONSITE, authorization("SOTicket"), 204, "has a scheme but no value"),
    "no base64": (ONSITE, authorization("Basic a:b"), 204, "is not base64 of user:password"),
    "no colon": (ONSITE, authorization("Basic dGplMA=="), 204, "is not base64 of user:password"),
    "no token": (ONSITE, {"cookie": "ASP.NET_SessionId=s"}, 204, "without its one XSRF value"),
    "no cookie": (ONSITE, {"x-xsrf-token": "x"}, 401, "without the cookie ASP.NET_SessionId; send"),
    "blank token": (ONSITE, SESSION | {"X-XSRF-TOKEN": " "}, 401, "without its one XSRF value"),
}


def test_a_request_that_keeps_the_contract_has_no_findings(tmp_path: Path) -> None:
    for name, request in VALID.items():
        assert failures_of(grade_entries(tmp_path, request)) == {}, name


def test_a_violation_is_found_by_the_check_for_it(tmp_path: Path) -> None:
    for check, requests in INVALID.items():
        for name, (request, message) in requests.items():
            report = grade_entries(tmp_path, request)
            assert list(failures_of(report)) == [check], name
            assert any(message in what for what in failures_of(report)[check]), failures_of(report)
            assert report.exit_code == 1, name


def test_a_single_word_in_a_query_is_not_repeated(tmp_path: Path) -> None:
    for query in ("7T:secret", "c2VjcmV0==", "c2VjcmV0="):
        report = grade_entries(tmp_path, entry(url=f"{ONSITE}?{query}"))
        finding = only_finding(report, "undocumented-members")
        assert finding.what == "a name in the query is not documented; leave it out", query


def test_undocumented_fields_of_a_form_are_found_beside_missing_accounts(tmp_path: Path) -> None:
    for body, names in (
        ("a=2&&b=1", ["/'a'", "/'b'"]),
        ("7T:secret&c2VjcmV0==&eyJ.c2Vj.cmV0=&a b=1", ["/a member"] * 2),  # words may be secrets
    ):
        failures = failures_of(grade_entries(tmp_path, with_body(body, FORM)))
        assert failures["body"] == [MISSING], body
        assert [what.split(" is ")[0] for what in failures["undocumented-members"]] == names, body


def test_five_problems_of_a_body_are_reported_each_with_its_place(tmp_path: Path) -> None:
    ids = ('"secret"', "1.0", "{}", "true", "2.0", "1e9", "null")
    items = ",".join(f'{{"AccountId":{id_}}}' for id_ in ids)
    request = with_body(f'{{"SyncUserAccounts":[{items}]}}')
    places = [what.split(":")[0] for what in failures_of(grade_entries(tmp_path, request))["body"]]
    assert len(places) == len(set(places)) == 5
    assert places[0] == "/SyncUserAccounts/0/AccountId"


def test_no_message_repeats_a_value_of_a_body(tmp_path: Path) -> None:
    secret = "s3cr3t-17"
    for text, media_type in (
        (with_id(f'"{secret}"'), "application/json"),
        (f'{{"{secret} {secret}":1}}', "application/json"),
        (f"<{secret}.{'x' * 60}/>", "text/xml"),
        (XML.replace("507", secret), "text/xml"),
        (XML.replace("x:SyncUserAccount>", f"x:{secret}{'x' * 60}>"), "text/xml"),
        (secret, FORM),
        (f"{secret}[x=1", FORM),
        (f"SyncUserAccounts[0].AccountId={secret}", FORM),
        (f"SyncUserAccounts[{secret}].AccountId=1", FORM),
    ):
        failures = failures_of(grade_entries(tmp_path, with_body(text, media_type)))
        assert "body" in failures or "undocumented-members" in failures, text
        assert secret not in str(failures), text


def test_escapes_of_a_recorded_form_are_bytes_of_its_charset(tmp_path: Path) -> None:
    body = "SyncUserAccounts[0].AssociateName=%E9+é"
    assert failures_of(grade_entries(tmp_path, with_body(body, f"{FORM}; charset=latin-1"))) == {}
    assert "body" in failures_of(grade_entries(tmp_path, with_body(body, FORM)))


def test_credentials_that_the_installation_does_not_accept_are_found(tmp_path: Path) -> None:
    for name, (url, headers, status, message) in CREDENTIALS.items():
        request = entry(url=url, headers=JSON_TYPE | headers, status=status)
        assert message in only_finding(grade_entries(tmp_path, request), "credentials").what, name


def test_two_authorization_headers_are_found(tmp_path: Path) -> None:
    request = entry()
    request["request"]["headers"].append({"name": "AUTHORIZATION", "value": BASIC})
    finding = only_finding(grade_entries(tmp_path, request), "credentials")
    assert finding.what == "Authorization is sent 2 times; send it once"


def test_credentials_that_were_not_recorded_are_not_checked(tmp_path: Path) -> None:
    marks = ("[Filtered]", "REDACTED", "***", "Basic ***", "Bearer *****", "SOTicket <hidden>")
    all_headers: list[Headers] = [{}, {"X-XSRF-TOKEN": "x"}, *map(authorization, marks)]
    blanked_session = {"Cookie": "[Filtered]", "X-XSRF-TOKEN": "[Filtered]"}
    for headers, status in (
        *((headers, 204) for headers in all_headers),
        (authorization("Bearer *****"), 401),
        (blanked_session, 401),
    ):
        request = entry(headers=JSON_TYPE | headers, status=status)
        result = result_of(grade_entries(tmp_path, request), "credentials")
        assert (result.status, result.reason) == ("skipped", "not recorded for any call"), headers
        result = result_of(grade_entries(tmp_path, request, entry(at=9)), "credentials")
        assert (result.status, result.reason) == ("passed", "1 of 2 calls can't be checked"), (
            headers
        )


def test_a_tool_that_took_credentials_out_of_one_call_took_all_out(tmp_path: Path) -> None:
    bare = [entry(headers=JSON_TYPE, at=at, status=status) for at, status in ((0, 401), (9, 204))]
    wrong = entry(headers=JSON_TYPE | authorization("Digest x"), at=20, status=401)
    result = result_of(grade_entries(tmp_path, *bare), "credentials")
    assert (result.status, result.reason) == ("skipped", "not recorded for any call")
    assert result_of(grade_entries(tmp_path, bare[0]), "credentials").status == "failed"
    assert result_of(grade_entries(tmp_path, *bare, wrong), "credentials").status == "failed"


def test_a_body_is_missing_only_where_the_file_shows_that_none_was_sent(tmp_path: Path) -> None:
    left_out: Entry = {"bodySize": -1, "postData": None}
    playwright = {"mimeType": "application/json", "text": "", "params": [], "_file": "a.json"}
    for request, status, length, expected in (
        (left_out, 204, None, "skipped"),
        (left_out | {"bodySize": 0}, 204, None, "skipped"),  # as Chromium writes it
        (left_out | {"bodySize": None}, 500, None, "skipped"),
        (left_out, 401, None, "skipped"),
        (left_out | {"bodySize": 60}, 204, None, "skipped"),
        ({"bodySize": 0, "postData": playwright}, 204, None, "skipped"),
        (left_out | {"bodySize": 0}, 204, "0", "failed"),
        (left_out, 204, "17", "skipped"),
        (left_out, 400, None, "failed"),
        (left_out, 400, "chunked", "skipped"),
    ):
        call = entry(text="", status=status)
        call["request"] |= request
        name = "Transfer-Encoding" if length == "chunked" else "Content-Length"
        if length is not None:
            call["request"]["headers"].append({"name": name, "value": length})
        report = grade_entries(tmp_path, call)
        assert result_of(report, "body").status == expected, (request, length)
        if expected == "failed":
            assert "there is no body" in only_finding(report, "body").what
        else:
            of_bodies = ("undocumented-members", "lost-accounts", "duplicate-account")
            assert {result_of(report, check).status for check in of_bodies} == {"skipped"}
            assert result_of(report, "media-type").status != "skipped"
        call["request"]["headers"] = [{"name": "Authorization", "value": BASIC}]
        report = grade_entries(tmp_path, call)
        assert result_of(report, "media-type").status != "failed", (request, length)


def test_a_body_with_lost_bytes_is_not_checked(tmp_path: Path) -> None:
    """Chromium records a body in UTF-16 as if it were UTF-8."""
    body = codecs.BOM_UTF16_LE + body_of(507).encode("utf-16-le")
    headers = {"Authorization": BASIC, "Content-Type": "application/json; charset=utf-16"}
    request = entry(headers=headers, text=body.decode("utf-8", "replace"))
    report = grade_entries(tmp_path, request)
    assert failures_of(report) == {}
    assert result_of(report, "body").status == "skipped"


def test_a_body_in_base64_is_decoded_by_its_charset(tmp_path: Path) -> None:
    for text, encoding, charset in (
        ("\ufeff" + body_of(5, 5), "utf-8", "utf-8"),
        (body_of(5, 5), "utf-16-le", "utf-16le"),
        ("\ufeff" + body_of(5, 5), "utf-16-le", "utf-16"),
        (body_of(5, 5), "latin-1", "latin1"),
    ):
        report = grade_entries(tmp_path, with_bytes(text.encode(encoding), charset))
        finding = only_finding(report, "duplicate-account")
        assert finding.what.startswith("lists account 5 more than once"), charset


def test_accounts_are_read_from_json_xml_and_forms(tmp_path: Path) -> None:
    for name in ("camelCase", "XML", "form"):
        report = grade_entries(tmp_path, VALID[name] | {"time": 1001})
        finding = only_finding(report, "lost-accounts")
        assert finding.what.startswith("account 507 possibly lost (medium confidence"), name


def test_an_odd_method_can_be_reported_in_every_format(tmp_path: Path) -> None:
    for method in ("!#", "|~|", "P" * 5_000):
        graded = grade_entries(tmp_path, entry(method=method))
        assert failures_of(graded)["address"][0].startswith("this method is not documented")
        for render in report_formats.FORMATS.values():
            assert len(render(graded).encode()) < 10_000, method[:9]


def test_a_finding_names_the_request_its_time_and_the_claims(tmp_path: Path) -> None:
    other_call = entry(url="http://crm.example/api/v1/Contact/1")
    report = grade_entries(tmp_path, other_call, entry(method="PATCH"))
    finding = only_finding(report, "address")
    assert finding.where == f"entries[1] 2026-11-20T08:00:00.500000+00:00 PATCH {PATH}"
    assert finding.claims == ("method", "method-not-allowed")


def test_requests_with_a_safe_method_are_not_calls(tmp_path: Path) -> None:
    requests = [entry(method=method, headers={}) for method in ("OPTIONS", "GET", "HEAD")]
    report = grade_entries(tmp_path, *requests, entry())
    assert report.exit_code == 0
    assert ("calls", "1") in report.facts
    with pytest.raises(TrafficError, match="no call of the EMail agent among its 3 entries"):
        grade_entries(tmp_path, *requests)


def test_an_answer_that_another_check_explains_is_not_reported_twice(tmp_path: Path) -> None:
    request = entry(headers=JSON_TYPE | authorization("Bearer x"), status=401)
    assert list(failures_of(grade_entries(tmp_path, request))) == ["credentials"]


def test_only_the_first_of_many_findings_are_reported(tmp_path: Path) -> None:
    report = grade_entries(tmp_path, *(entry(method="PUT", at=index * 9) for index in range(51)))
    result = result_of(report, "address")
    assert (len(result.findings), result.reason) == (50, "the first 50 of 51")


def test_every_claim_of_a_check_or_a_finding_exists(tmp_path: Path) -> None:
    requests = [request for cases in INVALID.values() for request, _ in cases.values()]
    requests += [
        entry(url=url, headers=JSON_TYPE | headers, status=status)
        for url, headers, status, _ in CREDENTIALS.values()
    ]
    used = {id_ for check in grade.CHECKS for id_ in check.claims}
    for request in requests:
        for finding in grade_entries(tmp_path, request).findings:
            used |= set(finding.claims)
    assert used - set(claims.load()) == set()
