"""Recording files: the round trip, HARs of other tools that leave members out, and broken files."""

import json
import re
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract.errors import TrafficError
from superoffice_contract.grading import grade
from superoffice_contract.har_log import MAX_VALUES
from superoffice_contract.report import Finding
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
from tests.support.recordings import JSON, entry, recording

TYPES = ("", "application/json", "text/xml; charset=utf-16", "text/plain; charset=iso-8859-1")
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Co", "Cf")), max_size=20)
LATIN_1 = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=20)
HEADER = st.tuples(st.sampled_from(["a", "x-y", "cookie"]), LATIN_1.map(str.strip))
SECONDS = st.one_of(st.none(), st.integers(0, 10**6).map(lambda ms: ms / 1000))
STATUSES = st.one_of(st.just(0), st.integers(200, 599))
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
    elapsed = draw(SECONDS)
    is_timed = elapsed is not None and elapsed >= 0.002
    return Entry(
        request=RecordedRequest(
            draw(st.sampled_from(["GET", "POST"])),
            "http://crm.example/a?b=c",
            headers=(*headers, *draw(st.lists(HEADER, max_size=3))),
            body=body,
        ),
        response=RecordedResponse(
            draw(STATUSES),
            draw(st.sampled_from([None, "reset"])),
            headers=headers,
            body=response_body,
        ),
        at=draw(st.one_of(st.none(), st.integers(0, 2_000_000_000).map(float))),
        elapsed=elapsed,
        service_time=elapsed,
        receive_time=draw(st.sampled_from([0.0, 0.001])) if is_timed else 0.0,
        label=draw(LABELS),
    )


def with_places(before: Recording) -> Recording:
    """Return *before* with the places that its entries get in a file."""
    placed_entries = (replace(item, index=index) for index, item in enumerate(before.entries))
    return replace(before, entries=tuple(placed_entries))


def read_har(har_entry: dict[str, Any]) -> Recording:
    return har_file.read(builders.har_of(har_entry))


# ---- the round trip --------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.lists(entries(), max_size=3).map(tuple))
def test_a_written_recording_is_read_unchanged(written_entries: tuple[Entry, ...]) -> None:
    before = Recording(written_entries, About(proves="that", redacted={"name": 2}))
    assert har_file.read(har_file.encode(before)) == with_places(before)


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
    assert torn.notes == ("its last line is incomplete and was left out",)


def test_a_last_line_without_its_newline_is_complete() -> None:
    raw = har_file.header_line(About()) + har_file.entry_line(entry())
    part = har_file.read(raw.rstrip(b"\n"))
    assert (len(part.entries), part.notes) == (1, ())


def test_writing_replaces_the_file_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_text("before")
    har_file.write(str(path), recording(entry()))
    assert har_file.load(str(path)) == with_places(recording(entry()))
    assert [file.name for file in tmp_path.iterdir()] == ["a.har"]


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"gone/a\.har: no such folder; name a file that can be"):
        har_file.write(str(tmp_path / "gone" / "a.har"), recording())


def conclusions(raw: bytes, path: Path) -> list[object]:
    path.write_bytes(raw)
    results = grade.grade_har(str(path)).results
    return [(found.check, found.status, found.reason, whats(found.findings)) for found in results]


def whats(findings: tuple[Finding, ...]) -> list[str]:
    # An entry that was left out when the file was read has no place in the written file.
    return [re.sub(r"entries\[.\]", "an entry", finding.what) for finding in findings]


@st.composite
def foreign_entries(draw: st.DrawFn) -> builders.Entry:
    made = builders.entry(
        *draw(st.sampled_from([(507,), (508, 508), (9, 10)])),
        at=draw(st.sampled_from([0.0, 0.004, 0.5, 1.2, 60])),
        status=draw(st.sampled_from([204, 204, 204, 0, -1, 400, 401, 101])),
    )
    wait, receive = (
        draw(st.sampled_from([-1, 0, 4, 930, 1010])),
        draw(st.sampled_from([0, 40, 600])),
    )
    made["time"] = draw(st.sampled_from([-1, 30, 960, max(wait, 0) + receive]))
    made["timings"] = {"blocked": 0, "send": 0, "wait": wait, "receive": receive}
    starts = [made["startedDateTime"]] * 3 + ["", "2026-11-20T08:00:00Z"]
    made["startedDateTime"] = draw(st.sampled_from(starts))
    request, headers = made["request"], made["request"]["headers"]
    some_headers = [headers, [], headers[:1], [{"name": "A", "value": "Ω"}]]
    request["headers"] = draw(st.sampled_from(some_headers))
    request["bodySize"] = draw(st.sampled_from([request["bodySize"], 0, -1, None]))
    left_out = {"mimeType": "application/json", "text": "", "_file": "a"}
    post_data = request["postData"]
    request["postData"] = draw(st.sampled_from([post_data, post_data, None, left_out]))
    made["response"]["_error"] = draw(st.sampled_from([None, "net::ERR_ABORTED", "reset"]))
    return made


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(foreign_entries(), max_size=4))
def test_grade_concludes_the_same_from_a_file_that_was_read_and_written(
    tmp_path: Path, others: list[builders.Entry]
) -> None:
    raw = builders.har_of(builders.entry(at=0.1), *others)
    written = har_file.encode(har_file.read(raw))
    assert conclusions(written, tmp_path / "b.har") == conclusions(raw, tmp_path / "a.har")


# ---- HARs of other tools ---------------------------------------------------------------------


def test_an_entry_with_the_fewest_members_is_read() -> None:
    (least,) = read_har({"request": {"method": "get", "url": "http://x/"}}).entries
    bare_entry = Entry(request=RecordedRequest("GET", "http://x/"), response=RecordedResponse(0))
    assert least == replace(bare_entry, index=0)


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
        ({"status": 200, "content": {"text": "\ud800"}}, "\ufffd".encode()),
        ({"status": 200, "content": {"size": -1}}, None),
        ({"status": 200, "content": {"size": 0, "_file": "a.json"}}, None),
        ({"status": 200, "headers": [{"name": "Content-Length", "value": "9"}]}, None),
        ({"status": -1, "content": {"size": -1}}, b""),
        ({"status": 200, "content": 7}, b""),
    ]
    for response, body in cases:
        har_entry = builders.entry() | {"response": response}
        assert read_har(har_entry).entries[0].response.body == body, response


def test_a_body_of_a_request_that_is_not_on_record_does_not_count_as_empty() -> None:
    for method, members, body, length in (
        ("POST", {"postData": {}, "bodySize": 12}, None, 12),
        ("POST", {"postData": None, "bodySize": 0}, None, None),
        ("PATCH", {"postData": None, "bodySize": -1}, None, None),
        ("POST", {"postData": {"_file": "a.json", "text": ""}, "bodySize": 0}, None, None),
        ("POST", {"postData": {"text": ""}, "bodySize": 0}, b"", None),
        ("GET", {"postData": None, "bodySize": -1}, b"", None),
        ("DELETE", {"postData": None, "bodySize": 7}, None, 7),
        ("POST", {"postData": {"text": "\ufffd"}, "bodySize": 2}, None, None),
        ("POST", {"postData": {"text": "\ufffd"}, "bodySize": 3}, b"\xef\xbf\xbd", None),
        ("POST", {"postData": {"text": "\ufffd"}, "bodySize": -1}, b"\xef\xbf\xbd", None),
    ):
        har_entry = builders.entry(method=method)
        har_entry["request"] |= members
        request = read_har(har_entry).entries[0].request
        assert (request.body, request.length) == (body, length), (method, members)


def test_a_media_type_that_the_tool_does_not_know_is_none() -> None:
    for name in ("x-unknown", "application/x-unknown"):
        har_entry = builders.entry() | {"response": {"status": 200, "content": {"mimeType": name}}}
        assert read_har(har_entry).entries[0].response.media_type == ""


# ---- broken and hostile ----------------------------------------------------------------------


def test_the_message_names_the_file_and_the_broken_entry_or_line(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    odd_outcome, odd_label = (
        builders.har_of(builders.entry() | {"_mock": label}) for label in ({"outcome": "odd"}, 7)
    )
    for raw, message in (
        (odd_outcome, "log.entries[0]._mock: outcome: expected one of "),
        (odd_label, "log.entries[0]._mock: expected"),
        (HEAD[:30], "not JSON at line 1, column"),
        (HEAD + b"{\n" + har_file.entry_line(entry()), "not JSON at line 2, column 2"),
        (b'{"version":"1.1"}\n', "log.version: expected 1.2, got 1.1"),
    ):
        path.write_bytes(raw)
        with pytest.raises(SetupError) as error:
            har_file.load(str(path))
        assert f"{path}: {message}" in str(error.value), message
        assert "\n" not in str(error.value), message


def test_duplicate_members_are_an_error_as_readers_differ_in_which_one_they_take() -> None:
    raw = builders.har_of(builders.entry()).replace(b'"method"', b'"url": "http://x", "method"')
    with pytest.raises(TrafficError, match="an object has 'url' twice; remove one"):
        har_file.read(raw)


@contextmanager
def little_memory() -> Iterator[None]:
    """Assert that the block takes less than a megabyte."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_file_over_the_limit_is_rejected_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.har"
    with path.open("wb") as file:
        file.truncate(8 * 1024 * 1024 * 1024)
    too_large = r"big\.har: larger than 64 MiB; record only the calls"
    with little_memory(), pytest.raises(SetupError, match=too_large):
        har_file.load(str(path))
    path.write_bytes(b" " * 101)
    with pytest.raises(SetupError, match="larger than 100 bytes"):
        har_file.load(str(path), 100)


def test_a_file_with_too_many_values_is_rejected_before_they_fill_the_memory() -> None:
    raw = b'{"log":{"version":"1.2","entries":[' + b"{}," * (MAX_VALUES // 2) + b"{}]}}"
    with little_memory(), pytest.raises(TrafficError, match="more than 5,000,000 values"):
        har_file.read(raw)


def test_an_odd_value_does_not_break_the_reader() -> None:
    whole = builders.har_of(builders.entry())
    for value in (NESTED, "9" * 5_000, "1e999", "-Infinity", '"\\ud800"', '"\\q"', "{", '"', "\0"):
        raw = whole.replace(b'"time": 30.0', f'"time": {value}'.encode())
        assert raw != whole
        with suppress(TrafficError):
            assert har_file.read(raw).entries[0].elapsed is None, value[:9]


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
def test_any_value_is_rejected_or_read_and_written_again(place: str, value: object) -> None:
    har_entry = builders.entry()
    parent, _, name = place.rpartition(".")
    (har_entry[parent] if parent else har_entry)[name] = value
    with suppress(TrafficError):
        odd = har_file.read(builders.har_of(har_entry))
        assert har_file.read(har_file.encode(odd)).entries == odd.entries


def test_a_missing_body_and_the_times_are_written_as_har_has_them() -> None:
    bare = entry(headers=JSON, response_body=None, status=200)
    for receive_time, wait, receive in ((0.0, 20.0, 0), (0.015, 5.0, 15.0)):
        recorded = recording(replace(bare, receive_time=receive_time))
        (har_entry,) = json.loads(har_file.encode(recorded))["log"]["entries"]
        content = {"size": -1, "mimeType": "", "text": "", "_kept": False}
        assert har_entry["response"]["content"] == content
        timings = {"blocked": 10.0, "send": 0, "wait": wait, "receive": receive}
        assert har_entry["timings"] == timings
