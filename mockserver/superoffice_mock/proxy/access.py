"""Who may call the recorder: programs, with the token if one is set, and no foreign web page.

A web page in a developer's browser reaches all ports of the machine. It must not reach the
upstream.
"""

import hmac
from collections.abc import MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from superoffice_mock.config.settings import Settings
from superoffice_mock.errors import Rejected
from superoffice_mock.wire import cors
from superoffice_mock.wire.cors import AllowedOrigins
from superoffice_mock.wire.headers import read_headers

Scope = MutableMapping[str, Any]


class AccessRules(msgspec.Struct, frozen=True):
    """The pages that may call, and the token, if any, with which every path has to begin.

    The token is in the path because the base URL is all that every app lets one choose: its
    Authorization is for the upstream, and a page can't add a header to a preflight.
    """

    origins: AllowedOrigins
    token: str | None = None

    @classmethod
    def of_settings(cls, settings: Settings) -> "AccessRules":
        """Return the rules of `cors-origins` and `control-token`."""
        return cls(AllowedOrigins.parse(settings.cors_origins.split()), settings.control_token)

    def admit(self, scope: Scope) -> Scope:
        """Return *scope* for the upstream, without the token. Raise Rejected if it may not call."""
        headers = read_headers(scope["headers"])
        if cors.is_foreign_page(headers, self.origins):
            raise _refusal("pages of other origins may not call the upstream; see --cors-origins")
        if self.token is not None:
            return {**scope, "raw_path": _path_without(self.token, scope["raw_path"])}
        if not cors.names_this_machine(headers.get(b"host") or ""):
            raise _refusal(
                "the Host header does not name this machine; call 127.0.0.1, or set --control-token"
            )
        return scope


def _path_without(token: str, path: bytes) -> bytes:
    first, _, rest = path.removeprefix(b"/").partition(b"/")
    if not hmac.compare_digest(unquote_to_bytes(first), token.encode()):
        raise _refusal("begin the path with the control token: http://HOST:PORT/TOKEN/api/v1/…")
    return b"/" + rest


def _refusal(reason: str) -> Rejected:
    return Rejected(403, "", f"superoffice-mock record: {reason}")
