"""The sign-in of apps: a ticket for a system user, and a new access token for a refresh token.

What is signed is signed where the answer is made, after the change of the state.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus
from zlib import crc32

import msgspec

from superoffice_contract.openapi.operations import Operation
from superoffice_contract.openapi.readings import Readings
from superoffice_mock.core import issued_credentials
from superoffice_mock.core.credentials import App, BasicCredentials, SecretValue
from superoffice_mock.core.expiry import CredentialKind, ExpiringCredential
from superoffice_mock.core.issued_credentials import MAX_ISSUED
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import SECOND, Instant, TenantId
from superoffice_mock.core.verdicts import Call, Decide, Handler, Served
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.operations import signing
from superoffice_mock.webapi.operations.signing import Signer
from superoffice_mock.webapi.response import Response, render_value
from superoffice_mock.wire.headers import Headers

MAX_TOKEN_AGE: Final = timedelta(minutes=10)  # claim signed-token-age
TOKEN_LIFETIME: Final = 3600  # claim token-lifetime
TOKEN_BYTES: Final = 48
IDENTITY: Final = "http://schemes.superoffice.net/identity/"
"""The beginning of the names of SuperOffice's own claims in a JWT."""
SYSTEM_USER_ISSUER: Final = "SuperOffice AS"
DENIED: Final = "Authorization error: Denied (4)"
INVALID_TIMESTAMP: Final = "Authorization error: InvalidTimestamp (6)"
INVALID_SIGNATURE: Final = "Authorization error: InvalidSignature (7)"
_TIME: Final = re.compile(r"[0-9]{12}")
_NO_STORE: Final = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))  # claim token-no-store
_NOT_IN_DESCRIPTIONS: Final = re.compile(r'[^\x20-\x7e]|["\\]')


class Grant(SecretValue, frozen=True):
    """What an app was given: *value* is a ticket or an access token, which lasts *seconds*.

    *issuer* and *api* are the addresses of the sign-in and of the tenant.
    """

    tenant: TenantId
    app: App
    issuer: str
    api: str
    value: str
    seconds: int = 0

    @classmethod
    def of(cls, facts: TenantFacts, call: Call, app: App, value: str, seconds: int = 0) -> "Grant":
        """Return what *call* of *app* is given by the tenant of *facts*."""
        api = f"{call.scheme}://{facts.host or call.host}/{facts.id}"
        return cls(facts.id, app, _root(call), api, value, seconds)


class _RefusedError(Exception):
    """A system user gets no ticket; *message* is for the client, *reason* for the journal."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(reason)
        self.message = message
        self.reason = reason


def make_entries(operations: Mapping[str, Operation]) -> Iterable[Entry]:
    """Return the entries of the sign-in, which sign with one new key.

    They answer always, as the sign-in is at another host than the tenants, and runs without them.
    """
    signer, read_time = Signer(), partial(datetime.now, UTC)
    make_entry = partial(Entry, answers_always=True)

    def render_ticket(
        value: Any,  # noqa: ANN401 - a refusal or a grant
        operation: Operation,
        headers: Headers,
        readings: Readings,
    ) -> Response:
        answer = {"IsSuccessful": False, "Token": None, "ErrorMessage": value}
        if isinstance(value, Grant):
            token = signer.sign(_system_user_claims(value), read_time())
            answer = {"IsSuccessful": True, "Token": token, "ErrorMessage": None}
        return render_value(answer, operation, headers, readings)

    def render_tokens(
        grant: Grant, operation: Operation, headers: Headers, readings: Readings
    ) -> Response:
        answer = {
            "token_type": "Bearer",
            "access_token": grant.value,
            "expires_in": grant.seconds,
            "id_token": signer.sign(_id_token_claims(grant), read_time()),
        }
        return render_value(answer, operation, headers, readings).replace_headers(_NO_STORE)

    def render_keys(
        _: None, operation: Operation, headers: Headers, readings: Readings
    ) -> Response:
        return render_value(signer.key_set, operation, headers, readings)

    yield make_entry(
        operations["AuthenticatePartnerSystemUser"],
        Handler(_authenticate),
        tenant=lambda _, body: body and body.context_identifier,
        read_body=lambda body, *_: (body, read_time()),
        render=render_ticket,
        entropy_bytes=TOKEN_BYTES,
    )
    yield make_entry(
        operations["IssueTokens"],
        Handler(_refresh),
        read_body=_read_form,
        tenant=lambda _, body: body and (body.refresh_token or "").partition(".")[0],
        render=render_tokens,
        render_error=render_token_error,
        entropy_bytes=TOKEN_BYTES,
    )
    configuration = Handler(_answer(lambda call: _configuration(_root(call))))
    yield make_entry(operations["GetOpenIdConfiguration"], configuration, tenant=_any_tenant)
    keys = Handler(_answer(lambda _: None))
    yield make_entry(operations["GetSigningKeys"], keys, tenant=_any_tenant, render=render_keys)


def _any_tenant(_: Headers, __: object) -> None:
    """Name no tenant: these calls are the same for all."""


def _root(call: Call) -> str:
    return f"{call.scheme}://{call.host}"


def _answer(make_value: Callable[[Call], object]) -> Decide:
    """Return what answers with the value that *make_value* makes of a call."""

    def decide(
        _: TenantFacts, state: TenantState, call: Call, now: Instant
    ) -> tuple[TenantState, Served]:
        signing.check_installed()
        return state, Served(now, make_value(call))

    return decide


# ---- a ticket for a system user --------------------------------------------------------------


def _authenticate(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Served]:
    """Give the app in the call a ticket, or tell why it gets none (claim system-user-refusal)."""
    signing.check_installed()
    body, real_time = call.body
    token_type = body.return_token_type or "JWT"
    if token_type.upper() != "JWT":  # claim system-user-token-type
        raise Rejected(501, "/ReturnTokenType", "only JWT is emulated here; send JWT")
    try:
        app = _check_app(facts, body.application_token or "")
        _check_signed_token(app, body.signed_system_token or "", real_time)
    except _RefusedError as error:
        return state, Served(now, error.message, error.reason)
    ticket = issued_credentials.make_ticket(facts.id, call.entropy)
    return _issue(facts, state, CredentialKind.TICKET, Grant.of(facts, call, app, ticket), now)


def _check_app(facts: TenantFacts, app_token: str) -> App:
    """Return the app with *app_token*. Raise _RefusedError if it can't be a system user."""
    apps = facts.known_credentials.apps
    app = apps.get(app_token)
    if app is None:
        known = ", ".join(app.name for app in apps.values()) or "none"
        reason = f"ApplicationToken is that of no app of {facts.id}; its apps: {known}"
        raise _RefusedError(DENIED, reason)
    if app.public_key is None:
        reason = f"app {app.name!r} has no public-key in the configuration of {facts.id}"
        raise _RefusedError(DENIED, reason)
    return app


def _check_signed_token(app: App, signed_token: str, real_time: datetime) -> None:
    """Raise _RefusedError if *app* did not sign its system user token at about *real_time*."""
    token, time, signature = ["", "", *signed_token.rsplit(".", 2)][-3:]
    if token != app.system_user_token:
        reason = f"SignedSystemToken does not begin with the system-user-token of {app.name!r}"
        raise _RefusedError(DENIED, reason)
    age = _age(time, real_time)
    if age is None or abs(age) > MAX_TOKEN_AGE:
        difference = "" if age is None else f"; it is {age.total_seconds() / 60:.0f} minutes old"
        limit = f"{MAX_TOKEN_AGE.total_seconds() / 60:.0f} minutes"
        reason = (
            f"the time in SignedSystemToken must be UTC, as YYYYMMDDhhmm, and within {limit} of "
            f"the real time{difference}"
        )
        raise _RefusedError(INVALID_TIMESTAMP, reason)
    try:
        is_signed = signing.is_signed(app.public_key or "", f"{token}.{time}", signature)
    except ValueError:
        reason = f"the public-key of app {app.name!r} can't be read; write an RSA key as PEM"
        raise _RefusedError(INVALID_SIGNATURE, reason) from None
    if not is_signed:
        reason = f"the signature is not that of the owner of the public-key of {app.name!r}"
        raise _RefusedError(INVALID_SIGNATURE, reason)


def _age(time: str, real_time: datetime) -> timedelta | None:
    """Return how long ago *time*, as YYYYMMDDhhmm, was; None if it is no such time."""
    if _TIME.fullmatch(time) is None:
        return None
    try:
        return real_time - datetime.strptime(time, "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return None


def _issue(
    facts: TenantFacts, state: TenantState, kind: CredentialKind, grant: Grant, now: Instant
) -> tuple[TenantState, Served]:
    """Issue what *grant* holds, and answer with it."""
    credential = ExpiringCredential(kind, grant.value)
    reason = f"app {grant.app.name!r} got a new {kind}"
    if len(state.issued) >= MAX_ISSUED:
        reason += f"; the oldest of the {MAX_ISSUED:,} that the tenant had issued ends"
    state = issued_credentials.issue(state, facts.lifetimes, credential, grant.app, now)
    return state, Served(now, grant, reason)


# ---- a new access token ----------------------------------------------------------------------


def _read_form(body: Any, headers: Headers, raw: bytes) -> tuple[Any, Headers]:  # noqa: ANN401
    """Return *body* and *headers*. Raise Rejected if a parameter is repeated (RFC 6749, 3.2)."""
    fields = parse_qsl(raw.decode("latin-1"), keep_blank_values=True)
    for name, count in Counter(name.lower() for name, _ in fields).items():
        if count > 1:
            shown = name if name in body.__struct_fields__ else "a parameter"
            raise Rejected(400, "invalid_request", f"{shown} occurs {count} times; send it once")
    return body, headers


def _authenticate_client(
    tenant: TenantId,
    apps: Mapping[str, App],
    body: Any,  # noqa: ANN401 - a decoded form
    sent: Headers,
) -> App:
    """Return the app that names itself in an Authorization or in *body* (RFC 6749, 2.3.1).

    Raise Rejected if there is none (claim token-errors).
    """
    client_id, secret = body.client_id, body.client_secret
    if isinstance(sent.credentials, BasicCredentials):
        client_id, secret = map(unquote_plus, (sent.credentials.user, sent.credentials.password))
    app = apps.get(secret or "")
    if app is not None and app.client_id == client_id:
        return app
    reason = f"client_id and client_secret are those of no app of {tenant}"
    given = {"client_id": client_id, "client_secret": secret}
    missing = " and ".join(name for name, value in given.items() if not value)
    if missing:
        reason = f"missing: {missing}; send what the app has in the form in the body"
    if sent.count(b"authorization"):
        challenge = (("WWW-Authenticate", 'Basic realm="SuperOffice"'),)
        raise Rejected(401, "invalid_client", reason, headers=challenge)
    raise Rejected(400, "invalid_client", reason)


def _refresh(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Served]:
    """Give the app in the call a new access token. Raise Rejected (claim token-errors).

    The place of the error is its code in RFC 6749.
    """
    signing.check_installed()
    (body, headers), known = call.body, state.known_credentials
    if not body.grant_type or not body.refresh_token:
        missing = "refresh_token" if body.grant_type else "grant_type"
        raise Rejected(
            400,
            "invalid_request",
            f"{missing} is missing; send a form in the body, and no secret in the URL",
        )
    if body.grant_type != "refresh_token":
        raise Rejected(400, "unsupported_grant_type", "only refresh_token is emulated here")
    app = _authenticate_client(facts.id, known.apps, body, headers)
    if known.refresh_tokens.get(body.refresh_token) is not app:
        reason = f"refresh_token is none of app {app.name!r} in {facts.id}"
        raise Rejected(400, "invalid_grant", reason)
    if body.scope not in (None, "", "openid"):
        raise Rejected(400, "invalid_scope", "send openid, or nothing")
    token = issued_credentials.make_access_token(facts.id, call.entropy)
    lifetime = facts.lifetimes.token
    seconds = TOKEN_LIFETIME if lifetime is None else max(round(lifetime / SECOND), 1)
    grant = Grant.of(facts, call, app, token, seconds)
    return _issue(facts, state, CredentialKind.TOKEN, grant, now)


def render_token_error(error: Rejected, _: Headers, __: Readings) -> Response:
    """Return *error* as RFC 6749 describes it (claims token-errors, token-no-store)."""
    status, code = error.status, error.where
    description = error.message.removeprefix(f"{code}: ")
    if status == 404:  # the refresh token names no tenant, so none has issued it
        status, code, description = 400, "invalid_grant", "refresh_token is that of no tenant here"
    elif status >= 500:
        code = "temporarily_unavailable"
    elif not code.startswith(("invalid_", "unsupported_")):
        code = "invalid_request"
    answer = {"error": code, "error_description": _NOT_IN_DESCRIPTIONS.sub("'", description)}
    body = msgspec.json.encode(answer)
    response = Response(status, body=body).replace_headers(_NO_STORE)
    return response.with_headers(
        (
            (b"content-type", b"application/json; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        )
    )


# ---- the claims in tokens, and the metadata --------------------------------------------------


def _system_user_claims(grant: Grant) -> dict[str, str]:
    """Return what the JWT of a system user says (claim system-user-jwt)."""
    own = {"ticket": grant.value, "identityprovider": SYSTEM_USER_ISSUER}
    names = _identity(grant, own)
    audience = f"spn:{names[f'{IDENTITY}serial']}"
    return {"iss": SYSTEM_USER_ISSUER, "aud": audience, "sub": grant.app.name, **names}


def _id_token_claims(grant: Grant) -> dict[str, str]:
    """Return what the token about the user says (claim id-token)."""
    user = f"mock-user@{grant.tenant.lower()}.example.com"
    own = {"associateid": "1", "email": user, "upn": user, "identityprovider": grant.issuer}
    if grant.app.system_user_token is not None:
        own["system_token"] = grant.app.system_user_token
    names = _identity(grant, own)
    return {"iss": grant.issuer, "aud": grant.app.client_id, "sub": user, **names}


def _identity(grant: Grant, own: Mapping[str, str]) -> dict[str, str]:
    """Return the claims about the tenant of *grant*, and its *own*, by SuperOffice's names."""
    claims = {
        "ctx": grant.tenant,
        "serial": f"{crc32(grant.tenant.encode()):010}",
        "company_name": grant.tenant,
        "is_administrator": "False",
        "netserver_url": f"{grant.api}/Remote/Services88/",
        "webapi_url": f"{grant.api}/api/",
    }
    return {f"{IDENTITY}{name}": value for name, value in {**claims, **own}.items()}


def _configuration(root: str) -> dict[str, object]:
    """Return the metadata of OpenID Connect (claim openid-configuration).

    Of the documented values, those that this mock does not emulate are left out.
    """
    return {
        "issuer": root,
        "authorization_endpoint": f"{root}/login/common/oauth/authorize",
        "token_endpoint": f"{root}/login/common/oauth/tokens",
        "jwks_uri": f"{root}/login/.well-known/jwks",
        "scopes_supported": ["openid"],
        "response_modes_supported": ["form_post", "fragment", "query"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signing.ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
        "grant_types_supported": ["refresh_token"],
    }
