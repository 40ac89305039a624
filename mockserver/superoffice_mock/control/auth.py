"""Access control of the control surface: host, origin and control token."""

import hmac
from typing import Final

from starlette.requests import Request

from superoffice_mock.control.errors import ProblemError
from superoffice_mock.wire import cors
from superoffice_mock.wire.cors import AllowedOrigins
from superoffice_mock.wire.headers import Headers, read_headers

_HEALTH: Final = "/_mock/health"


def check_access(request: Request, token: str | None) -> None:
    """Raise ProblemError unless *request* may control the mock; *token* is the control token."""
    headers = read_headers(request.scope["headers"])
    _check_page(headers, request.scope["scheme"])
    if token is None:
        _check_host(headers)
    elif request.scope["path"] != _HEALTH:
        _check_token(headers, token)


def _check_page(headers: Headers, scheme: str) -> None:
    own_origin = f"{scheme}://{headers.get(b'host') or ''}"
    own_pages = AllowedOrigins.parse([own_origin])
    if cors.is_foreign_page(headers, own_pages) or cors.is_cross_site(headers):
        advice = "call it without an Origin header, or from a page of this server"
        raise ProblemError(403, f"pages of other origins may not control the mock; {advice}")


def _check_host(headers: Headers) -> None:
    if not cors.names_this_machine(headers.get(b"host") or ""):
        raise ProblemError(403, "the Host header does not name this machine; use 127.0.0.1")


def _check_token(headers: Headers, token: str) -> None:
    scheme, _, value = (headers.get(b"authorization") or "").partition(" ")
    is_right = hmac.compare_digest(value.strip().encode("latin-1"), token.encode())
    if scheme.lower() != "bearer" or not is_right:
        detail = "send the control token as Authorization: Bearer <token>"
        raise ProblemError(401, detail, headers={"WWW-Authenticate": "Bearer"})
