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
CHECKS_WITHOUT_CREDENTIAL: Final = (
    *("methods", "credentials-refused", "credentials-before-body", "errors"),
)
"""Checks whose requests need no credential, or can do without one."""
NEEDS_START_SYNCS: Final = "needs --start-syncs and --accounts"
NEEDS_CREDENTIAL: Final = "needs a credential that was not given"
OTHER_ADDRESS: Final = "would call another address than the one given"
WRONG_SECRET: Final = "would pair a real name with a wrong secret"
OTHER_ACCOUNT: Final = "would name an account that is not in --accounts"
OVER_LIMIT: Final = "its requests were left out because of --max-requests"


class Expectation(msgspec.Struct, frozen=True):
    """The expected response: *strict* under the given readings, *lenient* under any readings."""

    strict: ExpectedResponse
    lenient: ExpectedResponse


class PlannedRequest(msgspec.Struct, frozen=True):
    """One request to send, and everything that its response can show.

    *signed_in*: it carries a valid secret. *sent_as_get*: it shows nothing if GET does not describe
    the call.
    """

    request: Request
    expectations: tuple[Expectation, ...]
    signed_in: bool = False
    sent_as_get: bool = False

    @property
    def name(self) -> str:
        """Its name in the contract check."""
        return self.expectations[0].strict.name

    @property
    def claims(self) -> frozenset[str]:
        """The claims that its response can show."""
        ids = (id_ for expectation in self.expectations for id_ in expectation.strict.claims)
        return frozenset(ids) - UNOBSERVABLE.keys()

    @property
    def may_start_sync(self) -> bool:
        """Whether it should be accepted, and so may start a sync."""
        accepts = any(204 in expectation.strict.statuses for expectation in self.expectations)
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


def plan_requests(context: CheckContext, accounts: Sequence[int], max_requests: int) -> RequestPlan:
    """Plan at most *max_requests*, which name no accounts other than *accounts*.

    They carry a credential only if there are *accounts*.
    """
    secrets = target_secrets.secrets_of(context.tenant)
    steps, excluded = _select(_candidates(context), context, secrets, tuple(accounts))
    first = [step for step in steps if step.request == Request("GET", context.url)]
    calls = [step for step in steps if step.name == FIRST_CALL]
    for call in calls[:]:
        expected = call.expectations[0].strict
        repeated = replace(expected, name=SECOND_CALL, claims=("no-content",))
        calls.append(replace(call, expectations=(Expectation(repeated, repeated),)))
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


class _Candidate(msgspec.Struct, frozen=True):
    """A request of the contract check, changed for a real tenant where needed."""

    expectation: Expectation
    sent_as_get: bool = False
    needs_credential: bool = False


def _candidates(strict: CheckContext) -> Iterator[_Candidate]:
    """Yield every request of the contract check, changed for a real tenant where needed."""
    signed_in = (strict, replace(strict, readings={}))
    unsigned = [replace(context, credential_headers=()) for context in signed_in]
    first_call = ExpectedResponse(
        FIRST_CALL, strict.post(GOOD, JSON), (204,), ("account-object", "account-id")
    )
    yield _Candidate(Expectation(first_call, first_call), needs_credential=True)
    for check in WIRE_CHECKS:
        is_unsigned = check.name in (*CHECKS_WITHOUT_CREDENTIAL, PATHS_CHECK)
        contexts = unsigned if is_unsigned else signed_in
        for pair in zip(*map(check.cases, contexts), strict=True):
            if check.name == PATHS_CHECK:
                yield _Candidate(Expectation(*map(_as_get, pair)), sent_as_get=True)
            elif check.name == "errors":
                yield _Candidate(Expectation(*map(_expecting_401, pair)))
            else:
                yield _Candidate(Expectation(*pair), needs_credential=not is_unsigned)


def _as_get(expected: ExpectedResponse) -> ExpectedResponse:
    statuses = tuple(200 if status == 204 else status for status in expected.statuses)
    request = Request("GET", expected.request.path)
    return replace(expected, request=request, statuses=statuses)


def _expecting_401(expected: ExpectedResponse) -> ExpectedResponse:
    return replace(expected, statuses=(401,))


# ---- which requests may be sent --------------------------------------------------------------


def _select(
    candidates: Iterable[_Candidate],
    context: CheckContext,
    secrets: TenantSecrets,
    accounts: tuple[int, ...],
) -> tuple[list[PlannedRequest], dict[str, frozenset[str]]]:
    """Return the distinct requests that may be sent, and by claim why others may not."""
    steps: dict[Request, PlannedRequest] = {}
    account_indices: dict[Request, int] = {}
    excluded: dict[str, frozenset[str]] = {}
    for candidate in candidates:
        if UNOBSERVABLE.keys() >= set(candidate.expectation.strict.claims):
            continue
        request = candidate.expectation.strict.request
        has_secret = bool(secrets.find_in(request.headers))
        has_credential = candidate.needs_credential and context.credential_headers != ()
        signed_in = (has_secret or has_credential) and request.method not in SAFE_METHODS
        if signed_in and accounts:
            index = account_indices.setdefault(request, len(account_indices) % len(accounts))
            request = with_account(request, accounts[index])
        elif not signed_in:
            request = without_accounts(request)
        step = PlannedRequest(request, (candidate.expectation,), signed_in, candidate.sent_as_get)
        reason = _reason_to_exclude(candidate, step, context, secrets, accounts)
        if reason is not None:
            for id_ in candidate.expectation.strict.claims:
                excluded[id_] = excluded.get(id_, frozenset()) | {reason}
            continue
        equal_steps = [steps[request]] if request in steps else []
        expectations = [part for equal in (*equal_steps, step) for part in equal.expectations]
        steps[request] = replace(step, expectations=tuple(expectations))
    return list(steps.values()), excluded


def _reason_to_exclude(
    candidate: _Candidate,
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
    if not accounts and (step.signed_in or candidate.needs_credential):
        return NEEDS_START_SYNCS
    if candidate.needs_credential and not context.credential_headers:
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
    counts: Counter[str] = Counter()
    for step in required:
        counts.update(_subjects(step, media_types).keys())
    candidates = [(step, _subjects(step, media_types)) for step in steps]
    chosen = []
    for _ in range(count):
        best = max(
            candidates,
            key=lambda candidate: (
                _new_information(counts, candidate[1]),
                not candidate[0].may_start_sync,
            ),
        )
        candidates.remove(best)
        chosen.append(best[0])
        counts.update(best[1].keys())
    return chosen


def _new_information(counts: Mapping[str, int], subjects: Mapping[str, float]) -> float:
    return sum(weight / 8.0 ** counts[subject] for subject, weight in subjects.items())


def _subjects(step: PlannedRequest, media_types: Collection[str]) -> Mapping[str, float]:
    """Return the claims of *step*, and its media type if described, each with a weight."""
    all_claims = claims.load()
    weights = {id_: 2.0 if all_claims[id_].kind == "documented" else 1.0 for id_ in step.claims}
    media_type = dict(step.request.headers).get("Content-Type", "")
    return {**weights, media_type: 2.0} if media_type in media_types else weights
