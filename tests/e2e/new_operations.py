"""A mock with four more operations: a copy of the description, and handlers of a few lines each."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import yaml
from msgspec.structs import replace

from superoffice_contract.openapi import operations
from superoffice_mock import access_log
from superoffice_mock.app import assemble
from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.credentials import Session
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.core.verdicts import Call, Handler, Served
from superoffice_mock.errors import Rejected
from superoffice_mock.server.run import serve_in_background
from superoffice_mock.webapi.backend import BackendFactory
from superoffice_mock.webapi.entry import Entry, Registry
from superoffice_mock.webapi.operations import registry
from superoffice_mock.webapi.response import Response
from superoffice_mock.wire.headers import Headers

ACCOUNT: Final = "/api/v1/Agents/EMail/GetEMailAccount"
SESSION: Final = "/api/v1/Agents/Session/OpenSession"
STATE: Final = "/api/state/{tenant}"
TOKEN: Final = "/login/token"

PATHS: Final = yaml.safe_load("""
/api/v1/Agents/EMail/GetEMailAccount:
  post:
    operationId: GetEMailAccount
    security: [{basic: []}, {xsrfToken: [], session: []}]
    parameters:
      - {name: eMailAccountId, in: query, required: true, schema: {type: integer, maximum: 999}}
    responses:
      "200":
        description: The account.
        content: &account
          application/json: {schema: {$ref: "#/components/schemas/MailAccount"}}
          application/xml: {schema: {$ref: "#/components/schemas/MailAccount"}}
/api/v1/Agents/Session/OpenSession:
  post:
    operationId: OpenSession
    security: [{basic: []}]
    requestBody:
      content:
        application/json: {schema: {$ref: "#/components/schemas/NewSession"}}
    responses:
      "200":
        description: The session.
        content:
          application/json: {schema: {$ref: "#/components/schemas/NewSession"}}
/api/state/{tenant}:
  get:
    operationId: GetState
    security: []
    parameters: [{name: tenant, in: path, required: true, schema: {type: string}}]
    responses:
      "200":
        description: The state.
        content:
          application/json: {schema: {$ref: "#/components/schemas/TenantState"}}
/login/token:
  post:
    operationId: IssueToken
    security: []
    requestBody:
      required: true
      content:
        application/x-www-form-urlencoded: {schema: {$ref: "#/components/schemas/TokenRequest"}}
    responses:
      "200":
        description: The token.
        content:
          application/json: {schema: {type: object, properties: {access_token: {type: string}}}}
""")
SCHEMAS: Final = yaml.safe_load("""
MailAccount:
  type: object
  properties:
    EMailAccountId: {type: integer}
    Holder: {type: string}
    Kind: {type: string, enum: [Imap, Exchange]}
    Parent: {$ref: "#/components/schemas/MailAccount", description: "a mail account, too"}
NewSession:
  type: object
  properties: {Id: {type: string}, Xsrf: {type: string}}
TenantState:
  type: object
  properties: {ContextIdentifier: {type: string}, IsRunning: {type: boolean}, Api: {type: string}}
TokenRequest:
  type: object
  required: [refresh_token]
  properties: {refresh_token: {type: string}}
""")


def get_account(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Served]:
    holder = state.holder(now)
    user = call.principal.user if call.principal else None
    parent = {"EMailAccountId": 1, "Holder": user or "", "Kind": "Exchange", "Parent": None}
    account = {"EMailAccountId": call.query["eMailAccountId"], "Kind": "Imap", "Parent": parent}
    return state, Served(now, {**account, "Holder": "nobody" if holder is None else "a run"})


def open_session(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Served]:
    id_ = call.entropy.hex() if call.body is None else call.body.id
    session = Session(id_, f"xsrf-{id_}", "tje0")
    state = replace(state, sessions={**state.sessions, id_: session})
    return state, Served(now, {"Id": session.id, "Xsrf": session.xsrf})


def get_state(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Served]:
    api = f"{call.scheme}://{call.host}/{facts.id}/api"
    return state, Served(now, {"ContextIdentifier": facts.id, "IsRunning": True, "Api": api})


def issue_token(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Served]:
    if not call.body.refresh_token.endswith(".refresh"):
        raise Rejected(400, "refresh_token", "unknown")
    return state, Served(now, {"access_token": f"{facts.id}.{call.entropy.hex()}"})


def tenant_of_token(_: Headers, body: Any) -> str | None:
    return None if body is None else body.refresh_token.partition(".")[0]


def render_token_error(error: Rejected, _: Headers, __: Any) -> Response:
    return Response(error.status, body=b'{"error":"invalid_grant"}')


def build_registry() -> Registry:
    """Return the operations of the product and the four of this module."""
    document = operations.load().document
    components = document["components"]
    description = operations.read_document(
        dict(document)
        | {"paths": document["paths"] | PATHS}
        | {"components": components | {"schemas": components["schemas"] | SCHEMAS}}
    )
    named = description.by_name
    return Registry(
        description,
        (
            *(make_entry(named[name]) for name, make_entry in registry.ENTRIES.items()),
            Entry(named["GetEMailAccount"], Handler(get_account)),
            Entry(named["OpenSession"], Handler(open_session), entropy_bytes=8),
            Entry(named["GetState"], Handler(get_state), tenant="tenant"),
            Entry(
                named["IssueToken"],
                Handler(issue_token),
                tenant=tenant_of_token,
                render_error=render_token_error,
                entropy_bytes=8,
            ),
        ),
    )


@contextmanager
def serve(entries: Registry, backend_factory: BackendFactory | None = None) -> Iterator[str]:
    """Serve the demo tenants with the operations of *entries*; yield the URL."""
    settings = Settings(port=0)
    facts = tenant_file.load_tenants(settings)
    mock = assemble(
        settings, facts, access_log.log_nothing, backend_factory=backend_factory, operations=entries
    )
    with serve_in_background(mock, settings) as url:
        yield url
