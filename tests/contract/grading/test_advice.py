"""Advice about the loop of an app that asks which accounts are due, syncs them and looks later."""

import json
from pathlib import Path
from typing import Any

import pytest

from superoffice_contract.grading import grade
from tests.contract.grading.builders import (
    SIGNED_IN,
    Entry,
    entry,
    failures_of,
    grade_entries,
    result_of,
)
from tests.support.make_fixtures import FOLDER

AGENT = "http://crm.example/api/v1/Agents/EMail/"
NEVER, FIRST, LATER = "0001-01-01T00:00:00", "2026-11-20T07:00:00.000Z", "2026-11-20T09:00:00Z"
JSON = "application/json; charset=utf-8"
OTHER_CLIENT = {**SIGNED_IN, "Authorization": "Basic b2xlOk9sZQ=="}


def look(name: str, answer: object, at: float = 0.0, **fields: Any) -> Entry:
    """Return a call with the body `null` that is answered with *answer*, in JSON unless a text."""
    call = entry(at=at, url=AGENT + name, **{"text": "null", "status": 200, **fields})
    is_text = isinstance(answer, str)
    content = {"mimeType": JSON, "text": answer if is_text else json.dumps(answer)}
    if is_text:
        content["mimeType"] = "application/xml"
    call["response"]["content"] = content
    return call


def ready(*ids: int | None, at: float = 0.0, name: str = "AccountId", **fields: Any) -> Entry:
    return look("GetReadySyncEmailAccounts", [{name: id_} for id_ in ids], at, **fields)


def account(
    last_fetch: str | None, at: float = 0.0, id_: int = 507, errors: int = 0, **fields: Any
) -> Entry:
    answer = {"EMailAccountId": id_, "LastFetch": last_fetch, "ErrorCount": errors}
    return look(f"GetEMailAccount?eMailAccountId={id_}", answer, at, **fields)


def sync_one(*, id_: int = 507, at: float) -> Entry:
    body = {"syncUserAccount": {"accountId": id_}}
    return entry(at=at, url=f"{AGENT}SyncEmailAccount", text=json.dumps(body))


def notes_of(folder: Path, check: str, *entries: Entry) -> list[str]:
    """Return the notes of *check*. Nothing but a refused call is a failure."""
    report = grade_entries(folder, *entries)
    assert failures_of(report).keys() <= {"answers"}
    return [note.what for note in result_of(report, check).notes]


@pytest.mark.claim("ready-list")
def test_a_sync_of_accounts_that_were_not_due_is_noted(tmp_path: Path) -> None:
    (note,) = notes_of(tmp_path, "not-due", ready(507, at=0), entry(507, 508, 509, at=1))
    assert note.startswith("accounts 508, 509 were not due, says entries[0]; sync only what")
    xml = "<ArrayOfSyncUserAccount/>"
    (note,) = notes_of(
        tmp_path, "not-due", look("GetReadySyncEmailAccounts", xml, 0), entry(507, at=1)
    )
    assert note.startswith("account 507 was not due, ")


def test_a_sync_is_not_noted_if_the_last_list_has_its_accounts_or_is_unknown(
    tmp_path: Path,
) -> None:
    due = ready(507, at=0)
    unknown = ready(508, at=0.5)
    del unknown["response"]["content"]
    for name, traffic in {
        "listed": [due, entry(at=1), entry(at=9)],
        "camelCase": [ready(507, at=0, name="accountId"), entry(at=1)],
        "no list": [entry(508, at=1)],
        "a later list": [due, ready(508, at=0.5), entry(508, at=1)],
        "an answer that is not recorded": [due, unknown, entry(508, at=1)],
        "ids that $select left out": [ready(None, at=0), entry(508, at=1)],
        "another client's list": [ready(507, headers=OTHER_CLIENT), entry(508, at=1)],
        "a list that came later": [ready(507, at=0, took=2), entry(508, at=1)],
        "a refused list": [ready(507, status=401), entry(508, at=1)],
        "a sync at once": [due, sync_one(id_=508, at=1)],
        "a refused sync": [due, entry(508, at=1, status=503)],
    }.items():
        report = grade_entries(tmp_path, *traffic)
        assert result_of(report, "not-due").notes == (), name


def test_looks_less_than_a_second_apart_are_noted(tmp_path: Path) -> None:
    for name, answer in (
        ("GetEMailAccount?eMailAccountId=507", None),
        ("GetReadySyncEmailAccounts", []),
        ("HasNewMail", False),
    ):
        calls = [look(name, answer, at / 2) for at in range(4)]
        (note,) = notes_of(tmp_path, "fast-polling", *calls)
        assert note == (
            "asks the same 0.50 s after entries[1], which did as well; "
            "wait a second or more between two looks"
        )


def test_looks_are_not_noted_if_they_are_rare_or_different_or_without_a_time(
    tmp_path: Path,
) -> None:
    for name, traffic in {
        "a second apart": [account(FIRST, at) for at in range(4)],
        "before and after": [account(FIRST, 0), entry(at=0.1), account(LATER, 0.3)],
        "between syncs": [
            call for at in (0, 0.3, 0.6) for call in (account(FIRST, at), sync_one(at=at + 0.1))
        ],
        "other accounts": [account(FIRST, id_ / 10, id_) for id_ in range(1, 5)],
        "other clients": [
            account(FIRST, at / 10, headers=headers)
            for at, headers in enumerate((SIGNED_IN, OTHER_CLIENT) * 2)
        ],
        "at once": [account(FIRST, at / 100, took=0.5) for at in range(4)],
        "refused": [account(FIRST, at / 10, status=401) for at in range(4)],
        "a clock of a mock": [account(FIRST, at / 10, took=0) for at in range(4)],
    }.items():
        assert notes_of(tmp_path, "fast-polling", entry(at=-9), *traffic) == [], name


def test_the_last_sync_without_a_later_look_is_noted(tmp_path: Path) -> None:
    (note,) = notes_of(tmp_path, "no-look", account(FIRST), entry(at=1), entry(at=5))
    assert note.startswith("no later call looks at LastFetch; a 204 does not show whether")
    refused = account(LATER, 7, status=403)
    assert len(notes_of(tmp_path, "no-look", entry(at=5), sync_one(at=6), refused)) == 1
    for looks in (account(LATER, 7), ready(at=7), look("GetEMailAccount", None, 7)):
        assert notes_of(tmp_path, "no-look", entry(at=1), entry(at=5), looks) == []
    assert notes_of(tmp_path, "no-look", sync_one(at=1)) == []


@pytest.mark.claim("last-fetch")
def test_an_account_whose_last_fetch_did_not_advance_is_noted_if_it_is_not_asked_for_again(
    tmp_path: Path,
) -> None:
    for before in (FIRST, NEVER):
        calls = [account(before, 0), entry(at=1), account(before, 2), account(before, 5)]
        (note,) = notes_of(tmp_path, "not-advanced", *calls)
        assert note == (
            "LastFetch of account 507 did not advance until the last look; the sync may have "
            "been turned away: look until it advances, or send it again"
        )
    calls = [account(FIRST, 0, id_) for id_ in (1, 2, 3)]
    calls += [
        entry(1, 2, 3, at=1),
        account(LATER, 3, 2),
        account(FIRST, 4, 1),
        account(FIRST, 5, 3),
    ]
    (note,) = notes_of(tmp_path, "not-advanced", *calls)
    assert note.startswith("LastFetch of accounts 1, 3 did not")
    assert note.endswith("send them again")


def test_an_account_is_not_noted_if_it_advanced_or_failed_or_was_asked_for_again(
    tmp_path: Path,
) -> None:
    start = [account(FIRST, 0), entry(at=1)]
    for name, rest in {
        "advanced": [account(FIRST, 3), account(LATER, 4)],
        "failed": [account(FIRST, 4, errors=1)],
        "asked for again": [account(FIRST, 4), entry(at=5)],
        "synced at once": [account(FIRST, 4), sync_one(at=5)],
        "a look that is too early": [account(FIRST, 1.9)],
        "left out by $select": [account(None, 4)],
        "no look": [],
        "another account": [account(FIRST, 4, 508)],
        "no date": [account("soon", 4)],
    }.items():
        assert notes_of(tmp_path, "not-advanced", *start, *rest) == [], name
    assert notes_of(tmp_path, "not-advanced", entry(at=1), account(FIRST, 4)) == []


@pytest.mark.claim("single-sync-no-throttle")
def test_a_sync_at_once_covers_its_account_and_is_never_turned_away(tmp_path: Path) -> None:
    slow = [entry(507, took=0.5), entry(508, at=0.1, took=1.01)]
    report = grade_entries(tmp_path, *slow, account(FIRST, 8))
    assert "lost-accounts" in failures_of(report)
    report = grade_entries(tmp_path, *slow, sync_one(id_=508, at=8), account(FIRST, 9))
    assert "lost-accounts" not in failures_of(report)
    both = [sync_one(at=0.1 * number) for number in range(3)]
    assert failures_of(grade_entries(tmp_path, *both)) == {}


def test_bodies_of_other_calls_are_judged_by_their_description(tmp_path: Path) -> None:
    empty = account(FIRST, text="")
    report = grade_entries(tmp_path, empty, account(FIRST, at=1), ready(507, at=2))
    assert failures_of(report) == {}
    text = '{"SyncUserAccount": [{"AccountId": 507}]}'
    wrong = entry(url=f"{AGENT}SyncEmailAccount", text=text, status=400)
    assert list(failures_of(grade_entries(tmp_path, wrong))) == ["body"]
    other = entry(url=f"{AGENT}RefreshFolderForAssociate", text="{}", status=500)
    assert dict(grade_entries(tmp_path, other, entry()).facts)["calls"] == "1"


def test_a_body_of_an_account_may_be_in_any_format(tmp_path: Path) -> None:
    members = f"<EMailAccountId>507</EMailAccountId><LastFetch>{FIRST}</LastFetch>"
    xml = f"<EMailAccount>{members}</EMailAccount>"
    name = "GetEMailAccount?eMailAccountId=507"
    answers: list[object] = [xml, {"eMailAccountId": 507, "lastFetch": FIRST}]
    for answer in answers:
        calls = [look(name, answer, 0), entry(at=1), look(name, answer, 5)]
        assert len(notes_of(tmp_path, "not-advanced", *calls)) == 1
    for answer in ("<EMailAccount", "<Other/>", [], None, 5):
        calls = [look(name, answer, 0), entry(at=1), look(name, answer, 5)]
        assert notes_of(tmp_path, "not-advanced", *calls) == [], answer


def test_the_accounts_of_a_body_are_not_noted_without_times(tmp_path: Path) -> None:
    calls = [account(FIRST), entry(), account(FIRST), account(FIRST), account(FIRST)]
    for call in calls:
        del call["startedDateTime"]
    for check in ("not-advanced", "fast-polling", "no-look"):
        assert notes_of(tmp_path, check, *calls) == []
    (note,) = notes_of(tmp_path, "not-due", *[ready(508) | {"startedDateTime": ""}, calls[1]])
    assert note.startswith("account 507 was not due")


def test_an_app_that_looks_and_asks_again_gets_no_advice() -> None:
    report = grade.grade_har(str(FOLDER / "account-loop.har"))
    assert (report.exit_code, list(report.notes)) == (0, [])
    assert {result.check for result in report.results if result.status == "skipped"} == {
        "fast-polling"
    }
