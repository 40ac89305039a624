"""Who answers the calls of the vendor's surface: the simulation, or something in its place."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from superoffice_mock.core.lease import Call, Verdict
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import BrokenResponse, Response
from superoffice_mock.webapi.routing import Routes


class DelayedCall(Protocol):
    """A call that is kept from arriving; its body is there already."""

    def arrives(self, now: Instant) -> tuple[Call, Verdict]:
        """Decide the call at *now*, at once. Raise what it is refused with."""

    def answer(self) -> Awaitable[Response | BrokenResponse]:
        """Return the answer once it is due, also to a call that never arrived."""


class Backend(Protocol):
    """Whoever answers the calls of the vendor's surface."""

    def answer(self, incoming: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer. Raise Rejected for a call that gets none."""

    def late(self, incoming: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call of the documented operation, with the body *raw*, that arrives later."""

    def struck(self, incoming: ApiRequest, raw: bytes) -> None:
        """Note a call with the body *raw* that is answered by a fault."""

    def max_body(self, incoming: ApiRequest) -> int:
        """Return how long the body of a call may be."""


BackendFactory = Callable[[Routes, Backend], Backend]
"""Makes who answers in place of the simulation, which may be asked, too."""


class TenantBackends:
    """Lets *parts*, by the id of a tenant, answer in place of the simulation, which has the rest.

    It may change while calls are answered, and from another thread.
    """

    def __init__(self, _: Routes, simulation: Backend) -> None:
        self.parts: dict[str, Backend] = {}
        self._simulation = simulation

    def answer(self, incoming: ApiRequest) -> Awaitable[Response | BrokenResponse]:
        """Return the answer of whoever has the part."""
        return self._part(incoming).answer(incoming)

    def late(self, incoming: ApiRequest, raw: bytes) -> DelayedCall:
        """Return a call of whoever has the part, that arrives later."""
        return self._part(incoming).late(incoming, raw)

    def struck(self, incoming: ApiRequest, raw: bytes) -> None:
        """Let whoever has the part note a call that is answered by a fault."""
        self._part(incoming).struck(incoming, raw)

    def max_body(self, incoming: ApiRequest) -> int:
        """Return how long a body whoever has the part takes."""
        return self._part(incoming).max_body(incoming)

    def _part(self, incoming: ApiRequest) -> Backend:
        return self.parts.get(incoming.place.tenant.facts.id, self._simulation)
