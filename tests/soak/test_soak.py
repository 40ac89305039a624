"""What the soak reads off a server, and how long it is; a hundredth of it is a step of CI."""

import shutil
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from tests.benchmarks.bodies import accounts
from tests.benchmarks.load import burst
from tests.benchmarks.measures import Figure
from tests.soak import trials
from tests.soak.__main__ import main
from tests.soak.effort import LONG, SHORT, Effort
from tests.soak.server import tried


@pytest.mark.slow
def test_what_a_server_says_that_is_no_plain_exchange_is_kept() -> None:
    with tried("--log", "text") as server:
        server.running.control("POST", "reset?all=true")
    assert server.odd == ["superoffice-mock stopped"]


def test_a_part_of_the_effort_is_a_part_of_everything_but_never_nothing() -> None:
    assert LONG.part(1.0) == LONG
    assert LONG.part(0.01) == SHORT
    assert LONG.part(0.000_001) == Effort(10, 10, 10, 10, 10, 10)


# ---- how it ends -----------------------------------------------------------------------------


def short(trial: trials.Trial, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Run the short soak, which is *trial* alone."""
    monkeypatch.setitem(trials.TRIALS, "requests", trial)
    return CliRunner().invoke(main, ["--short", "--only", "requests"])


def test_a_bound_that_is_missed_fails_it_and_one_that_is_kept_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for value, missed in ((6.0, True), (5.0, False)):

        def grown(_: Effort, value: float = value) -> Iterator[Figure]:
            yield Figure("growth, MB", value, trials.FLAT)

        ended = short(grown, monkeypatch)
        assert ended.exit_code == missed
        assert (f"| growth, MB | {value:.2f} missed |" in ended.stdout) == missed


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("wrk") is None, reason="there is no wrk here")
def test_a_server_that_refuses_under_load_fails_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Effort) -> Iterator[Figure]:
        with tried(*trials.QUICK) as server:
            burst(server.started, accounts(2), 1, ["/nowhere"])
        yield Figure("not reached", 0.0)

    ended = short(refused, monkeypatch)
    assert ended.exit_code == 1
    assert "were refused" in ended.stdout
    assert "not reached" not in ended.stdout


@pytest.mark.slow
def test_where_there_is_no_wrk_it_says_so_and_is_not_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    ended = short(trials.requests, monkeypatch)
    assert ended.exit_code == 0
    assert "| requests | not tried | | the benchmarks need wrk;" in ended.stdout
