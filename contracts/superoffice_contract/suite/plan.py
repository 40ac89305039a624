"""What a contract check has to do, and counts of what it did."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, Literal

import msgspec

from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import NotObservableError, TargetError
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.report import Finding, Result
from superoffice_contract.target import credentials
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.http import Client, Request, Response, open_client
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

    *only* names the checks to run; empty means all. A reading that is not in *readings* is open.
    *run_seconds* is the length of a run on a server without `/_mock/`; None: measure it.
    *control_token* is for a `/_mock/` that requires one; `run` finds out whether the server
    *has_control*. *operation* is the call to check, through the *proxy* if there is one.
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
    has_control: bool = False
    operation: Operation = msgspec.field(default_factory=sync_email_accounts.operation)
    proxy: Proxy | None = None

    def connect(self, **options: Any) -> AbstractAsyncContextManager[Client]:  # noqa: ANN401 - of `open_client`
        """Return a client of the server, to enter."""
        return open_client(
            self.server, self.timeout_seconds, self.control_token, proxy=self.proxy, **options
        )

    def is_selected(self, check: str) -> bool:
        """Return whether *check* has to run."""
        return not self.only or check in self.only

    @property
    def contexts(self) -> tuple[CheckContext, ...]:
        """One context for each tenant, with its first credential if it has any."""
        return tuple(
            make_context(
                tenant,
                self.operation,
                self.readings,
                has_control=self.has_control,
                run_seconds=self.run_seconds,
            )
            for tenant in self.tenants
        )

    @property
    def signed_in_contexts(self) -> tuple[CheckContext, ...]:
        """The contexts with a credential. Raise TargetError if there is none."""
        contexts = tuple(context for context in self.contexts if context.credential_headers)
        if not contexts:
            msg = "no tenant has a credential that is accepted; name one in a [[tenant]]"
            raise TargetError(msg)
        return contexts


class Tally(msgspec.Struct):
    """Counts of requests and responses, to tell a thorough run from an empty one.

    *calls* and *accepted*, which are those with a 204, are by media type; *security_schemes* are
    calls with a 204, by the alternative of the description's security that they used.
    """

    statuses: Counter[int] = msgspec.field(default_factory=Counter)
    accepted: Counter[str] = msgspec.field(default_factory=Counter)
    calls: Counter[str] = msgspec.field(default_factory=Counter)
    security_schemes: Counter[str] = msgspec.field(default_factory=Counter)
    engine_errors: list[str] = []
    requests: int = 0

    def count(self, request: Request, response: Response) -> None:
        """Count one request and its response."""
        self.requests += 1
        self.statuses[response.status] += 1
        content_types = [value for name, value in request.headers if name == "Content-Type"]
        if request.method != "POST" or not content_types:
            return
        media_type = content_types[0].partition(";")[0].lower()
        self.calls[media_type] += 1
        if response.status == 204:
            self.accepted[media_type] += 1
            self.security_schemes[credentials.security_scheme(request.headers)] += 1


def conclude(
    check: str, claims: tuple[str, ...], findings: Sequence[Finding], seconds: float
) -> Result:
    """Return the result of *check*, which took so many *seconds*: failed if it has findings."""
    status: Literal["failed", "passed"] = "failed" if findings else "passed"
    return Result(check, status, claims, tuple(findings), seconds=seconds)


def conclude_early(check: str, claims: tuple[str, ...], error: Exception) -> Result:
    """Return the result of a *check* that *error* ended. Raise it if it is a TargetError."""
    if isinstance(error, TargetError):
        raise error
    if isinstance(error, NotObservableError):
        return Result(check, "skipped", claims, note=str(error))
    what = f"a response of /_mock/ lacks what this check needs: {type(error).__name__}: {error}"
    return Result(check, "error", claims, (Finding("", what),))
