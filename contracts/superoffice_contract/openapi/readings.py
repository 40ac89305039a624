"""Readings: the questions that the vendor's page leaves open, their values and defaults."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, get_args

import msgspec

from superoffice_contract.messages import describe_unknown


class OpenQuestion(msgspec.Struct, frozen=True):
    """Why a question is open, and the vendor's text that leaves it open."""

    why: str
    source: str


class Readings(msgspec.Struct, frozen=True):
    """One value for each open question; the first value is the default."""

    run: Annotated[
        Literal["detached", "blocking"],
        OpenQuestion(
            'the page says "start syncing" and also "only one of these calls may run"',
            "the page, Description",
        ),
    ] = "detached"
    busy: Annotated[
        Literal["wait-then-drop", "try-for-1s"],
        OpenQuestion("the page does not say what the second is for", "the page, Description"),
    ] = "wait-then-drop"
    tasks: Annotated[
        Literal["ten-at-a-time", "ten-in-all"],
        OpenQuestion(
            '"a maximum of 10 tasks" may cap the workers or the accounts', "the page, Description"
        ),
    ] = "ten-at-a-time"
    restricted: Annotated[
        Literal["401", "403"],
        OpenQuestion(
            "no status is documented for an app without the EMail agent; a field report says 401",
            "the page, Online Restricted",
        ),
    ] = "401"
    errors: Annotated[
        Literal["webapi", "netserver"],
        OpenQuestion("both envelopes are documented", "the vendor's agent pages and client tests"),
    ] = "webapi"
    no_content_type: Annotated[
        Literal["absent", "as-sampled"],
        OpenQuestion(
            "the page shows a Content-Type, and a body that HTTP forbids on 204",
            "the page, Sample response",
        ),
    ] = "absent"
    disconnect: Annotated[
        Literal["still-counts", "withdraws"],
        OpenQuestion(
            "the page does not say what happens when a client disconnects", "the page, Description"
        ),
    ] = "still-counts"
    empty: Annotated[
        Literal["no-run", "runs"],
        OpenQuestion("the page does not say what an empty list does", "the page, Request Body"),
    ] = "no-run"
    ready: Annotated[
        Literal["due-by-age", "all", "all-but-running"],
        OpenQuestion(
            "nothing documents which accounts GetReadySyncEmailAccounts returns",
            "the vendor's page of GetReadySyncEmailAccounts",
        ),
    ] = "due-by-age"
    current_account: Annotated[
        Literal["none", "first"],
        OpenQuestion(
            "nothing documents the current account of an app without a user",
            "the vendor's page of GetCurrentAccount",
        ),
    ] = "none"

    def with_value(self, name: str, value: str) -> "Readings":
        """Return these readings with one changed. Raise ValueError if it is unknown."""
        reading = READINGS.get(name)
        if reading is None:
            known_readings = f"the readings are: {', '.join(READINGS)}"
            raise ValueError(describe_unknown("reading", name, READINGS, known_readings))
        if value not in reading.values:
            msg = f"the values of {name} are {' and '.join(reading.values)}"
            raise ValueError(msg)
        change: dict[str, Any] = {_attribute_name(name): value}
        return msgspec.structs.replace(self, **change)

    def as_dict(self) -> dict[str, str]:
        """Return the values by name, as users write the names."""
        return {name: getattr(self, _attribute_name(name)) for name in READINGS}


class Reading(msgspec.Struct, frozen=True):
    """One open question: its name, its values (the default first), and why it is open."""

    name: str
    values: tuple[str, ...]
    why: str
    source: str


def _attribute_name(name: str) -> str:
    return name.replace("-", "_")


def _collect_readings() -> Mapping[str, Reading]:
    readings = {}
    for attribute, kind in Readings.__annotations__.items():
        values, question = get_args(kind)
        name = attribute.replace("_", "-")
        readings[name] = Reading(name, get_args(values), question.why, question.source)
    return readings


READINGS: Final = _collect_readings()
