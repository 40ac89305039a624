"""`superoffice-mock demo`: its options, and who does it."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final
from urllib.parse import urlsplit

import click
import msgspec

from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.cli.base import Command
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.server import run


@click.command("demo", cls=Command)
def command() -> None:
    """Show what callers can't see. Plays the page's sample against a server of its own."""

    play(click.echo)


Echo = Callable[[str], None]


SECONDS_PER_ACCOUNT: Final = 1.5


PATH: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"


HEADERS: Final = {
    "Authorization": "Basic dGplMDpUamUw",
    "Accept": "application/json; charset=utf-8",
    "Accept-Language": "*",
    "Content-Type": "application/json; charset=utf-8",
}


SAMPLE: Final = json.dumps(
    {
        "SyncUserAccounts": [
            {"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874},
            {"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874},
        ]
    },
    indent=2,
)


class Caller(msgspec.Struct, frozen=True):
    """Who calls, and when: seconds after the first."""

    name: str
    at: float


class Seen(msgspec.Struct, frozen=True):
    """All that a caller can see of its call."""

    status: int
    took: float


_COLORS: Final = {"started": "green", "turned_away": "yellow"}


CALLERS: Final = (
    Caller("Ann", 0.0),
    Caller("Bob", 0.4),  # Ann's run is active
    Caller("Cid", 1.8),  # it has ended
)


def play(echo: Echo) -> None:
    """Serve, call three times, and tell both sides of the story; takes about two seconds."""
    settings = Settings(port=0, log="off", seconds_per_account=SECONDS_PER_ACCOUNT)
    mock = assemble(settings, tenant_file.of(settings), access_log.silent)
    with run.in_background(mock, settings) as url:
        echo(f"A mock of SuperOffice is on {url}; an account takes {SECONDS_PER_ACCOUNT} s.")
        echo("Three callers send the sample of the vendor's page, two accounts, by Basic tje0:\n")
        echo(f"  POST {PATH}\n")
        seen = _calls(url)
        exchanges = _get(url, "/_mock/requests")["requests"]
    for line in _story(seen, exchanges):
        echo(line)


def _calls(url: str) -> list[Seen]:
    started = time.monotonic()

    def call(caller: Caller) -> Seen:
        # The one place that lets real time pass: the demo is about what a clock on a wall shows.
        threading.Event().wait(max(started + caller.at - time.monotonic(), 0))
        return _post(url)

    with ThreadPoolExecutor(len(CALLERS)) as pool:
        futures: list[Future[Seen]] = [pool.submit(call, caller) for caller in CALLERS]
        return [future.result() for future in futures]


def _connection(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)


def _post(url: str) -> Seen:
    connection = _connection(url)
    sent = time.monotonic()
    connection.request("POST", PATH, SAMPLE, HEADERS)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return Seen(answer.status, time.monotonic() - sent)


def _get(url: str, path: str) -> Any:  # noqa: ANN401 - JSON
    connection = _connection(url)
    connection.request("GET", path)
    content = json.loads(connection.getresponse().read())
    connection.close()
    return content


def _story(seen: list[Seen], exchanges: list[Any]) -> Iterator[str]:
    in_order = sorted(exchanges, key=lambda one: one["at"])
    yield click.style("who  when   saw               what really happened", bold=True)
    for caller, saw, exchange in zip(CALLERS, seen, in_order, strict=True):
        told = f"{saw.status} after {saw.took:.2f} s"
        outcome = exchange["outcome"]
        truth = click.style(outcome.replace("_", " "), fg=_COLORS[outcome])
        yield f"{caller.name}  {caller.at:.1f} s  {told:<16}  {truth}: {exchange['reason']}"
    yield ""
    yield "Three times the same answer. But Bob's call synced nothing, and he can't know."
    yield "A test can: it reads GET /_mock/requests. Your own: superoffice-mock serve"
