"""The mail accounts of a tenant: read, saved and deleted."""

from typing import Any, Final

from msgspec.structs import replace

from superoffice_mock.core.accounts import (
    MAX_CREATED_ACCOUNTS,
    MAX_TEXT,
    MailAccount,
    ServiceAuth,
)
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import AccountId, Instant
from superoffice_mock.core.verdicts import Call, Served, Verdict
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.entry import make_factories
from superoffice_mock.webapi.operations.values import account_value

DEFAULT_ACCOUNT: Final = MailAccount(
    AccountId(0), incoming=ServiceAuth(port=993), outgoing=ServiceAuth(port=465)
)


def find_current(facts: TenantFacts, state: TenantState, call: Call) -> MailAccount | None:
    """Return the first account of the client's user (claims current-account, current-account-app).

    Without a user, it is the one that the reading `current-account` says.
    """
    if _user_of(call) is None and facts.readings.current_account == "none":
        return None
    return next(iter(own_accounts(state, call)), None)


def own_accounts(state: TenantState, call: Call) -> list[MailAccount]:
    """Return the accounts of the client (claim own-accounts)."""
    user, accounts = _user_of(call), state.accounts.values()
    if user is None:
        return list(accounts)
    return [account for account in accounts if account.associate.lower() == user.lower()]


def _user_of(call: Call) -> str | None:
    return None if call.principal is None else call.principal.user


def _serve(
    account: MailAccount | None, state: TenantState, now: Instant
) -> tuple[TenantState, Verdict]:
    """Answer with *account*, or null (claim agents-null)."""
    state = state.with_counted_history(now)
    value = None if account is None else account_value(account, state)
    return state, Served(now, value, next_change=state.history.next_end(now))


def _get(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    return _serve(state.accounts.get(call.query["EMailAccountId"]), state, now)


def _get_current(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    return _serve(find_current(facts, state, call), state, now)


def _get_current_id(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    account = find_current(facts, state, call)
    return state, Served(now, 0 if account is None else account.id)


def _get_from_address(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    address = ((call.body and call.body.from_address) or "").lower()
    matches = (each for each in own_accounts(state, call) if each.address.lower() == address)
    return _serve(next(matches, None) if address else None, state, now)


def _create_default(
    _: TenantFacts, state: TenantState, __: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    return state, Served(now, account_value(DEFAULT_ACCOUNT, state))


def _save(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    body = call.body
    state = state.with_counted_history(now)
    before = state.accounts.get(body.email_account_id)
    if before is None:
        before = _create(facts, state, call)
    account = replace(
        before,
        address=_text(body.email_address, "EMailAddress"),
        associate_id=body.associate_id or before.associate_id,
        inbox_folder=_text(body.inbox_folder, "InboxFolder"),
        sent_folder=_text(body.sent_folder, "SentFolder"),
        incoming=_read_credentials(body.incoming_credentials, "IncomingCredentials"),
        outgoing=_read_credentials(body.outgoing_credentials, "OutgoingCredentials"),
        simple_mode=body.simple_mode,
        use_graph_api=body.use_graph_api,
    )
    owners = {other.associate_id: other.associate for other in state.accounts.values()}
    account = replace(account, associate=owners.get(account.associate_id, account.associate))
    state = replace(
        state,
        accounts={**state.accounts, account.id: account},
        next_account=AccountId(max(state.next_account, account.id + 1)),
    )
    return state, Served(now, account_value(account, state))


def _create(facts: TenantFacts, state: TenantState, call: Call) -> MailAccount:
    """Return a new account of the client. Raise Rejected: 400 for an unknown id, and for too many.

    An id is not used again after its account was deleted.
    """
    if call.body.email_account_id != 0:
        reason = "no account has this id; send 0 to create one"
        raise Rejected(400, "/EMailAccountId", reason)
    if len(state.accounts) >= len(facts.accounts) + MAX_CREATED_ACCOUNTS:
        reason = f"{MAX_CREATED_ACCOUNTS} accounts were created already; delete one first"
        raise Rejected(400, "", reason)
    owner = find_current(facts, state, call)
    return MailAccount(
        state.next_account,
        associate=(owner and owner.associate) or _user_of(call) or "",
        associate_id=owner.associate_id if owner else 0,
    )


def _read_credentials(body: Any, where: str) -> ServiceAuth:  # noqa: ANN401 - a decoded body
    if body is None:
        return ServiceAuth()
    return ServiceAuth(
        _text(body.server, f"{where}/Server"),
        body.port,
        _text(body.auth_type, f"{where}/AuthType"),
        _text(body.username, f"{where}/Username"),
        _text(body.password, f"{where}/Password"),
        body.service_auth_id,
    )


def _text(text: str | None, where: str) -> str:
    """Return *text*, empty for null. Raise Rejected (400) if it is too long."""
    if text is not None and len(text) > MAX_TEXT:
        raise Rejected(400, f"/{where}", f"too long; send at most {MAX_TEXT} characters")
    return text or ""


def _delete(
    _: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    state = state.with_counted_history(now)
    id_ = call.query["EMailAccountId"]
    accounts = {key: account for key, account in state.accounts.items() if key != id_}
    return replace(state, accounts=accounts), Served(now)


ENTRIES: Final = make_factories(
    {
        "GetEMailAccount": _get,
        "GetCurrentAccount": _get_current,
        "GetCurrentAccountId": _get_current_id,
        "GetEMailAccountFromEMailAddress": _get_from_address,
        "CreateDefaultEMailAccount": _create_default,
        "SaveEMailAccount": _save,
        "DeleteEMailAccount": _delete,
    }
)
