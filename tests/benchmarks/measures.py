"""The measures: each compares the mock with a reference, and yields figures with bounds."""

import asyncio
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from starlette.types import ASGIApp, Message

from superoffice_contract.control.answers import NewTenant
from superoffice_contract.control.client import ControlClient
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.recordings import har_file
from superoffice_mock.recordings.model import (
    Entry,
    RecordedRequest,
    RecordedResponse,
    Recording,
)
from tests.benchmarks import references
from tests.benchmarks.bodies import accounts
from tests.benchmarks.figures import Effort, Figure
from tests.benchmarks.load import Load, LoadError, burst
from tests.benchmarks.programs import MeasuredServer, mock, recorder, reference, replay, run_program
from tests.support.in_process import make_scope
from tests.support.server_process import BASIC, PATH, environment

MICRO: Final = 1e6
MILLI: Final = 1e3

Measure = Callable[[Effort], Iterator[Figure]]


# ---- load ------------------------------------------------------------------------------------


class Pair(NamedTuple):
    """Two bursts, one right after the other: on the reference and on the mock."""

    theirs: Load
    ours: Load


def _measure_pairs(
    pairs: int, theirs: tuple[MeasuredServer, bytes], ours: tuple[MeasuredServer, bytes]
) -> list[Pair]:
    """Measure both in turn, in changing order, after one burst each to warm up."""
    burst(*theirs, 1)
    burst(*ours, 1)
    results = []
    for number in range(pairs):
        programs = (theirs, ours)[:: -1 if number % 2 else 1]
        loads = [burst(*program, 1) for program in programs]
        results.append(Pair(*loads[:: -1 if number % 2 else 1]))
    return results


def _ratio(pairs: list[Pair], value: Callable[[Load], float]) -> float:
    return statistics.median(value(pair.ours) / value(pair.theirs) for pair in pairs)


def _describe(pairs: list[Pair]) -> str:
    loads = [pair.ours for pair in pairs]
    per_second = statistics.median(load.per_second for load in loads)
    p50 = statistics.median(load.p50 for load in loads)
    p99 = statistics.median(load.p99 for load in loads)
    cpu = min(load.cpu for load in loads) * MICRO
    return f"{per_second:,.0f}/s, {cpu:.1f} us, p50 {p50 * MILLI:.2f} p99 {p99 * MILLI:.2f} ms"


def throughput(effort: Effort) -> Iterator[Figure]:
    """Compare CPU per request with bare Starlette, and with Starlette that reads a long body."""
    for count, name, must, aim in (
        (2, "bare", ">= 0.70", ">= 1.00"),
        (1000, "body", ">= 0.30", ">= 0.45"),
    ):
        plain, camel = accounts(count), accounts(count, camel=True)
        with run_program(mock()) as ours, run_program(reference(name)) as theirs:
            pairs = _measure_pairs(effort.pairs, (theirs, plain), (ours, plain))
            yield _speed(f"throughput, {count} accounts", pairs, must, aim)
            if count == 2:
                p99 = _ratio(pairs, lambda load: load.p99)
                yield Figure("p99 at 32 connections", p99, "<= 1.75", "<= 1.25")
            pairs = _measure_pairs(effort.pairs, (ours, plain), (ours, camel))
            yield _speed(f"camelCase, {count} accounts", pairs, ">= 0.90")


def _speed(name: str, pairs: list[Pair], must: str, aim: str = "") -> Figure:
    """Return the speed of the mock as a share of the reference's: their CPU, inverted."""
    return Figure(name, 1 / _ratio(pairs, lambda load: load.cpu), must, aim, _describe(pairs))


def recorder_delay(effort: Effort) -> Iterator[Figure]:
    """Measure what a recorder adds to a call, over connections that stay open."""
    with (
        TemporaryDirectory() as folder,
        run_program(mock()) as direct,
        run_program(recorder(direct, Path(folder, "a.har"))) as through,
    ):
        for count in (2, 100):
            pairs = _both_ways(direct, through, accounts(count), effort.calls // 10)
            added = statistics.median(ours - theirs for ours, theirs in pairs) * MILLI
            ours, theirs = (statistics.median(times) * MILLI for times in zip(*pairs, strict=True))
            must = "<= 2" if count == 2 else ""
            detail = f"{ours:.2f} against {theirs:.2f} ms"
            yield Figure(f"a recorder adds, {count} accounts, ms", added, must, "", detail)


def _both_ways(
    direct: MeasuredServer, through: MeasuredServer, body: bytes, calls: int
) -> list[tuple[float, ...]]:
    """Return the seconds of each call through the recorder and direct, after some to warm up."""
    urls = (through.url, direct.url)
    connections = [HTTPConnection(url.removeprefix("http://")) for url in urls]
    with closing(connections[0]), closing(connections[1]):
        times = [tuple(_call(connection, body) for connection in connections) for _ in range(calls)]
    return times[calls // 10 :]


def _call(connection: HTTPConnection, body: bytes) -> float:
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}
    began = time.perf_counter()
    connection.request("POST", PATH, body, headers)
    response = connection.getresponse()
    response.read()
    took = time.perf_counter() - began
    if response.status != 204:
        raise LoadError(f"the answer was {response.status}")
    return took


def log_line(effort: Effort) -> Iterator[Figure]:
    """Measure what a line of the log costs if it is discarded."""
    short = accounts(2)
    with run_program(mock()) as silent, run_program(mock("--log", "json")) as logging:
        pairs = _measure_pairs(effort.pairs, (silent, short), (logging, short))
    cost = statistics.median(pair.ours.cpu - pair.theirs.cpu for pair in pairs) * MICRO
    yield Figure("a line of the log, us of CPU", cost, detail=_describe(pairs))


def replay_speed(effort: Effort) -> Iterator[Figure]:
    """Compare CPU per request of a replay and of the simulation, with 2 and with 1000 accounts."""
    empty, short, long = b'{"SyncUserAccounts":[]}', accounts(2), accounts(1000)
    with TemporaryDirectory() as folder:
        har_file.write(f"{folder}/a.har", Recording(tuple(map(_make_entry, (empty, short, long)))))
        recording = replay(Path(folder, "a.har"))
        for count, body in ((2, short), (1000, long)):
            with run_program(mock()) as simulation, run_program(recording) as ours:
                pairs = _measure_pairs(effort.pairs, (simulation, body), (ours, body))
            yield _speed(f"replay, {count} accounts", pairs, ">= 0.50")


def _make_entry(body: bytes) -> Entry:
    headers = (("authorization", BASIC), ("content-type", "application/json"))
    url = f"http://crm.example{PATH}"
    request = RecordedRequest("POST", url, headers=headers, body=body)
    return Entry(request=request, response=RecordedResponse(204))


# ---- pytest ----------------------------------------------------------------------------------


def fixture(effort: Effort) -> Iterator[Figure]:
    """Measure what the fixture adds to an empty test when the server is running."""
    tests = effort.calls // 20
    costs = []
    for _ in range(max(effort.pairs // 2, 1)):
        empty, using = (_run_tests(argument, tests) for argument in ("", "superoffice_mock"))
        costs.append((using - empty) / tests)
    cost = statistics.median(costs) * MILLI
    yield Figure("the fixture adds to a test, ms", cost, "<= 5", "", f"{tests} tests")


def _run_tests(argument: str, count: int) -> float:
    """Return the seconds, measured by pytest, of *count* tests with the fixture *argument*."""
    test = f"import pytest\n@pytest.mark.parametrize('n', range({count}))\n"
    with TemporaryDirectory() as folder:
        Path(folder, "test_it.py").write_text(f"{test}def test_it(n, {argument}): pass\n")
        command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder)
        env = environment({"PYTHONDONTWRITEBYTECODE": ""})
        done = subprocess.run(
            command, env=env, cwd=folder, capture_output=True, text=True, check=True
        )
    match = re.search(r"passed in ([0-9.]+)s", done.stdout)
    if match is None:
        raise LoadError(done.stdout[-200:])
    return float(match[1])


# ---- starts and memory -----------------------------------------------------------------------


def starts(effort: Effort) -> Iterator[Figure]:
    """Measure the time from the start to the first 204, and the memory then."""
    samples: dict[str, list[tuple[float, float]]] = {"mock": [], "bare": []}
    programs = (mock(), reference("bare"))
    for number in range(effort.rounds):
        for program in programs if number % 2 else programs[::-1]:
            with run_program(program) as server:
                samples[program.name].append((server.start_seconds, server.megabytes))
    for name, at, must, aim in (
        ("start to the first 204", 0, "<= 1.25", "<= 1.05"),
        ("idle memory", 1, "<= 1.25", "<= 1.10"),
    ):
        pairs = zip(samples["mock"], samples["bare"], strict=True)
        ratio = statistics.median(ours[at] / theirs[at] for ours, theirs in pairs)
        unit = (MILLI, "ms") if at == 0 else (1, "MB")
        ours, theirs = (
            statistics.median(sample[at] for sample in samples[kind]) * unit[0]
            for kind in ("mock", "bare")
        )
        yield Figure(name, ratio, must, aim, f"{ours:.1f} against {theirs:.1f} {unit[1]}")


def version(effort: Effort) -> Iterator[Figure]:
    """Compare `superoffice-mock --version` with an interpreter that does nothing."""
    command = (sys.executable, "-m", "superoffice_mock", "--version")
    nothing = (sys.executable, "-c", "pass")
    pairs = [(_seconds(command), _seconds(nothing)) for _ in range(effort.rounds)]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    detail = f"{statistics.median(ours for ours, _ in pairs) * MILLI:.0f} ms"
    yield Figure("--version, of python -c pass", ratio, "<= 7", "<= 3", detail)


def _seconds(command: tuple[str, ...]) -> float:
    env = environment({"PYTHONDONTWRITEBYTECODE": ""})
    began = time.perf_counter()
    subprocess.run(command, env=env, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - began


def growth(effort: Effort) -> Iterator[Figure]:
    """Measure the growth of memory over so many requests; the journal is full early on."""
    with run_program(mock()) as ours:
        before = ours.megabytes
        done = 0
        while done < effort.requests:
            done += burst(ours, accounts(2), 1).requests
        growth_mb = ours.megabytes - before
    yield Figure("growth, MB", growth_mb, "<= 5", "<= 2", f"after {done:,} requests")


def tenants(effort: Effort) -> Iterator[Figure]:
    """Measure the memory of many tenants, and their CPU per call compared with ten tenants."""
    short = accounts(2)
    many = effort.tenants
    with (
        run_program(mock("--max-tenants", str(many))) as few,
        run_program(mock("--max-tenants", str(many))) as full,
    ):
        before = full.megabytes
        paths = [_create_tenant(full) for _ in range(many)]
        _call_all(full, short, paths)
        growth_mb = full.megabytes - before
        few_paths = [_create_tenant(few) for _ in range(10)]
        ratios = [
            burst(full, short, 1, paths).cpu / burst(few, short, 1, few_paths).cpu
            for _ in range(effort.pairs)
        ]
    yield Figure(f"{many:,} tenants, MB", growth_mb, "<= 100", "", "one call each and more")
    yield Figure("CPU a call, of ten tenants", statistics.median(ratios), "<= 1.25")


def _call_all(server: MeasuredServer, body: bytes, paths: list[str]) -> None:
    """Call *server* at each of *paths* at least once."""
    seconds = 1
    while burst(server, body, seconds, paths).requests < len(paths):
        seconds *= 2


def _create_tenant(server: MeasuredServer) -> str:
    """Create a tenant with the user of the sample; return the path of its call."""
    user = {"name": "tje0", "password": "Tje0"}
    spec = {"users": [user], "seconds_per_account": 0, "clock": "real"}
    with closing(ControlClient(server.url)) as client:
        return f"/{client.control('POST', 'tenants', NewTenant, spec).id}{PATH}"


# ---- in this process -------------------------------------------------------------------------


def in_process(effort: Effort) -> Iterator[Figure]:
    """Compare calls of the applications in this process, without a server."""
    settings = Settings(seconds_per_account=0)
    mock_app = assemble(settings, tenant_file.load_tenants(settings), access_log.log_nothing).app
    body = accounts(2)
    apps = (mock_app, references.bare())
    pairs = [
        tuple(asyncio.run(_time_calls(app, effort.calls, body)) for app in apps)
        for _ in range(max(effort.pairs, 3))
    ]
    ratio = statistics.median(ours / theirs for ours, theirs in pairs)
    cost, bare = (statistics.median(times) * MICRO for times in zip(*pairs, strict=True))
    yield Figure("a call in-process, of bare", ratio, "", "", f"{cost:.1f} against {bare:.1f} us")


async def _time_calls(app: ASGIApp, calls: int, body: bytes) -> float:
    """Return the mean seconds of *calls* calls."""
    headers = {
        "host": "127.0.0.1:8204",
        "authorization": BASIC,
        "accept": "application/json; charset=utf-8",
        "accept-language": "*",
        "content-type": "application/json; charset=utf-8",
        "content-length": str(len(body)),
    }
    pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = make_scope("POST", PATH, pairs)
    message: Message = {"type": "http.request", "body": body, "more_body": False}

    async def receive() -> Message:
        return message

    async def send(_: Message) -> None:
        pass

    began = time.perf_counter()
    for _ in range(calls):
        await app(dict(scope), receive, send)
    return (time.perf_counter() - began) / calls


MEASURES: Final[Mapping[str, Measure]] = {
    measure.__name__.replace("_", "-"): measure
    for measure in (
        *(throughput, replay_speed, recorder_delay, log_line, starts, version, growth, tenants),
        *(fixture, in_process),
    )
}
