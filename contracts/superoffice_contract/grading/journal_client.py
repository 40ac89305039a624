"""The journal of a running mock -> calls; it knows outcomes that the caller never learns."""

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
from superoffice_contract.grading.calls import NO_CALLS, Call, Confidence, Judged, Mistake, concerns

MAX_BYTES: Final = 64 * 1024 * 1024
PATIENCE: Final = 10.0
"""Seconds that the mock may keep silent."""
LONGEST: Final = 30.0
"""Seconds that a whole answer may take."""
_SECOND: Final = 1.0
_LATE: Final = 0.1
"""Seconds by which a real clock may pass the second of a call that is turned away: by microseconds
or, on a busy machine, by more. It is still the second, and whoever hung up was gone before."""
_BODY: Final = frozenset({"body", "undocumented-members"})
_STAGED: Final = ("faulted", "replayed")
"""Outcomes that somebody armed or recorded: such an answer tells nothing of a run."""
NOBODY: Final = "no tenant"
"""Whose the calls are that were sent to a tenant which is not there."""


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


class _Step(msgspec.Struct, frozen=True):
    AccountId: int


class _Run(msgspec.Struct, frozen=True):
    run: int
    tasks: tuple[tuple[_Step, ...], ...]


class _Runs(msgspec.Struct, frozen=True):
    runs: tuple[_Run, ...]


class JournalCalls(msgspec.Struct, frozen=True):
    """The calls that a journal still has, and how many exchanges it forgot."""

    calls: tuple[Call, ...]
    forgotten: int


def load(url: str, tenants: tuple[str, ...], token: str | None = None) -> JournalCalls:
    """Ask the mock at *url* for the journals of *tenants*; *token* is its control token.

    Raise TrafficError, one line, if it can't be asked or is no mock.
    """
    root = _root(url)
    told = [_tenant(root, tenant, token) for tenant in dict.fromkeys(tenants)]
    calls = tuple(call for one in told for call in one.calls)
    return JournalCalls(calls, sum(one.forgotten for one in told))


def _root(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        msg = "--journal: this is no URL; give one such as http://127.0.0.1:8204"
        raise TrafficError(msg) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        msg = "--journal: give a URL without a user, such as http://127.0.0.1:8204"
        raise TrafficError(msg)
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{port}{parts.path.rstrip('/')}"


def _tenant(root: str, tenant: str, token: str | None) -> JournalCalls:
    query = f"?tenant={quote(tenant, safe='')}"
    journal = _get(f"{root}/_mock/requests{query}", token, _Requests)
    runs = {one.run: one for one in _get(f"{root}/_mock/runs{query}", token, _Runs).runs}
    kept = (one for one in journal.requests if concerns(one.path) and one.method not in NO_CALLS)
    return JournalCalls(tuple(_call(one, runs) for one in kept), journal.forgotten)


# ---- asking ----------------------------------------------------------------------------------

View = TypeVar("View", _Requests, _Runs)


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer like any other: the token goes nowhere else."""

    def redirect_request(self, *_: Any) -> None:  # noqa: ANN401
        return None


def _get(url: str, token: str | None, kind: type[View]) -> View:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http(s) alone
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            return msgspec.json.decode(_whole(answer, url), type=kind)
    except HTTPError as error:
        with error:
            msg = f"{url}: answered {error.code}{_detail(error)}"
        raise TrafficError(msg) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        msg = f"{url}: this is not the journal of a superoffice-mock"
        raise TrafficError(msg) from None
    except (OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        msg = f"{url}: can't be asked: {reason or type(error).__name__}"
        raise TrafficError(" ".join(msg.split())) from None


def _whole(answer: http.client.HTTPResponse, url: str) -> bytes:
    """Read the answer, but not for ever and not without end."""
    until, parts, size = time.monotonic() + LONGEST, list[bytes](), 0
    while part := answer.read1(65536):
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES or time.monotonic() > until:
            msg = f"{url}: more than {MAX_BYTES // 1024 // 1024} MiB, or slower than {LONGEST} s"
            raise TrafficError(msg)
    return b"".join(parts)


def _detail(answer: IO[bytes]) -> str:
    """Return what the mock says is wrong, in its own words."""
    try:
        problem = msgspec.json.decode(answer.read(65536))
    except (msgspec.DecodeError, OSError, http.client.HTTPException):
        return "; this is not the journal of a superoffice-mock"
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return f": {' '.join(str(detail).split())}" if detail else ""


# ---- exchanges -> calls ----------------------------------------------------------------------


def _call(exchange: _Exchange, runs: Mapping[int, _Run]) -> Call:
    accounts = tuple(one.AccountId for one in exchange.accounts or ())
    run = runs.get(exchange.run) if exchange.run is not None else None
    covered = (step.AccountId for task in run.tasks for step in task) if run else iter(())
    tenant = exchange.tenant or NOBODY
    return Call(
        id=f"request {exchange.id} of {tenant}",
        time=exchange.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        tenant=tenant,
        method=exchange.method,
        path=exchange.path,
        at=exchange.at.timestamp(),
        # The journal has when the answer was due; who hung up left earlier, nobody knows when.
        elapsed=None if exchange.hung_up else exchange.elapsed,
        status=_status(exchange),
        gave_up=_gave_up(exchange),
        accounts=accounts,
        synced=tuple(covered),
        turned_away=Confidence.CERTAIN if exchange.outcome == "turned_away" else None,
        judged=_judged(exchange),
    )


def _status(exchange: _Exchange) -> int | None:
    """Return the status, but no 2xx that was staged: it neither starts a run nor loses accounts."""
    status = exchange.status
    staged = exchange.outcome in _STAGED and status is not None and status < 300
    return None if staged else status


def _gave_up(exchange: _Exchange) -> bool | None:
    """Tell whether the caller left within its second; None where nobody knows.

    A fault may break the connection itself, and then it was not the caller who left.
    """
    known = exchange.status is not None or exchange.hung_up
    if not known or exchange.outcome == "faulted":
        return None
    due = _SECOND + _LATE if exchange.outcome == "turned_away" else _SECOND
    return exchange.hung_up and (exchange.elapsed or 0.0) <= due


_REFUSALS: Final[Mapping[int, tuple[str, tuple[str, ...], frozenset[str]]]] = {
    400: ("body", ("body-syntax", "body-shape"), frozenset({"undocumented-members"})),
    401: ("credentials", ("unauthorized",), _BODY | {"media-type"}),
    403: ("credentials", ("grant", "restricted-status"), _BODY | {"media-type"}),
    404: ("address", ("path",), _BODY | {"media-type", "credentials"}),
    405: ("address", ("method", "method-not-allowed"), _BODY | {"media-type", "credentials"}),
    413: ("body", ("body-limit",), frozenset({"undocumented-members"})),
    415: ("media-type", ("media-types", "media-type-other"), _BODY),
}
"""Status -> the check that failed, its claims, and the checks that the mock did not get to."""
_NOT_REACHED: Final = _BODY | {"media-type", "credentials", "answers"}


def _judged(exchange: _Exchange) -> Judged:
    """Take the mock's own verdict: it saw what the journal does not keep."""
    if exchange.outcome != "rejected":
        reached = exchange.outcome in ("started", "turned_away", "served")
        return Judged(tuple(_violations(exchange)), frozenset() if reached else _NOT_REACHED)
    refusal = _REFUSALS.get(exchange.status or 0)
    if refusal is None or exchange.hung_up:
        return Judged(unjudged=_NOT_REACHED)
    check, claims, unjudged = refusal
    what = exchange.reason or f"answered {exchange.status}"
    return Judged((Mistake(check, what, claims),), unjudged)


def _violations(exchange: _Exchange) -> Iterator[Mistake]:
    for one in exchange.violations:
        what = f"{one}; leave out what is not documented"
        yield Mistake("undocumented-members", what, ("unknown-members", "query-names"))
