"""What happens around an app's calls: schedules, as values, as text that replays, in words."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import ModuleType
from typing import TYPE_CHECKING, Final

import msgspec

from superoffice_mock.errors import SetupError

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

KINDS: Final[Mapping[str, str]] = {
    "busy": "another caller's run takes the lease, if it is free",
    "end": "time passes until the run that has the lease ends",
    "pass": "{} seconds pass",
    "refuse": "the mock is told to answer this call with 503",
    "deny": "the mock is told to answer this call with 401, as if its credential had expired",
    "delay": "the mock is told to keep this call for {} seconds before it looks at it",
    "reset": "the connection is reset; the call does not count",
    "cut": "the connection is reset once the call is in; it counts, but its answer is lost",
}
"""What can happen before a call, by name, and in words; {} is a number of seconds."""
MOVING: Final = frozenset({"pass", "end"})
"""Those that move the clock."""
TIMED: Final = frozenset({"pass", "delay"})
SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 30.0)
"""Seconds to choose from, around the second of a busy server and the length of a usual run."""
MOST: Final = 6
LAST_CALL: Final = 8
"""Happenings in a schedule at most, and the last call that they come before."""


class Happening(msgspec.Struct, frozen=True):
    """Something of `KINDS` that happens just *before* the call of this number reaches the mock."""

    before: int
    kind: str
    seconds: float | None = None

    def __str__(self) -> str:
        seconds = () if self.seconds is None else (f"{self.seconds:g}",)
        return " ".join((f"{self.before}", self.kind, *seconds))

    @property
    def words(self) -> str:
        """Return it for people."""
        what = KINDS[self.kind].format("" if self.seconds is None else f"{self.seconds:g}")
        return f"before call {self.before}: {what}"


Schedule = tuple[Happening, ...]


def written(schedule: Schedule) -> str:
    """Return *schedule* as text that `read` reads: `2 pass 1.5, 3 busy`."""
    return ", ".join(map(str, schedule)) or "nothing"


def read(text: str) -> Schedule:
    """Return the schedule that *text* writes. Raise SetupError that says how to write one."""
    if text.strip() == "nothing":
        return ()
    return tuple(_happening(part.split(), text) for part in text.split(","))


def schedules(kinds: Sequence[str] = tuple(KINDS)) -> "SearchStrategy[Schedule]":
    """Return a Hypothesis strategy of schedules made of *kinds*; the simplest is the empty one."""
    for kind in kinds:
        _check_kind(kind, f"kinds={list(kinds)}")
    if not kinds:
        msg = f"kinds=[]: nothing could happen; there are {', '.join(KINDS)}"
        raise SetupError(msg)
    strategies = _hypothesis()
    happening = strategies.sampled_from(kinds).flatmap(
        lambda kind: strategies.builds(
            Happening,
            strategies.integers(1, LAST_CALL),
            strategies.just(kind),
            strategies.sampled_from(SECONDS) if kind in TIMED else strategies.none(),
        )
    )
    in_order = strategies.lists(happening, max_size=MOST).map(
        lambda those: tuple(sorted(those, key=lambda one: one.before))
    )
    found: SearchStrategy[Schedule] = in_order
    return found


def _hypothesis() -> ModuleType:
    try:
        from hypothesis import strategies
    except ImportError:
        msg = "schedules are made up by Hypothesis: pip install 'superoffice-mock[explore]'"
        raise SetupError(msg) from None
    return strategies


def _happening(words: Sequence[str], text: str) -> Happening:
    before, kind, *seconds = (*words, "", "")[: max(len(words), 2)]
    _check_kind(kind, f"replay={text!r}")
    try:
        taken = float(seconds[0]) if kind in TIMED else None
        number = int(before)
        if number < 1 or (taken is not None and not 0 <= taken <= 1_000_000):
            raise ValueError
        if len(seconds) != (kind in TIMED):
            raise ValueError
    except (ValueError, IndexError):
        msg = f"replay={text!r}: write it as in '2 busy, 3 pass 1.5': before which call, what"
        raise SetupError(msg) from None
    return Happening(number, kind, taken)


def _check_kind(kind: str, where: str) -> None:
    if kind not in KINDS:
        near = get_close_matches(kind, KINDS, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(KINDS)}"
        msg = f"{where}: nothing is called {kind!r}; {hint}"
        raise SetupError(msg)
