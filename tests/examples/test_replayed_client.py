"""The vendor's TypeScript client, recorded, then replayed to."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.replay_servers import replay
from tests.e2e.test_record_command import POSIX, record
from tests.examples.test_typescript_client import PASSWORD, Client, numbered
from tests.support.server_process import Running, serving


@POSIX
@pytest.mark.slow
def test_the_vendors_client_can_not_tell_a_replay_from_what_was_recorded(
    node: str,
    tmp_path: Path,
) -> None:
    out = tmp_path / "client.har"
    wrong = {"user": "tje0", "password": "not theirs"}

    def calls(running: Running) -> list[Any]:
        client = Client(node, running)
        return [
            client.sync(PASSWORD, accounts=numbered(2)),
            client.sync(wrong, accounts=numbered(2)),
            client.sync(PASSWORD, accounts=numbered(1)),
            client.sync(PASSWORD, "/Cust12345", accounts=numbered(1)),
        ]

    with serving("--log", "off") as mock, record(mock.url, out) as recorder:
        seen = calls(recorder.running)
        recorder.ended(15)
    with replay(out) as again:
        assert calls(again) == seen
        outcomes = [one["outcome"] for one in again.exchanges()]
    assert outcomes == ["replayed"] * 3
    assert [one.get("status") for one in seen] == [None, 401, None, 401]
