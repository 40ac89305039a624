"""The accounts that a call names, by operation."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

Query = Mapping[str, Any]
"""The query of a call: the values by parameter, as the description names them.

It is empty if nothing read the query, as for a call that a fault or a recording answers.
"""


class NamedAccount(msgspec.Struct, frozen=True):
    """A mail account as a call names it."""

    id: int
    associate_name: str | None = None
    associate_id: int | None = None


AccountsOf = Callable[[Any, Query], Iterable[NamedAccount]]
"""Returns the accounts that a call names; takes its decoded body and its query."""


def no_accounts(_: Any, __: Query) -> Iterable[NamedAccount]:  # noqa: ANN401 - a decoded body
    """Return nothing: the operation names no accounts."""
    return ()
