"""Calls on a connection that stays, many in one breath."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from tests.e2e.raw_http import JSON, Connection, Raw, request
from tests.support.server_process import BASIC, PATH

EMPTY = b'{"SyncUserAccounts":[]}'
BREATH = 50
"""How many requests are sent before an answer is read: fewer than would fill any buffer."""


def call(
    body: bytes = EMPTY,
    *,
    path: str = PATH,
    headers: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> bytes:
    """Return the bytes of a call, signed in by *headers* or as the sample's user."""
    signed = headers or {"Authorization": BASIC}
    length = str(len(body))
    return request(
        body, {**signed, "Content-Type": media_type, "Content-Length": length}, path=path
    )


def control(method: str, path: str, sent: object = None) -> bytes:
    """Return the bytes of a call to /_mock/."""
    body = b"" if sent is None else json.dumps(sent).encode()
    return request(body, {"Content-Length": str(len(body))}, method=method, path=f"/_mock/{path}")


def answers(connection: Connection, calls: Iterable[bytes]) -> list[Raw]:
    """Send *calls* on *connection*, a breath at a time, and return what is answered."""
    waiting = list(calls)
    got: list[Raw] = []
    for first in range(0, len(waiting), BREATH):
        breath = waiting[first : first + BREATH]
        connection.send(b"".join(breath))
        got += [connection.answer() for _ in breath]
    return got


def said(raw: Raw) -> Any:
    """Return the JSON of an answer that must be fine; None where it has none."""
    assert raw.status < 300, raw
    return raw.json() if raw.body else None
