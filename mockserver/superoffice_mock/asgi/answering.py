"""Who answers the calls of the vendor's surface: the simulation, or something in its place."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from superoffice_mock.asgi.incoming import Incoming
from superoffice_mock.asgi.rendering import Answer, Broken
from superoffice_mock.asgi.routes import Routes


class Answering(Protocol):
    """Whoever answers the calls of the vendor's surface."""

    def answer(self, incoming: Incoming) -> Awaitable[Answer | Broken]:
        """Return the answer. Raise Rejected for a call that gets none."""


Instead = Callable[[Routes, Answering], Answering]
"""Makes who answers in place of the simulation, which may be asked, too."""


class Cast:
    """Lets *parts*, by the id of a tenant, answer in place of the simulation, which has the rest.

    It may change while calls are answered, and from another thread.
    """

    def __init__(self, _: Routes, simulation: Answering) -> None:
        self.parts: dict[str, Answering] = {}
        self._simulation = simulation

    def answer(self, incoming: Incoming) -> Awaitable[Answer | Broken]:
        """Return the answer of whoever has the part."""
        part = self.parts.get(incoming.place.tenant.facts.id, self._simulation)
        return part.answer(incoming)
