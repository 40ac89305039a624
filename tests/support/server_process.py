"""A real server in a separate process, and its control surface."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"
BASIC = "Basic dGplMDpUamUw"
READY = "superoffice-mock ready on "


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running server that is ready."""

    url: str
    process: subprocess.Popen[str]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a socket."""
        parts = urlsplit(self.url)
        return str(parts.hostname), int(parts.port or 0)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call /_mock/ and return the JSON of the answer, whatever the status."""
        content = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_mock/{path}", content, method=method)
        try:
            with urlopen(request, timeout=30) as response:
                return json.load(response)
        except HTTPError as error:
            with error:
                return json.load(error)

    def exchanges(self, tenant: str = "onsite") -> list[Any]:
        """Return the journal of *tenant*, oldest first."""
        requests: list[Any] = self.control("GET", f"requests?tenant={tenant}")["requests"]
        return requests


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this environment without settings of the mock, plus *extra*."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("SUPEROFFICE_MOCK_")}
    return variables | dict(extra or {})


@contextmanager
def run_server(*flags: str, env: Mapping[str, str] | None = None) -> Iterator[ServerProcess]:
    """Run `superoffice-mock serve` on a free port until the block ends."""
    command = [sys.executable, "-m", "superoffice_mock", "serve", "--port", "0", *flags]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(env)
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith(READY):
            _, errors = process.communicate(timeout=10)
            message = f"the server did not start: {line}{errors}"
            raise AssertionError(message)
        try:
            yield ServerProcess(line.removeprefix(READY).strip(), process)
        finally:
            process.terminate()
            process.communicate(timeout=10)
