"""A throttle watched from outside, in real time: when a run begins, and how a call fares then."""

import asyncio
from typing import Final, Literal

import msgspec

from superoffice_contract.checks.expectations import Scene
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.target.http import Ask, Caller, Seen
from superoffice_contract.throttle.timing import BUSY_SECOND, FREE

MOST_TRIES: Final = 12
LEAD: Final = 0.1
"""Seconds into a run at which somebody else comes."""
AT_ONCE: Final = 0.15
"""Seconds within which a call is answered that does not wait for a run to end."""
ALIKE: Final = 0.25
"""Seconds by which two equal lengths may differ on the wire."""
PAUSE: Final = 0.5
"""Seconds, more than `ALIKE`, between two calls that would wait for the end of one run."""
BEFORE_THE_END: Final = 1.5
"""Seconds before the end of a run, if its length is told, at which we begin to look."""


class Begun(msgspec.Struct, frozen=True):
    """A call that has started a run: how it was answered, and how long a run is, if known.

    A blocking run has ended when its call is answered, so there `again` starts another.
    """

    run: Literal["detached", "blocking"]
    first: Seen
    seconds: float | None


class Watch(msgspec.Struct, frozen=True):
    """One tenant, watched by calling it."""

    caller: Caller
    scene: Scene

    @property
    def good(self) -> Ask:
        """A call that starts a run if the lease is free."""
        return self.scene.post(GOOD, JSON)

    @property
    def empty(self) -> Ask:
        """A call with an empty list."""
        return self.scene.post(b'{"SyncUserAccounts":[]}', JSON)

    async def begun(self) -> Begun | None:
        """Call until a run has begun. Return None if none of `MOST_TRIES` calls shows one.

        Callers who try for a second and come one behind the other wait as long as for a blocking
        run; a pause in between tells the two apart.
        """
        told = before = self.scene.run_seconds
        rested = False
        for _ in range(MOST_TRIES):
            seen = await self.caller.send(self.good)
            if seen.seconds < FREE:
                return Begun("detached", seen, told)
            alike = before is not None and abs(seen.seconds - before) < ALIKE
            if alike and rested:
                return Begun("blocking", seen, seen.seconds)
            if told is None:
                before = None if is_second(seen) else seen.seconds
            rested = alike or told is not None
            if rested:
                await asyncio.sleep(told or PAUSE)
        return None

    async def during(self, begun: Begun, asks: list[Ask], *, after: float = LEAD) -> list[Seen]:
        """Send *asks* together into a run: the one that has *begun*, or another if that blocked."""
        if begun.run == "detached":
            return await self.caller.together(asks)
        owner = asyncio.ensure_future(self.caller.send(self.good))
        await asyncio.sleep(after)
        seen = await self.caller.together(asks)
        await owner
        return seen

    async def hung_up(self, after: float = LEAD) -> None:
        """Call, and hang up *after* so many seconds."""
        call = asyncio.ensure_future(self.caller.send(self.good))
        await asyncio.wait([call], timeout=after)
        call.cancel()
        await asyncio.wait([call])
        await asyncio.sleep(LEAD)

    async def until_free(self, ask: Ask) -> tuple[Seen, int] | None:
        """Send *ask* until an answer takes no second; return that, and how many did take one."""
        for turned_away in range(MOST_TRIES):
            seen = await self.caller.send(ask)
            if not is_second(seen):
                return seen, turned_away
        return None


def is_second(seen: Seen) -> bool:
    """Tell whether an answer took as long as that of a call that is turned away."""
    return BUSY_SECOND[0] <= seen.seconds <= BUSY_SECOND[1]
