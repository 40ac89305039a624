"""An entry of the registry: what the mock knows of one operation beyond its description."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import msgspec

from superoffice_contract.openapi.operations import Description, Operation
from superoffice_contract.openapi.readings import Readings
from superoffice_contract.operations.accounts import AccountsOf, no_accounts
from superoffice_mock.core.verdicts import Decide, Handler
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.response import Response, render_error, render_value
from superoffice_mock.wire.headers import Headers

Render = Callable[[Any, Operation, Headers, Readings], Response]
"""Makes the answer from the value of a verdict.

It runs after the change of the state, so slow work such as signing belongs here.
"""
RenderError = Callable[[Rejected, Headers, Readings], Response]


TenantFinder = Callable[[Headers, Any], str | None]
"""Returns the id of the tenant that a call names, such as in a token; None for the default one.

It takes the headers and the decoded body, which is None if it is missing or invalid.
"""


class Entry(msgspec.Struct, frozen=True):
    """An operation and its handler.

    *tenant* is the name of the parameter in the path that holds the tenant, or what finds it in
    the rest of a call; None: it is the segment before the described path, if there is one.
    *read_body* makes what the handler gets of the decoded body, the headers and the body as sent.
    *accounts* returns the accounts that a call names. *entropy_bytes* is how many random bytes the
    handler gets. A call that *answers_always* does so on any host, and while the tenant is not
    running.
    """

    operation: Operation
    handler: Handler
    tenant: str | TenantFinder | None = None
    read_body: Callable[[Any, Headers, bytes], Any] = lambda body, *_: body
    accounts: AccountsOf = no_accounts
    render: Render = render_value
    render_error: RenderError = render_error
    entropy_bytes: int = 0
    answers_always: bool = False


EntryFactory = Callable[[Operation], Entry]
"""Makes the entry of an operation."""


def make_factories(decide_by_name: Mapping[str, Decide]) -> Mapping[str, EntryFactory]:
    """Return what makes the entries of operations that have nothing but a handler, by name."""
    return {
        name: partial(Entry, handler=Handler(decide)) for name, decide in decide_by_name.items()
    }


class Resource(msgspec.Struct, frozen=True):
    """The operations at one path, by method; some may have no handler.

    *main* stands for the path in the journal, and is what a GET describes.
    """

    main: Operation
    operations: Mapping[str, Operation]
    entries: Mapping[str, Entry]


class Registry:
    """The operations that a mock answers: a description, and an entry for each handler."""

    def __init__(self, description: Description, entries: Iterable[Entry]) -> None:
        self.description = description
        self.entries = {entry.operation.name: entry for entry in entries}
        self.resources = {resource.main.path: resource for resource in self._resources()}

    def _resources(self) -> Iterator[Resource]:
        by_path: dict[str, dict[str, Operation]] = {}
        for (method, path), operation in self.description.operations.items():
            by_path.setdefault(path, {})[method] = operation
        for operations in by_path.values():
            entries = {
                method: self.entries[operation.name]
                for method, operation in operations.items()
                if operation.name in self.entries
            }
            handled = [entry.operation for entry in entries.values()]
            described = sorted(
                operations.values(), key=lambda operation: operation.method != "POST"
            )
            yield Resource((*handled, *described)[0], operations, entries)
