"""The marker's `replay` and `record`: a file beside the test answers it, or is made by it."""

from pathlib import Path

import pytest

# pytester forgets what was first loaded inside it, and half of a package would be loaded twice.
import superoffice_mock.cli.replay  # noqa: F401
from superoffice_mock.recordings import har_file
from superoffice_mock.redaction.redactor import Redactor
from tests.mock.testing.test_pytest_plugin import ran, told
from tests.support.recordings import entry, recording

pytest_plugins = ["pytester"]
TEST = """
@pytest.mark.superoffice_mock(replay="made/some.har", record="{record}")
def test_it(superoffice_mock):
    assert sync(superoffice_mock, 507) == 204
    assert sync(superoffice_mock, 508) == 204
    outcomes = [one.outcome for one in superoffice_mock.requests]
    assert outcomes == {outcomes}
"""
SIMULATED = ["started", "turned_away"]


def of(pytester: pytest.Pytester) -> Path:
    return pytester.path / "made" / "some.har"


TRUTH = """
@pytest.mark.superoffice_mock(replay="made/some.har", record="once", accounts={507: 5.0})
def test_it(superoffice_mock):
    assert sync(superoffice_mock, 507) == 204
    assert sync(superoffice_mock, 508) == 204
    superoffice_mock.assert_turned_away(1)
    superoffice_mock.clock.advance(5.0)
    assert sync(superoffice_mock, 508) == 204
    superoffice_mock.assert_started(accounts=[507, 508])
    superoffice_mock.assert_started()
    superoffice_mock.assert_no_lost_accounts()
"""
LOSES = """
@pytest.mark.superoffice_mock(replay="made/some.har", record="once")
def test_it(superoffice_mock):
    for account in (507, 508):
        assert sync(superoffice_mock, account) == 204
    superoffice_mock.assert_turned_away()
    with pytest.raises(AssertionError, match="account 508 is lost: answered 204") as lost:
        superoffice_mock.assert_no_lost_accounts()
    with pytest.raises(AssertionError, match="no run covers account 508"):
        superoffice_mock.assert_started(accounts=[507, 508])
    if superoffice_mock.requests[0].outcome == "replayed":
        print(lost.value)
"""


def test_what_a_test_asserts_of_the_truth_holds_in_its_replay_too(
    pytester: pytest.Pytester,
) -> None:
    for _ in ("recorded", "replayed"):
        ran(pytester, TRUTH).assert_outcomes(passed=1)


def test_what_got_lost_when_it_was_recorded_is_lost_in_its_replay(
    pytester: pytest.Pytester,
) -> None:
    for _ in ("recorded", "replayed"):
        result = ran(pytester, LOSES, "-s")
        result.assert_outcomes(passed=1)
    assert "log.entries[1], recorded as turned away (certain)" in told(result)


@pytest.mark.parametrize(
    ("expected", "wrong"),
    [
        ("assert_started(accounts=[507])", "whether a run covers account 507 is not known"),
        ("assert_started()", "whether a run was started is not known"),
        ("assert_turned_away(1)", "how many calls were turned away is not known"),
        ("assert_turned_away(0)", "how many calls were turned away is not known"),
        ("assert_no_lost_accounts()", "whether account 507 is lost is not known"),
    ],
)
def test_a_recording_that_does_not_say_what_became_of_a_call_can_not_tell(
    pytester: pytest.Pytester, expected: str, wrong: str
) -> None:
    of(pytester).parent.mkdir()
    har_file.write(str(of(pytester)), Redactor().recording(recording(entry())))
    test = f"""
@pytest.mark.superoffice_mock(replay="made/some.har")
def test_it(superoffice_mock):
    assert sync(superoffice_mock, 507) == 204
    superoffice_mock.{expected}
"""
    result = ran(pytester, test)
    result.assert_outcomes(failed=1)
    assert wrong in told(result)
    assert "this recording can't tell: it does not say what became of #1" in told(result)


def test_faults_strike_in_the_replay_of_a_test_as_when_it_was_recorded(
    pytester: pytest.Pytester,
) -> None:
    test = """
@pytest.mark.superoffice_mock(replay="made/some.har", record="once")
def test_it(superoffice_mock):
    superoffice_mock.faults.arm(status=503)
    superoffice_mock.faults.arm(delay=1.5)
    assert [sync(superoffice_mock, 507) for _ in range(2)] == [503, 204]
    assert [one.elapsed for one in superoffice_mock.requests] == [0.0, 1.5]
    superoffice_mock.assert_started(accounts=[507])
"""
    for _ in ("recorded", "replayed"):
        ran(pytester, test).assert_outcomes(passed=1)


@pytest.mark.slow
def test_a_file_is_recorded_once_and_replayed_from_then_on(pytester: pytest.Pytester) -> None:
    ran(pytester, TEST.format(record="once", outcomes=SIMULATED)).assert_outcomes(passed=1)
    entries = har_file.load(str(of(pytester))).entries
    assert [one.label.outcome for one in entries] == SIMULATED
    for record in ("once", "none"):
        replayed = TEST.format(record=record, outcomes=["replayed"] * 2)
        ran(pytester, replayed).assert_outcomes(passed=1)


def test_a_file_may_be_recorded_anew_every_time(pytester: pytest.Pytester) -> None:
    of(pytester).parent.mkdir()
    of(pytester).write_text("old")
    ran(pytester, TEST.format(record="all", outcomes=SIMULATED)).assert_outcomes(passed=1)
    assert len(har_file.load(str(of(pytester))).entries) == 2


def test_a_test_that_fails_leaves_no_file(pytester: pytest.Pytester) -> None:
    ran(pytester, TEST.format(record="once", outcomes=[])).assert_outcomes(failed=1)
    assert not of(pytester).exists()


@pytest.mark.parametrize(
    ("marked", "wrong"),
    [
        ('replay="a.har"', 'a.har: there is no such file; record="once" makes it'),
        ('replay="a.har", record="ones"', "record='ones' is not known; known are none, once, all"),
        ('record="all"', 'record="all" needs replay="file.har", the file to make'),
        ('replay="test_a_wrong_marker_is_told.py"', "not JSON"),
    ],
)
def test_a_wrong_marker_is_told(pytester: pytest.Pytester, marked: str, wrong: str) -> None:
    test = f"""
@pytest.mark.superoffice_mock({marked})
def test_it(superoffice_mock):
    pass
"""
    result = ran(pytester, test)
    result.assert_outcomes(errors=1)
    assert wrong in told(result)


@pytest.mark.parametrize("record", ["once", "all"])
def test_no_two_tests_record_one_file(pytester: pytest.Pytester, record: str) -> None:
    test = f"""
@pytest.mark.superoffice_mock(replay="made/some.har", record="{record}")
class TestAll:
    def test_one(self, superoffice_mock):
        assert sync(superoffice_mock, 507) == 204

    @pytest.mark.superoffice_mock(replay="../{pytester.path.name}/made/some.har")
    def test_two(self, superoffice_mock):
        assert sync(superoffice_mock, 508) == 204

    @pytest.mark.superoffice_mock(record="none", replay="test_no_two_tests_record_one_file.py")
    def test_three(self, superoffice_mock):
        pass

    def test_four(self):
        pass
"""
    result = ran(pytester, test)
    result.assert_outcomes(passed=1, errors=3)
    name, said = "test_no_two_tests_record_one_file.py::TestAll::test", told(result)
    assert f'record="{record}": made/some.har is that of {name}_two, too; name a file' in said
    assert f"made/some.har is that of {name}_one, too; name a file for each test" in said
    assert said.count(", too; ") == 2
    assert not of(pytester).exists()


def test_tests_with_files_of_their_own_may_share_the_rest(pytester: pytest.Pytester) -> None:
    test = """
@pytest.mark.superoffice_mock(record="once")
class TestAll:
    @pytest.mark.parametrize("account", [
        pytest.param(507, marks=pytest.mark.superoffice_mock(replay="made/507.har")),
        pytest.param(508, marks=pytest.mark.superoffice_mock(replay="made/508.har")),
    ])
    def test_it(self, superoffice_mock, account):
        assert sync(superoffice_mock, account) == 204
        superoffice_mock.assert_started(accounts=[account])

    @pytest.mark.superoffice_mock(replay="made/507.har", record="none")
    def test_it_again(self, superoffice_mock):
        assert sync(superoffice_mock, 507) == 204
"""
    for _ in ("recorded", "replayed"):
        ran(pytester, test).assert_outcomes(passed=3)


def test_a_file_that_can_not_be_written_fails_the_test(pytester: pytest.Pytester) -> None:
    of(pytester).parent.write_text("a file")
    result = ran(pytester, TEST.format(record="once", outcomes=SIMULATED))
    result.assert_outcomes(passed=1, errors=1)
    assert "can't be written" in told(result)
