"""The tickets and access tokens that sign-in calls issue; they are part of a tenant's state."""

from base64 import b64encode
from typing import Final

from msgspec.structs import replace

from superoffice_mock.core.credentials import App
from superoffice_mock.core.expiry import CredentialKind, ExpiringCredential, Lifetimes
from superoffice_mock.core.state import TenantState
from superoffice_mock.core.sync_run import Instant, TenantId

MAX_ISSUED: Final = 1_000
"""How many a tenant accepts; each further one ends the oldest."""


def issue(
    state: TenantState, lifetimes: Lifetimes, credential: ExpiringCredential, app: App, now: Instant
) -> TenantState:
    """Return the state in which *app* has *credential*, whose lifetime begins *now*."""
    issued = (*state.issued, credential)
    dropped, issued = issued[:-MAX_ISSUED], issued[-MAX_ISSUED:]
    expiry_times = {key: at for key, at in state.expiry_times.items() if key not in dropped}
    lifetime = lifetimes.of(credential.kind)
    if lifetime is not None:
        expiry_times[credential] = Instant(now + lifetime)
    values = {key.value for key in dropped}
    known = state.known_credentials
    tickets = known.tickets - values
    tokens = {value: app for value, app in known.tokens.items() if value not in values}
    if credential.kind is CredentialKind.TICKET:
        tickets |= {credential.value}
    else:
        tokens[credential.value] = app
    known = replace(known, tickets=tickets, tokens=tokens)
    return replace(state, known_credentials=known, issued=issued, expiry_times=expiry_times)


def make_ticket(tenant: TenantId, entropy: bytes) -> str:
    """Return a ticket of *tenant* that looks like the vendor's; *entropy* makes it unique."""
    number = int.from_bytes(entropy[16:20], "big")
    text = f"{entropy[:16].hex()};{number};{tenant}"
    return f"7T:{b64encode(text.encode('utf-16-le')).decode()}"


def make_access_token(tenant: TenantId, entropy: bytes) -> str:
    """Return an access token of *tenant*, which it begins with as the vendor's do."""
    return f"8A:{tenant}.{b64encode(entropy).decode()}"
