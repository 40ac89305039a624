"""A real server in a separate process, and its control surface."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from typing import IO, Any
from urllib.parse import urlsplit

from superoffice_contract.control.client import CONTROL, ControlCall, ControlClient

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"
BASIC = "Basic dGplMDpUamUw"
PROGRAM = (sys.executable, "-m", "superoffice_mock")
READY = "superoffice-mock ready on "


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of *url*, for a socket."""
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


@dataclass(frozen=True, slots=True)
class ServerProcess:
    """A running server that is ready."""

    url: str
    process: subprocess.Popen[str]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a socket."""
        return address_of(self.url)

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call /_mock/ and return the JSON of the answer, whatever the status."""
        content = b"" if body is None else json.dumps(body).encode()
        with closing(ControlClient(self.url)) as client:
            return json.loads(client.exchange(ControlCall(method, f"{CONTROL}{path}", content))[1])

    def exchanges(self, tenant: str = "onsite") -> list[Any]:
        """Return the journal of *tenant*, oldest first."""
        requests: list[Any] = self.control("GET", f"requests?tenant={tenant}")["requests"]
        return requests


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this environment without settings of the mock, plus *extra*."""
    variables = {k: v for k, v in os.environ.items() if not k.startswith("SUPEROFFICE_MOCK_")}
    return variables | dict(extra or {})


@contextmanager
def run_program(
    *arguments: object,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = PROGRAM,
    errors: int | IO[str] = subprocess.PIPE,
) -> Iterator[ServerProcess]:
    """Run a subcommand that serves until the block ends, on a free port if *arguments* name none.

    *errors* takes its standard error.
    """
    port = () if "--port" in arguments else ("--port", "0")
    with subprocess.Popen(
        [*program, *map(str, (*arguments, *port))],
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        encoding="utf-8",
        env=environment(env),
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith(READY), (line, process.communicate(timeout=10)[1])
            yield ServerProcess(line.removeprefix(READY).removesuffix("\n"), process)
        finally:
            process.kill()


def run_server(
    *flags: str, env: Mapping[str, str] | None = None
) -> AbstractContextManager[ServerProcess]:
    """Run `superoffice-mock serve` on a free port until the block ends."""
    return run_program("serve", *flags, env=env)
