"""Recordings -> the JSON of HAR 1.2; what its schema wants and we don't know is -1 or empty."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from superoffice_contract.har import VERSION
from superoffice_mock import __version__
from superoffice_mock.recordings import body_encoding
from superoffice_mock.recordings.model import (
    About,
    Entry,
    Headers,
    RecordedRequest,
    RecordedResponse,
)

PHRASES: Final[Mapping[int, str]] = {status.value: status.phrase for status in HTTPStatus}


def log(about: About) -> dict[str, Any]:
    """Return the log without its entries."""
    creator = {"name": "superoffice-mock", "version": __version__}
    return {"version": VERSION, "creator": creator, "_mock": msgspec.to_builtins(about)}


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return *entry* as a member of the log's entries."""
    waited = entry.elapsed if entry.waited is None else entry.waited
    blocked = None if entry.elapsed is None or waited is None else max(entry.elapsed - waited, 0.0)
    return {
        "startedDateTime": _moment(entry.at),
        "time": _milliseconds(entry.elapsed),
        "request": _request_as_json(entry.request),
        "response": _response_as_json(entry.response),
        "cache": {},
        "timings": {
            "blocked": _milliseconds(blocked),
            "send": 0,
            "wait": _milliseconds(None if waited is None else max(waited - entry.received, 0.0)),
            "receive": _milliseconds(entry.received) or 0,
        },
        "_mock": msgspec.to_builtins(entry.label),
    }


def _moment(at: float | None) -> str:
    if at is None:
        return ""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")


def _milliseconds(seconds: float | None) -> float:
    """Return milliseconds; -1, as HAR has it, for what nobody knows."""
    return -1 if seconds is None else round(seconds * 1000, 3)


def _request_as_json(request: RecordedRequest) -> dict[str, Any]:
    query = urlsplit(request.url).query
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": list(_cookies(request.all("cookie"))),
        "headers": _pairs(request.headers),
        "queryString": _pairs(parse_qsl(query, keep_blank_values=True)),
        **_post_data(request),
        "headersSize": -1,
        "bodySize": -1 if request.body is None else len(request.body),
    }


def _pairs(pairs: Headers | list[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _cookies(lines: tuple[str, ...]) -> Iterator[dict[str, str]]:
    for pair in (pair for line in lines for pair in line.split(";")):
        name, equals, value = pair.strip().partition("=")
        if equals:
            yield {"name": name, "value": value}


def _post_data(request: RecordedRequest) -> dict[str, Any]:
    if request.body == b"":
        return {}
    data: dict[str, Any] = {"mimeType": request.media_type}
    return {"postData": data | body_encoding.kept(request.body, request.media_type, "_encoding")}


def _response_as_json(response: RecordedResponse) -> dict[str, Any]:
    size = -1 if response.body is None else len(response.body)
    content = {"size": size, "mimeType": response.media_type}
    failed = {} if response.failed is None else {"_error": response.failed}
    return {
        "status": response.status,
        "statusText": PHRASES.get(response.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": content | body_encoding.kept(response.body, response.media_type, "encoding"),
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": size,
        **failed,
    }
