"""A 204 is sent in one write; a middleware that wraps `send` gets messages and the same bytes."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from superoffice_contract.openapi.readings import Readings
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.server.run import serve_in_background
from tests.e2e.raw_http import Connection, RawResponse, request
from tests.support.server_process import address_of


class ServedApp(NamedTuple):
    """An application that has nothing to close."""

    app: ASGIApp

    def close(self, _: str) -> None:
        """Do nothing: no call waits."""


class Address(NamedTuple):
    address: tuple[str, int]


@contextmanager
def serving(app: ASGIApp, settings: Settings) -> Iterator[Connection]:
    """Serve *app* on a free port; yield a connection to it."""
    with (
        serve_in_background(ServedApp(app), settings) as url,
        Connection(Address(address_of(url))) as connection,
    ):
        yield connection


def build_app(no_content_type: str) -> tuple[ASGIApp, Settings]:
    readings = Readings(no_content_type=no_content_type)  # type: ignore[arg-type]
    settings = Settings(port=0, log="off", seconds_per_account=0, readings=readings)
    return assemble(
        settings, tenant_file.load_tenants(settings), access_log.log_nothing
    ).app, settings


def read_responses(connection: Connection) -> list[RawResponse]:
    """Call twice with keep-alive and once with `Connection: close`."""
    responses = [connection.send(request()).read_response() for _ in range(2)]
    last = connection.send(request(Connection="close")).read_response()
    assert connection.read_to_end() == b""
    return [*responses, last]


@pytest.mark.claim("no-content", "no-body", "no-content-type")
@pytest.mark.parametrize("no_content_type", ["absent", "as-sampled"])
def test_a_wrapped_app_sends_the_same_bytes_as_messages(no_content_type: str) -> None:
    app, settings = build_app(no_content_type)
    message_types: list[str] = []

    async def wrapped_app(scope: Scope, receive: Receive, send: Send) -> None:
        async def recording_send(message: Message) -> None:
            message_types.append(message["type"])
            await send(message)

        await app(scope, receive, recording_send)

    with serving(app, settings) as connection:
        direct = read_responses(connection)
    with serving(wrapped_app, settings) as connection:
        wrapped = read_responses(connection)
    assert direct[0].bytes_without_date == direct[1].bytes_without_date
    assert message_types == ["http.response.start", "http.response.body"] * 3
    assert [response.bytes_without_date for response in direct] == [
        response.bytes_without_date for response in wrapped
    ]
    assert [response.headers.get("connection") for response in direct] == [None, None, "close"]
