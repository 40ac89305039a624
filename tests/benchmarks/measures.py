"""What is measured, each against its reference in the same minutes, and what it must come to."""

import asyncio
import json
import re
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final
from urllib.request import Request, urlopen

from starlette.types import ASGIApp, Message, Scope

from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import Entry, Recording
from superoffice_mock.recordings.model import RecordedRequest as RecordedRequest
from superoffice_mock.recordings.model import RecordedResponse as RecordedResponse
from tests.benchmarks import references
from tests.benchmarks.bodies import accounts
from tests.benchmarks.load import Load, LoadError, burst
from tests.benchmarks.programs import Started, mock, recorder, reference, replay, running
from tests.support.server_process import BASIC, PATH, environment

MICRO: Final = 1e6
MILLI: Final = 1e3


@dataclass(frozen=True, slots=True)
class Effort:
    """How long everything is measured: pairs of bursts, rounds of starts, requests of growth."""

    pairs: int
    rounds: int
    requests: int
    tenants: int
    calls: int


LONG: Final = Effort(pairs=8, rounds=15, requests=200_000, tenants=10_000, calls=20_000)
SHORT: Final = Effort(pairs=1, rounds=3, requests=10_000, tenants=200, calls=2_000)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; *must* and *aim* are bounds, as `>= 0.7`, in *detail* the raw values."""

    name: str
    value: float
    must: str = ""
    aim: str = ""
    detail: str = ""

    def keeps(self, bound: str) -> bool:
        """Tell whether the value is within *bound*."""
        sense, limit = bound.split()
        return self.value >= float(limit) if sense == ">=" else self.value <= float(limit)


Measure = Callable[[Effort], Iterator[Figure]]


# ---- load ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pair:
    """Two bursts, one right after the other: of the reference and of the mock."""

    theirs: Load
    ours: Load


def _pairs(pairs: int, theirs: tuple[Started, bytes], ours: tuple[Started, bytes]) -> list[Pair]:
    """Burst them in turn, the order changing, after one burst each to get warm."""
    burst(*theirs, 1)
    burst(*ours, 1)
    found = []
    for number in range(pairs):
        if number % 2:
            mine = burst(*ours, 1)
            found.append(Pair(burst(*theirs, 1), mine))
        else:
            yours = burst(*theirs, 1)
            found.append(Pair(yours, burst(*ours, 1)))
    return found


def _ratio(pairs: list[Pair], of: Callable[[Load], float]) -> float:
    return statistics.median(of(one.ours) / of(one.theirs) for one in pairs)


def _raw(pairs: list[Pair]) -> str:
    ours = [one.ours for one in pairs]
    per_second = statistics.median(one.per_second for one in ours)
    p50, p99 = (statistics.median(getattr(one, name) for one in ours) for name in ("p50", "p99"))
    cpu = min(one.cpu for one in ours) * MICRO
    return f"{per_second:,.0f}/s, {cpu:.1f} us, p50 {p50 * MILLI:.2f} p99 {p99 * MILLI:.2f} ms"


def throughput(effort: Effort) -> Iterator[Figure]:
    """CPU per request against bare Starlette, and against Starlette that reads a long body."""
    short, long = accounts(2), accounts(1000)
    with running(mock()) as ours, running(reference("bare")) as bare:
        pairs = _pairs(effort.pairs, (bare, short), (ours, short))
        yield Figure("throughput, 2 accounts", _saved(pairs), ">= 0.70", ">= 1.00", _raw(pairs))
        p99 = _ratio(pairs, lambda load: load.p99)
        yield Figure("p99 at 32 connections", p99, "<= 1.75", "<= 1.25")
        camel = (ours, accounts(2, camel=True))
        pairs = _pairs(effort.pairs, (ours, short), camel)
        yield Figure("camelCase, 2 accounts", _saved(pairs), ">= 0.90", "", _raw(pairs))
    with running(mock()) as ours, running(reference("body")) as body:
        pairs = _pairs(effort.pairs, (body, long), (ours, long))
        yield Figure("throughput, 1000 accounts", _saved(pairs), ">= 0.30", ">= 0.45", _raw(pairs))
        camel = (ours, accounts(1000, camel=True))
        pairs = _pairs(effort.pairs, (ours, long), camel)
        yield Figure("camelCase, 1000 accounts", _saved(pairs), ">= 0.90", "", _raw(pairs))


def _saved(pairs: list[Pair]) -> float:
    """Return CPU of the reference over CPU of the mock: the share of its speed that is kept."""
    return 1 / _ratio(pairs, lambda load: load.cpu)


def recorded(effort: Effort) -> Iterator[Figure]:
    """What a recorder adds to a call: each is made both ways, over connections that stay open."""
    with (
        TemporaryDirectory() as folder,
        running(mock()) as direct,
        running(recorder(direct, Path(folder, "a.har"))) as through,
    ):
        for count in (2, 100):
            pairs = _both_ways(direct, through, accounts(count), effort.calls // 10)
            added = statistics.median(one - other for one, other in pairs) * MILLI
            ours, theirs = (statistics.median(one) * MILLI for one in zip(*pairs, strict=True))
            must = "<= 2" if count == 2 else ""
            detail = f"{ours:.2f} against {theirs:.2f} ms"
            yield Figure(f"a recorder adds, {count} accounts, ms", added, must, "", detail)


def _both_ways(
    direct: Started, through: Started, body: bytes, calls: int
) -> list[tuple[float, float]]:
    """Return the seconds of so many calls, each through the recorder and direct."""
    with closing(_open(direct)) as one, closing(_open(through)) as other:
        found = [(_call(other, body), _call(one, body)) for _ in range(calls)]
    return found[calls // 10 :]


def _open(server: Started) -> HTTPConnection:
    connection = HTTPConnection(server.url.removeprefix("http://"))
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _call(connection: HTTPConnection, body: bytes) -> float:
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", PATH, body, headers)
    answer = connection.getresponse()
    answer.read()
    took = time.perf_counter() - began
    if answer.status != 204:
        message = f"the answer was {answer.status}"
        raise LoadError(message)
    return took


def log_line(effort: Effort) -> Iterator[Figure]:
    """What a line of the log costs, written to nowhere."""
    short = accounts(2)
    with running(mock()) as silent, running(mock("--log", "json")) as telling:
        pairs = _pairs(effort.pairs, (silent, short), (telling, short))
    cost = statistics.median(one.ours.cpu - one.theirs.cpu for one in pairs) * MICRO
    yield Figure("a line of the log, us of CPU", cost, detail=_raw(pairs))


def replayed(effort: Effort) -> Iterator[Figure]:
    """A replay against the simulation: CPU a request, of two accounts and of a thousand."""
    none, short, long = b'{"SyncUserAccounts":[]}', accounts(2), accounts(1000)
    with TemporaryDirectory() as folder:
        har_file.write(f"{folder}/a.har", Recording(tuple(map(_recorded, (none, short, long)))))
        recording = replay(Path(folder, "a.har"))
        for count, body in ((2, short), (1000, long)):
            with running(mock()) as simulation, running(recording) as ours:
                pairs = _pairs(effort.pairs, (simulation, body), (ours, body))
            yield Figure(f"replay, {count} accounts", _saved(pairs), ">= 0.50", "", _raw(pairs))


def _recorded(body: bytes) -> Entry:
    headers = (("authorization", BASIC), ("content-type", "application/json"))
    url = f"http://crm.example{PATH}"
    sent = RecordedRequest("POST", url, headers=headers, body=body)
    return Entry(request=sent, response=RecordedResponse(204))


# ---- in the hands of pytest -------------------------------------------------------------------


def fixture(effort: Effort) -> Iterator[Figure]:
    """What the fixture adds to an empty test, once the server runs."""
    tests = effort.calls // 20
    added = []
    for _ in range(max(effort.pairs // 2, 1)):
        empty, using = (_run_tests(argument, tests) for argument in ("", "superoffice_mock"))
        added.append((using - empty) / tests)
    cost = statistics.median(added) * MILLI
    yield Figure("the fixture adds to a test, ms", cost, "<= 5", "", f"{tests} tests")


def _run_tests(argument: str, count: int) -> float:
    """Return the seconds that *count* tests which take *argument* need, as pytest counts them."""
    test = f"import pytest\n@pytest.mark.parametrize('n', range({count}))\n"
    with TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text(f"{test}def test_it(n, {argument}): pass\n")
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder)
        env = environment({"PYTHONDONTWRITEBYTECODE": ""})
        done = subprocess.run(
            command, env=env, cwd=folder, capture_output=True, text=True, check=True
        )
    found = re.search(r"passed in ([0-9.]+)s", done.stdout)
    if found is None:
        raise LoadError(done.stdout[-200:])
    return float(found[1])


# ---- starts and memory -----------------------------------------------------------------------


def starts(effort: Effort) -> Iterator[Figure]:
    """From the start to the first 204, and what the memory is then."""
    found: dict[str, list[tuple[float, float]]] = {"mock": [], "bare": []}
    programs = (mock(), reference("bare"))
    for number in range(effort.rounds):
        for program in programs if number % 2 else programs[::-1]:
            with running(program) as started:
                found[program.name].append((started.ready_after, started.megabytes))
    for name, at, must, aim in (
        ("start to the first 204", 0, "<= 1.25", "<= 1.05"),
        ("idle memory", 1, "<= 1.25", "<= 1.10"),
    ):
        pairs = zip(found["mock"], found["bare"], strict=True)
        ratio = statistics.median(ours[at] / theirs[at] for ours, theirs in pairs)
        unit = (MILLI, "ms") if at == 0 else (1, "MB")
        ours, theirs = (
            statistics.median(one[at] for one in found[of]) * unit[0] for of in ("mock", "bare")
        )
        yield Figure(name, ratio, must, aim, f"{ours:.1f} against {theirs:.1f} {unit[1]}")


def version(effort: Effort) -> Iterator[Figure]:
    """`superoffice-mock --version` against an interpreter that does nothing."""
    ours = (sys.executable, "-m", "superoffice_mock", "--version")
    theirs = (sys.executable, "-c", "pass")
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(effort.rounds)]
    ratio = statistics.median(one / other for one, other in pairs)
    detail = f"{statistics.median(one for one, _ in pairs) * MILLI:.0f} ms"
    yield Figure("--version, of python -c pass", ratio, "<= 7", "<= 3", detail)


def _seconds(command: tuple[str, ...]) -> float:
    env = environment({"PYTHONDONTWRITEBYTECODE": ""})
    began = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def growth(effort: Effort) -> Iterator[Figure]:
    """How much more memory after so many requests, the journal being full long before."""
    with running(mock()) as ours:
        before = ours.megabytes
        done = 0
        while done < effort.requests:
            done += burst(ours, accounts(2), 1).requests
        grown = ours.megabytes - before
    yield Figure("growth, MB", grown, "<= 5", "<= 2", f"after {done:,} requests")


def tenants(effort: Effort) -> Iterator[Figure]:
    """What tenants cost, each with one run: memory in all, and CPU a call against ten of them."""
    short = accounts(2)
    many = effort.tenants
    with (
        running(mock("--max-tenants", str(many))) as few,
        running(mock("--max-tenants", str(many))) as full,
    ):
        before = full.megabytes
        paths = [_made(full) for _ in range(many)]
        _call_all(full, short, paths)
        grown = full.megabytes - before
        some = [_made(few) for _ in range(10)]
        ratios = [
            burst(full, short, 1, paths).cpu / burst(few, short, 1, some).cpu
            for _ in range(effort.pairs)
        ]
    yield Figure(f"{many:,} tenants, MB", grown, "<= 100", "", "one call each and more")
    yield Figure("CPU a call, of ten tenants", statistics.median(ratios), "<= 1.25")


def _call_all(server: Started, body: bytes, paths: list[str]) -> None:
    """Call *server* at each of *paths* at least once."""
    seconds = 1
    while burst(server, body, seconds, paths).requests < len(paths):
        seconds *= 2


def _made(server: Started) -> str:
    """Make a tenant that knows the sample's user; return the path of the call there."""
    user = {"name": "tje0", "password": "Tje0"}
    sent = json.dumps({"users": [user], "seconds_per_account": 0, "clock": "real"}).encode()
    with urlopen(Request(f"{server.url}/_mock/tenants", sent, method="POST")) as answer:
        id_: str = json.load(answer)["id"]
    return f"/{id_}{PATH}"


# ---- in this process -------------------------------------------------------------------------


def in_process(effort: Effort) -> Iterator[Figure]:
    """One call of the application in this process, without any server."""
    settings = Settings(seconds_per_account=0)
    ours = assemble(settings, tenant_file.of(settings), access_log.silent).app
    theirs = references.bare()
    body = accounts(2)
    apps = (ours, theirs)
    pairs = [
        tuple(asyncio.run(_driven(app, effort.calls, body)) for app in apps)
        for _ in range(max(effort.pairs, 3))
    ]
    ratio = statistics.median(one / other for one, other in pairs)
    cost, bare = (statistics.median(one) * MICRO for one in zip(*pairs, strict=True))
    yield Figure("a call in-process, of bare", ratio, "", "", f"{cost:.1f} against {bare:.1f} us")


async def _driven(app: ASGIApp, calls: int, body: bytes) -> float:
    """Return the seconds that one of *calls* takes."""
    scope = _scope(len(body))
    message: Message = {"type": "http.request", "body": body, "more_body": False}

    async def receive() -> Message:
        return message

    async def send(_: Message) -> None:
        pass

    began = time.perf_counter()
    for _ in range(calls):
        await app(dict(scope), receive, send)
    return (time.perf_counter() - began) / calls


def _scope(length: int) -> Scope:
    headers: Mapping[str, Any] = {
        "host": "127.0.0.1:8204",
        "authorization": BASIC,
        "accept": "application/json; charset=utf-8",
        "accept-language": "*",
        "content-type": "application/json; charset=utf-8",
        "content-length": str(length),
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8204),
        "state": {},
    }


MEASURES: Final[Mapping[str, Measure]] = {
    one.__name__.replace("_", "-"): one
    for one in (
        throughput,
        replayed,
        recorded,
        log_line,
        starts,
        version,
        growth,
        tenants,
        fixture,
        in_process,
    )
}
