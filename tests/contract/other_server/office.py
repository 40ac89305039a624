"""A server in this process with the calls about accounts, in real time, and without `/_mock/`."""

import asyncio
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qsl

NO_CACHE: Final = ((b"cache-control", b"no-cache"), (b"pragma", b"no-cache"), (b"expires", b"-1"))
NEVER: Final = "0001-01-01T00:00:00"
TASKS: Final = 10
_ID: Final = re.compile(rb"AccountId(?:%5D)?\W{0,3}?(-?\d+)")


@dataclass(frozen=True, slots=True)
class OfficeBehavior:
    """What the server does; the defaults keep the contract.

    These are lawful: any number of *accounts*, runs of any length, *whole_seconds* in LastFetch,
    accounts that are *failing*, *blocking* runs, *statuses* of calls that it does not have. All
    else is a defect.
    """

    accounts: int = 12
    seconds: float = 0.05
    whole_seconds: bool = False
    failing: frozenset[int] = frozenset()
    blocking: bool = False
    statuses: Mapping[str, int] = field(default_factory=dict)
    tasks: int = TASKS
    fetched_at_end: bool = False
    never_fetched: bool = False
    fetches_turned_away: bool = False
    without_effect: frozenset[str] = frozenset()
    one_needs_lease: bool = False


class Office:
    """One installation: an ASGI application."""

    def __init__(self, behavior: OfficeBehavior) -> None:
        self.behavior = behavior
        ids = range(1, behavior.accounts + 1)
        self.fetched = dict.fromkeys(ids, NEVER)
        self.errors = dict.fromkeys(ids, 0)
        self.run: asyncio.Task[None] | None = None
        self.others = set[asyncio.Task[None]]()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        body = (await receive()).get("body", b"")
        name = scope["path"].rpartition("/")[2]
        headers = dict(scope["headers"])
        query = {key.lower(): value for key, value in parse_qsl(scope["query_string"].decode())}
        handle = getattr(self, f"answer_{name.lower()}", None)
        status: int = self.behavior.statuses.get(name, 200 if handle else 404)
        content: object = {"Message": "no"}
        if status == 200 and handle is not None:
            status, content = await handle(query, body, headers.get(b"content-type", b"").decode())
        is_xml = headers.get(b"accept") == b"application/xml" and status == 200
        text = b"" if status == 204 else _xml(content) if is_xml else json.dumps(content).encode()
        kind = b"application/xml" if is_xml else b"application/json"
        kinds = () if status == 204 else ((b"content-type", kind),)
        start = {"type": "http.response.start", "status": status, "headers": [*NO_CACHE, *kinds]}
        await send(start)
        await send({"type": "http.response.body", "body": text})

    async def answer_getreadysyncemailaccounts(self, *_: object) -> tuple[int, object]:
        """List all accounts."""
        return 200, [{"AccountId": id_} for id_ in self.fetched]

    async def answer_getemailaccount(self, query: dict[str, str], *_: object) -> tuple[int, object]:
        """Return an account."""
        text = query.get("emailaccountid", "")
        if not text.isdecimal():
            return 400, {"Message": "no number"}
        id_ = int(text)
        if id_ not in self.fetched:
            return 200, None
        account = {
            "EMailAccountId": id_,
            "EMailAddress": "a@b.example",
            "ErrorCount": self.errors[id_],
            "LastFetch": self.fetched[id_],
        }
        selected = query.get("$select", ",".join(account)).split(",")
        return 200, {name: value if name in selected else None for name, value in account.items()}

    async def answer_syncemailaccounts(
        self, _: object, body: bytes, content_type: str
    ) -> tuple[int, object]:
        """Start a run, unless one is under way."""
        ids = [int(text) for text in _ID.findall(body)]
        if self.run is not None and not self.run.done():
            await asyncio.sleep(1)
            if self.behavior.fetches_turned_away:
                self.fetch(ids)
            return 204, None
        ids = [] if content_type in self.behavior.without_effect else ids
        self.run = asyncio.create_task(self.sync(ids))
        if self.behavior.blocking:
            await self.run
        return 204, None

    async def answer_syncemailaccount(
        self, query: object, body: bytes, content_type: str
    ) -> tuple[int, object]:
        """Sync one account."""
        if self.behavior.one_needs_lease:
            return await self.answer_syncemailaccounts(query, body, content_type)
        self.others.add(asyncio.create_task(self.sync([int(text) for text in _ID.findall(body)])))
        return 204, None

    async def sync(self, ids: list[int]) -> None:
        """Fetch the accounts *ids*, some at a time."""
        tasks = asyncio.Semaphore(self.behavior.tasks)

        async def sync_one(id_: int) -> None:
            async with tasks:
                await asyncio.sleep(self.behavior.seconds)
                if not self.behavior.fetched_at_end:
                    self.fetch([id_])

        await asyncio.gather(*map(sync_one, ids))
        if self.behavior.fetched_at_end:
            self.fetch(ids)

    def fetch(self, ids: list[int]) -> None:
        """Set LastFetch of *ids* to now."""
        now = datetime.now(UTC)
        for id_ in ids:
            if id_ in self.behavior.failing:
                self.errors[id_] += 1
            elif id_ in self.fetched and not self.behavior.never_fetched:
                timespec = "seconds" if self.behavior.whole_seconds else "microseconds"
                self.fetched[id_] = now.isoformat(timespec=timespec)


def _xml(value: Any) -> bytes:
    if isinstance(value, list):
        items = (f"<SyncUserAccount>{_members(item)}</SyncUserAccount>" for item in value)
        return f"<ArrayOfSyncUserAccount>{''.join(items)}</ArrayOfSyncUserAccount>".encode()
    return f"<EMailAccount>{_members(value)}</EMailAccount>".encode()


def _members(value: dict[str, Any]) -> str:
    return "".join(f"<{name}>{member}</{name}>" for name, member in value.items())
