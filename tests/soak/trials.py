"""The trials: each does one thing often and yields figures with bounds."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import accumulate, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.bodies import accounts
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import CONNECTIONS, MissingError, burst
from tests.e2e.raw_http import Connection, request, wait_until
from tests.soak.bodies import AT_THE_LIMIT, TOO_LARGE
from tests.soak.disconnects import DISCONNECTS
from tests.soak.full_load import full_load
from tests.soak.http_pipeline import send_all, sync_call, use_tenants
from tests.soak.server import NONE, SHORT, TENANTS, Effort, SoakServer, run_soak_server

FIXTURE: Final = Path(__file__).parents[2] / "fixtures" / "page-sample.har"
BURST: Final = 5
"""Seconds of one burst of load."""
MIN_ROUNDS: Final = 20
"""Rounds of tenants until the memory is stable; a leaked tenant shows after as many."""
DISCONNECTS_PER_ROUND: Final = 450
"""Disconnects in one second of the server's clock."""
SPARE_DESCRIPTORS: Final = 200
"""Descriptors that this process and the server need besides those of the calls."""
RECORDED: Final = re.compile(r"a\.har: ([0-9]+) exchange")
NOT_RECORDED: Final = re.compile(r"^([0-9]+) more are not recorded")
"""Lines that `record` prints at its end."""
QUICK: Final = ("--log", "auto", "--seconds-per-account", "0")

Trial = Callable[[Effort], Iterator[Figure]]
Work = Callable[[SoakServer, Effort], tuple[float, str]]
"""Warms a server up and uses it; returns the megabytes when it was warm, and what was done."""


def _run(name: str, work: Work, effort: Effort) -> Iterator[Figure]:
    """Do *work* on a server, and yield what it has left there."""
    with run_soak_server(*QUICK) as server:
        descriptors = server.descriptors
        before, done = work(server, effort)
        yield server.growth(name, before, done)
        yield server.leftover_descriptors(name, descriptors)
        yield server.error_count(name)


def requests(server: SoakServer, effort: Effort) -> tuple[float, str]:
    """Call as fast as the server answers."""
    before, done = _send_load(server, effort, effort.requests)
    return before, f"{done:,} requests"


def _send_load(server: SoakServer, effort: Effort, least: int) -> tuple[float, int]:
    """Make at *least* so many calls in bursts; the first one fills the journal.

    Return the megabytes after the first burst, and the number of calls.
    """
    seconds = BURST if effort.requests > SHORT.requests else 1
    bursts = accumulate(burst(server, accounts(2), seconds).requests for _ in repeat(None))
    next(bursts)
    return server.megabytes, next(done for done in bursts if done >= least)


def replays(effort: Effort) -> Iterator[Figure]:
    """Answer from a fixture, a quarter as often."""
    flags = (str(FIXTURE), "--repeat", "--match", "path", "--log", "auto")
    with run_soak_server(*flags, command="replay") as server:
        before, done = _send_load(server, effort, effort.requests // 4)
        yield server.growth("replays", before, f"{done:,} requests")
        wait_until(
            lambda: not _newest_outcomes(server)["pending"], "the last calls of wrk are answered"
        )
        newest = _newest_outcomes(server)
        yield Figure("replays: not replayed", newest.total() - newest["replayed"], NONE)
        yield server.error_count("replays")


def _newest_outcomes(server: SoakServer) -> Counter[str]:
    """Return the outcomes of the newest requests, counted."""
    newest = server.api.control("GET", "requests?limit=1000")["requests"]
    return Counter(exchange["outcome"] for exchange in newest)


def recordings(effort: Effort) -> Iterator[Figure]:
    """Record a twentieth as often, but more than a recording can hold; every call still passes."""
    with TemporaryDirectory() as folder, run_soak_server(*QUICK) as upstream:
        flags = ("--upstream", upstream.api.url, "--out", f"{folder}/a.har")
        with run_soak_server(*flags, command="record") as server:
            descriptors = server.descriptors
            before, done = _send_load(server, effort, effort.requests // 20)
            yield server.growth("recordings", before, f"{done:,} requests")
            reused = descriptors + CONNECTIONS
            yield server.leftover_descriptors("recordings", reused)
        count, excess = (_reported_count(server, line) for line in (RECORDED, NOT_RECORDED))
        detail = f"{count:,} recorded, {excess:,} more than a file can hold"
        missing = done - count - excess
        yield Figure("recordings: requests not accounted for", missing, NONE, "", detail)
        yield upstream.error_count("recordings")


def _reported_count(recorder: SoakServer, pattern: re.Pattern[str]) -> int:
    """Return the number in the last lines of *recorder* that *pattern* captures."""
    matches = filter(None, (pattern.search(line) for line in recorder.errors))
    return sum(int(match[1]) for match in matches)


def tenants(server: SoakServer, effort: Effort) -> tuple[float, str]:
    """Create tenants, call each and remove them, again and again."""
    warm = max(effort.rounds // 10, MIN_ROUNDS)
    rounds = max(effort.rounds - warm, MIN_ROUNDS)
    kinds = [{"installation": kind, "clock": "freeze"} for kind in ("onsite", "online")]
    with Connection(server.api) as connection:
        send = partial(send_all, connection)
        for done in range(warm + rounds):
            if done == warm:
                before = server.megabytes
            use_tenants(send, kinds * (TENANTS // 2), accounts(2))
    assert not any(tenant["made"] for tenant in server.api.control("GET", "tenants")["tenants"])
    return before, f"{TENANTS} tenants {warm + rounds:,} times"


def waiting_calls(server: SoakServer, effort: Effort) -> tuple[float, str]:
    """Let many calls wait at once and answer them, three times."""
    server.api.control("POST", "clock/freeze")
    server.api.control("POST", "lease/hold")
    idle = server.megabytes
    full = _wait_and_answer(server, effort.waiting_calls)
    before = server.megabytes
    for _ in range(2):
        _wait_and_answer(server, effort.waiting_calls)
    size = (full - idle) * 1e3 / effort.waiting_calls
    detail = f"{effort.waiting_calls:,} wait, three times; {size:.1f} kB each while they wait"
    return before, detail


def _wait_and_answer(server: SoakServer, count: int) -> float:
    """Let *count* calls wait, answer them, and return the megabytes while they waited."""
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(server.api)) for _ in range(count)]
        for connection in connections:
            connection.send(request())
        wait_until(
            lambda: server.api.control("GET", "lease")["waiting"] == count,
            f"{count} calls wait",
            within=120,
        )
        full = server.megabytes
        server.api.control("POST", "clock/advance", {"seconds": 1})
        for connection in connections:
            assert connection.read_response().status == 204
    return full


def _raise_descriptor_limit(descriptors: int) -> None:
    """Raise the soft limit of descriptors, which the server inherits.

    Raise MissingError if the hard limit is lower.
    """
    import resource  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < descriptors:
        raise MissingError(f"{descriptors} descriptors are needed, and ulimit -Hn allows {hard}")
    if soft != resource.RLIM_INFINITY and soft < descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))


def bodies(server: SoakServer, effort: Effort) -> tuple[float, str]:
    """Send bodies of every kind that are as large as allowed, and some that are too large."""
    calls = [sync_call(body, media_type=kind) for kind, body in AT_THE_LIMIT]
    too_large = [sync_call(body, media_type=kind) for kind, body in TOO_LARGE]
    warm = max(effort.bodies // 10, 60)  # enough to fill the 32 MiB of the journal
    _send_bodies(server, calls, too_large, warm)
    before = server.megabytes
    _send_bodies(server, calls, too_large, effort.bodies - warm)
    return before, f"{effort.bodies:,} at the limits"


def _send_bodies(
    server: SoakServer, calls: list[bytes], too_large: list[bytes], count: int
) -> None:
    """Send *count* of *calls* in turn on one connection, and one of *too_large* after ten."""
    with Connection(server.api) as connection:
        for number in range(max(count, 10)):
            raw = connection.send(calls[number % len(calls)]).read_response()
            assert raw.status == 204, raw
            if number % 10 == 0:
                with Connection(server.api) as second:
                    raw = second.send(too_large[number // 10 % len(too_large)]).read_response()
                    assert raw.status == 413, raw


def disconnects(server: SoakServer, effort: Effort) -> tuple[float, str]:
    """Disconnect at every moment of a call; advance the clock so that waiting calls end."""
    descriptors = server.descriptors
    server.api.control("POST", "clock/freeze")
    server.api.control("POST", "lease/hold")
    rounds = max(effort.disconnects // DISCONNECTS_PER_ROUND, 2)
    warm = max(rounds // 10, 6)
    for done in range(warm + rounds):
        if done == warm:
            server.leftover_descriptors("", descriptors)
            before = server.megabytes
        for number in range(DISCONNECTS_PER_ROUND):
            DISCONNECTS[number % len(DISCONNECTS)](server.api.address)
        server.api.control("POST", "clock/advance", {"seconds": 1})
    return before, f"{rounds * DISCONNECTS_PER_ROUND:,} disconnects"


def _run_waiting_calls(effort: Effort) -> Iterator[Figure]:
    _raise_descriptor_limit(effort.waiting_calls + SPARE_DESCRIPTORS)
    return _run("waiting calls", waiting_calls, effort)


TRIALS: Final[dict[str, Trial]] = {
    "requests": partial(_run, "requests", requests),
    "replays": replays,
    "recordings": recordings,
    "tenants": partial(_run, "tenants", tenants),
    "waiting-calls": _run_waiting_calls,
    "bodies": partial(_run, "bodies", bodies),
    "disconnects": partial(_run, "disconnects", disconnects),
    "full-load": full_load,
}
