"""In four languages: an app that trusts a 204 loses accounts; one that looks at LastFetch does not.

A first app asks for ten of a dozen accounts, so that the second is left with two, and is turned
away. The syncs of the ten end one after the other, because a look at an account lets a jumping
clock go to the end of the next one.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx2
import pytest

from superoffice_contract.grading.grade import grade_har
from superoffice_mock import ExpectationFailed, MockServer, SuperOffice, explore
from tests.examples.sync_due import EMailAgent, look, trust
from tests.support.server_process import environment

HERE: Final = Path(__file__).parent
DOZEN: Final = {500 + number: max(number - 3.0, 1.0) for number in range(1, 13)}
TEN: Final = "asked for 501 502 503 504 505 506 507 508 509 510"
TWO: Final = "asked for 511 512"
LOST: Final = "accounts 511, 512 are lost: answered 204, and no run covers them"
MONO_CRASHES: Final = ("Native Crash Reporting", "mono-threads.c", "Operation aborted")
NEVER: Final = "0001-01-01T00:00:00"

a_dozen_due = pytest.mark.superoffice_mock(accounts=DOZEN)
a_quick_dozen_due = pytest.mark.superoffice_mock(
    accounts={account: seconds / 5 for account, seconds in DOZEN.items()}
)


@contextmanager
def sign_in(office: SuperOffice) -> Iterator[EMailAgent]:
    headers = office.credentials.headers
    with httpx2.Client(base_url=office.url, headers=headers, timeout=30) as client:
        yield EMailAgent(client)


def look_at(office: SuperOffice, agent: EMailAgent) -> None:
    """Run the app that looks, and let it sleep on the clock of *office*."""

    def sleep(seconds: float) -> None:
        office.clock.advance(seconds)

    look(agent, sleep=sleep)


# ---- in this process -------------------------------------------------------------------------


@pytest.mark.superoffice_mock(accounts=DOZEN, expect_lost=[511, 512])
def test_of_two_apps_that_trust_a_204_the_second_loses_its_accounts(
    superoffice_mock: SuperOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    with sign_in(superoffice_mock) as agent:
        trust(agent)
        trust(agent)
    assert capsys.readouterr().out.splitlines() == [TEN, TWO]
    with pytest.raises(ExpectationFailed, match=LOST):
        superoffice_mock.assert_no_lost_accounts()


@a_dozen_due
def test_an_app_that_looks_asks_again_until_its_accounts_are_synced(
    superoffice_mock: SuperOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    with sign_in(superoffice_mock) as agent:
        trust(agent)
        look_at(superoffice_mock, agent)
    check_second_app(superoffice_mock, capsys.readouterr().out.splitlines()[1:])


def check_second_app(office: SuperOffice, output: list[str]) -> None:
    """Check that the app with this *output* asked for its two accounts until they were synced."""
    *asked, first, second = (line for line in output if not line.startswith("renewed"))
    assert set(asked) == {TWO}
    assert {first, second} == {"511 is synced", "512 is synced"}
    outcomes = [call.outcome for call in office.requests if tuple(call.account_ids) == (511, 512)]
    assert outcomes[0] == "turned_away"
    assert len(outcomes) >= len(asked) >= 2
    office.assert_no_lost_accounts()


@pytest.mark.superoffice_mock(accounts=DOZEN, clock="freeze")
def test_during_a_run_some_accounts_have_advanced_and_some_have_not(
    superoffice_mock: SuperOffice,
) -> None:
    with sign_in(superoffice_mock) as agent:
        trust(agent)
        superoffice_mock.clock.advance(2.5)
        statuses = {account: agent.status(account) for account in DOZEN}
    advanced = [id_ for id_, status in statuses.items() if status and status.last_fetch != NEVER]
    assert advanced == [501, 502, 503, 504, 505]


@pytest.mark.superoffice_mock(accounts=[{"id": 511, "fails": "The mailbox is full."}, {"id": 512}])
def test_an_account_that_fails_is_reported_and_not_asked_for_again(
    superoffice_mock: SuperOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    with sign_in(superoffice_mock) as agent:
        look_at(superoffice_mock, agent)
    output = capsys.readouterr().out.splitlines()
    assert output == [TWO, "511 The mailbox is full.", "512 is synced"]
    superoffice_mock.assert_no_lost_accounts()


@pytest.mark.superoffice_mock(accounts={511: 5.0}, expect_lost=[511])
def test_an_account_that_is_deleted_is_not_asked_for_again(
    superoffice_mock: SuperOffice, capsys: pytest.CaptureFixture[str]
) -> None:
    superoffice_mock.lease.hold()
    with sign_in(superoffice_mock) as agent, ThreadPoolExecutor(1) as pool:
        app = pool.submit(look_at, superoffice_mock, agent)
        superoffice_mock.wait("turned_away")
        url = f"{superoffice_mock.url}/api/v1/Agents/EMail/DeleteEMailAccount?eMailAccountId=511"
        assert httpx2.post(url, headers=superoffice_mock.credentials.headers).status_code == 204
        app.result(timeout=30)
    assert capsys.readouterr().out.splitlines()[-1] == "511 was deleted"


def test_the_app_that_looks_syncs_what_it_asks_for_under_any_reading(
    superoffice_mock_server: MockServer,
) -> None:
    for readings in (
        *({"ready": "all"}, {"ready": "all-but-running"}),
        *({"run": "blocking"}, {"busy": "try-for-1s"}, {"tasks": "ten-in-all"}),
    ):
        with superoffice_mock_server.tenant(accounts=DOZEN, readings=readings) as office:
            with sign_in(office) as agent:
                trust(agent)
                look_at(office, agent)
            synced = {account.id for account in office.accounts if account.last_fetch is not None}
            asked_for = set(DOZEN) - ({511, 512} if readings == {"ready": "all"} else set())
            assert synced == asked_for, readings


@a_dozen_due
def test_the_app_that_looks_gets_no_advice_from_grade(
    superoffice_mock: SuperOffice, tmp_path: Path
) -> None:
    with sign_in(superoffice_mock) as first, sign_in(superoffice_mock) as second:
        trust(first)
        superoffice_mock.record()
        look_at(superoffice_mock, second)
    recording = tmp_path / "app.har"
    recording.write_bytes(superoffice_mock.recorded())
    for result in grade_har(str(recording)).results:
        assert result.status in ("passed", "skipped"), result
        assert result.notes == (), result


# ---- interleavings ---------------------------------------------------------------------------


def cron(app: Callable[[SuperOffice, EMailAgent], None]) -> Callable[[SuperOffice], None]:
    """Return a scenario in which cron starts *app* again, up to ten times, after an error."""

    def scenario(office: SuperOffice) -> None:
        with sign_in(office) as agent:
            for _ in range(10):
                with suppress(httpx2.HTTPError):
                    app(office, agent)
                    break
        office.assert_no_lost_accounts()

    return scenario


@pytest.mark.slow
def test_in_50_interleavings_the_app_that_looks_loses_nothing() -> None:
    explore(cron(look_at), examples=50, accounts={511: 5.0, 512: 8.0})


def test_explore_finds_how_the_app_that_trusts_loses_accounts() -> None:
    for schedules in ({"examples": 50}, {"replay": "2 busy"}):
        with pytest.raises(ExpectationFailed, match=LOST):
            explore(cron(lambda _, agent: trust(agent)), **schedules, accounts={511: 5.0, 512: 8.0})


# ---- as programs, in each language -----------------------------------------------------------


@pytest.fixture
def program(request: pytest.FixtureRequest) -> list[str]:
    """The command of the program in the language of the test."""
    if request.param == "C#":
        command: list[str] = request.getfixturevalue("compile_csharp")(HERE / "SyncDue.cs")
        return command
    if request.param == "TypeScript":
        return [request.getfixturevalue("node"), str(HERE / "sync-due.js")]
    if request.param == "Python":
        return [sys.executable, str(HERE / "sync_due.py")]
    php = shutil.which("php")
    if php is None:
        pytest.skip("the PHP program needs PHP 8.0 or later (php-cli), which is not on the path")
    return [php, str(HERE / "sync_due.php")]


@contextmanager
def run(program: list[str], way: str, office: SuperOffice) -> "Iterator[subprocess.Popen[str]]":
    """Run *program*, which looks or trusts, at *office* until the block ends."""
    credentials = office.credentials
    variables = {
        "SUPEROFFICE_URL": office.url,
        "SUPEROFFICE_USER": credentials.user,
        "SUPEROFFICE_PASSWORD": credentials.password,
        "SUPEROFFICE_LOGIN": office.url.rpartition("/")[0],
        "CLIENT_ID": credentials.client_id,
        "CLIENT_SECRET": credentials.app_token,
        "ACCESS_TOKEN": credentials.access_token,
        "REFRESH_TOKEN": credentials.refresh_token,
        "SYNC_PAUSE": "0.03",  # a jumping clock moves after 0.02 s without a call
    }
    with subprocess.Popen(
        [*program, way],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment({name: value for name, value in variables.items() if value is not None}),
    ) as process:
        try:
            yield process
        finally:
            process.kill()


class MonoCrashError(Exception):
    """Mono's runtime failed, as it does in one run of thirty; the program is not at fault."""


def output_of(process: "subprocess.Popen[str]") -> list[str]:
    """Return what *process* prints until it ends without an error. Raise MonoCrashError."""
    output, _ = process.communicate(timeout=60)
    if process.returncode != 0 and any(text in output for text in MONO_CRASHES):
        raise MonoCrashError(output)
    assert process.returncode == 0, output
    return output.splitlines()


def check_both_ways(program: list[str], office: SuperOffice) -> None:
    """Check that the second app loses accounts if it trusts a 204, and none if it looks."""
    for expected in (TEN, TWO):
        with run(program, "trust", office) as process:
            assert output_of(process) == [expected]
    with pytest.raises(ExpectationFailed, match=LOST):
        office.assert_no_lost_accounts()
    with run(program, "look", office) as process:
        check_second_app(office, output_of(process))


@pytest.mark.slow
@pytest.mark.parametrize("program", ["Python", "TypeScript", "PHP", "C#"], indirect=True)
def test_the_second_app_loses_its_accounts_if_it_trusts_and_none_if_it_looks(
    program: list[str], superoffice_mock_server: MockServer
) -> None:
    for _ in range(5):
        with (
            suppress(MonoCrashError),
            superoffice_mock_server.tenant(accounts=DOZEN) as office,
        ):
            check_both_ways(program, office)
            return
    pytest.fail("Mono's runtime failed five times in a row")


# ---- the vendor's client, two apps side by side ----------------------------------------------


@contextmanager
def two_apps(program: list[str], office: SuperOffice) -> Iterator[list["subprocess.Popen[str]"]]:
    """Run two apps that look; the clock stands still until both have asked."""
    office.clock.freeze()
    with run(program, "look", office) as first:
        office.wait("started", timeout=30)
        with run(program, "look", office) as second:
            while office.clock.waiting == 0:  # for the second until its answer
                assert second.poll() is None, output_of(second)
            yield [first, second]


def check_two_apps(office: SuperOffice, first: list[str], second: list[str]) -> None:
    """Check that two apps with this output asked for ten and two, and that nothing is due."""
    check_second_app(office, second)
    asked, *synced = (line for line in first if not line.startswith("renewed"))
    assert asked == TEN
    assert sorted(synced) == [f"{account} is synced" for account in range(501, 511)]
    assert [account.id for account in office.accounts if account.due] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "clock",
    [pytest.param("jump", marks=a_dozen_due), pytest.param("real", marks=a_quick_dozen_due)],
)
def test_the_vendors_client_in_two_apps_side_by_side_leaves_nothing_due(
    clock: str, node: str, superoffice_mock: SuperOffice
) -> None:
    with two_apps([node, str(HERE / "sync-due.js")], superoffice_mock) as (first, second):
        getattr(superoffice_mock.clock, clock)()
        check_two_apps(superoffice_mock, *reversed([output_of(second), output_of(first)]))


@pytest.mark.slow
@a_dozen_due
@pytest.mark.superoffice_mock(
    installation="online", apps=[{"name": "Sync", "token": "secret", "client_id": "sync"}]
)
def test_apps_whose_access_tokens_expire_renew_them_and_leave_nothing_due(
    node: str, superoffice_mock: SuperOffice
) -> None:
    program = [node, str(HERE / "sync-due-online.js")]
    with two_apps(program, superoffice_mock) as (first, second):
        superoffice_mock.expire()
        superoffice_mock.clock.jump()
        outputs = [output_of(second), output_of(first)]
    for output in outputs:
        assert output.count("renewed the access token") == 1
    check_two_apps(superoffice_mock, *reversed(outputs))
