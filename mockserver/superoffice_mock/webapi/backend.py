"""The interface of what answers calls on the vendor's API, and the choice of it by tenant."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.verdicts import Call, Verdict
from superoffice_mock.tenants.tenant import Tenant
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.webapi.routing import Routes


class DelayedCall(Protocol):
    """A call whose body is read, and whose arrival a fault delays."""

    def arrive(self, now: Instant) -> tuple[Call, Verdict]:
        """Let the call arrive at *now* and return its verdict. Raise Rejected if it is invalid."""

    def answer(self) -> Awaitable[Response | BrokenResponse]:
        """Return the answer once it is due, even if the call never arrived."""


class RecordedCalls(msgspec.Struct, frozen=True):
    """How many calls of a tenant are recorded, and which of them no request has asked for yet."""

    count: int = 0
    unplayed: tuple[str, ...] = ()


class Backend(Protocol):
    """Answers calls on the vendor's API: the handlers of the operations, or a recording."""

    def answer(self, request: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer. Raise Rejected for a call that is answered with an error."""

    def delay(self, entry: Entry, request: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call of *entry* with the body *raw* that arrives later."""

    def on_fault(self, request: ApiRequest, raw: bytes) -> None:
        """Handle a call with the body *raw* that a fault answers."""

    def max_body(self, request: ApiRequest) -> int:
        """Return the limit for the body of a call, in bytes."""

    def recorded_calls(self, tenant: Tenant) -> RecordedCalls:
        """Return the recorded calls of *tenant*."""


BackendChoice = Callable[[Tenant], Backend]
BackendFactory = Callable[[Routes, Backend], BackendChoice]
"""Makes the choice; takes the simulation, to which a backend may pass calls on."""
