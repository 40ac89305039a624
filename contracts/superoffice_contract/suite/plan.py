"""What a contract check is to do, and what it saw while doing it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from superoffice_contract.errors import TargetError
from superoffice_contract.openapi import operations
from superoffice_contract.report import Finding, Result
from superoffice_contract.target import credentials
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request, Response
from superoffice_contract.target.tenants import TargetTenant


class Profile(msgspec.Struct, frozen=True):
    """How much is tried: generated requests, throttle schedules, ways in that are explored.

    *shortening*: seconds for which a schedule that fails is made shorter.
    """

    max_examples: int
    schedules: int
    accesses: int
    shortening: float


PROFILES: Final[Mapping[str, Profile]] = {
    "quick": Profile(max_examples=3, schedules=8, accesses=1, shortening=10.0),
    "full": Profile(max_examples=50, schedules=40, accesses=10, shortening=60.0),
}


class Plan(msgspec.Struct, frozen=True):
    """What to check: *server* is a URL or an ASGI application.

    *only* names checks to run, none of them means all. Readings that are not named are open.
    *run_seconds* is the length of a run on a server without `/_mock/`; None: learned.
    *control_token* opens `/_mock/` where that wants one.
    """

    server: Any
    tenants: tuple[TargetTenant, ...]
    profile: Literal["quick", "full"] = "quick"
    seed: int = 1
    readings: dict[str, str] = {}
    timeout_seconds: float = 10.0
    only: tuple[str, ...] = ()
    run_seconds: float | None = None
    control_token: str | None = None

    def wants(self, check: str) -> bool:
        """Tell whether *check* is to run."""
        return not self.only or check in self.only

    @property
    def scenes(self) -> tuple[CheckContext, ...]:
        """One scene for each tenant; without a way in where the contract knows of none."""
        (operation,) = operations.load().operations.values()
        return tuple(
            CheckContext(
                tenant,
                operation.path,
                next((one.headers for one in credentials.good(tenant)), ()),
                tuple(operation.bodies),
                operation.methods,
                self.readings,
                run_seconds=self.run_seconds,
            )
            for tenant in self.tenants
        )

    @property
    def signed_in(self) -> tuple[CheckContext, ...]:
        """The scenes that somebody can sign in to. Raise TargetError if there is none."""
        found = tuple(scene for scene in self.scenes if scene.sign_in)
        if not found:
            raise TargetError("no tenant has a credential that is let in; name one in a [[tenant]]")
        return found


class Tally(msgspec.Struct):
    """What was seen on the way, to tell a thorough run from an empty one.

    *cases* are calls by media type, *media_types* those of them that were answered 204, *ways_in*
    too, by the alternative of the description's security that let them in.
    """

    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    media_types: Counter[str] = msgspec.field(default_factory=Counter)
    cases: Counter[str] = msgspec.field(default_factory=Counter)
    ways_in: Counter[str] = msgspec.field(default_factory=Counter)
    engine_errors: list[str] = []
    requests: int = 0

    def note(self, ask: Request, seen: Response) -> None:
        """Count one request and its answer."""
        self.requests += 1
        self.statuses[seen.status] += 1
        kinds = [value for name, value in ask.headers if name == "Content-Type"]
        if ask.method != "POST" or not kinds:
            return
        kind = kinds[0].partition(";")[0].lower()
        self.cases[kind] += 1
        if seen.status == 204:
            self.media_types[kind] += 1
            self.ways_in[credentials.way_in(ask.headers)] += 1


def concluded(
    check: str, claims: tuple[str, ...], findings: Sequence[Finding], seconds: float
) -> Result:
    """Return what *check*, which took so many *seconds*, came to."""
    status: Literal["failed", "passed"] = "failed" if findings else "passed"
    return Result(check, status, claims, tuple(findings), seconds=seconds)


def untold(check: str, claims: tuple[str, ...], error: Exception) -> Result:
    """Return the result of a *check* that `/_mock/` did not tell what it needs to know."""
    what = f"/_mock/ does not tell what this check needs: {type(error).__name__}: {error}"
    return Result(check, "error", claims, (Finding("", what),))
