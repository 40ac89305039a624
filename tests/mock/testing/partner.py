"""A small client for tests of the plugin."""

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from superoffice_mock import SuperOffice

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"


def send(
    office: SuperOffice,
    body: object,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> int:
    """Send *body* as JSON and return the status."""
    parts = urlsplit(office.url)
    sign_in = office.credentials.headers if headers is None else headers
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        all_headers = {**sign_in, "Content-Type": "application/json"}
        connection.request(method, parts.path + PATH, json.dumps(body), all_headers)
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def sync(office: SuperOffice, *accounts: int, **more: Any) -> int:
    """Ask for a sync of *accounts* and return the status."""
    body = {"SyncUserAccounts": [{"AccountId": account} for account in accounts]}
    return send(office, body | more)


def outcomes(office: SuperOffice) -> Sequence[str]:
    """Return the outcomes of the calls, oldest first."""
    return [call.outcome for call in office.requests]
