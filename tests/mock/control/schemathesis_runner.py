"""Schemathesis let loose on the control surface: every request meets a mock of its own."""

import copy
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from unittest import mock

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.run import probes
from starlette.types import Message, Receive, Scope, Send

from superoffice_contract.fuzzing.isolation import hermetic
from superoffice_mock.config import tenant_file
from tests.support.in_process import Local

CHECKS: Final = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "negative_data_rejection", "unsupported_method"),
)
TABLES: Final = tenant_file.demo()


@dataclass(slots=True)
class Explored:
    """The statuses of every operation, and what was found."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


async def fresh(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request by a mock with a run that has ended and a clock that stands."""
    local = Local(tables=TABLES)
    await local.control("POST", "clock/freeze")
    await local.control("POST", "recordings/start?tenant=Cust12345")
    await local.call()
    await local.control("POST", "clock/advance", {"seconds": 5})

    async def receive_and_leave() -> Message:
        """Bring the body, then hang up: so nothing is waited for."""
        return bodies.pop(0) if bodies else {"type": "http.disconnect"}

    bodies = [await receive()]
    while bodies[-1].get("more_body", False):
        bodies.append(await receive())
    await local.mock.app(scope, receive_and_leave, send)


def explore(document: dict[str, Any], *, seed: int, max_examples: int) -> Explored:
    """Run all phases of the engine, by *document*."""
    checks: dict[str, Any] = {name: {"enabled": True} for name in CHECKS}
    checks["negative_data_rejection"] = {"enabled": True, "expected-statuses": ["4xx"]}
    settings = {
        "seed": seed,
        "base-url": "http://127.0.0.1:8204",
        "continue-on-failure": True,
        "cache": {"enabled": False},
        "analysis": {"constants": {"enabled": False}},
        "generation": {"mode": "all", "max-examples": max_examples, "database": "none"},
        "checks": {"enabled": False, **checks},
        "phases": {"stateful": {"enabled": False}},
    }
    config = SchemathesisConfig.from_dict(settings)
    schema = schemathesis.openapi.from_dict(_of_this_world(document), config=config)
    schema.app = fresh
    explored = Explored()
    with hermetic(), _unprobed():
        for event in from_schema(schema).execute():
            _note(explored, event)
    return explored


def _of_this_world(document: dict[str, Any]) -> dict[str, Any]:
    """Return *document* with the ids that there are: nearly all others would be a 404."""
    known = {"tenant": ["onsite", "Cust12345"], "id": ["1", "onsite", "Cust12345"]}
    told = copy.deepcopy(document)
    for name, ids in known.items():
        told["components"]["parameters"][name]["schema"] = {"enum": ids}
    return told


@contextmanager
def _unprobed() -> Iterator[None]:
    with mock.patch.object(probes, "PROBES", ()):
        yield


def _note(explored: Explored, event: events.EngineEvent) -> None:
    match event:
        case events.ScenarioFinished():
            for id_, interaction in event.recorder.interactions.items():
                operation = event.recorder.cases[id_].value.operation.label
                if interaction.response is not None:
                    explored.statuses[operation, interaction.response.status_code] += 1
                for check in event.recorder.checks.get(id_, ()):
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        told = f"{operation}: {check.name}: {failure.title}: {failure.message}"
                        explored.findings.append(f"{told}\n  {check.failure_info.code_sample}")
        case events.NonFatalError() | events.FatalError():
            explored.errors.append(str(event))
