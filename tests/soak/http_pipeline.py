"""Pipelined calls on one connection."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.e2e.raw_http import JSON, Connection, RawResponse, request
from tests.support.server_process import BASIC, PATH

EMPTY = b'{"SyncUserAccounts":[]}'
ONE_ACCOUNT = b'{"SyncUserAccounts":[{"AccountId":507}]}'
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


def tenant_call(tenant: Any, body: bytes = ONE_ACCOUNT, media_type: str = JSON) -> bytes:
    """Return the bytes of a call to *tenant*, signed in by its credentials."""
    headers = tenant["credentials"]["headers"]
    return sync_call(body, path=f"/{tenant['id']}{PATH}", headers=headers, media_type=media_type)


def use_tenants(
    send: Callable[[list[bytes]], list[RawResponse]], specs: Iterable[object], body: bytes
) -> None:
    """Create a tenant for each of *specs*, make a call with *body* to each, and remove them."""
    created = [json_of(raw) for raw in send([control_call("POST", "tenants", x) for x in specs])]
    for raw in send([tenant_call(tenant, body) for tenant in created]):
        assert raw.status == 204, raw
    for raw in send([control_call("DELETE", f"tenants/{tenant['id']}") for tenant in created]):
        assert raw.status < 300, raw
