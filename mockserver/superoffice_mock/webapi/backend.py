"""The interface of what answers calls on the vendor's API, and a choice of it per tenant."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from superoffice_mock.core.lease import Call, Verdict
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.webapi.routing import Routes


class DelayedCall(Protocol):
    """A call whose body is read, and whose arrival a fault delays."""

    def arrive(self, now: Instant) -> tuple[Call, Verdict]:
        """Let the call arrive at *now* and return its verdict. Raise Rejected if it is invalid."""

    def answer(self) -> Awaitable[Response | BrokenResponse]:
        """Return the answer once it is due, even if the call never arrived."""


class Backend(Protocol):
    """Answers calls on the vendor's API."""

    def answer(self, request: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer. Raise Rejected for a call that is answered with an error."""

    def delay(self, request: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call of a documented operation, with the body *raw*, that arrives later."""

    def on_fault(self, request: ApiRequest, raw: bytes) -> None:
        """Handle a call with the body *raw* that a fault answers."""

    def max_body(self, request: ApiRequest) -> int:
        """Return the limit for the body of a call, in bytes."""


BackendFactory = Callable[[Routes, Backend], Backend]
"""Makes a backend that replaces the simulation; it may pass calls on to the simulation."""


class TenantBackends:
    """Chooses a backend from `by_tenant` by the id of the tenant; *simulation* is the default.

    `by_tenant` may change while calls are answered, also from another thread.
    """

    def __init__(self, _: Routes, simulation: Backend) -> None:
        self.by_tenant: dict[str, Backend] = {}
        self._simulation = simulation

    def answer(self, request: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer of the tenant's backend."""
        return self._find_backend(request).answer(request)

    def delay(self, request: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call to the tenant's backend that arrives later."""
        return self._find_backend(request).delay(request, raw)

    def on_fault(self, request: ApiRequest, raw: bytes) -> None:
        """Pass on a call that a fault answers."""
        self._find_backend(request).on_fault(request, raw)

    def max_body(self, request: ApiRequest) -> int:
        """Return the limit for the body of a call, in bytes."""
        return self._find_backend(request).max_body(request)

    def _find_backend(self, request: ApiRequest) -> Backend:
        return self.by_tenant.get(request.route.tenant.facts.id, self._simulation)
