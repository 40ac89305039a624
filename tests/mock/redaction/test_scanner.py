"""Scan: finds every seeded secret, says where and never what, and raises no false alarm."""

import base64
import gzip
import json
import random
import secrets
import tomllib
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings

from superoffice_contract.openapi import operations
from superoffice_mock.cli import main
from superoffice_mock.config import tenant_file
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About, Entry
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.redaction.scanner import Found, scan
from superoffice_mock.redaction.secret_patterns import PUBLISHED, is_random
from tests.contract.grading import builders
from tests.e2e.payloads import PAYLOADS, SIGN_INS
from tests.mock.redaction.secret_places import MARK, ODD, PLACES, named
from tests.support.recordings import BASIC, JSON, URL, entry, recording

CHANCE = random.Random(4711)
SEEDS = {
    "ticket": "7T:bm9ib2R5LWtub3dz",
    "access token": "8A:Cust26759.AQpXz0vN3mKq7sTt",
    "JWT": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJl",
    "hex": "9f86d081884c7d659a2feaa0c55ad015",
    "base64": "kX3vQm9TzL0aBw7RfJ2hYc5u",
}


def scanned(folder: Path, *entries: Entry) -> list[tuple[str, str]]:
    """Place and kind of what is found in a HAR of *entries*."""
    path = folder / "some.har"
    har_file.write(str(path), recording(*entries))
    return [(one.place, one.kind) for one in scan(str(path))]


def kinds(folder: Path, *entries: Entry) -> set[str]:
    return {kind for _, kind in scanned(folder, *entries)}


UNREADABLE = {"bytes", "binary answer"}
"""Bodies that are no text: what is in them nobody sees."""
NOT_WRITTEN = {"XML element", "packed twice", "method"}
"""The seed is a constant there, packed so that nobody unpacks it, or in capitals."""


@pytest.mark.parametrize("place", sorted({*PLACES} - UNREADABLE - NOT_WRITTEN))
def test_a_seeded_secret_is_found_in_every_place_and_never_repeated(
    place: str, tmp_path: Path
) -> None:
    for name, seed in SEEDS.items():
        path = tmp_path / "a.har"
        har_file.write(str(path), recording(PLACES[place](seed)))
        done = run(str(path))
        assert done.exit_code == 1, name
        assert done.stdout.startswith(f"{path}: /log/entries/0/"), name
        assert seed not in done.output
        assert seed.lower() not in done.output.lower()


@pytest.mark.parametrize("place", sorted(PLACES))
def test_nothing_is_found_after_redaction(place: str, tmp_path: Path) -> None:
    made = Redactor()
    some = [made.entry(PLACES[place](seed)) for seed in (*SEEDS.values(), MARK)]
    assert scanned(tmp_path, *some) == []


WEAK = {
    "user": "credential",
    "password": "credential",
    "app token": "credential",
    "XSRF value": "credential",
    "session": "cookie",
    "set cookie": "cookie",
    "name": "name",
    "XML name": "name",
    "form value": "name",
    "name in UTF-16": "name",
    "page": "secret member",
    "member of an answer": "secret member",
    "XML answer": "secret member",
    "value of the query": "secret member",
}


@pytest.mark.parametrize(("place", "kind"), WEAK.items())
def test_a_weak_secret_is_found_where_secrets_stand(place: str, kind: str, tmp_path: Path) -> None:
    assert kind in kinds(tmp_path, PLACES[place]("hunter2"))


def test_a_secret_is_found_where_other_tools_put_it(tmp_path: Path) -> None:
    one: dict[str, Any] = builders.entry(507)
    one["comment"] = f"password={MARK}"
    one["_tool"] = {"deep": [{"Authorization": MARK}, {"login": "Bob Smith"}]}
    one["request"]["cookies"] = [{"name": "a", "value": MARK}]
    one["request"]["queryString"] = [{"name": "access_token", "value": MARK}]
    one["request"]["postData"]["params"] = [{"name": "Password", "value": MARK}]
    one["response"]["content"] = {
        "text": base64.b64encode(gzip.compress(named(MARK).encode())).decode(),
        "encoding": "base64",
    }
    path = tmp_path / "a.har"
    path.write_bytes(builders.har(one))
    assert [(found.place, found.kind) for found in scan(str(path))] == [
        ("/log/entries/0/_tool/deep/0/Authorization", "secret member"),
        ("/log/entries/0/_tool/deep/1/login", "name"),
        ("/log/entries/0/comment", "secret member"),
        ("/log/entries/0/request/cookies/0/value", "cookie"),
        ("/log/entries/0/request/postData/params/0/value", "secret member"),
        ("/log/entries/0/request/queryString/0/value", "secret member"),
        ("/log/entries/0/response/content/text", "name"),
    ]


def test_a_name_that_is_a_secret_is_not_repeated_in_the_place(tmp_path: Path) -> None:
    one = builders.entry() | {"_tool": {SEEDS["hex"]: {"password": MARK}}}
    path = tmp_path / "a.har"
    path.write_bytes(builders.har(one))
    done = run(str(path))
    assert done.stdout.splitlines()[:2] == [
        f"{path}: /log/entries/0/_tool: high entropy (the name of a member)",
        f"{path}: /log/entries/0/_tool/…/password: secret member",
    ]


def test_places_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    some = [entry(headers=(("so-apptoken", MARK),)) for _ in range(11)]
    places = [place for place, _ in scanned(tmp_path, *some)]
    assert places == [f"/log/entries/{i}/request/headers/0/value" for i in range(11)]


def test_a_secret_in_a_file_in_parts_is_told_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.har.part"
    one = har_file.entry_line(entry(headers=(("so-apptoken", MARK),)))
    path.write_bytes(
        har_file.header_line(About()) + har_file.entry_line(entry()) + one + b'{"request'
    )
    assert scan(str(path)) == (Found(str(path), "line 3 /request/headers/0/value", "credential"),)


# ---- no false alarms -------------------------------------------------------------------------


def test_what_the_page_and_the_demo_world_show_is_no_secret(tmp_path: Path) -> None:
    sample = '{"SyncUserAccounts": [{"AccountId": 507, "AssociateName": "Walker LLC"}]}'
    shown = [
        entry(headers=tuple((name.lower(), value) for name, value in headers.items()))
        for _, headers, _ in SIGN_INS
        if "wrong" not in str(headers) and headers.get("SO-AppToken") not in ("any", "x")
    ]
    assert scanned(tmp_path, entry(headers=(*BASIC, *JSON), body=sample.encode()), *shown) == []


def test_what_is_published_is_what_the_demo_world_shows() -> None:
    text = Path(tenant_file.__file__).with_name("demo.toml").read_text(encoding="utf-8")
    tenants = tomllib.loads(text)["tenant"]
    known = {
        *(ticket for one in tenants for ticket in one.get("tickets", ())),
        *(user["password"] for one in tenants for user in one.get("users", ())),
        *(
            value
            for one in tenants
            for s in one.get("sessions", ())
            for value in (s["id"], s["xsrf"])
        ),
        *(app["token"] for one in tenants for app in one.get("apps", ())),
        *(token["value"] for one in tenants for token in one.get("tokens", ())),
    }
    assert known <= PUBLISHED


def test_what_the_contract_says_is_no_secret(tmp_path: Path) -> None:
    said = json.dumps(operations.load().document).encode()
    challenge = ("www-authenticate", 'Basic realm="SuperOffice", SOTicket realm="SuperOffice"')
    one = entry(status=200, answered=(*JSON, challenge), answer=said)
    assert scanned(tmp_path, one) == []


@pytest.mark.parametrize(
    "said",
    [
        "Authorization has been denied for this request.",
        "Basic authentication is off; send a bearer token, or a ticket: see the docs.",
        "SO-AppToken: missing; a ticket needs the token of a known app Online",
        "token: expected a string",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0",
        "https://sod2.superoffice.com/Cust12345/api/v1/Agents/EMail/SyncEmailAccounts",
        f"correlation {uuid.UUID(int=CHANCE.getrandbits(128))}",
        f"correlationId={uuid.UUID(int=CHANCE.getrandbits(128))}&x=1",
        "SuperOffice.WebApi.v1.Carriers.EMailCarriers.SyncEmailAccountsRequest",
        "2026-11-24T03:00:00.000000+00:00 AuthorizeWithUsernameOrTicketInHeader",
        "the password is wrong, or the password has expired; a password must have 8 characters",
        "password OAuth2 grant; password SHA256 hashed; password 8-16 letters; password 2FA",
        "password expected, user4 got; password expired! see password https://x.example/help2",
        "password: ******, token=[redacted], secret=***",
    ],
)
def test_a_harmless_sentence_is_no_secret(said: str, tmp_path: Path) -> None:
    one = entry(status=400, answered=JSON, answer=json.dumps({"Message": said}).encode())
    assert scanned(tmp_path, one) == []


@pytest.mark.parametrize("media_type", PAYLOADS)
def test_a_redacted_recording_is_clean(media_type: str, tmp_path: Path) -> None:
    body = PAYLOADS[media_type].encode()
    some = [
        entry(f"{URL}?$select=name&x=y", headers=(*BASIC, ("content-type", media_type)), body=body),
        entry(headers=(("cookie", "a=b; c"), ("content-type", "text/xml; charset=utf-16"))),
    ]
    made = Redactor()
    assert scanned(tmp_path, *some) != []
    assert scanned(tmp_path, *map(made.entry, some)) == []


@settings(max_examples=100, deadline=None)
@given(ODD)
def test_nothing_that_redaction_has_cleaned_is_a_false_alarm(
    tmp_path_factory: pytest.TempPathFactory, one: Entry
) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.har"
    har_file.write(str(path), recording(Redactor().entry(one)))
    assert scan(str(path)) == ()


def test_most_of_what_a_machine_makes_up_looks_made_up() -> None:
    made = [secrets.token_urlsafe(24) for _ in range(500)] + [CHANCE.randbytes(16).hex()] * 10
    assert sum(map(is_random, made)) > 0.9 * len(made)


# ---- the command -----------------------------------------------------------------------------


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["scan", *arguments])


def test_scan_looks_into_folders_and_exits_with_0_if_all_is_well(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    har_file.write(str(tmp_path / "deep" / "a.har"), recording(Redactor().entry(entry())))
    (tmp_path / "b.har.part").write_bytes(har_file.header_line(About()))
    (tmp_path / "notes.txt").write_text("no HAR")
    done = run(str(tmp_path))
    assert (done.exit_code, done.stdout) == (0, "secrets in 2 files: none\n")


def test_scan_counts_what_it_found_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    har_file.write(
        str(path), recording(entry(headers=(("so-apptoken", MARK), ("cookie", f"a={MARK}"))))
    )
    done = run(str(path))
    assert done.exit_code == 1
    assert done.stdout.splitlines()[-1] == (
        "secrets in 1 file: 3 places; `superoffice-mock redact IN OUT` cleans a file"
    )


@pytest.mark.parametrize("content", [b"", b"{", b'{"log":{"version":"1.1"}}', b"[" * 100_000])
def test_a_file_that_is_no_har_is_one_line_and_exit_code_2(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(content)
    done = run(str(path))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"superoffice-mock: {path}: ")
    assert done.stderr.count("\n") == 1


def test_scan_goes_on_after_a_damaged_file_and_tells_each(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(b"{")
    (tmp_path / "empty").mkdir()
    har_file.write(str(tmp_path / "b.har"), recording(entry(headers=(("so-apptoken", MARK),))))
    (tmp_path / "c.har").write_bytes(b"[]")
    done = run(str(tmp_path / "empty"), str(tmp_path))
    assert done.exit_code == 2
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        str(tmp_path / name) for name in ("empty", "a.har", "c.har")
    ]
    assert done.stdout.startswith(f"{tmp_path / 'b.har'}: /log/entries/0/request/headers/0/value: ")
    assert done.stdout.splitlines()[-1].startswith("secrets in 1 file: 1 places; ")


def test_a_damaged_file_is_exit_code_2_though_the_others_are_clean(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(b"{")
    har_file.write(str(tmp_path / "b.har"), recording(Redactor().entry(entry())))
    done = run(str(tmp_path))
    assert (done.exit_code, done.stdout) == (2, "secrets in 1 file: none\n")


@pytest.mark.parametrize("name", ["A.HAR", "a.Har.PART", "a.har.Part"])
def test_the_ending_of_a_recording_may_be_in_any_case(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.har").mkdir()
    har_file.write(str(tmp_path / name), recording(entry(headers=(("so-apptoken", MARK),))))
    assert run(str(tmp_path)).exit_code == 1


def test_a_folder_without_recordings_is_told(tmp_path: Path) -> None:
    done = run(str(tmp_path))
    assert done.exit_code == 2
    assert done.stderr == (
        f"superoffice-mock: {tmp_path}: no file in this folder ends with .har or .part\n"
    )


def test_scan_reads_files_up_to_a_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    har_file.write(str(path), recording(entry()))
    done = run(str(path), "--max-file", "100")
    assert (done.exit_code, done.stderr) == (
        2,
        f"superoffice-mock: {path}: larger than 100 bytes; record the calls of interest alone\n",
    )


def test_a_deeply_nested_file_is_scanned_to_the_bottom(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    deep = "[" * 500 + json.dumps({"password": MARK}) + "]" * 500
    path.write_bytes(
        builders.har(builders.entry() | {"_x": 7}).replace(b'"_x": 7', f'"_x": {deep}'.encode())
    )
    assert run(str(path)).exit_code == 1
