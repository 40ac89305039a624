"""Readings: what the page leaves open, each with its values, a default and a reason."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

import msgspec


class Open(msgspec.Struct, frozen=True):
    """Why a question is open, and where the vendor leaves it so."""

    why: str
    source: str


class Readings(msgspec.Struct, frozen=True):
    """One value per open question. The first value of each is the default."""

    run: Annotated[
        Literal["detached", "blocking"],
        Open(
            'it says "start syncing" and also "only one of these calls may run"',
            "the page, Description",
        ),
    ] = "detached"
    busy: Annotated[
        Literal["wait-then-drop", "try-for-1s"],
        Open("it does not say what the second is for", "the page, Description"),
    ] = "wait-then-drop"
    tasks: Annotated[
        Literal["ten-at-a-time", "ten-in-all"],
        Open(
            '"a maximum of 10 tasks" may cap the workers or the accounts', "the page, Description"
        ),
    ] = "ten-at-a-time"
    restricted: Annotated[
        Literal["401", "403"],
        Open(
            "no status is documented for an app without the EMail agent; a field report says 401",
            "the page, Online Restricted",
        ),
    ] = "401"
    errors: Annotated[
        Literal["webapi", "netserver"],
        Open("both envelopes are documented", "the vendor's agent pages and client tests"),
    ] = "webapi"
    no_content_type: Annotated[
        Literal["absent", "as-sampled"],
        Open(
            "it shows a Content-Type, and a body that HTTP forbids on 204",
            "the page, Sample response",
        ),
    ] = "absent"
    disconnect: Annotated[
        Literal["still-counts", "withdraws"],
        Open("it does not say what becomes of a caller who hangs up", "the page, Description"),
    ] = "still-counts"
    empty: Annotated[
        Literal["no-run", "runs"],
        Open("it does not say what an empty list does", "the page, Request Body"),
    ] = "no-run"

    def with_value(self, name: str, value: str) -> "Readings":
        """Return these readings with one changed. Raise ValueError for what is not known."""
        known = READINGS.get(name)
        if known is None:
            msg = f"unknown reading {name!r}; the readings are: {', '.join(READINGS)}"
            raise ValueError(msg)
        if value not in known.values:
            msg = f"reading {name!r} is one of: {', '.join(known.values)}; not {value!r}"
            raise ValueError(msg)
        changed: dict[str, Any] = {_attribute(name): value}
        return msgspec.structs.replace(self, **changed)

    def as_dict(self) -> dict[str, str]:
        """Return name -> value, with the names that users write."""
        return {name: getattr(self, _attribute(name)) for name in READINGS}


class Reading(msgspec.Struct, frozen=True):
    """One open question of the page."""

    name: str
    values: tuple[str, ...]
    why: str
    source: str


def _attribute(name: str) -> str:
    return name.replace("-", "_")


def _table() -> Mapping[str, Reading]:
    made = {}
    for attribute, kind in Readings.__annotations__.items():
        values, question = get_args(kind)
        name = attribute.replace("_", "-")
        made[name] = Reading(name, get_args(values), question.why, question.source)
    return made


READINGS: Final = _table()
