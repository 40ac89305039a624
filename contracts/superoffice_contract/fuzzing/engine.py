"""Runs Schemathesis against one server with one credential, and collects what it finds.

All phases of its engine run, which no other interface of it does in-process. The requests depend
only on the seed and on versions: no constants are taken from source files, nothing is stored.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple
from unittest import mock

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.core import hooks
from schemathesis.engine import events, from_schema
from schemathesis.schemas import BaseSchema

from superoffice_contract.control.connection import Proxy
from superoffice_contract.fuzzing import custom_checks, serializers
from superoffice_contract.fuzzing.isolation import isolated_hypothesis
from superoffice_contract.fuzzing.transport import our_transport
from superoffice_contract.openapi import claims
from superoffice_contract.openapi.operations import METHODS, Operation
from superoffice_contract.report import Finding
from superoffice_contract.target.http import IN_PROCESS

CLAIMS_BY_CHECK: Final[Mapping[str, tuple[str, ...]]] = {
    "not_a_server_error": ("body-shape", "body-syntax"),
    "status_code_conformance": ("no-content",),
    "content_type_conformance": ("error-format",),
    "response_schema_conformance": ("error-webapi", "error-netserver"),
    "negative_data_rejection": ("body-shape",),
    "positive_data_acceptance": ("request-body", "starts-sync"),
    "ignored_auth": ("unauthorized",),
    "unsupported_method": ("method-not-allowed",),
    "no_body_on_204": ("no-body",),
    "no_hints_on_204": ("no-hints",),
    "no_banner": ("no-banner",),
    "not_cached": ("cache-headers",),
    "no_trace_in_errors": ("error-no-trace",),
    "media_type_declared": ("media-type-other",),
    "strangers_challenged": ("www-authenticate",),
}
"""The claims that a failed check breaks, by name: Schemathesis's own checks, and ours."""


class RequestKind(NamedTuple):
    """The properties that requests are counted by; *status* is None without a response."""

    method: str
    media_type: str | None
    status: int | None


@dataclass(slots=True)
class Exploration:
    """The results of a run; *errors* are errors of the engine: something was not tested.

    *phases* are the statuses of the engine's phases, by name.
    """

    counts: Counter[RequestKind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    phases: dict[str, str] = field(default_factory=dict)


# ---- events ----------------------------------------------------------------------------------


def _record_event(exploration: Exploration, event: events.EngineEvent) -> None:
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
        for check in recorder.checks.get(id_, ()):
            if (info := check.failure_info) is not None:
                claim_ids = CLAIMS_BY_CHECK.get(check.name, ())
                finding = Finding(check.name, str(info.failure), claim_ids, info.code_sample)
                exploration.findings.append(finding)


@dataclass(frozen=True, slots=True)
class SignIn:
    """Valid credentials for one alternative of the description's security.

    *schemes* are values in the form of Schemathesis's `[auth.openapi]`, by name of the scheme.
    *segment* comes before the described path.
    """

    name: str
    schemes: Mapping[str, Mapping[str, str]]
    segment: str = ""
    app_token: str | None = None

    @property
    def alternative(self) -> str:
        """The alternative of the description's security, as GET writes it."""
        return " + ".join(self.schemes)


def explore(
    target: object,
    operation: Operation,
    sign_in: SignIn,
    *,
    seed: int,
    max_examples: int,
    mode: Literal["all", "negative"] = "all",
    timeout_seconds: float = 10.0,
    proxy: Proxy | None = None,
) -> Exploration:
    """Run all phases against the path of *operation* at *target*, a URL or an ASGI application.

    The fuzzing phase sends *max_examples* to each of its methods; in mode `negative` only invalid
    ones.
    Raise NoAnswerError if a request gets no whole response within the limits.
    """
    described = {(operation.method, operation.path): operation}
    serializers.register(described)
    custom_checks.register(described)
    host = target if isinstance(target, str) else IN_PROCESS
    settings = _configuration(operation, sign_in, host, seed, max_examples, mode)
    schema = _make_schema(operation, settings)
    schema.hook("filter_failure")(custom_checks.failure_filter(described))
    exploration = Exploration()
    with isolated_hypothesis(), our_transport(target, timeout_seconds, proxy) as transport:
        for event in from_schema(schema).execute():
            _record_event(exploration, event)
    if transport.failure is not None:
        raise transport.failure
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
    operation: Operation, sign_in: SignIn, host: str, seed: int, max_examples: int, mode: str
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
        "auth": {
            "openapi": {
                name: {key: _literal(value) for key, value in values.items()}
                for name, values in sign_in.schemes.items()
            }
        },
        "parameters": (
            {"header.SO-AppToken": _literal(sign_in.app_token)} if sign_in.app_token else {}
        ),
        # By default the checks accept a 401 for a valid request, and a 500 for an invalid one.
        "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
        "operations": list(_method_settings(operation)),
    }


def _literal(value: str) -> str:
    """Return *value* so that Schemathesis takes no part of it for a variable of the environment."""
    return value.replace("${", "$${")


def _method_settings(operation: Operation) -> Iterator[dict[str, Any]]:
    """Yield the settings for each described method of the path: a right request is accepted."""
    item = operation.schemas.document["paths"][operation.path]
    for method in filter(item.__contains__, METHODS):
        responses = operation.schemas.resolve(item[method]).get("responses", {})
        statuses = [str(status) for status in responses if str(status).startswith("2")]
        checks = {
            "positive_data_acceptance": {"expected-statuses": statuses},
            "negative_data_rejection": {"expected-statuses": ["4xx"]},
        }
        yield {"include-method": method.upper(), "checks": checks}
