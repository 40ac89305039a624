"""One run of a plan: what is known of the server, what was observed, and how it is judged."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from superoffice_contract.checks.every_answer import EveryAnswer
from superoffice_contract.checks.expectations import ExpectedResponse, Problem, find_reading
from superoffice_contract.control.answers import Limits
from superoffice_contract.readings import REASONS_NOT_SHOWN, ObservedReading, ObservedReadings
from superoffice_contract.report import Finding, ProgressCounter
from superoffice_contract.suite.judging import Judge
from superoffice_contract.suite.plan import Plan, Tally
from superoffice_contract.suite.sent_calls import SentCalls
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.findings import Exchange
from superoffice_contract.target.http import (
    BrokenAnswerError,
    Client,
    ConnectionBrokenError,
    NoAnswerError,
    Request,
    Response,
)
from superoffice_contract.target.temporary_tenants import suitable_contexts

MAX_SILENCES: Final = 3
"""How many requests may get no answer before the rest is not sent: each may take the timeout."""
ROOM: Final = Limits(max_body=2**16, max_accounts=100, max_headers=2**13)
"""The limits that a mock needs for everything that a check sends."""
SILENT: Final = "the server stopped answering"


class CheckRun(msgspec.Struct):
    """One run of a plan, and what was observed so far.

    *contexts* has one for each tenant, without a credential if none was accepted there. *broken*
    counts by tenant and claim, *silences* the requests that got no answer. *sent_calls* are kept
    for a picture.
    """

    plan: Plan
    contexts: tuple[CheckContext, ...]
    judge: Judge
    steps: ProgressCounter
    tally: Tally
    observed_readings: ObservedReadings
    every_answer: EveryAnswer
    broken: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    silences: int = 0
    sent_calls: SentCalls | None = None

    @property
    def signed_in_contexts(self) -> tuple[CheckContext, ...]:
        """The contexts with a credential."""
        return tuple(context for context in self.contexts if context.credential_headers)

    @property
    def has_control(self) -> bool:
        """Whether the server has `/_mock/`."""
        return any(context.has_control for context in self.contexts)

    @property
    def tight_setting(self) -> str | None:
        """The setting of a mock that is too low for what this check sends, if there is one."""
        limits = next((context.limits for context in self.contexts if context.limits), ROOM)
        for name in ("max_body", "max_accounts", "max_headers"):
            if getattr(limits, name) < getattr(ROOM, name):
                return f"--{name.replace('_', '-')}"
        return None

    @property
    def is_silent(self) -> bool:
        """Whether so many requests got no answer that no more are sent."""
        return self.silences >= MAX_SILENCES

    def observe(self, request: Request, response: Response) -> None:
        """Count *response*, and judge it by what holds of every answer."""
        self.tally.count(request, response)
        self.every_answer.observe(request, response)
        if self.sent_calls is not None:
            self.sent_calls.add(request, response)

    @asynccontextmanager
    async def prepare_contexts(
        self, client: Client, check: str
    ) -> AsyncIterator[tuple[CheckContext, ...]]:
        """Report that *check* has started, and yield its contexts.

        With `/_mock/`, runs take time at each tenant: temporary tenants are made where needed.
        """
        contexts = self.signed_in_contexts
        with self.steps.step(check):
            if not self.has_control:
                yield contexts
                return
            async with suitable_contexts(client, contexts) as prepared:
                yield prepared

    async def ask(
        self, client: Client, context: CheckContext, expected: ExpectedResponse
    ) -> Response | Problem | None:
        """Send the request of *expected*, and return the answer or why there is none.

        Return None if that shows nothing. Raise TargetError if nothing was ever answered.
        """
        if self.is_silent:
            return None
        try:
            response = await client.send(expected.request)
        except (NoAnswerError, ConnectionBrokenError) as error:
            if not client.has_answered:
                raise
            if expected.may_break and not isinstance(error, NoAnswerError):
                return None
            self.silences += not isinstance(error, BrokenAnswerError)
            return describe_silence(error)
        self._note_reading(context, expected, response)
        return response

    def make_finding(
        self,
        client: Client,
        tenant: str,
        expected: ExpectedResponse,
        response: Response | None,
        problem: Problem,
    ) -> Finding:
        """Return the finding of *problem* with the *response* to *expected* at *tenant*."""
        exchange = Exchange(client.base, expected.request, response, self.plan.secrets)
        where = ": ".join(filter(None, (f"{tenant}, {expected.name}", problem.shown)))
        return exchange.show(where, problem.what, problem.claim)

    def _note_reading(
        self, context: CheckContext, expected: ExpectedResponse, response: Response
    ) -> None:
        tenant = context.tenant.id
        for reading, why in REASONS_NOT_SHOWN.items():
            self.observed_readings.add(ObservedReading(reading, tenant, None, why))
        is_at_tenant = context.url in expected.request.path
        reading_and_value = find_reading(expected, response) if is_at_tenant else None
        if reading_and_value is not None:
            reading, value = reading_and_value
            self.observed_readings.add(ObservedReading(reading, tenant, value, expected.name))


def describe_silence(error: Exception) -> Problem:
    """Return the problem of a request that got no valid answer, because of *error*."""
    if isinstance(error, BrokenAnswerError):
        what = f"the answer is no valid HTTP message: {error.problem}"
        return Problem(what, "http-message", what, error.shown)
    no_time = isinstance(error, NoAnswerError)
    what = "no whole answer came in time" if no_time else "the connection broke before an answer"
    return Problem(what, "http-message", what)
