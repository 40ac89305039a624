"""Schedules of a throttle: what callers do and what befalls them, step by step."""

from collections.abc import Iterable
from typing import Any, Final

from superoffice_contract.throttle.model import SECOND

Step = tuple[str, Any]
MOST_STEPS: Final = 14
"""Steps of a schedule that is made up, and so the most calls in it."""

KNOWN: Final[tuple[tuple[Step, ...], ...]] = (
    (("arrive", [1]), ("arrive", [2]), ("advance", 200_000), ("arrive", [2]), ("advance", SECOND)),
    (("arrive", [1]), ("advance", 4_500_000), ("arrive", [2]), ("advance", 500_000)),
    (("arrive", [1] * 10), ("advance", 7_000_000), ("arrive", [1] * 11), ("advance", 7_000_000)),
    (("arrive", [507, 507, -3]), ("advance", 7_000_000), ("arrive", [-3])),
    (("arrive", [507, *[1] * 9, 2, 2, -3]), ("advance", 7_000_000), ("advance", 7_000_000)),
    (("arrive", []), ("arrive", [1]), ("arrive", []), ("advance", SECOND)),
    (("hold", None), ("arrive", [1]), ("advance", 2_500_000), ("release", None), ("arrive", [1])),
    (("arrive", [1]), ("release", None), ("arrive", [2]), ("advance", 7_000_000)),
)
"""Schedules that are always played: each is the shortest that shows some defect."""
KNOWN_OVER_SOCKETS: Final[tuple[tuple[Step, ...], ...]] = (
    (("arrive", [1]), ("arrive", [2]), ("let_go", 1), ("arrive", [2]), ("advance", 7_000_000)),
    (("hold", None), ("arrive", [1]), ("let_go", 0), ("release", None), ("arrive", [2])),
)
"""The same, of callers who hang up; an application in this process is never hung up on."""
GIVEN: Final = {"arrive": "accounts", "advance": "by", "let_go": "number"}
"""What the step of a schedule is given, by its name."""


def told(schedule: Iterable[Step]) -> str:
    """Return *schedule* in words."""
    steps = (name if given is None else f"{name} {given}" for name, given in schedule)
    return "; ".join(steps)
