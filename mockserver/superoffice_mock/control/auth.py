"""Access control of the control surface: host, origin and control token."""

import hmac
from typing import Final
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from superoffice_mock.control.errors import ProblemError, problem
from superoffice_mock.wire.cors import is_loopback

_HEALTH: Final = "/_mock/health"


class Guard(msgspec.Struct, frozen=True):
    """Keeps web pages and other hosts away from the control surface."""

    token: str | None

    def check(self, request: Request) -> None:
        """Raise ProblemError unless *request* may control the mock."""
        self._check_origin(request)
        if self.token is None:
            if not is_loopback(_hostname(request.headers.get("host", ""))):
                raise problem(403, "the Host header does not name this machine; use 127.0.0.1")
        elif request.scope["path"] != _HEALTH:
            self._check_token(request.headers.get("authorization", ""), self.token)

    def _check_origin(self, request: Request) -> None:
        own_origin = f"{request.scope['scheme']}://{request.headers.get('host', '')}"
        origin = request.headers.get("origin")
        is_foreign = origin is not None and origin.lower() != own_origin.lower()
        if is_foreign or request.headers.get("sec-fetch-site") == "cross-site":
            advice = "call it without an Origin header, or from a page of this server"
            raise problem(403, f"pages of other origins may not control the mock; {advice}")

    def _check_token(self, authorization: str, token: str) -> None:
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
