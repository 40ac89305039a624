"""Checks a real tenant carefully: one request at a time, with a pause between requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final

import msgspec

from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TargetError
from superoffice_contract.messages import show_url
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.real_tenant.report import Observations, build_report
from superoffice_contract.real_tenant.request_plan import (
    BACK_OFF_STATUSES,
    CREDENTIAL_REFUSED,
    FIRST_CALL,
    SECOND_CALL,
    PlannedRequest,
    RequestPlan,
    plan_requests,
    secrets_in,
)
from superoffice_contract.real_tenant.verdicts import refused_secrets
from superoffice_contract.report import Progress, Report
from superoffice_contract.suite.sent_calls import SentCalls
from superoffice_contract.target import secrets as target_secrets
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.http import (
    IN_PROCESS,
    BrokenAnswerError,
    Client,
    LongAnswerError,
    Response,
    open_client,
)
from superoffice_contract.target.secrets import TenantSecrets
from superoffice_contract.target.tenants import TargetTenant

MIN_PACE_SECONDS: Final = 2.0
MISDIRECTED: Final = 421

NOT_DESCRIBED: Final = "GET did not describe the call, so a GET of other paths shows nothing"


class Pace(msgspec.Struct, frozen=True):
    """How fast requests follow each other: *seconds* from a response to the next request."""

    seconds: float = MIN_PACE_SECONDS
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def wait_since(self, moment: float) -> None:
        """Wait until *seconds* have passed since *moment*."""
        while (remaining := moment + self.seconds - self.now()) > 0:
            await self.sleep(remaining)


class RealTenantCheck(msgspec.Struct, frozen=True):
    """The tenant to check, and what the check may do there.

    *base* is scheme and host, or an ASGI application; the tenant's path follows it in the URL.
    Without *accounts* the check does not sign in. *readings* are those that were told.
    *run_seconds*: how long a run takes, if known.
    *authorities* is a PEM file of certificate authorities. *operation* is the call to check,
    through the *proxy* if there is one. *has_picture*: the report shows what was sent.
    """

    base: object
    tenant: TargetTenant
    accounts: tuple[int, ...] = ()
    readings: dict[str, str] = {}
    max_requests: int = 60
    pace: Pace = Pace()
    timeout_seconds: float = 10.0
    run_seconds: float | None = None
    authorities: str | None = None
    proxy: Proxy | None = None
    operation: Operation = msgspec.field(default_factory=sync_email_accounts.operation)
    has_picture: bool = False

    @property
    def url(self) -> str:
        """The URL that the documented path is appended to."""
        host = self.base if isinstance(self.base, str) else IN_PROCESS
        return f"{host}{self.tenant.base}"

    @property
    def context(self) -> CheckContext:
        """The context of the tenant; any reading is right, as the report judges them apart."""
        return make_context(self.tenant, self.operation, {})

    @property
    def plan(self) -> RequestPlan:
        """The requests to send, in order, and those left out."""
        return plan_requests(self.context, self.accounts, self.max_requests)


def describe(check: RealTenantCheck) -> Iterator[str]:
    """Yield what *check* will do, line by line, without any value of a credential."""
    steps = check.plan.steps
    secrets = target_secrets.secrets_of(check.tenant)
    kinds = {kind for step in steps for kind in secrets.find_in(step.request.headers)}
    shown = {id_ for step in steps for id_ in step.claims}
    hint = "" if check.accounts else "; --start-syncs and --accounts would show more"
    sync_count = sum(step.may_start_sync and step.signed_in for step in steps)
    min_seconds = check.pace.seconds * (len(steps) - 1)
    yield f"real-tenant check of {check.url}"
    yield f"  requests: {len(steps)}, one at a time, {check.pace.seconds:g} s apart"
    yield f"  takes: at least {min_seconds:g} s"
    yield f"  credentials: {', '.join(sorted(kinds)) or 'none, only invented ones'}"
    yield f"  accounts: {', '.join(map(str, check.accounts)) or 'none'}"
    yield f"  calls that may start a sync: {sync_count}"
    yield f"  claims that they may show: {len(shown)} of {len(claims.load())}{hint}"
    if kinds and check.url.startswith("http:"):
        yield "  these credentials are sent over http, which is not encrypted"


def run_check(check: RealTenantCheck, progress: Progress = lambda *_: None) -> Report:
    """Run *check*. Raise TargetError if the first response shows that the URL is not a tenant's."""
    plan, observations = check.plan, Observations()
    if check.run_seconds is not None:
        observations.run_remaining = check.run_seconds - check.pace.seconds
    sent_calls = SentCalls()
    asyncio.run(_send_all(check, plan, observations, progress, sent_calls))
    report = build_report(check.url, check.context, check.readings, plan, observations)
    if not check.has_picture:
        return report
    secrets = target_secrets.secret_texts([check.tenant])
    picture = (sent_calls.timeline(show_url(check.url), secrets),)
    return msgspec.structs.replace(report, pictures=(picture,))


async def _send_all(
    check: RealTenantCheck,
    plan: RequestPlan,
    observations: Observations,
    progress: Progress,
    sent_calls: SentCalls,
) -> None:
    secrets = target_secrets.secrets_of(check.tenant)
    last_response_at: float | None = None
    async with open_client(
        check.base,
        check.timeout_seconds,
        authorities=check.authorities,
        on_response=sent_calls.add,
        proxy=check.proxy,
    ) as client:
        for done, step in enumerate(plan.steps):
            progress(step.name, done, len(plan.steps))
            reason = observations.ended_early or _reason_to_skip(step, plan, observations, secrets)
            if reason is not None:
                observations.skipped.append((step, reason))
                continue
            if last_response_at is not None:
                await check.pace.wait_since(last_response_at)
            await _send(client, step, observations)
            _check_address(check.url, [answer for _, answer in observations.responses])
            last_response_at = check.pace.now()
    progress("done", len(plan.steps), len(plan.steps))


async def _send(client: Client, step: PlannedRequest, observations: Observations) -> None:
    try:
        response = await client.send(step.request)
    except TargetError as error:
        if not observations.responses:
            raise
        # Leave out the error message: it quotes the server, which may repeat a credential.
        if isinstance(error, BrokenAnswerError):
            shown = "" if step.signed_in or not error.shown else f": {error.shown}"
            observations.broken.append((step, f"what came is no HTTP answer{shown}"))
        answer = "no answer" if not isinstance(error, LongAnswerError) else "too long an answer"
        observations.ended_early = f"the check ended when {step.name!r} got {answer}"
        observations.skipped.append((step, observations.ended_early))
        return
    if observations.responses and response.status in BACK_OFF_STATUSES:
        observations.ended_early = (
            f"the check ended when {step.name!r} was answered {response.status}"
        )
        if step.name not in (FIRST_CALL, SECOND_CALL):
            observations.skipped.append((step, observations.ended_early))
            return
    observations.responses.append((step, response))


def _check_address(url: str, responses: Sequence[Response]) -> None:
    """Raise TargetError if the first *responses* show that *url* is not that of a tenant."""
    problem, first = None, responses[0]
    if len(responses) == 2 and {response.status for response in responses} == {404}:
        problem = "has no such call; give what is before /api/v1, as in https://HOST/Cust12345"
    elif len(responses) > 1:
        return
    elif 300 <= first.status < 400:
        problem = f"redirects to {show_url(first.header('location'))}; check that URL"
    elif first.status in BACK_OFF_STATUSES:
        problem = f"answers {first.status}; try again when it is less busy"
    elif first.status == MISDIRECTED:
        problem = "answers 421: the tenant is at another host; check that URL"
    if problem is not None:
        raise TargetError(f"{show_url(url)} {problem}")


def _reason_to_skip(
    step: PlannedRequest, plan: RequestPlan, observations: Observations, secrets: TenantSecrets
) -> str | None:
    """Return why the response to *step* would show nothing, or None.

    A secret that was refused is not sent again, as that may lock an account.
    """
    first_statuses = [
        response.status for other, response in observations.responses if other is plan.opening[0]
    ]
    if step.sent_as_get and first_statuses != [200]:
        return NOT_DESCRIBED
    refused = refused_secrets(observations.responses, secrets)
    has_refused = step.signed_in and bool(secrets_in(step, secrets) & refused)
    return CREDENTIAL_REFUSED if has_refused else None
