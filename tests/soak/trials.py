"""What is done to the mock, each thing often, and what that may come to."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import accumulate, repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.benchmarks.bodies import accounts
from tests.benchmarks.load import CONNECTIONS, MissingError, burst
from tests.benchmarks.measures import Figure
from tests.e2e.raw_http import Connection, request, until
from tests.soak.bodies import AT_THE_LIMIT, TOO_MUCH
from tests.soak.disconnects import WAYS
from tests.soak.effort import SHORT, TENANTS, Effort
from tests.soak.full_load import full_load
from tests.soak.http_pipeline import answers, call, control, said
from tests.soak.server import Tried, tried
from tests.support.server_process import PATH

FIXTURE: Final = Path(__file__).parents[2] / "fixtures" / "page-sample.har"
FLAT: Final = "<= 5"
"""Megabytes that the server may grow by once it is warm."""
NONE: Final = "<= 0"
BURST: Final = 5
"""Seconds of one burst of load."""
FEWEST: Final = 20
"""Rounds of tenants until the memory is as it stays; a tenant that is kept shows in as many."""
LEAVERS: Final = 450
"""How many hang up in one second of the server's clock."""
SPARE: Final = 200
"""Descriptors that this process and the server need beside those of the callers."""
KEPT: Final = re.compile(r"a\.har: ([0-9]+) exchange")
BEYOND: Final = re.compile(r"^([0-9]+) more are not recorded")
"""What a recorder tells at its end."""
QUICK: Final = ("--log", "auto", "--seconds-per-account", "0")

Trial = Callable[[Effort], Iterator[Figure]]


def _grown(name: str, server: Tried, before: float, detail: str) -> Figure:
    after = server.megabytes
    return Figure(name, after - before, FLAT, "", f"{detail}; {before:.1f} to {after:.1f} MB")


def _odd(server: Tried, name: str) -> Figure:
    return Figure(f"{name}: errors", len(server.odd), NONE, "", " ".join(server.odd[:3])[:200])


def requests(effort: Effort) -> Iterator[Figure]:
    """Call as fast as it answers."""
    with tried(*QUICK) as server:
        descriptors = server.descriptors
        before, done = _called(server, effort, effort.requests)
        yield _grown("requests: growth, MB", server, before, f"{done:,} requests")
        yield Figure("requests: descriptors left", server.settled(descriptors), NONE)
        yield _odd(server, "requests")


def _called(server: Tried, effort: Effort, least: int) -> tuple[float, int]:
    """Make so many calls at *least*, in bursts, of which the first fills the journal.

    Return the megabytes after the first burst, and how many calls all made.
    """
    seconds = BURST if effort.requests > SHORT.requests else 1
    bursts = accumulate(burst(server.started, accounts(2), seconds).requests for _ in repeat(None))
    next(bursts)
    return server.megabytes, next(done for done in bursts if done >= least)


def replays(effort: Effort) -> Iterator[Figure]:
    """Answer from a fixture, a quarter as often."""
    flags = (str(FIXTURE), "--repeat", "--match", "path", "--log", "auto")
    with tried(*flags, command="replay") as server:
        before, done = _called(server, effort, effort.requests // 4)
        yield _grown("replays: growth, MB", server, before, f"{done:,} requests")
        until(lambda: not _newest(server)["pending"], "what wrk left behind has its answer")
        newest = _newest(server)
        yield Figure("replays: not replayed", newest.total() - newest["replayed"], NONE)
        yield _odd(server, "replays")


def _newest(server: Tried) -> Counter[str]:
    """Return how many of the newest requests had which outcome."""
    newest = server.running.control("GET", "requests?limit=1000")["requests"]
    return Counter(one["outcome"] for one in newest)


def recordings(effort: Effort) -> Iterator[Figure]:
    """Record, a twentieth as often, more than a recording takes; all of it still goes through."""
    with TemporaryDirectory() as folder, tried(*QUICK) as upstream:
        flags = ("--upstream", upstream.running.url, "--out", f"{folder}/a.har")
        with tried(*flags, command="record") as server:
            descriptors = server.descriptors
            before, done = _called(server, effort, effort.requests // 20)
            yield _grown("recordings: growth, MB", server, before, f"{done:,} requests")
            left = server.settled(descriptors + CONNECTIONS)  # they may serve again
            yield Figure("recordings: descriptors left", left, NONE)
        kept, beyond = (_counted(server, what) for what in (KEPT, BEYOND))
        lost = done - kept - beyond
        detail = f"{kept:,} recorded, {beyond:,} beyond what a file may hold"
        yield Figure("recordings: requests that nobody tells of", lost, NONE, "", detail)
        yield _odd(upstream, "recordings")


def _counted(recorder: Tried, told: re.Pattern[str]) -> int:
    """Return the number that *recorder* told at its end."""
    found = filter(None, (told.search(line) for line in recorder.odd))
    return sum(int(one[1]) for one in found)


def tenants(effort: Effort) -> Iterator[Figure]:
    """Make tenants, call each, drop each, again and again."""
    warm = max(effort.rounds // 10, FEWEST)
    rounds = max(effort.rounds - warm, FEWEST)
    with tried(*QUICK) as server, Connection(server.running) as connection:
        for _ in range(warm):
            _round(connection)
        before = server.megabytes
        for _ in range(rounds):
            _round(connection)
        done = f"{TENANTS} tenants {warm + rounds:,} times"
        yield _grown("tenants: growth, MB", server, before, done)
        left = sum(one["made"] for one in server.running.control("GET", "tenants")["tenants"])
        yield Figure("tenants: left", left, NONE)
        yield _odd(server, "tenants")


def _round(connection: Connection) -> None:
    """Make `TENANTS` tenants with one call, one exchange and one run each, and drop them."""
    kinds = [{"installation": one, "clock": "freeze"} for one in ("onsite", "online")]
    made = [
        said(raw)
        for raw in answers(
            connection, (control("POST", "tenants", kinds[n % 2]) for n in range(TENANTS))
        )
    ]
    calls = (
        call(accounts(2), path=f"/{one['id']}{PATH}", headers=one["credentials"]["headers"])
        for one in made
    )
    for raw in answers(connection, calls):
        assert raw.status == 204, raw
    drops = (control("DELETE", f"tenants/{one['id']}") for one in made)
    for raw in answers(connection, drops):
        assert raw.status < 300, raw


def callers(effort: Effort) -> Iterator[Figure]:
    """Let callers wait, all at once, and answer them; three times."""
    _make_room(effort.callers + SPARE)
    with tried(*QUICK) as server:
        descriptors = server.descriptors
        server.running.control("POST", "clock/freeze")
        server.running.control("POST", "lease/hold")
        idle = server.megabytes
        full = _crowd(server, effort.callers)
        before = server.megabytes
        for _ in range(2):
            _crowd(server, effort.callers)
        each = (full - idle) * 1e3 / effort.callers
        detail = f"{effort.callers:,} wait, three times; {each:.1f} kB each while they wait"
        yield _grown("callers: growth, MB", server, before, detail)
        yield Figure("callers: descriptors left", server.settled(descriptors), NONE)
        yield _odd(server, "callers")


def _crowd(server: Tried, count: int) -> float:
    """Let *count* callers wait, answer all, and return the megabytes while they waited."""
    with ExitStack() as stack:
        crowd = [stack.enter_context(Connection(server.running)) for _ in range(count)]
        for caller in crowd:
            caller.send(request())
        until(lambda: _waiting(server) == count, f"{count} callers wait", within=120)
        full = server.megabytes
        server.running.control("POST", "clock/advance", {"seconds": 1})
        for caller in crowd:
            assert caller.answer().status == 204
    return full


def _waiting(server: Tried) -> int:
    count: int = server.running.control("GET", "lease")["waiting"]
    return count


def _make_room(descriptors: int) -> None:
    """Raise the soft limit, which the server inherits.

    Raise MissingError if the hard one is lower.
    """
    import resource  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < descriptors:
        raise MissingError(f"{descriptors} descriptors are needed, and ulimit -Hn allows {hard}")
    if soft != resource.RLIM_INFINITY and soft < descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))


def bodies(effort: Effort) -> Iterator[Figure]:
    """Send bodies as long and as full as may be, and a little longer, of every kind."""
    calls = [call(body, media_type=kind) for kind, body in AT_THE_LIMIT]
    beyond = [call(body, media_type=kind) for kind, body in TOO_MUCH]
    with tried(*QUICK) as server:
        warm = max(effort.bodies // 10, 60)  # the journal keeps 32 MiB: they must be full
        _sent(server, calls, beyond, warm)
        before = server.megabytes
        _sent(server, calls, beyond, effort.bodies - warm)
        yield _grown("bodies: growth, MB", server, before, f"{effort.bodies:,} at the limits")
        yield _odd(server, "bodies")


def _sent(server: Tried, calls: list[bytes], beyond: list[bytes], count: int) -> None:
    """Send *count* of *calls* in turn on one connection, and one of *beyond* for ten of them."""
    with Connection(server.running) as connection:
        for number in range(max(count, 10)):
            raw = connection.send(calls[number % len(calls)]).answer()
            assert raw.status == 204, raw
            if number % 10 == 0:
                with Connection(server.running) as other:
                    too_much = other.send(beyond[number // 10 % len(beyond)]).answer()
                    assert too_much.status == 413, too_much


def leavers(effort: Effort) -> Iterator[Figure]:
    """Hang up at every moment of a call."""
    with tried(*QUICK) as server:
        descriptors = server.descriptors
        server.running.control("POST", "clock/freeze")
        server.running.control("POST", "lease/hold")
        rounds = max(effort.leavers // LEAVERS, 2)
        for _ in range(max(rounds // 10, 6)):
            _left(server)
        server.settled(descriptors)
        before = server.megabytes
        for _ in range(rounds):
            _left(server)
        left = server.settled(descriptors)
        done = f"{rounds * LEAVERS:,} hung up"
        yield _grown("leavers: growth, MB", server, before, done)
        yield Figure("leavers: descriptors left", left, NONE)
        yield _odd(server, "leavers")


def _left(server: Tried) -> None:
    """Let `LEAVERS` come and go, then a second pass, so that those of them go who still wait."""
    for number in range(LEAVERS):
        WAYS[number % len(WAYS)](server.running.address)
    server.running.control("POST", "clock/advance", {"seconds": 1})


TRIALS: Final[dict[str, Trial]] = {
    one.__name__.replace("_", "-"): one
    for one in (requests, replays, recordings, tenants, callers, bodies, leavers, full_load)
}
