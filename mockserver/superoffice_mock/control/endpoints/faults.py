"""Faults, armed by hand: looked at, replaced, added and cleared."""

from typing import Annotated, ClassVar, Final

from msgspec import Meta

from superoffice_mock.asgi.control.fault import SEEDED, SentFault, meant
from superoffice_mock.control.errors import problem
from superoffice_mock.control.request import Asked, Sent, Verb, Verbs
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
from superoffice_mock.core.sync_run import SECOND

MAX_FAULTS: Final = 100
"""Faults of one tenant."""


class SentFaults(Sent):
    """All the faults that a tenant shall have."""

    example: ClassVar[str] = (
        '{"faults": [{"status": 503, "retry_after": 2, "times": 2}, {"connection": "stall"}]}'
    )
    faults: Annotated[list[SentFault], Meta(max_length=MAX_FAULTS)]


async def _faults(asked: Asked) -> View:
    return _view(asked.tenant.state.faults)


async def _replace(asked: Asked) -> View:
    sent = asked.read(SentFaults).faults
    meanings = [meant(one, asked, f"faults[{place}]: ") for place, one in enumerate(sent)]
    return _changed(asked, asked.tenant.state.faults.replaced(meanings))


async def _add(asked: Asked) -> View:
    fault = meant(asked.read(SentFault), asked)
    faults = asked.tenant.state.faults
    if faults.armed >= MAX_FAULTS:
        raise problem(409, f"{MAX_FAULTS} faults are armed already; DELETE /_mock/faults first")
    return _changed(asked, faults.with_fault(fault, MAX_FAULTS))


async def _clear(asked: Asked) -> View:
    return _changed(asked, asked.tenant.state.faults.replaced(()))


def _changed(asked: Asked, faults: Faults) -> View:
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


VERBS: Final[Verbs] = {
    "/faults": {
        "GET": Verb(
            _faults,
            summary="the faults, how often each fired and whether it still can",
            answers="Faults",
        ),
        "PUT": Verb(
            _replace,
            summary="arm these faults instead of all others",
            takes=SentFaults,
            answers="Faults",
            refuses=(409,),
        ),
        "POST": Verb(
            _add,
            summary="arm one more fault",
            takes=SentFault,
            answers="Faults",
            refuses=(409,),
        ),
        "DELETE": Verb(_clear, summary="clear all faults", answers="Faults"),
    },
}
