"""Checks of the throttle in real time, with few calls, at the first tenant only.

Calls that show different things share a run. What looks wrong is tried again before it is told: the
run may have ended just then.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck, Observations
from superoffice_contract.grading.calls import BUSY_SECOND
from superoffice_contract.readings import ObservedReading
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Response
from superoffice_contract.throttle.lease import check_lease, compare_reading, report_never_free
from superoffice_contract.throttle.same_answer import ENOUGH, find_difference
from superoffice_contract.throttle.wire_driver import (
    AT_ONCE,
    LEAD,
    MAX_TRIES,
    SAME_LENGTH,
    StartedRun,
    Variant,
    WireDriver,
)

MIN_GAP: Final = 0.05
"""Seconds between two calls that may both have started, one run after the other."""
REPEATS: Final = 4
"""In how many more runs a wrong call is tried, until it was wrong in enough of them."""
PROOF, PROOF_IF_UNEVEN = 2, 3
"""In how many more runs a call must be wrong; more if the times of answers vary."""
PLAIN_CALLS, PLAIN_CALLS_IF_UNEVEN = 3, 5
"""How many plain calls would start before it if the run had ended."""
TOGETHER: Final = 3
"""How many plain calls arrive together, of which one may start a run."""
UNTIL_FREE: Final = 1.0
"""Seconds after which runs of an unknown length have probably ended, if there are several."""
MAX_ROUNDS: Final = 4
"""How many more calls are made to compare answers."""
NOT_VISIBLE: Final = "the wire does not show how many accounts a run syncs"
WRONG_WAIT: Final = "a call during a run is not answered after 1 s"


class DuringRun(msgspec.Struct, frozen=True):
    """What came for calls during *run*: *plain* for plain calls, and a response per variant."""

    run: StartedRun
    plain: Sequence[Response]
    by_variant: Mapping[Variant, Response]


async def check_throttle(driver: WireDriver) -> Observations:
    """Yield a finding for each call during a run that is not answered as the first, after 1 s."""
    context = driver.context
    yield ObservedReading("tasks", context.tenant.id, None, NOT_VISIBLE)
    await driver.measure_latency()
    run = await driver.start_run()
    if run is None:
        yield report_never_free(context)
        return
    for outcome in compare_reading(context, "run", run.kind, "the call that started a run"):
        yield outcome
    variants = driver.credential_variants()
    if run.kind == "blocking":  # each more experiment would take a whole run
        variants += driver.media_type_variants()
    observed = await _observe(driver, run, variants, plain_count=2)
    wrong_plain = await _confirm_plain(driver, observed)
    for response in wrong_plain:
        where = f"{context.tenant.id}, the same call again: {response.seconds:.2f} s"
        yield Finding(where, WRONG_WAIT, ("busy-second",))
    if not wrong_plain:
        async for finding in _check_variants(driver, observed):
            yield finding
        if run.kind == "detached":
            async for finding in _check_together(driver):
                yield finding
    async for finding in _check_same_answer(driver):
        yield finding


# ---- calls during a run ----------------------------------------------------------------------


async def _observe(
    driver: WireDriver, run: StartedRun, variants: Sequence[Variant], plain_count: int = 1
) -> DuringRun:
    requests = [driver.plain_call] * plain_count + [variant.request for variant in variants]
    responses = await driver.send_during(run, requests)
    plain = responses[:plain_count]
    _keep_turned_away(driver, run.response, plain)
    return DuringRun(run, plain, dict(zip(variants, responses[plain_count:], strict=True)))


def _keep_turned_away(driver: WireDriver, started: Response, plain: Sequence[Response]) -> None:
    """Keep those of the *plain* calls that were turned away, be it with another status."""
    for response in plain:
        if driver.is_busy_second(response) or response.status != started.status:
            driver.add_plain(response, started=False)


async def _observe_next(driver: WireDriver, variants: Sequence[Variant]) -> DuringRun:
    """Send *variants* during the run that is under way, or during a new one.

    A plain call before them starts that if it is answered at once.
    """
    call = asyncio.ensure_future(driver.send(driver.plain_call))
    await asyncio.wait([call], timeout=AT_ONCE + driver.latency)
    if call.done() and driver.has_started(call.result()):
        driver.add_plain(call.result(), started=True)
        return await _observe(driver, StartedRun("detached", call.result(), None), variants)
    requests = [variant.request for variant in variants]
    plain, responses = await asyncio.gather(call, driver.send_together(requests))
    run = StartedRun("detached", driver.started[0].response, None)
    _keep_turned_away(driver, run.response, [plain])
    return DuringRun(run, [plain], dict(zip(variants, responses, strict=True)))


async def _check_together(driver: WireDriver) -> Observations:
    """Yield a finding if of calls that arrive together several start a run, again and again."""
    await asyncio.sleep(driver.context.run_seconds or UNTIL_FREE)
    rounds = 0
    for _ in range(MAX_TRIES * PROOF):
        responses = await driver.send_together([driver.plain_call] * TOGETHER)
        started = [response for response in responses if driver.has_started(response)]
        if not started:
            continue
        driver.add_plain(started[0], started=True)
        turned_away = [response for response in responses if response not in started]
        _keep_turned_away(driver, started[0], turned_away)
        rounds += 1
        if len(started) == 1:
            return
        if rounds > PROOF:  # one alone may come as the run of another ends
            what = "of calls that arrive together several start a run"
            yield Finding(driver.context.tenant.id, what, ("simultaneous",))
            return


async def _confirm_plain(driver: WireDriver, observed: DuringRun) -> list[Response]:
    """Return the plain calls that have waited wrongly, unless other runs show otherwise."""
    plain = _find_wrong_plain(driver, observed)
    if not plain or any(response.status >= 300 for response in observed.plain):
        return []  # a refusal is told as another answer
    is_alone = len(plain) < len(observed.plain)  # it may have come as the run ended
    for _ in range(PROOF if is_alone else PROOF - 1):
        run = await driver.start_run()
        if run is None:
            return plain
        again = await _observe(driver, run, (), plain_count=2)
        if len(_find_wrong_plain(driver, again)) < len(plain):
            return []
    return plain


def _find_wrong_plain(driver: WireDriver, observed: DuringRun) -> list[Response]:
    """Return the plain calls that have waited wrongly.

    One alone has done so only if it did not wait at all: it may have started the next run.
    """
    wrong = find_wrong_waits(driver, observed)
    plain = [response for response in observed.plain if response in wrong]
    if len(plain) == len(observed.plain):
        return plain
    return [response for response in plain if response.seconds < driver.latency + LEAD]


async def _check_variants(driver: WireDriver, observed: DuringRun) -> Observations:
    """Yield a finding for each variant that starts a run while one is under way."""
    suspects = [*_find_suspects(driver, observed)]
    if observed.run.kind == "detached":
        variants = driver.media_type_variants() + driver.spelling_variants()
        suspects += _find_suspects(driver, await _observe_next(driver, variants))
    for variant, response in (await _confirm(driver, suspects)).items():
        where = f"{driver.context.tenant.id}, {variant.name}: {response.seconds:.2f} s"
        if driver.is_at_once(response) or observed.run.kind == "blocking":
            yield Finding(where, variant.problem, ("single-run",))
        else:
            yield Finding(where, WRONG_WAIT, ("busy-second",))


async def _confirm(driver: WireDriver, suspects: Sequence[Variant]) -> dict[Variant, Response]:
    """Return the last wrong response of each of the *suspects* that is wrong in more runs.

    A variant with a lease of its own may meet that of its last call, so one right answer clears
    nobody.
    """
    is_uneven = driver.jitter > MIN_GAP / 2
    proof = PROOF_IF_UNEVEN if is_uneven else PROOF
    plain_count = PLAIN_CALLS_IF_UNEVEN if is_uneven else PLAIN_CALLS
    wrong_counts, right_counts = Counter[Variant](), Counter[Variant]()
    wrong: dict[Variant, Response] = {}
    undecided = list(suspects)
    for _ in range(REPEATS):
        run = await driver.start_run() if undecided else None
        if run is None:
            break
        during = await _observe(driver, run, undecided, plain_count)
        if not all(map(driver.is_busy_second, during.plain)):
            continue  # the run may have ended
        still_wrong = _find_suspects(driver, during)
        wrong_counts.update(still_wrong.keys())
        right_counts.update(set(undecided) - still_wrong.keys())
        wrong |= still_wrong
        undecided = [
            variant
            for variant in undecided
            if wrong_counts[variant] < proof and right_counts[variant] < PROOF
        ]
    return {variant: wrong[variant] for variant in suspects if wrong_counts[variant] >= proof}


def _find_suspects(driver: WireDriver, during: DuringRun) -> dict[Variant, Response]:
    """Return the variants that were accepted and have waited wrongly."""
    wrong = find_wrong_waits(driver, during)
    return {
        variant: response
        for variant, response in during.by_variant.items()
        if response.status < 300 and response in wrong
    }


def find_wrong_waits(driver: WireDriver, during: DuringRun) -> list[Response]:
    """Return the responses that did not take 1 s, but those of calls that may have started.

    With busy=try-for-1s a call starts when a run ends, and no two start together.
    """
    run, context = during.run, driver.context
    may_try = "try-for-1s" in context.allowed_values("busy", "wait-then-drop", "try-for-1s")
    wrong = []
    earlier_start = 0.0
    responses = (*during.plain, *during.by_variant.values())
    for response in sorted(responses, key=lambda response: response.seconds):
        if driver.is_busy_second(response):
            continue
        if run.kind == "blocking":
            length = run.seconds or 0.0
            starts_late = length - LEAD < BUSY_SECOND[1]
            may_start = starts_late and response.seconds >= 2 * length - SAME_LENGTH
        else:
            may_start = AT_ONCE + driver.latency <= response.seconds < BUSY_SECOND[0]
        has_gap = driver.jitter > 2 * MIN_GAP or response.seconds - earlier_start > MIN_GAP
        if not (may_try and may_start and has_gap):
            wrong.append(response)
        earlier_start = response.seconds
    return wrong


# ---- the same answer -------------------------------------------------------------------------


async def _check_same_answer(driver: WireDriver) -> Observations:
    """Yield a finding if turned-away calls can be told from started ones by their answers."""
    has_difference = False
    for _ in range(MAX_ROUNDS):
        await driver.finish_watching()
        if len(driver.started) >= ENOUGH <= len(driver.turned_away):
            if find_difference(driver.started, driver.turned_away) is None:
                return
            if has_difference:
                break
            has_difference = True
        next_run = await driver.start_run() if driver.turned_away else None
        if next_run is None:
            return
        await _observe(driver, next_run, (), plain_count=1)
    await driver.finish_watching()
    difference = find_difference(driver.started, driver.turned_away)
    if has_difference and difference is not None:
        what = f"a turned-away call is told from a started one by {difference}"
        yield Finding(driver.context.tenant.id, what, ("same-answer",))


def _as_check(
    name: str, claims: tuple[str, ...], experiment: Callable[[WireDriver], Observations]
) -> EffectCheck:
    async def run(client: Client, contexts: Sequence[CheckContext]) -> Observations:
        async for outcome in experiment(WireDriver(client, contexts[0])):
            yield outcome

    return EffectCheck(name, claims, run)


REAL_TIME_CHECKS: Final = (
    _as_check(
        "throttle-on-the-wire",
        ("busy-second", "single-run", "simultaneous", "run-detached", "same-answer", "lease-end"),
        check_throttle,
    ),
    _as_check(
        "lease-on-the-wire",
        ("busy-drop", "lease-end", "empty-busy", "empty-no-run", "disconnect-counts"),
        check_lease,
    ),
)
"""Checks for servers without `/_mock/`."""
