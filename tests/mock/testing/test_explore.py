"""`explore`: what happens around the calls of a scenario, and the smallest way to break it."""

import asyncio
import random
from collections.abc import Callable, Iterator

import pytest

from superoffice_mock import ExpectationFailed, SuperOffice, explore
from superoffice_mock.errors import ControlFailed, SetupError
from superoffice_mock.testing.interleavings.middleware import NOBODYS
from tests.mock.testing.partner import outcomes, sync

Seen = list[tuple[object, list[str]]]


def calling(times: int, seen: Seen) -> Callable[[SuperOffice], None]:
    """A scenario of so many calls, one after the other; it notes how each went and the journal."""

    def scenario(office: SuperOffice) -> None:
        for _ in range(times):
            try:
                how: object = sync(office, 507)
            except ConnectionError as error:
                how = type(error)
            seen.append((how, list(outcomes(office))))

    return scenario


@pytest.mark.parametrize(
    ("replay", "answers", "journal"),
    [
        ("nothing", [204, 204], ["started", "turned_away"]),
        ("1 busy", [204, 204], ["started", "turned_away", "turned_away"]),
        ("2 busy", [204, 204], ["started", "turned_away"]),
        ("2 end", [204, 204], ["started", "started"]),
        ("2 pass 5", [204, 204], ["started", "started"]),
        ("2 pass 4.9", [204, 204], ["started", "turned_away"]),
        ("2 pass 5, 2 busy", [204, 204], ["started", "started", "turned_away"]),
        ("1 refuse", [503, 204], ["faulted", "started"]),
        ("1 deny", [401, 204], ["faulted", "started"]),
        ("1 reset", [ConnectionResetError, 204], ["faulted", "started"]),
        ("1 cut", [ConnectionResetError, 204], ["started", "turned_away"]),
        ("2 delay 5", [204, 204], ["started", "started"]),
        ("1 refuse, 1 busy", [503, 204], ["started", "faulted", "turned_away"]),
        ("1 delay 2, 1 refuse, 1 deny", [401, 204], ["faulted", "started"]),
    ],
)
def test_what_a_schedule_says_happens_before_the_call_that_it_names(
    replay: str, answers: list[object], journal: list[str]
) -> None:
    seen: Seen = []
    explore(calling(2, seen), replay=replay)
    assert [how for how, _ in seen] == answers
    assert seen[-1][1] == journal


def test_a_call_that_is_cut_while_it_waits_has_hung_up() -> None:
    def scenario(office: SuperOffice) -> None:
        office.lease.hold()
        with pytest.raises(ConnectionError):
            sync(office, 507)
        (told,) = office.wait("turned_away")
        assert told.hung_up

    explore(scenario, replay="1 cut")


def test_the_other_caller_counts_for_nobodys_account_and_may_wait_for_its_answer() -> None:
    def scenario(office: SuperOffice) -> None:
        sync(office, 507)
        assert office.requests[0].account_ids == (NOBODYS,)
        office.clock.advance_until_idle()
        office.assert_turned_away(times=1)

    explore(scenario, replay="1 busy", readings={"run": "blocking"})


def test_a_crash_at_the_other_caller_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("superoffice_mock.webapi.operations.pipeline.decode", lambda *_: 1 / 0)
    with pytest.raises(ControlFailed, match="the other caller: the mock crashed"):
        explore(calling(1, []), replay="1 busy")


def impatient(office: SuperOffice) -> None:
    """Fails when its second call is turned away by somebody else."""
    sync(office, 507)
    office.clock.advance(10)
    sync(office, 508)
    office.assert_no_lost_accounts()


def test_the_smallest_schedule_that_breaks_a_scenario_is_told_with_what_happened() -> None:
    with pytest.raises(ExpectationFailed) as failed:
        explore(impatient, kinds=("busy", "pass"))
    told = str(failed.value)
    assert "(seed 0); the smallest:\n\n  before call " in told
    assert told.count("before call") == 1
    assert "is lost: answered 204" in told
    assert "What reached the mock:" in told
    assert isinstance(failed.value.__cause__, ExpectationFailed)


def test_the_schedule_that_is_told_replays_the_failure() -> None:
    with pytest.raises(ExpectationFailed) as failed:
        explore(impatient, kinds=("busy",))
    replay = str(failed.value).rpartition("replay='")[2].removesuffix("')")
    with pytest.raises(
        ExpectationFailed, match="fails under the schedule that is replayed"
    ) as again:
        explore(impatient, replay=replay)
    assert str(failed.value).splitlines()[1:4] == str(again.value).splitlines()[1:4]


@pytest.mark.slow
def test_the_same_seed_tries_the_same_schedules_and_another_seed_others() -> None:
    def tried(seed: int) -> list[list[str]]:
        seen: Seen = []
        explore(calling(1, seen), seed=seed, examples=8)
        return [journal for _, journal in seen]

    first = tried(1)
    assert tried(1) == first
    assert any(tried(seed) != first for seed in (2, 3, 4))


def test_a_scenario_that_nothing_breaks_passes() -> None:
    def patient(office: SuperOffice) -> None:
        assert sync(office, 507) == 204

    explore(patient, examples=5, kinds=("busy", "end", "pass", "delay"))


def test_a_scenario_may_be_async() -> None:
    ran = []

    async def scenario(office: SuperOffice) -> None:
        ran.append(await asyncio.to_thread(sync, office, 507))

    explore(scenario, replay="nothing", installation="online")
    assert ran == [204]


async def test_an_async_scenario_needs_a_test_without_a_loop() -> None:
    async def scenario(_: SuperOffice) -> None:
        await asyncio.sleep(0)

    with pytest.raises(SetupError, match="call explore from a test that has none"):
        explore(scenario, replay="nothing")


def test_an_error_of_the_scenario_is_told_with_its_type() -> None:
    def scenario(_: SuperOffice) -> None:
        message = "no such account"
        raise KeyError(message)

    with pytest.raises(ExpectationFailed, match="KeyError: 'no such account'"):
        explore(scenario)


def test_a_scenario_that_fails_only_once_is_told_apart() -> None:
    ran = []

    def scenario(office: SuperOffice) -> None:
        ran.append(sync(office, 507))
        assert len(ran) != 3

    with pytest.raises(ExpectationFailed, match="not again under the same one"):
        explore(scenario)


def test_what_cannot_be_explored_is_told() -> None:
    with pytest.raises(SetupError, match="did you mean 'busy'"):
        explore(impatient, kinds=("bussy",))
    with pytest.raises(SetupError, match="did you mean 'busy'"):
        explore(impatient, replay="1 bussy")


@pytest.mark.slow
def test_a_happening_that_cannot_happen_is_no_failure_of_the_app() -> None:
    def scenario(office: SuperOffice) -> None:
        office.clock.real()
        sync(office, 507)

    for arguments in ({"replay": "1 pass 1"}, {"kinds": ("pass",)}):
        with pytest.raises(ControlFailed, match="POST /_mock/clock/advance") as failed:
            explore(scenario, **arguments)
        assert "Again: explore(…, replay='1 pass" in failed.value.__notes__[0]


@pytest.mark.slow
def test_what_explores_nothing_is_told() -> None:
    def generating(_: SuperOffice) -> Iterator[None]:
        yield

    def silent(_: SuperOffice) -> None:
        pass

    with pytest.raises(SetupError, match="must not yield"):
        explore(generating, replay="nothing")  # type: ignore[arg-type]
    with pytest.raises(SetupError, match="no call of the scenario reached the mock"):
        explore(silent, examples=2)
    with pytest.raises(SetupError, match="call 3 never came, only 2 did"):
        explore(calling(2, []), replay="3 busy")
    with pytest.raises(SetupError, match="examples=0"):
        explore(impatient, examples=0)
    with pytest.raises(SetupError, match=r"kinds=\[\]: nothing could happen"):
        explore(impatient, kinds=[])
    with pytest.raises(SetupError, match='clock="real"'):
        explore(impatient, clock="real")


def test_dice_fall_the_same_in_a_search_and_in_a_replay() -> None:
    fell = set()

    def scenario(office: SuperOffice) -> None:
        sync(office, 507)
        fell.add(random.random())

    explore(scenario, examples=2)
    explore(scenario, replay="nothing")
    assert len(fell) == 1
