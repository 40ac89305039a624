"""SyncEmailAccounts: starts a run if the lease is free, and always answers the same 204."""

from array import array
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any, Final

from starlette.types import Scope, Send

from superoffice_contract.openapi.operations import Operation
from superoffice_contract.openapi.readings import Readings
from superoffice_contract.operations.sync_email_accounts import NAME as NAME
from superoffice_contract.operations.sync_email_accounts import named_accounts
from superoffice_mock.core import lease
from superoffice_mock.core.sync_run import AccountId
from superoffice_mock.core.verdicts import Handler
from superoffice_mock.server import asgi_extensions
from superoffice_mock.webapi.entry import Entry
from superoffice_mock.webapi.response import NO_CACHE_HEADERS, Response
from superoffice_mock.wire.headers import Headers, RawHeader


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


def account_ids(body: Any, *_: object) -> Sequence[AccountId]:  # noqa: ANN401 - a decoded body
    """Return the ids of the accounts in *body* (int32, claim account-id-int32).

    They are packed, so that they take little memory in the journal.
    """
    accounts = body.sync_user_accounts or ()
    return array("i", [account.account_id for account in accounts])  # type: ignore[return-value]


def render_no_content(_: Any, __: Operation, ___: Headers, readings: Readings) -> Response:  # noqa: ANN401
    """Return the 204, which does not depend on the verdict (claim no-content)."""
    return NO_CONTENT[readings.no_content_type]


def make_entry(operation: Operation) -> Entry:
    """Return the entry of *operation*, which is SyncEmailAccounts."""
    return Entry(
        operation,
        Handler(lease.decide, lease.withdraw),
        read_body=account_ids,
        accounts=named_accounts,
        render=render_no_content,
    )
