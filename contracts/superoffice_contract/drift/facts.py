"""Facts: what a document of the vendor says, one thing at a time, and where it says it."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Kind = Literal["page", "spec"]


CALL: Final = "call"


DESCRIPTION: Final = "description"


RESTRICTION: Final = "Online restriction"


QUERY: Final = "query"


HEADERS: Final = "request headers"


CREDENTIALS: Final = "credentials"


MEDIA_TYPES: Final = "media types"


BODY: Final = "request body"


ACCOUNT: Final = "account"


RESPONSES: Final = "responses"


SAMPLE_REQUEST: Final = "sample request"


SAMPLE_RESPONSE: Final = "sample response"


GROUPS: Final[Mapping[str, str | None]] = {
    CALL: "method",
    DESCRIPTION: None,
    RESTRICTION: "online-restricted",
    QUERY: "select-param",
    HEADERS: None,
    CREDENTIALS: "authorization-schemes",
    MEDIA_TYPES: "media-types",
    BODY: "accounts-array",
    ACCOUNT: "account-object",
    RESPONSES: "no-content",
    SAMPLE_REQUEST: "sample-request",
    SAMPLE_RESPONSE: "sample-response",
}
"""Every group of facts, in the order of the page, with the claim that something new concerns."""


class Fact(msgspec.Struct, frozen=True):
    """One thing that a document says; *place* is a line or a JSON Pointer.

    *claims* are those that it concerns if nobody expected it.
    """

    group: str
    id: str
    place: str
    value: str = ""
    claims: tuple[str, ...] = ()


class Reading(msgspec.Struct, frozen=True):
    """All that a document says; *homes* tell by group where a missing fact would stand."""

    layout: str
    kind: Kind
    facts: tuple[Fact, ...]
    homes: Mapping[str, str]


class Expected(msgspec.Struct, frozen=True):
    """A fact that the contract holds, and what to call it.

    An *inferred* one may be said by the vendor, but need not be.
    """

    group: str
    id: str
    value: str
    claims: tuple[str, ...]
    label: str
    inferred: bool = False


def call_in(path: str) -> str:
    """Return agent and method of a path: `EMail/SyncEmailAccounts`."""
    return "/".join(path.partition("?")[0].rstrip("/").split("/")[-2:])
