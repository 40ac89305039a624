"""Loads calls from the journal of a running mock, which records outcomes that clients can't see."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from http.client import HTTPException
from typing import Final

import msgspec

from superoffice_contract.control.answers import (
    Exchange,
    Journal,
    Run,
    Runs,
    Verdict,
    attempts_of,
    complete_accounts,
)
from superoffice_contract.control.client import (
    Answer,
    ControlClient,
    describe_failure,
    make_call,
    problem_detail,
)
from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TrafficError
from superoffice_contract.grading.calls import (
    TURNED_AWAY_AFTER,
    Assessment,
    Call,
    Violation,
    find_operation,
)
from superoffice_contract.local_server import parse_base_url
from superoffice_contract.lost_accounts import Attempt
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.timeline.model import Timeline

TIMEOUT: Final = 10.0
"""Seconds to wait for the next bytes of an answer."""
NOT_A_MOCK: Final = "this is not the journal of a superoffice-mock"
NO_TENANT: Final = "no tenant"
"""The tenant of calls to a tenant that does not exist."""
_UNEXPLAINED_OUTCOMES: Final = ("faulted", "replayed", "unknown")
"""Outcomes of armed answers, and of recorded ones of which nothing is known."""
_MEMBER_CHECKS: Final = frozenset({"undocumented-members"})
_BODY_CHECKS: Final = _MEMBER_CHECKS | {"body"}
_TYPE_CHECKS: Final = _BODY_CHECKS | {"media-type"}
_CREDENTIAL_CHECKS: Final = _TYPE_CHECKS | {"credentials"}
_REJECTIONS: Final[Mapping[int, tuple[str, tuple[str, ...], frozenset[str]]]] = {
    400: ("body", ("body-syntax", "body-shape"), _MEMBER_CHECKS),
    401: ("credentials", ("unauthorized",), _TYPE_CHECKS),
    403: ("credentials", ("grant", "restricted-status"), _TYPE_CHECKS),
    404: ("address", ("path",), _CREDENTIAL_CHECKS),
    405: ("address", ("method", "method-not-allowed"), _CREDENTIAL_CHECKS),
    413: ("body", ("body-limit",), _MEMBER_CHECKS),
    415: ("media-type", ("media-types", "media-type-other"), _BODY_CHECKS),
}
"""By status: the check that failed, its claims, and the checks that the mock did not get to."""
_NOT_REACHED: Final = _CREDENTIAL_CHECKS | {"answers"}


class JournalCalls(msgspec.Struct, frozen=True):
    """The calls of *tenants*, and the number of exchanges that the journal no longer keeps."""

    tenants: tuple[str, ...]
    calls: tuple[Call, ...]
    forgotten: int


def load_calls(
    url: str,
    tenants: tuple[str, ...],
    token: str | None = None,
    proxy: Proxy | None = None,
) -> JournalCalls:
    """Load the calls of *tenants* from the mock at *url*; none is its default one.

    *token* is its control token.
    Raise TargetError if *url* is no base URL; TrafficError, one line, if the server does not answer
    or is not a mock.
    """
    control_client = ControlClient(parse_base_url(url), token or None, timeout=TIMEOUT, proxy=proxy)
    with closing(control_client) as client:
        ids = dict.fromkeys(tenants) or {_get(client, "verdict", None, Verdict).tenant: None}
        journals = [_load_tenant(client, tenant) for tenant in ids]
    calls = tuple(call for journal in journals for call in journal.calls)
    return JournalCalls(tuple(ids), calls, sum(journal.forgotten for journal in journals))


def load_timelines(
    url: str,
    tenants: tuple[str, ...],
    token: str | None = None,
    proxy: Proxy | None = None,
) -> tuple[Timeline, ...]:
    """Load the timelines of *tenants* from the mock at *url*; see `load_calls`."""
    control_client = ControlClient(parse_base_url(url), token or None, timeout=TIMEOUT, proxy=proxy)
    with closing(control_client) as client:
        ids = dict.fromkeys(tenants) or {_get(client, "verdict", None, Verdict).tenant: None}
        return tuple(_get(client, "timeline", id_, Timeline, format="json") for id_ in ids)


def _load_tenant(client: ControlClient, tenant: str) -> JournalCalls:
    journal = _get(client, "requests", tenant, Journal)
    exchanges = complete_accounts(
        journal.requests, lambda id_: _get(client, f"requests/{id_}", tenant, Exchange)
    )
    runs = _get(client, "runs", tenant, Runs).runs
    return JournalCalls((tenant,), calls_of(exchanges, runs), journal.forgotten)


def calls_of(exchanges: Sequence[Exchange], runs: Sequence[Run]) -> tuple[Call, ...]:
    """Return the documented calls among *exchanges*, which have all their accounts."""
    attempts = attempts_of(exchanges, runs)
    return tuple(
        _make_call(exchange, attempt, operation)
        for exchange, attempt in zip(exchanges, attempts, strict=True)
        if (operation := find_operation(exchange.method, exchange.path)) is not None
    )


def _get(
    client: ControlClient, path: str, tenant: str | None, type_: type[Answer], **query: object
) -> Answer:
    call = make_call("GET", path, None, query | ({} if tenant is None else {"tenant": tenant}))
    try:
        status, content = client.exchange(call)
        if status == 200:
            return msgspec.json.decode(content, type=type_)
        detail = problem_detail(content)
        msg = f"answered {status}" + (f": {detail}" if detail else f"; {NOT_A_MOCK}")
        if status == 404 and detail and tenant is not None:
            msg = f"{msg}; choose one with --tenant"
    except (msgspec.DecodeError, RecursionError):
        msg = NOT_A_MOCK
    except (OSError, HTTPException) as error:
        msg = describe_failure(error)
    raise TrafficError(" ".join(f"{client.url}{call.target}: {msg}".split()))


# ---- exchanges to calls ----------------------------------------------------------------------


def _make_call(exchange: Exchange, attempt: Attempt, operation: Operation) -> Call:
    was_turned_away = exchange.became == "turned_away" or exchange.is_undecided
    tenant = exchange.tenant or NO_TENANT
    return Call(
        id=f"request {exchange.id} of {tenant}",
        time=exchange.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        tenant=tenant,
        method=exchange.method,
        path=exchange.path,
        at=exchange.at.timestamp(),
        # The journal has the time when the answer was due; a client that disconnected left earlier.
        elapsed=None if exchange.hung_up else exchange.elapsed,
        status=_status(exchange),
        gave_up=_gave_up(exchange),
        accounts=exchange.account_ids,
        synced=tuple(attempt.covered),
        turned_away_confidence=attempt.confidence if was_turned_away else None,
        assessment=_assess(exchange),
        operation=operation.name,
    )


def _status(exchange: Exchange) -> int | None:
    """Return the status; None for a 2xx of a fault, or of a recording that does not explain it."""
    status = exchange.status
    is_artificial = exchange.became in _UNEXPLAINED_OUTCOMES
    return None if is_artificial and status is not None and status < 300 else status


def _gave_up(exchange: Exchange) -> bool | None:
    """Return whether the client disconnected within a second; None if that is unknown.

    After a fault it is unknown, because the fault itself may have closed the connection.
    """
    is_complete = exchange.status is not None or exchange.hung_up
    if not is_complete or exchange.outcome == "faulted":
        return None
    return exchange.hung_up and (exchange.hung_up_after or 0.0) < TURNED_AWAY_AFTER


def _assess(exchange: Exchange) -> Assessment:
    """Return the mock's own assessment, because the journal does not keep the whole request."""
    if exchange.outcome != "rejected":
        is_checked = exchange.outcome in ("started", "turned_away", "served")
        unchecked = frozenset[str]() if is_checked else _NOT_REACHED
        return Assessment(tuple(_violations(exchange)), unchecked)
    rejection = _REJECTIONS.get(exchange.status or 0)
    if rejection is None or exchange.hung_up:
        return Assessment(unchecked=_NOT_REACHED)
    check, claims, unchecked = rejection
    what = exchange.reason or f"answered {exchange.status}"
    return Assessment((Violation(check, what, claims),), unchecked)


def _violations(exchange: Exchange) -> Iterator[Violation]:
    for violation in exchange.violations:
        what = f"{violation}; leave out what is not documented"
        yield Violation("undocumented-members", what, ("unknown-members", "query-names"))
