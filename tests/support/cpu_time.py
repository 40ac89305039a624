"""CPU time as a usual machine would take it, so that bounds hold on slow and busy ones, too."""

import gc
import json
import math
import os
import sys
import time
from collections.abc import Callable
from typing import Final

from tests.benchmarks.bodies import accounts

USUAL: Final = 0.0068
"""Seconds that the work below takes where the bounds were set: two cores, Python 3.11."""
TRIES: Final = 5
_WORK: Final = accounts(15_000)


def pace() -> float:
    """Return how many times as long as usual this machine takes now; at least once.

    The work fills the caches, as large bodies do.
    """
    return max(1.0, seconds(lambda: json.loads(_WORK)) / USUAL)


def usual_seconds(task: Callable[[], object], enough: float) -> float:
    """Return the CPU time of *task* at the usual pace: the least of some tries.

    The first that is below *enough* ends them.
    """
    least = math.inf
    for _ in range(TRIES):
        took = seconds(task)
        least = min(least, took if took < enough else took / pace())
        if least < enough:
            break
    return least


def usual_seconds_of_children(task: Callable[[], object]) -> float:
    """Return the CPU time, at the usual pace, of the processes that *task* starts and waits for."""
    first, before = pace(), os.times()
    task()
    after, last = os.times(), pace()
    used = sum(after[2:4]) - sum(before[2:4])
    return used * 2 / (first + last)


def seconds(task: Callable[[], object]) -> float:
    """Return the CPU time of *task*, without what coverage and other tests' garbage would add."""
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
