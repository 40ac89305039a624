"""The marker's `replay` and `record`: a test is answered from a file, or writes it."""

from pathlib import Path

import pytest

# pytester unloads modules that were first imported inside it; a package must not be split by that.
import superoffice_mock.cli.replay  # noqa: F401
from superoffice_mock.recordings import har_file
from superoffice_mock.redaction.redactor import Redactor
from tests.mock.testing.plugin_runs import check_invalid_markers, output, run_test
from tests.support.recordings import entry, recording

pytest_plugins = ["pytester"]
TEST = """
@pytest.mark.superoffice_mock(replay="made/some.har", record="{record}", expect_lost=[508])
def test_it(superoffice_mock):
    assert sync(superoffice_mock, 507) == 204
    assert sync(superoffice_mock, 508) == 204
    outcomes = [call.outcome for call in superoffice_mock.requests]
    assert outcomes == {outcomes}
"""
SIMULATED = ["started", "turned_away"]
SYNCS_ALL = """
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
LOSES_ONE = """
@pytest.mark.superoffice_mock(replay="made/some.har", record="once", expect_lost=[508])
def test_it(superoffice_mock):
    for account in (507, 508):
        assert sync(superoffice_mock, account) == 204
    superoffice_mock.assert_turned_away()
    with pytest.raises(AssertionError, match="account 508 is lost: answered 204") as raised:
        superoffice_mock.assert_no_lost_accounts()
    with pytest.raises(AssertionError, match="no run covers account 508"):
        superoffice_mock.assert_started(accounts=[507, 508])
    if superoffice_mock.requests[0].outcome == "replayed":
        print(raised.value)
"""


def recording_path(pytester: pytest.Pytester) -> Path:
    return pytester.path / "made" / "some.har"


def test_assertions_that_hold_for_a_recording_hold_for_it_again(pytester: pytest.Pytester) -> None:
    for _ in ("recording", "replay"):
        run_test(pytester, SYNCS_ALL).assert_outcomes(passed=1)


def test_an_account_lost_in_a_recording_is_lost_in_the_replay(pytester: pytest.Pytester) -> None:
    for _ in ("recording", "replay"):
        result = run_test(pytester, LOSES_ONE, "-s")
        result.assert_outcomes(passed=1)
    assert "log.entries[1], recorded as turned away (certain)" in output(result)


def test_assertions_fail_if_the_recording_leaves_a_call_open(pytester: pytest.Pytester) -> None:
    cases = {
        "assert_started(accounts=[507])": "whether a run covers account 507 is not known",
        "assert_started()": "whether a run was started is not known",
        "assert_turned_away(1)": "how many calls were turned away is not known",
        "assert_turned_away(0)": "how many calls were turned away is not known",
        "assert_no_lost_accounts()": "whether account 507 is lost is not known",
    }
    recording_path(pytester).parent.mkdir()
    har_file.write(str(recording_path(pytester)), Redactor().redact_recording(recording(entry())))
    test = f"""
@pytest.mark.superoffice_mock(replay="made/some.har")
@pytest.mark.parametrize("assertion", {list(cases)})
def test_it(superoffice_mock, assertion):
    assert sync(superoffice_mock, 507) == 204
    eval("superoffice_mock." + assertion)
"""
    result = run_test(pytester, test)
    result.assert_outcomes(failed=len(cases))
    for message in cases.values():
        note = f"ExpectationFailed: {message}\nE   the recording does not say what became of #1"
        assert output(result).count(note) == [*cases.values()].count(message), message


def test_faults_have_the_same_effects_in_the_replay(pytester: pytest.Pytester) -> None:
    test = """
@pytest.mark.superoffice_mock(replay="made/some.har", record="once")
def test_it(superoffice_mock):
    superoffice_mock.faults.arm(status=503)
    superoffice_mock.faults.arm(delay=1.5)
    assert [sync(superoffice_mock, 507) for _ in range(2)] == [503, 204]
    assert [call.elapsed for call in superoffice_mock.requests] == [0.0, 1.5]
    superoffice_mock.assert_started(accounts=[507])
"""
    for _ in ("recording", "replay"):
        run_test(pytester, test).assert_outcomes(passed=1)


def test_a_file_can_be_recorded_every_time(pytester: pytest.Pytester) -> None:
    recording_path(pytester).parent.mkdir()
    recording_path(pytester).write_text("old")
    run_test(pytester, TEST.format(record="all", outcomes=SIMULATED)).assert_outcomes(passed=1)
    assert len(har_file.load(str(recording_path(pytester))).entries) == 2


def test_a_failing_test_writes_no_file(pytester: pytest.Pytester) -> None:
    run_test(pytester, TEST.format(record="once", outcomes=[])).assert_outcomes(failed=1)
    assert not recording_path(pytester).exists()


def test_a_test_that_loses_accounts_writes_no_file(pytester: pytest.Pytester) -> None:
    test = TEST.format(record="all", outcomes=SIMULATED).replace("[508]", "[]")
    run_test(pytester, test).assert_outcomes(passed=1, errors=1)
    assert not recording_path(pytester).exists()


def test_a_recorded_call_that_is_not_asked_for_fails_the_test(pytester: pytest.Pytester) -> None:
    run_test(pytester, SYNCS_ALL).assert_outcomes(passed=1)
    test = """
@pytest.mark.superoffice_mock(replay="made/some.har")
def test_it(superoffice_mock):
    assert sync(superoffice_mock, 507) == 204

@pytest.mark.superoffice_mock(replay="made/some.har", strict=["lost"])
def test_of_the_first_call(superoffice_mock):
    assert sync(superoffice_mock, 507) == 204
"""
    result = run_test(pytester, test)
    result.assert_outcomes(passed=2, errors=1)
    assert "2 of 3 recorded calls were never asked for: " in output(result)


def test_an_invalid_marker_is_an_error(pytester: pytest.Pytester) -> None:
    cases = {
        'replay="a.har"': 'a.har: there is no such file; record="once" makes it',
        'replay="a.har", record="ones"': "record: unknown value; the values are: none, once, all",
        'record="all"': 'record="all" needs replay="file.har", the file to write',
        'replay="test_an_invalid_marker_is_an_error.py"': "not JSON",
    }
    check_invalid_markers(pytester, cases)


@pytest.mark.parametrize("record", ["once", "all"])
def test_two_tests_cannot_record_one_file(pytester: pytest.Pytester, record: str) -> None:
    test = f"""
@pytest.mark.superoffice_mock(replay="made/some.har", record="{record}")
class TestAll:
    def test_one(self, superoffice_mock):
        assert sync(superoffice_mock, 507) == 204

    @pytest.mark.superoffice_mock(replay="../{pytester.path.name}/made/some.har")
    def test_two(self, superoffice_mock):
        assert sync(superoffice_mock, 508) == 204

    @pytest.mark.superoffice_mock(record="none", replay="test_two_tests_cannot_record_one_file.py")
    def test_three(self, superoffice_mock):
        pass

    def test_four(self):
        pass
"""
    result = run_test(pytester, test)
    result.assert_outcomes(passed=1, errors=3)
    name, text = "test_two_tests_cannot_record_one_file.py::TestAll::test", output(result)
    assert f'record="{record}": {name}_two records made/some.har, too; name a file' in text
    assert f"{name}_one records ../{pytester.path.name}/made/some.har, too; name a file" in text
    assert text.count(", too; ") == 2
    assert not recording_path(pytester).exists()


def test_tests_with_different_files_can_share_other_arguments(pytester: pytest.Pytester) -> None:
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
    for _ in ("recording", "replay"):
        run_test(pytester, test).assert_outcomes(passed=3)


def test_a_file_that_can_not_be_written_fails_the_test(pytester: pytest.Pytester) -> None:
    recording_path(pytester).parent.write_text("a file")
    result = run_test(pytester, TEST.format(record="once", outcomes=SIMULATED))
    result.assert_outcomes(passed=1, errors=1)
    assert "can't be written" in output(result)


def test_a_link_is_replaced_and_a_file_that_appears_is_not(pytester: pytest.Pytester) -> None:
    path, victim = recording_path(pytester), pytester.path / "victim"
    path.parent.mkdir()
    victim.write_text("mine")
    path.symlink_to(victim)
    run_test(pytester, TEST.format(record="all", outcomes=SIMULATED)).assert_outcomes(passed=1)
    assert len(har_file.load(str(path)).entries) == 2
    path.unlink()
    appear = f"\n    import os; os.link({str(victim)!r}, {str(path)!r})"
    result = run_test(pytester, TEST.format(record="once", outcomes=SIMULATED) + appear)
    result.assert_outcomes(passed=1, errors=1)
    assert "some.har: can't be written: file exists" in output(result)
    assert victim.read_text() == path.read_text() == "mine"
