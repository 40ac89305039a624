"""The pytest plugin: its fixtures, its marker, and the problems that it reports by itself."""

import subprocess
import sys

import pytest

from tests.mock.testing.plugin_runs import CALL, check_invalid_markers, output, run_test
from tests.support.cpu_time import usual_seconds_of_children

pytest_plugins = ["pytester"]

ALONE = ("-p", "no:cacheprovider", "-p", "no:schemathesis", "-p", "no:anyio")
"""Without plugins that are slow to load and not needed."""


def test_every_test_has_a_tenant_of_its_own(pytester: pytest.Pytester) -> None:
    test = """
seen = set()

@pytest.mark.parametrize("n", range(3))
def test_it(superoffice_mock, n):
    assert superoffice_mock.requests == ()
    assert sync(superoffice_mock, 507) == 204
    assert superoffice_mock.clock.name == "jump"
    seen.add(superoffice_mock.id)
    assert len(seen) == n + 1
"""
    run_test(pytester, test).assert_outcomes(passed=3)


def test_the_plugin_can_be_turned_off(pytester: pytest.Pytester) -> None:
    test = "def test_it(superoffice_mock): pass"
    result = run_test(pytester, test, "-p", "no:superoffice_mock")
    assert "fixture 'superoffice_mock' not found" in output(result)


def test_the_marker_is_registered(pytester: pytest.Pytester) -> None:
    markers = output(run_test(pytester, "", "--markers"))
    assert "@pytest.mark.superoffice_mock(installation=" in markers
    test = "@pytest.mark.superoffice_mock(strict=True)\ndef test_it(superoffice_mock): pass"
    run_test(pytester, test, "--strict-markers").assert_outcomes(passed=1)


def test_markers_add_up_and_the_closest_one_wins(pytester: pytest.Pytester) -> None:
    test = """
pytestmark = pytest.mark.superoffice_mock(installation="online", clock="freeze")

@pytest.mark.superoffice_mock(clock="real")
def test_it(superoffice_mock):
    assert superoffice_mock.installation == "online"
    assert superoffice_mock.clock.name == "real"
"""
    run_test(pytester, test).assert_outcomes(passed=1)


def test_an_invalid_marker_is_an_error(pytester: pytest.Pytester) -> None:
    cases = {
        "grantd=False": "no argument 'grantd'; did you mean 'granted'?",
        "zzz=1": "no argument 'zzz'; known are installation, granted, clock,",
        "strict='lost'": 'strict: unknown value; write strict=True, False, or ["lost", ...]',
        "clock='frozen'": "expected one of freeze, jump, real",
        "'online'": "takes arguments by name only",
        "installation='onlin'": "installation: expected one of online, onsite",
        "readings={'run': 'blokking'}": "blocking",
        "granted=False": "onsite needs no grant",
        "state='suspendet'": "unknown state 'suspendet'; did you mean 'suspended'?",
        "due_after=-1": "due_after: expected at least 0",
        "accounts=[{'id': 1, 'failz': 'no'}]": "unknown member 'failz'; did you mean 'fails'?",
        "accounts=[{'id': 1}, {'id': 1}]": "account 2 has the id of an earlier one, 1",
    }
    check_invalid_markers(pytester, cases)


def test_tests_that_do_not_use_the_mock_are_unchanged(pytester: pytest.Pytester) -> None:
    test = """
def test_it(): assert False

@pytest.mark.skip
def test_skipped(superoffice_mock): pass
"""
    result = run_test(pytester, test)
    result.assert_outcomes(failed=1, skipped=1)
    assert "superoffice_mock" not in output(result)


@pytest.mark.slow
def test_loading_the_plugin_costs_less_than_50_ms() -> None:
    program = "import pytest, superoffice_mock.pytest_plugin"
    command = [sys.executable, "-X", "importtime", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    line = next(line for line in lines if line.endswith(".pytest_plugin"))
    assert int(line.split("|")[1]) < 50_000, line


@pytest.mark.slow
def test_pytest_socket_needs_to_allow_the_loopback_address(pytester: pytest.Pytester) -> None:
    pytest.importorskip("pytest_socket", reason="pytest-socket is in the extra dev")
    pytester.makepyfile(CALL + "def test_it(superoffice_mock): sync(superoffice_mock, 507)")
    for options, outcomes in (
        (("--disable-socket", "--allow-hosts=127.0.0.1"), {"passed": 1}),
        (("--allow-hosts=127.0.0.1",), {"passed": 1}),
        (("--disable-socket",), {"errors": 1}),
    ):
        pytester.runpytest_subprocess("-q", *ALONE, *options).assert_outcomes(**outcomes)


THOUSAND = """
import os

rss = []

@pytest.mark.parametrize("n", range(1000))
def test_it(superoffice_mock, n):
    assert superoffice_mock.requests == ()
    assert sync(superoffice_mock, n) == 204
    superoffice_mock.assert_started(accounts=[n])

@pytest.fixture(scope="session", autouse=True)
def memory_log():
    yield
    with open("rss.txt", "w") as file:
        print(*rss, file=file)

@pytest.fixture(autouse=True)
def measure_memory(superoffice_mock_server):
    yield
    with open("/proc/self/statm") as file:
        rss.append(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
def test_a_thousand_tests_take_less_than_15_s_and_no_memory(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(CALL + THOUSAND)

    def run() -> None:
        result = pytester.runpytest_subprocess("-q", *ALONE)
        result.assert_outcomes(passed=1000)

    assert usual_seconds_of_children(run) < 15
    sizes = [int(line) for line in (pytester.path / "rss.txt").read_text().split()]
    assert sizes[-1] - sizes[200] < 8 * 2**20


@pytest.mark.parametrize(
    "runs", [pytest.param(2, marks=pytest.mark.slow), pytest.param(10, marks=pytest.mark.nightly)]
)
def test_two_workers_have_a_server_each_in_any_order(pytester: pytest.Pytester, runs: int) -> None:
    test = """
@pytest.mark.parametrize("n", range(40))
def test_it(superoffice_mock, superoffice_mock_server, n, worker_id):
    with open(f"{worker_id}.txt", "a") as file:
        print(superoffice_mock_server.url, file=file)
    superoffice_mock.lease.hold()
    assert sync(superoffice_mock, n) == 204
    superoffice_mock.assert_turned_away(times=1)
    superoffice_mock.lease.release()
    assert sync(superoffice_mock, n) == 204
"""
    pytester.makepyfile(CALL + test)
    for _ in range(runs):
        result = pytester.runpytest_subprocess("-q", "-n", "2", *ALONE)
        result.assert_outcomes(passed=40)
    urls = [set(path.read_text().split()) for path in pytester.path.glob("gw*.txt")]
    assert len(urls) == 2
    assert urls[0].isdisjoint(urls[1])
