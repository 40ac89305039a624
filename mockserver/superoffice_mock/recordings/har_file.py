"""Reads and writes recordings: whole HAR 1.2 files, and `.part` files line by line.

Only the values of `model` are written; members that other tools added are dropped.
"""

import json
from collections.abc import Callable
from typing import TypeVar

import msgspec

from superoffice_contract import har, har_log, output_files
from superoffice_contract.errors import TrafficError
from superoffice_contract.har_log import MAX_BYTES, HarLog, JsonObject, object_of, text_of
from superoffice_contract.messages import NO_FOLDER, describe_os_error, show_path
from superoffice_contract.validation import explain
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import body_encoding, har_writer
from superoffice_mock.recordings.model import (
    BODILESS,
    About,
    Entry,
    Headers,
    Label,
    RecordedRequest,
    RecordedResponse,
    Recording,
)

MockMembers = TypeVar("MockMembers", Label, About)


def load(path: str, max_bytes: int = MAX_BYTES) -> Recording:
    """Read the HAR or `.part` file at *path*. Raise SetupError with one line if it is neither."""
    try:
        return har_log.load(path, _recording, max_bytes)
    except TrafficError as error:
        raise SetupError(str(error)) from None


def read(raw: bytes, max_bytes: int = MAX_BYTES) -> Recording:
    """Parse the recording in *raw*. Raise TrafficError if it is not HAR 1.2."""
    return _recording(har_log.read_log(raw, max_bytes))


def _recording(log: HarLog) -> Recording:
    parsed = har.parse_entries(log)
    entries = tuple(
        _entry(entry, log.entries[entry.index], log.describe_place(entry.index))
        for entry in parsed.entries
    )
    return Recording(entries, _mock_members(log.log, About, "log"), parsed.notes)


def _entry(parsed: har.Entry, raw: JsonObject, place: str) -> Entry:
    request, response = raw["request"], object_of(raw.get("response"))
    body = _request_body(parsed)
    has_body = body is not None or parsed.body is not None  # or one that lost bytes
    return Entry(
        request=RecordedRequest(
            parsed.method,
            parsed.url_text,
            headers=parsed.headers,
            body=body,
            length=None if has_body else parsed.declared_length or None,
            declared_type=_declared_type(parsed.headers, object_of(request.get("postData"))),
        ),
        response=_response(parsed, response),
        at=parsed.started_at,
        elapsed=_to_microseconds(parsed.elapsed_seconds),
        service_time=_to_microseconds(parsed.request_seconds),
        receive_time=_to_microseconds(parsed.receive_seconds) or 0.0,
        label=_mock_members(raw, Label, place),
        index=parsed.index,
    )


def _mock_members(members: JsonObject, kind: type[MockMembers], place: str) -> MockMembers:
    try:
        return msgspec.convert(members.get("_mock") or {}, kind)
    except msgspec.ValidationError as error:
        msg = f"{place}._mock: {explain(error, kind)}; see fixtures/README.md"
        raise TrafficError(msg) from None


def _request_body(parsed: har.Entry) -> bytes | None:
    if isinstance(parsed.body, bytes):
        return parsed.body
    if parsed.body is not None:
        body = body_encoding.encode(parsed.body, parsed.media_type or "")
        are_lost = "\ufffd" in parsed.body and parsed.declared_length not in (None, len(body))
        return None if are_lost else body  # the tool decoded bytes that are no text
    return b"" if parsed.is_bodiless else None


def _response(parsed: har.Entry, response: JsonObject) -> RecordedResponse:
    headers, content = har.headers_of(response), object_of(response.get("content"))
    size = content.get("size")
    body = _response_body(headers, content)
    if body is None and _has_no_body(parsed, headers, content):
        body = b""
    return RecordedResponse(
        parsed.status,
        parsed.error,
        headers=headers,
        body=body,
        length=size if body is None and type(size) is int and size >= 0 else None,
        declared_type=_declared_type(headers, content),
    )


def _declared_type(headers: Headers, content: JsonObject) -> str:
    """Return the media type that stands in *content* alone."""
    has_header = any(name == "content-type" for name, _ in headers)
    media_type = text_of(content.get("mimeType"))
    return "" if has_header or media_type.endswith("x-unknown") else media_type


def _response_body(headers: Headers, content: JsonObject) -> bytes | None:
    text = text_of(content.get("text"))
    if text_of(content.get("encoding")).lower() == "base64":
        raw = har.decode_base64(text)
        return text.encode("utf-8", "replace") if raw is None else raw
    media_type = next((value for name, value in headers if name == "content-type"), "")
    return body_encoding.encode(text, media_type or text_of(content.get("mimeType"))) or None


def _has_no_body(parsed: har.Entry, headers: Headers, content: JsonObject) -> bool:
    if har.is_left_out(content):
        return False
    is_never_sent = parsed.method == "HEAD" or parsed.status in (0, *BODILESS)
    size = content.get("size")
    return is_never_sent or (size != -1 and not har.declared_length(headers, size))


def write(
    path: str,
    recording: Recording,
    write_file: Callable[[str, bytes], object] = output_files.replace,
) -> None:
    """Write *recording* to *path* in one step. Raise SetupError on failure.

    With `output_files.create`, raise FileExistsError if *path* exists.
    """
    try:
        write_file(path, encode(recording))
    except FileExistsError:
        raise
    except OSError as error:
        reason = describe_os_error(error, NO_FOLDER)
        raise SetupError(f"{show_path(path)}: {reason}; name a file that can be written") from None


def encode(recording: Recording) -> bytes:
    """Return *recording* as an indented HAR."""
    entries = [har_writer.entry_json(entry) for entry in recording.entries]
    log = har_writer.log_json(recording.about) | {"entries": entries}
    return _encode_json({"log": log}, indent=2)


def header_line(about: About) -> bytes:
    """Return the first line of a `.part` file."""
    return _encode_json(har_writer.log_json(about))


def entry_line(entry: Entry) -> bytes:
    """Return the line of *entry* in a `.part` file."""
    return _encode_json(har_writer.entry_json(entry))


def _encode_json(value: object, indent: int | None = None) -> bytes:
    separators = None if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text.encode("utf-8", "replace") + b"\n"


def _to_microseconds(seconds: float | None) -> float | None:
    """Return *seconds* rounded to microseconds: a sum of phases is not exact, and is written so."""
    return None if seconds is None else round(seconds, 6)
