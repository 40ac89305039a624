"""CPU time scaled to a usual machine, so that bounds hold on slow and busy machines, too."""

import gc
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.benchmarks.bodies import accounts

USUAL_SECONDS: Final = 0.0068
"""Seconds that the work below takes on the machine of the bounds: two cores, Python 3.11."""
TRIES: Final = 10
_WORK: Final = accounts(15_000)


def slowness() -> float:
    """Return how many times as long as usual this machine takes now, at least 1.

    The work fills the caches, as large bodies do.
    """
    return max(1.0, cpu_seconds(lambda: json.loads(_WORK)) / USUAL_SECONDS)


def usual_seconds(task: Callable[[], object], enough: float) -> float:
    """Return the scaled CPU time of *task*: the least of several tries.

    The first try below *enough* ends them. A machine that other programs use changes its speed
    from one moment to the next, so each try is scaled by the slower of the moments around it.
    """
    least = cpu_seconds(task)
    for _ in range(TRIES):
        if least < enough:
            break
        before, took, after = slowness(), cpu_seconds(task), slowness()
        least = min(least, took / max(before, after))
    return least


def usual_seconds_of_children(task: Callable[[], object]) -> float:
    """Return the scaled CPU time of the processes that *task* starts and waits for."""
    first, before = slowness(), os.times()
    task()
    after, last = os.times(), slowness()
    cpu = sum(after[2:4]) - sum(before[2:4])
    return cpu * 2 / (first + last)


def cpu_seconds(task: Callable[[], object]) -> float:
    """Return the CPU time of *task*, without coverage and without garbage collection."""
    trace, collecting = sys.gettrace(), gc.isenabled()
    sys.settrace(None)
    gc.disable()
    began = time.thread_time()
    try:
        task()
        return time.thread_time() - began
    finally:
        sys.settrace(trace)
        if collecting:
            gc.enable()
