"""Access control of the control surface: host, origin and control token."""

import hmac
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from superoffice_contract.local_server import is_loopback
from superoffice_mock.control.errors import ProblemError

_HEALTH: Final = "/_mock/health"


def check_access(request: Request, token: str | None) -> None:
    """Raise ProblemError unless *request* may control the mock; *token* is the control token."""
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    own_origin = f"{request.scope['scheme']}://{host}"
    is_foreign = origin is not None and origin.lower() != own_origin.lower()
    if is_foreign or request.headers.get("sec-fetch-site") == "cross-site":
        advice = "call it without an Origin header, or from a page of this server"
        raise ProblemError(403, f"pages of other origins may not control the mock; {advice}")
    if token is None:
        if not is_loopback(_hostname(host)):
            raise ProblemError(403, "the Host header does not name this machine; use 127.0.0.1")
    elif request.scope["path"] != _HEALTH:
        _check_token(request.headers.get("authorization", ""), token)


def _check_token(authorization: str, token: str) -> None:
    scheme, _, value = authorization.partition(" ")
    is_right = hmac.compare_digest(value.strip().encode("latin-1"), token.encode())
    if scheme.lower() != "bearer" or not is_right:
        detail = "send the control token as Authorization: Bearer <token>"
        raise ProblemError(401, detail, headers={"WWW-Authenticate": "Bearer"})


def _hostname(host: str) -> str | None:
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # unbalanced brackets
        return None
