"""A 204 leaves in one write; where something wraps `send`, as messages, and as the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.readings import Readings
from superoffice_mock.server.run import in_background
from tests.e2e.raw_http import Connection, Raw, request


class Served(NamedTuple):
    """An application and nothing to close."""

    app: ASGIApp

    def close(self, _: str) -> None:
        """Let nobody wait: nobody does."""


class Address(NamedTuple):
    """Where a server listens, for a socket."""

    address: tuple[str, int]


@contextmanager
def serving(app: ASGIApp, settings: Settings) -> Iterator[Connection]:
    """Serve *app* on a free port; yield a connection to it."""
    with in_background(Served(app), settings) as url:
        parts = urlsplit(url)
        with Connection(Address((str(parts.hostname), int(parts.port or 0)))) as connection:
            yield connection


def settled(no_content_type: str) -> tuple[ASGIApp, Settings]:
    readings = Readings(no_content_type=no_content_type)  # type: ignore[arg-type]
    settings = Settings(port=0, log="off", seconds_per_account=0, readings=readings)
    return assemble(settings, tenant_file.of(settings), access_log.silent).app, settings


def answers(connection: Connection) -> list[Raw]:
    """Call twice on a connection that stays, then once on one that the caller closes."""
    kept = [connection.send(request()).answer() for _ in range(2)]
    last = connection.send(request(Connection="close")).answer()
    assert connection.rest() == b""
    return [*kept, last]


@pytest.mark.claim("no-content", "no-body", "no-content-type")
@pytest.mark.parametrize("no_content_type", ["absent", "as-sampled"])
def test_wrapped_or_not_the_bytes_are_the_same(no_content_type: str) -> None:
    app, settings = settled(no_content_type)
    seen: list[str] = []

    async def wrapping(scope: Scope, receive: Receive, send: Send) -> None:
        async def watched(message: Message) -> None:
            seen.append(message["type"])
            await send(message)

        await app(scope, receive, watched)

    with serving(app, settings) as connection:
        direct = answers(connection)
    with serving(wrapping, settings) as connection:
        wrapped = answers(connection)
    assert seen == ["http.response.start", "http.response.body"] * 3
    assert [one.without_date for one in direct] == [one.without_date for one in wrapped]
    assert [one.headers.get("connection") for one in direct] == [None, None, "close"]
