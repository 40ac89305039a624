"""Runs Schemathesis against the control surface; every request gets a new mock."""

import copy
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from starlette.types import Message, Receive, Scope, Send

from superoffice_contract.fuzzing.isolation import isolated_hypothesis
from superoffice_contract.fuzzing.transport import without_probes
from superoffice_contract.local_server import demo_tables
from tests.support.in_process import InProcessMock

CHECKS: Final = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "negative_data_rejection", "unsupported_method"),
)
TABLES: Final = demo_tables()


@dataclass(slots=True)
class Exploration:
    """The statuses of each operation, the findings and the errors of a run."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


async def answer_by_new_mock(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request by a new mock with an ended run, a fault and a frozen clock."""
    local = InProcessMock(tables=TABLES)
    await local.control("POST", "clock/freeze")
    await local.control("POST", "recordings/start?tenant=Cust12345")
    await local.call()
    await local.control("POST", "faults", {"status": 503, "every": 1_000})
    await local.control("POST", "clock/advance", {"seconds": 5})

    async def receive_then_disconnect() -> Message:
        """Return the body, then disconnect, so that no call waits."""
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    messages = [await receive()]
    while messages[-1].get("more_body", False):
        messages.append(await receive())
    await local.mock.app(scope, receive_then_disconnect, send)


def explore(document: dict[str, Any], *, seed: int, max_examples: int) -> Exploration:
    """Run all phases of the engine with *document*."""
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
    schema = schemathesis.openapi.from_dict(_with_known_ids(document), config=config)
    schema.app = answer_by_new_mock
    exploration = Exploration()
    with isolated_hypothesis(), without_probes():
        for event in from_schema(schema).execute():
            _record(exploration, event)
    return exploration


def _with_known_ids(document: dict[str, Any]) -> dict[str, Any]:
    """Return *document* with existing ids only; nearly all others would be a 404."""
    known_ids = {"tenant": ["onsite", "Cust12345"], "id": ["1", "onsite", "Cust12345"]}
    copied_document = copy.deepcopy(document)
    for name, ids in known_ids.items():
        copied_document["components"]["parameters"][name]["schema"] = {"enum": ids}
    return copied_document


def _record(exploration: Exploration, event: events.EngineEvent) -> None:
    match event:
        case events.ScenarioFinished():
            for id_, interaction in event.recorder.interactions.items():
                operation = event.recorder.cases[id_].value.operation.label
                if interaction.response is not None:
                    exploration.statuses[operation, interaction.response.status_code] += 1
                for check in event.recorder.checks.get(id_, ()):
                    if check.failure_info is not None:
                        failure = check.failure_info.failure
                        text = f"{operation}: {check.name}: {failure.title}: {failure.message}"
                        exploration.findings.append(f"{text}\n  {check.failure_info.code_sample}")
        case events.NonFatalError() | events.FatalError():
            exploration.errors.append(str(event))
