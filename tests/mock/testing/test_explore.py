"""`explore`: events around the calls of a scenario, and the smallest failing schedule."""

import asyncio
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from superoffice_mock import ExpectationFailed, SuperOffice, explore
from superoffice_mock.errors import ControlFailed, SetupError
from superoffice_mock.testing.interleavings.middleware import OTHER_ACCOUNT
from tests.mock.testing.partner import outcomes, sync

Observations = list[tuple[object, list[str]]]


def make_calls(times: int, observations: Observations) -> Callable[[SuperOffice], None]:
    """Return a scenario of *times* calls that notes each answer and the journal after it."""

    def scenario(office: SuperOffice) -> None:
        for _ in range(times):
            try:
                answer: object = sync(office, 507)
            except ConnectionError as error:
                answer = type(error)
            observations.append((answer, list(outcomes(office))))

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
def test_an_event_precedes_its_call(replay: str, answers: list[object], journal: list[str]) -> None:
    observations: Observations = []
    explore(make_calls(2, observations), replay=replay)
    assert [answer for answer, _ in observations] == answers
    assert observations[-1][1] == journal


def test_a_call_that_is_cut_while_it_waits_counts_as_hung_up() -> None:
    def scenario(office: SuperOffice) -> None:
        office.lease.hold()
        with pytest.raises(ConnectionError):
            sync(office, 507)
        (call,) = office.wait("turned_away")
        assert call.hung_up

    explore(scenario, replay="1 cut")


def test_the_other_client_asks_for_its_own_account_and_may_wait_for_its_answer() -> None:
    def scenario(office: SuperOffice) -> None:
        sync(office, 507)
        assert office.requests[0].account_ids == (OTHER_ACCOUNT,)
        office.clock.advance_until_idle()
        office.assert_turned_away(times=1)

    explore(scenario, replay="1 busy", readings={"run": "blocking"})


def test_a_crash_in_the_other_clients_call_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "superoffice_mock.webapi.operations.pipeline.decode", lambda *_, **__: 1 / 0
    )
    with pytest.raises(ControlFailed, match="the other client: the mock crashed"):
        explore(make_calls(1, []), replay="1 busy")


def impatient(office: SuperOffice) -> None:
    """Fails if another client makes the mock turn away its second call."""
    sync(office, 507)
    office.clock.advance(10)
    sync(office, 508)
    office.assert_no_lost_accounts()


def test_the_smallest_failing_schedule_is_reported_with_what_happened_and_can_be_replayed() -> None:
    with pytest.raises(ExpectationFailed) as raised:
        explore(impatient, kinds=("busy", "pass"))
    message = str(raised.value)
    assert "(seed 0), in its smallest form:\n\n  before call " in message
    assert message.count("before call") == 1
    assert "is lost: answered 204" in message
    assert "What reached the mock:" in message
    assert isinstance(raised.value.__cause__, ExpectationFailed)
    replay = str(raised.value).rpartition("replay='")[2].removesuffix("')")
    with pytest.raises(ExpectationFailed, match="fails under the replayed schedule") as replayed:
        explore(impatient, replay=replay)
    assert str(raised.value).splitlines()[1:4] == str(replayed.value).splitlines()[1:4]


@pytest.mark.slow
def test_the_same_seed_tries_the_same_schedules_and_other_seeds_try_others() -> None:
    def journals(seed: int) -> list[list[str]]:
        observations: Observations = []
        explore(make_calls(1, observations), seed=seed, examples=8)
        return [journal for _, journal in observations]

    first = journals(1)
    assert journals(1) == first
    assert any(journals(seed) != first for seed in (2, 3, 4))


def test_a_scenario_that_nothing_breaks_passes_and_may_be_async() -> None:
    async def patient(office: SuperOffice) -> None:
        assert await asyncio.to_thread(sync, office, 507) == 204

    explore(patient, examples=5, kinds=("busy", "end", "pass", "delay"), installation="online")


async def test_an_async_scenario_needs_a_test_without_an_event_loop() -> None:
    async def scenario(_: SuperOffice) -> None:
        await asyncio.sleep(0)

    with pytest.raises(SetupError, match="call explore from a sync test"):
        explore(scenario, replay="nothing")


def test_an_exception_of_the_scenario_is_reported_with_its_type() -> None:
    def scenario(_: SuperOffice) -> None:
        message = "no such account"
        raise KeyError(message)

    with pytest.raises(ExpectationFailed, match="KeyError: 'no such account'"):
        explore(scenario)


def test_a_scenario_that_fails_only_once_is_reported_as_such() -> None:
    statuses = []

    def scenario(office: SuperOffice) -> None:
        statuses.append(sync(office, 507))
        assert len(statuses) != 3

    with pytest.raises(ExpectationFailed, match="not again under the same schedule"):
        explore(scenario)


@pytest.mark.slow
def test_an_event_that_is_impossible_is_not_a_failure_of_the_app() -> None:
    def scenario(office: SuperOffice) -> None:
        office.clock.real()
        sync(office, 507)

    for arguments in ({"replay": "1 pass 1"}, {"kinds": ("pass",)}):
        with pytest.raises(ControlFailed, match="the clock runs in real time") as raised:
            explore(scenario, **arguments)
        assert "Again: explore(…, replay='1 pass" in raised.value.__notes__[0]


@pytest.mark.slow
def test_exploring_nothing_or_an_unknown_kind_is_an_error() -> None:
    def generating(_: SuperOffice) -> Iterator[None]:
        yield

    def silent(_: SuperOffice) -> None:
        pass

    cases: tuple[tuple[Any, dict[str, Any], str], ...] = (
        (generating, {"replay": "nothing"}, "must not yield"),
        (silent, {"examples": 2}, "no call of the scenario reached the mock"),
        (make_calls(2, []), {"replay": "3 busy"}, "call 3 never came, only 2 did"),
        (impatient, {"examples": 0}, "examples=0"),
        (impatient, {"kinds": []}, r"kinds=\[\]: nothing could happen"),
        (impatient, {"clock": "real"}, 'clock="real"'),
        (impatient, {"kinds": ("bussy",)}, "did you mean 'busy'"),
        (impatient, {"replay": "1 bussy"}, "did you mean 'busy'"),
    )
    for scenario, arguments, message in cases:
        with pytest.raises(SetupError, match=message):
            explore(scenario, **arguments)


def test_random_numbers_are_the_same_in_a_search_and_in_a_replay() -> None:
    numbers = set()

    def scenario(office: SuperOffice) -> None:
        sync(office, 507)
        numbers.add(random.random())

    explore(scenario, examples=2)
    explore(scenario, replay="nothing")
    assert len(numbers) == 1
