"""The trials: each does one thing often and yields figures with bounds."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
from tests.soak.effort import SHORT, TENANTS, Effort
from tests.soak.full_load import full_load
from tests.soak.http_pipeline import control_call, json_of, send_all, sync_call
from tests.soak.server import SoakServer, run_soak_server
from tests.support.server_process import PATH

FIXTURE: Final = Path(__file__).parents[2] / "fixtures" / "page-sample.har"
FLAT: Final = "<= 5"
"""Megabytes that the server may grow by once it is warm."""
NONE: Final = "<= 0"
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


def _growth(name: str, server: SoakServer, before: float, detail: str) -> Figure:
    after = server.megabytes
    return Figure(name, after - before, FLAT, "", f"{detail}; {before:.1f} to {after:.1f} MB")


def _errors(server: SoakServer, name: str) -> Figure:
    return Figure(
        f"{name}: errors", len(server.errors), NONE, "", " ".join(server.errors[:3])[:200]
    )


def requests(effort: Effort) -> Iterator[Figure]:
    """Call as fast as the server answers."""
    with run_soak_server(*QUICK) as server:
        descriptors = server.descriptors
        before, done = _send_load(server, effort, effort.requests)
        yield _growth("requests: growth, MB", server, before, f"{done:,} requests")
        yield Figure("requests: descriptors left", server.leftover_descriptors(descriptors), NONE)
        yield _errors(server, "requests")


def _send_load(server: SoakServer, effort: Effort, least: int) -> tuple[float, int]:
    """Make at *least* so many calls in bursts; the first one fills the journal.

    Return the megabytes after the first burst, and the number of calls.
    """
    seconds = BURST if effort.requests > SHORT.requests else 1
    bursts = accumulate(burst(server.measured, accounts(2), seconds).requests for _ in repeat(None))
    next(bursts)
    return server.megabytes, next(done for done in bursts if done >= least)


def replays(effort: Effort) -> Iterator[Figure]:
    """Answer from a fixture, a quarter as often."""
    flags = (str(FIXTURE), "--repeat", "--match", "path", "--log", "auto")
    with run_soak_server(*flags, command="replay") as server:
        before, done = _send_load(server, effort, effort.requests // 4)
        yield _growth("replays: growth, MB", server, before, f"{done:,} requests")
        wait_until(
            lambda: not _newest_outcomes(server)["pending"], "the last calls of wrk are answered"
        )
        newest = _newest_outcomes(server)
        yield Figure("replays: not replayed", newest.total() - newest["replayed"], NONE)
        yield _errors(server, "replays")


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
            yield _growth("recordings: growth, MB", server, before, f"{done:,} requests")
            leftover = server.leftover_descriptors(descriptors + CONNECTIONS)  # it reuses these
            yield Figure("recordings: descriptors left", leftover, NONE)
        count, excess = (_reported_count(server, line) for line in (RECORDED, NOT_RECORDED))
        detail = f"{count:,} recorded, {excess:,} more than a file can hold"
        missing = done - count - excess
        yield Figure("recordings: requests not accounted for", missing, NONE, "", detail)
        yield _errors(upstream, "recordings")


def _reported_count(recorder: SoakServer, pattern: re.Pattern[str]) -> int:
    """Return the number in the last lines of *recorder* that *pattern* captures."""
    matches = filter(None, (pattern.search(line) for line in recorder.errors))
    return sum(int(match[1]) for match in matches)


def tenants(effort: Effort) -> Iterator[Figure]:
    """Create tenants, call each and remove them, again and again."""
    warm = max(effort.rounds // 10, MIN_ROUNDS)
    rounds = max(effort.rounds - warm, MIN_ROUNDS)
    with run_soak_server(*QUICK) as server, Connection(server.api) as connection:
        for _ in range(warm):
            _round(connection)
        before = server.megabytes
        for _ in range(rounds):
            _round(connection)
        done = f"{TENANTS} tenants {warm + rounds:,} times"
        yield _growth("tenants: growth, MB", server, before, done)
        left = sum(tenant["made"] for tenant in server.api.control("GET", "tenants")["tenants"])
        yield Figure("tenants: left", left, NONE)
        yield _errors(server, "tenants")


def _round(connection: Connection) -> None:
    """Create `TENANTS` tenants, make a call to each, and remove them."""
    kinds = [{"installation": kind, "clock": "freeze"} for kind in ("onsite", "online")]
    created = [
        json_of(raw)
        for raw in send_all(
            connection, (control_call("POST", "tenants", kinds[n % 2]) for n in range(TENANTS))
        )
    ]
    calls = (
        sync_call(
            accounts(2), path=f"/{tenant['id']}{PATH}", headers=tenant["credentials"]["headers"]
        )
        for tenant in created
    )
    for raw in send_all(connection, calls):
        assert raw.status == 204, raw
    removals = (control_call("DELETE", f"tenants/{tenant['id']}") for tenant in created)
    for raw in send_all(connection, removals):
        assert raw.status < 300, raw


def waiting_calls(effort: Effort) -> Iterator[Figure]:
    """Let many calls wait at once and answer them, three times."""
    _raise_descriptor_limit(effort.waiting_calls + SPARE_DESCRIPTORS)
    with run_soak_server(*QUICK) as server:
        descriptors = server.descriptors
        server.api.control("POST", "clock/freeze")
        server.api.control("POST", "lease/hold")
        idle = server.megabytes
        full = _wait_and_answer(server, effort.waiting_calls)
        before = server.megabytes
        for _ in range(2):
            _wait_and_answer(server, effort.waiting_calls)
        size = (full - idle) * 1e3 / effort.waiting_calls
        detail = f"{effort.waiting_calls:,} wait, three times; {size:.1f} kB each while they wait"
        yield _growth("waiting calls: growth, MB", server, before, detail)
        yield Figure(
            "waiting calls: descriptors left", server.leftover_descriptors(descriptors), NONE
        )
        yield _errors(server, "waiting calls")


def _wait_and_answer(server: SoakServer, count: int) -> float:
    """Let *count* calls wait, answer them, and return the megabytes while they waited."""
    with ExitStack() as stack:
        connections = [stack.enter_context(Connection(server.api)) for _ in range(count)]
        for connection in connections:
            connection.send(request())
        wait_until(lambda: _waiting(server) == count, f"{count} calls wait", within=120)
        full = server.megabytes
        server.api.control("POST", "clock/advance", {"seconds": 1})
        for connection in connections:
            assert connection.read_response().status == 204
    return full


def _waiting(server: SoakServer) -> int:
    count: int = server.api.control("GET", "lease")["waiting"]
    return count


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


def bodies(effort: Effort) -> Iterator[Figure]:
    """Send bodies of every kind that are as large as allowed, and some that are too large."""
    calls = [sync_call(body, media_type=kind) for kind, body in AT_THE_LIMIT]
    too_large = [sync_call(body, media_type=kind) for kind, body in TOO_LARGE]
    with run_soak_server(*QUICK) as server:
        warm = max(effort.bodies // 10, 60)  # enough to fill the 32 MiB of the journal
        _send_bodies(server, calls, too_large, warm)
        before = server.megabytes
        _send_bodies(server, calls, too_large, effort.bodies - warm)
        yield _growth("bodies: growth, MB", server, before, f"{effort.bodies:,} at the limits")
        yield _errors(server, "bodies")


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


def disconnects(effort: Effort) -> Iterator[Figure]:
    """Disconnect at every moment of a call."""
    with run_soak_server(*QUICK) as server:
        descriptors = server.descriptors
        server.api.control("POST", "clock/freeze")
        server.api.control("POST", "lease/hold")
        rounds = max(effort.disconnects // DISCONNECTS_PER_ROUND, 2)
        for _ in range(max(rounds // 10, 6)):
            _disconnect_round(server)
        server.leftover_descriptors(descriptors)
        before = server.megabytes
        for _ in range(rounds):
            _disconnect_round(server)
        leftover = server.leftover_descriptors(descriptors)
        done = f"{rounds * DISCONNECTS_PER_ROUND:,} disconnects"
        yield _growth("disconnects: growth, MB", server, before, done)
        yield Figure("disconnects: descriptors left", leftover, NONE)
        yield _errors(server, "disconnects")


def _disconnect_round(server: SoakServer) -> None:
    """Connect and disconnect so often, then advance the clock so that waiting calls end."""
    for number in range(DISCONNECTS_PER_ROUND):
        DISCONNECTS[number % len(DISCONNECTS)](server.api.address)
    server.api.control("POST", "clock/advance", {"seconds": 1})


TRIALS: Final[dict[str, Trial]] = {
    trial.__name__.replace("_", "-"): trial
    for trial in (
        requests,
        replays,
        recordings,
        tenants,
        waiting_calls,
        bodies,
        disconnects,
        full_load,
    )
}
