"""Recordings as values: exchanges with times and labels, in the order they were recorded."""

from collections.abc import Mapping
from typing import Literal

import msgspec

Headers = tuple[tuple[str, str], ...]
Outcome = Literal["started", "turned_away", "served", "rejected", "faulted", "unknown"]
Confidence = Literal["certain", "high", "medium", "low"]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What requests and answers have in common: *headers*, names in lower case, and a body.

    *body* is None where it is not on record.
    """

    headers: Headers = ()
    body: bytes | None = b""

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""
        return tuple(value for other, value in self.headers if other == name)

    @property
    def media_type(self) -> str:
        """The Content-Type; empty if there is none."""
        return next(iter(self.all("content-type")), "")


class RecordedRequest(Message, frozen=True):
    """What was sent."""

    method: str
    url: str


class RecordedResponse(Message, frozen=True):
    """What came back. *status* is 0 where nothing came, *failed* says why.

    *body* is without any Content-Encoding; lengths and encodings in *headers* are of the wire.
    """

    status: int
    failed: str | None = None


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `_mock` members of an entry: what became of the call, and how sure that is.

    *arrival* counts from 1 in the order the server had the requests. *notes* say what was left
    out and why; *proves* and *claims*, of a fixture, what it is for.
    """

    outcome: Outcome = "unknown"
    confidence: Confidence | None = None
    tenant: str | None = None
    arrival: int | None = None
    claims: tuple[str, ...] = ()
    proves: str | None = None
    notes: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange. *at* is seconds since 1970, *elapsed* until the answer was there.

    *waited* is *elapsed* without queueing and connecting. Each is None where nobody knows.
    *received* is what of both passed after the answer had begun.
    """

    request: RecordedRequest
    response: RecordedResponse
    at: float | None = None
    elapsed: float | None = None
    waited: float | None = None
    received: float = 0.0
    label: Label = Label()


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `_mock` members of a recording: what it *proves*, and how many values of which kind
    were replaced by pseudonyms; None if it was not redacted.
    """

    proves: str | None = None
    redacted: Mapping[str, int] | None = None


class Recording(msgspec.Struct, frozen=True):
    """Exchanges in the order of their file; *note* says what of the file could not be read."""

    entries: tuple[Entry, ...] = ()
    about: About = About()
    note: str | None = None
