"""Drift of the vendor's page: every kind of change is reported with its place and its claim."""

import re
from collections.abc import Callable

import pytest

from superoffice_contract.drift.baseline import expected_facts
from superoffice_contract.drift.prose_patterns import STATEMENTS, split_sentences
from superoffice_contract.messages import shorten
from superoffice_contract.openapi import claims
from superoffice_contract.operations import sync_email_accounts
from tests.contract.drift import documents
from tests.contract.drift.documents import drift_of, line_of, report_of

LAYOUTS = {"text": documents.TEXT, "Markdown": documents.MARKDOWN}
all_layouts = pytest.mark.parametrize("page", LAYOUTS.values(), ids=LAYOUTS)
CALL = f"POST {documents.PATH}"
JSON_HEADER = "Accept: application/json; charset=utf-8"
SLOW = "NsApiSlow threshold: 5000 ms."
OWNER = "/SyncUserAccounts/*/OwnerId"
CHANGES = {
    "path": [("api/v1/Agents", "api/v2/Agents", "changed: path: /api/v2/Agents/EMail/Sync")],
    "method": [(CALL, f"PUT {documents.PATH}", "changed: method: PUT instead of POST")],
    "select-param": [
        ("$select string", "$select array", "changed: query $select: array"),
        ("$select | string", "$select | array", "changed: query $select: array"),
    ],
    "select-list": [
        ("category/id", "id", "changed: example of the query: $select=name,department,id")
    ],
    "no-content": [
        ("204 No Content\n\n", "202 Accepted\n\n", "removed: response 204"),
        ("204 | No Content", "202 | Accepted", "removed: response 204"),
        ("\n204 No Content", "\n204 Started", "changed: response 204: Started instead"),
        ("| 204 | No Content |", "| 204 | Started |", "changed: response 204: Started instead"),
    ],
    "response-title": [("TimeZoneData", "SyncResult", "changed: response body: SyncResult")],
    "request-body": [("Body: request", "Body: accounts", "changed: name of the body: accounts")],
    "task-cap": [
        ("at most ten tasks", "at most twenty tasks", "removed: {fact}"),
        ("at most ten tasks", "at most 20 tasks", "changed: {fact}: 20 instead"),
    ],
    "busy-second": [("1 (one) second", "5 (five) seconds", "changed: {fact}: 5 second(s) instead")],
    "single-run": [
        ("At most one such", "At most 2 such", "changed: {fact}: 2 instead"),
        ("one such call can", "one such call per tenant can", "removed: {fact}"),
    ],
    "slow-threshold": [
        (documents.LOCK, SLOW.replace("5000 ms", "10 seconds"), "changed: {fact}: 10 second(s) in")
    ],
    "silent-drop": [("without any sign", "with a clear sign", "removed: {fact}")],
    "lease-end": [
        ("all tasks have", "the first task has", "removed: {fact}"),
        (documents.LOCK, "", "removed: {fact}"),
    ],
    "sample-credential": [
        (documents.BASIC, "Bearer 8A:x", "changed: sample header authorization: Bearer 8A:x")
    ],
    "sample-language": [("Accept-Language: nb,da\n", "", "removed: sample header accept-language")],
    "sample-charset": [
        (JSON_HEADER, "Accept: text/xml", "changed: sample header accept: text/xml")
    ],
    "associate-id": [
        ('"AssociateId"', '"OwnerId"', "removed: sample /SyncUserAccounts/*/AssociateId")
    ],
    "sample-request": [('"AssociateId": 7', '"OwnerId": true', f"added: sample {OWNER} = boolean")],
    "account-id": [
        ('Id": 12', 'Id": "12"', "changed: sample /SyncUserAccounts/*/AccountId: string"),
        ('Id": 12', 'Id": 1.5', "changed: sample /SyncUserAccounts/*/AccountId: number"),
    ],
    "sample-response": [
        ("1.1 204 No Content", "1.1 202 Accepted", "changed: sample status: 202 Accepted"),
        ("\n\nnull", "\n\n{}", "changed: sample body: object"),
        ("\n\nnull", "", "removed: sample body"),
    ],
}


def fact(claim: str) -> str:
    """Return the text of *claim* as a report shows it."""
    return f'"{claims.load()[claim].fact}"'


def without_line(page: str, part: str) -> str:
    return "".join(line for line in page.splitlines(keepends=True) if part not in line)


def test_the_vendor_page_itself_has_not_drifted(page: str) -> None:
    assert drift_of(page) == []
    assert len(dict(report_of(page).facts)["facts read"]) == 2


@pytest.mark.claim(
    "response-title",
    "select-result",
    "slow-threshold",
    "sync-direction",
    "throttle-purpose",
    "xsrf-source",
)
def test_every_claim_that_the_page_states_is_among_the_facts_of_a_page() -> None:
    stated = {claim.id for claim in claims.load().values() if claim.section is not None}
    facts = expected_facts("page", sync_email_accounts.operation())
    assert {id_ for expected in facts for id_ in expected.claims} == stated


IRRELEVANT_CHANGES = [
    ("12,", "88031,"),
    ('"Olsen AS"', '"Lind, Dahl und Söhne"'),
    ("Accept-Language: nb,da", "Accept-Language: *"),
    ("spare the", "&amp;lt;b&amp;gt;spare&amp;lt;/b&amp;gt; the"),
    (documents.PURPOSE, "It throttles <br/>to spare\nthe mail servers."),
    (documents.TASKS, "We are limited to a maximum of 10 tasks."),
    ("returns after 1 (one) second", "returns after one second"),
    ("• Share\n", ""),
    (f"{documents.BANNER}\n\n", f"{documents.BANNER}\n"),
    (documents.LOCK, f"{documents.LOCK} {SLOW}"),
]


def test_a_change_that_affects_no_fact_is_not_drift() -> None:
    for old, new in IRRELEVANT_CHANGES:
        pages = [page for page in LAYOUTS.values() if old in page]
        assert pages, old
        assert [drift_of(page.replace(old, new)) for page in pages] == [[]] * len(pages), new


def test_a_change_is_reported_with_its_claim() -> None:
    for claim, old, new, what in (
        (claim, *change) for claim, changes in CHANGES.items() for change in changes
    ):
        pages = [page for page in LAYOUTS.values() if old in page]
        assert pages, old
        for page in pages:
            begin = what.format(fact=fact(claim))
            drift = drift_of(page.replace(old, new))
            matching = [finding for finding in drift if finding.what.startswith(begin)]
            assert [claim in finding.claims for finding in matching] == [True], (old, new)


@all_layouts
def test_a_changed_path_is_reported_at_the_line_of_the_call(page: str) -> None:
    new_page = page.replace("/api/v1/", "/api/v2/")
    drift = drift_of(new_page)[0]
    assert (drift.place, drift.claims) == (line_of(new_page, "POST /api/v2"), ("path",))
    assert drift.what.startswith("changed: path: /api/v2/")


def found_at(page: str, part: str) -> list[tuple[str, ...]]:
    """Return the findings with their claims; all must be at the line of *part*."""
    drift = drift_of(page)
    assert {finding.place for finding in drift} == {line_of(page, part)}
    return [(finding.what, *finding.claims) for finding in drift]


@all_layouts
def test_a_change_of_media_types_and_schemes_is_reported_at_its_place(page: str) -> None:
    types = "media-types"
    new_page = page.replace("`text/json`", "`text/json`, `application/cbor`")
    new_page = new_page.replace(" text/json,", " text/json, application/cbor,")
    assert found_at(new_page, "cbor") == [("added: media type application/cbor", types)]
    new_page = page.replace(", `text/xml`", "").replace(", text/xml", "")
    assert found_at(new_page, "Request Headers") == [("removed: media type text/xml", types)]
    new_page = page.replace("'SoTicket' and 'Bearer'", "SoTicket, Bearer or 'DPoP'")
    assert found_at(new_page, "DPoP") == [("added: scheme dpop", "authorization-schemes")]
    new_page = page.replace(documents.SCHEMES, "Depending on the installation.")
    assert found_at(new_page, "Request Headers") == [
        (f"removed: scheme {name}", "authorization-schemes")
        for name in ("basic", "soticket", "bearer")
    ]
    new_page = page.replace(documents.ACCEPT, f"{documents.ACCEPT} application/json")
    assert found_at(new_page, f"{documents.ACCEPT} app") == [
        ("added: answer in application/json", "accept-header")
    ]


@all_layouts
def test_a_removed_row_is_reported_at_its_heading_with_all_its_facts(page: str) -> None:
    assert found_at(without_line(page, documents.XSRF), "Request Headers") == [
        ("removed: header x-xsrf-token", "xsrf-header"),
        (f"removed: {fact('xsrf-header')}", "xsrf-header"),
        (f"removed: {fact('xsrf-source')}", "xsrf-source"),
    ]
    row, *facts = found_at(without_line(page, documents.SELECT), "Query String Parameters")
    assert row == ("removed: query $select", "select-param")
    assert {claim for _, claim in facts} == {"select-param", "select-list", "select-result"}


@all_layouts
def test_a_new_row_is_reported(page: str) -> None:
    for begin, old, new, what, *ids in (
        ("SO-AppToken", "SO-AppToken", "SO-TimeZone", "added: header so-timezone"),
        ("204", "204", "429", "added: response 429 = No Content", "no-content"),
        (
            *("SyncUserAccounts ", "SyncUser", "Shared"),
            *("added: member SharedAccounts = array", "accounts-array"),
        ),
    ):
        row = next(line for line in page.splitlines() if line.strip("| ").startswith(begin))
        new_page = page.replace(f"\n{row}\n", f"\n{row}\n{row.replace(old, new)}\n")
        assert found_at(new_page, new) == [(what, *ids)]


@all_layouts
def test_a_removed_section_is_reported_at_the_line_of_the_call(page: str) -> None:
    begin, end = page.index("Request Headers"), page.index("Request Body")
    new_page = page[:begin].rstrip("# ") + ("## " if page.startswith("---") else "") + page[end:]
    headers = [drift for drift in drift_of(new_page) if drift.what.startswith("removed: header ")]
    assert [drift.place for drift in headers] == [line_of(new_page, CALL)] * 5


def test_another_section_call_or_table_is_reported() -> None:
    table = "| Property Name | Type | Description |\n|---|---|---|\n| Started | bool | |"
    for before, new, what, *ids in (
        ("### Response body: TimeZoneData", table, "member of the response Started", "no-content"),
        ("category/id\n```", "## Remarks", 'sentence: "## Remarks"', "select-param"),
        (documents.SUMMARY, f"GET {documents.PATH}", f"call GET {documents.PATH}", "method"),
        (documents.SUMMARY, table, "row Started"),
    ):
        new_page = documents.MARKDOWN.replace(before, f"{before}\n\n{new}")
        assert found_at(new_page, new.splitlines()[-1]) == [(f"added: {what}", *ids)]


@all_layouts
def test_a_new_type_and_a_new_description_of_a_member_are_reported(page: str) -> None:
    new_page = page.replace("Accounts Array", "Accounts Object Not empty.")
    new_page = new_page.replace("| Array |  |", "| Object | Not empty. |")
    assert found_at(new_page, "Not empty.") == [
        ("changed: member SyncUserAccounts: object instead of array", "accounts-array"),
        ('added: sentence: "Not empty."', "accounts-array"),
    ]


@all_layouts
def test_a_page_without_the_throttle_or_the_restriction_lacks_their_statements(page: str) -> None:
    before, _, rest = page.partition(documents.SINGLE)
    ids = ("single-run", "busy-second", "silent-drop", "throttle-purpose", "task-cap", "lease-end")
    assert found_at(before + rest.partition(documents.LOCK)[2], CALL) == [
        (f"removed: {fact(id_)}", id_) for id_ in ids
    ]
    new_page = page.replace(f"## {documents.BANNER}", "").replace(documents.BANNER, "")
    assert found_at(new_page, CALL) == [
        (f"removed: {fact('online-restricted')} ({name})", "online-restricted")
        for name in ("online-closed", "online-request")
    ]


@all_layouts
def test_new_text_is_reported_in_a_known_sentence_with_its_claim(page: str) -> None:
    separator = " " if page == documents.TEXT else "\n\n"
    for sentence in ("NsApiFast threshold: 5000 ms.", "Use it with care!", f"{'Very ' * 99}long."):
        new_page = page.replace(documents.LOCK, f"{documents.LOCK}{separator}{sentence}")
        assert found_at(new_page, sentence) == [(f'added: sentence: "{shorten(sentence)}"',)]
    new_page = page.replace("tasks have ended", "tasks have ended, unless an admin breaks it")
    ((what, *claims_of_text),) = found_at(new_page, "admin")
    assert what.startswith('added: more text: "The lock is released once')
    assert claims_of_text == ["lease-end"]


def without_outer_pipes(page: str) -> str:
    return re.sub(r"^\| *(.*?) *\|$", r"\1", page, flags=re.MULTILINE)


def align_columns(page: str) -> str:
    return re.sub(r"-{3,}(?=\|)", ":---:", page)


MARKDOWN_VARIANTS: dict[str, Callable[[str], str]] = {
    "no outer pipes": without_outer_pipes,
    "aligned": align_columns,
    "aligned, no outer pipes": lambda page: without_outer_pipes(align_columns(page)),
    "escaped": lambda page: re.sub(r"^\| \$", r"| \\$", page, flags=re.MULTILINE),
    "bold names": lambda page: re.sub(r"^\| ([\w$-]+)", r"| **\1**", page, flags=re.MULTILINE),
    "names as code": lambda page: re.sub(r"^\| ([\w$-]+)", r"| `\1`", page, flags=re.MULTILINE),
    "tildes": lambda page: page.replace("```", "~~~"),
    "indented fences": lambda page: page.replace("```", "  ```"),
    "wide cells": lambda page: page.replace(" | ", "   |\t "),
    "deeper headings": lambda page: page.replace("\n## ", "\n#### "),
    "no front matter": lambda page: page.partition("\n---\n")[2],
}


def without_blank_lines(page: str) -> str:
    return re.sub(r"\n\s*\n", "\n", page)


COPY_VARIANTS: dict[str, Callable[[str], str]] = {
    "line ends of Windows": lambda page: page.replace("\n", "\r\n"),
    "no blank lines": without_blank_lines,
    "no blank line before JSON": lambda page: re.sub(r"\n\n(?=[{n])", "\n", page),
    "JSON on one line": lambda page: re.sub(
        r"\{.*\}", lambda match: " ".join(match[0].split()), without_blank_lines(page), flags=re.S
    ),
    "a blank line after every line": lambda page: without_blank_lines(page).replace("\n", "\n\n"),
    "three blank lines": lambda page: page.replace("\n\n", "\n\n\n\n"),
    "blanks in blank lines": lambda page: page.replace("\n\n", "\n\u00a0 \t\n"),
    "indented": lambda page: without_blank_lines(page).replace("\n", "\n    "),
}
"""What browsers, mails and editors make of a page."""


def test_another_way_to_write_a_page_is_not_drift(page: str) -> None:
    pages = [(documents.MARKDOWN, MARKDOWN_VARIANTS)]
    pages += [(copy, COPY_VARIANTS) for copy in (documents.MARKDOWN, documents.TEXT, page)]
    for copy, variants in pages:
        for name, rewrite in variants.items():
            new_page = rewrite(copy)
            assert new_page != copy, name
            assert drift_of(new_page) == [], name
            assert report_of(new_page).facts == report_of(copy).facts, name


def test_a_sample_answer_without_a_body_may_be_followed_by_the_footer() -> None:
    for page in (documents.TEXT, without_blank_lines(documents.TEXT)):
        (drift,) = drift_of(re.sub(r"\n\s*null\n", "\n", page))
        assert drift.what == "removed: sample body"
        new_page = page.replace("\nnull\n", "\n{}\n")
        assert found_at(new_page, "{}") == [
            ("changed: sample body: object instead of null", "sample-response")
        ]


CHANGED_SAMPLES = [
    ("", "removed: sample call"),
    ("POST /api", "removed: sample accounts"),
    ("POST /api\n\n{oops", "changed: sample accounts: nothing"),
    ("POST /api\n\n[1, 2]", "added: sample /* = integer"),
    ('POST /api\n\n{"SyncUserAccounts": null}', "changed: sample /SyncUserAccounts: null"),
    ('POST /api\n\n{"SyncUserAccounts": [{}, 1]}', "changed: sample accounts: 2, not alike"),
    (f"POST /api\n\n{'[' * 100_000}", "changed: sample accounts: nothing"),
    ("POST /api\nAuthorization: Basic ÿÿ", "changed: sample header authorization: Basic ÿÿ"),
]


def test_a_sample_of_another_shape_is_reported() -> None:
    for sample, what in CHANGED_SAMPLES:
        drift = drift_of(documents.TEXT.replace(documents.SAMPLE, sample))
        assert [finding.what for finding in drift if finding.what.startswith(what)], sample[:99]


def test_every_statement_matches_only_its_own_sentence() -> None:
    texts = (
        *(documents.SUMMARY, documents.THROTTLE, documents.BANNER, documents.SELECT),
        *(documents.SCHEMES, documents.XSRF, documents.CONTENT_TYPE),
        *(documents.ACCEPT, documents.TOKEN, SLOW),
    )
    sentences = [sentence for text in texts for sentence in split_sentences(text)]
    for statement in STATEMENTS:
        matching = [sentence for sentence in sentences if statement.pattern.search(sentence)]
        assert len(matching) == 1, statement.id
