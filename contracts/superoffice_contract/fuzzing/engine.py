"""Schemathesis let loose on one server with one credential: what was sent, answered and found.

All phases of its engine run, which no other interface of it does in-process. Requests depend on
the seed and on versions alone: nobody's source is mined for constants, and nothing is stored.
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
from superoffice_contract.fuzzing.isolation import hermetic
from superoffice_contract.openapi import operations

LONGEST_SHOWN: Final = 800


MOST_SHOWN: Final = 12
"""How much of a request, and of what was found, is told."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What one request was and which status it got; None: no answer."""

    method: str
    media_type: str | None
    status: int | None


@dataclass(frozen=True, slots=True)
class Finding:
    """A check that failed, and the request that failed it."""

    check: str
    phase: str
    message: str
    curl: str

    def __str__(self) -> str:
        curl = self.curl if len(self.curl) <= LONGEST_SHOWN else self.curl[:LONGEST_SHOWN] + " …"
        return f"{self.check} ({self.phase}): {self.message}\n    {curl}"


@dataclass(slots=True)
class Exploration:
    """What came of it; *requests* are digests, in the order in which they were sent.

    *errors* are the engine's: they mean that something was not tested.
    """

    sent: Counter[Sent] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    phases: dict[str, str] = field(default_factory=dict)
    false_alarms: int = 0
    requests: list[str] = field(default_factory=list)

    def count(self, **wanted: object) -> int:
        """Return how many requests had the *wanted* method, media type or status."""
        return sum(
            number
            for sent, number in self.sent.items()
            if all(getattr(sent, name) == value for name, value in wanted.items())
        )

    def __str__(self) -> str:
        told = [*self.errors, *map(str, self.findings)]
        more = [f"… and {len(told) - MOST_SHOWN} more"] if len(told) > MOST_SHOWN else []
        return "\n".join(told[:MOST_SHOWN] + more)


# ---- events ----------------------------------------------------------------------------------


def note(exploration: Exploration, event: events.EngineEvent) -> None:
    """Take in what *event* of the engine tells."""
    match event:
        case events.ScenarioFinished():
            _note_scenario(exploration, event)
        case events.PhaseFinished():
            exploration.phases[event.phase.name.value] = event.status.value
        case events.SchemaAnalysisWarnings():
            exploration.errors += [f"description: {one.message}" for one in event.warnings]
        case events.NonFatalError():
            exploration.errors.append(f"{event.label}: {event.info}")
        case events.FatalError():
            exploration.errors.append(f"engine: {event.exception!r}")
        case events.EngineFinished():
            exploration.errors += [f"after the run: {one}" for one in event.failures]


def _note_scenario(exploration: Exploration, event: events.ScenarioFinished) -> None:
    recorder = event.recorder
    for id_, node in recorder.cases.items():
        answer = recorder.find_response(case_id=id_)
        status = None if answer is None else answer.status_code
        exploration.sent[Sent(node.value.method, node.value.media_type, status)] += 1
        if (interaction := recorder.interactions.get(id_)) is not None:
            exploration.requests.append(_digest(interaction.request))
        for check in recorder.checks.get(id_, ()):
            if (info := check.failure_info) is not None:
                found = Finding(check.name, event.phase.value, str(info.failure), info.code_sample)
                exploration.findings.append(found)
    exploration.false_alarms += sum(recorder.filtered_failures.values())


def _digest(request: Request) -> str:
    line = f"{request.method} {request.uri}\n".encode()
    return hashlib.sha256(line + (request.body or b"")).hexdigest()


HOST: Final = "http://127.0.0.1:8204"
"""Where a server in this process believes to be; its control surface wants a loopback name."""


@dataclass(frozen=True, slots=True)
class Access:
    """One way in: one alternative of the description's security, with good credentials.

    *schemes* are values as Schemathesis's `[auth.openapi]` takes them, by name of the scheme.
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
        """The alternative of the description's security that this is, as GET writes it."""
        return " + ".join(self.schemes)

    @property
    def parameters(self) -> dict[str, str]:
        """Parameters that are given, not generated."""
        return {} if self.app_token is None else {"header.SO-AppToken": self.app_token}


def explore(
    target: object,
    access: Access,
    *,
    seed: int,
    max_examples: int,
    mode: Literal["all", "negative"] = "all",
    timeout_seconds: float = 10.0,
) -> Exploration:
    """Run all phases against *target*, a URL or an ASGI application.

    Each operation gets *max_examples* when fuzzed; in mode `negative` only bad ones. Raise
    TargetError when a request stays unanswered.
    """
    serializers.register()
    custom_checks.register()
    host = target if isinstance(target, str) else HOST
    settings = _configuration(access, host, seed, max_examples, mode)
    schema = _schema(settings | {"request-timeout": timeout_seconds})
    unanswered: list[str] = []
    in_process = not isinstance(target, str)
    if in_process:
        schema.app = _in_time(target, timeout_seconds, unanswered)
    exploration = Exploration()
    schema.hook("after_network_error")(_giving_up(unanswered))
    with hermetic(), _unprobed() if in_process else nullcontext():
        for event in from_schema(schema).execute():
            note(exploration, event)
    if unanswered:
        msg = f"{host}: no answer within {timeout_seconds:g} s to {unanswered[0]}"
        raise TargetError(f"{msg}; is the server stuck?")
    return exploration


def _in_time(app: Any, seconds: float, unanswered: list[str]) -> object:  # noqa: ANN401 - ASGI
    """Return *app*, which takes no longer than *seconds*, and after that answers nothing more.

    Its lifespan lasts for as long as all requests together.
    """

    async def timed(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - ASGI
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        if unanswered:
            raise TimeoutError
        try:
            async with asyncio.timeout(seconds):
                await app(scope, receive, send)
        except TimeoutError:
            unanswered.append(f"a generated {scope.get('method')}")
            raise

    return timed


def _giving_up(unanswered: list[str]) -> Callable[..., None]:
    """Return a hook that notes the first request without an answer, and sends nothing more.

    A connection that breaks is an error of the engine's, and goes on.
    """

    def after_network_error(_: HookContext, case: Case[Any], __: object) -> None:
        if "Timeout" not in type(sys.exception()).__name__:
            return
        unanswered.append(f"a generated {case.method}")
        raise KeyboardInterrupt

    return after_network_error


@contextmanager
def _unprobed() -> Iterator[None]:
    """Keep the engine's probes off the network, where whoever listens at the base URL gets them."""
    with mock.patch.object(probes, "PROBES", ()):
        yield


# ---- configuration ---------------------------------------------------------------------------


def _schema(configuration: dict[str, Any]) -> BaseSchema:
    document = _without_claims(operations.load().document)
    config = SchemathesisConfig.from_dict(configuration)
    schema = schemathesis.openapi.from_dict(document, config=config)
    schema.hook("filter_failure")(custom_checks.is_justified)
    return schema


def _without_claims(node: Any) -> Any:  # noqa: ANN401 - JSON
    """Return a copy without `x-claim`, which Schemathesis takes for something to violate."""
    if isinstance(node, Mapping):
        return {name: _without_claims(one) for name, one in node.items() if name != "x-claim"}
    return [_without_claims(one) for one in node] if isinstance(node, list) else node


def _configuration(
    access: Access, host: str, seed: int, max_examples: int, mode: str
) -> dict[str, Any]:
    return {
        "seed": seed,
        "base-url": access.base_url(host),
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "analysis": {"constants": {"enabled": False}},
        "generation": {
            "mode": mode,
            "max-examples": max_examples,
            "database": "none",
            "with-security-parameters": False,
        },
        "auth": {"openapi": {name: dict(values) for name, values in access.schemes.items()}},
        "parameters": access.parameters,
        # The stock checks take a 401 or a 500 for an answer to a good request, and to a bad one.
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        "operations": [
            _accepted("POST", "204"),
            _accepted("GET", "200"),
            _accepted("HEAD", "200"),
            _accepted("OPTIONS", "200", "204"),
        ],
    }


def _accepted(method: str, *statuses: str) -> dict[str, Any]:
    checks = {
        "positive_data_acceptance": {"expected-statuses": list(statuses)},
        "negative_data_rejection": {"expected-statuses": ["4xx"]},
    }
    return {"include-method": method, "checks": checks}
