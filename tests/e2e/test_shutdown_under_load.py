"""SIGTERM under load: whoever is being answered gets the whole answer, and then it ends."""

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
from tests.e2e.raw_http import JSON, ONE, Connection, request, until, waiting
from tests.support.server_process import PATH, Running

CALLERS = 16
WAITERS = 8


class Heard:
    """What the callers of one server heard until it went: statuses, and halves of answers."""

    def __init__(self, running: Running) -> None:
        self.statuses: Counter[int] = Counter()
        self.halves: list[bytes] = []
        self._running = running
        self._lock = threading.Lock()

    def call(self) -> None:
        """Call again and again on one connection until the server closes it."""
        with Connection(self._running) as connection:
            while True:
                try:
                    status = connection.send(request(path=f"/Anyone{PATH}")).answer().status
                except ConnectionError:  # it came after the end
                    return
                except AssertionError as error:
                    self._half(str(error))
                    return
                with self._lock:
                    self.statuses[status] += 1

    def _half(self, told: str) -> None:
        if not told.endswith("after b''"):
            self.halves.append(told.encode())


def patient() -> bytes:
    """Return the bytes of a call to the tenant whose clock stands and whose lease is held."""
    signed = {"Authorization": "Bearer 8A:Cust12345.demo-token", "Content-Type": JSON}
    return request(headers=signed | {"Content-Length": str(len(ONE))}, path=f"/Cust12345{PATH}")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
def test_sigterm_under_load_answers_every_call_that_had_arrived_and_ends_at_once(
    tmp_path: Path,
) -> None:
    flags = ("--log", "json", "--seconds-per-account", "0")
    with serve(tmp_path, *flags) as served, ThreadPoolExecutor(CALLERS) as pool:
        served.running.control("POST", "lease/hold?tenant=Cust12345")
        served.running.control("POST", "clock/freeze?tenant=Cust12345")
        waiters = [Connection(served.running).send(patient()) for _ in range(WAITERS)]
        waiting(served.running, WAITERS, "Cust12345")
        heard = Heard(served.running)
        calling = [pool.submit(heard.call) for _ in range(CALLERS)]
        until(lambda: heard.statuses.total() > 500, "there is load", within=30)
        sent = time.monotonic()
        served.signal(signal.SIGTERM)
        for one in waiters:
            assert one.answer().status == 204
            assert one.rest() == b""
        code, _, log = served.ended()
        took = time.monotonic() - sent
        for caller in calling:
            caller.result(timeout=20)
    lines = [json.loads(line) for line in log.splitlines()]
    told = Counter(one["status"] for one in lines)
    assert (code, heard.halves) == (0, [])
    assert took < 5
    assert told == heard.statuses + Counter({204: WAITERS})
    assert {one["crash"] for one in lines} == {None}
