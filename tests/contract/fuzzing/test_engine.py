"""Schemathesis against the mock, in this process, with each credential; and that it can fail."""

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

from superoffice_contract.fuzzing.engine import Exploration, SignIn, explore
from superoffice_contract.local_server import demo_tables
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.target.http import LongAnswerError
from superoffice_mock.app import Mock
from superoffice_mock.core.sync_run import TenantId
from tests.contract.suite.targets import assemble_mock
from tests.e2e.upstreams import raw_upstream
from tests.support.endless_answers import ENDLESS, Taken

TICKET: Final = {"api_key": "SOTicket 7T:demo-ticket"}
BASIC: Final = SignIn("a password", {"basic": {"username": "tje0", "password": "Tje0"}})
TOKEN: Final = SignIn("a token", {"bearer": {"bearer": "8A:Cust12345.demo-token"}}, "Cust12345")
SESSION: Final = {
    "xsrfToken": {"api_key": "demo-xsrf"},
    "session": {"api_key": "demo-session"},
}
SIGN_INS: Final = (
    BASIC,
    SignIn("a ticket onsite", {"soTicket": TICKET}),
    SignIn("a ticket Online", {"soTicket": TICKET}, "Cust12345", "demo-app-token"),
    TOKEN,
    SignIn("a session onsite", SESSION),
    SignIn("a session Online", SESSION, "Cust12345"),
)
OPERATION: Final = sync_email_accounts.operation()


def make_mock() -> Mock:
    """Return a mock whose runs end at once, so that no call is turned away."""
    tables = [{**table, "accounts": []} for table in demo_tables()]
    return assemble_mock(tables, seconds_per_account=0, journal_exchanges=100_000)


def count(exploration: Exploration, **fields: object) -> int:
    """Return how many requests had the method, media type or status in *fields*."""
    kinds = exploration.counts.items()
    return sum(number for kind, number in kinds if fields.items() <= kind._asdict().items())


def check_counts(exploration: Exploration, accepted: int, accepted_of_each: int) -> None:
    """Assert that enough was accepted: a server that rejects everything breaks no check."""
    assert count(exploration, method="POST", status=204) >= accepted
    for media_type in OPERATION.bodies:
        assert count(exploration, media_type=media_type, status=204) >= accepted_of_each, media_type
        assert count(exploration, media_type=media_type, status=400) > 0, media_type
    assert count(exploration, status=401) > 0
    assert count(exploration, status=405) > 0
    assert count(exploration, status=415) > 0


def check_journal(mock: Mock, sign_in: SignIn, exploration: Exploration) -> None:
    """Assert that the journal agrees: every 204 started a run, or had no account."""
    exchanges = list(mock.journal.exchanges(TenantId(sign_in.segment or "onsite")))
    outcomes = Counter(exchange.outcome for exchange in exchanges if exchange.method == "POST")
    assert set(outcomes) == {"started", "served", "rejected"}
    accepted = count(exploration, method="POST", status=204)
    assert outcomes["started"] + outcomes["served"] == accepted
    assert outcomes["started"] > accepted // 2


def explore_mock(sign_in: SignIn, seed: int, max_examples: int) -> Exploration:
    server = make_mock()
    exploration = explore(server.app, OPERATION, sign_in, seed=seed, max_examples=max_examples)
    assert (exploration.errors, exploration.findings[:3]) == ([], [])
    phases = {name: exploration.phases[name] for name in ("examples", "coverage", "fuzzing")}
    assert set(phases.values()) == {"success"}, phases
    check_journal(server, sign_in, exploration)
    return exploration


@pytest.mark.parametrize(
    "sign_in",
    [
        pytest.param(
            sign_in, id=sign_in.name, marks=[] if sign_in in (BASIC, TOKEN) else pytest.mark.nightly
        )
        for sign_in in SIGN_INS
    ],
)
@pytest.mark.claim("credentials-alternatives", "body-shape", "www-authenticate", "cache-headers")
def test_every_generated_request_is_answered_as_described(sign_in: SignIn) -> None:
    exploration = explore_mock(sign_in, seed=SIGN_INS.index(sign_in) + 1, max_examples=30)
    check_counts(exploration, accepted=170, accepted_of_each=15)


@pytest.mark.nightly
@pytest.mark.parametrize("sign_in", SIGN_INS, ids=lambda sign_in: sign_in.name)
def test_many_more_generated_requests_are_answered_as_described(sign_in: SignIn) -> None:
    exploration = explore_mock(sign_in, seed=SIGN_INS.index(sign_in) + 301, max_examples=300)
    check_counts(exploration, accepted=350, accepted_of_each=20)


@pytest.mark.slow
def test_the_same_seed_sends_the_same_requests_and_stores_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[list[tuple[str, str, bytes]]] = [[], []]
    monkeypatch.chdir(tmp_path)
    home = configuration.storage_directory(intent_to_write=False).path
    configuration.set_hypothesis_home_dir(tmp_path / "hypothesis")
    try:
        for recorded in requests:
            explore(record_requests(recorded), OPERATION, BASIC, seed=7, max_examples=5)
    finally:
        configuration.set_hypothesis_home_dir(home)
    assert requests[0] == requests[1]
    assert len(requests[0]) > 400
    assert list(tmp_path.iterdir()) == []


def record_requests(requests: list[tuple[str, str, bytes]]) -> ASGIApp:
    """Return a mock that records the method, the path with its query, and the body of requests."""
    app = make_mock().app

    async def recording_app(scope: Scope, receive: Receive, send: Send) -> None:
        body = b""

        async def receive_body() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        await app(scope, receive_body, send)
        if scope["type"] == "http":
            path = f"{scope['path']}?{scope['query_string']}"
            requests.append((scope["method"], path, body))

    return recording_app


# ---- failures --------------------------------------------------------------------------------


def replace_success(status: int, body: bytes = b"") -> ASGIApp:
    """Return the mock, with another status for 200 and 204, and *body* where there is none."""
    app = make_mock().app

    async def changed_app(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_changed(message: Message) -> None:
            if message.get("status") in {200, 204}:
                message = {**message, "status": status}
            elif message["type"] == "http.response.body" and not message["body"] and body:
                message = {**message, "body": body}
            await send(message)

        await app(scope, receive, send_changed)

    return changed_app


@pytest.mark.slow
def test_another_status_than_204_is_a_finding_with_its_check_and_request() -> None:
    exploration = explore(replace_success(202), OPERATION, BASIC, seed=1, max_examples=1)
    findings = {finding.where: finding for finding in exploration.findings}
    assert set(findings) == {"status_code_conformance", "positive_data_acceptance"}
    assert findings["positive_data_acceptance"].claims == ("request-body", "starts-sync")
    assert count(exploration, method="POST", status=202) >= 170
    assert count(exploration, method="GET", status=202) > 0
    commands = [finding.reproduce or "" for finding in exploration.findings]
    assert any(command.startswith("curl -X POST") for command in commands)
    assert all("/api/v1/Agents/EMail/SyncEmailAccounts" in command for command in commands)
    assert "dGplMDpUamUw" not in str(exploration.findings)


@pytest.mark.slow
def test_a_server_that_refuses_every_credential_is_a_finding() -> None:
    unknown_user = SignIn("an unknown user", {"basic": {"username": "tje0", "password": "wrong"}})
    exploration = explore(make_mock().app, OPERATION, unknown_user, seed=1, max_examples=1)
    assert count(exploration, method="POST", status=204) == 0
    assert {finding.where for finding in exploration.findings} == {"positive_data_acceptance"}


@pytest.mark.slow
def test_a_server_that_accepts_calls_without_credentials_is_a_finding() -> None:
    app = make_mock().app

    async def accept_all(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [header for header in scope["headers"] if header[0] != b"authorization"]
            authorization = (b"authorization", b"Basic dGplMDpUamUw")
            scope = {**scope, "headers": [*headers, authorization]}
        await app(scope, receive, send)

    exploration = explore(accept_all, OPERATION, BASIC, seed=1, max_examples=1)
    assert {finding.where for finding in exploration.findings} == {"ignored_auth"}


@pytest.mark.slow
def test_a_server_that_raises_is_an_error_and_not_a_finding() -> None:
    async def failing_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            message = "a bug of the server"
            raise RuntimeError(message)
        await make_mock().app(scope, receive, send)

    exploration = explore(failing_app, OPERATION, BASIC, seed=1, max_examples=1)
    assert any("a bug of the server" in error for error in exploration.errors)


def test_an_answer_that_does_not_end_stops_the_engine() -> None:
    for name in ("a body", "trailers"):
        taken = Taken(*ENDLESS[name])
        with raw_upstream(taken) as upstream, pytest.raises(LongAnswerError, match="to POST /api"):
            explore(upstream.url, OPERATION, BASIC, seed=1, max_examples=1)
        assert (len(upstream.heads), taken.count < 16 * 2**20) == (1, True), name


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    answer = b"HTTP/1.1 302 No\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with raw_upstream(answer) as upstream:
        explore(upstream.url, OPERATION, BASIC, seed=1, max_examples=1, mode="negative")
    assert [head for head in upstream.heads if OPERATION.path.encode() not in head] == []


@pytest.mark.slow
def test_a_body_on_a_204_is_a_finding() -> None:
    exploration = explore(replace_success(204, b"null"), OPERATION, BASIC, seed=1, max_examples=1)
    assert "no_body_on_204" in {finding.where for finding in exploration.findings}


def test_warnings_and_errors_of_the_engine_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    engine_events = [
        events.SchemaAnalysisWarnings(
            phase=Phase(name=PhaseName.SCHEMA_ANALYSIS, is_enabled=True), warnings=[SchemaWarning()]
        ),
        events.EngineFinished(
            running_time=0,
            stop_reason=StopReason.COMPLETED,
            failures=[Failure(operation="POST", title="of the run", message="too few")],
        ),
        events.FatalError(exception=RuntimeError("the engine broke")),
    ]
    monkeypatch.setattr(
        "superoffice_contract.fuzzing.engine.from_schema",
        lambda _: SimpleNamespace(execute=lambda: engine_events),
    )
    warning, failure, error = explore(
        make_mock().app, OPERATION, BASIC, seed=1, max_examples=1
    ).errors
    assert warning == "description: an unclear schema"
    assert failure.startswith("after the run: of the run")
    assert "the engine broke" in error


class SchemaWarning:
    """A warning about the description, as the engine yields it."""

    operation_label: str | None = None
    kind = SchemathesisWarning.UNUSED_OPENAPI_AUTH
    message = "an unclear schema"
    group: str | None = None
