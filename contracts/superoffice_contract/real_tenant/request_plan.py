"""Plans which requests of the contract check are sent to a real tenant, and why others are not.

Some are changed so that they need no credential: paths are tested by GET, and error bodies by a
call that is refused anyway.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final
from urllib.parse import unquote

import msgspec

from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.openapi import charsets, claims, operations
from superoffice_contract.openapi.operations import SAFE_METHODS
from superoffice_contract.real_tenant.unobservable_claims import UNOBSERVABLE
from superoffice_contract.suite.plan import Plan
from superoffice_contract.target import secrets as target_secrets
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request
from superoffice_contract.target.secrets import TenantSecrets
from superoffice_contract.target.tenants import TargetTenant

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
NO_ACCOUNTS: Final = b'{"SyncUserAccounts":[]}'
"""A body that names no account."""
_ASSOCIATE: Final = (
    r',"AssociateId":874|<(?:p:)?AssociateId>874</(?:p:)?AssociateId>'
    r"|&[^&]*AssociateId(?:\]|%5D)?=874"
)
_REPLACEMENTS: Final = (
    (_ASSOCIATE, ""),
    (r"\btje0\b", ""),
    (r'"x":\[1\]', '"x":[]'),
    (r'"5"', '"507"'),
    (r"\b1\.0\b", "507.0"),
    (r"\b1e2\b", "507e0"),
)
"""Remove the sample's associate, and make 507 of numbers that test a type."""
_SAMPLE: Final = re.compile(r"(?<![\w.+-])507(?!\d)")
_NO_IDS: Final = re.compile(r"http://[^\"']*|SyncUserAccounts\[\d+\]", re.IGNORECASE)
"""Where digits are not ids: the names of namespaces, the indices of a form."""
_NUMBER: Final = re.compile(r"(?<!\w)[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_AMBIGUOUS: Final = re.compile(
    r":\s*(?:true|false)|AccountId\"\s*:\s*(?:null|\[)|<AccountId [^>]*nil=|\{\s*\}", re.IGNORECASE
)
"""What a lenient reader may read as 1 or 0, and what may be an account without an id."""


def with_account(request: Request, account: int) -> Request:
    """Return *request* with *account* in place of the sample's account and its associate."""
    text, encoding = _text(request)
    for pattern, replacement in _REPLACEMENTS:
        text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    body = _SAMPLE.sub(str(account), text).encode(encoding)
    return Request(request.method, request.path, request.headers, body)


def without_accounts(request: Request) -> Request:
    """Return *request*, with an empty list as its body if the body names an account."""
    body = NO_ACCOUNTS if request.body and not has_only_accounts(request, ()) else request.body
    return Request(request.method, request.path, request.headers, body)


def has_only_accounts(request: Request, accounts: tuple[int, ...]) -> bool:
    """Return whether even a lenient reader finds no number in the body other than *accounts*.

    An account without an id counts as another account, as it may be read as 0.
    """
    text = _NO_IDS.sub("", unquote(_text(request)[0]))
    if text != "{}" and _AMBIGUOUS.search(text):
        return False
    return all(Decimal(number) in accounts for number in _NUMBER.findall(text))


def _text(request: Request) -> tuple[str, str]:
    headers = {name.lower(): value for name, value in reversed(request.headers)}
    content_type = headers.get("content-type", "")
    if charsets.charset_parameter(content_type) == "utf-16":
        return request.body.decode("utf-16"), "utf-16"
    return request.body.decode("latin-1"), "latin-1"


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


def plan_requests(
    tenant: TargetTenant, accounts: Sequence[int], readings: dict[str, str], max_requests: int
) -> RequestPlan:
    """Plan at most *max_requests* to *tenant*, which name no accounts other than *accounts*.

    They carry a credential only if there are *accounts*.
    """
    strict, lenient = _context(tenant, readings), _context(tenant, {})
    secrets = target_secrets.secrets_of(tenant)
    steps, excluded = _select(_candidates(strict, lenient), strict, secrets, tuple(accounts))
    first = [step for step in steps if step.request == Request("GET", strict.url)]
    calls = [step for step in steps if step.name == FIRST_CALL]
    calls += [
        msgspec.structs.replace(step, expectations=_repeated_expectation(step)) for step in calls
    ]
    remaining = [step for step in steps if step not in (*first, *calls)]
    required = [*first, *calls][:max_requests]
    chosen = _most_informative(remaining, required, max_requests - len(required))
    return RequestPlan(
        (*first, *(step for step in remaining if step in chosen and not step.signed_in)),
        tuple(step for step in required if step not in first),
        tuple(step for step in remaining if step in chosen and step.signed_in),
        excluded,
        tuple(step for step in (*calls, *remaining) if step not in (*required, *chosen)),
    )


def _repeated_expectation(step: PlannedRequest) -> tuple[Expectation, ...]:
    (expectation, *_) = step.expectations
    repeated = msgspec.structs.replace(expectation.strict, name=SECOND_CALL, claims=("no-content",))
    return (Expectation(repeated, repeated),)


def _context(tenant: TargetTenant, readings: dict[str, str]) -> CheckContext:
    (context,) = Plan(server=None, tenants=(tenant,), readings=readings).contexts
    return context


# ---- candidates ------------------------------------------------------------------------------


class _Candidate(msgspec.Struct, frozen=True):
    """A request of the contract check, changed for a real tenant where needed."""

    expectation: Expectation
    sent_as_get: bool = False
    needs_credential: bool = False


def _candidates(strict: CheckContext, lenient: CheckContext) -> Iterator[_Candidate]:
    """Yield every request of the contract check, changed for a real tenant where needed."""
    signed_in = (strict, lenient)
    unsigned = [msgspec.structs.replace(context, credential_headers=()) for context in signed_in]
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
    return msgspec.structs.replace(expected, request=request, statuses=statuses)


def _expecting_401(expected: ExpectedResponse) -> ExpectedResponse:
    return msgspec.structs.replace(expected, statuses=(401,))


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
        signed_in = (
            _is_signed_in(candidate, request, context, secrets)
            and request.method not in SAFE_METHODS
        )
        if signed_in and accounts:
            account_index = account_indices.setdefault(
                request, len(account_indices) % len(accounts)
            )
            request = with_account(request, accounts[account_index])
        elif not signed_in:
            request = without_accounts(request)
        reason = _reason_to_exclude(candidate, request, context, secrets, accounts)
        if reason is not None:
            for id_ in candidate.expectation.strict.claims:
                excluded[id_] = excluded.get(id_, frozenset()) | {reason}
            continue
        equal_step = steps.get(request)
        expectations = (*(equal_step.expectations if equal_step else ()), candidate.expectation)
        steps[request] = PlannedRequest(request, expectations, signed_in, candidate.sent_as_get)
    return list(steps.values()), excluded


def _reason_to_exclude(
    candidate: _Candidate,
    request: Request,
    context: CheckContext,
    secrets: TenantSecrets,
    accounts: tuple[int, ...],
) -> str | None:
    """Return why *request* may not be sent, or None."""
    tenant_base = context.tenant.base.lower()
    if request.path.lower().partition("/api/")[0] != tenant_base:
        return OTHER_ADDRESS
    if secrets.has_mismatch(request.headers):
        return WRONG_SECRET
    signed_in = _is_signed_in(candidate, request, context, secrets)
    if request.method in SAFE_METHODS:
        return None
    if not accounts and (signed_in or candidate.needs_credential):
        return NEEDS_START_SYNCS
    if candidate.needs_credential and not context.credential_headers:
        return NEEDS_CREDENTIAL
    return None if has_only_accounts(request, accounts if signed_in else ()) else OTHER_ACCOUNT


def _is_signed_in(
    candidate: _Candidate, request: Request, context: CheckContext, secrets: TenantSecrets
) -> bool:
    has_credential = context.credential_headers != ()
    return bool(secrets.find_in(request.headers)) or (candidate.needs_credential and has_credential)


# ---- which requests are sent -----------------------------------------------------------------


def _most_informative(
    steps: Sequence[PlannedRequest], required: Sequence[PlannedRequest], count: int
) -> list[PlannedRequest]:
    """Return the *count* steps that add most to *required*: new claims, documented ones first.

    Of two equally informative requests, prefer the one that starts no sync, then the earlier one.
    """
    if len(steps) <= count:
        return list(steps)
    counts: Counter[str] = Counter()
    for step in required:
        counts.update(_subjects(step).keys())
    candidates = [(step, _subjects(step)) for step in steps]
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


def _subjects(step: PlannedRequest) -> Mapping[str, float]:
    """Return the claims of *step*, and its media type if documented, each with a weight."""
    (operation,) = operations.load().operations.values()
    all_claims = claims.load()
    weights = {id_: 2.0 if all_claims[id_].kind == "documented" else 1.0 for id_ in step.claims}
    media_type = dict(step.request.headers).get("Content-Type", "")
    return {**weights, media_type: 2.0} if media_type in operation.bodies else weights
