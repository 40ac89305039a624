"""SyncEmailAccounts: from a decoded body to a call that the throttle admits, and its 204."""

from superoffice_mock.core.journal import MAX_VIOLATIONS, Exchange
from superoffice_mock.core.lease import Call, account_ids
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import NO_CONTENT, Response
from superoffice_mock.wire.decode import Decoded


def no_content(incoming: ApiRequest) -> Response:
    """Return the 204, which is the same whatever became of the call (claim no-content)."""
    return NO_CONTENT[incoming.place.tenant.facts.readings.no_content_type]


def read_call(notes: list[str], decoded: Decoded, exchange: Exchange, now: Instant) -> Call:
    """Return the call that a body makes *now*; what is odd about it goes into *exchange*."""
    if notes or decoded.violations:
        exchange.violations = (*notes, *decoded.violations)[:MAX_VIOLATIONS]
    accounts = decoded.request.sync_user_accounts or ()
    ids = account_ids([account.account_id for account in accounts])
    return Call(exchange.id, ids, now)
