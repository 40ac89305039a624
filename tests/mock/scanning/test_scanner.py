"""The scanner finds every seeded secret, reports its place and not its value, and nothing else."""

import base64
import gzip
import itertools
import json
import os
import random
import secrets
import time
import uuid
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi import operations
from superoffice_contract.report_formats import FORMATS
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import About, Entry
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.scanning import text_search
from superoffice_mock.scanning.named_values import LINES
from superoffice_mock.scanning.scanner import FoundSecret, scan_file
from superoffice_mock.scanning.secret_patterns import PUBLISHED, is_random
from superoffice_mock.wire.headers import REDACTED_HEADERS
from tests.contract.grading import builders
from tests.e2e.payloads import SIGN_INS
from tests.mock.redaction.secret_places import MARK, ODD_ENTRIES, PLACES, json_body
from tests.mock.scanning import scanned_layouts
from tests.mock.scanning.scanned_bodies import SECRETS_IN_BODIES
from tests.support.local_servers import invoke
from tests.support.recordings import BASIC, JSON, entry, recording

CHANCE = random.Random(4711)
SEEDS = {
    "ticket": "7T:bm9ib2R5LWtub3dz",
    "access token": "8A:Cust26759.AQpXz0vN3mKq7sTt",
    "JWT": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.c2lnbmF0dXJl",
    "hex": "9f86d081884c7d659a2feaa0c55ad015",
    "base64": "kX3vQm9TzL0aBw7RfJ2hYc5u",
}
SECRET_HEADERS = (
    *(name.decode() for name in REDACTED_HEADERS - {b"cookie"}),
    *("x-acme-auth", "x-company-token", "x-my-key", "x-shop-secret", "x-session", "x-credential"),
    *("x-hub-signature", "ocp-apim-subscription-key", "apikey", "x-csrf", "private-token"),
    *("x-passphrase", "x-functions-key", "x-superoffice-ticket", "x-otp", "x-original-cookie"),
)
HARMLESS_HEADERS = (
    *("x-author", "x-keyboard", "x-token-type", "idempotency-key", "sec-websocket-key"),
    *("access-control-allow-credentials", "x-session-timeout", ":authority", "www-authenticate"),
)
UNREADABLE = {"bytes", "binary answer"}
"""Bodies that are not text, which the scanner does not search."""
HIDDEN_ANYWAY = {
    *("word as a name in a dictionary", "note"),
    *(name for name in PLACES if name.endswith((" in a request", " in an answer"))),
}
"""Places where redaction hides even what does not look like a secret."""
NOT_WRITTEN = {"XML element", "compressed twice", "method"}
"""Places where the seed is a constant, compressed twice, or in upper case."""
SECRET = entry(headers=(("so-apptoken", MARK),))


def scan_entries(folder: Path, *entries: Entry) -> list[tuple[str, str]]:
    """Return place and kind of the secrets in a HAR of *entries*."""
    path = folder / "some.har"
    har_file.write(str(path), recording(*entries))
    return [(secret.place, secret.kind) for secret in scan_file(str(path))]


def scan_har_entry(folder: Path, har_entry: object) -> list[tuple[str, str]]:
    """Return place and kind of the secrets in a HAR that another tool wrote."""
    path = folder / "other.har"
    path.write_bytes(builders.har_of(har_entry))
    return [(secret.place, secret.kind) for secret in scan_file(str(path))]


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
def test_a_seeded_secret_is_found_everywhere_and_not_printed(seed: str, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    for name in sorted({*PLACES} - UNREADABLE - NOT_WRITTEN - HIDDEN_ANYWAY):
        har_file.write(str(path), recording(PLACES[name](seed)))
        result = run(path)
        assert result.exit_code == 1, name
        assert result.stdout.startswith(f"{path}: /log/entries/0/"), name
        assert seed.lower() not in result.output.lower(), name


def test_the_pseudonym_of_an_id_is_not_random(tmp_path: Path) -> None:
    for id_, kinds in (("1371684802", []), ("1371684803", ["high entropy"])):
        url = f"https://pseudo-c4a9c99fd1fa51d54009.invalid/GetEMailAccount?eMailAccountId={id_}"
        assert [kind for _, kind in scan_entries(tmp_path, entry(url))] == kinds, id_


def test_nothing_is_found_after_redaction(tmp_path: Path) -> None:
    for name, place in PLACES.items():
        redactor = Redactor()
        entries = [redactor.redact_entry(place(seed)) for seed in (*SEEDS.values(), MARK)]
        assert scan_entries(tmp_path, *entries) == [], name


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


def test_a_weak_secret_is_found_where_secrets_are_expected(tmp_path: Path) -> None:
    for name, kind in WEAK.items():
        secrets = scan_entries(tmp_path, PLACES[name]("hunter2"))
        assert kind in {found_kind for _, found_kind in secrets}, name


def test_a_secret_is_found_where_other_tools_put_it(tmp_path: Path) -> None:
    har_entry: dict[str, Any] = builders.entry(507)
    har_entry["comment"] = f"password={MARK}"
    har_entry["_tool"] = {"deep": [{"Authorization": MARK}, {"login": "Bob Smith"}]}
    har_entry["request"]["cookies"] = [{"name": "a", "value": MARK}]
    har_entry["request"]["queryString"] = [{"name": "access_token", "value": MARK}]
    har_entry["request"]["postData"]["params"] = [{"name": "Password", "value": MARK}]
    har_entry["response"]["content"] = {
        "text": base64.b64encode(gzip.compress(json_body(MARK).encode())).decode(),
        "encoding": "base64",
    }
    assert scan_har_entry(tmp_path, har_entry) == [
        ("/log/entries/0/_tool/deep/0/Authorization", "secret member"),
        ("/log/entries/0/_tool/deep/1/login", "name"),
        ("/log/entries/0/comment", "secret member"),
        ("/log/entries/0/request/cookies/0/value", "cookie"),
        ("/log/entries/0/request/postData/params/0/value", "secret member"),
        ("/log/entries/0/request/queryString/0/value", "secret member"),
        ("/log/entries/0/response/content/text", "name"),
    ]


def test_a_member_name_that_is_a_secret_is_not_printed(tmp_path: Path) -> None:
    har_entry = builders.entry() | {"_tool": {SEEDS["hex"]: {"password": MARK}}}
    assert scan_har_entry(tmp_path, har_entry) == [
        ("/log/entries/0/_tool", "high entropy (the name of a member)"),
        ("/log/entries/0/_tool/…/password", "secret member"),
    ]


def test_places_are_reported_in_the_order_of_the_file(tmp_path: Path) -> None:
    entries = [entry(headers=(("so-apptoken", MARK),)) for _ in range(11)]
    places = [place for place, _ in scan_entries(tmp_path, *entries)]
    assert places == [f"/log/entries/{i}/request/headers/0/value" for i in range(11)]


def test_a_secret_in_a_part_file_is_reported_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.har.part"
    entries = (entry(), entry(headers=(("so-apptoken", MARK),)))
    lines = [har_file.header_line(About()), *map(har_file.entry_line, entries), b'{"request']
    path.write_bytes(b"".join(lines))
    place = "line 3 /request/headers/0/value"
    assert scan_file(str(path)) == (FoundSecret(str(path), place, "credential"),)


def test_a_header_is_a_secret_by_a_word_of_its_name(tmp_path: Path) -> None:
    for name in SECRET_HEADERS:
        assert scan_entries(tmp_path, entry(headers=((name, "trollheimen"),))), name
    for name in HARMLESS_HEADERS:
        assert scan_entries(tmp_path, entry(headers=((name, "trollheimen"),))) == [], name


def test_a_secret_is_found_in_a_body_of_any_syntax(tmp_path: Path) -> None:
    for media_type, texts in SECRETS_IN_BODIES.items():
        for text in texts:
            har_entry: dict[str, Any] = builders.entry(507)
            har_entry["response"]["content"] = {"mimeType": media_type, "text": text}
            assert scan_har_entry(tmp_path, har_entry), text


HOSTILE = ("eyJaaaaaa-", "?code=aaaaaa", 'password="', "<password ", 'name="token"\n', ",a@1.", "a")


def test_the_time_of_a_search_grows_with_the_length_of_the_text() -> None:
    for piece in HOSTILE:
        start = time.process_time()
        list(text_search.find(piece * (200_000 // len(piece)), LINES))
        assert time.process_time() - start < 4, piece  # if it grew with the square, 12


# ---- no false alarms -------------------------------------------------------------------------


def test_published_credentials_and_names_are_not_secrets(tmp_path: Path) -> None:
    sample = '{"SyncUserAccounts": [{"AccountId": 507, "AssociateName": "Walker LLC"}]}'
    sign_ins = [
        entry(headers=tuple((name.lower(), value) for name, value in headers.items()))
        for _, headers, _ in SIGN_INS
        if "wrong" not in str(headers) and headers.get("SO-AppToken") not in ("any", "x")
    ]
    page_sample = entry(headers=(*BASIC, *JSON), body=sample.encode())
    assert scan_entries(tmp_path, page_sample, *sign_ins) == []


def test_all_secrets_of_the_demo_tenants_are_published() -> None:
    for tenant in demo_tables():
        sessions = tenant.get("sessions", ())
        assert {
            *tenant.get("tickets", ()),
            *(user["password"] for user in tenant.get("users", ())),
            *(session[member] for session in sessions for member in ("id", "xsrf")),
            *(app["token"] for app in tenant.get("apps", ())),
            *(token["value"] for token in tenant.get("tokens", ())),
        } <= PUBLISHED


def test_the_text_of_the_contract_is_not_a_secret(tmp_path: Path) -> None:
    document = json.dumps(operations.load().document).encode()
    challenge = ("www-authenticate", 'Basic realm="SuperOffice", SOTicket realm="SuperOffice"')
    answer = entry(status=200, response_headers=(*JSON, challenge), response_body=document)
    assert scan_entries(tmp_path, answer) == []


HARMLESS = (
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
)


def test_a_harmless_sentence_is_not_a_secret(tmp_path: Path) -> None:
    for message in HARMLESS:
        body = json.dumps({"Message": message}).encode()
        answer = entry(status=400, response_headers=JSON, response_body=body)
        assert scan_entries(tmp_path, answer) == [], message


def test_nothing_is_found_in_ordinary_pages_as_tools_lay_them_out(tmp_path: Path) -> None:
    for tool in scanned_layouts.MEMBERS:
        for har_entry in scanned_layouts.entries_of(tool):
            assert scan_har_entry(tmp_path, har_entry) == [], tool


@settings(max_examples=100, deadline=None)
@given(ODD_ENTRIES)
def test_nothing_is_found_in_any_redacted_entry(
    tmp_path_factory: pytest.TempPathFactory, odd_entry: Entry
) -> None:
    path = tmp_path_factory.getbasetemp() / "odd.har"
    har_file.write(str(path), recording(Redactor().redact_entry(odd_entry)))
    assert scan_file(str(path)) == ()


def test_most_random_text_looks_random() -> None:
    texts = [secrets.token_urlsafe(24) for _ in range(500)] + [CHANCE.randbytes(16).hex()] * 10
    assert sum(map(is_random, texts)) > 0.9 * len(texts)


# ---- the command -----------------------------------------------------------------------------


run = partial(invoke, "scan")


def test_it_searches_folders_and_exits_with_0_if_there_are_no_secrets(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    har_file.write(str(tmp_path / "deep" / "a.har"), recording(Redactor().redact_entry(entry())))
    (tmp_path / "b.har.part").write_bytes(har_file.header_line(About()))
    result = run(tmp_path)
    assert (result.exit_code, result.output) == (0, "no secrets in 2 files\n")


def test_it_tells_of_the_files_of_a_folder_that_it_does_not_search(tmp_path: Path) -> None:
    har_file.write(str(tmp_path / "a.har"), recording(Redactor().redact_entry(entry())))
    for name in ("notes.txt", "deep.json", "trace.zip", "z"):
        (tmp_path / name).write_text("no HAR")
    os.mkfifo(tmp_path / "a.pipe.har")
    result = run(tmp_path)
    assert (result.exit_code, result.stdout) == (0, "no secrets in 1 file\n")
    unread = "5 files not searched: a.pipe.har, deep.json, notes.txt, …"
    assert result.stderr == f"superoffice-mock: {tmp_path}: {unread}\n"


def test_it_searches_files_up_to_a_limit_and_unpacks_those_of_gzip(tmp_path: Path) -> None:
    har_file.write(str(tmp_path / "a.har"), recording(SECRET))
    raw = (tmp_path / "a.har").read_bytes()
    path = tmp_path / "a.har.gz"
    for content, code, message in (
        (gzip.compress(raw), 1, ""),
        (gzip.compress(raw)[:-9], 2, "a damaged gzip file"),
        (b" " * 2**21, 2, "larger than 1 MiB; record only the calls of interest"),
        (gzip.compress(b" " * 2**21), 2, "larger than 1 MiB; record only the calls of interest"),
        (b"PK\x03\x04" + raw, 2, "a zip file; unpack it, and name the HAR file in it"),
    ):
        path.write_bytes(content)
        result = run(path, "--max-file", str(2**20))
        stderr = f"superoffice-mock: {path}: {message}\n" if message else ""
        assert (result.exit_code, result.stderr) == (code, stderr), message


def test_it_counts_the_secrets_and_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    headers = (("so-apptoken", MARK), ("cookie", f"a={MARK}"))
    har_file.write(str(path), recording(entry(headers=headers)))
    result = run(path)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == (
        "secrets in 1 file: 3 places; `superoffice-mock redact IN OUT` cleans a file"
    )


def test_a_report_of_any_format_has_the_place_of_a_secret_only(tmp_path: Path) -> None:
    har_file.write(str(tmp_path / "a.har"), recording(entry(headers=(("so-apptoken", MARK),))))
    har_file.write(str(tmp_path / "b.har"), recording(Redactor().redact_entry(entry())))
    (tmp_path / "c.har").write_bytes(b"{")
    (tmp_path / "d.txt").write_text(MARK)
    for format_ in FORMATS:
        printed = run(tmp_path, "--format", format_)
        assert printed.exit_code == 2, format_
        assert MARK not in printed.output
        assert "/log/entries/0/request/headers/0/value" in printed.stdout
        written = run(tmp_path, "--format", format_, "--out", tmp_path / "d.txt")
        assert (written.exit_code, written.stdout) == (2, "")
        assert (tmp_path / "d.txt").read_text(encoding="utf-8") == printed.stdout
        assert "1 failure, 1 error, 1 check passed, 1 skipped; report in" in written.stderr
    results = json.loads(run(tmp_path, "--format", "json").stdout)["results"]
    assert [(Path(result["check"]).name, result["status"]) for result in results] == [
        ("a.har", "failed"),
        ("b.har", "passed"),
        ("c.har", "error"),
        (tmp_path.name, "skipped"),
    ]


def test_a_report_replaces_no_file_that_was_searched(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    har_file.write(str(path), recording(SECRET))
    before = path.read_bytes()
    result = run(tmp_path, "--out", path)
    assert result.stderr == (
        f"superoffice-mock: {path} is a file to read; name another file with --out\n"
    )
    assert path.read_bytes() == before


def test_the_name_of_what_is_not_there_is_not_printed_if_it_may_be_a_secret() -> None:
    for format_ in FORMATS:
        result = run("Bearer:hunter2?", "--format", format_)
        assert result.exit_code == 2
        assert "hunter2" not in result.output


def test_a_file_that_is_not_a_har_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    commands = (("scan", path), ("redact", path, tmp_path / "b.har"))
    for content, command in itertools.product(
        (b"", b"{", b'{"log":{"version":"1.1"}}', b"\xff", b"[" * 100_000), commands
    ):
        path.write_bytes(content)
        result = invoke(*command)
        assert (result.exit_code, result.stdout) == (2, ""), (content[:30], command)
        assert result.stderr.startswith(f"superoffice-mock: {path}: ")
        assert result.stderr.count("\n") == 1
        assert [file.name for file in tmp_path.iterdir()] == ["a.har"]


def test_it_reports_each_damaged_file_and_searches_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(b"{")
    (tmp_path / "empty").mkdir()
    har_file.write(str(tmp_path / "b.har"), recording(SECRET))
    (tmp_path / "c.har").write_bytes(b"[]")
    result = run(tmp_path / "empty", tmp_path)
    assert result.exit_code == 2  # damage outweighs secrets
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == [
        str(tmp_path / name) for name in ("empty", "a.har", "c.har")
    ]
    first, *_, last = result.stdout.splitlines()
    assert first.startswith(f"{tmp_path / 'b.har'}: /log/entries/0/request/headers/0/value: ")
    assert last.startswith("secrets in 1 file: 1 place; ")


def test_the_ending_of_a_recording_may_be_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "folder.har").mkdir()
    for name in ("A.HAR", "a.Har.PART", "a.har.Part", "a.HAR.json"):
        har_file.write(str(tmp_path / name), recording(SECRET))
    assert run(tmp_path).stdout.splitlines()[-1].startswith("secrets in 4 files: 4 places; ")


def test_a_folder_without_recordings_is_an_error(tmp_path: Path) -> None:
    result = run(tmp_path)
    message = f"{tmp_path}: no file in this folder ends with .har, .part, .har.json or .har.gz"
    assert (result.exit_code, result.stderr) == (2, f"superoffice-mock: {message}\n")


def test_a_deeply_nested_file_is_searched_to_the_bottom(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    deep = "[" * 500 + json.dumps({"password": MARK}) + "]" * 500
    har = builders.har_of(builders.entry() | {"_x": 7})
    path.write_bytes(har.replace(b'"_x": 7', f'"_x": {deep}'.encode()))
    assert run(path).exit_code == 1
