"""HARs as different tools write them, and files that are not HARs."""

import base64
import json
from pathlib import Path

import pytest

from superoffice_contract import har
from superoffice_contract.errors import TrafficError
from superoffice_contract.har import parse_entries, read_log
from tests.contract.grading import builders
from tests.contract.grading.builders import BASIC, ONSITE, START, body_of, entry, har_of

EPOCH = START.timestamp()


def read_entry(document: builders.Entry) -> har.Entry:
    (read,) = parse_entries(read_log(har_of(document)))
    return read


def test_an_entry_of_a_browser_is_read() -> None:
    read = read_entry(entry(507))
    assert (read.method, read.url.path, read.status) == ("POST", ONSITE[18:], 204)
    assert (read.started_at, read.elapsed_seconds, read.body) == (EPOCH, 0.03, body_of(507))
    assert read.header_values("authorization") == (BASIC,)
    assert read.media_type == "application/json"


def test_an_entry_with_only_the_required_members_is_read() -> None:
    read = read_entry({"request": {"method": "post", "url": ONSITE}})
    assert (read.index, read.method, read.started_text, read.headers) == (0, "POST", "", ())
    assert (read.status, read.error) == (0, None)
    assert (read.started_at, read.elapsed_seconds, read.request_seconds) == (None, None, None)
    assert (read.media_type, read.body, read.declared_length) == (None, None, None)


def test_members_of_another_type_count_as_missing() -> None:
    document = entry() | {"startedDateTime": 5, "time": "1", "response": None, "timings": []}
    document["request"] |= {"headers": {"a": "b"}, "postData": "text", "bodySize": "12"}
    read = read_entry(document)
    assert (read.started_at, read.elapsed_seconds) == (None, None)
    assert (read.headers, read.body) == ((), None)


def test_a_time_is_read_with_and_without_fraction_and_zone() -> None:
    for text, expected in (
        ("2026-11-20T08:00:00Z", EPOCH),
        ("2026-11-20T08:00:00.000Z", EPOCH),
        ("2026-11-20T09:00:00.0000000+01:00", EPOCH),
        ("2026-11-20T08:00:00", EPOCH),
        ("2026-11-20T08:00:00.000", EPOCH),
        (" 2026-11-20 08:00:00+0000", EPOCH),
        ("", None),
        ("yesterday", None),
        ("2026-13-01T00:00:00Z", None),
    ):
        read = read_entry(entry() | {"startedDateTime": text})
        assert (read.started_at, read.started_text) == (expected, text)


def test_the_time_to_connect_is_not_part_of_the_request() -> None:
    connected = {"blocked": 900, "dns": 20, "connect": 30, "ssl": 25, "send": 0, "wait": 50}
    phases = {"blocked": -1, "connect": 100, "send": 0, "wait": 1000, "receive": 5}
    for total, timings, elapsed, in_request in (
        (1000, connected, 1.0, 0.05),
        (-1, phases, 1.105, 1.005),  # a missing total is the sum of the phases
    ):
        read = read_entry(entry() | {"time": total, "timings": timings})
        assert read.elapsed_seconds == pytest.approx(elapsed)
        assert read.request_seconds == pytest.approx(in_request)


def test_base64_is_recognized_by_its_encoding_or_its_length() -> None:
    text = base64.b64encode(body_of(507).encode()).decode()
    for document, members, body in (
        (entry(), {"text": "AAEC", "encoding": "base64"}, b"\0\1\2"),
        (entry(507), {"text": text}, body_of(507).encode()),
        (entry(text="AAEC"), {}, "AAEC"),
    ):
        document["request"]["postData"] |= members
        assert read_entry(document).body == body


def test_form_fields_are_joined_to_a_body() -> None:
    document = entry()
    fields = [{"name": "SyncUserAccounts[0].AccountId", "value": "5 7"}, {"name": "x"}, 3]
    document["request"]["postData"] = {"mimeType": "application/x-www-form-urlencoded"}
    document["request"]["postData"]["params"] = fields
    assert read_entry(document).body == "SyncUserAccounts%5B0%5D.AccountId=5+7&x="


def test_the_type_of_the_body_replaces_missing_headers() -> None:
    document = entry()
    document["request"] |= {"headers": [], "postData": {"mimeType": "text/xml", "text": "<a/>"}}
    assert read_entry(document).media_type == "text/xml"


def test_listed_cookies_replace_a_missing_header() -> None:
    document = entry()
    document["request"]["cookies"] = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    assert read_entry(document).header_values("cookie") == ("a=1; b=2",)
    document["request"]["headers"].append({"name": "COOKIE", "value": "c=3"})
    assert read_entry(document).header_values("cookie") == ("c=3",)


def test_content_length_has_precedence_over_the_recorded_body_size() -> None:
    document = entry()
    document["request"]["headers"].append({"name": "content-length", "value": "12"})
    assert read_entry(document).declared_length == 12
    assert read_entry(entry(text="{}")).declared_length == 2


BROKEN = {
    "empty": (
        b"",
        "not JSON at line 1, column 1 (Expecting value); the file is not a HAR, or is cut short",
    ),
    "cut short": (har_of(entry())[:-40], "the file is not a HAR, or is cut short"),
    "no text": (b'{"log": "\xff"}', "not JSON; the file is not a HAR, or is damaged"),
    "deep": (b"[" * 200_000, "not JSON; the file is not a HAR, or is damaged"),
    "long number": (b"1" * 5000, "not JSON; the file is not a HAR, or is damaged"),
    "an array": (b"[]", "the file has no object 'log'; this is not a HAR"),
    "another object": (b'{"openapi": "3.1.0"}', "the file has no object 'log'; this is not a HAR"),
    "no version": (b'{"log":{"entries":[]}}', "log.version: expected 1.2, got nothing"),
    "old": (b'{"log":{"version":"1.1"}}', "log.version: expected 1.2, got 1.1"),
    "no entries": (
        b'{"log":{"version":"1.2"}}',
        "log.entries: expected an array; this is not a HAR",
    ),
    "a number": (har_of(entry(), 7), "log.entries[1] has no object 'request'; this is not a HAR"),
    "no url": (har_of({"request": {"method": "GET"}}), "log.entries[0].request: expected a method"),
    "bad url": (har_of(entry(url="http://[x/")), "log.entries[0].request.url: not a valid URL"),
    "bad port": (
        har_of(entry(url="http://x:99999/")),
        "log.entries[0].request.url: not a valid URL",
    ),
}


def test_a_file_that_is_not_a_har_gets_a_message_of_one_line() -> None:
    for name, (raw, message) in BROKEN.items():
        with pytest.raises(TrafficError) as error:
            parse_entries(read_log(raw))
        assert message in str(error.value), name
        assert "\n" not in str(error.value), name


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrafficError, match=r"none\.har: no such file"):
        har.load(str(tmp_path / "none.har"), parse_entries)


def test_a_version_may_be_a_number() -> None:
    document = json.loads(har_of(entry()))
    document["log"]["version"] = 1.2
    assert len(read_log(json.dumps(document).encode()).entries) == 1
