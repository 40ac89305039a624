"""Recording files: the round trip, HARs of other tools that leave members out, and broken files."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract import har
from superoffice_contract.errors import TrafficError
from superoffice_contract.har import MAX_VALUES
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import (
    About,
    Entry,
    Label,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from tests.contract.grading import builders
from tests.support.recordings import BODY, JSON, entry, recording

TYPES = ("", "application/json", "text/xml; charset=utf-16", "text/plain; charset=iso-8859-1")
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Cf")), max_size=20)
HEADER = st.tuples(st.sampled_from(["a", "x-y", "cookie"]), TEXT.map(str.strip))
SECONDS = st.one_of(st.none(), st.integers(0, 10**6).map(lambda ms: ms / 1000))
LABELS = st.builds(
    Label,
    outcome=st.sampled_from(["started", "turned_away", "unknown"]),
    confidence=st.sampled_from([None, "high"]),
    tenant=st.one_of(st.none(), TEXT),
    arrival=st.one_of(st.none(), st.integers(1, 99)),
    notes=st.lists(TEXT, max_size=2).map(tuple),
)
HEAD = har_file.header_line(About())
NESTED = json.dumps([1]).replace("1", "[" * 100_000)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    headers = tuple(("content-type", name) for name in [draw(st.sampled_from(TYPES))] if name)
    body = draw(st.one_of(st.none(), st.binary(max_size=20), TEXT.map(str.encode)))
    response_body = draw(st.one_of(st.none(), st.binary(max_size=20)))
    return Entry(
        request=RecordedRequest(
            draw(st.sampled_from(["GET", "POST"])),
            "http://crm.example/a?b=c",
            headers=(*headers, *draw(st.lists(HEADER, max_size=3))),
            body=body,
        ),
        response=RecordedResponse(draw(st.integers(0, 599)), headers=headers, body=response_body),
        at=draw(st.one_of(st.none(), st.integers(0, 2_000_000_000).map(float))),
        elapsed=(elapsed := draw(SECONDS)),
        service_time=elapsed,
        label=draw(LABELS),
    )


def read_har(har_entry: dict[str, Any]) -> Recording:
    return har_file.read(builders.har_of(har_entry))


# ---- the round trip --------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.lists(entries(), max_size=3).map(tuple))
def test_a_written_recording_is_read_unchanged(written_entries: tuple[Entry, ...]) -> None:
    before = Recording(written_entries, About(proves="that", redacted={"name": 2}))
    assert har_file.read(har_file.encode(before)) == before


@settings(max_examples=100, deadline=None)
@given(st.lists(entries(), max_size=3).map(tuple))
def test_a_part_file_holds_the_same_as_a_whole_file(written_entries: tuple[Entry, ...]) -> None:
    part = har_file.header_line(About()) + b"".join(map(har_file.entry_line, written_entries))
    assert har_file.read(part) == har_file.read(har_file.encode(Recording(written_entries)))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_part_file_that_is_torn_anywhere_loses_only_its_last_line(data: st.DataObject) -> None:
    lines = [har_file.header_line(About()), *(har_file.entry_line(entry()) for _ in range(3))]
    count = data.draw(st.integers(1, 3))
    torn_line = lines[count][: data.draw(st.integers(1, len(lines[count]) - 2))]
    torn = har_file.read(b"".join(lines[:count]) + torn_line)
    assert len(torn.entries) == count - 1
    assert torn.note == "its last line is incomplete and was left out"


def test_a_last_line_without_its_newline_is_complete() -> None:
    raw = har_file.header_line(About()) + har_file.entry_line(entry())
    part = har_file.read(raw.rstrip(b"\n"))
    assert (len(part.entries), part.note) == (1, None)


def test_writing_replaces_the_file_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_text("before")
    har_file.write(str(path), recording(entry()))
    assert har_file.load(str(path)) == recording(entry())
    assert [file.name for file in tmp_path.iterdir()] == ["a.har"]


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"gone/a\.har: no such folder; name a file that can be"):
        har_file.write(str(tmp_path / "gone" / "a.har"), recording())


def test_the_grader_reads_a_written_file_like_that_of_a_browser() -> None:
    (parsed,) = har.parse_entries(har.read_log(har_file.encode(recording(entry()))))
    assert (parsed.method, parsed.body, parsed.status) == ("POST", BODY.decode(), 204)
    assert (parsed.started_at, parsed.elapsed_seconds) == (1_800_000_000.0, 0.03)
    assert parsed.request_seconds == pytest.approx(0.02)


def test_the_grader_reads_a_part_file(tmp_path: Path) -> None:
    path = tmp_path / "a.har.part"
    path.write_bytes(har_file.header_line(About()) + har_file.entry_line(entry()) + b'{"startedDa')
    assert len(har.load(str(path), har.parse_entries)) == 1


# ---- HARs of other tools ---------------------------------------------------------------------


def test_an_entry_with_the_fewest_members_is_read() -> None:
    (least,) = read_har({"request": {"method": "get", "url": "http://x/"}}).entries
    assert least == Entry(request=RecordedRequest("GET", "http://x/"), response=RecordedResponse(0))


def test_the_body_of_a_response_is_restored_as_far_as_the_file_allows() -> None:
    latin1 = {"mimeType": "a/b;charset=latin1"}
    cases: list[tuple[object, bytes | None]] = [
        ({"status": 200, "content": {"size": 5}}, None),
        ({"status": 200, "content": {"size": 0}}, b""),
        ({"status": 204, "content": {"size": 5}}, b""),
        ({"status": 200, "content": {"text": "w6g=", "encoding": "base64"}}, b"\xc3\xa8"),
        ({"status": 200, "content": {"text": "%%", "encoding": "base64"}}, b"%%"),
        ({"status": 200, "content": {"text": "è", **latin1}}, b"\xe8"),
        ({"status": 200, "content": {"text": "Ω", **latin1}}, b"\xce\xa9"),
        ({"status": 200, "content": {"text": "\ud800"}}, b"?"),
        ({"status": 200, "content": 7}, b""),
    ]
    for response, body in cases:
        har_entry = builders.entry() | {"response": response}
        assert read_har(har_entry).entries[0].response.body == body, response


def test_a_request_with_a_length_but_without_its_body_does_not_count_as_empty() -> None:
    har_entry = builders.entry()
    har_entry["request"] |= {"postData": {}, "bodySize": 12}
    assert read_har(har_entry).entries[0].request.body is None


def test_the_pseudo_headers_of_http_2_are_dropped() -> None:
    har_entry = builders.entry(headers={":authority": "x", "Accept": "*/*"})
    assert read_har(har_entry).entries[0].request.headers == (("accept", "*/*"),)


def test_an_impossible_status_is_read_as_0() -> None:
    assert read_har(builders.entry(status=10**30)).entries[0].response.status == 0


# ---- broken and hostile ----------------------------------------------------------------------

BROKEN = {
    "a label": (
        builders.har_of(builders.entry() | {"_mock": {"outcome": "perhaps"}}),
        "log.entries[0]._mock: outcome: expected one of ",
    ),
    "a label of another kind": (
        builders.har_of(builders.entry() | {"_mock": 7}),
        "log.entries[0]._mock: expected",
    ),
    "no request": (builders.har_of({}), "log.entries[0] has no object 'request'"),
    "a torn head": (HEAD[:30], "not JSON at line 1, column"),
    "a damaged line": (
        HEAD + b"{\n" + har_file.entry_line(entry()),
        "not JSON at line 2, column 2",
    ),
    "a wrong line": (HEAD + b"{}\n", "line 2 has no object 'request'"),
    "another version": (b'{"version":"1.1"}\n', "log.version: expected 1.2, got 1.1"),
}


def test_the_message_names_the_file_and_the_broken_entry_or_line(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    for name, (raw, message) in BROKEN.items():
        path.write_bytes(raw)
        with pytest.raises(SetupError) as error:
            har_file.load(str(path))
        assert f"{path}: {message}" in str(error.value), name
        assert "\n" not in str(error.value), name


def test_duplicate_members_are_an_error_as_readers_differ_in_which_one_they_take() -> None:
    raw = builders.har_of(builders.entry()).replace(b'"method"', b'"url": "http://x", "method"')
    with pytest.raises(TrafficError, match="an object has 'url' twice; remove one"):
        har_file.read(raw)


def test_a_file_over_the_limit_is_rejected_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.har"
    with path.open("wb") as file:
        file.truncate(8 * 1024 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(
            SetupError, match=r"big\.har: larger than 64 MiB; record only the calls"
        ):
            har_file.load(str(path))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    path.write_bytes(b" " * 101)
    with pytest.raises(SetupError, match="larger than 100 bytes"):
        har_file.load(str(path), 100)


def test_a_file_with_too_many_values_is_rejected_before_they_fill_the_memory() -> None:
    raw = b'{"log":{"version":"1.2","entries":[' + b"{}," * (MAX_VALUES // 2) + b"{}]}}"
    tracemalloc.start()
    try:
        with pytest.raises(TrafficError, match="more than 5,000,000 values"):
            har_file.read(raw)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "value", [NESTED, "9" * 5_000, "1e999", "-Infinity", '"\\ud800"', '"\\q"', "{", '"', "\0"]
)
def test_an_odd_value_does_not_break_the_reader(value: str) -> None:
    raw = (
        builders.har_of(builders.entry())
        .decode()
        .replace('"time": 30.0', f'"time": {value}')
        .encode()
    )
    assert raw != builders.har_of(builders.entry())
    try:
        odd = har_file.read(raw)
    except TrafficError:
        return
    assert odd.entries[0].elapsed is None


JSONS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
PLACES = (
    *("request", "response", "startedDateTime", "time", "timings", "_mock", "request.headers"),
    *("request.postData", "request.url", "request.method", "request.cookies", "request.bodySize"),
    *("response.content", "response.status", "response.headers"),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(PLACES), JSONS)
def test_any_value_in_any_place_is_rejected_or_read_and_written_again(
    place: str, value: object
) -> None:
    har_entry = builders.entry()
    parent, _, name = place.rpartition(".")
    (har_entry[parent] if parent else har_entry)[name] = value
    try:
        odd = har_file.read(builders.har_of(har_entry))
    except TrafficError:
        return
    assert len(har_file.read(har_file.encode(odd)).entries) == 1


def written_entry(before: Entry) -> dict[str, Any]:
    (har_entry,) = json.loads(har_file.encode(recording(before)))["log"]["entries"]
    return dict(har_entry)


def test_a_missing_body_and_the_times_are_written_as_har_has_them() -> None:
    har_entry = written_entry(entry(headers=JSON, response_body=None, status=200))
    content = {"size": -1, "mimeType": "", "text": "", "_kept": False}
    assert har_entry["response"]["content"] == content
    assert har_entry["timings"] == {"blocked": 10.0, "send": 0, "wait": 20.0, "receive": 0}


def test_the_time_of_the_transfer_is_kept_apart_from_the_time_to_the_answer() -> None:
    slow = replace(entry(), receive_time=0.015)
    timings = {"blocked": 10.0, "send": 0, "wait": 5.0, "receive": 15.0}
    assert written_entry(slow)["timings"] == timings
    (read_again,) = har_file.read(har_file.encode(recording(slow))).entries
    assert read_again.receive_time == 0.015
