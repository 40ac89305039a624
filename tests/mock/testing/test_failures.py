"""What a failing test shows: the sentence, the line of the test, and what reached the mock."""

from itertools import dropwhile

import pytest

from tests.mock.testing.plugin_runs import CALL, PLAIN, check_invalid_markers, output, run_test

pytest_plugins = ["pytester"]

LOST = "accounts 511, 512 are lost: answered 204, and no run covers them"
LOSING = """
def sync_a_dozen(office):
    sync(office, *range(501, 511))
    sync(office, 511, 512)

def test_silent(superoffice_mock):
    sync_a_dozen(superoffice_mock)

def test_asserted(superoffice_mock):
    sync_a_dozen(superoffice_mock)
    superoffice_mock.assert_no_lost_accounts()

def test_with_a_name_that_leaves_no_room_for_a_sentence_beside_it(superoffice_mock):
    sync_a_dozen(superoffice_mock)
"""
LONG_NAME = "test_with_a_name_that_leaves_no_room_for_a_sentence_beside_it"


CUT = [
    "FAILED test_it.py::test_asserted - accounts 511, 512 are lost: answered 204, ...",
    "ERROR test_it.py::test_silent - accounts 511, 512 are lost: answered 204, and...",
    f"ERROR test_it.py::{LONG_NAME}",
    "test_it.py::test_asserted:",
    f"  {LOST}",
    "test_it.py::test_silent:",
    f"  {LOST}",
    f"test_it.py::{LONG_NAME}:",
    f"  {LOST}",
]
WHOLE = [
    f"FAILED test_it.py::test_asserted - {LOST}",
    f"ERROR test_it.py::test_silent - {LOST}",
    f"ERROR test_it.py::{LONG_NAME} - {LOST}",
]


def test_the_short_summary_holds_the_sentence_whole(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    assert summary(pytester) == WHOLE
    monkeypatch.delenv("CI")
    monkeypatch.setenv("COLUMNS", "80")
    assert summary(pytester) == CUT
    assert summary(pytester, "-vv") == WHOLE
    monkeypatch.setenv("COLUMNS", "200")
    assert summary(pytester, "-rE") == WHOLE[1:]


@pytest.mark.slow
def test_the_short_summary_of_two_workers_does_so_too(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    assert sorted(summary(pytester, "-n", "2")) == sorted(CUT)


def test_the_summary_of_other_failures_holds_the_sentence_too(pytester: pytest.Pytester) -> None:
    test = """
from superoffice_mock import explore

@pytest.fixture
def broken(superoffice_mock):
    yield
    raise OSError

def test_of_two_errors_at_the_end(superoffice_mock, broken):
    sync(superoffice_mock, 507)
    sync(superoffice_mock, 508)

def test_explore():
    def scenario(office):
        sync(office, 508)
        office.assert_no_lost_accounts()
    explore(scenario, replay="1 busy")
"""
    result = run_test(pytester, test, "-vv", "-rfE", "--tb=short")
    result.assert_outcomes(failed=1, passed=1, errors=1)
    sentence = " - account 508 is lost: answered 204, and no run covers it"
    assert [line.endswith(sentence) for line in result.outlines[-3:-1]] == [True, True]
    assert "explore.py" not in output(result)


def summary(pytester: pytest.Pytester, *arguments: str) -> list[str]:
    """Return the lines of the short summary of the tests that lose accounts."""
    pytester.makepyfile(test_it=CALL + LOSING)
    result = pytester.runpytest_inprocess(*PLAIN, "--tb=no", "-rfE", *arguments)
    result.assert_outcomes(failed=1, passed=2, errors=2)
    lines = iter(result.outlines)
    return [*dropwhile(lambda line: "short test summary info" not in line, lines)][1:-1]


def test_a_failed_test_shows_what_reached_the_mock_and_no_more(pytester: pytest.Pytester) -> None:
    test = """
def test_it(superoffice_mock):
    superoffice_mock.faults.arm(status=503, operation="SyncEmailAccounts", times=1)
    sync(superoffice_mock, 507)
    superoffice_mock.faults.arm(status=503)
    assert False, "my own"

def test_ours(superoffice_mock):
    superoffice_mock.assert_started([507])
"""
    result = run_test(pytester, test)
    result.assert_outcomes(failed=2)
    assert output(result).count("What reached the mock:\n#1") == 1
    assert output(result).count("No request has reached this tenant") == 1


def test_a_fixture_of_any_scope_keeps_the_timeline(pytester: pytest.Pytester) -> None:
    test = """
@pytest.fixture(scope="session")
def shared_office(superoffice_mock_server):
    with superoffice_mock_server.tenant() as office:
        yield office

@pytest.fixture(scope="module")
def url(shared_office):
    return shared_office.url

def test_it(shared_office):
    sync(shared_office, 507)
    assert False

def test_of_the_url(url):
    assert False

def test_of_neither(superoffice_mock_server):
    assert False
"""
    result = run_test(pytester, test)
    result.assert_outcomes(failed=3)
    assert output(result).count("- shared_office -") == 2
    assert output(result).count("What reached the mock:\n#1") == 2


MISTAKES = {
    "wait('turned-away')": "no outcome is called 'turned-away'; did you mean 'turned_away'?",
    "assert_never('startd')": "no outcome is called 'startd'; did you mean 'started'?",
    "wait('zzz')": "no outcome is called 'zzz'; the outcomes are: started, turned_away, served,",
    "wait(timeout='5')": "timeout: expected a number, got text",
    "wait(timeout=0)": "expected 1 request within 0 s, got 0",
    "assert_started(507)": "accounts=507: expected ids, such as accounts=[507]",
    "assert_turned_away(-1)": "times=-1: expected 0 or more",
    "clock.advance('x')": "seconds: expected a number, got text",
    "clock.advance(float('nan'))": "seconds = nan: expected a finite number",
    "faults.arm(staus=503)": "unknown member 'staus'; did you mean 'status'?",
    "faults.arm(connection='stal')": "unknown connection 'stal'; did you mean 'stall'?",
    "set_state('suspendet')": "unknown state 'suspendet'; did you mean 'suspended'?",
    "expire(tiket='x')": "unknown member 'tiket'; did you mean 'ticket'?",
    "end_session('x')": "has no open session of that id",
    "lease.hold() or superoffice_mock.lease.hold()": "the lease is held by hand",
    "request(7)": "request 7 is unknown",
    "recorded()": "this tenant is not recorded",
}


def test_a_mistake_is_told_at_the_line_of_the_test_in_its_words(pytester: pytest.Pytester) -> None:
    calls = [f"superoffice_mock.{call}" for call in MISTAKES]
    calls.append("superoffice_mock_server.tenant(accounts=[507])")
    tests = (
        f"def test_{n}(superoffice_mock, superoffice_mock_server): {call}\n"
        for n, call in enumerate(calls)
    )
    result = run_test(pytester, "".join(tests), "--tb=short")
    result.assert_outcomes(failed=len(calls))
    shown = output(result).split(": in test_")[1:]
    for call, message, lines in zip(calls, [*MISTAKES.values(), NOT_ACCOUNTS], shown, strict=True):
        assert f": {call}\n" in lines
        assert message in lines
        assert ": in " not in lines, "a line of ours"


NOT_ACCOUNTS = (
    "accounts=[507]: write accounts={507: 5.0}, with the seconds that its sync takes, or "
    'accounts=[{"id": 507}]'
)


def test_the_marker_shows_how_to_write_accounts(pytester: pytest.Pytester) -> None:
    check_invalid_markers(pytester, {"accounts=[507]": NOT_ACCOUNTS})


def test_a_call_that_waits_on_a_frozen_clock_says_advance_it(pytester: pytest.Pytester) -> None:
    test = """
import http.client, threading

@pytest.fixture
def waiting(superoffice_mock):
    superoffice_mock.clock.freeze()
    superoffice_mock.faults.arm(delay=3, times=2)
    calls = [threading.Thread(target=sync, args=(superoffice_mock, n)) for n in (507, 508)]
    for call in calls:
        call.start()
    superoffice_mock.wait("pending", count=2)
    yield
    superoffice_mock.clock.advance_until_idle()
    for call in calls:
        call.join()

def test_wait(superoffice_mock, waiting):
    superoffice_mock.wait("started", timeout=0)

def test_of_a_call_that_times_out(superoffice_mock, waiting):
    raise TimeoutError
"""
    result = run_test(pytester, test)
    result.assert_outcomes(failed=2)
    note = "2 calls wait on a frozen clock; advance it: office.clock.advance(seconds)"
    assert f"within 0 s, got 0\nE       {note}\n" in output(result)
    assert output(result).count(note) == 2
