"""SIGTERM under load: calls that have arrived get a complete response, then the server exits."""

import json
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.cli_process import serve
from tests.e2e.raw_http import BODY, JSON, Connection, request, wait_for_waiting_calls, wait_until
from tests.support.server_process import PATH, ServerProcess

CLIENTS = 16
WAITING_CALLS = 8


class Load:
    """Clients that call one server until it stops, and the responses that they got."""

    def __init__(self, server: ServerProcess) -> None:
        self.statuses: Counter[int] = Counter()
        self.cut_responses: list[str] = []
        self._server = server
        self._lock = threading.Lock()

    def call(self) -> None:
        """Send calls on one connection until the server closes it."""
        with Connection(self._server) as connection:
            while True:
                try:
                    status = connection.send(request(path=f"/Anyone{PATH}")).read_response().status
                except ConnectionError:  # the connection came after the shutdown
                    return
                except AssertionError as error:
                    self._add_cut_response(str(error))
                    return
                with self._lock:
                    self.statuses[status] += 1

    def _add_cut_response(self, error: str) -> None:
        if not error.endswith("after b''"):
            self.cut_responses.append(error)


def waiting_call() -> bytes:
    """Return the bytes of a call to the tenant with the frozen clock and the held lease."""
    headers = {"Authorization": "Bearer 8A:Cust12345.demo-token", "Content-Type": JSON}
    return request(headers=headers | {"Content-Length": str(len(BODY))}, path=f"/Cust12345{PATH}")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_sigterm_under_load_answers_every_call_that_has_arrived(tmp_path: Path) -> None:
    flags = ("--log", "json", "--seconds-per-account", "0")
    with serve(tmp_path, *flags) as command, ThreadPoolExecutor(CLIENTS) as pool:
        command.server.control("POST", "lease/hold?tenant=Cust12345")
        command.server.control("POST", "clock/freeze?tenant=Cust12345")
        waiting = [Connection(command.server).send(waiting_call()) for _ in range(WAITING_CALLS)]
        wait_for_waiting_calls(command.server, WAITING_CALLS, "Cust12345")
        load = Load(command.server)
        futures = [pool.submit(load.call) for _ in range(CLIENTS)]
        wait_until(lambda: load.statuses.total() > 500, "there is load", within=30)
        start = time.monotonic()
        command.signal(signal.SIGTERM)
        for connection in waiting:
            assert connection.read_response().status == 204
            assert connection.read_to_end() == b""
        code, _, log = command.wait_for_exit()
        seconds = time.monotonic() - start
        for future in futures:
            future.result(timeout=20)
    lines = [json.loads(line) for line in log.splitlines()]
    logged = Counter(line["status"] for line in lines)
    assert (code, load.cut_responses) == (0, [])
    assert seconds < 5
    assert logged == load.statuses + Counter({204: WAITING_CALLS})
    assert {line["crash"] for line in lines} == {None}
