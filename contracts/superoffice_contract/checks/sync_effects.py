"""Checks of what syncs do, as LastFetch shows it: on any server that has the calls for that.

In real time all of it is bounded. A mock has a temporary tenant for it, whose clock jumps to the
end of the next task when nothing but looks arrive.
"""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from superoffice_contract.checks.check import EffectCheck, Observations
from superoffice_contract.checks.email_agent import EMailAgent, open_agent
from superoffice_contract.checks.payloads import JSON, good_body, with_account
from superoffice_contract.control.answers import Nothing
from superoffice_contract.errors import NotObservableError
from superoffice_contract.grading.calls import BUSY_SECOND
from superoffice_contract.operations import sync_email_account
from superoffice_contract.operations.sync_email_accounts import encode_ids
from superoffice_contract.operations.sync_state import Fetch
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Response

MAX_TASKS: Final = 10  # claim task-cap
LONGEST_RUN: Final = 4.0
"""Seconds until the accounts of a run must be fetched; else its runs are too long to look at."""
MOST_SECONDS: Final = 8.0
"""Seconds after which no more media types are tried."""
MIN_RUN: Final = 1.3
"""Seconds that a run must take to show what becomes of a call that is turned away."""
POLL_SECONDS: Final = 0.1
MOCK_SECONDS: Final = 1.0
WHOLE_SECOND: Final = 1.1
MAX_TRIES: Final = 3
TWICE: Final = 2
"""How often a defect must show, as other clients may sync the same accounts."""
CLAIMS: Final = (
    *("last-fetch", "last-fetch-task", "task-cap"),
    *("single-sync-no-throttle", "silent-drop", "same-effect"),
)


async def check_sync_effects(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """Yield a finding for each effect of a sync that LastFetch does not show, or shows wrongly."""
    async with open_agent(client, contexts[0]) as agent:
        async for outcome in _check(_Observer(agent)):
            yield outcome


class _Observer:
    """Starts syncs, and looks at LastFetch."""

    def __init__(self, agent: EMailAgent) -> None:
        self.agent = agent
        self.context = agent.context
        self._advanced = 0.0
        self.begun = self.now
        self.fetches: dict[int, Fetch] = {}
        self.run_seconds = 0.0

    @property
    def now(self) -> float:
        """The seconds that have passed, on the clock of a mock or in real time."""
        return self._advanced if self.context.has_control else asyncio.get_running_loop().time()

    def where(self, detail: str) -> str:
        return f"{self.context.tenant.id}, {detail}"

    async def start(self, accounts: Sequence[int], media_type: str = JSON) -> Response:
        """Ask for a sync of *accounts*; of one of them, if it is not in JSON."""
        if media_type == JSON:
            request = self.context.post(encode_ids(accounts), JSON)
        else:
            request = with_account(self.context.post(good_body(media_type), media_type), *accounts)
        return await self.agent.client.send(request)

    async def look(self, accounts: Collection[int]) -> None:
        """Keep the fetches of *accounts*, as they are before a sync."""
        fetches = await self.agent.find_fetches(accounts)
        self.fetches |= fetches
        if not self.context.has_control and not is_exact(fetches.values()):
            await asyncio.sleep(WHOLE_SECOND)  # else a second fetch may have the same time

    async def find_unfetched(self, accounts: Collection[int]) -> list[int]:
        """Return those of *accounts* that were not fetched since `look`, nor tried in vain."""
        fetches = await self.agent.find_fetches(accounts)
        return [
            account
            for account in accounts
            if account not in fetches
            or (fetches[account].at, fetches[account].errors)
            == (self.fetches[account].at, self.fetches[account].errors)
        ]

    @property
    def patience(self) -> float:
        """Seconds until an account must be fetched that was fetched in the first run."""
        return max(1.0, 3 * self.run_seconds)

    async def wait(self, accounts: Collection[int], seconds: float | None = None) -> list[int]:
        """Wait until *accounts* are fetched; return those that are not after so many *seconds*."""
        deadline = self.now + (self.patience if seconds is None else seconds)
        while (accounts := await self.find_unfetched(accounts)) and self.now < deadline:
            await self._pass_time()
        return list(accounts)

    async def _pass_time(self) -> None:
        """Wait a little. On a mock no time is lost: its clock is advanced."""
        if not self.context.has_control:
            await asyncio.sleep(POLL_SECONDS)
            return
        path, tenant = "clock/advance", self.context.tenant.id
        content = {"seconds": MOCK_SECONDS}
        await self.agent.client.control("POST", path, Nothing, content, tenant=tenant)
        self._advanced += MOCK_SECONDS

    def has_waited(self, response: Response) -> bool:
        """Return whether the call of *response* may have been turned away, in real time."""
        return not self.context.has_control and response.seconds >= BUSY_SECOND[0]


def is_exact(fetches: Iterable[Fetch]) -> bool:
    """Return whether the times of *fetches* are more exact than whole seconds, or none has one."""
    times = [fetch.at for fetch in fetches if fetch.at.year > 1]
    return not times or any(at.microsecond for at in times)


async def _check(observer: _Observer) -> Observations:
    accounts = await observer.agent.find_due()
    await observer.look(accounts)
    accounts = [account for account in accounts if account in observer.fetches]
    if not accounts:
        raise NotObservableError("no account that is due shows its LastFetch")
    readings = observer.context.allowed_values("tasks", "ten-at-a-time", "ten-in-all")
    first = accounts[:MAX_TASKS] if "ten-in-all" in readings else accounts
    unfetched = await _run_all(observer, accounts, first)
    for account in unfetched:
        what = "the run has ended, and LastFetch of its account did not advance"
        yield Finding(observer.where(f"account {account}"), what, ("last-fetch",))
    if unfetched:
        return
    if await observer.wait(accounts[len(first) :]):
        accounts = first  # a run syncs ten in all
    for finding in await _check_tasks(observer, accounts):
        yield finding
    if len(accounts) > 1:
        async for outcome in _check_sync_one(observer, accounts):
            yield outcome
        async for outcome in _check_turned_away(observer, accounts):
            yield outcome
    async for outcome in _check_media_types(observer, accounts):
        yield outcome


async def _run_all(observer: _Observer, accounts: Sequence[int], first: Sequence[int]) -> list[int]:
    """Sync *accounts*, and return those of the *first* that a run had not fetched when it ended.

    It has ended if another call is not turned away. Raise NotObservableError if it takes too long.
    """
    await _start_first(observer, accounts)
    started = observer.now
    unfetched = await observer.wait(first, LONGEST_RUN)
    observer.run_seconds = observer.now - started
    if not unfetched or observer.context.has_control:
        return unfetched
    if observer.has_waited(await observer.start(accounts)):
        raise NotObservableError(
            f"runs take longer than {LONGEST_RUN:g} s, too long to look at them"
        )
    return await observer.wait(unfetched, LONGEST_RUN / 2)


async def _start_first(observer: _Observer, accounts: Sequence[int]) -> None:
    """Sync *accounts* as soon as no call is turned away, which would take a second."""
    for _ in range(MAX_TRIES):
        response = await observer.start(accounts)
        if response.status != 204:
            problem = f"a sync of accounts that are due is answered {response.status}"
            raise NotObservableError(f"{problem}, so nothing is seen")
        if not observer.has_waited(response) or response.seconds > BUSY_SECOND[1]:
            return
        await observer.look(accounts)
    raise NotObservableError("every call takes a second, so another run may be under way")


async def _check_tasks(observer: _Observer, accounts: Sequence[int]) -> list[Finding]:
    """Return a finding if more accounts than a run has tasks were fetched first, together.

    An account that has to wait for a task is fetched later than the first one, if it takes any
    time. Where every account has the same LastFetch, it may be that of the run.
    """
    fetches = await observer.agent.find_fetches(accounts)
    ends = sorted(fetch.at for fetch in fetches.values())
    together = ends.count(ends[0])
    if together <= MAX_TASKS or not (observer.context.has_control or is_exact(fetches.values())):
        return []
    what = f"{together} accounts of a run were fetched at the same moment, more than it has tasks"
    is_of_run = together == len(ends) and not observer.context.has_control
    claim = "last-fetch-task" if is_of_run else "task-cap"
    return [Finding(observer.where(f"{len(ends)} accounts"), what, (claim,))]


async def _check_sync_one(observer: _Observer, accounts: Sequence[int]) -> Observations:
    """Yield a finding if SyncEmailAccount syncs nothing while a run is under way."""
    *others, account = accounts
    body = b'{"SyncUserAccount":{"AccountId":%d}}' % account
    for _ in range(TWICE):
        await observer.look(accounts)
        await observer.start(others)
        response = await observer.agent.call(sync_email_account.NAME, body=body)
        if response.status != 204:
            yield f"{sync_email_account.NAME} is answered {response.status}"
            await observer.wait(others)
            return
        if not await observer.wait([account]):
            await observer.wait(others)
            return
        await observer.wait(others)
    what = f"{sync_email_account.NAME} during a run is answered 204, and LastFetch does not advance"
    yield Finding(observer.where(f"account {account}"), what, ("single-sync-no-throttle",))


async def _check_turned_away(observer: _Observer, accounts: Sequence[int]) -> Observations:
    """Yield a finding if a call that is turned away syncs its account.

    The run goes on after the call was answered if it fetches accounts after that.
    """
    *others, account = accounts
    if observer.run_seconds < MIN_RUN:
        yield "runs are too short to see what a call does that is turned away"
        return
    for _ in range(TWICE):
        await observer.look(accounts)
        await observer.start(others)
        await observer.start([account])
        waiting = await observer.find_unfetched(others)
        still_waiting = await observer.wait(waiting)
        is_turned_away = len(still_waiting) < len(waiting)
        if not is_turned_away or await observer.find_unfetched([account]):
            return
    what = "a call that was turned away has advanced LastFetch of its account"
    yield Finding(observer.where(f"account {account}"), what, ("silent-drop",))


async def _check_media_types(observer: _Observer, accounts: Sequence[int]) -> Observations:
    """Yield a finding for each media type that is accepted, and syncs nothing."""
    media_types = [name for name in observer.context.operation.bodies if name != JSON]
    for number, media_type in enumerate(media_types):
        if not observer.context.has_control and observer.now - observer.begun > MOST_SECONDS:
            yield f"runs are too long to try all media types: {number} of {len(media_types)}"
            return
        account = accounts[number % len(accounts)]
        if await _is_without_effect(observer, account, media_type):
            what = "a body in this media type is accepted, and LastFetch does not advance"
            yield Finding(observer.where(media_type), what, ("same-effect",))


async def _is_without_effect(observer: _Observer, account: int, media_type: str) -> bool:
    """Return whether *account* is synced by JSON, and not by an accepted body of *media_type*."""
    for name in (*(media_type,) * TWICE, JSON):
        await observer.look([account])
        response = await observer.start([account], name)
        is_fetched = response.status == 204 and not await observer.wait([account])
        if response.status != 204 or is_fetched:
            return is_fetched and name == JSON
    return False


SYNC_EFFECTS: Final = EffectCheck("sync-effects-by-last-fetch", CLAIMS, check_sync_effects)
