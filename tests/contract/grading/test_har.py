"""HARs as tools write them: what is read from each layout, and what is said of a broken one."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from superoffice_contract import har as hars
from superoffice_contract.errors import TrafficError
from superoffice_contract.har import MAX_BYTES, Entry, read_entries
from tests.contract.grading.builders import BASIC, ONSITE, START, body, entry, har

EPOCH = START.timestamp()


def one(recorded: dict[str, Any]) -> Entry:
    (found,) = read_entries(har(recorded))
    return found


def test_an_entry_of_a_browser_is_read() -> None:
    found = one(entry(507))
    assert (found.method, found.url.path, found.status) == ("POST", ONSITE[18:], 204)
    assert (found.at, found.elapsed, found.body) == (EPOCH, 0.03, body(507))
    assert found.all("authorization") == (BASIC,)
    assert found.media_type == "application/json"


def test_a_byte_order_mark_before_the_file_is_skipped() -> None:
    assert len(read_entries(b"\xef\xbb\xbf" + har(entry()))) == 1


def test_a_file_in_utf_16_is_read() -> None:
    assert len(read_entries(har(entry()).decode().encode("utf-16"))) == 1


def test_an_entry_with_the_required_members_alone_is_read() -> None:
    found = one({"request": {"method": "post", "url": ONSITE}})
    assert (found.index, found.method, found.started, found.headers) == (0, "POST", "", ())
    unknown = (found.at, found.elapsed, found.waited, found.media_type, found.body, found.announced)
    assert (set(unknown), found.status, found.failed) == ({None}, 0, None)


def test_members_of_another_type_count_as_missing() -> None:
    recorded = entry() | {"startedDateTime": 5, "time": "1", "response": None, "timings": []}
    recorded["request"] |= {"headers": {"a": "b"}, "postData": "text", "bodySize": "12"}
    found = one(recorded)
    assert (found.at, found.elapsed, found.headers, found.body) == (None, None, (), None)


@pytest.mark.parametrize(
    "started",
    [
        "2026-11-20T08:00:00Z",
        "2026-11-20T08:00:00.000Z",
        "2026-11-20T09:00:00.0000000+01:00",
        "2026-11-20T08:00:00",
        "2026-11-20T08:00:00.000",
        " 2026-11-20 08:00:00+0000",
    ],
)
def test_a_time_is_read_with_and_without_fraction_and_zone(started: str) -> None:
    found = one(entry() | {"startedDateTime": started})
    assert (found.at, found.started) == (EPOCH, started)


@pytest.mark.parametrize("started", ["", "yesterday", "2026-13-01T00:00:00Z"])
def test_a_time_that_is_none_is_unknown(started: str) -> None:
    assert one(entry() | {"startedDateTime": started}).at is None


def test_what_the_client_spent_on_connecting_is_not_the_servers() -> None:
    phases = {"blocked": 900, "dns": 20, "connect": 30, "ssl": 25, "send": 0, "wait": 50}
    found = one(entry(took=1.0) | {"timings": phases})
    assert found.elapsed == 1.0
    assert found.waited == pytest.approx(0.05)


def test_without_a_total_the_phases_add_up_to_it() -> None:
    phases = {"blocked": -1, "connect": 100, "send": 0, "wait": 1000, "receive": 5}
    recorded = entry() | {"time": -1, "timings": phases}
    found = one(recorded)
    assert found.elapsed == pytest.approx(1.105)
    assert found.waited == pytest.approx(1.005)


def test_a_body_in_base64_is_decoded_where_the_file_says_so() -> None:
    recorded = entry()
    recorded["request"]["postData"] = {"text": "AAEC", "encoding": "base64"}
    assert one(recorded).body == b"\0\1\2"


def test_a_body_in_base64_is_told_by_its_length_where_the_file_says_nothing() -> None:
    recorded = entry(507)
    recorded["request"]["postData"]["text"] = base64.b64encode(body(507).encode()).decode()
    assert one(recorded).body == body(507).encode()


def test_text_that_could_be_base64_stays_text() -> None:
    assert one(entry(text="AAEC")).body == "AAEC"


def test_fields_of_a_form_become_its_text() -> None:
    recorded = entry()
    fields = [{"name": "SyncUserAccounts[0].AccountId", "value": "5 7"}, {"name": "x"}, 3]
    recorded["request"]["postData"] = {"mimeType": "application/x-www-form-urlencoded"}
    recorded["request"]["postData"]["params"] = fields
    assert one(recorded).body == "SyncUserAccounts%5B0%5D.AccountId=5+7&x="


def test_the_type_of_a_body_stands_in_for_headers_that_were_not_kept() -> None:
    recorded = entry()
    recorded["request"] |= {"headers": [], "postData": {"mimeType": "text/xml", "text": "<a/>"}}
    assert one(recorded).media_type == "text/xml"


def test_cookies_that_are_listed_apart_become_a_header() -> None:
    recorded = entry()
    recorded["request"]["cookies"] = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    assert one(recorded).all("cookie") == ("a=1; b=2",)
    recorded["request"]["headers"].append({"name": "COOKIE", "value": "c=3"})
    assert one(recorded).all("cookie") == ("c=3",)


def test_the_length_of_a_body_is_that_of_its_header_before_that_of_the_file() -> None:
    recorded = entry()
    recorded["request"]["headers"].append({"name": "content-length", "value": "12"})
    assert one(recorded).announced == 12
    assert one(entry(text="{}")).announced == 2


BROKEN = {
    "empty": (b"", "not JSON at line 1, column 1 (Expecting value); no HAR, or cut short"),
    "cut short": (har(entry())[:-40], "no HAR, or cut short"),
    "no text": (b'{"log": "\xff"}', "not JSON; no HAR, or damaged"),
    "deep": (b"[" * 200_000, "not JSON; no HAR, or damaged"),
    "long number": (b"1" * 5000, "not JSON; no HAR, or damaged"),
    "an array": (b"[]", "the file has no object 'log'; this is no HAR"),
    "another object": (b'{"openapi": "3.1.0"}', "the file has no object 'log'; this is no HAR"),
    "no version": (b'{"log":{"entries":[]}}', "log.version: expected 1.2, got nothing"),
    "old": (b'{"log":{"version":"1.1"}}', "log.version: expected 1.2, got 1.1"),
    "no entries": (b'{"log":{"version":"1.2"}}', "log.entries: expected an array; this is no HAR"),
    "a number": (har(entry(), 7), "log.entries[1] has no object 'request'; this is no HAR"),
    "no url": (har({"request": {"method": "GET"}}), "log.entries[0].request: expected a method"),
    "bad url": (har(entry(url="http://[x/")), "log.entries[0].request.url: this is no URL"),
    "bad port": (har(entry(url="http://x:99999/")), "log.entries[0].request.url: this is no URL"),
}


@pytest.mark.parametrize(("raw", "said"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_no_har_is_refused_in_one_line(raw: bytes, said: str) -> None:
    with pytest.raises(TrafficError) as refused:
        read_entries(raw)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_too_big_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "big.har"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(TrafficError, match=r"big\.har: larger than 64 MiB"):
        hars.load_entries(str(path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrafficError, match=r"none\.har: No such file"):
        hars.load_entries(str(tmp_path / "none.har"))


def test_a_version_that_is_a_number_is_taken() -> None:
    document = json.loads(har(entry()))
    document["log"]["version"] = 1.2
    assert len(read_entries(json.dumps(document).encode())) == 1
