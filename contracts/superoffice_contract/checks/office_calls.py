"""Checks of the answers of the calls about accounts, on any server that has these calls."""

from collections.abc import AsyncIterator, Sequence
from typing import Final

from superoffice_contract.bodies.values import Plain
from superoffice_contract.checks.check import EffectCheck, Observations
from superoffice_contract.checks.email_agent import NULL, EMailAgent, open_agent, read
from superoffice_contract.checks.expectations import media_type
from superoffice_contract.checks.payloads import XML
from superoffice_contract.errors import NotObservableError
from superoffice_contract.operations.sync_state import GET_ACCOUNT, READY, due_accounts
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Response

UNKNOWN_ID: Final = 2_147_483_629
"""An id that no account has, as they are counted from 1."""
ID: Final = "EMailAccountId"
CLAIMS: Final = (
    *("ready-list", "account-read", "agents-null", "select-result", "answer-types", "xml-types"),
    *("null-body", "query-names", "query-types"),
)
Problem = tuple[str, str, str]
"""Which call, what is wrong with its answer, and the claim that it breaks."""


async def check_office_calls(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """Yield a finding for each answer that is not as it is described, at the first tenant."""
    async with open_agent(client, contexts[0]) as agent:
        async for where, what, claim in _find_problems(agent):
            yield Finding(f"{agent.context.tenant.id}, {where}", what, (claim,))


async def _find_problems(agent: EMailAgent) -> AsyncIterator[Problem]:
    value = await agent.ask(READY)
    ids = due_accounts(value)
    if ids is None:
        yield READY, "the answer is no array of accounts with their ids", "ready-list"
        return
    response = await agent.call(READY, None, NULL, ("Accept", XML))
    if claim := _broken_by_xml(response, due_accounts(read(READY, response)) is not None):
        yield f"{READY}, Accept: {XML}", "the answer is not the list in XML", claim
    if not ids:
        raise NotObservableError(f"{READY} lists no account, so there is none to look at")
    query = {"eMailAccountId": ids[0]}
    account = await agent.ask(GET_ACCOUNT, query)
    if not isinstance(account, dict) or account.get(ID) != ids[0]:
        yield GET_ACCOUNT, "the answer is not the account that is asked for", "account-read"
        return
    async for problem in _find_account_problems(agent, account):
        yield problem
    unknown = await agent.call(GET_ACCOUNT, {"eMailAccountId": UNKNOWN_ID})
    if (unknown.status, unknown.body.strip()) != (200, b"null"):
        what = f"expected 200 and null, got {unknown.status}"
        yield f"{GET_ACCOUNT} of an unknown id", what, "agents-null"
    wrong = await agent.call(GET_ACCOUNT, {"eMailAccountId": "x"})
    if wrong.status != 400:
        where = f"{GET_ACCOUNT} of an id that is no number"
        yield where, f"expected 400, got {wrong.status}", "query-types"


async def _find_account_problems(
    agent: EMailAgent, account: dict[str, Plain]
) -> AsyncIterator[Problem]:
    """Yield what is wrong with the answers to other ways to ask for *account*."""
    id_ = account[ID]
    plain = {"eMailAccountId": id_}
    for where, query, body, claim in (
        ("with the body null", plain, NULL, "null-body"),
        ("with an empty body", plain, b"", "null-body"),
        ("with its query name in upper case", {"EMAILACCOUNTID": id_}, NULL, "query-names"),
    ):
        response = await agent.call(GET_ACCOUNT, query, body)
        if not _is_account(response, id_):
            what = f"expected the account, got another answer, {response.status}"
            yield f"{GET_ACCOUNT} {where}", what, claim
    selected = await agent.call(GET_ACCOUNT, plain | {"$select": ID})
    value = read(GET_ACCOUNT, selected)
    members = value if isinstance(value, dict) else {}
    others = [member for name, member in members.items() if name != ID]
    if not _is_account(selected, id_) or any(member is not None for member in others):
        what = "members that $select leaves out are not null"
        yield f"{GET_ACCOUNT} with $select={ID}", what, "select-result"
    in_xml = await agent.call(GET_ACCOUNT, plain, NULL, ("Accept", XML))
    if broken := _broken_by_xml(in_xml, _is_account(in_xml, id_)):
        yield f"{GET_ACCOUNT}, Accept: {XML}", "the answer is not the account in XML", broken


def _broken_by_xml(response: Response, is_read: bool) -> str | None:  # noqa: FBT001
    """Return the claim that an answer breaks for which Accept asks in XML, or None."""
    if media_type(response) != XML:
        return "answer-types"
    return None if is_read else "xml-types"


def _is_account(response: Response, id_: Plain) -> bool:
    value = read(GET_ACCOUNT, response)
    return response.status == 200 and isinstance(value, dict) and value.get(ID) == id_


OFFICE_CALLS: Final = EffectCheck("office-calls", CLAIMS, check_office_calls)
