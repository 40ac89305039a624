"""Checks a real tenant carefully: one request at a time, with a pause between requests."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

import msgspec

from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TargetError
from superoffice_contract.messages import show_url
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.real_tenant.report import Observations, build_report
from superoffice_contract.real_tenant.request_plan import (
    FIRST_CALL,
    SECOND_CALL,
    PlannedRequest,
    RequestPlan,
    plan_requests,
)
from superoffice_contract.report import Progress, Report
from superoffice_contract.target import secrets as target_secrets
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.http import (
    IN_PROCESS,
    Client,
    LongAnswerError,
    Response,
    open_client,
)
from superoffice_contract.target.secrets import TenantSecrets
from superoffice_contract.target.tenants import TargetTenant

MIN_PACE_SECONDS: Final = 2.0
BACK_OFF_STATUSES: Final = frozenset({429, 502, 503, 504})
"""Statuses by which a server, or a proxy in front of it, asks for fewer requests."""
REFUSED_STATUSES: Final = frozenset({401, 403})
MISDIRECTED: Final = 421

NOT_DESCRIBED: Final = "GET did not describe the call, so a GET of other paths shows nothing"
CREDENTIAL_REFUSED: Final = "the credential that it needs was not accepted"


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
    Without *accounts* the check does not sign in. *run_seconds*: how long a run takes, if known.
    *authorities* is a PEM file of certificate authorities. *operation* is the call to check,
    through the *proxy* if there is one.
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

    @property
    def url(self) -> str:
        """The URL that the documented path is appended to."""
        host = self.base if isinstance(self.base, str) else IN_PROCESS
        return f"{host}{self.tenant.base}"

    @property
    def context(self) -> CheckContext:
        """The context of the tenant."""
        return make_context(self.tenant, self.operation, self.readings)

    @property
    def plan(self) -> RequestPlan:
        """The requests to send, in order, and those left out."""
        return plan_requests(self.context, self.accounts, self.max_requests)


def describe(check: RealTenantCheck) -> Iterator[str]:
    """Yield what *check* will do, line by line, without any value of a credential."""
    steps = check.plan.steps
    secrets = target_secrets.secrets_of(check.tenant)
    kinds = {kind for step in steps for kind in secrets.find_in(step.request.headers)}
    claims = sorted({id_ for step in steps for id_ in step.claims})
    sync_count = sum(step.may_start_sync and step.signed_in for step in steps)
    min_seconds = check.pace.seconds * (len(steps) - 1)
    yield f"real-tenant check of {check.url}"
    yield f"  requests: {len(steps)}, one at a time, {check.pace.seconds:g} s apart"
    yield f"  takes: at least {min_seconds:g} s"
    yield f"  credentials: {', '.join(sorted(kinds)) or 'none, only invented ones'}"
    yield f"  accounts: {', '.join(map(str, check.accounts)) or 'none'}"
    yield f"  calls that may start a sync: {sync_count}"
    yield f"  claims: {', '.join(claims)}"
    if kinds and check.url.startswith("http:"):
        yield "  these credentials are sent over http, which is not encrypted"


def run_check(check: RealTenantCheck, progress: Progress = lambda *_: None) -> Report:
    """Run *check*. Raise TargetError if the first response shows that the URL is not a tenant's."""
    plan, observations = check.plan, Observations()
    if check.run_seconds is not None:
        observations.run_remaining = check.run_seconds - check.pace.seconds
    asyncio.run(_send_all(check, plan, observations, progress))
    return build_report(check.url, check.context, plan, observations)


async def _send_all(
    check: RealTenantCheck, plan: RequestPlan, observations: Observations, progress: Progress
) -> None:
    secrets = target_secrets.secrets_of(check.tenant)
    async with open_client(
        check.base, check.timeout_seconds, authorities=check.authorities, proxy=check.proxy
    ) as client:
        last_response_at: float | None = None
        for done, step in enumerate(plan.steps):
            progress(step.name, done, len(plan.steps))
            reason = observations.ended_early or _reason_to_skip(step, plan, observations, secrets)
            if reason is not None:
                observations.skipped.append((step, reason))
                continue
            if last_response_at is not None:
                await check.pace.wait_since(last_response_at)
            await _send(client, step, observations)
            last_response_at = check.pace.now()
    progress("done", len(plan.steps), len(plan.steps))


async def _send(client: Client, step: PlannedRequest, observations: Observations) -> None:
    try:
        response = await client.send(step.request)
    except TargetError as error:
        if not observations.responses:
            raise
        # Leave out the error message: it quotes the server, which may repeat a credential.
        answer = "no answer" if not isinstance(error, LongAnswerError) else "too long an answer"
        observations.ended_early = f"the check ended when {step.name!r} got {answer}"
        observations.skipped.append((step, observations.ended_early))
        return
    if not observations.responses:
        _check_address(client, response)
    if response.status in BACK_OFF_STATUSES:
        observations.ended_early = (
            f"the check ended when {step.name!r} was answered {response.status}"
        )
        if step.name not in (FIRST_CALL, SECOND_CALL):
            observations.skipped.append((step, observations.ended_early))
            return
    observations.responses.append((step, response))


def _check_address(client: Client, first: Response) -> None:
    """Raise TargetError if the *first* response shows that the URL is not that of a tenant."""
    problem = None
    if 300 <= first.status < 400:
        problem = f"redirects to {show_url(first.header('location'))}; check that URL"
    elif first.status in BACK_OFF_STATUSES:
        problem = f"answers {first.status}; try again when it is less busy"
    elif first.status == MISDIRECTED:
        problem = "answers 421: the tenant is at another host; check that URL"
    if problem is not None:
        raise TargetError(f"{client.base} {problem}")


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
    if not step.signed_in:
        return None
    accepted, refused = set[str](), set[str]()
    for earlier_step, response in observations.responses:
        values = _secrets_in(earlier_step, secrets) if earlier_step.may_start_sync else set[str]()
        (refused if response.status in REFUSED_STATUSES else accepted).update(values)
    return CREDENTIAL_REFUSED if _secrets_in(step, secrets) & (refused - accepted) else None


def _secrets_in(step: PlannedRequest, secrets: TenantSecrets) -> set[str]:
    values_by_kind = secrets.find_in(step.request.headers)
    return {value for values in values_by_kind.values() for value in values}
