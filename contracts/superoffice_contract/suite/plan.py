"""What a contract check has to do, and counts of what it did."""

from collections import Counter
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal

import msgspec

from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import NotObservableError, TargetError
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.report import Finding, Result
from superoffice_contract.target.credentials import security_scheme, valid_credentials
from superoffice_contract.target.http import Client, Request, Response, open_client
from superoffice_contract.target.secrets import secret_texts
from superoffice_contract.target.tenants import TargetTenant


class Profile(msgspec.Struct, frozen=True):
    """How much to try: generated requests, throttle schedules, credentials to send them with.

    A failing schedule is shortened for *shrink_seconds*.
    """

    max_examples: int
    schedules: int
    max_sign_ins: int
    shrink_seconds: float


PROFILES: Final[Mapping[str, Profile]] = {
    "quick": Profile(max_examples=3, schedules=8, max_sign_ins=1, shrink_seconds=10.0),
    "full": Profile(max_examples=50, schedules=40, max_sign_ins=10, shrink_seconds=60.0),
}


class Plan(msgspec.Struct, frozen=True):
    """What to check: *server* is a URL or an ASGI application.

    *only* names the checks to run; empty means all. *readings* are those that the user told; with
    *any_reading* the server may follow any value of the others. *is_strict*: an inferred claim
    counts like any other, also on a server of another make; a mock of *version* (None: of any) is
    always checked so. *run_seconds* is the length of a run on a server without `/_mock/`; None:
    measure it. *control_token* is for a `/_mock/` that requires one. *operation* is the call to
    check, through the *proxy* if there is one. *has_picture*: the report shows what was sent.
    """

    server: Any
    tenants: tuple[TargetTenant, ...]
    profile: Literal["quick", "full"] = "quick"
    seed: int = 1
    readings: dict[str, str] = {}
    any_reading: bool = False
    is_strict: bool = False
    version: str | None = None
    timeout_seconds: float = 10.0
    only: tuple[str, ...] = ()
    run_seconds: float | None = None
    control_token: str | None = None
    operation: Operation = msgspec.field(default_factory=sync_email_accounts.operation)
    proxy: Proxy | None = None
    has_picture: bool = False

    def connect(self, **options: Any) -> AbstractAsyncContextManager[Client]:  # noqa: ANN401 - of `open_client`
        """Return a client of the server, to enter."""
        return open_client(
            self.server, self.timeout_seconds, self.control_token, proxy=self.proxy, **options
        )

    @property
    def secrets(self) -> frozenset[str]:
        """Every secret of the tenants, as it may stand in a request or an answer."""
        return secret_texts(self.tenants)

    def is_selected(self, check: str) -> bool:
        """Return whether *check* has to run."""
        return not self.only or check in self.only


class Tally(msgspec.Struct):
    """Counts of requests and of answers by status; *engine_errors* left something untested."""

    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    engine_errors: list[str] = []
    requests: int = 0

    def count(self, _: Request, response: Response) -> None:
        """Count one request and its response."""
        self.requests += 1
        self.statuses[response.status] += 1


def conclude_early(check: str, claims: tuple[str, ...], error: Exception) -> Result:
    """Return the result of a *check* that *error* ended. Raise it if it is a TargetError."""
    if isinstance(error, TargetError):
        raise error
    if isinstance(error, NotObservableError):
        return Result(check, "skipped", claims, reason=str(error))
    what = f"a response of /_mock/ lacks what this check needs: {type(error).__name__}: {error}"
    return Result(check, "error", claims, (Finding("", what),))


def unnamed_schemes(plan: Plan) -> list[str]:
    """Return the alternatives of the operation's security for which no tenant has a credential."""
    usable = {
        security_scheme(credential.headers)
        for tenant in plan.tenants
        for credential in valid_credentials(tenant)
    }
    alternatives = [" + ".join(alternative) for alternative in plan.operation.security]
    return [alternative for alternative in alternatives if alternative not in usable]
