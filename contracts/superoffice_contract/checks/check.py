"""What a check is: requests with expected answers, or a procedure with side effects."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import msgspec

from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.readings import ReadingSign
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client


class WireCheck(msgspec.Struct, frozen=True):
    """A named check. *signed_in*: it needs a credential that is let in."""

    name: str
    expect: Callable[[CheckContext], Iterator[ExpectedResponse]]
    signed_in: bool = True


class EffectCheck(msgspec.Struct, frozen=True):
    """A named check of effects; `run` yields what is wrong, and signs of what is open."""

    name: str
    claims: tuple[str, ...]
    run: Callable[[Client, Sequence[CheckContext]], AsyncIterator[Finding | ReadingSign]]


Effects = AsyncIterator[Finding | ReadingSign]


async def fresh(caller: Client, scene: CheckContext) -> None:
    """Let *scene*'s tenant be as configured, on a clock that jumps."""
    await caller.control("POST", f"reset?tenant={scene.tenant.id}")
    await caller.control("POST", f"clock/jump?tenant={scene.tenant.id}")
