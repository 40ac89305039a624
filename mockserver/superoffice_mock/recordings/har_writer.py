"""Recordings as the JSON of HAR 1.2; required members that are unknown are -1 or empty."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from superoffice_contract.har import OWN_CREATOR
from superoffice_contract.har_log import VERSION
from superoffice_mock.recordings import body_encoding
from superoffice_mock.recordings.model import (
    About,
    Entry,
    Headers,
    Message,
    RecordedRequest,
    RecordedResponse,
)
from superoffice_mock.version import __version__

PHRASES: Final[Mapping[int, str]] = {status.value: status.phrase for status in HTTPStatus}


def log_json(about: About) -> dict[str, Any]:
    """Return the `log` object without its entries."""
    creator = {"name": OWN_CREATOR, "version": __version__}
    return {"version": VERSION, "creator": creator, "_mock": msgspec.to_builtins(about)}


def entry_json(entry: Entry) -> dict[str, Any]:
    """Return *entry* as an item of `log.entries`."""
    elapsed, service_time = entry.elapsed, entry.service_time
    service_time = elapsed if service_time is None else service_time
    blocked = None if elapsed is None or service_time is None else max(elapsed - service_time, 0.0)
    wait = None if service_time is None else max(service_time - entry.receive_time, 0.0)
    started = ""
    if entry.at is not None:
        started = datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="microseconds")
    return {
        "startedDateTime": started,
        "time": _milliseconds(elapsed),
        "request": _request_json(entry.request),
        "response": _response_json(entry.response),
        "cache": {},
        "timings": {
            "blocked": _milliseconds(blocked),
            "send": 0,
            "wait": _milliseconds(wait),
            "receive": _milliseconds(entry.receive_time) or 0,
        },
        "_mock": msgspec.to_builtins(entry.label),
    }


def _milliseconds(seconds: float | None) -> float:
    return -1 if seconds is None else round(seconds * 1000, 3)


def _request_json(request: RecordedRequest) -> dict[str, Any]:
    query = urlsplit(request.url).query
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": list(_cookies(request.get_all("cookie"))),
        "headers": _pairs(request.headers),
        "queryString": _pairs(parse_qsl(query, keep_blank_values=True)),
        **_post_data(request),
        "headersSize": -1,
        "bodySize": _size(request),
    }


def _size(message: Message) -> int:
    length = message.length if message.body is None else len(message.body)
    return -1 if length is None else length


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
    text = body_encoding.text_members(request.body, request.media_type, "_encoding")
    return {"postData": {"mimeType": request.media_type, **text}}


def _response_json(response: RecordedResponse) -> dict[str, Any]:
    size = _size(response)
    text = body_encoding.text_members(response.body, response.media_type, "encoding")
    error = {} if response.failure is None else {"_error": response.failure}
    return {
        "status": response.status,
        "statusText": PHRASES.get(response.status, ""),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _pairs(response.headers),
        "content": {"size": size, "mimeType": response.media_type, **text},
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": size,
        **error,
    }
