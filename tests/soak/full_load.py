"""The full load: all features are used at once, for minutes."""

import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from tests.benchmarks.figures import Figure
from tests.soak.server import FLAT, Effort, SoakServer, run_soak_server
from tests.soak.workers import WORKERS, WorkerContext

FLAGS: Final = ("--log", "json", "--seconds-per-account", "0.05")
WARM_UP_SHARE: Final = 4
"""The share of the time, one in so many, for warming up: every journal fills."""
WARM_UP_SECONDS: Final = 8
"""Seconds that warming up takes at least, on a slow machine."""
SAMPLES: Final = 40


def full_load(effort: Effort) -> Iterator[Figure]:
    """Run all workers at once and measure the server meanwhile."""
    with run_soak_server(*FLAGS) as server:
        idle = server.descriptors
        seconds = max(effort.seconds, 2 * WARM_UP_SECONDS)
        levels, done = _run_workers(server, seconds)
        leftover = server.leftover_descriptors("full load", idle)
        crashes = sum(
            server.api.control("GET", f"requests?tenant={tenant['id']}&outcome=crashed")["total"]
            for tenant in server.api.control("GET", "tenants")["tenants"]
        )
        calls = f"{done.total():,} calls in {seconds} s"
    before, after = (statistics.median(part) for part in _ends(levels, seconds))
    detail = f"{calls}; {before:.1f} to {after:.1f} MB"
    yield Figure("full load: growth, MB", after - before, FLAT, "", detail)
    yield leftover
    yield server.error_count("full load", crashes)
    detail = ", ".join(f"{count:,} {name}" for name, count in sorted(done.items()))
    yield Figure("full load: kinds of workers at work", len(done), f">= {len(WORKERS)}", "", detail)


def _run_workers(server: SoakServer, seconds: int) -> tuple[list[float], Counter[str]]:
    """Return the megabytes over time, and how many calls each worker made."""
    over = threading.Event()
    contexts = [WorkerContext(server.api, over, number) for number in range(len(WORKERS))]
    levels: list[float] = []
    with ThreadPoolExecutor(len(WORKERS)) as pool:
        futures = [
            pool.submit(context.work, worker)
            for context, worker in zip(contexts, WORKERS.values(), strict=True)
        ]
        ends = time.monotonic() + seconds
        while time.monotonic() < ends and not any(future.done() for future in futures):
            over.wait(seconds / SAMPLES)
            levels.append(server.megabytes)
        over.set()
        done = Counter(
            {name: future.result(timeout=60) for name, future in zip(WORKERS, futures, strict=True)}
        )
    return levels, +done


def _ends(levels: list[float], seconds: int) -> tuple[list[float], list[float]]:
    """Return the first levels after warming up, and the last ones; their medians are compared."""
    few = max(len(levels) // 8, 1)
    first = round(len(levels) * max(1 / WARM_UP_SHARE, WARM_UP_SECONDS / seconds))
    return levels[first : first + few], levels[-few:]
