"""The values of a recording: exchanges with their times and labels, in the order of the file."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal

import msgspec

Headers = tuple[tuple[str, str], ...]
Outcome = Literal["started", "turned_away", "served", "rejected", "faulted", "unknown"]
Confidence = Literal["certain", "high", "medium", "low"]

FRAMING: Final = frozenset(
    {
        *("connection", "content-encoding", "content-length", "expect", "keep-alive", "te"),
        *("proxy-connection", "trailer", "transfer-encoding", "upgrade"),
    }
)
"""Headers of the connection, not of the message: left out and not counted."""
BODILESS: Final = (204, 304)


def decode_headers(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return *headers* as text, as a recording has them."""
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in headers)


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The common part of requests and responses.

    Header names are in lower case. *body* is None if the recording does not hold it; *length* is
    its number of bytes then, None if that is unknown. *declared_type* is the media type that the
    recording states beside the headers.
    """

    headers: Headers = ()
    body: bytes | None = b""
    length: int | None = None
    declared_type: str = ""

    def get_all(self, name: str) -> tuple[str, ...]:
        """Return every value of the header *name*."""
        return tuple(value for header, value in self.headers if header == name)

    @property
    def media_type(self) -> str:
        """The Content-Type, or the declared type without one; empty if there is neither."""
        return next(iter(self.get_all("content-type")), self.declared_type)


class RecordedRequest(Message, frozen=True):
    """The request of an exchange."""

    method: str
    url: str


class RecordedResponse(Message, frozen=True):
    """The response of an exchange. If there was none, *status* is 0 and *failure* gives the reason.

    *body* is decompressed; the lengths and encodings in *headers* are those of the connection.
    """

    status: int
    failure: str | None = None


class Label(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `_mock` members of an entry: the outcome of the call, and the confidence in it.

    *arrival* counts from 1 in the order in which the server received the requests. *notes* list
    what was left out, and why. *proves* and *claims* say what a fixture is for.
    """

    outcome: Outcome = "unknown"
    confidence: Confidence | None = None
    tenant: str | None = None
    arrival: int | None = None
    claims: tuple[str, ...] = ()
    proves: str | None = None
    notes: tuple[str, ...] = ()


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One exchange. *at* is in seconds since 1970; the other times are durations in seconds.

    *elapsed* is the whole exchange. *service_time* is *elapsed* without queueing and connecting.
    *receive_time* is the part of both after the response began. Unknown times are None. *index* is
    the place in the file that the entry was read from; it is not written.
    """

    request: RecordedRequest
    response: RecordedResponse
    at: float | None = None
    elapsed: float | None = None
    service_time: float | None = None
    receive_time: float = 0.0
    label: Label = Label()
    index: int | None = None


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """The `_mock` members of a recording: what it *proves*, and the number of redacted values.

    *redacted* counts the values by kind; it is None if the recording was not redacted.
    """

    proves: str | None = None
    redacted: Mapping[str, int] | None = None


class Recording(msgspec.Struct, frozen=True):
    """Exchanges in the order of their file; *notes* say what was not read as it stands."""

    entries: tuple[Entry, ...] = ()
    about: About = About()
    notes: tuple[str, ...] = ()
