"""SyncEmailAccounts: the call that a decoded body makes, and its 204."""

from collections.abc import Coroutine, Mapping
from typing import Final

from starlette.types import Scope, Send

from superoffice_mock.core.journal import MAX_VIOLATIONS, Exchange
from superoffice_mock.core.lease import Call, pack_account_ids
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.server import asgi_extensions
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import NO_CACHE_HEADERS, Response
from superoffice_mock.wire.decode import DecodedBody
from superoffice_mock.wire.headers import RawHeader


class NoContent(Response, frozen=True):
    """A 204 whose headers are also kept as encoded lines."""

    status: int = 204
    header_lines: bytes = b""

    @classmethod
    def with_lines(cls, headers: tuple[RawHeader, ...]) -> "NoContent":
        """Return a 204 with *headers*."""
        lines = b"".join(b"%s: %s\r\n" % header for header in headers)
        return cls(headers=headers, header_lines=lines)

    def send(self, scope: Scope, send: Send) -> Coroutine[None, None, None]:
        """Send the answer, with a single write if the server offers that."""
        connection = asgi_extensions.connection_of(scope)
        if connection is None or not connection.owns(send):
            return super().send(scope, send)
        return connection.answer(self.status, self.header_lines)


NO_CONTENT: Final[Mapping[str, NoContent]] = {
    "absent": NoContent.with_lines(NO_CACHE_HEADERS),
    "as-sampled": NoContent.with_lines(
        (*NO_CACHE_HEADERS, (b"content-type", b"application/json; charset=utf-8"))
    ),
}
"""The answer to every valid call, by value of the reading `no-content-type`."""


def no_content(request: ApiRequest) -> Response:
    """Return the 204, which does not depend on the verdict (claim no-content)."""
    return NO_CONTENT[request.route.tenant.facts.readings.no_content_type]


def read_call(notes: list[str], body: DecodedBody, exchange: Exchange, now: Instant) -> Call:
    """Return the call that *body* makes *now*; *notes* and violations go into *exchange*."""
    if notes or body.violations:
        exchange.violations = (*notes, *body.violations)[:MAX_VIOLATIONS]
    accounts = body.content.sync_user_accounts or ()
    ids = pack_account_ids([account.account_id for account in accounts])
    return Call(exchange.id, ids, now)
