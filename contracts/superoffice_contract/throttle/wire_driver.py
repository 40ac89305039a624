"""Calls one tenant in real time, and measures how long its answers take."""

import asyncio
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from superoffice_contract.checks.payloads import EMPTY, GOOD, JSON, good_body
from superoffice_contract.errors import NotObservableError
from superoffice_contract.grading.calls import BUSY_SECOND
from superoffice_contract.operations.sync_email_accounts import encode_ids
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.credentials import security_scheme, valid_credentials
from superoffice_contract.target.http import Client, Request, Response, Watch
from superoffice_contract.throttle.timing import FREE_SECONDS

MAX_TRIES: Final = 12
ENOUGH_TRIES: Final = 3
"""After how many more calls it is clear that all take longer than a turned-away one."""
SIMILAR_RUNS: Final = "its calls wait for runs of a second or two; give --run-seconds"
MAX_REFUSALS: Final = 3
"""How often a refused call is tried again: a turned-away one may be refused, which is wrong."""
LEAD: Final = 0.1
"""Seconds into a run at which another call is sent."""
HEAD_START: Final = 0.02
"""Seconds by which a call is sent before others that have to arrive later."""
AT_ONCE: Final = 0.15
"""Seconds within which a call is answered if it does not wait for a run to end."""
SAME_LENGTH: Final = 0.25
"""Seconds by which two equal lengths may differ on the wire."""
PAUSE: Final = 0.5
"""Seconds, more than `SAME_LENGTH`, between two calls that would wait for the same run to end."""
BASELINE_CALLS: Final = 4
MAX_LATENCY: Final = 0.45
MAX_CONNECTING: Final = 4
"""Connections that are opened at once: a simple server may queue only five."""


class StartedRun(msgspec.Struct, frozen=True):
    """A call that has started a run: its response, and how long a run takes, if known.

    A blocking run has ended when its call is answered.
    """

    kind: Literal["detached", "blocking"]
    response: Response
    seconds: float | None


class Variant(msgspec.Struct, frozen=True):
    """A call that differs from the plain one; *name* says how, *problem* what it must not do."""

    name: str
    request: Request
    problem: str


class Exchange(msgspec.Struct):
    """A response, and whether the server closed the connection behind it, once that is known."""

    response: Response
    closed: bool | None = None


class WireDriver:
    """Calls the tenant of *context*, with a connection of its own for each call where it can.

    `started` and `turned_away` are the exchanges of plain calls whose outcome is clear.
    """

    def __init__(self, client: Client, context: CheckContext) -> None:
        self.client = client
        self.context = context
        self.latency = self.jitter = 0.0
        self.started: list[Exchange] = []
        self.turned_away: list[Exchange] = []
        self._connecting = asyncio.Semaphore(MAX_CONNECTING)
        self._exchanges: dict[int, Exchange] = {}
        self._watches: list[tuple[Exchange, Watch]] = []

    # ---- what to send ------------------------------------------------------------------------

    @property
    def plain_call(self) -> Request:
        """The sample call, which starts a run if the lease is free."""
        return self.context.post(GOOD, JSON)

    @property
    def empty_call(self) -> Request:
        """A call with an empty list."""
        return self.context.post(EMPTY, JSON)

    def credential_variants(self) -> list[Variant]:
        """Return a plain call with the first credential of each other kind."""
        problem = "a call with another credential starts a run while one is under way"
        seen = {security_scheme(self.context.credential_headers)}
        variants = []
        for credential in valid_credentials(self.context.tenant):
            scheme = security_scheme(credential.headers)
            if scheme not in seen or credential.name == "an empty password":
                seen.add(scheme)
                headers = (*credential.headers, ("Content-Type", JSON))
                request = Request("POST", self.context.url, headers, GOOD)
                variants.append(Variant(f"with {credential.name}", request, problem))
        return variants

    def media_type_variants(self) -> list[Variant]:
        """Return a call of each other media type."""
        problem = "a call in another media type starts a run while one is under way"
        return [
            Variant(f"as {name}", self.context.post(good_body(name), name), problem)
            for name in self.context.operation.bodies
            if name != JSON
        ]

    def spelling_variants(self) -> list[Variant]:
        """Return the plain call in other words, and one for other accounts."""
        problem = "a call that is written in another way starts a run while one is under way"
        plain, url = self.plain_call, self.context.url
        requests = {
            "with $select": msgspec.structs.replace(plain, path=f"{url}?$select=AccountId"),
            "with Accept": self.context.post(GOOD, JSON, ("Accept", JSON)),
            "with another spelling of the path": msgspec.structs.replace(plain, path=url.lower()),
            "for other accounts": self.context.post(encode_ids([508, 509]), JSON),
        }
        return [Variant(name, request, problem) for name, request in requests.items()]

    # ---- how long answers take ---------------------------------------------------------------

    async def measure_latency(self) -> None:
        """Measure how long answers take that start nothing.

        Raise NotObservableError if that is too long to tell waiting calls from others.
        """
        request = Request("GET", self.context.url)
        for _ in range(2):
            responses = await self.send_together([request] * BASELINE_CALLS)
            seconds = sorted(response.seconds for response in responses)
            self.latency, self.jitter = seconds[-1], seconds[-1] - seconds[0]
            if self.latency <= MAX_LATENCY:
                return
        msg = f"every answer takes about {self.latency:.1f} s, too long to tell who waits a second"
        raise NotObservableError(msg)

    def is_busy_second(self, response: Response) -> bool:
        """Return whether *response* took as long as that of a turned-away call."""
        return BUSY_SECOND[0] <= response.seconds <= BUSY_SECOND[1] + self.latency

    def is_at_once(self, response: Response) -> bool:
        """Return whether the call of *response* did not wait for anything."""
        return response.seconds < AT_ONCE + self.latency

    def has_started(self, response: Response) -> bool:
        """Return whether the call of *response* has started a run that is detached from it."""
        return self.is_at_once(response) and response.status < 300

    # ---- sending -----------------------------------------------------------------------------

    async def send(self, request: Request) -> Response:
        """Send *request*."""
        if self.client.raw_route is None:
            response = await self.client.send(request)
            self._exchanges[id(response)] = Exchange(response)
            return response
        raw = await self.client.send_raw(request, self._connecting)
        self._exchanges[id(raw.response)] = exchange = Exchange(raw.response)
        self._watches.append((exchange, raw.watch))
        return raw.response

    async def send_together(self, requests: Sequence[Request]) -> list[Response]:
        """Send all *requests* at once."""
        return list(await asyncio.gather(*map(self.send, requests)))

    async def send_in_order(self, first: Request, others: Sequence[Request]) -> list[Response]:
        """Send *first* and shortly after it the *others*; return all responses."""

        async def send_later() -> list[Response]:
            await asyncio.sleep(HEAD_START)
            return await self.send_together(others)

        response, responses = await asyncio.gather(self.send(first), send_later())
        return [response, *responses]

    def add_plain(self, response: Response, *, started: bool) -> None:
        """Keep the *response* to a plain call that has *started* a run or was turned away."""
        (self.started if started else self.turned_away).append(self._exchanges[id(response)])

    async def finish_watching(self) -> None:
        """Wait until it is known of each exchange whether its connection was closed."""
        for exchange, watch in self._watches:
            exchange.closed = (await watch)[1]

    async def start_run(self) -> StartedRun | None:
        """Call until a run has started. Return None if none of `MAX_TRIES` calls starts one.

        With busy=try-for-1s, calls one after the other take as long as with a blocking run; a
        pause between them tells the two apart. Raise NotObservableError if calls are refused.
        """
        known_length = length = self.context.run_seconds
        has_paused, refusals = False, 0
        shortest = float("inf")
        for number in range(MAX_TRIES):
            response = await self.send(self.plain_call)
            shortest = min(shortest, response.seconds)
            if known_length is None and number >= ENOUGH_TRIES and shortest > 1.1 + self.latency:
                raise NotObservableError(SIMILAR_RUNS)
            if response.status >= 300:
                refusals += 1
                if refusals == MAX_REFUSALS:
                    msg = f"the plain call is answered {response.status}, so no run starts"
                    raise NotObservableError(msg)
                await asyncio.sleep(PAUSE)
                continue
            if response.seconds < FREE_SECONDS + min(self.latency, MAX_LATENCY - AT_ONCE):
                self.add_plain(response, started=True)
                return StartedRun("detached", response, known_length)
            is_same = length is not None and abs(response.seconds - length) < SAME_LENGTH
            if is_same and has_paused:
                self.add_plain(response, started=True)
                return StartedRun("blocking", response, response.seconds)
            if known_length is None:
                length = None if self.is_busy_second(response) else response.seconds
            has_paused = is_same or known_length is not None
            if has_paused:
                await asyncio.sleep(known_length or PAUSE)
        return None

    async def send_during(
        self, run: StartedRun, requests: Sequence[Request], *, after: float | None = None
    ) -> list[Response]:
        """Send *requests* during *run*, the first a little earlier than the others.

        Send them *after* that many seconds of a new run if *run* was blocking.
        """
        first, *others = requests
        if run.kind == "detached":
            return await self.send_in_order(first, others)
        delay = LEAD + self.latency if after is None else after

        async def send_later() -> list[Response]:
            await asyncio.sleep(delay)
            return await self.send_in_order(first, others)

        owner, responses = await asyncio.gather(self.send(self.plain_call), send_later())
        self.add_plain(owner, started=True)
        return responses

    async def hang_up(self) -> None:
        """Send a call, and disconnect a little later."""
        call = asyncio.ensure_future(self.client.send(self.plain_call))
        await asyncio.wait([call], timeout=LEAD + self.latency)
        call.cancel()
        await asyncio.wait([call])
        await asyncio.sleep(LEAD)

    async def send_until_free(self, request: Request) -> tuple[Response, int] | None:
        """Send *request* until it is not turned away.

        Return that response, and how many calls were turned away; None after `MAX_TRIES` calls.
        """
        for turned_away in range(MAX_TRIES):
            response = await self.send(request)
            if not self.is_busy_second(response):
                return response, turned_away
        return None
