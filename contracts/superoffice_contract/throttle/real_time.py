"""Checks of the throttle by the clock on the wall: real time, few calls, the first tenant alone."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import msgspec

from superoffice_contract.checks.check import EffectCheck, Effects
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.readings import READINGS, ReadingSign
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Request, Response
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


class StartedRun(msgspec.Struct, frozen=True):
    """A call that has started a run: how it was answered, and how long a run is, if known.

    A blocking run has ended when its call is answered, so there `again` starts another.
    """

    run: Literal["detached", "blocking"]
    first: Response
    seconds: float | None


class RealTimeDriver(msgspec.Struct, frozen=True):
    """One tenant, watched by calling it."""

    caller: Client
    scene: CheckContext

    @property
    def good(self) -> Request:
        """A call that starts a run if the lease is free."""
        return self.scene.post(GOOD, JSON)

    @property
    def empty(self) -> Request:
        """A call with an empty list."""
        return self.scene.post(b'{"SyncUserAccounts":[]}', JSON)

    async def begun(self) -> StartedRun | None:
        """Call until a run has begun. Return None if none of `MOST_TRIES` calls shows one.

        Callers who try for a second and come one behind the other wait as long as for a blocking
        run; a pause in between tells the two apart.
        """
        told = before = self.scene.run_seconds
        rested = False
        for _ in range(MOST_TRIES):
            seen = await self.caller.send(self.good)
            if seen.seconds < FREE:
                return StartedRun("detached", seen, told)
            alike = before is not None and abs(seen.seconds - before) < ALIKE
            if alike and rested:
                return StartedRun("blocking", seen, seen.seconds)
            if told is None:
                before = None if is_second(seen) else seen.seconds
            rested = alike or told is not None
            if rested:
                await asyncio.sleep(told or PAUSE)
        return None

    async def during(
        self, begun: StartedRun, asks: list[Request], *, after: float = LEAD
    ) -> list[Response]:
        """Send *asks* together into a run: the one that has *begun*, or another if that blocked."""
        if begun.run == "detached":
            return await self.caller.send_together(asks)
        owner = asyncio.ensure_future(self.caller.send(self.good))
        await asyncio.sleep(after)
        seen = await self.caller.send_together(asks)
        await owner
        return seen

    async def hung_up(self, after: float = LEAD) -> None:
        """Call, and hang up *after* so many seconds."""
        call = asyncio.ensure_future(self.caller.send(self.good))
        await asyncio.wait([call], timeout=after)
        call.cancel()
        await asyncio.wait([call])
        await asyncio.sleep(LEAD)

    async def until_free(self, ask: Request) -> tuple[Response, int] | None:
        """Send *ask* until an answer takes no second; return that, and how many did take one."""
        for turned_away in range(MOST_TRIES):
            seen = await self.caller.send(ask)
            if not is_second(seen):
                return seen, turned_away
        return None


def is_second(seen: Response) -> bool:
    """Tell whether an answer took as long as that of a call that is turned away."""
    return BUSY_SECOND[0] <= seen.seconds <= BUSY_SECOND[1]


APART: Final = 0.05
"""Seconds between two calls that may both have started, one run after the other."""


TOO_LONG: Final = f"a run lasts longer than {MOST_TRIES} calls wait; say --run-seconds"


TOO_SHORT: Final = "its runs are over before anybody else comes"


TOO_MUCH_ALIKE: Final = "its runs last about as long as a call that is turned away"


NOT_SEEN: Final = "the wire does not show how many accounts a run syncs"


NO_LENGTH: Final = "a run for nobody has no length, so it looks like no run"


async def throttle_on_the_wire(watch: RealTimeDriver) -> Effects:
    """A call during a run is answered as the one that started it, a second later."""
    scene = watch.scene
    yield ReadingSign("tasks", scene.tenant.id, None, NOT_SEEN)
    begun = await watch.begun()
    if begun is None:
        yield _never_free(scene)
        return
    for one in _followed(scene, "run", begun.run, "the call that started a run"):
        yield one
    during = await watch.during(begun, [watch.good] * 2)
    for one in _busy_seconds(scene, begun, during):
        yield one
    for seen in during:
        if seen.shape != begun.first.shape:
            what = "a call during a run was answered otherwise than the one that started it"
            yield Finding(scene.tenant.id, what, ("same-answer", "silent-drop"))


def _never_free(scene: CheckContext) -> Finding:
    what = (
        f"none of {MOST_TRIES} calls was answered within {FREE} s: is it always busy? If its calls "
        "wait for runs that last about a second, say --run-seconds"
    )
    return Finding(scene.tenant.id, what, ("lease-end", "run-detached"))


def _followed(
    scene: CheckContext, reading: str, value: str, why: str
) -> Iterator[Finding | ReadingSign]:
    """Yield the sign that *value* is followed, and what is wrong if another was told."""
    yield ReadingSign(reading, scene.tenant.id, value, why)
    told = scene.readings.get(reading, value)
    if told != value:
        what = f"{why} shows {reading}={value}, expected {reading}={told}"
        yield Finding(scene.tenant.id, what, READINGS[reading])


def _busy_seconds(
    scene: CheckContext, begun: StartedRun, during: Sequence[Response]
) -> Iterator[Finding]:
    """Yield each call of *during* that took no second, but for those that may have started.

    Who tries for a second starts when a run ends, and no two start together.
    """
    odd = sorted((one for one in during if not is_second(one)), key=lambda one: one.seconds)
    tries = "try-for-1s" in scene.values("busy", "wait-then-drop", "try-for-1s")
    freed = begun.seconds is None or begun.seconds - LEAD < BUSY_SECOND[1]
    before = 0.0
    for seen in odd:
        late = begun.run == "detached" and seen.seconds > BUSY_SECOND[1]
        if late or not (tries and freed and seen.seconds - before > APART):
            what = f"a call during a run took {seen.seconds:.2f} s, expected 1 s"
            yield Finding(scene.tenant.id, what, ("busy-second", "single-run"))
        before = seen.seconds


async def lease_on_the_wire(watch: RealTimeDriver) -> Effects:
    """The lease ends with the run, for whoever waits, for an empty list, and after a hang-up."""
    begun: StartedRun | None = None
    for look in (_waiting, _for_nobody, _hung_up):
        if begun is None or begun.run == "detached":
            begun = await watch.begun()
        if begun is None:
            yield _never_free(watch.scene)
            return
        async for one in look(watch, begun):
            yield one


async def _waiting(watch: RealTimeDriver, begun: StartedRun) -> Effects:
    """A call that waits as a run ends is dropped, or starts: one or the other."""
    scene = watch.scene
    looked = _at_the_end if begun.run == "detached" else _at_the_end_of_a_blocking_run
    value, why = await looked(watch, begun)
    if value is None:
        yield ReadingSign("busy", scene.tenant.id, None, why)
        return
    for one in _followed(scene, "busy", value, why):
        yield one


async def _at_the_end(watch: RealTimeDriver, begun: StartedRun) -> tuple[str | None, str]:
    """Return how a call fares that waits as a run ends, which one of two offsets hits well."""
    dropped = 0
    for offset in (0.0, 0.5):
        await asyncio.sleep(max(0.0, (begun.seconds or 0.0) - BEFORE_THE_END) + offset)
        found = await watch.until_free(watch.good)
        if found is None:
            return None, TOO_LONG
        seen, turned_away = found
        if seen.seconds > AT_ONCE:
            return "try-for-1s", f"a call that waited {seen.seconds:.2f} s"
        dropped += turned_away
    return ("wait-then-drop", "calls as a run ended") if dropped else (None, TOO_SHORT)


async def _at_the_end_of_a_blocking_run(
    watch: RealTimeDriver, begun: StartedRun
) -> tuple[str | None, str]:
    length = begun.seconds or 0.0
    left = min(0.5, length / 2)
    if abs(left + length - 1) < ALIKE:
        return None, TOO_MUCH_ALIKE
    (seen,) = await watch.during(begun, [watch.good], after=length - left)
    tried = abs(seen.seconds - left - length) < abs(seen.seconds - 1)
    why = f"a call {left:.2f} s before the end of a run, answered after {seen.seconds:.2f} s"
    return ("try-for-1s" if tried else "wait-then-drop"), why


async def _for_nobody(watch: RealTimeDriver, begun: StartedRun) -> Effects:
    """An empty list is turned away during a run, and else answered at once."""
    scene = watch.scene
    (busy,) = await watch.during(begun, [watch.empty])
    wrong = [*_busy_seconds(scene, begun, [busy])]
    for one in wrong:
        yield Finding(one.where, f"{one.what}; its list was empty", ("empty-busy", *one.claims))
    if wrong or begun.run == "blocking":
        yield ReadingSign("empty", scene.tenant.id, None, NO_LENGTH)
        return
    if await watch.until_free(watch.empty) is None:
        yield ReadingSign("empty", scene.tenant.id, None, TOO_LONG)
        return
    after = await watch.caller.send(watch.good)
    if not is_second(after):
        yield ReadingSign("empty", scene.tenant.id, None, NO_LENGTH)
        return
    for sign in _followed(scene, "empty", "runs", "a call after one with an empty list"):
        yield sign


async def _hung_up(watch: RealTimeDriver, begun: StartedRun) -> Effects:
    """A caller who hangs up does not end the run of somebody else."""
    scene = watch.scene
    await watch.hung_up()
    after = await watch.caller.send(watch.good)
    if begun.run == "blocking":
        for one in _owner_gone(scene, begun, after):
            yield one
        return
    yield ReadingSign(
        "disconnect", scene.tenant.id, None, "the wire shows it of blocking runs alone"
    )
    wrong = [*_busy_seconds(scene, begun, [after])]
    if wrong and not await _over_already(watch):
        what = f"{wrong[0].what}: somebody else, who was turned away, had hung up"
        yield Finding(scene.tenant.id, what, ("disconnect-counts", *wrong[0].claims))


async def _over_already(watch: RealTimeDriver) -> bool:
    """Tell whether a run ends so soon that nobody had to hang up for it."""
    begun = await watch.begun()
    await asyncio.sleep(LEAD)
    after = await watch.caller.send(watch.good)
    return begun is None or after.seconds < AT_ONCE


def _owner_gone(
    scene: CheckContext, begun: StartedRun, after: Response
) -> Iterator[Finding | ReadingSign]:
    length = begun.seconds or 0.0
    if abs(length - 1) < ALIKE:
        yield ReadingSign("disconnect", scene.tenant.id, None, TOO_MUCH_ALIKE)
        return
    withdrew = abs(after.seconds - length) < ALIKE
    value = "withdraws" if withdrew else "still-counts"
    yield from _followed(scene, "disconnect", value, "a call after somebody hung up on a run")


def _check(
    name: str, claims: tuple[str, ...], look: Callable[[RealTimeDriver], Effects]
) -> EffectCheck:
    async def run(caller: Client, scenes: Sequence[CheckContext]) -> Effects:
        async for one in look(RealTimeDriver(caller, scenes[0])):
            yield one

    return EffectCheck(name, claims, run)


WALL_CHECKS: Final = (
    _check(
        "throttle-on-the-wire",
        ("busy-second", "single-run", "run-detached", "same-answer", "silent-drop", "lease-end"),
        throttle_on_the_wire,
    ),
    _check(
        "lease-on-the-wire",
        ("busy-drop", "lease-end", "empty-busy", "empty-no-run", "disconnect-counts"),
        lease_on_the_wire,
    ),
)
"""Checks for servers without `/_mock/`."""
