"""The log: one line per exchange that says in words what happened."""

import asyncio
import io
import json
import re

import pytest

from superoffice_mock.access_log import logger, sentence
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.journal import Exchange
from tests.support.in_process import BASIC, PATH, Local, settled


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


async def turned_away(local: Local) -> Exchange:
    """A call that came 1.2 s into a run of 5 s."""
    await local.control("POST", "clock/freeze")
    await local.call()
    await local.control("POST", "clock/advance", {"seconds": 1.2})
    second = asyncio.create_task(local.call())
    await settled(local, 1)
    await local.control("POST", "clock/advance", {"seconds": 1})
    await second
    return local.exchanges()[1]


async def crashed() -> Exchange:
    """A call that the mock broke on: its configuration is impossible, and nobody noticed."""
    local = Local(Settings(max_accounts="many"))  # type: ignore[arg-type]
    await local.call()
    return local.exchanges()[0]


def written(setting: str, *exchanges: Exchange, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    log = logger(setting, stream)
    for exchange in exchanges:
        log(exchange)
    return stream.getvalue()


# ---- the sentence ----------------------------------------------------------------------------


async def test_a_started_call_is_one_line_with_time_tenant_call_caller_answer_and_run() -> None:
    local = Local()
    await local.call()
    assert sentence(local.exchanges()[0]) == (
        "08:00:00.000 onsite #1 POST SyncEmailAccounts by tje0 (Basic) -> 204 after 0.00 s, "
        "started: run 1 syncs 1 account in 5.0 s"
    )


async def test_a_turned_away_call_names_the_run_that_held_the_lease_and_for_how_long() -> None:
    line = sentence(await turned_away(Local()))
    assert line.endswith("turned away: run 1 holds the lease for 3.8 s more")
    assert line.startswith("08:00:01.200 onsite #2 POST")


async def test_a_call_of_an_app_names_the_app_and_one_of_a_ticket_the_scheme() -> None:
    local = Local()
    bearer = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "text/json"}
    await local.call(path=f"/Cust12345{PATH}", headers=bearer)
    assert " by demo-app (Bearer) -> 204" in sentence(local.exchanges("Cust12345")[0])
    ticket = {"authorization": "SOTicket 7T:demo-ticket", "content-type": "text/json"}
    await local.call(headers=ticket)
    assert " by SOTicket -> 204" in sentence(local.exchanges()[0])


async def test_a_rejected_call_says_what_was_wrong_and_nothing_of_a_caller() -> None:
    local = Local()
    await local.call(headers={"authorization": "Basic dGplMDpuby1zdWNo"})
    line = sentence(local.exchanges()[0])
    assert "POST SyncEmailAccounts -> 401" in line
    assert line.endswith("rejected: Authorization: Basic: wrong password for user 'tje0'")


async def test_a_caller_who_hung_up_is_told_of() -> None:
    local = Local()
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    gone = asyncio.Event()
    call = asyncio.create_task(local.call(hang_up=gone))
    await settled(local, 1)
    gone.set()
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    assert "after 0.00 s, caller hung up, turned away: " in sentence(local.exchanges()[0])


async def test_a_description_that_was_read_is_served() -> None:
    local = Local()
    await local.call("GET", headers={}, body=b"")
    assert sentence(local.exchanges()[0]).endswith(
        "GET SyncEmailAccounts -> 200 after 0.00 s, served"
    )


@pytest.mark.parametrize("path", ["/x\n09:00:00.000 onsite #9 POST", "/\x1b[2J", "/" + "x" * 9000])
async def test_no_path_breaks_the_line_or_the_terminal_or_runs_on_for_ever(path: str) -> None:
    local = Local()
    await local.call(path=path)
    line = sentence(local.exchanges()[0])
    assert line.isprintable()
    assert len(line) < 500


# ---- where it goes ---------------------------------------------------------------------------


async def test_text_writes_a_line_for_each_exchange_as_it_comes() -> None:
    local = Local()
    await local.call("GET", headers={}, body=b"")
    await local.call()
    lines = written("text", *local.exchanges()).splitlines()
    assert lines == [sentence(one) for one in local.exchanges()]


async def test_auto_is_text_on_a_terminal_and_crashes_only_elsewhere() -> None:
    local = Local()
    await local.call()
    (quiet,) = local.exchanges()
    assert written("auto", quiet, stream=Terminal()) == sentence(quiet) + "\n"
    assert written("auto", quiet) == ""
    loud = await crashed()
    assert written("auto", quiet, loud) == written("text", loud)


async def test_off_writes_nothing_not_even_crashes() -> None:
    assert written("off", await crashed()) == ""


async def test_a_crash_is_a_line_and_its_traceback() -> None:
    crash = await crashed()
    text = written("text", crash)
    first, _, rest = text.partition("\n")
    assert re.search(r"-> 500 after 0\.00 s, crashed: the mock crashed", first)
    assert rest == crash.crash
    assert rest.startswith("Traceback (most recent call last)")
    assert rest.rstrip().splitlines()[-1].startswith("TypeError: ")


async def test_json_is_one_object_per_line_even_for_a_crash() -> None:
    local = Local()
    away = await turned_away(local)
    crash = await crashed()
    records = [json.loads(line) for line in written("json", away, crash).splitlines()]
    assert records[0] == {
        "at": "2027-01-15T08:00:01.200000Z",
        "tenant": "onsite",
        "id": 2,
        "operation": "SyncEmailAccounts",
        "method": "POST",
        "path": PATH,
        "status": 204,
        "outcome": "turned_away",
        "fault": None,
        "run": None,
        "elapsed": 1.0,
        "elapsed_real": 0.0,
        "hung_up": False,
        "reason": "run 1 holds the lease for 3.8 s more",
        "violations": [],
        "crash": None,
    }
    assert [record["outcome"] for record in records] == ["turned_away", "crashed"]
    assert records[1]["crash"] == crash.crash


async def test_json_is_the_same_on_a_terminal() -> None:
    local = Local()
    await local.call()
    assert written("json", *local.exchanges(), stream=Terminal()) == written(
        "json", *local.exchanges()
    )


async def test_no_line_holds_a_credential() -> None:
    local = Local()
    await local.call()
    await local.call(headers={"authorization": "Basic !!!", "so-apptoken": "app-secret"})
    text = written("text", *local.exchanges()) + written("json", *local.exchanges())
    assert BASIC.removeprefix("Basic ") not in text
    assert "app-secret" not in text
