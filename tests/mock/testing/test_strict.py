"""What fails a test at its end, such as lost accounts, and how a marker and a setting choose."""

import pytest

from superoffice_contract.verdict.problems import DEFAULT_KINDS, KINDS
from superoffice_mock.pytest_plugin import HELP, STRICT
from tests.mock.testing.plugin_runs import output, run_test

pytest_plugins = ["pytester"]

TWO_CALLS = """
def test_it(superoffice_mock):
    for account in 507, 508:
        assert sync(superoffice_mock, account) == 204
"""
PROBLEMS = """
def test_lost(superoffice_mock):
    for account in 507, 508:
        sync(superoffice_mock, account)

def test_rejected(superoffice_mock):
    send(superoffice_mock, {"SyncUserAccounts": 1})

def test_unfired(superoffice_mock):
    superoffice_mock.faults.arm(status=503)

def test_unserved(superoffice_mock):
    request(superoffice_mock, "NoSuchCall", {})

def test_odd(superoffice_mock):
    sync(superoffice_mock, 507, Foo=1)

def test_without_calls(superoffice_mock): pass
"""
"""A test for each kind of problem, but those of a replay."""


def failing_tests(result: pytest.RunResult) -> list[str]:
    """Return the tests that failed at their end, without `test_`."""
    start = "ERROR at teardown of test_"
    return [line.strip("_ ").removeprefix(start) for line in result.outlines if start in line]


def test_lost_accounts_rejected_calls_and_idle_faults_fail_it(pytester: pytest.Pytester) -> None:
    result = run_test(pytester, PROBLEMS)
    result.assert_outcomes(passed=6, errors=3)
    assert failing_tests(result) == ["lost", "rejected", "unfired"]
    text = output(result)
    assert "\naccount 508 is lost: answered 204, and no run covers it\n#2 asked last for" in text
    assert "\n1 call was rejected for the body or the media type: #1: 400: " in text
    assert "\narmed faults that never fired: 1 (status 503)" in text


def test_the_marker_chooses_what_fails_a_test(pytester: pytest.Pytester) -> None:
    cases = {
        "True": ["lost", "rejected", "unfired", "unserved", "odd"],
        "False": [],
        "[]": [],
        "('odd', 'never-called')": ["unfired", "odd", "without_calls"],
    }
    for strict, failing in cases.items():
        mark = f"pytestmark = pytest.mark.superoffice_mock(strict={strict})\n"
        assert failing_tests(run_test(pytester, mark + PROBLEMS)) == failing, strict


def test_a_setting_chooses_the_default_and_the_marker_wins(pytester: pytest.Pytester) -> None:
    marked = "@pytest.mark.superoffice_mock(strict=['lost'])\ndef test_lost"
    cases = {
        f'[tool.pytest.ini_options]\n{STRICT} = ["odd", "unserved"]': ["lost", "unserved", "odd"],
        f'[tool.pytest]\n{STRICT} = ["odd", "unserved"]': ["lost", "unserved", "odd"],
        f"[tool.pytest.ini_options]\n{STRICT} = []": ["lost"],
        f"[pytest]\n{STRICT} = odd unserved": ["lost", "unserved", "odd"],
        f"[pytest]\n{STRICT} =\n  odd\n  unserved": ["lost", "unserved", "odd"],
    }
    for setting, failing in cases.items():
        path = pytester.path / ("pytest.ini" if "[pytest]" in setting else "pyproject.toml")
        path.write_text(setting)
        result = run_test(pytester, PROBLEMS.replace("def test_lost", marked))
        assert failing_tests(result) == failing, setting
        path.unlink()


def test_an_unknown_kind_is_told_at_once(pytester: pytest.Pytester) -> None:
    pytester.makeini(f"[pytest]\n{STRICT} = lost\n  unfird")
    result = run_test(pytester, TWO_CALLS)
    message = f"{STRICT}: unknown kind of problem 'unfird'; did you mean 'unfired'?"
    assert result.stderr.str().strip() == f"ERROR: {message}"


def test_the_help_explains_the_setting_and_every_kind(pytester: pytest.Pytester) -> None:
    assert STRICT in output(run_test(pytester, "", "--help"))
    assert f"by default: {' '.join(DEFAULT_KINDS)}." in HELP
    for kind in KINDS:
        assert f" {kind}: " in HELP, kind


def test_accounts_that_are_known_to_be_lost_are_stated(pytester: pytest.Pytester) -> None:
    cases = {
        "[508]": "",
        "{508}": "",
        "[507]": "\naccount 508 is lost: answered 204",
        "[508, 509, 507]": "\naccounts 507, 509 are not lost, but expect_lost names them",
    }
    for lost, message in cases.items():
        mark = f"@pytest.mark.superoffice_mock(expect_lost={lost})"
        result = run_test(pytester, mark + TWO_CALLS)
        result.assert_outcomes(passed=1, errors=1 if message else 0)
        assert message in output(result), lost


def test_a_crash_of_the_mock_fails_the_test_with_the_traceback(pytester: pytest.Pytester) -> None:
    test = """
@pytest.mark.parametrize("status", [500, 204])
def test_it(superoffice_mock, monkeypatch, status):
    decode = "superoffice_mock.webapi.operations.pipeline.decode"
    monkeypatch.setattr(decode, lambda *_, **__: 1 / 0)
    assert sync(superoffice_mock, 507) == status
"""
    result = run_test(pytester, test)
    result.assert_outcomes(passed=1, failed=1, errors=2)
    assert output(result).count("the mock crashed in #1\n") == 2
    assert "ZeroDivisionError: division by zero" in output(result)


def test_a_fault_that_never_fired_fails_the_test_unless_cleared(pytester: pytest.Pytester) -> None:
    test = """
def test_it(superoffice_mock):
    superoffice_mock.faults.arm(connection="stall")
    superoffice_mock.faults.arm(status=503, every=2)
    superoffice_mock.faults.arm(delay=1, probability=0.1)

def test_fired(superoffice_mock):
    superoffice_mock.faults.arm(status=503, times=2)
    assert sync(superoffice_mock, 507) == 503

def test_cleared(superoffice_mock):
    superoffice_mock.faults.arm(status=503)
    superoffice_mock.faults.clear()
"""
    result = run_test(pytester, test)
    result.assert_outcomes(passed=3, errors=1)
    assert "armed faults that never fired: 1 (stall); so the test did not test" in output(result)


def test_a_removed_tenant_does_not_break_the_session(pytester: pytest.Pytester) -> None:
    test = """
def test_removed(superoffice_mock):
    superoffice_mock.remove()

def test_failing(superoffice_mock):
    superoffice_mock.remove()
    assert 0

def test_after(superoffice_mock): pass
"""
    result = run_test(pytester, test)
    result.assert_outcomes(passed=2, failed=1)
    assert "What reached the mock is not known: ?tenant=" in output(result)


def test_a_reset_or_a_removal_hides_no_lost_account(pytester: pytest.Pytester) -> None:
    test = """
@pytest.mark.parametrize("end", ["reset", "remove"])
@pytest.mark.parametrize("accounts", [[507], [507, 511]])
def test_it(superoffice_mock, accounts, end):
    for account in accounts:
        sync(superoffice_mock, account)
    getattr(superoffice_mock, end)()
"""
    result = run_test(pytester, test)
    result.assert_outcomes(passed=4, errors=2)
    lost = "\naccount 511 is lost: answered 204, and no run covers it\n"
    assert output(result).count(lost) == 2


def test_unfired_faults_of_a_skipped_or_failed_test_are_fine(pytester: pytest.Pytester) -> None:
    test = """
def test_skipped(superoffice_mock):
    superoffice_mock.faults.arm(status=503)
    pytest.skip("not here")

@pytest.fixture
def failing(superoffice_mock):
    superoffice_mock.faults.arm(status=503)
    assert 0

def test_it(failing): pass
"""
    result = run_test(pytester, test)
    result.assert_outcomes(skipped=1, errors=1)
    assert "never fired" not in output(result)
