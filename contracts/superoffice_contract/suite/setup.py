"""Prepares a server for the check and restores it: its clocks, tenants and readings."""

from collections.abc import Mapping
from typing import Final

import msgspec

from superoffice_contract.control.answers import Health, Limits, StatedReadings
from superoffice_contract.errors import ControlFailed, NotObservableError, TargetError
from superoffice_contract.messages import show_url
from superoffice_contract.openapi.readings import Readings
from superoffice_contract.suite.plan import Plan
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.credentials import valid_credentials
from superoffice_contract.target.http import (
    BrokenAnswerError,
    Client,
    ConnectionBrokenError,
    NoAnswerError,
    Request,
)
from superoffice_contract.target.temporary_tenants import copy_tenant, has_expiring_credentials
from superoffice_contract.target.tenants import TargetTenant

RESET: Final = ("reset", "clock/jump")
"""The control calls that bring a tenant to its configuration, on a clock that jumps."""


class Setup(msgspec.Struct, frozen=True):
    """What is known of the server before the first check.

    *contexts* has one for each tenant. *copies* are the temporary tenants in place of others, by
    id. *strictness* says in words whether inferred claims count, and why not.
    """

    contexts: tuple[CheckContext, ...]
    is_strict: bool
    strictness: str
    copies: Mapping[str, TargetTenant]


async def prepare(plan: Plan) -> Setup:
    """Reset the tenants of *plan*, if the server has `/_mock/`, and find out what it is.

    Raise TargetError if it can't be reached, redirects, has `/_mock/` but not for one of these
    tenants, or if no tenant has a credential; NotObservableError if a setting of a mock leaves no
    credential that lasts.
    """
    if not any(credential for tenant in plan.tenants for credential in valid_credentials(tenant)):
        msg = "no tenant has a credential that is accepted; name one in a [[tenant]]"
        raise TargetError(msg)
    async with plan.connect() as client:
        health, no_answer = await _read_health(client)
        if health is not None:
            await _reset_all(client, plan)
        contexts = _make_contexts(plan, health)
        await _check_redirects(client, contexts, no_answer)
        is_strict, strictness = _find_strictness(plan, health)
        if is_strict:
            contexts = [await _with_readings(client, plan, context) for context in contexts]
        copies = {} if health is None else await _copy_expiring_tenants(client, contexts)
        tenants = [copies.get(context.tenant.id, context.tenant) for context in contexts]
        pairs = zip(contexts, tenants, strict=True)
        copied = (msgspec.structs.replace(context, tenant=tenant) for context, tenant in pairs)
        return Setup(tuple(copied), is_strict, strictness, copies)


async def restore(plan: Plan, setup: Setup) -> None:
    """Reset every tenant to its configuration and remove the copies."""
    async with plan.connect() as client:
        for tenant in plan.tenants:
            await client.try_control("POST", "reset", tenant=tenant.id)
        for copy in setup.copies.values():
            await client.try_control("DELETE", f"tenants/{copy.id}")


async def _read_health(client: Client) -> tuple[Health | None, TargetError | None]:
    """Return the health of a mock, or None; and the error if what came was no valid answer."""
    try:
        return await client.control("GET", "health", Health), None
    except ControlFailed:
        return None, None
    except BrokenAnswerError as error:
        return None, error


async def _reset_all(client: Client, plan: Plan) -> None:
    for tenant in plan.tenants:
        for path in RESET:
            if not await client.try_control("POST", path, tenant=tenant.id):
                msg = f"{client.base}/_mock/ does not let the check drive the clock of tenant"
                hint = "is it a tenant there, or is a control token needed?"
                raise TargetError(f"{msg} {tenant.id}: {hint}")


def _make_contexts(plan: Plan, health: Health | None) -> list[CheckContext]:
    return [
        msgspec.structs.replace(
            make_context(tenant, plan.operation, plan.readings),
            has_control=health is not None,
            run_seconds=plan.run_seconds,
            limits=None if health is None else health.limits or Limits(),
        )
        for tenant in plan.tenants
    ]


async def _check_redirects(
    client: Client, contexts: list[CheckContext], no_answer: TargetError | None
) -> None:
    """Raise TargetError if the server redirects, or if it has never answered in HTTP.

    *no_answer* is the error of an earlier request. Once the server has answered, a request without
    an answer is for the checks to tell.
    """
    for context in contexts:
        try:
            response = await client.send(Request("GET", context.url))
        except (NoAnswerError, ConnectionBrokenError):
            if no_answer is not None:
                raise
            continue
        no_answer = None
        if 300 <= response.status < 400:
            location = show_url(response.header("location"))
            msg = f"{client.base} redirects to {location}; check that URL"
            raise TargetError(msg)


def _find_strictness(plan: Plan, health: Health | None) -> tuple[bool, str]:
    if plan.is_strict:
        return True, "on, as --strict says"
    if not isinstance(plan.server, str):
        return True, "on for the built-in mock"
    if health is None:
        return False, "off: differences from what is only inferred are notes"
    if plan.version in (None, health.version):
        return True, "on for a mock of this version"
    other = health.version or "another version"
    return False, f"off: the mock there is {other}, this is {plan.version}"


async def _with_readings(client: Client, plan: Plan, context: CheckContext) -> CheckContext:
    """Return *context* with a value for each reading: told, stated by a mock, or the default."""
    if plan.any_reading:
        return context
    readings = Readings().as_dict()
    if context.has_control:
        answer = await client.control("GET", "readings", StatedReadings, tenant=context.tenant.id)
        readings |= {reading.name: reading.value for reading in answer.readings}
    return msgspec.structs.replace(context, readings=readings | plan.readings)


async def _copy_expiring_tenants(
    client: Client, contexts: list[CheckContext]
) -> dict[str, TargetTenant]:
    """Copy each tenant whose credentials expire, and return the copies by id of the original."""
    copies = {}
    for context in contexts:
        tenant = context.tenant
        if await has_expiring_credentials(client, tenant):
            try:
                copies[tenant.id] = await copy_tenant(client, tenant)
            except NotObservableError as error:
                msg = (
                    f"credentials of tenant {tenant.id} expire while they are checked, and {error}"
                )
                raise NotObservableError(f"{msg}, or without --expires-after") from None
    return copies
