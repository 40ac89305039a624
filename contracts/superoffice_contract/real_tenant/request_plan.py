"""Plans which requests of the contract check are sent to a real tenant, and why others are not.

Some are changed so that they need no credential: paths are tested by GET, and error bodies by a
call that is refused anyway.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import (
    GOOD,
    JSON,
    has_only_accounts,
    with_account,
    without_accounts,
)
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.operations import SAFE_METHODS
from superoffice_contract.real_tenant.unobservable_claims import UNOBSERVABLE
from superoffice_contract.target import secrets as target_secrets
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request
from superoffice_contract.target.secrets import TenantSecrets

FIRST_CALL: Final = "the first call"
SECOND_CALL: Final = "the same call during its run"
PATHS_CHECK: Final = "paths"
"""The check whose requests are sent as GET."""
CHECKS_WITHOUT_CREDENTIAL: Final = frozenset(
    ("methods", "credentials-refused", "credentials-before-body", "errors")
)
"""Checks whose requests need no credential, or can do without one."""
NEEDS_START_SYNCS: Final = "needs --start-syncs and --accounts"
NEEDS_CREDENTIAL: Final = "needs a credential that was not given"
OTHER_ADDRESS: Final = "would call another address than the one given"
WRONG_SECRET: Final = "would pair a real name with a wrong secret"
OTHER_ACCOUNT: Final = "would name an account that is not in --accounts"
REFUSED_STATUSES: Final = frozenset({401, 403})
BACK_OFF_STATUSES: Final = frozenset({429, 502, 503, 504})
"""Statuses by which a server, or a proxy in front of it, asks for fewer requests."""
CREDENTIAL_REFUSED: Final = "the credential that it needs was not accepted"
OVER_LIMIT: Final = "its requests were left out because of --max-requests"


class Case(msgspec.Struct, frozen=True):
    """A case of a check, perhaps changed for a real tenant."""

    check: str
    expected: ExpectedResponse


def shown_claims(expected: ExpectedResponse) -> tuple[str, ...]:
    """Return the claims that an answer as *expected* agrees with."""
    accepted = expected.if_accepted
    return expected.claims if accepted is None else (*expected.claims, accepted)


class PlannedRequest(msgspec.Struct, frozen=True):
    """One request to send, and everything that its response can show.

    *needs_credential*: without one it shows nothing. *signed_in*: it carries a valid secret.
    *sent_as_get*: it shows nothing if GET does not describe the call.
    """

    request: Request
    cases: tuple[Case, ...]
    needs_credential: bool = False
    signed_in: bool = False
    sent_as_get: bool = False

    @property
    def name(self) -> str:
        """Its name in the contract check."""
        return self.cases[0].expected.name

    @property
    def claims(self) -> frozenset[str]:
        """The claims that its response can show."""
        return (
            frozenset(id_ for case in self.cases for id_ in shown_claims(case.expected))
            - UNOBSERVABLE.keys()
        )

    @property
    def may_start_sync(self) -> bool:
        """Whether it should be accepted, and so may start a sync."""
        accepts = any(204 in case.expected.statuses for case in self.cases)
        return accepts and self.request.method == "POST"


class RequestPlan(msgspec.Struct, frozen=True):
    """The requests to send, and those left out.

    *opening* are sent without a credential. *calls* is the first call that starts a sync, and the
    same call again, or nothing. *excluded* are the reasons why other requests may not be sent, by
    claim. *left_out* are those beyond the limit.
    """

    opening: tuple[PlannedRequest, ...]
    calls: tuple[PlannedRequest, ...]
    remaining: tuple[PlannedRequest, ...]
    excluded: Mapping[str, frozenset[str]]
    left_out: tuple[PlannedRequest, ...]

    @property
    def steps(self) -> tuple[PlannedRequest, ...]:
        """All requests, in the order in which they are sent."""
        return (*self.opening, *self.calls, *self.remaining)


def secrets_in(step: PlannedRequest, secrets: TenantSecrets) -> set[str]:
    """Return those of *secrets* that the request of *step* has."""
    values_by_kind = secrets.find_in(step.request.headers)
    return {value for values in values_by_kind.values() for value in values}


def plan_requests(context: CheckContext, accounts: Sequence[int], max_requests: int) -> RequestPlan:
    """Plan at most *max_requests*, which name no accounts other than *accounts*.

    They carry a credential only if there are *accounts*.
    """
    secrets = target_secrets.secrets_of(context.tenant)
    steps, excluded = _select(_candidates(context), context, secrets, tuple(accounts))
    first = [step for step in steps if step.request == Request("GET", context.url)]
    calls = [step for step in steps if step.name == FIRST_CALL]
    for call in calls[:]:
        again = replace(
            call.cases[0].expected,
            name=SECOND_CALL,
            claims=("silent-drop", "no-content"),
            needs=FIRST_CALL,
        )
        calls.append(replace(call, cases=(Case(FIRST_CALL, again),)))
    remaining = [step for step in steps if step not in (*first, *calls)]
    required = [*first, *calls][:max_requests]
    count = max_requests - len(required)
    chosen = _most_informative(remaining, required, count, context.operation.bodies)
    return RequestPlan(
        (*first, *(step for step in remaining if step in chosen and not step.signed_in)),
        tuple(step for step in required if step not in first),
        tuple(step for step in remaining if step in chosen and step.signed_in),
        excluded,
        tuple(step for step in (*calls, *remaining) if step not in (*required, *chosen)),
    )


# ---- candidates ------------------------------------------------------------------------------


def _candidates(context: CheckContext) -> Iterator[PlannedRequest]:
    """Yield every case of the contract check, changed for a real tenant where needed."""
    if context.credential_headers:
        yield _candidate(FIRST_CALL, _first_call(context), needs_credential=True)
    unsigned = replace(context, credential_headers=())
    for check in WIRE_CHECKS:
        is_unsigned = check.name in (CHECKS_WITHOUT_CREDENTIAL | {PATHS_CHECK})
        for expected in check.cases(unsigned if is_unsigned else context):
            if expected.may_break:  # too long a request to send to anyone
                continue
            if check.name == PATHS_CHECK:
                yield _candidate(check.name, _as_get(expected), sent_as_get=True)
            elif check.name == "errors":
                yield _candidate(check.name, _expecting_401(expected))
            else:
                yield _candidate(check.name, expected, needs_credential=not is_unsigned)


def _candidate(check: str, expected: ExpectedResponse, **fields: bool) -> PlannedRequest:
    return PlannedRequest(expected.request, (Case(check, expected),), **fields)


def _first_call(context: CheckContext) -> ExpectedResponse:
    claim_ids = ("account-object", "account-id", "accounts-array", "request-body")
    return ExpectedResponse(FIRST_CALL, context.post(GOOD, JSON), (204,), claim_ids)


def _as_get(expected: ExpectedResponse) -> ExpectedResponse:
    statuses = tuple(200 if status == 204 else status for status in expected.statuses)
    request = Request("GET", expected.request.path)
    return ExpectedResponse(expected.name, request, statuses, expected.claims)


def _expecting_401(expected: ExpectedResponse) -> ExpectedResponse:
    claim_ids = ("unauthorized-status", *expected.claims)
    return replace(expected, statuses=(401,), claims=claim_ids, if_accepted="unauthorized")


# ---- which requests may be sent --------------------------------------------------------------


def _select(
    candidates: Iterable[PlannedRequest],
    context: CheckContext,
    secrets: TenantSecrets,
    accounts: tuple[int, ...],
) -> tuple[list[PlannedRequest], dict[str, frozenset[str]]]:
    """Return the distinct requests that may be sent, and by claim why others may not."""
    steps: dict[Request, PlannedRequest] = {}
    account_indices: dict[Request, int] = {}
    excluded: dict[str, frozenset[str]] = {}
    for candidate in candidates:
        if not candidate.claims:
            continue
        request = candidate.request
        has_secret = bool(secrets.find_in(request.headers))
        has_credential = candidate.needs_credential and context.credential_headers != ()
        signed_in = (has_secret or has_credential) and request.method not in SAFE_METHODS
        if signed_in and accounts:
            index = account_indices.setdefault(request, len(account_indices) % len(accounts))
            request = with_account(request, accounts[index])
        elif not signed_in:
            request = without_accounts(request)
        step = replace(candidate, request=request, signed_in=signed_in)
        reason = _reason_to_exclude(step, context, secrets, accounts)
        if reason is not None:
            for id_ in step.claims:
                excluded[id_] = excluded.get(id_, frozenset()) | {reason}
            continue
        earlier_cases = steps[request].cases if request in steps else ()
        steps[request] = replace(step, cases=(*earlier_cases, *step.cases))
    return [*_without_missing_needs(steps.values())], excluded


def _without_missing_needs(steps: Collection[PlannedRequest]) -> Iterator[PlannedRequest]:
    """Yield *steps*; their cases no longer need those that are not among them."""
    present = {(case.check, case.expected.name) for step in steps for case in step.cases}
    for step in steps:
        cases = (
            case
            if (case.check, case.expected.needs) in present
            else replace(case, expected=replace(case.expected, needs=None))
            for case in step.cases
        )
        yield replace(step, cases=tuple(cases))


def _reason_to_exclude(
    step: PlannedRequest,
    context: CheckContext,
    secrets: TenantSecrets,
    accounts: tuple[int, ...],
) -> str | None:
    """Return why *step* may not be sent, or None."""
    request = step.request
    tenant_base = context.tenant.base.lower()
    if request.path.lower().partition("/api/")[0] != tenant_base:
        return OTHER_ADDRESS
    if secrets.has_mismatch(request.headers):
        return WRONG_SECRET
    if request.method in SAFE_METHODS:
        return None
    if not accounts and (step.signed_in or step.needs_credential):
        return NEEDS_START_SYNCS
    if step.needs_credential and not context.credential_headers:
        return NEEDS_CREDENTIAL
    return None if has_only_accounts(request, accounts if step.signed_in else ()) else OTHER_ACCOUNT


# ---- which requests are sent -----------------------------------------------------------------


def _most_informative(
    steps: Sequence[PlannedRequest],
    required: Sequence[PlannedRequest],
    count: int,
    media_types: Collection[str],
) -> list[PlannedRequest]:
    """Return the *count* steps that add most to *required*: new claims, documented ones first.

    Of two equally informative requests, prefer the one that starts no sync, then the earlier one.
    """
    if len(steps) <= count:
        return list(steps)
    subjects = {id(step): _subjects(step, media_types) for step in (*required, *steps)}
    counts = Counter(subject for step in required for subject in subjects[id(step)])

    def rank(step: PlannedRequest) -> tuple[float, bool]:
        weights = subjects[id(step)].items()
        new_information = sum(weight / 8.0 ** counts[subject] for subject, weight in weights)
        return new_information, not step.may_start_sync

    by_name = {(case.check, case.expected.name): step for step in steps for case in step.cases}
    candidates, chosen = [*steps], list[PlannedRequest]()
    while candidates and len(chosen) < count:
        best = max(candidates, key=rank)
        candidates.remove(best)
        new_steps = [
            step for step in _with_needs(best, by_name) if step not in (*chosen, *required)
        ]
        if len(chosen) + len(new_steps) <= count:
            chosen += new_steps
            counts.update(subject for step in new_steps for subject in subjects[id(step)])
    return chosen


def _with_needs(
    step: PlannedRequest, by_name: Mapping[tuple[str, str], PlannedRequest]
) -> list[PlannedRequest]:
    """Return *step*, and before it those that it needs."""
    names = ((case.check, case.expected.needs or "") for case in step.cases)
    needed = (by_name[name] for name in names if name in by_name)
    return [*(other for one in needed for other in _with_needs(one, by_name)), step]


def _subjects(step: PlannedRequest, media_types: Collection[str]) -> Mapping[str, float]:
    """Return the claims of *step*, and its media type if described, each with a weight."""
    all_claims = claims.load()
    weights = {id_: 2.0 if all_claims[id_].kind == "documented" else 1.0 for id_ in step.claims}
    media_type = dict(step.request.headers).get("Content-Type", "")
    return {**weights, media_type: 2.0} if media_type in media_types else weights
