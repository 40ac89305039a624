"""Types for the facts that a vendor document states, and the groups that they belong to."""

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
"""Every group of facts in the order of the page, with the claim that an unknown fact concerns."""


class Fact(msgspec.Struct, frozen=True):
    """One fact in a document; *place* is a line number or a JSON Pointer.

    *claims* are the claims that the fact concerns if the contract does not have it. A fact about
    an *owner*, which is the id of another fact, is a part of it: it counts only if the contract
    has the owner. What is *undefined* can't be compared: *value* says why.
    """

    group: str
    id: str
    place: str
    value: str = ""
    claims: tuple[str, ...] = ()
    owner: str = ""
    undefined: bool = False


class DocumentFacts(msgspec.Struct, frozen=True):
    """All facts in a document.

    *group_places* gives, for each group, the place to report when a fact is missing.
    """

    layout: str
    kind: Kind
    facts: tuple[Fact, ...]
    group_places: Mapping[str, str]


class ExpectedFact(msgspec.Struct, frozen=True):
    """A fact in the contract; *label* names it in a report, if its id does not.

    The document may leave out a fact that is *inferred*.
    """

    group: str
    id: str
    value: str
    claims: tuple[str, ...]
    inferred: bool = False
    label: str = ""


def agent_method(path: str) -> str:
    """Return the agent and the method that *path* ends with, such as `EMail/SyncEmailAccounts`."""
    return "/".join(path.partition("?")[0].rstrip("/").split("/")[-2:])
