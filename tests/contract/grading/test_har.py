"""HARs as different tools write them, and files that are not HARs."""

import base64
import json
from pathlib import Path

import pytest

from superoffice_contract import har, har_log
from superoffice_contract.errors import TrafficError
from superoffice_contract.har import parse_entries
from superoffice_contract.har_log import read_log
from tests.contract.grading import builders
from tests.contract.grading.builders import BASIC, ONSITE, START, body_of, entry, har_of

EPOCH = START.timestamp()


def read_entry(document: builders.Entry) -> har.Entry:
    (read,) = parse_entries(read_log(har_of(document))).entries
    return read


def test_an_entry_of_a_browser_is_read() -> None:
    read = read_entry(entry(507))
    assert (read.method, read.url.path, read.status) == ("POST", ONSITE[18:], 204)
    assert (read.started_at, read.elapsed_seconds, read.body) == (EPOCH, 0.03, body_of(507))
    assert read.header_values("authorization") == (BASIC,)
    assert read.media_type == "application/json"


LEFT_OUT: dict[str, list[object]] = {
    "it has no request with a method": [
        *(7, None, [], {}, {"request": 7}, {"request": {"url": ONSITE}}, entry(method=" ")),
    ],
    "it has no request with a URL": [{"request": {"method": "GET"}}, entry(url=" ")],
    "its method is not that of an exchange": [
        entry(method=method) for method in ("\ud800", "\x1b[2J", "LØS", "connect", "a b")
    ],
    "its URL is not valid": [
        entry(url=f"http://{host}/") for host in ("[x", "x:99999", "x:-1", "x:port")
    ],
    "its URL is not one of HTTP": [
        entry(url=url) for url in ("data:,x", "blob:http://x/1", "about:blank", "wss://x/", "x:443")
    ],
    "its status, 101, is not that of an answer": [entry(status=101)],
    "its status, 999, is not that of an answer": [entry(status=999)],
    "its status, a number, is not that of an answer": [entry(status=10**30)],
}
"""By reason."""


def test_what_can_not_be_an_exchange_is_left_out_and_told() -> None:
    for reason, odd_entries in LEFT_OUT.items():
        for odd in odd_entries:
            parsed = parse_entries(read_log(har_of(odd, entry(), odd, odd, odd)))
            assert [kept.index for kept in parsed.entries] == [1], odd
            places = "log.entries[0], log.entries[2], log.entries[3] and 1 more"
            assert parsed.notes[-1] == f"{places} are left out: {reason}", odd


def test_a_status_below_200_or_missing_is_no_answer() -> None:
    for status in (0, -1, None, "204", True, 204.0, -(10**30)):
        document = entry() | {"response": {"status": status}}
        assert read_entry(document).status == 0, status


def test_headers_are_read_as_the_lines_and_bytes_that_were_sent() -> None:
    beyond_latin_1 = "taken as bytes of UTF-8: it has characters beyond Latin-1"
    left_out = "left out: a header needs a name of letters, digits and hyphens"
    for name, value, lines, oddity in (
        ("X-User", "Søren", [("x-user", "Søren")], None),
        (" Accept ", " */* ", [("accept", "*/*")], None),
        ("A", "", [("a", "")], None),
        ("A", "b\tc\n", [("a", "b\tc")], None),
        (":authority", "x", [], None),
        ("Via", "a\n b\r\nc\rd", [("via", line) for line in "abcd"], "split into lines"),
        ("A", "Ωø", [("a", "\xce\xa9\xc3\xb8")], beyond_latin_1),
        ("A", "\ud800", [("a", "\xef\xbf\xbd")], beyond_latin_1),
        ("A", "b\0c\x1b", [("a", "b c")], "read with spaces for its control characters"),
        *((name, "b", [], left_out) for name in ("", " ", "a b", "Søren", "a:", "a\nb")),
    ):
        document = entry()
        header = {"name": name, "value": value}
        document["request"]["headers"] = document["response"]["headers"] = [header]
        log = read_log(har_of(document))
        parsed = parse_entries(log)
        assert parsed.entries[0].headers == tuple(lines), header
        assert har.headers_of(log.entries[0]["response"]) == tuple(lines), header
        places = "log.entries[0].request.headers[0], log.entries[0].response.headers[0]"
        expected = [] if oddity is None else [f"{places} are {oddity}"]
        assert [note for note in parsed.notes if "surrogate" not in note] == expected, header


def test_a_url_is_read_as_it_is_sent() -> None:
    for url, sent in (
        ("http://x/Søren?a=Ω b", "http://x/S%C3%B8ren?a=%CE%A9%20b"),
        (" http://x/%C3%B8#a ", "http://x/%C3%B8#a"),
        ("http://x/\ud800\n", "http://x/%EF%BF%BD"),
        ("http://Crm.Example:80/a?", "http://Crm.Example:80/a?"),
    ):
        assert read_entry(entry(url=url)).url_text == sent, url


def test_a_lone_surrogate_is_read_as_a_lost_character_and_told() -> None:
    for written, read in (
        (r"\ud800", "\ufffd"),
        (r"\uDFFFx", "\ufffdx"),
        (r"\ud83d\ude00", "😀"),
        (r"\ud800\ud83d\ude00\ud800", "\ufffd😀\ufffd"),
        (r"\\ud800", r"\ud800"),
        (r"\\\ud800", "\\\ufffd"),
    ):
        log = read_log(har_of(entry(text="mark")).replace(b"mark", written.encode()))
        assert parse_entries(log).entries[0].body == read, written
        notes = ["lone surrogates, which are no characters, are read as U+FFFD"]
        assert [*log.notes] == (notes if "\ufffd" in read else []), written


def test_times_tell_order_and_overlap_unless_one_is_missing_or_all_are_alike_or_round() -> None:
    for starts, is_exact in (
        ((), True),
        ((60.0,), True),
        ((60.0, 61.5), True),
        ((60.25, 61.25), True),
        ((None,), False),
        ((60.5, None), False),
        ((60.5, 60.5, 60.5), False),
        ((61.0, 62.0, 62.0), False),
        ((60.0, 3600.0), False),
    ):
        assert har.times_are_exact(starts) == is_exact, starts


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
        ("2026-11-20T08:00:00Z", EPOCH - 0.5),
        ("2026-11-20T08:00:00.500Z", EPOCH),
        ("2026-11-20T09:00:00.5000000+01:00", EPOCH),
        ("2026-11-20T08:00:00", EPOCH - 0.5),
        ("2026-11-20T08:00:00.500", EPOCH),
        (" 2026-11-20 08:00:00.5+0000", EPOCH),
        ("", None),
        ("yesterday", None),
        ("2026-13-01T00:00:00Z", None),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
    ):
        read = read_entry(entry() | {"startedDateTime": text})
        assert (read.started_at, read.started_text) == (expected, text)


def test_the_time_to_connect_is_not_part_of_the_request() -> None:
    connected = {"blocked": 900, "dns": 20, "connect": 30, "ssl": 25, "send": 0, "wait": 50}
    phases = {"blocked": -1, "connect": 100, "send": 0, "wait": 1000, "receive": 5}
    for total, timings, elapsed, in_request in (
        (1000, connected, 1.0, 0.05),
        (-1, phases, 1.105, 1.005),  # a missing total is the sum of the phases
        (153, {"dns": 1, "connect": 60, "ssl": 40, "wait": 50, "receive": 2}, 0.113, 0.052),
        (30, {"connect": 60, "wait": 0, "receive": 0}, 0.03, 0.0),  # the phases are not known
    ):
        read = read_entry(entry() | {"time": total, "timings": timings})
        assert read.receive_seconds == pytest.approx(timings.get("receive", 0) / 1000)
        assert read.elapsed_seconds == pytest.approx(elapsed)
        assert read.request_seconds == pytest.approx(in_request)


def test_a_total_of_the_known_phases_is_no_time_if_the_wait_is_unknown() -> None:
    for wait, total, elapsed in (
        (-1, 2.5, None),
        (-1, 30, 0.03),
        (0, 2.5, 0.0025),
        (1, 3.5, 0.0035),
    ):
        document = entry() | {"time": total}
        document["timings"] = {"send": -1, "wait": wait, "receive": 2.5}
        assert read_entry(document).elapsed_seconds == elapsed, (wait, total)


def test_a_time_of_0_is_known_in_our_own_files_only() -> None:
    for creator, elapsed in ((None, None), ("Postman", None), ("superoffice-mock", 0.0)):
        document = json.loads(har_of(entry(took=0), entry(at=1)))
        document["log"]["creator"] = {"name": creator}
        first, second = parse_entries(read_log(json.dumps(document).encode())).entries
        assert (first.elapsed_seconds, first.request_seconds) == (elapsed, elapsed), creator
        assert second.elapsed_seconds == 0.03


def test_the_start_of_a_tool_that_writes_the_end_is_moved() -> None:
    for texts, moves in ((("08:00:01.5Z", "08:00:03Z"), True), (("08:00:01Z", "08:00:03Z"), False)):
        document = json.loads(har_of(*(entry(took=1) for _ in texts)))
        document["log"]["creator"] = {"name": "harfile"}
        for item, text in zip(document["log"]["entries"], texts, strict=True):
            item["startedDateTime"] = f"2026-11-20T{text}"
        _, second = parse_entries(read_log(json.dumps(document).encode())).entries
        assert second.started_at == EPOCH - 0.5 + 3 - moves


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
    document["request"]["headers"] = [{"name": "Accept", "value": "*/*"}]
    assert read_entry(document).media_type == "text/xml"
    document["request"]["headers"] += [{"name": "Content-Type", "value": ""}]
    assert read_entry(document).media_type == ""


def test_listed_cookies_replace_a_missing_header() -> None:
    document = entry()
    document["request"]["cookies"] = [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]
    assert read_entry(document).header_values("cookie") == ("a=1; b=2",)
    document["request"]["cookies"][0]["value"] = "Ω"
    assert read_entry(document).header_values("cookie") == ("a=\xce\xa9; b=2",)
    document["request"]["headers"].append({"name": "COOKIE", "value": "c=3"})
    assert read_entry(document).header_values("cookie") == ("c=3",)


def test_content_length_has_precedence_over_the_recorded_body_size() -> None:
    document = entry()
    document["request"]["headers"].append({"name": "content-length", "value": "12"})
    assert read_entry(document).declared_length == 12
    assert read_entry(entry(text="{}")).declared_length == 2


CUT_SHORT = "; the file is not a HAR, or is cut short"
BROKEN = {
    "empty": (b"", f"not JSON at line 1, column 1 (Expecting value){CUT_SHORT}"),
    "cut short": (har_of(entry())[:-40], CUT_SHORT),
    "gzip": (b"\x1f\x8b\x08", "a gzip file; unpack it, and name the HAR file in it"),
    "zip": (b"PK\x03\x04\x14", "a zip file; unpack it, and name the HAR file in it"),
    "no text": (b'{"log": "\xff"}', "not JSON; the file is not a HAR, or is damaged"),
    "deep": (b"[" * 200_000, "not JSON; the file is not a HAR, or is damaged"),
    "long number": (b"1" * 5000, "not JSON; the file is not a HAR, or is damaged"),
    "an array": (b"[]", "the file has no object 'log'; this is not a HAR"),
    "another object": (b'{"openapi": "3.1.0"}', "the file has no object 'log'; this is not a HAR"),
    "no version": (b'{"log":{"entries":[]}}', "log.version: expected 1.2, got nothing"),
    "old": (b'{"log":{"version":"1.1"}}', "log.version: expected 1.2, got 1.1"),
    "no entries": (b'{"log":{"version":"1.2"}}', "log.entries: expected an array; this is not a"),
}


def test_a_file_that_is_not_a_har_gets_a_message_of_one_line() -> None:
    for name, (raw, message) in BROKEN.items():
        with pytest.raises(TrafficError) as error:
            parse_entries(read_log(raw))
        assert message in str(error.value), name
        assert "\n" not in str(error.value), name


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrafficError, match=r"none\.har: no such file"):
        har_log.load(str(tmp_path / "none.har"), parse_entries)


def test_a_version_may_be_a_number() -> None:
    document = json.loads(har_of(entry()))
    document["log"]["version"] = 1.2
    assert len(read_log(json.dumps(document).encode()).entries) == 1
