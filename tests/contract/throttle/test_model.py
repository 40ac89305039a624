"""The model of the throttle, compared with schedules that were worked out by hand."""

from collections.abc import Callable
from typing import Final

from superoffice_contract.throttle.model import SECOND, Throttle
from superoffice_contract.throttle.state_machine import DEFAULTS

TWO, THREE = 1, 2
"""Accounts that take two and three seconds."""
DURATIONS: Final = {TWO: 2 * SECOND, THREE: 3 * SECOND}
MOMENT: Final = 1 / SECOND
Step = list[int] | float | Callable[[Throttle], None]
"""A call with these accounts, seconds that pass, or what is done to the throttle."""
Outcome = tuple[str, float | None]
"""What became of a call, and the second at which it was answered."""


def hang_up(number: int) -> Callable[[Throttle], None]:
    return lambda model: model.hang_up(model.arrivals[number])


NOW: Final = ("started", 0)
BLOCKING: Final = {"run": "blocking"}
TRYING: Final = {"busy": "try-for-1s"}
WITHDRAWS: Final = {"disconnect": "withdraws"}
SCHEDULES: Final[dict[str, list[tuple[dict[str, str], list[Step], list[Outcome], float]]]] = {
    "a call during a run is turned away a second after it arrived": [
        ({}, [[TWO], 0.5, [TWO], 1 - MOMENT], [NOW, ("turned_away", None)], 2),
        ({}, [[TWO], 0.5, [TWO], 1], [NOW, ("turned_away", 1.5)], 2),
    ],
    "a call that arrives as the run ends starts": [
        ({}, [[THREE], 3 - MOMENT, [TWO]], [NOW, ("turned_away", None)], 3),
        ({}, [[THREE], 3], [NOW], 3),
        ({}, [[THREE], 3, [TWO]], [NOW, ("started", 3)], 5),
    ],
    "a blocking run answers when it ends, or is released": [
        (BLOCKING, [[THREE], 2], [("started", None)], 3),
        (BLOCKING, [[THREE], 7], [("started", 3)], 3),
        (BLOCKING, [[THREE], 1, Throttle.release], [("started", 1)], 1),
    ],
    "calls that try for a second take a released lease, oldest first": [
        (
            TRYING,
            [[TWO], 1.5, [THREE], [TWO], 5],
            [NOW, ("started", 2), ("turned_away", 2.5)],
            5,
        ),
    ],
    "the eleventh account waits for the first free task": [
        ({}, [[TWO, *[THREE] * 9, THREE]], [NOW], 5),
        ({"tasks": "ten-in-all"}, [[*[TWO] * 10, THREE]], [NOW], 2),
    ],
    "an account that is listed twice is synced twice": [
        ({}, [[TWO] * 11], [NOW], 4),
        ({}, [[TWO] * 10], [NOW], 2),
    ],
    "an empty list is served unless a run is under way": [
        ({}, [[]], [("served", 0)], 0),
        ({}, [[], [TWO], [], 1], [("served", 0), NOW, ("turned_away", 1)], 2),
    ],
    "an empty list that starts a run has a run without length": [
        ({"empty": "runs"}, [[]], [NOW], 0),
        (BLOCKING | {"empty": "runs"}, [[]], [NOW], 0),
    ],
    "a call whose client disconnects still counts": [
        (BLOCKING | TRYING, [[TWO], hang_up(0)], [("started", None)], 2),
        (
            BLOCKING | TRYING,
            [[TWO], hang_up(0), 1.5, [THREE], hang_up(1), 1],
            [("started", 2), ("started", None)],
            5,
        ),
    ],
    "what withdraws ends its run or its wait, and the oldest call that waits starts": [
        (
            BLOCKING | TRYING | WITHDRAWS,
            [[THREE], 1, [TWO], 0.2, hang_up(0), 5],
            [("started", 1.2), ("started", 3.2)],
            3.2,
        ),
        (
            TRYING | WITHDRAWS,
            [[TWO], 1.2, [TWO], [THREE], hang_up(1), 1],
            [NOW, ("turned_away", 1.2), ("started", 2)],
            5,
        ),
    ],
    "a call that was turned away or answered withdraws nothing": [
        (
            WITHDRAWS,
            [[THREE], [TWO], hang_up(1), hang_up(0), 1],
            [NOW, ("turned_away", 1)],
            3,
        ),
    ],
    "a hold turns calls away until it is released": [
        (
            TRYING,
            [Throttle.hold, [TWO], 1.5, [TWO], 0.3, Throttle.release],
            [("turned_away", 1), ("started", 1.8)],
            3.8,
        ),
    ],
}
"""The readings, the steps, the outcomes of the calls, and the second at which the lease ends."""


def test_the_model_does_what_was_worked_out_by_hand() -> None:
    for name, schedules in SCHEDULES.items():
        for readings, steps, expected, lease_end in schedules:
            model = Throttle(DURATIONS, DEFAULTS | readings)
            for step in steps:
                if isinstance(step, list):
                    model.arrive(step)
                elif callable(step):
                    step(model)
                else:
                    model.advance(round(step * SECOND))
            answers = [(call.outcome, call.answered_at) for call in model.arrivals]
            outcomes = [(what, at if at is None else at / SECOND) for what, at in answers]
            ends = (model.lease_end / SECOND, model.is_busy)
            assert (outcomes, ends) == (expected, (lease_end, model.now < lease_end * SECOND)), name


def test_only_ten_in_all_leaves_accounts_out() -> None:
    accounts = [*[TWO] * 10, THREE]
    for value, synced in (("ten-at-a-time", accounts), ("ten-in-all", accounts[:10])):
        model = Throttle(DURATIONS, DEFAULTS | {"tasks": value})
        assert model.accounts_to_sync(accounts) == synced, value
