"""Checks of credentials: accepted, refused, checked before the body, expired."""

from collections.abc import AsyncIterator, Iterator, Sequence, Set
from typing import Final

import msgspec

from superoffice_contract.checks.check import EffectCheck, Observations, reset_tenant
from superoffice_contract.checks.expectations import BROKEN_BY_REFUSAL, ExpectedResponse
from superoffice_contract.checks.payloads import EMPTY, GOOD, JSON
from superoffice_contract.control.answers import Nothing
from superoffice_contract.report import Finding
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.credentials import (
    invalid_credentials,
    security_scheme,
    valid_credentials,
)
from superoffice_contract.target.http import Client, Request
from superoffice_contract.target.temporary_tenants import temporary_tenant
from superoffice_contract.target.tenants import Header

LIFETIME_SECONDS: Final = 1_000
"""How long credentials last at the temporary tenants of the lifetime check."""
EXPIRY_CLAIM: Final = "credentials-expire"
_BASIC, _BEARER = "basic", "bearer"


def valid_credential_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Each valid credential gets a 204."""
    for credential in valid_credentials(context.tenant):
        request = _signed_request(context, credential.headers)
        yield ExpectedResponse(
            credential.name,
            request,
            (204,),
            credential.claims,
            by_status=BROKEN_BY_REFUSAL,
            needs=credential.needs,
        )


def invalid_credential_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Each invalid credential is refused."""
    restricted_statuses = tuple(map(int, context.allowed_values("restricted", "401", "403")))
    for credential in invalid_credentials(context.tenant):
        is_restricted = "restricted-status" in credential.claims
        claim = "restricted-status" if is_restricted else "unauthorized-status"
        yield ExpectedResponse(
            credential.name,
            _signed_request(context, credential.headers),
            restricted_statuses if is_restricted else (401,),
            (claim, *credential.claims),
            if_accepted=credential.claims[0],
            needs=credential.needs,
        )


def credentials_before_body_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """An invalid body without credentials gets a 401."""
    request = Request("POST", context.url, (("Content-Type", JSON),), b"{")
    yield ExpectedResponse(
        "a broken body",
        request,
        (401,),
        ("order-credentials",),
        if_accepted="unauthorized",
        by_status={403: "unauthorized-status"},
    )


def _signed_request(context: CheckContext, headers: tuple[Header, ...]) -> Request:
    return Request("POST", context.url, (*headers, ("Content-Type", JSON)), GOOD)


async def check_lifetimes(client: Client, contexts: Sequence[CheckContext]) -> Observations:
    """Expired credentials are refused; use renews a ticket and a session, but no access token."""
    for context in contexts:
        await reset_tenant(client, context)
        id_ = context.tenant.id
        await client.control("POST", "credentials/expire", Nothing, {}, tenant=id_)
        findings = _check_schemes(client, context, {_BASIC}, "once they expired", EXPIRY_CLAIM)
        async for finding in findings:
            yield finding
        await reset_tenant(client, context)
    all_schemes = frozenset(
        security_scheme(credential.headers)
        for context in contexts
        for credential in valid_credentials(context.tenant)
    )
    renewable = all_schemes - {_BEARER}
    lifetimes = dict.fromkeys(("tickets", "tokens", "sessions"), LIFETIME_SECONDS)
    for original in contexts:
        async with temporary_tenant(client, original, {"expires_after": lifetimes}) as context:
            for lifetimes_passed, schemes, when, claim in (
                (0.6, all_schemes, "within their lifetime", EXPIRY_CLAIM),
                (0.6, renewable, "when use should have renewed them", "ticket-sliding"),
                (1.1, {_BASIC}, "after their lifetime", EXPIRY_CLAIM),
            ):
                seconds = {"seconds": LIFETIME_SECONDS * lifetimes_passed}
                id_ = context.tenant.id
                await client.control("POST", "clock/advance", Nothing, seconds, tenant=id_)
                async for finding in _check_schemes(client, context, schemes, when, claim):
                    yield finding


async def _check_schemes(
    client: Client, context: CheckContext, schemes: Set[str], when: str, claim: str
) -> AsyncIterator[Finding]:
    """Yield each scheme of *schemes* that is refused, and each other scheme that is accepted."""
    by_scheme = {
        security_scheme(credential.headers): credential
        for credential in valid_credentials(context.tenant)
    }
    for scheme, credential in by_scheme.items():
        signed_in_context = msgspec.structs.replace(context, credential_headers=credential.headers)
        response = await client.send(signed_in_context.post(EMPTY, JSON))
        expected_status = 204 if scheme in schemes else 401
        if response.status != expected_status:
            is_renewed_token = scheme == _BEARER and expected_status == 401
            where = f"{context.tenant.id}, {credential.name} {when}"
            what = f"expected {expected_status}, got {response.status}"
            broken_claim = "token-fixed" if is_renewed_token else claim
            yield Finding(where, what, (broken_claim,))


LIFETIME_CHECKS: Final = (
    EffectCheck("lifetimes", (EXPIRY_CLAIM, "ticket-sliding", "token-fixed"), check_lifetimes),
)
"""Checks that need `/_mock/`, and create their own tenants there."""
