"""Load on a server, made by wrk: one thread, so many connections, for some seconds."""

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from tests.benchmarks.programs import LOAD_CORE, Started, pinned
from tests.support.server_process import BASIC, PATH

CONNECTIONS: Final = 32
_SCRIPT: Final = Path(__file__).with_name("post.lua")


class MissingError(Exception):
    """This machine has not what it takes to load a server."""


class LoadError(Exception):
    """A server did not start, or did not answer 204 to everything."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one burst came to; percentiles are seconds, *cpu* the server's seconds a request."""

    requests: int
    per_second: float
    p50: float
    p99: float
    cpu: float


class _Told(msgspec.Struct):
    """What the script tells at the end, times in microseconds."""

    requests: int
    duration: int
    p50: int
    p99: int
    refused: int
    broken: int


def burst(server: Started, body: bytes, seconds: int, paths: Sequence[str] = (PATH,)) -> Load:
    """Call *server* at *paths* in turn, as fast as it answers, for whole *seconds*.

    Raise MissingError if there is no wrk, LoadError unless all is answered and nothing refused.
    """
    if shutil.which("wrk") is None:
        message = "the benchmarks need wrk; Debian has a package of that name"
        raise MissingError(message)
    with tempfile.TemporaryDirectory() as folder:
        sent, called = Path(folder, "body"), Path(folder, "paths")
        sent.write_bytes(body)
        called.write_text("\n".join(paths))
        command = (
            *("wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "--latency"),
            *("-s", str(_SCRIPT), server.url, "--", BASIC, str(sent), str(called)),
        )
        before = server.cpu
        whole = pinned(LOAD_CORE, command)
        done = subprocess.run(whole, capture_output=True, text=True, check=True)
        cpu = server.cpu - before
    return _load(done.stdout, cpu, server.url)


def _load(printed: str, cpu: float, url: str) -> Load:
    line = next(one for one in reversed(printed.splitlines()) if one.startswith("{"))
    told = msgspec.json.decode(line, type=_Told)
    if told.refused or told.broken or not told.requests:
        message = f"{url}: of {told.requests} requests {told.refused} were refused"
        raise LoadError(f"{message}, and {told.broken} connections broke")
    per_second = told.requests / (told.duration / 1e6)
    return Load(told.requests, per_second, told.p50 / 1e6, told.p99 / 1e6, cpu / told.requests)
