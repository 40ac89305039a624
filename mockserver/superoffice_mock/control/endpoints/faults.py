"""Faults, armed by hand: looked at, replaced, added and cleared."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Annotated, ClassVar, Final

from msgspec import Meta

from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import (
    ControlMethod,
    ControlPaths,
    ControlRequest,
    RequestBody,
)
from superoffice_mock.control.views import View
from superoffice_mock.core.faults import (
    Breakage,
    Chance,
    Delay,
    Each,
    Effect,
    Every,
    Expiry,
    Fault,
    Faults,
    Refusal,
    Rule,
)
from superoffice_mock.core.sync_run import SECOND, seconds
from superoffice_mock.webapi.fault_injection import BREAKAGES
from superoffice_mock.wire.values import shorten

MAX_SEED: Final = 2**53 - 1
"""The largest whole number that every reader of JSON keeps as it is."""


MAX_HEADERS: Final = 20


RETRIABLE: Final = (429, 503)


SEEDED: Final = "random-data-then-close"


OF_THE_CONNECTION: Final = frozenset(
    {
        *("connection", "content-length", "date", "keep-alive", "te", "trailer"),
        *("transfer-encoding", "upgrade"),
    }
)
"""Headers that the server must write itself."""


_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")


_VALUE: Final = re.compile(r"[\t\x20-\x7e\xa0-\xff]{0,1000}")


Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class SentFault(RequestBody):
    """Which calls are struck, and by exactly one of: status, expiry, delay, connection."""

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

    @property
    def effects(self) -> list[str]:
        """The effects that it names."""
        return [name for name in EFFECTS if getattr(self, name) is not None]


EFFECTS: Final = ("status", "expired_credential", "delay", "connection")


def meant(sent: SentFault, asked: ControlRequest, where: str = "") -> Fault:
    """Return the fault that *sent* means. Raise ProblemError if it is none, or can't be armed."""
    names = [one.name for one in asked.world.operations.values()]
    for wrong in _wrongs(sent, names):
        raise problem(400, f"the body: {where}{wrong}; send {SentFault.example}")
    if sent.connection is not None and not asked.on_a_socket:
        detail = "there is no connection to break in-process; run a real server for that"
        raise problem(409, f"{where}{sent.connection}: {detail}")
    return Fault(_effect(sent), _rule(sent), _operation(sent, names), _times(sent))


# ---- what it means ---------------------------------------------------------------------------


def _effect(sent: SentFault) -> Effect:
    if sent.status is not None:
        headers = tuple((sent.headers or {}).items())
        if sent.retry_after is not None:
            headers = (*headers, ("Retry-After", f"{sent.retry_after}"))
        return Refusal(sent.status, sent.message, headers)
    if sent.delay is not None:
        return Delay(seconds(sent.delay))
    if sent.connection is not None:
        return Breakage(sent.connection, sent.seed or 0)
    return Expiry()


def _rule(sent: SentFault) -> Rule:
    if sent.every is not None:
        return Every(sent.every)
    if sent.probability is not None:
        return Chance(sent.probability, sent.seed or 0)
    return Each()


def _operation(sent: SentFault, names: list[str]) -> str | None:
    wanted = sent.operation and sent.operation.lower()
    return next((name for name in names if name.lower() == wanted), None)


def _times(sent: SentFault) -> int | None:
    repeated = sent.every is not None or sent.probability is not None
    return sent.times or (None if repeated else 1)


# ---- what is wrong ---------------------------------------------------------------------------


def _wrongs(sent: SentFault, names: list[str]) -> Iterator[str]:
    """Yield what can't be meant."""
    yield from _wrong_answer(sent)
    effects = sent.effects
    if not effects:
        yield f"nothing happens; name one of {', '.join(EFFECTS)}"
    if len(effects) > 1:
        yield f"{' and '.join(effects)} can't happen at once; arm a fault for each"
    if sent.expired_credential is False:
        yield "expired_credential is true or left out"
    if sent.operation is not None and _operation(sent, names) is None:
        yield f"operation {_unknown(sent.operation, names)}"
    if sent.connection is not None and sent.connection not in BREAKAGES:
        yield f"connection {_unknown(sent.connection, BREAKAGES)}"
    yield from _wrong_rule(sent)


def _wrong_rule(sent: SentFault) -> Iterator[str]:
    if sent.every is not None and sent.probability is not None:
        yield "every and probability exclude each other"
    if sent.times == 0 and sent.every is None and sent.probability is None:
        yield "times is 1 or more; with every or probability, 0 means until it is cleared"
    if sent.seed is not None and sent.probability is None and sent.connection != SEEDED:
        yield f"seed belongs to probability or to {SEEDED}"


def _wrong_answer(sent: SentFault) -> Iterator[str]:
    for name in ("message", "headers", "retry_after"):
        if getattr(sent, name) is not None and sent.status is None:
            yield f"{name} belongs to an answer; give its status, too"
    if sent.retry_after is not None and sent.status not in RETRIABLE:
        yield "retry_after goes with status 429 or 503"
    if sent.message is not None and not sent.message.isprintable():
        yield "message has characters that can't be printed"
    taken = set() if sent.retry_after is None else {"retry-after"}
    yield from _wrong_headers(sent.headers or {}, taken)


def _wrong_headers(headers: Mapping[str, str], taken: set[str]) -> Iterator[str]:
    for name, value in headers.items():
        folded = name.lower()
        if not _NAME.fullmatch(name):
            yield f"headers: {shorten(name)!r} is no name of a header"
        if not _VALUE.fullmatch(value):
            yield f"headers: {shorten(name)}: its value has characters that no header may have"
        if folded in OF_THE_CONNECTION:
            yield f"headers: {shorten(name)} belongs to the connection; the server writes it"
        if folded in taken:
            yield f"headers: {shorten(name)} stands there twice"
        taken.add(folded)


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name.lower(), [one.lower() for one in known], n=1, cutoff=0.5)
    found = next((one for one in known if near == [one.lower()]), None)
    meant = f"did you mean {found!r}? " if found else ""
    return f"{shorten(name)!r} is not known; {meant}known are {', '.join(known)}"


MAX_FAULTS: Final = 100
"""Faults of one tenant."""


class SentFaults(RequestBody):
    """All the faults that a tenant shall have."""

    example: ClassVar[str] = (
        '{"faults": [{"status": 503, "retry_after": 2, "times": 2}, {"connection": "stall"}]}'
    )
    faults: Annotated[list[SentFault], Meta(max_length=MAX_FAULTS)]


async def _faults(asked: ControlRequest) -> View:
    return _view(asked.tenant.state.faults)


async def _replace(asked: ControlRequest) -> View:
    sent = asked.read(SentFaults).faults
    meanings = [meant(one, asked, f"faults[{place}]: ") for place, one in enumerate(sent)]
    return _changed(asked, asked.tenant.state.faults.replaced(meanings))


async def _add(asked: ControlRequest) -> View:
    fault = meant(asked.read(SentFault), asked)
    faults = asked.tenant.state.faults
    if faults.armed >= MAX_FAULTS:
        raise problem(409, f"{MAX_FAULTS} faults are armed already; DELETE /_mock/faults first")
    return _changed(asked, faults.with_fault(fault, MAX_FAULTS))


async def _clear(asked: ControlRequest) -> View:
    return _changed(asked, asked.tenant.state.faults.replaced(()))


def _changed(asked: ControlRequest, faults: Faults) -> View:
    asked.tenant.transact(lambda state: (state.with_faults(faults), None))
    return _view(faults)


# ---- what is shown ---------------------------------------------------------------------------


def _view(faults: Faults) -> View:
    return {"faults": [_fault_view(fault) for fault in faults.each]}


def _fault_view(fault: Fault) -> View:
    """Return *fault* by the members that arm it, and what became of it."""
    return {
        "id": fault.id,
        "operation": fault.operation,
        "times": fault.times,
        **_rule_view(fault.rule),
        **_effect_view(fault.effect),
        "fired": fault.fired,
        "armed": fault.armed,
    }


def _rule_view(rule: Rule) -> View:
    match rule:
        case Each():
            return {}
        case Every(nth):
            return {"every": nth}
        case Chance(probability, seed):
            return {"probability": probability, "seed": seed}


def _effect_view(effect: Effect) -> View:
    match effect:
        case Refusal(status, message, headers):
            return {"status": status, "message": message, "headers": dict(headers)}
        case Expiry():
            return {"expired_credential": True}
        case Delay(by):
            return {"delay": by / SECOND}
        case Breakage(kind, seed):
            return {"connection": kind} | ({"seed": seed} if kind == SEEDED else {})


VERBS: Final[ControlPaths] = {
    "/faults": {
        "GET": ControlMethod(
            _faults,
            summary="the faults, how often each fired and whether it still can",
            answers="Faults",
        ),
        "PUT": ControlMethod(
            _replace,
            summary="arm these faults instead of all others",
            takes=SentFaults,
            answers="Faults",
            refuses=(409,),
        ),
        "POST": ControlMethod(
            _add,
            summary="arm one more fault",
            takes=SentFault,
            answers="Faults",
            refuses=(409,),
        ),
        "DELETE": ControlMethod(_clear, summary="clear all faults", answers="Faults"),
    },
}
