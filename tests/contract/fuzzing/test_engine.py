"""Schemathesis against the mock, in this process, with each credential; and that it can fail."""

import json
import math
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Literal, NamedTuple

import pytest
from hypothesis import configuration
from schemathesis.config import SchemathesisWarning
from schemathesis.core.failures import Failure
from schemathesis.engine import StopReason, events
from schemathesis.engine.run import Phase, PhaseName
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from superoffice_contract.fuzzing.engine import Exploration, SignIn, explore
from superoffice_contract.fuzzing.selection import MAX_VALID, MAX_WRONG
from superoffice_contract.local_server import demo_tables
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.suite.fuzzing import GENERATED
from superoffice_contract.suite.judging import Judge, merge
from superoffice_contract.target.http import LongAnswerError, Request, Response
from superoffice_mock.app import Mock
from superoffice_mock.core.sync_run import TenantId
from tests.contract.suite.targets import (
    assemble_mock,
    begin_with,
    change_bodies,
    read_body,
    respond_with,
)
from tests.e2e.upstreams import RawUpstream, Script, raw_upstream
from tests.support.endless_answers import ENDLESS, Taken

TICKET: Final = ("Authorization", "SOTicket 7T:demo-ticket")
BASIC: Final = SignIn("a password", (("Authorization", "Basic dGplMDpUamUw"),))
TOKEN: Final = SignIn(
    "a token", (("Authorization", "Bearer 8A:Cust12345.demo-token"),), "Cust12345"
)
SESSION: Final = (("X-XSRF-TOKEN", "demo-xsrf"), ("Cookie", "ASP.NET_SessionId=demo-session"))
SIGN_INS: Final = (
    BASIC,
    SignIn("a ticket onsite", (TICKET,)),
    SignIn("a ticket Online", (TICKET, ("SO-AppToken", "demo-app-token")), "Cust12345"),
    TOKEN,
    SignIn("a session onsite", SESSION),
    SignIn("a session Online", SESSION, "Cust12345"),
)
SECRETS: Final = ("dGplMDpUamUw",)
OPERATION: Final = sync_email_accounts.operation()
REFUSED: Final = b"HTTP/1.1 400 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def make_mock() -> Mock:
    """Return a mock whose runs end at once, so that no call is turned away."""
    tables = [{**table, "accounts": []} for table in demo_tables()]
    return assemble_mock(tables, seconds_per_account=0, journal_exchanges=100_000)


class Answered(NamedTuple):
    """The properties that requests are counted by."""

    method: str
    media_type: str | None
    status: int


Counts = Counter[Answered]


def run_engine(
    target: object,
    sign_in: SignIn = BASIC,
    *,
    seed: int = 1,
    max_examples: int = 1,
    mode: Literal["all", "negative"] = "all",
    max_seconds: float = math.inf,
) -> tuple[Exploration, Counts]:
    """Return the exploration of *target*, and what was answered."""
    counts: Counts = Counter()

    def observe(request: Request, response: Response) -> None:
        headers = {name.lower(): value for name, value in request.headers}
        counts[Answered(request.method, headers.get("content-type"), response.status)] += 1

    exploration = explore(
        target,
        OPERATION,
        sign_in,
        seed=seed,
        max_examples=max_examples,
        mode=mode,
        max_seconds=max_seconds,
        secrets=SECRETS,
        on_response=observe,
    )
    return exploration, counts


def count(counts: Counts, **fields: object) -> int:
    """Return how many requests had the method, media type or status in *fields*."""
    return sum(n for answered, n in counts.items() if fields.items() <= answered._asdict().items())


def check_counts(counts: Counts, accepted: int, accepted_of_each: int) -> None:
    """Assert that enough was accepted: a server that rejects everything breaks no check."""
    assert count(counts, method="POST", status=204) >= accepted
    for media_type in OPERATION.bodies:
        assert count(counts, media_type=media_type, status=204) >= accepted_of_each, media_type
        assert count(counts, media_type=media_type, status=400) > 0, media_type
    assert count(counts, status=405) > 0
    assert count(counts, status=415) > 0


def check_journal(mock: Mock, sign_in: SignIn, counts: Counts) -> None:
    """Assert that the journal agrees: every 204 started a run, or had no account."""
    exchanges = list(mock.journal.exchanges(TenantId(sign_in.segment or "onsite")))
    outcomes = Counter(exchange.outcome for exchange in exchanges if exchange.method == "POST")
    assert set(outcomes) == {"started", "served", "rejected"}
    accepted = count(counts, method="POST", status=204)
    assert outcomes["started"] + outcomes["served"] == accepted
    assert outcomes["started"] > accepted // 2


def explore_mock(sign_in: SignIn, seed: int, max_examples: int) -> Counts:
    server = make_mock()
    exploration, counts = run_engine(server.app, sign_in, seed=seed, max_examples=max_examples)
    assert (exploration.errors, exploration.findings[:3]) == ([], [])
    check_journal(server, sign_in, counts)
    return counts


@pytest.mark.parametrize("sign_in", [BASIC, TOKEN], ids=lambda sign_in: sign_in.name)
@pytest.mark.claim("credentials-alternatives", "body-shape")
def test_every_generated_request_is_answered_as_described(sign_in: SignIn) -> None:
    counts = explore_mock(sign_in, seed=SIGN_INS.index(sign_in) + 1, max_examples=30)
    check_counts(counts, accepted=170, accepted_of_each=15)


@pytest.mark.nightly
@pytest.mark.parametrize("sign_in", SIGN_INS, ids=lambda sign_in: sign_in.name)
def test_many_more_generated_requests_are_answered_as_described(sign_in: SignIn) -> None:
    counts = explore_mock(sign_in, seed=SIGN_INS.index(sign_in) + 301, max_examples=300)
    check_counts(counts, accepted=350, accepted_of_each=20)


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
            run_engine(record_requests(recorded), seed=7, max_examples=5)
    finally:
        configuration.set_hypothesis_home_dir(home)
    assert requests[0] == requests[1]
    assert len(requests[0]) > 400
    assert list(tmp_path.iterdir()) == []


def record_requests(requests: list[tuple[str, str, bytes]]) -> ASGIApp:
    """Return a mock that records the method, the path with its query, and the body of requests."""

    def record(scope: Scope, body: bytes) -> bytes:
        requests.append((scope["method"], f"{scope['path']}?{scope['query_string']}", body))
        return body

    return change_bodies(make_mock().app, record)


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


def causes(exploration: Exploration) -> set[tuple[str, tuple[str, ...]]]:
    """Return what was found, and the claims."""
    return {(finding.what, finding.claims) for finding in exploration.findings}


@pytest.mark.slow
def test_another_status_than_204_is_one_finding_with_its_request() -> None:
    exploration, counts = run_engine(replace_success(202))
    assert causes(exploration) == {("a valid call is answered 202, expected 204", ("no-content",))}
    assert len(exploration.findings) == count(counts, method="POST", status=202) >= 170
    for finding in exploration.findings:
        assert finding.where.startswith("a password, ")
        command = finding.reproduce or ""
        assert "-H 'Authorization: Basic [redacted]'" in command
        assert "/api/v1/Agents/EMail/SyncEmailAccounts" in command


@pytest.mark.slow
def test_a_server_that_refuses_every_credential_is_a_finding() -> None:
    unknown_user = SignIn("an unknown user", (("Authorization", "Basic dGplMDp3cm9uZw=="),))
    exploration, counts = run_engine(make_mock().app, unknown_user)
    assert count(counts, method="POST", status=204) == 0
    what = "a valid call is answered 401, expected 204"
    assert causes(exploration) == {(what, ("credentials-alternatives",))}
    assert not any("SO-AppToken" in (finding.reproduce or "") for finding in exploration.findings)


@pytest.mark.slow
def test_a_server_that_raises_is_an_error_and_not_a_finding() -> None:
    async def failing_app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method") == "POST":
            message = "a bug of the server"
            raise RuntimeError(message)
        await make_mock().app(scope, receive, send)

    exploration, _ = run_engine(failing_app)
    assert any("a bug of the server" in error for error in exploration.errors)


def test_a_first_answer_that_does_not_end_is_an_error() -> None:
    for name in ("a body", "trailers"):
        taken = Taken(*ENDLESS[name])
        with raw_upstream(taken) as upstream, pytest.raises(LongAnswerError, match="to POST /api"):
            run_engine(upstream.url)
        assert (len(upstream.heads), taken.count < 16 * 2**20) == (1, True), name


def close_at_once(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def refuse_twice(upstream: Callable[[], RawUpstream], later_answer: Script | bytes) -> Script:
    """Return a script that refuses two calls, and then gives *later_answer*."""

    def answer(connection: socket.socket) -> None:
        upstream().read_body(connection)
        script = REFUSED if len(upstream().heads) <= 2 else later_answer
        if callable(script):
            script(connection)
        else:
            connection.sendall(script)

    return answer


@pytest.mark.claim("http-message")
def test_a_later_answer_that_is_none_ends_the_run_and_is_kept() -> None:
    for later_answer, reason in (
        (close_at_once, "the connection broke before an answer came"),
        (b"HTTP/1.1 204 No Content\r\nContent-Le", "it is cut off"),
        (b"HTTP/1.1 400 No\r\nContent-Length: 9\r\n\r\nshort", "it is cut off"),
        (b"220 mail.example.com ESMTP\r\n", ""),
        (Taken(*ENDLESS["a body"]), "is longer than 1 MiB"),
    ):
        with raw_upstream(refuse_twice(lambda: upstream, later_answer)) as upstream:
            exploration, _ = run_engine(upstream.url)
        assert exploration.failure is not None
        request, error = exploration.failure
        assert (request.method, reason in str(error)) == ("POST", True), error
        assert "is a server running there?" not in str(error)
        assert len(upstream.heads) <= 5, upstream.heads


def test_a_redirect_is_an_answer_and_not_followed() -> None:
    answer = b"HTTP/1.1 302 No\r\nLocation: /\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with raw_upstream(answer) as upstream:
        run_engine(upstream.url, mode="negative")
    assert [head for head in upstream.heads if OPERATION.path.encode() not in head] == []


@pytest.mark.slow
def test_what_holds_of_every_answer_is_judged_elsewhere() -> None:
    for app in (replace_success(204, b"null"), replace_success(500)):
        exploration, _ = run_engine(app)
        assert exploration.findings == []


# ---- lawful servers --------------------------------------------------------------------------


def read_leniently(value: Any) -> Any:
    """Return a request as some readers of JSON take it: they convert what they can."""
    accounts = value.get("SyncUserAccounts") if isinstance(value, dict) else None
    if not isinstance(accounts, list):
        return {"SyncUserAccounts": []} if value is None else value
    return {"SyncUserAccounts": [read_account(item) for item in accounts if item is not None]}


def read_account(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    members = {name: child for name, child in value.items() if child is not None}
    for name, child in members.items():
        if name in ("AccountId", "AssociateId") and isinstance(child, str | bool | float):
            with suppress(ValueError, OverflowError):
                members[name] = int(float(child or 0))
        elif name == "AssociateName" and isinstance(child, bool | int | float):
            members[name] = str(child)
    return {
        name: child
        for name, child in members.items()
        if name not in ("TableRight", "FieldProperties")
    }


def make_lenient(app: ASGIApp) -> ASGIApp:
    """Return *app* with a lenient reader of JSON before it."""

    def convert(_: Scope, body: bytes) -> bytes:
        with suppress(ValueError):
            return json.dumps(read_leniently(json.loads(body))).encode()
        return body

    return change_bodies(app, convert)


def refuse_other_accounts(app: ASGIApp) -> ASGIApp:
    """Return *app*, but accounts that are not those of the sample are not found."""

    async def picky_app(scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(receive)
        is_call = scope["method"] == "POST" and b"507" not in body

        async def send_changed(message: Message) -> None:
            is_accepted = is_call and message.get("status") == 204
            await send({**message, "status": 404} if is_accepted else message)

        await app(scope, begin_with(body, receive), send_changed)

    return picky_app


@pytest.mark.slow
@pytest.mark.claim("integers-strict", "items-all", "carrier-types", "any-id")
def test_a_lawful_server_that_reads_more_or_less_gets_notes_alone() -> None:
    for app, expected in (
        (make_lenient(make_mock().app), {"integers-strict", "items-all", "carrier-types"}),
        (refuse_other_accounts(make_mock().app), {"any-id", "empty-list", "unknown-members"}),
    ):
        exploration, _ = run_engine(app, max_examples=20)
        result = Judge(strict=False).conclude(GENERATED, (), exploration.findings, 0.0)
        assert result.findings == ()
        assert {finding.claims[0] for finding in result.notes} >= expected
        assert len(result.notes) < 10


# ---- a server where an accepted call takes a second ------------------------------------------


def test_few_calls_are_accepted_where_that_takes_a_second() -> None:
    exploration, counts = run_engine(make_mock().app, mode="negative")
    assert exploration.findings == []
    assert count(counts, status=204) == MAX_VALID
    for media_type in OPERATION.bodies:
        assert count(counts, media_type=media_type, status=400) > 0, media_type
    assert count(counts, status=400) > 200
    assert not exploration.is_cut


def test_a_wrong_answer_is_asked_for_only_a_few_times() -> None:
    exploration, counts = run_engine(respond_with(204), mode="negative")
    wrong = merge(finding for finding in exploration.findings if "accepted" not in finding.what)
    claims = {finding.claims[0]: finding.count for finding in wrong}
    assert {"body-shape", "integers-strict", "carrier-types", "method"} <= set(claims)
    assert max(claims.values()) <= MAX_WRONG
    assert counts.total() < 40


def test_a_run_ends_when_its_time_is_over() -> None:
    exploration, counts = run_engine(make_mock().app, mode="negative", max_seconds=0.0)
    assert (exploration.is_cut, counts.total()) == (True, 0)
    assert (exploration.errors, exploration.findings) == ([], [])


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
    exploration, _ = run_engine(make_mock().app)
    warning, failure, error = exploration.errors
    assert warning == "description: an unclear schema"
    assert failure.startswith("after the run: of the run")
    assert "the engine broke" in error


class SchemaWarning:
    """A warning about the description, as the engine yields it."""

    operation_label: str | None = None
    kind = SchemathesisWarning.UNUSED_OPENAPI_AUTH
    message = "an unclear schema"
    group: str | None = None
