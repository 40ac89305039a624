"""The vendor's TypeScript client gets from a replay what it got when it was recorded."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.recorders import POSIX, record
from tests.e2e.replay_servers import replay
from tests.examples.typescript_client import PASSWORD, Client, make_accounts
from tests.support.server_process import ServerProcess, run_server


@POSIX
@pytest.mark.slow
def test_the_vendors_client_gets_the_same_results_from_a_replay(
    node: str,
    tmp_path: Path,
) -> None:
    out = tmp_path / "client.har"
    wrong = {"user": "tje0", "password": "not theirs"}

    def calls(running: ServerProcess) -> list[Any]:
        client = Client(node, running)
        return [
            client.sync(PASSWORD, accounts=make_accounts(2)),
            client.sync(wrong, accounts=make_accounts(2)),
            client.sync(PASSWORD, accounts=make_accounts(1)),
            client.sync(PASSWORD, "/Cust12345", accounts=make_accounts(1)),
        ]

    with run_server("--log", "off") as mock, record(mock.url, out) as recorder:
        results = calls(recorder.server)
        recorder.stop(15)
    with replay(out) as replayed:
        assert calls(replayed) == results
        outcomes = [call["outcome"] for call in replayed.exchanges()]
    assert outcomes == ["replayed"] * 3
    assert [result.get("status") for result in results] == [None, 401, None, 401]
