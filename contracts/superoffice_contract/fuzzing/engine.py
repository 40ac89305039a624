"""Runs Schemathesis against one server with one credential, and collects what it finds.

All phases of its engine run, which no other interface of it does in-process. The requests depend
only on the seed and on versions: no constants are taken from source files, nothing is stored.
"""

import asyncio
import hashlib
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final, Literal
from unittest import mock

import schemathesis
from schemathesis import Case, HookContext
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import Request
from schemathesis.engine.run import probes
from schemathesis.schemas import BaseSchema

from superoffice_contract.errors import TargetError
from superoffice_contract.fuzzing import custom_checks, serializers
from superoffice_contract.fuzzing.isolation import isolated_hypothesis
from superoffice_contract.openapi import operations
from superoffice_contract.target.http import IN_PROCESS

MAX_CURL_LENGTH: Final = 800
"""Characters of a curl command that a finding shows."""
MAX_LINES: Final = 12
"""Errors and findings that the text of an exploration shows."""


@dataclass(frozen=True, slots=True)
class RequestKind:
    """The properties that requests are counted by; *status* is None without a response."""

    method: str
    media_type: str | None
    status: int | None


@dataclass(frozen=True, slots=True)
class FailedCheck:
    """A check that failed, and the request for which it failed."""

    check: str
    phase: str
    message: str
    curl: str

    def __str__(self) -> str:
        dots = " …" if len(self.curl) > MAX_CURL_LENGTH else ""
        curl = self.curl[:MAX_CURL_LENGTH]
        return f"{self.check} ({self.phase}): {self.message}\n    {curl}{dots}"


@dataclass(slots=True)
class Exploration:
    """The results of a run; *requests* are digests, in the order in which they were sent.

    *errors* are errors of the engine: something was not tested.
    """

    counts: Counter[RequestKind] = field(default_factory=Counter)
    failed_checks: list[FailedCheck] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    phases: dict[str, str] = field(default_factory=dict)
    false_alarms: int = 0
    requests: list[str] = field(default_factory=list)

    def count(self, **fields: object) -> int:
        """Return how many requests had the method, media type or status in *fields*."""
        return sum(
            number
            for kind, number in self.counts.items()
            if all(getattr(kind, name) == value for name, value in fields.items())
        )

    def __str__(self) -> str:
        lines = [*self.errors, *map(str, self.failed_checks)]
        more = [f"… and {len(lines) - MAX_LINES} more"] if len(lines) > MAX_LINES else []
        return "\n".join(lines[:MAX_LINES] + more)


# ---- events ----------------------------------------------------------------------------------


def record_event(exploration: Exploration, event: events.EngineEvent) -> None:
    """Add *event* of the engine to *exploration*."""
    match event:
        case events.ScenarioFinished():
            _record_scenario(exploration, event)
        case events.PhaseFinished():
            exploration.phases[event.phase.name.value] = event.status.value
        case events.SchemaAnalysisWarnings():
            exploration.errors += [f"description: {warning.message}" for warning in event.warnings]
        case events.NonFatalError():
            exploration.errors.append(f"{event.label}: {event.info}")
        case events.FatalError():
            exploration.errors.append(f"engine: {event.exception!r}")
        case events.EngineFinished():
            exploration.errors += [f"after the run: {failure}" for failure in event.failures]


def _record_scenario(exploration: Exploration, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for id_, node in recorder.cases.items():
        response = recorder.find_response(case_id=id_)
        status = None if response is None else response.status_code
        exploration.counts[RequestKind(node.value.method, node.value.media_type, status)] += 1
        if (interaction := recorder.interactions.get(id_)) is not None:
            exploration.requests.append(_digest(interaction.request))
        for check in recorder.checks.get(id_, ()):
            if (info := check.failure_info) is not None:
                failed_check = FailedCheck(
                    check.name, event.phase.value, str(info.failure), info.code_sample
                )
                exploration.failed_checks.append(failed_check)
    exploration.false_alarms += sum(recorder.filtered_failures.values())


def _digest(request: Request) -> str:
    line = f"{request.method} {request.uri}\n".encode()
    return hashlib.sha256(line + (request.body or b"")).hexdigest()


@dataclass(frozen=True, slots=True)
class SignIn:
    """Valid credentials for one alternative of the description's security.

    *schemes* are values in the form of Schemathesis's `[auth.openapi]`, by name of the scheme.
    """

    name: str
    schemes: Mapping[str, Mapping[str, str]]
    segment: str = ""
    app_token: str | None = None

    def base_url(self, host: str) -> str:
        """Return the URL at *host* that the described paths are appended to."""
        return f"{host.rstrip('/')}/{self.segment}".rstrip("/")

    @property
    def alternative(self) -> str:
        """The alternative of the description's security, as GET writes it."""
        return " + ".join(self.schemes)

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters with a fixed value, which are not generated."""
        return {} if self.app_token is None else {"header.SO-AppToken": self.app_token}


def explore(
    target: object,
    sign_in: SignIn,
    *,
    seed: int,
    max_examples: int,
    mode: Literal["all", "negative"] = "all",
    timeout_seconds: float = 10.0,
) -> Exploration:
    """Run all phases against *target*, a URL or an ASGI application.

    The fuzzing phase sends *max_examples* to each operation; in mode `negative` only invalid ones.
    Raise TargetError if a request gets no response in time.
    """
    serializers.register()
    custom_checks.register()
    host = target if isinstance(target, str) else IN_PROCESS
    settings = _configuration(sign_in, host, seed, max_examples, mode)
    schema = _schema(settings | {"request-timeout": timeout_seconds})
    timed_out_requests: list[str] = []
    in_process = not isinstance(target, str)
    if in_process:
        schema.app = _with_timeout(target, timeout_seconds, timed_out_requests)
    exploration = Exploration()
    schema.hook("after_network_error")(_stop_on_timeout(timed_out_requests))
    with isolated_hypothesis(), _without_probes() if in_process else nullcontext():
        for event in from_schema(schema).execute():
            record_event(exploration, event)
    if timed_out_requests:
        msg = f"{host}: no answer within {timeout_seconds:g} s to {timed_out_requests[0]}"
        raise TargetError(f"{msg}; is the server stuck?")
    return exploration


def _with_timeout(app: Any, seconds: float, timed_out_requests: list[str]) -> object:  # noqa: ANN401 - ASGI
    """Return *app* with a timeout for each request; after the first timeout every request fails.

    The lifespan has no timeout.
    """

    async def app_with_timeout(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if timed_out_requests:
            raise TimeoutError
        try:
            async with asyncio.timeout(seconds):
                await app(scope, receive, send)
        except TimeoutError:
            timed_out_requests.append(f"a generated {scope.get('method')}")
            raise

    return app_with_timeout


def _stop_on_timeout(timed_out_requests: list[str]) -> Callable[..., None]:
    """Return a hook that records the first request that times out, and stops the engine.

    A connection that breaks is an error of the engine, which continues.
    """

    def after_network_error(_: HookContext, case: Case[Any], __: object) -> None:
        if "Timeout" not in type(sys.exception()).__name__:
            return
        timed_out_requests.append(f"a generated {case.method}")
        raise KeyboardInterrupt

    return after_network_error


@contextmanager
def _without_probes() -> Iterator[None]:
    """Disable the engine's probes, which any server that listens at the base URL would get."""
    with mock.patch.object(probes, "PROBES", ()):
        yield


# ---- configuration ---------------------------------------------------------------------------


def _schema(configuration: dict[str, Any]) -> BaseSchema:
    document = operations.without_claims(operations.load().document)
    config = SchemathesisConfig.from_dict(configuration)
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.hook("filter_failure")(custom_checks.is_real_failure)
    return schema


def _configuration(
    sign_in: SignIn, host: str, seed: int, max_examples: int, mode: str
) -> dict[str, Any]:
    return {
        "seed": seed,
        "base-url": sign_in.base_url(host),
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "analysis": {"constants": {"enabled": False}},
        "generation": {
            "mode": mode,
            "max-examples": max_examples,
            "database": "none",
            "with-security-parameters": False,
        },
        "auth": {"openapi": {name: dict(values) for name, values in sign_in.schemes.items()}},
        "parameters": sign_in.parameters,
        # By default the checks accept a 401 for a valid request, and a 500 for an invalid one.
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        "operations": [
            _operation_settings("POST", "204"),
            _operation_settings("GET", "200"),
            _operation_settings("HEAD", "200"),
            _operation_settings("OPTIONS", "200", "204"),
        ],
    }


def _operation_settings(method: str, *statuses: str) -> dict[str, Any]:
    checks = {
        "positive_data_acceptance": {"expected-statuses": list(statuses)},
        "negative_data_rejection": {"expected-statuses": ["4xx"]},
    }
    return {"include-method": method, "checks": checks}
