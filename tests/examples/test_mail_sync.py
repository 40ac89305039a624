"""The example of the README: an app that loses accounts; a stub hides it, the mock shows it."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import HTTPServer
from itertools import pairwise
from pathlib import Path

import pytest

from superoffice_mock import ExpectationFailed, MockServer, SuperOffice, explore
from tests.examples.mail_sync import EVERY, CarefulSync, NaiveSync, SuperOfficeClient
from tests.support.local_servers import QuietHandler, serve_in_thread

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
ACCOUNTS = range(501, 516)
MINUTE = 60.0
Kind = type[NaiveSync]


def app_at(office: SuperOffice, kind: Kind, accounts: range = ACCOUNTS) -> NaiveSync:
    """Return an app that calls *office* and measures time on its clock."""
    client = SuperOfficeClient(office.url, office.credentials.headers)
    return kind(client, accounts, office.clock.time)


def run_cron(office: SuperOffice, app: NaiveSync, minutes: int) -> None:
    """Call the app every minute, for *minutes* minutes."""
    for _ in range(minutes):
        app.tick()
        office.clock.advance(MINUTE)


# ---- a stub ----------------------------------------------------------------------------------


class Stub(QuietHandler):
    """Answers 204 to every POST."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()


def test_against_a_stub_both_apps_see_no_problem() -> None:
    for kind in (NaiveSync, CarefulSync):
        with serve_in_thread(HTTPServer(("127.0.0.1", 0), Stub)) as url:
            app = kind(SuperOfficeClient(url, {}), ACCOUNTS)
            app.tick()
            app.tick()
            app.sync_now(507)
            assert app.due == [], kind


# ---- the naive app ---------------------------------------------------------------------------


@pytest.mark.superoffice_mock(expect_lost=[*range(501, 507), *range(508, 511)])
def test_the_naive_app_loses_accounts_when_the_button_is_pressed_before_cron(
    superoffice_mock: SuperOffice,
) -> None:
    app = app_at(superoffice_mock, NaiveSync, range(501, 511))
    app.sync_now(507)
    app.tick()
    with pytest.raises(ExpectationFailed, match="accounts 501-506, 508-510 are lost"):
        superoffice_mock.assert_no_lost_accounts()


# ---- the careful app -------------------------------------------------------------------------


def test_the_careful_app_repeats_a_call_that_may_have_been_turned_away(
    superoffice_mock: SuperOffice,
) -> None:
    app = app_at(superoffice_mock, CarefulSync)
    superoffice_mock.lease.hold()
    app.tick()
    assert sorted(app.due) == [*ACCOUNTS], "the answer took a second, so the accounts stay due"
    superoffice_mock.lease.release()
    run_cron(superoffice_mock, app, minutes=2)
    superoffice_mock.assert_started(accounts=[*ACCOUNTS])
    superoffice_mock.assert_no_lost_accounts()


def test_the_careful_app_syncs_every_account_once_an_hour(superoffice_mock: SuperOffice) -> None:
    app = app_at(superoffice_mock, CarefulSync)
    run_cron(superoffice_mock, app, minutes=125)
    runs = [run for run in superoffice_mock.runs if 507 in run.accounts]
    assert len(runs) == 3
    assert (runs[1].started_at - runs[0].started_at).total_seconds() == pytest.approx(EVERY)
    superoffice_mock.assert_turned_away(times=0)


def test_the_careful_app_makes_one_call_at_a_time(superoffice_mock: SuperOffice) -> None:
    app = app_at(superoffice_mock, CarefulSync)
    with ThreadPoolExecutor(8) as pool:
        pool.submit(app.tick)
        list(pool.map(app.sync_now, range(501, 508)))
    for before, after in pairwise(superoffice_mock.requests):
        assert before.elapsed is not None
        assert (after.at - before.at).total_seconds() >= before.elapsed - 0.001
    run_cron(superoffice_mock, app, minutes=3)
    superoffice_mock.assert_no_lost_accounts()


def test_the_careful_app_recovers_from_errors(superoffice_mock: SuperOffice) -> None:
    app = app_at(superoffice_mock, CarefulSync, range(501, 505))
    superoffice_mock.faults.arm(status=503)
    superoffice_mock.faults.arm(connection="empty-response")
    run_cron(superoffice_mock, app, minutes=3)
    superoffice_mock.assert_started(accounts=[501, 502, 503, 504])


def test_the_careful_app_sees_a_slow_answer_in_a_replay_too(tmp_path: Path) -> None:
    path = tmp_path / "turned-away.har"
    with MockServer() as server, server.tenant() as recorded, server.tenant() as replayed:
        recorded.record()
        recorded.lease.hold()
        app_at(recorded, CarefulSync, range(501, 504)).tick()
        path.write_bytes(recorded.recorded())
        server.play(replayed, str(path))
        app = app_at(replayed, CarefulSync, range(501, 504))
        app.tick()
        assert [call.outcome for call in replayed.requests] == ["replayed"]
        assert app.due == [501, 502, 503]


# ---- explore ---------------------------------------------------------------------------------


def half_an_hour(kind: Kind, accounts: range) -> Callable[[SuperOffice], None]:
    """Return a scenario: half an hour of cron, after which every account must have been synced."""

    def scenario(office: SuperOffice) -> None:
        app = app_at(office, kind, accounts)
        run_cron(office, app, minutes=30)
        office.assert_no_lost_accounts()
        office.assert_started(accounts=[*accounts])

    return scenario


def test_explore_finds_how_the_naive_app_loses_a_single_batch() -> None:
    scenario = half_an_hour(NaiveSync, range(501, 504))
    with pytest.raises(ExpectationFailed) as raised:
        explore(scenario, kinds=("busy", "end", "pass"))
    message = str(raised.value)
    assert "before call 1: the run of another client takes the lease, if it is free" in message
    assert message.count("before call") == 1
    assert "accounts 501-503 are lost" in message
    assert message.endswith("Again: explore(…, replay='1 busy')")
    with pytest.raises(ExpectationFailed, match="accounts 501-503 are lost"):
        explore(scenario, replay="1 busy")


def test_explore_finds_no_lost_account_of_the_careful_app() -> None:
    explore(half_an_hour(CarefulSync, ACCOUNTS), examples=15)


def test_explore_finds_no_lost_account_when_the_button_is_pressed_at_the_same_time() -> None:
    def scenario(office: SuperOffice) -> None:
        app = app_at(office, CarefulSync)
        with ThreadPoolExecutor(2) as pool:
            button = pool.submit(app.sync_now, 507)
            app.tick()
            button.result()
        run_cron(office, app, minutes=15)
        office.assert_no_lost_accounts()

    explore(scenario, examples=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "readings",
    [{}, {"busy": "try-for-1s"}, {"run": "blocking"}, {"busy": "try-for-1s", "run": "blocking"}],
    ids=lambda readings: " ".join(readings.values()) or "default",
)
def test_the_careful_app_loses_no_account_under_any_reading(readings: dict[str, str]) -> None:
    explore(half_an_hour(CarefulSync, ACCOUNTS), examples=40, seed=4, readings=readings)


# ---- the README ------------------------------------------------------------------------------


def test_the_readme_shows_the_test_and_its_output(pytester: pytest.Pytester) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = r"```python\n(.*?)```\n.*?```text\n(.*?)```"
    test, output = re.findall(example, readme, re.DOTALL)[0]
    app = (ROOT / "tests/examples/mail_sync.py").read_text(encoding="utf-8")
    pytester.makepyfile(mail_sync=app, test_mail_sync=test)
    loop = "asyncio_default_fixture_loop_scope=function"
    result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-o", loop)
    result.assert_outcomes(failed=1)
    lines = [line[1:].strip() for line in result.outlines if line[:1] == "E"]
    lines[0] = lines[0].removeprefix("superoffice_mock.errors.")
    assert lines == output.strip().splitlines()
