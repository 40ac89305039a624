"""A mock in this process that answers from recordings, and entries that say when they were."""

import asyncio

from msgspec.structs import replace

from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.recordings.model import Entry
from superoffice_mock.replay import player
from superoffice_mock.replay.player import Recorded, Rules
from superoffice_mock.webapi import replay_backend
from tests.support.in_process import Answered, Local
from tests.support.recordings import entry

RULES = Rules()
SETTINGS = Settings()


class Replaying(Local):
    """Answers what *entries* say, as *rules* say."""

    def __init__(
        self,
        *entries: Entry,
        rules: Rules = RULES,
        simulate: bool = False,
        settings: Settings = SETTINGS,
    ) -> None:
        super().__init__()
        facts = tenant_file.tenants(tenant_file.demo(), "the test", 5.0, settings.readings)
        found, longest = placed(*entries), settings.max_body
        instead = replay_backend.instead(found, rules, longest, simulate=simulate)
        self.mock = assemble(settings, facts, access_log.silent, lambda: self.real, instead)

    async def again(self, entry: Entry) -> Answered:
        """Send the request of *entry* and return what came back."""
        request = entry.request
        _, _, rest = request.url.partition("//")
        path = "/" + rest.partition("/")[2]
        return await self.call(request.method, path, request.body or b"", list(request.headers))


def placed(*entries: Entry) -> tuple[Recorded, ...]:
    """Return *entries* as they are replayed, with the places that a file would give them.

    Those that do not say when they were come one after the other.
    """
    apart = (
        replace(one, at=(one.at or 0.0) + index) if one.at == entry().at else one
        for index, one in enumerate(entries)
    )
    places = ((f"some.har: log.entries[{index}]", one) for index, one in enumerate(apart))
    return tuple(player.recorded(list(places)))


def during(entry: Entry, at: float, took: float) -> Entry:
    """Return *entry* as it would be at *at*, answered after *took* seconds."""
    return replace(entry, at=at, elapsed=took, waited=took)


async def passing() -> None:
    """Let every task run until it waits."""
    for _ in range(50):
        await asyncio.sleep(0)
