"""The two kinds of checks: requests with expected responses, and procedures with side effects."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import msgspec

from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.control.answers import Nothing
from superoffice_contract.readings import ObservedReading
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client

Observations = AsyncIterator[Finding | ObservedReading | str]
"""What a check finds; a text says what it could not see."""


class WireCheck(msgspec.Struct, frozen=True):
    """A named check of single calls; *cases* yields its requests and what must come back.

    *needs_credential*: it is skipped at a tenant without a valid credential. *is_about_tenants*:
    the same call may be accepted at one tenant and refused at another.
    """

    name: str
    cases: Callable[[CheckContext], Iterator[ExpectedResponse]]
    needs_credential: bool = True
    is_about_tenants: bool = False


class EffectCheck(msgspec.Struct, frozen=True):
    """A named check of what calls do; *run* yields what it finds.

    It needs a server with `/_mock/`, or observes the server in real time.
    """

    name: str
    claims: tuple[str, ...]
    run: Callable[[Client, Sequence[CheckContext]], Observations]


async def reset_tenant(client: Client, context: CheckContext) -> None:
    """Reset the tenant of *context* to its configuration, on a clock that jumps."""
    for path in ("reset", "clock/jump"):
        await client.control("POST", path, Nothing, tenant=context.tenant.id)
