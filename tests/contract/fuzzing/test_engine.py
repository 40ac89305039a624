"""Schemathesis against the mock, in this process, once per way to sign in; and that it can fail."""

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest
from hypothesis import configuration
from schemathesis.config import SchemathesisWarning
from schemathesis.core.failures import Failure
from schemathesis.engine import StopReason, events
from schemathesis.engine.run import Phase, PhaseName
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from superoffice_contract.fuzzing.engine import Access, Exploration, explore
from superoffice_contract.openapi import operations
from superoffice_mock import access_log
from superoffice_mock.app import Mock, assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.sync_run import TenantId

TICKET: Final = {"api_key": "SOTicket 7T:demo-ticket"}
BASIC: Final = Access("a password", {"basic": {"username": "tje0", "password": "Tje0"}})
TOKEN: Final = Access("a token", {"bearer": {"bearer": "8A:Cust12345.demo-token"}}, "Cust12345")
SESSION: Final = {
    "xsrfToken": {"api_key": "demo-xsrf"},
    "session": {"api_key": "demo-session"},
}
ACCESSES: Final = (
    BASIC,
    Access("a ticket onsite", {"soTicket": TICKET}),
    Access("a ticket Online", {"soTicket": TICKET}, "Cust12345", "demo-app-token"),
    TOKEN,
    Access("a session onsite", SESSION),
    Access("a session Online", SESSION, "Cust12345"),
)
BODIES: Final = tuple(next(iter(operations.load().operations.values())).bodies)


def mock() -> Mock:
    """A mock whose runs end as they start, so that nothing is turned away."""
    settings = Settings(seconds_per_account=0, journal_exchanges=100_000)
    tables = [{**table, "accounts": []} for table in tenant_file.demo()]
    facts = tenant_file.tenants(tables, "the test", 0, settings.readings)
    return assemble(settings, facts, access_log.silent)


def check_floor(exploration: Exploration, accepted: int, accepted_of_each: int) -> None:
    """A server that rejects everything breaks nothing; these numbers would fall."""
    assert exploration.count(method="POST", status=204) >= accepted
    for media_type in BODIES:
        assert exploration.count(media_type=media_type, status=204) >= accepted_of_each, media_type
        assert exploration.count(media_type=media_type, status=400) > 0, media_type
    assert exploration.count(status=401) > 0
    assert exploration.count(status=405) > 0
    assert exploration.count(status=415) > 0


def check_truth(mock: Mock, access: Access, exploration: Exploration) -> None:
    """Compare what the callers saw with the journal: every 204 was a run, or had nothing to do."""
    exchanges = list(mock.journal.exchanges(TenantId(access.segment or "onsite")))
    outcomes = Counter(one.outcome for one in exchanges if one.method == "POST")
    assert set(outcomes) == {"started", "served", "rejected"}
    accepted = exploration.count(method="POST", status=204)
    assert outcomes["started"] + outcomes["served"] == accepted
    assert outcomes["started"] > accepted // 2


def explored(access: Access, seed: int, max_examples: int) -> Exploration:
    server = mock()
    exploration = explore(server.app, access, seed=seed, max_examples=max_examples)
    assert exploration.errors == [], exploration
    assert exploration.findings == [], f"\n{exploration}"
    tested = {name: exploration.phases[name] for name in ("examples", "coverage", "fuzzing")}
    assert set(tested.values()) == {"success"}, tested
    check_truth(server, access, exploration)
    return exploration


@pytest.mark.parametrize(
    "access",
    [
        *(pytest.param(one, id=one.name) for one in (BASIC, TOKEN)),
        *(
            pytest.param(one, id=one.name, marks=pytest.mark.slow)
            for one in ACCESSES
            if one not in (BASIC, TOKEN)
        ),
    ],
)
@pytest.mark.claim("credentials-alternatives", "body-shape", "www-authenticate", "cache-headers")
def test_every_generated_request_is_answered_as_described(access: Access) -> None:
    exploration = explored(access, seed=ACCESSES.index(access) + 1, max_examples=30)
    check_floor(exploration, accepted=170, accepted_of_each=15)


@pytest.mark.slow
@pytest.mark.parametrize("access", ACCESSES, ids=lambda access: access.name)
def test_many_more_generated_requests_are_answered_as_described(access: Access) -> None:
    exploration = explored(access, seed=ACCESSES.index(access) + 301, max_examples=300)
    check_floor(exploration, accepted=350, accepted_of_each=20)


@pytest.mark.slow
def test_the_same_seed_sends_the_same_requests_and_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    home = configuration.storage_directory(intent_to_write=False).path
    configuration.set_hypothesis_home_dir(tmp_path / "hypothesis")
    try:
        first = explore(mock().app, BASIC, seed=7, max_examples=5)
        second = explore(mock().app, BASIC, seed=7, max_examples=5)
    finally:
        configuration.set_hypothesis_home_dir(home)
    assert first.requests == second.requests
    assert len(first.requests) > 400
    assert list(tmp_path.iterdir()) == []


# ---- it can fail -----------------------------------------------------------------------------


def answering(status: int, body: bytes = b"") -> ASGIApp:
    """The mock, but what it answers well has this status and, where it had none, this body."""
    app = mock().app

    async def changed(scope: Scope, receive: Receive, send: Send) -> None:
        async def altered(message: Message) -> None:
            if message.get("status") in {200, 204}:
                message = {**message, "status": status}
            elif message["type"] == "http.response.body" and not message["body"] and body:
                message = {**message, "body": body}
            await send(message)

        await app(scope, receive, altered)

    return changed


@pytest.mark.slow
def test_another_status_than_204_is_found_and_told_with_its_check_and_its_request() -> None:
    exploration = explore(answering(202), BASIC, seed=1, max_examples=1)
    checks = {one.check for one in exploration.findings}
    assert checks == {"status_code_conformance", "positive_data_acceptance"}
    assert exploration.count(method="POST", status=202) >= 170
    assert exploration.count(method="GET", status=202) > 0
    told = str(exploration)
    assert "… and " in told.splitlines()[-1]
    assert "positive_data_acceptance (coverage): " in told
    assert "curl -X POST" in told
    assert "/api/v1/Agents/EMail/SyncEmailAccounts" in told
    assert "dGplMDpUamUw" not in told


@pytest.mark.slow
def test_a_server_that_lets_nobody_in_is_found() -> None:
    stranger = Access("a stranger", {"basic": {"username": "tje0", "password": "wrong"}})
    exploration = explore(mock().app, stranger, seed=1, max_examples=1)
    assert exploration.count(method="POST", status=204) == 0
    assert {one.check for one in exploration.findings} == {"positive_data_acceptance"}


@pytest.mark.slow
def test_a_server_that_lets_everybody_in_is_found() -> None:
    app = mock().app

    async def let_in(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            kept = [one for one in scope["headers"] if one[0] != b"authorization"]
            signed_in = (b"authorization", b"Basic dGplMDpUamUw")
            scope = {**scope, "headers": [*kept, signed_in]}
        await app(scope, receive, send)

    exploration = explore(let_in, BASIC, seed=1, max_examples=1)
    assert {one.check for one in exploration.findings} == {"ignored_auth"}


@pytest.mark.slow
def test_a_server_that_crashes_is_an_error_and_not_a_finding() -> None:
    async def crashing(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            message = "a bug of the server"
            raise RuntimeError(message)
        await mock().app(scope, receive, send)

    exploration = explore(crashing, BASIC, seed=1, max_examples=1)
    assert any("a bug of the server" in one for one in exploration.errors)
    assert "a bug of the server" in str(exploration)


@pytest.mark.slow
def test_a_body_on_a_204_is_an_error() -> None:
    exploration = explore(answering(204, b"null"), BASIC, seed=1, max_examples=1)
    assert any("Response may not contain content" in one for one in exploration.errors)


def test_what_only_the_engine_tells_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        events.SchemaAnalysisWarnings(phase=PHASE, warnings=[Doubt()]),
        events.EngineFinished(
            running_time=0,
            stop_reason=StopReason.COMPLETED,
            failures=[Failure(operation="POST", title="of the run", message="too few")],
        ),
        events.FatalError(exception=RuntimeError("the engine broke")),
    ]
    monkeypatch.setattr(
        "superoffice_contract.fuzzing.engine.from_schema",
        lambda _: SimpleNamespace(execute=lambda: told),
    )
    doubt, failure, broken = explore(mock().app, BASIC, seed=1, max_examples=1).errors
    assert doubt == "description: a doubtful schema"
    assert failure.startswith("after the run: of the run")
    assert "the engine broke" in broken


PHASE: Final = Phase(name=PhaseName.SCHEMA_ANALYSIS, is_enabled=True)


class Doubt:
    """A warning about the description, as the engine gives them."""

    operation_label: str | None = None
    kind = SchemathesisWarning.UNUSED_OPENAPI_AUTH
    message = "a doubtful schema"
    group: str | None = None
