"""`superoffice-mock demo`: three clients call a mock, and only its journal shows what happened."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
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

SECONDS_PER_ACCOUNT: Final = 1.5
PATH: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
HEADERS: Final = {
    "Authorization": "Basic dGplMDpUamUw",  # tje0:Tje0, the page's sample
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
_COLORS: Final = {"started": "green", "turned_away": "yellow"}


class Client(msgspec.Struct, frozen=True):
    """A client that calls once, *at* seconds after the first."""

    name: str
    at: float


class Answer(msgspec.Struct, frozen=True):
    """All that a client can see of its call."""

    status: int
    seconds: float


CLIENTS: Final = (
    Client("Ann", 0.0),
    Client("Bob", 0.4),  # the run of Ann's call is active
    Client("Cid", 1.8),  # it has ended
)


@click.command("demo", cls=Command)
def command() -> None:
    """Show what clients can't see, with three calls to a mock."""
    settings = Settings(port=0, log="off", seconds_per_account=SECONDS_PER_ACCOUNT)
    mock = assemble(settings, tenant_file.load_tenants(settings), access_log.log_nothing)
    with run.serve_in_background(mock, settings) as url:
        click.echo(f"The mock is on {url}; syncing an account takes {SECONDS_PER_ACCOUNT} s.")
        click.echo("Three clients send the page's sample, two accounts, as Basic tje0:\n")
        click.echo(f"  POST {PATH}\n")
        answers = _call_all(url)
        exchanges = _get(url, "/_mock/requests")["requests"]
    for line in _comparison(answers, exchanges):
        click.echo(line)


def _call_all(url: str) -> list[Answer]:
    start = time.monotonic()

    def call(client: Client) -> Answer:
        # Real time passes here, and only here: the demo shows what clients measure.
        threading.Event().wait(max(start + client.at - time.monotonic(), 0))
        return _post(url)

    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        futures: list[Future[Answer]] = [pool.submit(call, client) for client in CLIENTS]
        return [future.result() for future in futures]


def _connect(url: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)


def _post(url: str) -> Answer:
    connection = _connect(url)
    start = time.monotonic()
    connection.request("POST", PATH, SAMPLE, HEADERS)
    response = connection.getresponse()
    response.read()
    connection.close()
    return Answer(response.status, time.monotonic() - start)


def _get(url: str, path: str) -> Any:  # noqa: ANN401 - JSON
    connection = _connect(url)
    connection.request("GET", path)
    content = json.loads(connection.getresponse().read())
    connection.close()
    return content


def _comparison(answers: list[Answer], exchanges: list[Any]) -> Iterator[str]:
    in_order = sorted(exchanges, key=lambda exchange: exchange["at"])
    yield click.style("who  when   answer            what really happened", bold=True)
    for client, answer, exchange in zip(CLIENTS, answers, in_order, strict=True):
        visible = f"{answer.status} after {answer.seconds:.2f} s"
        outcome = exchange["outcome"]
        truth = click.style(outcome.replace("_", " "), fg=_COLORS[outcome])
        yield f"{client.name}  {client.at:.1f} s  {visible:<16}  {truth}: {exchange['reason']}"
    yield ""
    yield "All three got the same answer, but Bob's call synced nothing. Bob can't see"
    yield "that. A test can: it reads GET /_mock/requests. Try it: superoffice-mock serve"
