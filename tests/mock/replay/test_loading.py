"""Recordings are loaded together: what is not on record, or hidden, in any of them is known."""

import json
from pathlib import Path

from superoffice_contract.openapi import operations
from superoffice_mock.replay import loading
from superoffice_mock.replay.request_key import RequestKeys
from superoffice_mock.webapi import replay_backend
from tests.e2e.replay_servers import load_exchanges, serve, write_har
from tests.support.local_servers import invoke
from tests.support.recordings import BASIC, JSON, URL, entry

OTHER_URL = f"{URL}Other"


def test_requests_that_match_any_body_are_told_once(tmp_path: Path) -> None:
    for count, expected in (
        (0, []),
        (1, ["1 request matches any body, as the file does not have what was sent"]),
        (2, ["2 requests match any body, as the file does not have what was sent"]),
    ):
        path = write_har(tmp_path / "a.har", entry(), *[entry(body=None)] * count)
        keys, lines = RequestKeys(operations.load()), list[object]()
        exchanges = loading.load_exchanges((path,), keys, lines.append)
        loading.report_missing_bodies(exchanges, lines.append)
        assert lines == expected
        lines.clear()
        replay_backend.tenant_replay(path, "Cust1", 100, lines.append, operations.load())
        assert lines == expected


def test_a_file_without_credentials_beside_a_2xx_has_none_on_record_at_all(tmp_path: Path) -> None:
    keys = RequestKeys(operations.load())
    bare, refused = entry(headers=JSON), entry(headers=JSON, status=401)
    get = entry(headers=JSON, method="GET", status=200)
    for entries, accept_any in (
        ((refused, bare), [True, True]),
        ((refused, entry()), [False, False]),
        ((refused, get), [False, True]),
        ((entry(headers=(*BASIC, *JSON), status=401), bare), [False, True]),
    ):
        path = write_har(tmp_path / "a.har", *entries)
        loaded = loading.load_exchanges((path,), keys, print)
        assert [exchange.key.any_credentials for exchange in loaded] == accept_any


def test_numbers_that_were_hidden_in_one_file_are_hidden_in_all(tmp_path: Path) -> None:
    def write_call(count: int, redacted: dict[str, int] | None = None) -> str:
        body, answer = (json.dumps({name: count}).encode() for name in ("Count", "Sum"))
        recorded = entry(OTHER_URL, body=body, status=200, response_body=answer)
        return write_har(tmp_path / f"{count}.har", recorded, redacted=redacted)

    plain, other, redacted = write_call(7), write_call(8), write_call(0, {})
    for files, code in (((plain, redacted), 0), ((redacted, plain), 0), ((plain, other), 1)):
        assert invoke("diff", *files).exit_code == code, files
    with serve(load_exchanges(redacted)) as url:
        result = invoke("replay", plain, "--against", url, "--all")
        assert "body /Sum: recorded 7, got 0" in result.output
    with serve(load_exchanges(other)) as url:
        result = invoke("replay", redacted, "--against", url, "--all")
        assert "status: recorded 200, got 404" in result.output
    with serve(load_exchanges(plain, redacted)) as url:
        assert invoke("replay", redacted, "--against", url, "--all").exit_code == 0
