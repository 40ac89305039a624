"""SyncEmailAccounts: the call that a decoded body makes, and its 204."""

from superoffice_mock.core.journal import MAX_VIOLATIONS, Exchange
from superoffice_mock.core.lease import Call, pack_account_ids
from superoffice_mock.core.sync_run import Instant
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import NO_CONTENT, Response
from superoffice_mock.wire.decode import DecodedBody


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
