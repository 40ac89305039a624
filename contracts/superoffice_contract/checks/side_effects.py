"""Checks of what calls do, as `/_mock/` reports it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from superoffice_contract.checks.check import (
    EffectCheck,
    Observations,
    WireCheck,
    reset_tenant,
)
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import GOOD, JSON, SEVERAL_ACCOUNTS, variants
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.control.answers import Journal, LeaseState, Runs
from superoffice_contract.control.client import Answer
from superoffice_contract.errors import NotObservableError
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Client, Request

CALL_COUNTS: Final = (2, 10, 50)
"""How many calls are sent at once."""
SELECTED_NAMES: Final = ("name", "department", "category/id")
"""The names that the query of the `$select` check lists."""


async def check_parity(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """The same request syncs the same accounts in all media types and variants."""
    for context in contexts:
        await reset_tenant(client, context)
        all_variants = [
            variant for media_type in context.operation.bodies for variant in variants(media_type)
        ]
        for name, content_type, body, claim in all_variants:
            await client.send(context.post(body, content_type))
            # One at a time, because a journal may be short.
            (exchange,) = (await _read(client, context, "requests", Journal, limit=1)).requests
            accounts = [
                (account.id, account.associate_name, account.associate_id)
                for account in exchange.accounts or ()
            ]
            if accounts != list(SEVERAL_ACCOUNTS):
                what = f"the call gave {accounts}, not {list(SEVERAL_ACCOUNTS)}"
                yield Finding(f"{context.tenant.id}, {name}", what, (claim,))


async def check_get_starts_nothing(
    client: Client, contexts: Sequence[CheckContext]
) -> Observations:
    """GET, HEAD and OPTIONS start no run."""
    for context in contexts:
        await reset_tenant(client, context)
        for method in ("GET", "HEAD", "OPTIONS"):
            await client.send(Request(method, context.url, context.credential_headers))
        if (await _read(client, context, "lease", LeaseState)).held:
            what = "GET, HEAD or OPTIONS took the lease"
            yield Finding(context.tenant.id, what, ("get-describes",))


async def check_rejected_takes_nothing(
    client: Client, contexts: Sequence[CheckContext]
) -> Observations:
    """A rejected call takes no lease.

    The calls of a check are sent together; only if one took the lease, each is sent alone.
    """
    for context in contexts:
        for wire_check in WIRE_CHECKS:
            rejected_cases = _rejected_cases(wire_check, context)
            await reset_tenant(client, context)
            await client.send_together([case.request for case in rejected_cases])
            if not await _has_run(client, context):
                continue
            for case in rejected_cases:
                await reset_tenant(client, context)
                await client.send(case.request)
                if await _has_run(client, context):
                    where = f"{context.tenant.id}, {case.name}"
                    yield Finding(where, "a rejected call took the lease", ("rejected-no-lease",))


def _rejected_cases(wire_check: WireCheck, context: CheckContext) -> list[ExpectedResponse]:
    return [
        case
        for case in wire_check.cases(context)
        if min(case.statuses) >= 400 and context.url in case.request.path
    ]


async def _has_run(client: Client, context: CheckContext) -> bool:
    """Return whether the lease is held or there has been a run."""
    is_held = (await _read(client, context, "lease", LeaseState)).held
    return is_held or bool((await _read(client, context, "runs", Runs)).runs)


async def check_simultaneous(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """Of calls that arrive together exactly one starts a run."""
    for context in contexts:
        for count in CALL_COUNTS:
            await reset_tenant(client, context)
            await client.send_together([context.post(GOOD, JSON)] * count)
            started_count = (await _get_outcomes(client, context)).count("started")
            if started_count != 1:
                what = f"of {count} calls at once {started_count} started"
                yield Finding(context.tenant.id, what, ("simultaneous",))


async def check_tenants_apart(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """A run at one tenant does not turn away calls at another."""
    for context in contexts:
        await reset_tenant(client, context)
    for context in contexts:
        await client.send(context.post(GOOD, JSON))
    for context in contexts:
        if await _get_outcomes(client, context) != ["started"]:
            what = "another tenant's run held its lease"
            yield Finding(context.tenant.id, what, ("lease-tenant",))


async def check_select(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """`$select` is a list of names separated by commas; blanks around them are trimmed."""
    for context in contexts:
        await reset_tenant(client, context)
        query = "$select=name,%20department%20,category/id"
        path = f"{context.url}?{query}"
        await client.send(msgspec.structs.replace(context.post(GOOD, JSON), path=path))
        (exchange,) = (await _read(client, context, "requests", Journal)).requests
        if exchange.select != SELECTED_NAMES:
            selected = exchange.select and list(exchange.select)
            what = f"{query} was read as {selected}, not {list(SELECTED_NAMES)}"
            has_names = tuple(map(str.strip, exchange.select or ())) == SELECTED_NAMES
            claim = "select-blanks" if has_names else "select-list"
            yield Finding(context.tenant.id, what, (claim,))


async def check_same_answer(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """The responses to a started and a turned-away call are the same, except for the Date."""
    for context in contexts:
        await reset_tenant(client, context)
        first, second = [await client.send(context.post(GOOD, JSON)) for _ in range(2)]
        if first.comparable != second.comparable:
            what = f"started {first.comparable}, turned away {second.comparable}"
            is_same_status = first.status == second.status
            claim = "same-answer" if is_same_status else "silent-drop"
            yield Finding(context.tenant.id, what, (claim,))


async def _read(
    client: Client, context: CheckContext, path: str, type_: type[Answer], **query: object
) -> Answer:
    return await client.control("GET", path, type_, tenant=context.tenant.id, **query)


async def _get_outcomes(client: Client, context: CheckContext) -> list[str]:
    journal = await _read(client, context, "requests", Journal)
    if journal.forgotten:
        msg = f"the journal keeps {len(journal.requests)} calls, too few to count the started ones"
        raise NotObservableError(f"{msg}; start the server with --journal-exchanges 1000")
    return [exchange.outcome for exchange in journal.requests]


CONTROL_CHECKS: Final = (
    EffectCheck(
        "parity",
        (
            *("same-effect", "charset", "camel-case", "member-case", "unknown-members"),
            *("xml-names", "form-shape"),
        ),
        check_parity,
    ),
    EffectCheck("get-starts-nothing", ("get-describes",), check_get_starts_nothing),
    EffectCheck("rejected-takes-nothing", ("rejected-no-lease",), check_rejected_takes_nothing),
    EffectCheck("simultaneous", ("simultaneous", "single-run"), check_simultaneous),
    EffectCheck("tenants-apart", ("lease-tenant", "path-tenant"), check_tenants_apart),
    EffectCheck("select-understood", ("select-list", "select-blanks"), check_select),
    EffectCheck("same-answer", ("same-answer", "silent-drop"), check_same_answer),
)
"""Checks that need `/_mock/`."""
