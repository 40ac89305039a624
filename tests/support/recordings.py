"""Builds recordings for tests; by default an entry is a correct call that was answered 204."""

from superoffice_mock.recordings.model import (
    Entry,
    Headers,
    Label,
    RecordedRequest,
    RecordedResponse,
    Recording,
)

URL = "http://crm.example/api/v1/Agents/EMail/SyncEmailAccounts"
BODY = b'{"SyncUserAccounts": [{"AccountId": 507}]}'
JSON: Headers = (("content-type", "application/json"),)
UNLABELLED = Label()
BASIC: Headers = (("authorization", "Basic dGplMDpUamUw"),)


def entry(
    url: str = URL,
    headers: Headers = (*BASIC, *JSON),
    body: bytes | None = BODY,
    *,
    method: str = "POST",
    status: int = 204,
    response_headers: Headers = (),
    response_body: bytes | None = b"",
    failure: str | None = None,
    label: Label = UNLABELLED,
) -> Entry:
    return Entry(
        request=RecordedRequest(method, url, headers=headers, body=body),
        response=RecordedResponse(status, failure, headers=response_headers, body=response_body),
        at=1_800_000_000.0,
        elapsed=0.03,
        service_time=0.02,
        label=label,
    )


def recording(*entries: Entry) -> Recording:
    return Recording(entries)
