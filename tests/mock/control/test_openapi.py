"""`GET /_mock/openapi.json`: it is complete, and the control surface behaves as described."""

import asyncio
import copy
import json
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import jsonschema_rs
import msgspec
import pytest
from openapi_spec_validator import validate

from superoffice_mock.config.settings import Settings
from superoffice_mock.control.openapi import build_document, examples_of
from superoffice_mock.control.router import CALLS
from superoffice_mock.core.journal import OUTCOMES
from tests.mock.control.schemathesis_runner import explore
from tests.support.in_process import InProcessMock, run_until_waiting

DOCUMENT: Final = build_document(CALLS, needs_token=False)
BODIES: Final = {method.body for method in CALLS.values() if method.body is not None}


def operation_of(call: str) -> Any:
    name, path = call.split()
    return DOCUMENT["paths"][f"/_mock{path}"][name.lower()]


async def test_the_document_is_valid_openapi_and_is_the_one_that_is_served() -> None:
    validate(DOCUMENT)
    assert await InProcessMock().control("GET", "openapi.json") == json.loads(json.dumps(DOCUMENT))


def test_the_document_has_every_call_and_no_other() -> None:
    calls = {
        f"{method.upper()} {path.removeprefix('/_mock')}"
        for path, item in DOCUMENT["paths"].items()
        for method in item
    }
    assert calls == set(CALLS)


def test_every_call_has_summary_parameters_body_and_responses() -> None:
    for call, method in CALLS.items():
        operation = operation_of(call)
        assert operation["summary"][0].islower(), f"{call}: a summary starts in lower case"
        assert bool(method.response) is (method.status != HTTPStatus.NO_CONTENT), call
        assert ("requestBody" in operation) is (method.body is not None), call
        statuses = set(operation["responses"])
        assert statuses >= {f"{method.status}", "400", "403", "404", "413"}, call
        assert all(int(status) >= 400 for status in statuses - {f"{method.status}"}), call
        names = {parameter["$ref"].rpartition("/")[2] for parameter in operation["parameters"]}
        assert names - {"id"} == {"tenant", *method.query}, call


def test_every_body_has_valid_examples() -> None:
    for kind in BODIES:
        examples = list(examples_of(kind))
        assert examples, kind
        for example in examples:
            msgspec.convert(example, kind)


def test_the_outcomes_are_those_of_the_journal() -> None:
    assert tuple(DOCUMENT["components"]["schemas"]["Outcome"]["enum"]) == OUTCOMES


def test_every_component_of_the_document_is_used() -> None:
    text = json.dumps(DOCUMENT)
    for kind in ("parameters", "schemas", "responses"):
        for name in DOCUMENT["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, f"nothing refers to {kind}/{name}"


async def test_with_a_control_token_every_call_but_health_needs_it() -> None:
    local = InProcessMock(Settings(control_token="sesame"))
    response = await local.call(
        "GET", "/_mock/openapi.json", b"", {"authorization": "Bearer sesame"}
    )
    document = response.json()
    validate(document)
    assert document["security"] == [{"token": []}]
    assert document["paths"]["/_mock/health"]["get"]["security"] == []
    assert "401" in document["paths"]["/_mock/lease"]["get"]["responses"]
    assert "sesame" not in response.body.decode()
    assert "security" not in DOCUMENT


@pytest.mark.parametrize(
    "seed", [pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.nightly)]
)
def test_generated_requests_are_answered_as_described(seed: int) -> None:
    exploration = explore(DOCUMENT, seed=seed, max_examples=3)
    assert exploration.errors == []
    assert exploration.findings == [], "\n".join(exploration.findings[:5])
    for call, method in CALLS.items():
        name, path = call.split()
        statuses = {
            status
            for (operation, status) in exploration.statuses
            if operation == f"{name} /_mock{path}"
        }
        assert statuses >= {404}, call
        if call != "DELETE /tenants/{id}":  # the ids of temporary tenants are random
            assert method.status in statuses, call


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "wrong"),
    [
        ("Lease", {"properties": {"held": {"type": "integer"}}}),
        ("Problem", {"properties": {"title": {"type": "string"}}, "additionalProperties": False}),
        ("Advance", {"type": "object", "properties": {"seconds": {"type": "integer"}}}),
    ],
)
def test_a_wrong_document_has_findings(schema: str, wrong: dict[str, Any]) -> None:
    document = copy.deepcopy(DOCUMENT)
    document["components"]["schemas"][schema] = wrong
    for path in set(document["paths"]) - {"/_mock/lease", "/_mock/clock/advance"}:
        del document["paths"][path]
    assert explore(document, seed=1, max_examples=2).findings


async def call_and_validate(local: InProcessMock, name: str, path: str, body: object = None) -> Any:
    """Call, validate the response against the document, and return its content."""
    content = await local.control(name, path, body)
    segments = path.partition("?")[0].split("/")
    template = ["{id}" if any(map(str.isdigit, text)) else text for text in segments]
    method = CALLS[f"{name} /{'/'.join(template)}"]
    reference = {"$ref": f"#/components/schemas/{method.response}"}
    schema = reference | {"components": DOCUMENT["components"]}
    jsonschema_rs.validator_for(schema).validate(content)
    return content


async def test_responses_of_a_much_used_mock_are_as_described() -> None:
    local = InProcessMock()
    call = partial(call_and_validate, local)
    await call("POST", "clock/freeze")
    faults = [{"status": 503, "message": "no", "retry_after": 1}, {"delay": 1.5, "every": 9}]
    seeded_fault = {"expired_credential": True, "probability": 0.5, "seed": 3}
    await call("PUT", "faults", {"faults": [*faults, seeded_fault]})
    for body in (b"{", b'{"SyncUserAccounts":[{"AccountId":507,"Odd":1}]}'):
        await local.call(body=body, path="/api/v1/Agents/EMail/SyncEmailAccounts?$select=a")
    await call("DELETE", "faults")
    waiting = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    for path in ("requests", "lease", "runs", "clock", "accounts", "requests/1", "requests/3"):
        await call("GET", path)
    clock = await call("POST", "clock/advance", {"seconds": 3})
    assert {event["event"] for event in clock["events"]} == {"answered"}
    await waiting
    assert (await call("POST", "lease/release"))["released"]["by"] == "run"
    await call("POST", "lease/hold")
    held_call = asyncio.create_task(local.call())
    await run_until_waiting(local, 1)
    await call("POST", "clock/advance", {"until": "idle"})
    await held_call
    await local.call("PUT")
    await local.call(path="/Cust99999/api/v1/Agents/EMail/SyncEmailAccounts")
    result = await call("POST", "requests/wait", {"count": 2})
    outcomes = {request["outcome"] for request in result["requests"]}
    assert outcomes == {"faulted", "started", "turned_away", "rejected"}
    for path in ("lease", "runs", "accounts"):
        await call("GET", path)
    tenant = await call("POST", "tenants", {"installation": "online", "expires_after": 60})
    assert (await call("PUT", "state", {"state": "suspended"}))["number"] == 4
    await call("GET", "accounts?tenant=Cust12345")
    for path in ("tenants", f"tenants/{tenant['id']}", "readings", "health", "state"):
        await call("GET", path)
    await call("POST", "reset?all=true")
