"""HAR 1.2 <-> recordings: whole files, and `.part` files a line at a time.

Only what the values hold is ever written: members of other tools stay behind.
"""

import json
import os
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from superoffice_contract import har
from superoffice_contract import har as recorded
from superoffice_contract.errors import TrafficError
from superoffice_contract.har import MAX_BYTES, HarLog, Member, headers_of, object_of, text_of
from superoffice_mock.errors import SetupError
from superoffice_mock.recordings import body_encoding, har_writer
from superoffice_mock.recordings.model import (
    About,
    Entry,
    Headers,
    Label,
    RecordedRequest,
    RecordedResponse,
    Recording,
)

NO_BODY: Final = (204, 304)
STAMPED_LATE: Final = ("harfile",)
"""Creators, here Schemathesis's, that write as the start of an exchange when its answer came."""
Own = TypeVar("Own", Label, About)

# ---- reading ---------------------------------------------------------------------------------


def load(path: str, max_bytes: int = MAX_BYTES) -> Recording:
    """Read the HAR or `.part` file at *path*. Raise SetupError, one line, if it is none."""
    try:
        found = har.load_log(path, max_bytes)
    except TrafficError as error:
        raise SetupError(str(error)) from None
    try:
        return _recording(found)
    except TrafficError as error:
        msg = f"{path}: {error}"
        raise SetupError(msg) from None


def read(raw: bytes, max_bytes: int = MAX_BYTES) -> Recording:
    """Return the recording in *raw*. Raise TrafficError if it is no HAR 1.2."""
    return _recording(har.read_log(raw, max_bytes))


def _recording(found: HarLog) -> Recording:
    entries = tuple(
        _entry(seen, raw, found.place(seen.index))
        for seen, raw in zip(recorded.entries(found), found.entries, strict=True)
    )
    if object_of(found.log.get("creator")).get("name") in STAMPED_LATE:
        entries = tuple(map(_earlier, entries))
    return Recording(entries, _own(found.log, About, "log"), found.note)


def _earlier(entry: Entry) -> Entry:
    if entry.at is None or entry.elapsed is None:
        return entry
    return msgspec.structs.replace(entry, at=entry.at - entry.elapsed)


def _entry(seen: recorded.Entry, raw: Member, place: str) -> Entry:
    request, response = raw["request"], object_of(raw.get("response"))
    return Entry(
        request=RecordedRequest(
            seen.method,
            request["url"],
            headers=_real(seen.headers),
            body=_sent(seen, request),
        ),
        response=_response(seen, response),
        at=seen.at,
        elapsed=seen.elapsed,
        waited=None if seen.waited is None else round(seen.waited, 6),
        received=seen.received,
        label=_own(raw, Label, place),
    )


def _own(members: Member, kind: type[Own], place: str) -> Own:
    """Return the `_mock` members among *members*. Raise TrafficError if they are not ours."""
    try:
        return msgspec.convert(members.get("_mock") or {}, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$.")
        msg = f"{place}._mock{where and '.'}{where.rstrip('`')}: {what}; see fixtures/README.md"
        raise TrafficError(msg) from None


def _real(headers: Headers) -> Headers:
    """Return *headers* without the pseudo-headers of HTTP/2, which browsers list among them."""
    return tuple(header for header in headers if not header[0].startswith(":"))


def _sent(seen: recorded.Entry, request: Member) -> bytes | None:
    if isinstance(seen.body, bytes):
        return seen.body
    if seen.body is not None:
        return body_encoding.encoded(seen.body, seen.media_type or "")
    left_out = object_of(request.get("postData")).get("_kept") is False
    return None if left_out or seen.announced else b""


def _response(seen: recorded.Entry, response: Member) -> RecordedResponse:
    status = seen.status if 0 <= seen.status <= 999 else 0
    headers = _real(headers_of(response))
    body = _received(status, headers, response)
    return RecordedResponse(status, seen.failed, headers=headers, body=body)


def _received(status: int, headers: Headers, response: Member) -> bytes | None:
    content = object_of(response.get("content"))
    text = text_of(content.get("text"))
    if text_of(content.get("encoding")).lower() == "base64":
        raw = recorded.decoded(text)
        return text.encode("utf-8", "replace") if raw is None else raw
    if text:
        named = next((value for name, value in headers if name == "content-type"), "")
        return body_encoding.encoded(text, named or text_of(content.get("mimeType")))
    size = content.get("size")
    some = type(size) is int and size > 0 and status not in NO_BODY
    return None if some or content.get("_kept") is False else b""


# ---- writing ---------------------------------------------------------------------------------


def write(path: str, recording: Recording) -> None:
    """Write *recording* whole: a reader sees all of it or what was there. Raise SetupError."""
    draft = Path(f"{path}.new")
    try:
        with draft.open("wb") as file:
            file.write(written(recording))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        msg = f"{path}: {error.strerror}; name a file that can be written"
        raise SetupError(msg) from None


def written(recording: Recording) -> bytes:
    """Return *recording* as a HAR, indented for people who read it."""
    entries = [har_writer.entry_json(one) for one in recording.entries]
    log = har_writer.log(recording.about) | {"entries": entries}
    return _json({"log": log}, indent=2)


def header_line(about: About) -> bytes:
    """Return the first line of a `.part` file."""
    return _json(har_writer.log(about))


def entry_line(entry: Entry) -> bytes:
    """Return the line of *entry* in a `.part` file."""
    return _json(har_writer.entry_json(entry))


def _json(value: object, indent: int | None = None) -> bytes:
    separators = None if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return text.encode("utf-8", "replace") + b"\n"
