"""The access log: one line for each exchange."""

import asyncio
import io
import json
import re

from superoffice_mock.access_log import format_text, make_logger
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.journal import Exchange
from tests.support.in_process import PATH, InProcessMock, run_until_waiting


class Terminal(io.StringIO):
    """A text stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


async def make_turned_away_call(local: InProcessMock) -> Exchange:
    """Return a call that arrived 1.2 s after the start of a run of 5 s."""
    await local.control("POST", "clock/freeze")
    await local.call()
    await local.control("POST", "clock/advance", {"seconds": 1.2})
    second = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    await local.control("POST", "clock/advance", {"seconds": 1})
    await second
    return local.exchanges()[1]


async def make_crashed_call() -> Exchange:
    """Return a call that crashed the mock, which has an invalid setting."""
    local = InProcessMock(Settings(max_accounts="many"))  # type: ignore[arg-type]
    await local.call()
    return local.exchanges()[0]


def log_lines(setting: str, *exchanges: Exchange, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    log = make_logger(setting, stream)
    for exchange in exchanges:
        log(exchange)
    return stream.getvalue()


# ---- text lines ------------------------------------------------------------------------------


async def test_the_line_of_a_call_has_time_tenant_call_user_status_and_outcome() -> None:
    bearer = {"authorization": "Bearer 8A:Cust12345.demo-token", "content-type": "text/json"}
    ticket = {"authorization": "SOTicket 7T:demo-ticket", "content-type": "text/json"}
    wrong = {"authorization": "Basic dGplMDpuby1zdWNo"}
    wrong_password = "Authorization: Basic: wrong password for user 'tje0'"
    started = "204 after 0.00 s, started: run 1 syncs 1 account in"
    for method, path, headers, expected in (
        (
            "POST",
            PATH,
            None,
            f"onsite #1 POST SyncEmailAccounts by tje0 (Basic) -> {started} 5.0 s",
        ),
        ("POST", PATH, ticket, f"onsite #1 POST SyncEmailAccounts by SOTicket -> {started} 5.0 s"),
        (
            *("POST", f"/Cust12345{PATH}", bearer),
            f"Cust12345 #1 POST SyncEmailAccounts by demo-app (Bearer) -> {started} 2.0 s",
        ),
        (
            *("POST", PATH, wrong),
            f"onsite #1 POST SyncEmailAccounts -> 401 after 0.00 s, rejected: {wrong_password}",
        ),
        ("GET", PATH, {}, "onsite #1 GET SyncEmailAccounts -> 200 after 0.00 s, served"),
    ):
        local = InProcessMock()
        await local.call(method, path, headers=headers)
        assert format_text(local.log[0]) == f"08:00:00.000 {expected}"


async def test_the_line_of_a_turned_away_call_has_the_run_that_held_the_lease() -> None:
    line = format_text(await make_turned_away_call(InProcessMock()))
    assert line.endswith("turned away: run 1 holds the lease for 3.8 s more")
    assert line.startswith("08:00:01.200 onsite #2 POST")


async def test_the_line_of_an_abandoned_call_says_that_the_client_disconnected() -> None:
    local = InProcessMock()
    await local.control("POST", "clock/freeze")
    await local.control("POST", "lease/hold")
    disconnect_event = asyncio.Event()
    call = asyncio.create_task(local.call(disconnect=disconnect_event))
    await run_until_waiting(local, 1)
    disconnect_event.set()
    await local.control("POST", "clock/advance", {"seconds": 1})
    await call
    assert "after 0.00 s, client disconnected, turned away: " in format_text(local.exchanges()[0])


async def test_any_path_gives_a_short_printable_line() -> None:
    local = InProcessMock()
    for path in ("/x\n09:00:00.000 onsite #9 POST", "/\x1b[2J", "/" + "x" * 9000):
        await local.call(path=path)
    lines = [format_text(exchange) for exchange in local.exchanges()]
    assert len(lines) == 3
    for line in lines:
        assert line.isprintable(), line
        assert len(line) < 500, line


# ---- settings --------------------------------------------------------------------------------


async def test_auto_is_text_on_a_terminal_and_crashes_only_elsewhere_and_off_is_nothing() -> None:
    local = InProcessMock()
    await local.call()
    (exchange,) = local.exchanges()
    assert log_lines("auto", exchange, stream=Terminal()) == format_text(exchange) + "\n"
    assert log_lines("auto", exchange) == ""
    crash = await make_crashed_call()
    assert log_lines("auto", exchange, crash) == log_lines("text", crash)
    assert log_lines("off", exchange, crash) == ""
    exchange.lapse = "Traceback: a recording failed"  # the call itself got its answer
    for setting in ("auto", "text", "json"):
        assert exchange.lapse in log_lines(setting, exchange), setting


async def test_a_crash_is_logged_as_a_line_and_a_traceback() -> None:
    crash = await make_crashed_call()
    text = log_lines("text", crash)
    line, _, traceback = text.partition("\n")
    assert re.search(r"-> 500 after 0\.00 s, crashed: the mock crashed", line)
    assert traceback == crash.crash
    assert traceback.startswith("Traceback (most recent call last)")
    assert traceback.rstrip().splitlines()[-1].startswith("TypeError: ")


async def test_json_is_one_object_per_line_even_for_a_crash_and_on_a_terminal() -> None:
    local = InProcessMock()
    turned_away = await make_turned_away_call(local)
    crash = await make_crashed_call()
    lines = log_lines("json", turned_away, crash)
    assert log_lines("json", turned_away, crash, stream=Terminal()) == lines
    records = [json.loads(line) for line in lines.splitlines()]
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
