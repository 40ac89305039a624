"""All features at once, for minutes: callers, faults, waits, clocks, tenants, control calls."""

import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.benchmarks.measures import Figure
from tests.soak.effort import Effort
from tests.soak.server import Tried, tried
from tests.soak.workers import WORKERS, Shift

FLAGS: Final = ("--log", "json", "--seconds-per-account", "0.05")
WARM: Final = 4
"""A quarter of the time is for getting warm: every journal fills."""
FILLING: Final = 8
"""Seconds that this takes at least, on a slow machine."""
SAMPLES: Final = 40
FLAT: Final = "<= 5"


def full_load(effort: Effort) -> Iterator[Figure]:
    """Let all workers work at once, and look at the server all the while."""
    with tried(*FLAGS) as server:
        idle = server.descriptors
        seconds = max(effort.seconds, 2 * FILLING)
        levels, done = _worked(server, seconds)
        left = server.settled(idle)
        crashed = sum(
            server.running.control("GET", f"requests?tenant={one['id']}&outcome=crashed")["total"]
            for one in server.running.control("GET", "tenants")["tenants"]
        )
        calls = f"{done.total():,} calls in {seconds} s"
    before, after = (statistics.median(part) for part in _ends(levels, seconds))
    detail = f"{calls}; {before:.1f} to {after:.1f} MB"
    yield Figure("full load: growth, MB", after - before, FLAT, "", detail)
    yield Figure("full load: descriptors left", left, "<= 0")
    yield Figure("full load: errors", len(server.odd) + crashed, "<= 0", "", _first(server.odd))
    told = ", ".join(f"{count:,} {name}" for name, count in sorted(done.items()))
    yield Figure("full load: kinds of workers at work", len(done), f">= {len(WORKERS)}", "", told)


def _worked(server: Tried, seconds: int) -> tuple[list[float], Counter[str]]:
    """Return the megabytes over time, and how many calls each worker made. Raise what one did."""
    over = threading.Event()
    shifts = [Shift(server.running, over, number) for number in range(len(WORKERS))]
    levels: list[float] = []
    with ThreadPoolExecutor(len(WORKERS)) as pool:
        working = [
            pool.submit(shift.work, worker)
            for shift, worker in zip(shifts, WORKERS.values(), strict=True)
        ]
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not any(one.done() for one in working):
            over.wait(seconds / SAMPLES)
            levels.append(server.megabytes)
        over.set()
        done = Counter(
            {name: one.result(timeout=60) for name, one in zip(WORKERS, working, strict=True)}
        )
    return levels, +done


def _ends(levels: list[float], seconds: int) -> tuple[list[float], list[float]]:
    """Return the first levels after getting warm, and the last ones: so many that none counts."""
    few = max(len(levels) // 8, 1)
    first = round(len(levels) * max(1 / WARM, FILLING / seconds))
    return levels[first : first + few], levels[-few:]


def _first(odd: list[str]) -> str:
    return " ".join(odd[:3])[:200].replace("|", "/")
