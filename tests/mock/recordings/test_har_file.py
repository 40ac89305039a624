"""Recordings as files: what is written is read again, and what tools leave out is not missed."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_contract import har as graded
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


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    headers = tuple(("content-type", one) for one in [draw(st.sampled_from(TYPES))] if one)
    body = draw(st.one_of(st.none(), st.binary(max_size=20), TEXT.map(str.encode)))
    answer = draw(st.one_of(st.none(), st.binary(max_size=20)))
    return Entry(
        request=RecordedRequest(
            draw(st.sampled_from(["GET", "POST"])),
            "http://crm.example/a?b=c",
            headers=(*headers, *draw(st.lists(HEADER, max_size=3))),
            body=body,
        ),
        response=RecordedResponse(draw(st.integers(0, 599)), headers=headers, body=answer),
        at=draw(st.one_of(st.none(), st.integers(0, 2_000_000_000).map(float))),
        elapsed=(elapsed := draw(SECONDS)),
        waited=elapsed,
        label=draw(LABELS),
    )


def without_body(one: dict[str, Any]) -> Recording:
    return har_file.read(builders.har(one))


# ---- there and back --------------------------------------------------------------------------


@settings(max_examples=200, deadline=None)
@given(st.lists(entries(), max_size=3).map(tuple))
def test_whatever_is_written_is_read_again(some: tuple[Entry, ...]) -> None:
    made = Recording(some, About(proves="that", redacted={"name": 2}))
    assert har_file.read(har_file.written(made)) == made


@settings(max_examples=100, deadline=None)
@given(st.lists(entries(), max_size=3).map(tuple))
def test_a_file_in_parts_holds_the_same_as_a_whole_one(some: tuple[Entry, ...]) -> None:
    parts = har_file.header_line(About()) + b"".join(map(har_file.entry_line, some))
    assert har_file.read(parts) == har_file.read(har_file.written(Recording(some)))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_file_in_parts_that_was_torn_anywhere_loses_its_last_line_alone(
    data: st.DataObject,
) -> None:
    lines = [har_file.header_line(About()), *(har_file.entry_line(entry()) for _ in range(3))]
    whole = data.draw(st.integers(1, 3))
    torn = lines[whole][: data.draw(st.integers(1, len(lines[whole]) - 2))]
    found = har_file.read(b"".join(lines[:whole]) + torn)
    assert len(found.entries) == whole - 1
    assert found.note == "its last line was torn and is left out"


def test_a_last_line_that_lacks_only_its_end_is_whole() -> None:
    found = har_file.read(
        (har_file.header_line(About()) + har_file.entry_line(entry())).rstrip(b"\n")
    )
    assert (len(found.entries), found.note) == (1, None)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_text("before")
    har_file.write(str(path), recording(entry()))
    assert har_file.load(str(path)) == recording(entry())
    assert [one.name for one in tmp_path.iterdir()] == ["a.har"]


def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"gone/a\.har: No such file .*; name a file that can be"):
        har_file.write(str(tmp_path / "gone" / "a.har"), recording())


def test_what_we_write_is_graded_like_what_a_browser_writes() -> None:
    (found,) = graded.read_entries(har_file.written(recording(entry())))
    assert (found.method, found.body, found.status) == ("POST", BODY.decode(), 204)
    assert (found.at, found.elapsed) == (1_800_000_000.0, 0.03)
    assert found.waited == pytest.approx(0.02)


def test_a_file_in_parts_is_graded_too(tmp_path: Path) -> None:
    path = tmp_path / "a.har.part"
    path.write_bytes(har_file.header_line(About()) + har_file.entry_line(entry()) + b'{"startedDa')
    assert len(graded.load_entries(str(path))) == 1


# ---- what tools leave out --------------------------------------------------------------------


def test_an_entry_of_a_tool_that_keeps_the_least_is_read() -> None:
    (found,) = without_body({"request": {"method": "get", "url": "http://x/"}}).entries
    assert found == Entry(request=RecordedRequest("GET", "http://x/"), response=RecordedResponse(0))


@pytest.mark.parametrize(
    ("response", "body"),
    [
        ({"status": 200, "content": {"size": 5}}, None),
        ({"status": 200, "content": {"size": 0}}, b""),
        ({"status": 204, "content": {"size": 5}}, b""),
        ({"status": 200, "content": {"text": "w6g=", "encoding": "base64"}}, b"\xc3\xa8"),
        ({"status": 200, "content": {"text": "%%", "encoding": "base64"}}, b"%%"),
        ({"status": 200, "content": {"text": "è", "mimeType": "a/b;charset=latin1"}}, b"\xe8"),
        ({"status": 200, "content": {"text": "Ω", "mimeType": "a/b;charset=latin1"}}, b"\xce\xa9"),
        ({"status": 200, "content": {"text": "\ud800"}}, b"?"),
        ({"status": 200, "content": 7}, b""),
    ],
)
def test_the_body_of_an_answer_is_what_was_sent_as_far_as_the_file_tells(
    response: object, body: bytes | None
) -> None:
    one = builders.entry() | {"response": response}
    assert without_body(one).entries[0].response.body == body


def test_a_request_of_known_length_without_its_body_is_not_taken_for_an_empty_one() -> None:
    one = builders.entry()
    one["request"] |= {"postData": {}, "bodySize": 12}
    assert without_body(one).entries[0].request.body is None


def test_pseudo_headers_of_http_2_are_no_headers() -> None:
    one = builders.entry(headers={":authority": "x", "Accept": "*/*"})
    assert without_body(one).entries[0].request.headers == (("accept", "*/*"),)


def test_a_status_that_http_does_not_have_is_none() -> None:
    assert without_body(builders.entry(status=10**30)).entries[0].response.status == 0


# ---- broken and hostile ----------------------------------------------------------------------

BROKEN = {
    "a label": (
        builders.entry() | {"_mock": {"outcome": "perhaps"}},
        "log.entries[0]._mock.outcome: Invalid enum value 'perhaps'; see fixtures/README.md",
    ),
    "a label of another kind": (builders.entry() | {"_mock": 7}, "log.entries[0]._mock: Expected"),
    "no request": ({}, "log.entries[0] has no object 'request'"),
}


@pytest.mark.parametrize(("one", "said"), BROKEN.values(), ids=BROKEN)
def test_a_wrong_entry_is_named(one: dict[str, Any], said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    path.write_bytes(builders.har(one))
    with pytest.raises(SetupError) as refused:
        har_file.load(str(path))
    assert f"{path}: {said}" in str(refused.value)
    assert "\n" not in str(refused.value)


HEAD = har_file.header_line(About())
WRONG_PARTS = {
    "a torn head": (HEAD[:30], "not JSON at line 1, column"),
    "a damaged line": (
        HEAD + b"{\n" + har_file.entry_line(entry()),
        "not JSON at line 2, column 2",
    ),
    "a wrong line": (HEAD + b"{}\n", "line 2 has no object 'request'"),
    "another version": (b'{"version":"1.1"}\n', "log.version: expected 1.2, got 1.1"),
}


@pytest.mark.parametrize(("raw", "said"), WRONG_PARTS.values(), ids=WRONG_PARTS)
def test_a_wrong_line_of_a_file_in_parts_is_named(raw: bytes, said: str) -> None:
    with pytest.raises(TrafficError) as refused:
        har_file.read(raw)
    assert said in str(refused.value)


def test_two_members_of_one_name_are_refused_as_readers_differ_in_which_they_take() -> None:
    raw = builders.har(builders.entry()).replace(b'"method"', b'"url": "http://x", "method"')
    with pytest.raises(TrafficError, match="an object has 'url' twice; remove one"):
        har_file.read(raw)


def test_a_file_of_utf_16_is_read() -> None:
    text = builders.har(builders.entry()).decode()
    assert har_file.read(text.encode("utf-16")) == har_file.read(text.encode())


def test_a_file_over_the_limit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "big.har"
    with path.open("wb") as file:
        file.truncate(8 * 1024 * 1024 * 1024)
    tracemalloc.start()
    try:
        with pytest.raises(SetupError, match=r"big\.har: larger than 64 MiB; record the calls"):
            har_file.load(str(path))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
    path.write_bytes(b" " * 101)
    with pytest.raises(SetupError, match="larger than 100 bytes"):
        har_file.load(str(path), 100)


def test_a_file_of_nothing_but_tiny_values_is_refused_before_they_fill_the_memory() -> None:
    raw = b'{"log":{"version":"1.2","entries":[' + b"{}," * (MAX_VALUES // 2) + b"{}]}}"
    tracemalloc.start()
    try:
        with pytest.raises(TrafficError, match="more than 5,000,000 values"):
            har_file.read(raw)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


NESTED = json.dumps([1]).replace("1", "[" * 100_000)


@pytest.mark.parametrize(
    "value", [NESTED, "9" * 5_000, "1e999", "-Infinity", '"\\ud800"', '"\\q"', "{", '"', "\0"]
)
def test_no_value_however_odd_breaks_the_reader(value: str) -> None:
    raw = (
        builders.har(builders.entry()).decode().replace('"time": 30.0', f'"time": {value}').encode()
    )
    assert raw != builders.har(builders.entry())
    try:
        found = har_file.read(raw)
    except TrafficError:
        return
    assert found.entries[0].elapsed is None


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
def test_a_value_of_any_kind_in_any_place_is_read_or_refused_and_can_be_written(
    place: str, value: object
) -> None:
    one = builders.entry()
    parent, _, name = place.rpartition(".")
    (one[parent] if parent else one)[name] = value
    try:
        found = har_file.read(builders.har(one))
    except TrafficError:
        return
    assert len(har_file.read(har_file.written(found)).entries) == 1


def test_json_that_is_written_is_plain_json() -> None:
    document = json.loads(har_file.written(recording(entry(headers=JSON, answer=None, status=200))))
    (one,) = document["log"]["entries"]
    assert one["response"]["content"] == {"size": -1, "mimeType": "", "text": "", "_kept": False}
    assert one["timings"] == {"blocked": 10.0, "send": 0, "wait": 20.0, "receive": 0}


def test_the_time_of_a_transfer_stays_apart_from_that_to_the_answer() -> None:
    written = har_file.written(recording(replace(entry(), received=0.015)))
    (one,) = json.loads(written)["log"]["entries"]
    assert one["timings"] == {"blocked": 10.0, "send": 0, "wait": 5.0, "receive": 15.0}
    assert [one.received for one in har_file.read(written).entries] == [0.015]
