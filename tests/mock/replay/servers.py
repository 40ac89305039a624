"""A mock in this process that answers from recordings, and entries to replay."""

import asyncio

from msgspec.structs import replace

from superoffice_contract.openapi import operations
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.recordings.model import Entry, Headers
from superoffice_mock.replay import player
from superoffice_mock.replay.player import RecordedExchange, Rules
from superoffice_mock.replay.request_key import RequestKeys
from superoffice_mock.webapi import replay_backend
from tests.support.in_process import ClientResponse, InProcessMock
from tests.support.recordings import entry

RULES = Rules()
OTHER = b'{"SyncUserAccounts": [{"AccountId": 508}]}'
RESPONSE_HEADERS: Headers = (("content-type", "application/json"), ("x-made-by", "them"))
REJECTED = entry(status=400, response_headers=RESPONSE_HEADERS, response_body=b'{"Message": "no"}')
ACCEPTED = entry(status=204)
SETTINGS = Settings()


class ReplayMock(InProcessMock):
    """Answers from *entries* according to *rules*."""

    def __init__(
        self,
        *entries: Entry,
        rules: Rules = RULES,
        simulate: bool = False,
        settings: Settings = SETTINGS,
    ) -> None:
        super().__init__()
        facts = tenant_file.load_tenants(settings)
        backend_factory = replay_backend.replay_factory(
            exchanges(*entries), rules, settings.max_body, simulate=simulate
        )
        self.mock = assemble(
            settings, facts, access_log.log_nothing, lambda: self.real_time, backend_factory
        )

    async def send(self, entry: Entry) -> ClientResponse:
        request = entry.request
        _, _, rest = request.url.partition("//")
        path = "/" + rest.partition("/")[2]
        body = b"x" * (request.length or 0) if request.body is None else request.body
        return await self.call(request.method, path, body, list(request.headers))


def exchanges(*entries: Entry) -> tuple[RecordedExchange, ...]:
    """Return *entries* as exchanges, with places as in a file.

    Entries that have the default time are spread, a second apart.
    """
    default = entry().at or 0.0
    spread = (
        replace(original, at=default + index) if original.at == default else original
        for index, original in enumerate(entries)
    )
    pairs = [(f"some.har: log.entries[{index}]", each) for index, each in enumerate(spread)]
    return tuple(player.exchanges_of(pairs, RequestKeys(operations.load())))


def during(entry: Entry, at: float, took: float) -> Entry:
    """Return *entry* with the time *at*, answered after *took* seconds."""
    return replace(entry, at=at, elapsed=took, service_time=took)


async def run_pending_tasks() -> None:
    for _ in range(50):
        await asyncio.sleep(0)
