"""Pipelined calls on one connection."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.e2e.raw_http import JSON, Connection, RawResponse, request
from tests.support.server_process import BASIC, PATH

EMPTY = b'{"SyncUserAccounts":[]}'
BATCH = 50
"""Requests that are sent before an answer is read; fewer than would fill a buffer."""


def sync_call(
    body: bytes = EMPTY,
    *,
    path: str = PATH,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> bytes:
    """Return the bytes of a call, signed in by *headers* or as the user of the sample."""
    sign_in = headers or {"Authorization": BASIC}
    length = str(len(body))
    return request(
        body, {**sign_in, "Content-Type": media_type, "Content-Length": length}, path=path
    )


def control_call(method: str, path: str, content: object = None) -> bytes:
    """Return the bytes of a call to /_mock/."""
    body = b"" if content is None else json.dumps(content).encode()
    return request(body, {"Content-Length": str(len(body))}, method=method, path=f"/_mock/{path}")


def send_all(connection: Connection, calls: Iterable[bytes]) -> list[RawResponse]:
    """Send *calls* on *connection*, a batch at a time, and return the answers."""
    pending = list(calls)
    answers: list[RawResponse] = []
    for first in range(0, len(pending), BATCH):
        batch = pending[first : first + BATCH]
        connection.send(b"".join(batch))
        answers += [connection.read_response() for _ in batch]
    return answers


def json_of(raw: RawResponse) -> Any:
    """Return the JSON of an answer that must be a success; None if it has no body."""
    assert raw.status < 300, raw
    return raw.json() if raw.body else None
