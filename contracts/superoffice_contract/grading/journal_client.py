"""Loads calls from the journal of a running mock, which records outcomes that clients can't see."""

import http.client
import time
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import IO, Any, Final, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit

import msgspec

from superoffice_contract.errors import TrafficError
from superoffice_contract.grading.calls import (
    Assessment,
    Call,
    Confidence,
    Violation,
    is_call_path,
)
from superoffice_contract.messages import describe_os_error
from superoffice_contract.openapi.operations import SAFE_METHODS

MAX_BYTES: Final = 64 * 1024 * 1024
TIMEOUT: Final = 10.0
"""Seconds to wait for the next bytes of a response."""
MAX_SECONDS: Final = 30.0
"""Seconds to wait for a whole response."""
NO_TENANT: Final = "no tenant"
"""The tenant of calls to a tenant that does not exist."""
_SECOND: Final = 1.0
_CLOCK_LAG: Final = 0.1
"""Seconds by which the answer to a call that is turned away may be late on a busy machine."""
_ARTIFICIAL_OUTCOMES: Final = ("faulted", "replayed")
"""Outcomes of armed or recorded answers, which say nothing about runs."""
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


class _Account(msgspec.Struct, frozen=True):
    AccountId: int


class _Exchange(msgspec.Struct, frozen=True):
    id: int
    at: datetime
    tenant: str | None
    method: str
    path: str
    accounts: tuple[_Account, ...] | None
    outcome: str
    run: int | None
    status: int | None
    elapsed: float | None
    hung_up: bool
    reason: str | None
    violations: tuple[str, ...]


class _Requests(msgspec.Struct, frozen=True):
    requests: tuple[_Exchange, ...]
    forgotten: int


class _Run(msgspec.Struct, frozen=True):
    run: int
    tasks: tuple[tuple[_Account, ...], ...]


class _Runs(msgspec.Struct, frozen=True):
    runs: tuple[_Run, ...]


class JournalCalls(msgspec.Struct, frozen=True):
    """The calls in a journal, and the number of exchanges that it no longer keeps."""

    calls: tuple[Call, ...]
    forgotten: int


def load_calls(url: str, tenants: tuple[str, ...], token: str | None = None) -> JournalCalls:
    """Load the calls of *tenants* from the mock at *url*; *token* is its control token.

    Raise TrafficError, one line, if the server does not answer or is not a mock.
    """
    base_url = _base_url(url)
    journals = [_load_tenant(base_url, tenant, token) for tenant in dict.fromkeys(tenants)]
    calls = tuple(call for journal in journals for call in journal.calls)
    return JournalCalls(calls, sum(journal.forgotten for journal in journals))


def _base_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        host = parts.hostname if parts.scheme in ("http", "https") else None
    except ValueError:
        host = None
    if not host:
        msg = "--journal: this is not a URL of a server; give one such as http://127.0.0.1:8204"
        raise TrafficError(msg)
    if "@" in parts.netloc:
        msg = "--journal: give the URL without a user, such as http://127.0.0.1:8204"
        raise TrafficError(msg)
    bracketed_host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{bracketed_host}{port}{parts.path.rstrip('/')}"


def _load_tenant(base_url: str, tenant: str, token: str | None) -> JournalCalls:
    query = f"?tenant={quote(tenant, safe='')}"
    journal = _get(f"{base_url}/_mock/requests{query}", token, _Requests)
    runs = {run.run: run for run in _get(f"{base_url}/_mock/runs{query}", token, _Runs).runs}
    calls = tuple(
        _make_call(exchange, runs)
        for exchange in journal.requests
        if is_call_path(exchange.path) and exchange.method not in SAFE_METHODS
    )
    return JournalCalls(calls, journal.forgotten)


# ---- HTTP ------------------------------------------------------------------------------------

View = TypeVar("View", _Requests, _Runs)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, so that the token is sent to no other server."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401
        return None


def _get(url: str, token: str | None, type_: type[View]) -> View:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http(s) alone
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    try:
        with opener.open(request, timeout=TIMEOUT) as response:
            return msgspec.json.decode(_read_all(response, url), type=type_)
    except HTTPError as error:
        with error:
            msg = f"{url}: answered {error.code}{_problem_detail(error)}"
        raise TrafficError(msg) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = f"{url}: this is not the journal of a superoffice-mock"
        raise TrafficError(msg) from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        cause = reason if isinstance(reason, BaseException) else error
        msg = f"{url}: {describe_os_error(cause)}; is a server running there?"
        raise TrafficError(" ".join(msg.split())) from None


def _read_all(response: http.client.HTTPResponse, url: str) -> bytes:
    """Read the body. Raise TrafficError beyond MAX_BYTES or MAX_SECONDS."""
    deadline, parts, size = time.monotonic() + MAX_SECONDS, list[bytes](), 0
    while part := response.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES or time.monotonic() > deadline:
            msg = (
                f"{url}: more than {MAX_BYTES // 1024 // 1024} MiB, or slower than {MAX_SECONDS} s"
            )
            raise TrafficError(msg)
    return b"".join(parts)


def _problem_detail(response: IO[bytes]) -> str:
    """Return the `detail` of the mock's problem+json."""
    try:
        problem = msgspec.json.decode(response.read(65536))
    except (msgspec.DecodeError, OSError, http.client.HTTPException):
        return "; this is not the journal of a superoffice-mock"
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return f": {' '.join(str(detail).split())}" if detail else ""


# ---- exchanges to calls ----------------------------------------------------------------------


def _make_call(exchange: _Exchange, runs: Mapping[int, _Run]) -> Call:
    run = runs.get(exchange.run) if exchange.run is not None else None
    tasks = run.tasks if run else ()
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
        accounts=tuple(account.AccountId for account in exchange.accounts or ()),
        synced=tuple(account.AccountId for task in tasks for account in task),
        turned_away_confidence=Confidence.CERTAIN if exchange.outcome == "turned_away" else None,
        assessment=_assess(exchange),
    )


def _status(exchange: _Exchange) -> int | None:
    """Return the status; None for an artificial 2xx, which starts no run and loses no accounts."""
    status = exchange.status
    is_artificial = exchange.outcome in _ARTIFICIAL_OUTCOMES
    return None if is_artificial and status is not None and status < 300 else status


def _gave_up(exchange: _Exchange) -> bool | None:
    """Return whether the client disconnected within a second; None if that is unknown.

    After a fault it is unknown, because the fault itself may have closed the connection.
    """
    is_complete = exchange.status is not None or exchange.hung_up
    if not is_complete or exchange.outcome == "faulted":
        return None
    # The journal has the time of the answer, which may be late, and not that of the disconnect.
    limit = _SECOND + _CLOCK_LAG if exchange.outcome == "turned_away" else _SECOND
    return exchange.hung_up and (exchange.elapsed or 0.0) <= limit


def _assess(exchange: _Exchange) -> Assessment:
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


def _violations(exchange: _Exchange) -> Iterator[Violation]:
    for violation in exchange.violations:
        what = f"{violation}; leave out what is not documented"
        yield Violation("undocumented-members", what, ("unknown-members", "query-names"))
