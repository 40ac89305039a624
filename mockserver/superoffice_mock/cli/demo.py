"""`superoffice-mock demo`: three clients call a mock, and only its journal shows what happened."""

import json
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final

import click

from superoffice_contract.control.answers import Exchange, Journal
from superoffice_contract.control.client import ControlClient
from superoffice_contract.control.connection import make_route
from superoffice_contract.operations import sync_email_accounts
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.cli.base import Command
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.server import run

SECONDS_PER_ACCOUNT: Final = 1.5
OPERATION: Final = sync_email_accounts.operation()
HEADERS: Final = {
    "Authorization": "Basic dGplMDpUamUw",  # tje0:Tje0, the page's sample
    "Accept": "application/json; charset=utf-8",
    "Accept-Language": "*",
    "Content-Type": "application/json; charset=utf-8",
}
SAMPLE: Final = json.dumps(OPERATION.sample)
_COLORS: Final = {"started": "green", "turned_away": "yellow"}


CLIENTS: Final = {
    "Ann": 0.0,
    "Bob": 0.4,  # the run of Ann's call is active
    "Cid": 1.8,  # it has ended
}
"""The name of each client, and how many seconds after the first it calls."""
Answer = tuple[int, float]
"""All that a client can see of its call: the status and the seconds until it came."""


@click.command("demo", cls=Command)
def command() -> None:
    """Show what clients can't see, with three calls to a mock."""
    settings = Settings(port=0, log="off", seconds_per_account=SECONDS_PER_ACCOUNT)
    mock = assemble(settings, tenant_file.load_tenants(settings), access_log.log_nothing)
    with run.serve_in_background(mock, settings) as url:
        click.echo(f"The mock is on {url}; syncing an account takes {SECONDS_PER_ACCOUNT} s.")
        click.echo("Three clients send the page's sample, two accounts, as Basic tje0:\n")
        click.echo(f"  POST {OPERATION.path}\n")
        answers = _call_all(url)
        with closing(ControlClient(url)) as client:
            exchanges = client.control("GET", "requests", Journal).requests
    for line in _comparison(answers, exchanges):
        click.echo(line)


def _call_all(url: str) -> list[Answer]:
    start = time.monotonic()

    def call(at: float) -> Answer:
        # Real time passes here, and only here: the demo shows what clients measure.
        time.sleep(max(start + at - time.monotonic(), 0))
        return _post(url)

    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        return list(pool.map(call, CLIENTS.values()))


def _post(url: str) -> Answer:
    connection = make_route(url, timeout=10).connect()
    start = time.monotonic()
    connection.request("POST", OPERATION.path, SAMPLE, HEADERS)
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.status, time.monotonic() - start


def _comparison(answers: list[Answer], exchanges: Iterable[Exchange]) -> Iterator[str]:
    in_order = sorted(exchanges, key=lambda exchange: exchange.at)
    yield click.style("who  when   answer            what really happened", bold=True)
    for (name, at), (status, seconds), exchange in zip(
        CLIENTS.items(), answers, in_order, strict=True
    ):
        visible = f"{status} after {seconds:.2f} s"
        truth = click.style(exchange.outcome.replace("_", " "), fg=_COLORS[exchange.outcome])
        yield f"{name}  {at:.1f} s  {visible:<16}  {truth}: {exchange.reason}"
    yield ""
    yield "All three got the same answer, but Bob's call synced nothing. Bob's app could"
    yield "see that only in LastFetch of its accounts. A test reads GET /_mock/requests"
    yield "and GET /_mock/accounts. Try it: superoffice-mock serve"
