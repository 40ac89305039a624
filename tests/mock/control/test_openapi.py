"""`GET /_mock/openapi.json`: it says what there is, and what it says holds."""

import asyncio
import copy
import json
from http import HTTPStatus
from typing import Any, Final

import jsonschema_rs
import msgspec
import pytest
from openapi_spec_validator import validate

from superoffice_mock.config.settings import Settings
from superoffice_mock.control.openapi import document, examples
from superoffice_mock.control.router import VERBS
from superoffice_mock.core.journal import OUTCOMES
from tests.mock.control.schemathesis_runner import explore
from tests.support.in_process import Local, settled

CALLS: Final = {
    f"{method} {path}": verb for path, verbs in VERBS.items() for method, verb in verbs.items()
}
DOCUMENT: Final = document(VERBS, locked=False)
TAKEN: Final = {verb.takes for verb in CALLS.values() if verb.takes is not None}


def described(call: str) -> Any:
    method, path = call.split()
    return DOCUMENT["paths"][f"/_mock{path}"][method.lower()]


# ---- the document ----------------------------------------------------------------------------


async def test_it_is_an_openapi_document_and_the_one_that_is_served() -> None:
    validate(DOCUMENT)
    assert await Local().control("GET", "openapi.json") == json.loads(json.dumps(DOCUMENT))


def test_it_has_every_call_and_no_other() -> None:
    found = {
        f"{method.upper()} {path.removeprefix('/_mock')}"
        for path, item in DOCUMENT["paths"].items()
        for method in item
    }
    assert found == set(CALLS)


@pytest.mark.parametrize("call", CALLS)
def test_every_call_says_what_it_does_takes_and_answers(call: str) -> None:
    verb, told = CALLS[call], described(call)
    assert told["summary"].strip()
    assert told["summary"][0].islower(), "summaries are no sentences"
    assert bool(verb.answers) is (verb.status != HTTPStatus.NO_CONTENT)
    assert ("requestBody" in told) is (verb.takes is not None)
    assert set(told["responses"]) >= {f"{verb.status}", "400", "403", "404", "413"}
    assert all(int(one) >= 400 for one in set(told["responses"]) - {f"{verb.status}"})
    names = {one["$ref"].rpartition("/")[2] for one in told["parameters"]}
    assert names - {"id"} == {"tenant", *verb.query}


@pytest.mark.parametrize("kind", sorted(TAKEN, key=str), ids=lambda kind: kind.__name__)
def test_every_body_has_examples_that_can_be_sent(kind: Any) -> None:
    found = list(examples(kind))
    assert found
    for one in found:
        msgspec.convert(one, kind)


def test_the_outcomes_are_those_of_the_journal() -> None:
    assert tuple(DOCUMENT["components"]["schemas"]["Outcome"]["enum"]) == OUTCOMES


def test_every_part_of_it_is_used() -> None:
    text = json.dumps(DOCUMENT)
    for kind in ("parameters", "schemas", "responses"):
        for name in DOCUMENT["components"][kind]:
            assert f'"#/components/{kind}/{name}"' in text, f"nothing refers to {kind}/{name}"


async def test_with_a_control_token_it_says_so_of_every_call_but_health() -> None:
    local = Local(Settings(control_token="sesame"))
    answered = await local.call(
        "GET", "/_mock/openapi.json", b"", {"authorization": "Bearer sesame"}
    )
    told = answered.json()
    validate(told)
    assert told["security"] == [{"token": []}]
    assert told["paths"]["/_mock/health"]["get"]["security"] == []
    assert "401" in told["paths"]["/_mock/lease"]["get"]["responses"]
    assert "sesame" not in answered.body.decode()
    assert "security" not in DOCUMENT


# ---- what it says holds ----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_what_it_says_holds_for_whatever_is_sent(seed: int) -> None:
    explored = explore(DOCUMENT, seed=seed, max_examples=3)
    assert explored.errors == []
    assert explored.findings == [], "\n".join(explored.findings[:5])
    for call, verb in CALLS.items():
        method, path = call.split()
        statuses = {one for (label, one) in explored.statuses if label == f"{method} /_mock{path}"}
        assert statuses >= {404}, call
        if call != "DELETE /tenants/{id}":  # those that are made have an id that nobody guesses
            assert verb.status in statuses, call


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "lie"),
    [
        ("Lease", {"properties": {"held": {"type": "integer"}}}),
        ("Problem", {"properties": {"title": {"type": "string"}}, "additionalProperties": False}),
        ("Advance", {"type": "object", "properties": {"seconds": {"type": "integer"}}}),
    ],
)
def test_a_document_that_lied_would_be_found_out(schema: str, lie: dict[str, Any]) -> None:
    lying = copy.deepcopy(DOCUMENT)
    lying["components"]["schemas"][schema] = lie
    for path in set(lying["paths"]) - {"/_mock/lease", "/_mock/clock/advance"}:
        del lying["paths"][path]
    assert explore(lying, seed=1, max_examples=2).findings


class Witness:
    """Calls a mock and holds every answer against the document."""

    def __init__(self, local: Local) -> None:
        self._local = local

    async def sees(self, method: str, path: str, sent: object = None) -> Any:
        """Call, check, and return what was answered."""
        told = await self._local.control(method, path, sent)
        shape = path.partition("?")[0].split("/")
        named = [one if not any(map(str.isdigit, one)) else "{id}" for one in shape]
        verb = CALLS[f"{method} /{'/'.join(named)}"]
        schema = {"$ref": f"#/components/schemas/{verb.answers}"} | {
            "components": DOCUMENT["components"]
        }
        jsonschema_rs.validator_for(schema).validate(told)
        return told


async def test_answers_of_a_mock_that_has_seen_much_are_as_described() -> None:
    local = Local()
    witness = Witness(local)
    await witness.sees("POST", "clock/freeze")
    faults = [{"status": 503, "message": "no", "retry_after": 1}, {"delay": 1.5, "every": 9}]
    seeded = {"expired_credential": True, "probability": 0.5, "seed": 3}
    await witness.sees("PUT", "faults", {"faults": [*faults, seeded]})
    for body in (b"{", b'{"SyncUserAccounts":[{"AccountId":507,"Odd":1}]}'):
        await local.call(body=body, path="/api/v1/Agents/EMail/SyncEmailAccounts?$select=a")
    await witness.sees("DELETE", "faults")
    waiting = asyncio.create_task(local.call())
    await settled(local, 1)
    for path in ("requests", "lease", "runs", "clock", "accounts", "requests/1", "requests/3"):
        await witness.sees("GET", path)
    advanced = await witness.sees("POST", "clock/advance", {"seconds": 3})
    assert {one["event"] for one in advanced["events"]} == {"answered"}
    await waiting
    assert (await witness.sees("POST", "lease/release"))["released"]["by"] == "run"
    await witness.sees("POST", "lease/hold")
    hand = asyncio.create_task(local.call())
    await settled(local, 1)
    await witness.sees("POST", "clock/advance", {"until": "idle"})
    await hand
    await local.call("PUT")
    await local.call(path="/Cust99999/api/v1/Agents/EMail/SyncEmailAccounts")
    told = await witness.sees("POST", "requests/wait", {"count": 2})
    outcomes = {one["outcome"] for one in told["requests"]}
    assert outcomes == {"faulted", "started", "turned_away", "rejected"}
    for path in ("lease", "runs", "accounts"):
        await witness.sees("GET", path)
    made = await witness.sees("POST", "tenants", {"installation": "online", "expires_after": 60})
    for path in ("tenants", f"tenants/{made['id']}", "readings", "health"):
        await witness.sees("GET", path)
    await witness.sees("POST", "reset?all=true")
