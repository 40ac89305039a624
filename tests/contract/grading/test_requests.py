"""Each request of a HAR against the contract: what is found, and what is left alone."""

import base64
import codecs
from pathlib import Path
from typing import Any

import pytest

from superoffice_contract import report
from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import grade
from superoffice_contract.openapi import claims
from tests.contract.grading.builders import (
    BASIC,
    ONLINE,
    ONSITE,
    PATH,
    SIGNED_IN,
    Headers,
    body,
    entry,
    failed,
    graded,
    only,
    result,
)

FORM = "application/x-www-form-urlencoded"
XML = (
    '<x:SyncEmailAccountsRequest xmlns:x="urn:x" '
    'xmlns:i="http://www.w3.org/2001/XMLSchema-instance">'
    "<x:syncUserAccounts><x:SyncUserAccount><x:AssociateName i:nil='true'/><x:AccountId> 507 "
    "</x:AccountId><x:TableRight><a>1</a></x:TableRight></x:SyncUserAccount></x:syncUserAccounts>"
    "</x:SyncEmailAccountsRequest>"
)
TICKET: Headers = {"authorization": "sOtIcKeT 7T:x", "CONTENT-TYPE": "text/json; charset=utf-8"}
SESSION = {"Cookie": "a=1; ASP.NET_SessionId=s", "X-XSRF-TOKEN": "x"}


def typed(media_type: str) -> Headers:
    return SIGNED_IN | {"Content-Type": media_type}


def sent(text: str, media_type: str = "application/json") -> dict[str, Any]:
    return entry(headers=typed(media_type), text=text)


GOOD = {
    "the page's sample": entry(),
    "Latin-1": entry(headers=typed('application/json; charset="ISO-8859-1"')),
    "camelCase": sent('{"syncUserAccounts":[{"accountId":507,"associateName":null}]}'),
    "free members": sent('{"SyncUserAccounts":[{"TableRight":{"a":[1]},"FieldProperties":{}}]}'),
    "nothing to sync": sent("{}"),
    "null": sent('{"SyncUserAccounts":null}', "application/merge-patch+json"),
    "XML": sent(XML, "text/xml"),
    "XML behind a mark": sent(
        "\ufeff<?xml version='1.0' encoding='utf-16'?>" + XML, "application/xml"
    ),
    "empty XML": sent("<SyncEmailAccountsRequest/>", "text/xml"),
    "form": sent("SyncUserAccounts%5B0%5D%5BAccountId%5D=507", FORM),
    "form with dots": sent(
        "syncuseraccounts[3].accountid=507&SyncUserAccounts[3].TableRight.a=1", FORM
    ),
    "$select": entry(url=f"{ONSITE}/?%24SELECT=name"),
    "below a segment": entry(url=f"http://x/crm{PATH.lower()}"),
    "ticket": entry(headers=TICKET),
    "ticket Online": entry(url=ONLINE, headers=TICKET | {"so-apptoken": "t"}),
    "token Online": entry(
        url=ONLINE, headers=typed("text/json") | {"Authorization": "Bearer 8A:x"}
    ),
    "session": entry(headers=SESSION | {"content-type": "text/json"}),
    "redacted value": entry(headers=typed("text/json") | {"Authorization": "Basic [redacted]"}),
    "not recorded": {"request": {"method": "POST", "url": ONSITE}, "response": {"status": 204}},
}


@pytest.mark.parametrize("recorded", GOOD.values(), ids=GOOD)
def test_nothing_is_found_in_a_request_that_keeps_the_contract(
    recorded: dict[str, Any], tmp_path: Path
) -> None:
    assert failed(graded(tmp_path, recorded)) == {}


def raw(content: bytes, charset: str) -> dict[str, Any]:
    recorded = entry(headers=typed(f"application/json; charset={charset}"))
    text = base64.b64encode(content).decode()
    recorded["request"]["postData"] = {"encoding": "base64", "text": text}
    return recorded


BOMBS = '<!DOCTYPE a [<!ENTITY b "c">]>'
SYNTAX = "the body is not JSON: "
NO_FORM = "field 1 is no path such as SyncUserAccounts[0][AccountId]"
PLACE = "/SyncUserAccounts/0/AccountId: expected an integer"
BAD = {
    "no type": (
        entry(headers={"Authorization": BASIC}),
        "media-type",
        "Content-Type is missing; send",
    ),
    "plain": (sent("x", "text/plain"), "media-type", "'text/plain' is not documented; send one of"),
    "odd type": (sent("x", "<script>"), "media-type", "this is not documented; send one of"),
    "charset": (
        sent("x", "text/xml; charset=ebcdic"),
        "media-type",
        "the charset of Content-Type is",
    ),
    "gzip": (
        entry(headers=SIGNED_IN | {"Content-Encoding": "gzip"}),
        "media-type",
        "send it plain",
    ),
    "no body": (sent(""), "body", "there is no body; send one, as application/json"),
    "cut": (sent('{"a":'), "body", f"{SYNTAX}Expecting value (line 1, column 6)"),
    "NaN": (sent('{"a":NaN}'), "body", f"{SYNTAX}NaN is no number"),
    "deep": (sent("[" * 100_000), "body", "the body is not JSON that anybody would read"),
    "null": (sent("null"), "body", "the body: expected an object, got null"),
    "array": (sent("[1]"), "body", "the body: expected an object, got an array"),
    "no list": (sent('{"SyncUserAccounts":{"a":1}}'), "body", "an array or null, got an object"),
    "null item": (
        sent('{"SyncUserAccounts":[{},null]}'),
        "body",
        "/SyncUserAccounts/1: expected an",
    ),
    "text": (sent('{"SyncUserAccounts":[{"AccountId":"507"}]}'), "body", f"{PLACE}, got text"),
    "boolean": (
        sent('{"SyncUserAccounts":[{"AccountId":true}]}'),
        "body",
        f"{PLACE}, got a boolean",
    ),
    "1.0": (
        sent('{"SyncUserAccounts":[{"AccountId":1.0}]}'),
        "body",
        f"{PLACE}, got a number with",
    ),
    "1e400": (
        sent('{"SyncUserAccounts":[{"AccountId":1e400}]}'),
        "body",
        f"{PLACE}, got a number with",
    ),
    "overflow": (sent(body(2**31)), "body", f"{PLACE} from -2147483648 to 2147483647, got another"),
    "vast": (sent(body(10**30)), "body", f"{PLACE} from -2147483648 to 2147483647, got another"),
    "last": (sent('{"SyncUserAccounts":[{"AccountId":1,"accountid":""}]}'), "body", PLACE),
    "XML": (sent("<a>", "text/xml"), "body", "the body is not XML (line 1, column 4)"),
    "DTD": (
        sent(f"\n<!-- x -->{BOMBS}<a>&b;</a>", "text/xml"),
        "body",
        "the XML has a DTD; send it",
    ),
    "root": (
        sent("<a/>", "text/xml"),
        "body",
        "expected the root SyncEmailAccountsRequest, got 'a'",
    ),
    "item": (
        sent(XML.replace("x:SyncUserAccount>", "x:Other>"), "text/xml"),
        "body",
        "got 'Other'",
    ),
    "nested id": (
        sent(XML.replace(" 507 ", "<a/>"), "text/xml"),
        "body",
        f"{PLACE}, got an object",
    ),
    "XML text": (sent(XML.replace(" 507 ", "x"), "text/xml"), "body", f"{PLACE}, got text"),
    "text alone": (
        sent("<SyncEmailAccountsRequest>x</SyncEmailAccountsRequest>", "text/xml"),
        "body",
        "text",
    ),
    "word": (sent("hello", FORM), "body", NO_FORM),
    "no path": (sent("a[[=1", FORM), "body", NO_FORM),
    "both": (
        sent("SyncUserAccounts[0]=1&SyncUserAccounts[0].AccountId=1", FORM),
        "body",
        "field 2",
    ),
    "both ways": (sent("SyncUserAccounts[0].a=1&SyncUserAccounts[0]=1", FORM), "body", "field 2"),
    "no index": (
        sent("SyncUserAccounts[x][AccountId]=1", FORM),
        "body",
        "/SyncUserAccounts: expected ind",
    ),
    "empty form": (
        sent("SyncUserAccounts[0].TableRight=&SyncUserAccounts[0].AccountId=x", FORM),
        "body",
        PLACE,
    ),
    "not that charset": (
        raw(b"\xff\x00", "utf-8"),
        "body",
        "the body is not utf-8, which its Content-Type",
    ),
    "verb": (entry(method="PUT"), "address", "'PUT' is not documented; send POST"),
    "twice": (
        entry(url=f"http://x/api/v1{PATH}"),
        "address",
        "/api/v1 stands twice; give the client",
    ),
    "two segments": (
        entry(url=f"http://x/a/b{PATH}"),
        "address",
        "nothing is documented there; send it to",
    ),
    "below": (entry(url=f"{ONSITE}/x"), "address", "nothing is documented there; send it to"),
    "query": (
        entry(url=f"{ONSITE}?$top=1&$select=a"),
        "undocumented-members",
        "'$top' in the query is not",
    ),
    "member": (
        sent('{"a":1,"SyncUserAccounts":[]}'),
        "undocumented-members",
        "/'a' is not documented",
    ),
    "deep member": (
        sent(XML.replace("TableRight", "Other"), "text/xml"),
        "undocumented-members",
        "'Other' is",
    ),
    "odd member": (sent('{"<a b>":1}'), "undocumented-members", "/a member is not documented"),
    "answer": (entry(status=404), "answers", "answered 404: there is no such tenant or path"),
    "other answer": (entry(status=429), "answers", "answered 429: read its message"),
}


@pytest.mark.parametrize(("recorded", "check", "said"), BAD.values(), ids=BAD)
def test_what_breaks_the_contract_is_found_by_the_check_for_it(
    recorded: dict[str, Any], check: str, said: str, tmp_path: Path
) -> None:
    report = graded(tmp_path, recorded)
    assert list(failed(report)) == [check]
    assert any(said in what for what in failed(report)[check]), failed(report)
    assert report.exit_code == 1


@pytest.mark.parametrize("query", ["7T:secret", "c2VjcmV0==", "c2VjcmV0="])
def test_a_lone_word_in_a_query_is_not_repeated(query: str, tmp_path: Path) -> None:
    finding = only(graded(tmp_path, entry(url=f"{ONSITE}?{query}")), "undocumented-members")
    assert finding.what == "a name in the query is not documented; leave it out"


def test_a_form_without_accounts_is_found_beside_what_it_names_instead(tmp_path: Path) -> None:
    found = failed(graded(tmp_path, sent("a=2&&b=1", FORM)))
    assert found["body"] == ["the body: expected an object with content, got nothing"]
    assert [one.split()[0] for one in found["undocumented-members"]] == ["/'a'", "/'b'"]


def signed(value: str, **more: str) -> Headers:
    return {"Content-Type": "application/json", "Authorization": value} | more


OFFER = "Authorization has an unknown scheme; send"
CREDENTIALS = {
    "none": (ONSITE, {}, 401, "there are no credentials; send Authorization, or"),
    "empty": (ONSITE, signed(""), 204, "Authorization is empty; send Basic or SOTicket"),
    "bare": (ONSITE, signed("7T:demo"), 204, f"{OFFER} Basic or SOTicket"),
    "unknown Online": (ONLINE, signed("Negotiate x"), 204, f"{OFFER} SOTicket or Bearer"),
    "Bearer onsite": (ONSITE, signed("Bearer x"), 204, "Bearer is not accepted onsite; send Basic"),
    "Basic Online": (ONLINE, signed(BASIC), 204, "Basic is not accepted Online; send SOTicket"),
    "no app": (ONLINE, signed("SOTicket x"), 204, "without SO-AppToken; send your app's token"),
    "no value": (ONSITE, signed("SOTicket"), 204, "Authorization has a scheme and no value"),
    "no base64": (ONSITE, signed("Basic tje0:Tje0"), 204, "is not base64 of user:password"),
    "no colon": (ONSITE, signed("Basic dGplMA=="), 204, "is not base64 of user:password"),
    "half": (ONSITE, {"cookie": "ASP.NET_SessionId=s"}, 204, "a session is sent without its one"),
    "other half": (
        ONSITE,
        {"x-xsrf-token": "x"},
        401,
        "without the cookie ASP.NET_SessionId; send",
    ),
    "blank half": (ONSITE, SESSION | {"X-XSRF-TOKEN": " "}, 401, "a session is sent without its"),
}


@pytest.mark.parametrize(
    ("url", "headers", "status", "said"), CREDENTIALS.values(), ids=CREDENTIALS
)
def test_credentials_that_the_installation_does_not_accept_are_found(
    url: str, headers: Headers, status: int, said: str, tmp_path: Path
) -> None:
    whole = {"Content-Type": "application/json"} | dict(headers)
    report = graded(tmp_path, entry(url=url, headers=whole, status=status))
    assert said in only(report, "credentials").what


def test_two_authorization_headers_are_found(tmp_path: Path) -> None:
    recorded = entry()
    recorded["request"]["headers"].append({"name": "AUTHORIZATION", "value": BASIC})
    said = "Authorization is sent 2 times; send it once"
    assert only(graded(tmp_path, recorded), "credentials").what == said


@pytest.mark.parametrize("headers", [{}, {"Authorization": "[Filtered]"}, {"X-XSRF-TOKEN": "x"}])
def test_credentials_that_were_not_recorded_are_not_judged(
    headers: Headers, tmp_path: Path
) -> None:
    whole = {"Content-Type": "application/json"} | dict(headers)
    alone = result(graded(tmp_path, entry(headers=whole)), "credentials")
    assert (alone.status, alone.note) == ("skipped", "no call has it on record")
    mixed = result(graded(tmp_path, entry(headers=whole), entry(at=9)), "credentials")
    assert (mixed.status, mixed.note) == ("passed", "1 of 2 calls can't be judged")


def test_a_body_that_was_not_recorded_is_not_judged(tmp_path: Path) -> None:
    recorded = entry(text="")
    recorded["request"] |= {"bodySize": 60, "postData": None}
    checks = {one.check for one in graded(tmp_path, recorded).results if one.status == "skipped"}
    assert {"body", "undocumented-members", "lost-accounts", "duplicate-account"} <= checks
    assert "media-type" not in checks


def test_a_body_whose_bytes_the_recorder_lost_is_not_judged(tmp_path: Path) -> None:
    """Chromium keeps UTF-16 as the text that UTF-8 would make of it."""
    sent = codecs.BOM_UTF16_LE + body(507).encode("utf-16-le")
    headers = {"Authorization": BASIC, "Content-Type": "application/json; charset=utf-16"}
    recorded = entry(headers=headers, text=sent.decode("utf-8", "replace"))
    report = graded(tmp_path, recorded)
    assert failed(report) == {}
    assert result(report, "body").status == "skipped"


def test_a_call_refused_without_any_trace_of_a_body_had_none(tmp_path: Path) -> None:
    recorded = entry(text="", status=400)
    recorded["request"] |= {"bodySize": -1}
    assert "there is no body" in only(graded(tmp_path, recorded), "body").what


@pytest.mark.parametrize(
    ("content", "charset"),
    [
        ("\ufeff" + body(5, 5), "utf-8"),
        (body(5, 5), "utf-16le"),
        ("\ufeff" + body(5, 5), "utf-16"),
        (body(5, 5), "latin1"),
    ],
)
def test_a_body_in_base64_is_read_in_its_charset(
    content: str, charset: str, tmp_path: Path
) -> None:
    encoding = "utf-16-le" if charset == "utf-16" else charset
    finding = only(graded(tmp_path, raw(content.encode(encoding), charset)), "duplicate-account")
    assert finding.what.startswith("lists account 5 more than once")


@pytest.mark.parametrize("recorded", [GOOD["XML"], GOOD["form"], GOOD["camelCase"]])
def test_accounts_are_read_from_every_family_of_media_types(
    recorded: dict[str, Any], tmp_path: Path
) -> None:
    lost = only(graded(tmp_path, recorded | {"time": 1001}), "lost-accounts")
    assert lost.what.startswith("account 507 possibly lost (medium confidence")


@pytest.mark.parametrize("method", ["\ud800", "\x1b[2J", "P" * 5_000])
def test_a_verb_that_is_no_text_can_be_told_in_every_format(method: str, tmp_path: Path) -> None:
    found = graded(tmp_path, entry(method=method))
    assert failed(found)["address"][0].startswith("this verb is not documented")
    for written in (report.as_text, report.as_json, report.as_junit):
        assert len(written(found).encode()) < 10_000


def test_a_finding_names_the_request_its_time_and_the_claims(tmp_path: Path) -> None:
    noise = entry(url="http://crm.example/api/v1/Contact/1")
    finding = only(graded(tmp_path, noise, entry(method="PATCH")), "address")
    assert finding.where == f"entries[1] 2026-11-20T08:00:00+00:00 PATCH {PATH}"
    assert finding.claims == ("method", "method-not-allowed")


def test_preflights_and_descriptions_are_no_calls(tmp_path: Path) -> None:
    asked = [entry(method=verb, headers={}) for verb in ("OPTIONS", "GET", "HEAD")]
    report = graded(tmp_path, *asked, entry())
    assert report.exit_code == 0
    assert ("calls", "1") in report.facts
    with pytest.raises(TrafficError, match="no call of SyncEmailAccounts among its 3 entries"):
        graded(tmp_path, *asked)


def test_an_answer_that_another_check_explains_is_not_told_twice(tmp_path: Path) -> None:
    report = graded(tmp_path, entry(headers=signed("Bearer x"), status=401))
    assert list(failed(report)) == ["credentials"]


def test_of_very_many_findings_the_first_are_told(tmp_path: Path) -> None:
    report = graded(tmp_path, *(entry(method="PUT", at=index * 9) for index in range(51)))
    found = result(report, "address")
    assert (len(found.findings), found.note) == (50, "the first 50 of 51")


def test_every_claim_that_a_check_or_a_finding_names_exists(tmp_path: Path) -> None:
    reports = [graded(tmp_path, recorded) for recorded, _, _ in BAD.values()]
    reports += [
        graded(tmp_path, entry(url=url, headers=headers, status=status))
        for url, headers, status, _ in CREDENTIALS.values()
    ]
    named = {id_ for one in reports for finding in one.findings for id_ in finding.claims}
    named |= {id_ for check in grade.CHECKS for id_ in check.claims}
    assert named - set(claims.load()) == set()
