"""Runs Schemathesis against one server with one credential, and collects what it finds.

All phases of its engine run, which no other interface of it does in-process. The requests depend
only on the seed and on versions: no constants are taken from source files, nothing is stored.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple
from unittest import mock

import schemathesis
from msgspec import structs
from schemathesis import Case, Response
from schemathesis.config import SchemathesisConfig
from schemathesis.core import hooks
from schemathesis.engine import events, from_schema
from schemathesis.schemas import BaseSchema

from superoffice_contract.control.connection import Proxy
from superoffice_contract.errors import TargetError
from superoffice_contract.fuzzing import serializers
from superoffice_contract.fuzzing.isolation import isolated_hypothesis
from superoffice_contract.fuzzing.selection import Selection, as_generated
from superoffice_contract.fuzzing.transport import convert_request, convert_response, our_transport
from superoffice_contract.fuzzing.verdicts import judge
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.operations import Operation
from superoffice_contract.report import Finding
from superoffice_contract.target.findings import Exchange
from superoffice_contract.target.http import IN_PROCESS, OnResponse, Request
from superoffice_contract.target.tenants import Header

NEW_METHODS: Final = ("query", "trace")
"""Methods that are not described, beside those that a written check sends."""
_SAID_BY_CURL: Final = frozenset(
    ("accept", "connection", "user-agent", "x-schemathesis-testcaseid")
)
"""Headers that curl sends itself, or that say nothing."""


class SignIn(NamedTuple):
    """The *headers* of a valid credential; *segment* comes before the described path."""

    name: str
    headers: tuple[Header, ...]
    segment: str = ""


@dataclass(slots=True)
class Exploration:
    """The results of a run; *errors* are errors of the engine: something was not tested.

    *is_cut*: the time was over after *request_count* requests. *failure*: to which request an
    answer did not come, or is not HTTP, which ended the run.
    """

    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    request_count: int = 0
    is_cut: bool = False
    failure: tuple[Request, TargetError] | None = None


# ---- events ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Recorder:
    """Adds the events of the engine to *exploration*, which sends to *operation* at *base*."""

    exploration: Exploration
    operation: Operation
    sign_in: SignIn
    base: str
    secrets: Collection[str]

    def record(self, event: events.EngineEvent) -> None:
        """Add *event* of the engine."""
        exploration = self.exploration
        match event:
            case events.ScenarioFinished():
                self._record_scenario(event)
            case events.SchemaAnalysisWarnings():
                warnings = [f"description: {warning.message}" for warning in event.warnings]
                exploration.errors += warnings
            case events.NonFatalError():
                exploration.errors.append(f"{event.label}: {event.info}")
            case events.FatalError():
                exploration.errors.append(f"engine: {event.exception!r}")
            case events.EngineFinished():
                exploration.errors += [f"after the run: {failure}" for failure in event.failures]

    def _record_scenario(self, event: events.ScenarioFinished) -> None:
        for id_, node in event.recorder.cases.items():
            response = event.recorder.find_response(case_id=id_)
            if response is not None:
                self._judge(node.value, response)

    def _judge(self, case: Case[Any], response: Response) -> None:
        self.exploration.request_count += 1
        generated = as_generated(case, self.operation)
        if any(name == "SO-AppToken" for name, _ in self.sign_in.headers):
            generated = structs.replace(generated, has_any_token=False)
        problem = judge(generated, response.status_code, self.operation)
        if problem is not None:
            exchange = Exchange(
                self.base,
                _without_noise(convert_request(response.request)),
                convert_response(response),
                self.secrets,
            )
            where = ", ".join(filter(None, (self.sign_in.name, case.media_type)))
            self.exploration.findings.append(exchange.show(where, problem.what, problem.claim))


def _without_noise(request: Request) -> Request:
    headers = tuple(pair for pair in request.headers if pair[0].lower() not in _SAID_BY_CURL)
    return structs.replace(request, headers=headers)


def explore(
    target: object,
    operation: Operation,
    sign_in: SignIn,
    *,
    seed: int,
    max_examples: int,
    mode: Literal["all", "negative"] = "all",
    max_seconds: float = math.inf,
    timeout_seconds: float = 10.0,
    proxy: Proxy | None = None,
    secrets: Collection[str] = (),
    on_response: OnResponse = lambda *_: None,
) -> Exploration:
    """Run all phases against the path of *operation* at *target*, a URL or an ASGI application.

    The fuzzing phase sends *max_examples*. Mode `negative` is for a server where each accepted
    call takes a second: nearly all that is sent must be refused. After *max_seconds* it ends.
    Findings hide *secrets*. *on_response* is called for each response. Raise TargetError if nothing
    was ever answered.
    """
    serializers.register({(operation.method, operation.path): operation})
    host = target if isinstance(target, str) else IN_PROCESS
    settings = _configuration(sign_in, host, seed, max_examples, mode)
    schema = _make_schema(operation, settings)
    selection = Selection(operation, is_slow=mode == "negative", max_seconds=max_seconds)
    opening = our_transport(
        target, operation, selection, sign_in.headers, timeout_seconds, proxy, on_response
    )
    exploration = Exploration()
    with isolated_hypothesis(), opening as transport:
        recorder = _Recorder(exploration, operation, sign_in, transport.client.base, secrets)
        for event in from_schema(schema).execute():
            recorder.record(event)
    exploration.is_cut = transport.is_cut
    if transport.failure is not None:
        request, error = transport.failure
        if not transport.client.has_answered:
            raise error
        exploration.failure = _without_noise(request), error
    return exploration


# ---- configuration ---------------------------------------------------------------------------


def _make_schema(operation: Operation, configuration: dict[str, Any]) -> BaseSchema:
    """Return the schema of *operation* for Schemathesis; it has no other paths."""
    document = operation.schemas.document
    paths = {operation.path: document["paths"][operation.path]}
    description = claims.without_claims({**document, "paths": paths})
    with mock.patch.object(hooks, "load_from_env"):
        config = SchemathesisConfig.from_dict(configuration)
    return schemathesis.openapi.from_dict(description, config=config)


def _configuration(
    sign_in: SignIn, host: str, seed: int, max_examples: int, mode: str
) -> dict[str, Any]:
    return {
        "seed": seed,
        "base-url": f"{host.rstrip('/')}/{sign_in.segment}".rstrip("/"),
        "continue-on-failure": True,
        "max-redirects": 0,
        "cache": {"enabled": False},
        "analysis": {"constants": {"enabled": False}},
        "generation": {
            "mode": mode,
            "max-examples": max_examples,
            "database": "none",
            "with-security-parameters": False,
        },
        # The answers are judged by `verdicts.py`.
        "checks": {"enabled": False},
        "phases": {"coverage": {"unexpected-methods": NEW_METHODS}},
    }
