"""Control calls that list, arm, replace and clear faults."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Final

from msgspec import Meta
from msgspec.structs import replace

from superoffice_contract.messages import NEAREST, list_nearest, shorten, suggest
from superoffice_mock.control.errors import ProblemError
from superoffice_mock.control.pieces import View
from superoffice_mock.control.request import (
    ControlMethod,
    ControlRequest,
    RequestBody,
    parse_whole_number,
)
from superoffice_mock.core.faults import (
    Breakage,
    Chance,
    Delay,
    Effect,
    ErrorAnswer,
    EveryNth,
    Expiry,
    Fault,
    FaultId,
    Faults,
    Rule,
)
from superoffice_mock.core.sync_run import SECOND, seconds
from superoffice_mock.webapi.fault_injection import BREAKAGES

MAX_SEED: Final = 2**53 - 1
"""The largest integer that every JSON parser reads exactly."""
MAX_HEADERS: Final = 20
MAX_FAULTS: Final = 100
EFFECTS: Final = ("status", "expired_credential", "delay", "connection")
RETRY_AFTER_STATUSES: Final = (429, 503)
SEEDED_BREAKAGE: Final = "random-data-then-close"
CONNECTION_HEADERS: Final = frozenset(
    {
        *("connection", "content-length", "date", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)
"""Headers that the server writes itself."""
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]{0,1000}")

Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class NewFault(RequestBody):
    """A fault: when it fires, and one of status, expired_credential, delay and connection."""

    example: ClassVar[str] = (
        '{"status": 503, "retry_after": 2, "times": 2} or {"expired_credential": true} '
        'or {"delay": 1.5, "every": 3} or {"connection": "reset-by-peer"}'
    )
    operation: str | None = None
    times: Count | None = None
    every: Annotated[int, Meta(ge=1, le=1_000_000_000)] | None = None
    probability: Annotated[float, Meta(gt=0, le=1)] | None = None
    seed: Annotated[int, Meta(ge=0, le=MAX_SEED)] | None = None
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    message: Annotated[str, Meta(min_length=1, max_length=1000)] | None = None
    headers: Annotated[dict[str, str], Meta(max_length=MAX_HEADERS)] | None = None
    retry_after: Count | None = None
    expired_credential: bool | None = None
    delay: Annotated[float, Meta(gt=0, le=1_000_000_000)] | None = None
    connection: Annotated[str, Meta(extra_json_schema={"enum": list(BREAKAGES)})] | None = None


class NewFaults(RequestBody):
    """All faults of a tenant."""

    example: ClassVar[str] = (
        '{"faults": [{"status": 503, "retry_after": 2, "times": 2}, {"connection": "stall"}]}'
    )
    faults: Annotated[list[NewFault], Meta(max_length=MAX_FAULTS)]


def build_fault(new: NewFault, request: ControlRequest, where: str = "") -> Fault:
    """Return the fault in *new*, called *where* in messages. Raise ProblemError."""
    operations = list(request.context.operations.entries)
    for text in _find_problems(new, operations):
        raise ProblemError(400, f"the body: {where}{text}")
    if new.connection is not None and not request.has_connection:
        detail = "an in-process app has no connection to break; run a real server for that"
        raise ProblemError(409, f"{where}{new.connection}: {detail}")
    rule = _rule(new)
    times = new.times or (1 if rule is None else None)
    return Fault(_effect(new), rule, _find_operation(new, operations), times)


def _effect(new: NewFault) -> Effect:
    if new.status is not None:
        headers = tuple((new.headers or {}).items())
        if new.retry_after is not None:
            headers = (*headers, ("Retry-After", f"{new.retry_after}"))
        return ErrorAnswer(new.status, new.message, headers)
    if new.delay is not None:
        return Delay(seconds(new.delay))
    if new.connection is not None:
        return Breakage(new.connection, new.seed or 0)
    return Expiry()


def _rule(new: NewFault) -> Rule | None:
    if new.every is not None:
        return EveryNth(new.every)
    if new.probability is not None:
        return Chance(new.probability, new.seed or 0)
    return None


def _find_operation(new: NewFault, operations: list[str]) -> str | None:
    folded = new.operation and new.operation.lower()
    return next((name for name in operations if name.lower() == folded), None)


def _find_problems(new: NewFault, operations: list[str]) -> Iterator[str]:
    yield from _answer_problems(new)
    effects = [name for name in EFFECTS if getattr(new, name) is not None]
    if not effects:
        yield f"the fault has no effect; name one of {', '.join(EFFECTS)}"
    if len(effects) > 1:
        yield f"{' and '.join(effects)} exclude each other; arm one fault for each"
    if new.expired_credential is False:
        yield "expired_credential must be true or left out"
    if new.operation is not None and _find_operation(new, operations) is None:
        hint = list_nearest(new.operation, operations, "operation")
        if len(operations) <= NEAREST:
            hint = suggest(new.operation, operations, hint)
        yield f"unknown operation {shorten(new.operation)!r}; {hint}"
    if new.connection is not None and new.connection not in BREAKAGES:
        otherwise = f"the connections are: {', '.join(BREAKAGES)}"
        hint = suggest(new.connection, BREAKAGES, otherwise)
        yield f"unknown connection {shorten(new.connection)!r}; {hint}"
    yield from _rule_problems(new)


def _rule_problems(new: NewFault) -> Iterator[str]:
    if new.every is not None and new.probability is not None:
        yield "every and probability exclude each other"
    if new.times == 0 and new.every is None and new.probability is None:
        yield "times: 0 is only for a fault with every or probability; send 1 or more"
    if new.seed is not None and new.probability is None and new.connection != SEEDED_BREAKAGE:
        yield f"seed needs probability or connection {SEEDED_BREAKAGE}"


def _answer_problems(new: NewFault) -> Iterator[str]:
    for name in ("message", "headers", "retry_after"):
        if getattr(new, name) is not None and new.status is None:
            yield f"{name} needs a status; send both"
    if new.retry_after is not None and new.status not in RETRY_AFTER_STATUSES:
        yield "retry_after goes with status 429 or 503"
    if new.message is not None and not new.message.isprintable():
        yield "message contains characters that cannot be printed"
    names = set() if new.retry_after is None else {"retry-after"}
    yield from _header_problems(new.headers or {}, names)


def _header_problems(headers: Mapping[str, str], names: set[str]) -> Iterator[str]:
    """Yield what is wrong with *headers*; *names* are the headers that the answer has already."""
    for name, value in headers.items():
        folded = name.lower()
        if not _HEADER_NAME.fullmatch(name):
            yield f"headers: {shorten(name)!r} is not a valid header name"
        if not _HEADER_VALUE.fullmatch(value):
            yield f"headers: {shorten(name)}: the value has characters that headers can't have"
        if folded in CONNECTION_HEADERS:
            yield f"headers: the server writes {shorten(name)} itself; leave it out"
        if folded in names:
            yield f"headers: {shorten(name)} is given twice"
        names.add(folded)


async def _list_faults(request: ControlRequest) -> View:
    return faults_view(request.tenant.state.faults)


async def _replace_faults(request: ControlRequest) -> View:
    body = request.decode_body(NewFaults)
    faults = [build_fault(new, request, f"faults[{i}]: ") for i, new in enumerate(body.faults)]
    return _set_faults(request, request.tenant.state.faults.replace_all(faults))


async def _add_fault(request: ControlRequest) -> View:
    fault = build_fault(request.decode_body(NewFault), request)
    faults = request.tenant.state.faults
    if faults.armed_count >= MAX_FAULTS:
        raise ProblemError(
            409, f"{MAX_FAULTS} faults are already armed; DELETE /_mock/faults first"
        )
    return _set_faults(request, faults.with_fault(fault, MAX_FAULTS))


async def _clear_faults(request: ControlRequest) -> View:
    return _set_faults(request, request.tenant.state.faults.replace_all(()))


async def _remove_fault(request: ControlRequest) -> View:
    faults = request.tenant.state.faults
    try:
        remaining = faults.without(FaultId(parse_whole_number(request.id) or 0))
    except KeyError:
        detail = f"fault {shorten(request.id)} is unknown or was removed"
        raise ProblemError(404, f"{detail}; GET /_mock/faults lists the others") from None
    return _set_faults(request, remaining)


def _set_faults(request: ControlRequest, faults: Faults) -> View:
    request.tenant.change_state(replace(request.tenant.state, faults=faults))
    return faults_view(faults)


def faults_view(faults: Faults) -> View:
    """Return *faults* as they are listed."""
    return {"faults": [_fault_view(fault) for fault in faults.items]}


def _fault_view(fault: Fault) -> View:
    return {
        "id": fault.id,
        "operation": fault.operation,
        "times": fault.times,
        **_rule_view(fault.rule),
        **_effect_view(fault.effect),
        "fired": fault.fired,
        "armed": fault.armed,
    }


def _rule_view(rule: Rule | None) -> View:
    match rule:
        case None:
            return {}
        case EveryNth(nth):
            return {"every": nth}
        case Chance(probability, seed):
            return {"probability": probability, "seed": seed}


def _effect_view(effect: Effect) -> View:
    match effect:
        case ErrorAnswer(status, message, headers):
            return {"status": status, "message": message, "headers": dict(headers)}
        case Expiry():
            return {"expired_credential": True}
        case Delay(by):
            return {"delay": by / SECOND}
        case Breakage(kind, seed):
            return {"connection": kind} | ({"seed": seed} if kind == SEEDED_BREAKAGE else {})


CALLS: Final = {
    "GET /faults": ControlMethod(
        _list_faults, "lists the faults: how often each fired, and whether it still can", "Faults"
    ),
    "PUT /faults": ControlMethod(
        _replace_faults, "replaces all faults with these", "Faults", NewFaults, errors=(409,)
    ),
    "POST /faults": ControlMethod(
        _add_fault, "arms one more fault", "Faults", NewFault, errors=(409,)
    ),
    "DELETE /faults": ControlMethod(_clear_faults, "clears all faults", "Faults"),
    "DELETE /faults/{id}": ControlMethod(
        _remove_fault, "clears one fault; the others go on counting", "Faults", errors=(404,)
    ),
}
