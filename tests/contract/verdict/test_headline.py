"""The words of a timeline: what came of its calls, and when asking again would have worked."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.timeline.model import TimelineCall
from superoffice_contract.verdict.headline import MAX_ADVICE, write_advice, write_headline

SYNC = "SyncEmailAccounts"


def call(outcome: str = "started", operation: str | None = SYNC, **members: Any) -> TimelineCall:
    return TimelineCall(
        members.pop("id", "1"), 0.0, "Basic", "POST", "/", outcome, operation=operation, **members
    )


def test_the_headline_says_what_came_of_the_calls() -> None:
    started, idle, refused = call(), call("turned_away"), call("rejected")
    guess = call("turned_away", confidence="high")
    replayed = call("replayed", became="turned_away")
    for calls, lost, expected in (
        ([], [], "no call has arrived"),
        ([started], [], "the call did what it asked for"),
        ([started] * 6, [], "all 6 calls did what they asked for"),
        ([call("served", "GetEMailAccount")] * 2, [], "2 calls, and none of them syncs accounts"),
        (
            [started, idle, idle, refused, started, idle],
            [512, 509, 510],
            "3 of 6 calls did nothing; accounts 509, 510, 512 were never synced; 1 was refused",
        ),
        ([started, idle], [], "1 of 2 calls did nothing; every account was synced by another call"),
        (
            [started, guess],
            [7],
            "1 of 2 calls probably did nothing; account 7 was probably never synced",
        ),
        ([replayed], [7], "1 of 1 call did nothing; account 7 was never synced"),
        ([started, refused, refused], [], "2 of 3 calls were refused"),
        ([call("faulted"), started], [], "1 of 2 calls was ended by a fault"),
        ([call("pending")], [], "1 of 1 call was not answered yet"),
        (
            [call("unknown"), call("crashed")],
            [],
            "1 of 2 calls was lost in a crash of the mock; 1 was of an unknown outcome",
        ),
    ):
        assert write_headline(calls, lost) == expected


def test_the_advice_says_when_asking_again_would_have_worked() -> None:
    idle = call("turned_away", id="4", accounts=(509, 510), retry_at=5.0, holder="run 1")
    (sentence,) = write_advice([call(), idle])
    assert sentence == (
        "#4 at 00:00:00.000 (accounts 509, 510): asking again from 00:00:05.000 on would have "
        "worked, when run 1 had ended"
    )
    for holder, until in (("hand", "the hold by hand was released"), (None, "the run had ended")):
        (sentence,) = write_advice([call("turned_away", id="entries[2]", holder=holder)])
        assert sentence == (
            f"entries[2] at 00:00:00.000: asking again would have worked once {until}"
        )


@given(st.lists(st.sampled_from(["started", "turned_away", "rejected", "served"]), max_size=80))
def test_each_call_that_did_nothing_gets_advice_up_to_a_limit(outcomes: list[str]) -> None:
    calls = [call(outcome, id=f"{number}") for number, outcome in enumerate(outcomes, 1)]
    idle = [each.id for each in calls if each.outcome == "turned_away"]
    advice = write_advice(calls)
    assert [line.partition(" ")[0] for line in advice[:MAX_ADVICE]] == [
        f"#{id_}" for id_ in idle[:MAX_ADVICE]
    ]
    more = len(idle) - MAX_ADVICE
    assert advice[MAX_ADVICE:] == ((f"and {more} more calls that did nothing",) if more > 0 else ())
    assert f"{len(idle)} of " in write_headline(calls, ()) or not idle
