"""The soak: what it reads from a server, its sizes and its exit codes."""

import shutil
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from tests.benchmarks.bodies import accounts
from tests.benchmarks.figures import Figure
from tests.benchmarks.load import burst
from tests.soak import trials
from tests.soak.__main__ import main
from tests.soak.server import FLAT, LONG, SHORT, Effort, run_soak_server


@pytest.mark.slow
def test_lines_of_the_log_that_are_not_plain_exchanges_are_errors() -> None:
    with run_soak_server("--log", "text") as server:
        server.api.control("POST", "reset?all=true")
    assert server.errors == ["superoffice-mock stopped"]


def test_a_part_of_the_effort_is_a_part_of_everything_but_at_least_ten() -> None:
    assert LONG.part(1.0) == LONG
    assert LONG.part(0.01) == SHORT
    assert LONG.part(0.000_001) == Effort(10, 10, 10, 10, 10, 10)


# ---- exit codes ------------------------------------------------------------------------------


def run_short_soak(trial: trials.Trial, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Run the short soak with *trial* alone."""
    monkeypatch.setitem(trials.TRIALS, "requests", trial)
    return CliRunner().invoke(main, ["--short", "--only", "requests"])


def test_a_missed_bound_is_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, is_missed in ((6.0, True), (5.0, False)):

        def trial(_: Effort, value: float = value) -> Iterator[Figure]:
            yield Figure("growth, MB", value, FLAT)

        result = run_short_soak(trial, monkeypatch)
        assert result.exit_code == is_missed
        assert (f"| growth, MB | {value:.2f} missed |" in result.stdout) == is_missed


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed")
def test_refused_calls_under_load_are_exit_code_1(monkeypatch: pytest.MonkeyPatch) -> None:
    def trial(_: Effort) -> Iterator[Figure]:
        with run_soak_server(*trials.QUICK) as server:
            burst(server, accounts(2), 1, ["/nowhere"])
        yield Figure("not reached", 0.0)

    result = run_short_soak(trial, monkeypatch)
    assert result.exit_code == 1
    assert "were refused" in result.stdout
    assert "not reached" not in result.stdout


@pytest.mark.slow
def test_without_wrk_a_trial_is_not_run_without_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = run_short_soak(trials.TRIALS["requests"], monkeypatch)
    assert result.exit_code == 0
    assert "| requests | not run | | the benchmarks need wrk;" in result.stdout
