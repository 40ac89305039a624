"""Drift of the vendor's page: every kind of change is found, with its place and its claim."""

import re
from collections.abc import Callable

import pytest

from superoffice_contract.drift.baseline import expected
from superoffice_contract.drift.prose_patterns import STATEMENTS, Statement, sentences
from superoffice_contract.openapi import claims
from tests.contract.drift import documents
from tests.contract.drift.builders import findings, found, report_of
from tests.contract.drift.documents import line_of

LAYOUTS = {"text": documents.TEXT, "Markdown": documents.MARKDOWN}
both = pytest.mark.parametrize("page", LAYOUTS.values(), ids=LAYOUTS)


def fact(claim: str) -> str:
    """Return the words that a report calls a claim by."""
    return f'"{claims.load()[claim].fact}"'


def test_the_page_that_the_contract_was_made_from_has_not_drifted(page: str) -> None:
    assert findings(page) == []
    assert len(dict(report_of(page).facts)["facts read"]) == 2


@pytest.mark.claim(
    "response-title", "select-result", "sync-direction", "throttle-purpose", "xsrf-source"
)
def test_every_documented_claim_is_among_the_facts_of_a_page() -> None:
    documented = {one.id for one in claims.load().values() if one.kind == "documented"}
    assert {id_ for one in expected("page") for id_ in one.claims} == documented


@both
def test_a_faithful_page_has_not_drifted(page: str) -> None:
    report = report_of(page)
    assert list(report.findings) == []
    assert report.exit_code == 0
    assert [one.check for one in report.results if one.status == "skipped"] == ["account"]


@both
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("12,", "88031,"),
        ('"Olsen AS"', '"Lind, Dahl und Söhne"'),
        ("Accept-Language: nb,da", "Accept-Language: *"),
        ("\n", "\r\n"),
        (
            documents.PURPOSE,
            "It throttles to &amp;lt;b&amp;gt;spare&amp;lt;/b&amp;gt; the mail servers.",
        ),
        (documents.PURPOSE, "It throttles <br/>to spare\nthe mail servers."),
        (documents.TASKS, "We are limited to a maximum of 10 tasks."),
        ("return after 1 (one) second", "return after one second"),
        ("• Share\n", ""),
        (f"{documents.BANNER}\n\n", f"{documents.BANNER}\n"),
    ],
)
def test_what_no_fact_hangs_on_is_no_drift(page: str, old: str, new: str) -> None:
    assert findings(page.replace(old, new)) == []


CHANGES = [
    ("api/v1/Agents", "api/v2/Agents", "changed: path: {path} instead of {ours}", "path"),
    (
        f"POST {documents.PATH}",
        f"PUT {documents.PATH}",
        "changed: method: PUT instead of POST",
        "method",
    ),
    ("$select string", "$select array", "changed: query $select: array", "select-param"),
    ("$select | string", "$select | array", "changed: query $select: array", "select-param"),
    (
        "category/id",
        "id",
        "changed: example of the query: $select=name,department,id",
        "select-list",
    ),
    ("204 No Content\n\n", "202 Accepted\n\n", "removed: response 204", "no-content"),
    ("204 | No Content", "202 | Accepted", "removed: response 204", "no-content"),
    ("\n204 No Content", "\n204 Started", "changed: response 204: Started instead", "no-content"),
    (
        "| 204 | No Content |",
        "| 204 | Started |",
        "changed: response 204: Started instead",
        "no-content",
    ),
    ("TimeZoneData", "SyncResult", "changed: response body: SyncResult", "response-title"),
    ("Body: request", "Body: accounts", "changed: name of the body: accounts", "request-body"),
    ("at most ten tasks", "at most twenty tasks", f"removed: {fact('task-cap')}", "task-cap"),
    (
        "at most ten tasks",
        "at most 20 tasks",
        f"changed: {fact('task-cap')}: 20 instead",
        "task-cap",
    ),
    (
        "after 1 (one) second",
        "after 5 (five) seconds",
        f"changed: {fact('busy-second')}: 5 second(s) instead",
        "busy-second",
    ),
    (
        "At most one such",
        "At most 2 such",
        f"changed: {fact('single-run')}: 2 instead",
        "single-run",
    ),
    (
        "one such call can",
        "one such call per tenant can",
        f"removed: {fact('single-run')}",
        "single-run",
    ),
    ("without any sign", "with a clear sign", f"removed: {fact('silent-drop')}", "silent-drop"),
    ("all tasks have", "the first task has", f"removed: {fact('lease-end')}", "lease-end"),
    (documents.LOCK, "", f"removed: {fact('lease-end')}", "lease-end"),
    (
        "Basic dGplMDpUamUw",
        "Bearer 8A:x",
        "changed: sample header authorization: Bearer 8A:x",
        "sample-credential",
    ),
    ("Accept-Language: nb,da\n", "", "removed: sample header accept-language", "sample-language"),
    (
        "Accept: application/json; charset=utf-8",
        "Accept: text/xml",
        "changed: sample header accept: text/xml",
        "sample-charset",
    ),
    (
        '"AssociateId": 7',
        '"OwnerId": 7',
        "removed: sample /SyncUserAccounts/*/AssociateId",
        "associate-id",
    ),
    (
        '"AssociateId": 7',
        '"OwnerId": true',
        "added: sample /SyncUserAccounts/*/OwnerId = boolean",
        "sample-request",
    ),
    (
        '"AccountId": 12',
        '"AccountId": "12"',
        "changed: sample /SyncUserAccounts/*/AccountId: string",
        "account-id",
    ),
    (
        '"AccountId": 12',
        '"AccountId": 1.5',
        "changed: sample /SyncUserAccounts/*/AccountId: number",
        "account-id",
    ),
    (
        "HTTP/1.1 204 No Content",
        "HTTP/1.1 202 Accepted",
        "changed: sample status: 202 Accepted",
        "sample-response",
    ),
    ("\n\nnull", "\n\n{}", "changed: sample body: object", "sample-response"),
    ("\n\nnull", "", "removed: sample body", "sample-response"),
]


@pytest.mark.parametrize(
    ("page", "old", "new", "what", "claim"),
    [
        pytest.param(page, *change, id=f"{layout}-{change[0]}-{change[1]}")
        for layout, page in LAYOUTS.items()
        for change in CHANGES
        if change[0] in page
    ],
)
def test_a_change_is_told_with_its_claim(
    page: str, old: str, new: str, what: str, claim: str
) -> None:
    path = documents.PATH.replace("v1", "v2")
    begin = what.format(path=path, ours=documents.PATH)
    told = [one for one in findings(page.replace(old, new)) if one.what.startswith(begin)]
    assert [claim in one.claims for one in told] == [True]


def test_every_change_is_one_of_some_layout() -> None:
    assert [old for old, *_ in CHANGES if not any(old in page for page in LAYOUTS.values())] == []


@both
def test_a_changed_path_is_found_where_the_call_stands(page: str) -> None:
    changed = page.replace("/api/v1/", "/api/v2/")
    place, what, named = found(changed)[0]
    assert (place, named) == (line_of(changed, "POST /api/v2"), ("path",))
    assert what.startswith("changed: path: /api/v2/")


@both
def test_a_new_media_type_is_found_in_its_row(page: str) -> None:
    changed = page.replace("`text/json`", "`text/json`, `application/cbor`")
    changed = changed.replace(" text/json,", " text/json, application/cbor,")
    assert found(changed) == [
        (line_of(changed, "cbor"), "added: media type application/cbor", ("media-types",))
    ]


@both
def test_a_media_type_that_went_is_missed_where_the_headers_begin(page: str) -> None:
    changed = page.replace(", `text/xml`", "").replace(", text/xml", "")
    assert found(changed) == [
        (line_of(changed, "Request Headers"), "removed: media type text/xml", ("media-types",))
    ]


@both
def test_a_header_row_that_went_is_missed_with_all_that_it_said(page: str) -> None:
    changed = "".join(one for one in page.splitlines(keepends=True) if documents.XSRF not in one)
    place = line_of(changed, "Request Headers")
    assert found(changed) == [
        (place, "removed: header x-xsrf-token", ("xsrf-header",)),
        (place, f"removed: {fact('xsrf-header')}", ("xsrf-header",)),
        (place, f"removed: {fact('xsrf-source')}", ("xsrf-source",)),
    ]


@both
def test_a_new_header_row_is_found(page: str) -> None:
    row = next(one for one in page.splitlines() if documents.TOKEN in one)
    new = row.replace("SO-AppToken", "SO-TimeZone")
    changed = page.replace(row, f"{row}\n{new}")
    assert found(changed) == [(line_of(changed, "SO-TimeZone"), "added: header so-timezone", ())]


@both
def test_a_new_scheme_is_found_in_its_row(page: str) -> None:
    changed = page.replace("'SoTicket' and 'Bearer'", "SoTicket, Bearer or 'DPoP'")
    assert found(changed) == [
        (line_of(changed, "DPoP"), "added: scheme dpop", ("authorization-schemes",))
    ]


@both
def test_schemes_that_are_not_listed_any_longer_are_missed(page: str) -> None:
    changed = page.replace(documents.SCHEMES, "Depending on the installation.")
    assert [what for _, what, _ in found(changed)] == [
        f"removed: scheme {name}" for name in ("basic", "soticket", "bearer")
    ]


@both
def test_a_query_without_select_is_missed(page: str) -> None:
    changed = "".join(one for one in page.splitlines(keepends=True) if documents.SELECT not in one)
    place = line_of(changed, "Query String Parameters")
    assert found(changed)[0] == (place, "removed: query $select", ("select-param",))
    assert {claim for _, _, named in found(changed) for claim in named} == {
        "select-param",
        "select-list",
        "select-result",
    }


@both
def test_a_whole_section_that_went_is_missed_where_the_call_stands(page: str) -> None:
    begin, end = page.index("Request Headers"), page.index("Request Body")
    changed = page[:begin].rstrip("# ") + ("## " if page.startswith("---") else "") + page[end:]
    missed = [one for one in findings(changed) if one.what.startswith("removed: header ")]
    assert len(missed) == 5
    assert {one.where for one in missed} == {line_of(changed, f"POST {documents.PATH}")}


@both
def test_types_named_for_the_answer_are_new(page: str) -> None:
    changed = page.replace(documents.ACCEPT, f"{documents.ACCEPT} application/json")
    place = line_of(changed, f"{documents.ACCEPT} app")
    assert found(changed) == [(place, "added: answer in application/json", ("accept-header",))]


@both
def test_a_new_answer_is_found(page: str) -> None:
    row = next(one for one in page.splitlines() if one.strip("| ").startswith("204"))
    new = row.replace("204", "429").replace("No Content", "Too Many Requests")
    changed = page.replace(f"\n{row}\n", f"\n{row}\n{new}\n")
    assert found(changed) == [
        (line_of(changed, "429"), "added: response 429 = Too Many Requests", ("no-content",))
    ]


def test_members_of_a_new_answer_are_found() -> None:
    row = "| Property Name | Type | Description |\n|---|---|---|\n| Started | bool | |"
    changed = documents.MARKDOWN.replace("TimeZoneData", f"TimeZoneData\n\n{row}")
    assert found(changed) == [
        (line_of(changed, "| Started"), "added: member of the response Started", ("no-content",))
    ]


@both
def test_a_new_member_of_the_body_is_found(page: str) -> None:
    row = next(one for one in page.splitlines() if one.strip("| ").startswith("SyncUserAccounts "))
    changed = page.replace(row, f"{row}\n{row.replace('SyncUser', 'Shared')}")
    place = line_of(changed, "SharedAccounts")
    assert found(changed) == [(place, "added: member SharedAccounts = array", ("accounts-array",))]


@both
def test_a_member_of_another_type_with_a_description_is_both_found(page: str) -> None:
    changed = page.replace("Accounts Array", "Accounts Object Not empty.")
    changed = changed.replace("| Array |  |", "| Object | Not empty. |")
    place = line_of(changed, "Not empty.")
    assert found(changed) == [
        (place, "changed: member SyncUserAccounts: object instead of array", ("accounts-array",)),
        (place, 'added: sentence: "Not empty."', ("accounts-array",)),
    ]


@both
def test_the_older_wording_without_a_throttle_has_lost_its_facts(page: str) -> None:
    begin = page.index(documents.SINGLE)
    changed = page[:begin] + page[page.index(documents.LOCK) + len(documents.LOCK) :]
    place = line_of(changed, f"POST {documents.PATH}")
    lost = ("single-run", "busy-second", "silent-drop", "throttle-purpose", "task-cap", "lease-end")
    assert found(changed) == [(place, f"removed: {fact(one)}", (one,)) for one in lost]


@both
@pytest.mark.parametrize("sentence", ["NsApiSlow threshold: 5000 ms.", "Use it with care!"])
def test_a_new_sentence_is_found(page: str, sentence: str) -> None:
    changed = (
        page.replace(documents.LOCK, f"{documents.LOCK} {sentence}")
        if page == documents.TEXT
        else (page.replace(documents.LOCK, f"{documents.LOCK}\n\n{sentence}"))
    )
    what = f'added: sentence: "{sentence}"'
    assert found(changed) == [(line_of(changed, sentence), what, ())]


@both
def test_more_in_a_known_sentence_is_found_with_what_it_adds_to(page: str) -> None:
    changed = page.replace(
        "all tasks have ended", "all tasks have ended, unless an admin breaks it"
    )
    ((place, what, named),) = found(changed)
    assert (place, named) == (line_of(changed, "admin"), ("lease-end",))
    assert what.startswith('added: more is said: "The lock is released once')


def without_outer_pipes(page: str) -> str:
    return re.sub(r"^\| *(.*?) *\|$", r"\1", page, flags=re.MULTILINE)


def aligned(page: str) -> str:
    return re.sub(r"-{3,}(?=\|)", ":---:", page)


WRITTEN = {
    "no outer pipes": without_outer_pipes,
    "aligned": aligned,
    "aligned, no outer pipes": lambda page: without_outer_pipes(aligned(page)),
    "escaped": lambda page: re.sub(r"^\| \$", r"| \\$", page, flags=re.MULTILINE),
    "bold names": lambda page: re.sub(r"^\| ([\w$-]+)", r"| **\1**", page, flags=re.MULTILINE),
    "names as code": lambda page: re.sub(r"^\| ([\w$-]+)", r"| `\1`", page, flags=re.MULTILINE),
    "tildes": lambda page: page.replace("```", "~~~"),
    "indented fences": lambda page: page.replace("```", "  ```"),
    "wide cells": lambda page: page.replace(" | ", "   |\t "),
    "deeper headings": lambda page: page.replace("\n## ", "\n#### "),
    "no front matter": lambda page: page.partition("\n---\n")[2],
    "line ends of Windows": lambda page: page.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("change", WRITTEN.values(), ids=WRITTEN)
def test_markdown_that_is_written_in_another_way_has_not_drifted(
    change: Callable[[str], str],
) -> None:
    page = change(documents.MARKDOWN)
    assert page != documents.MARKDOWN
    assert found(page) == []


@pytest.mark.parametrize("change", [without_outer_pipes, aligned], ids=lambda one: one.__name__)
def test_what_is_missing_from_a_table_is_found_however_it_is_written(
    change: Callable[[str], str],
) -> None:
    rows = [one for one in documents.MARKDOWN.splitlines() if not one.startswith("| SO-AppToken")]
    whats = [what for _, what, _ in found(change("\n".join(rows)))]
    assert "removed: header so-apptoken" in whats


def test_a_long_new_sentence_is_cut() -> None:
    ((_, what, _),) = found(
        documents.TEXT.replace(documents.LOCK, f"{documents.LOCK} {'Very ' * 99}long.")
    )
    assert what.endswith('Very…"')
    assert len(what) < 200


@both
def test_a_call_that_is_not_restricted_online_any_longer_has_drifted(page: str) -> None:
    changed = page.replace(f"## {documents.BANNER}", "").replace(documents.BANNER, "")
    place = line_of(changed, f"POST {documents.PATH}")
    words = fact("online-restricted")
    assert found(changed) == [
        (place, f"removed: {words} ({name})", ("online-restricted",))
        for name in ("online-closed", "online-request")
    ]


def test_a_new_part_of_the_page_is_found() -> None:
    changed = documents.MARKDOWN.replace("## Request Headers", "## Remarks\n\n## Request Headers")
    place = line_of(changed, "Remarks")
    assert found(changed) == [(place, 'added: sentence: "## Remarks"', ("select-param",))]


def test_a_second_call_and_a_table_in_the_description_are_found() -> None:
    row = "| Limit | Value |\n|---|---|\n| calls | 5 |"
    changed = documents.MARKDOWN.replace(
        documents.THROTTLE[:4], f"GET {documents.PATH}\n\n{row}\n\nAt m", 1
    )
    assert [what for _, what, _ in found(changed)][:2] == [
        f"added: call GET {documents.PATH}",
        "added: row calls",
    ]


@pytest.mark.parametrize(
    ("sample", "what"),
    [
        ("", "removed: sample call"),
        ("POST /api", "removed: sample accounts"),
        ("POST /api\n\n{oops", "changed: sample accounts: nothing"),
        ("POST /api\n\n[1, 2]", "added: sample /* = integer"),
        ('POST /api\n\n{"SyncUserAccounts": null}', "changed: sample /SyncUserAccounts: null"),
        ('POST /api\n\n{"SyncUserAccounts": [{}, 1]}', "changed: sample accounts: 2, not alike"),
        (f"POST /api\n\n{'[' * 100_000}", "changed: sample accounts: nothing"),
        ("POST /api\nAuthorization: Basic ÿÿ", "changed: sample header authorization: Basic ÿÿ"),
    ],
)
def test_a_sample_of_another_shape_has_drifted(sample: str, what: str) -> None:
    changed = findings(documents.TEXT.replace(documents.SAMPLE, sample))
    assert [one.what for one in changed if one.what.startswith(what)]


def test_a_page_that_ends_after_a_heading_lacks_the_rest() -> None:
    cut = documents.TEXT[: documents.TEXT.index("HTTP/1.1")]
    assert [what for _, what, _ in found(cut)] == [
        "removed: sample status",
        "removed: sample header content-type",
        "removed: sample body",
    ]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda one: one.id)
def test_no_statement_is_found_in_the_words_of_another(statement: Statement) -> None:
    paragraphs = (
        documents.SUMMARY,
        documents.THROTTLE,
        documents.BANNER,
        documents.SELECT,
        documents.TOKEN,
    )
    cells = (documents.CONTENT_TYPE, documents.ACCEPT, documents.XSRF, documents.SCHEMES)
    said = [one for text in (*paragraphs, *cells) for one in sentences(text)]
    matching = [one for one in said if statement.pattern.search(one)]
    assert len(matching) == 1
