"""A small client for tests of the plugin."""

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from superoffice_mock import SuperOffice

AGENT = "/api/v1/Agents/EMail/"


def request(
    office: SuperOffice,
    call: str,
    body: object,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> tuple[int, Any]:
    """Send *body* as JSON to a *call* of the agent; return the status and the content."""
    parts = urlsplit(office.url)
    sign_in = office.credentials.headers if headers is None else headers
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        all_headers = {**sign_in, "Content-Type": "application/json", "Accept": "application/json"}
        connection.request(method, f"{parts.path}{AGENT}{call}", json.dumps(body), all_headers)
        response = connection.getresponse()
        content = response.read()
        return response.status, json.loads(content) if content[:1] in (b"{", b"[") else None
    finally:
        connection.close()


def send(
    office: SuperOffice,
    body: object,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> int:
    """Ask for a sync with *body* and return the status."""
    return request(office, "SyncEmailAccounts", body, headers, method)[0]


def sync(office: SuperOffice, *accounts: int, **more: Any) -> int:
    """Ask for a sync of *accounts* and return the status."""
    body = {"SyncUserAccounts": [{"AccountId": account} for account in accounts]}
    return send(office, body | more)


def outcomes(office: SuperOffice) -> Sequence[str]:
    """Return the outcomes of the calls, oldest first."""
    return [call.outcome for call in office.requests]
