"""Issued tickets and access tokens: accepted beside the configured ones, and bounded."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.clock import FrozenClock
from superoffice_mock.core.credentials import App, KnownCredentials
from superoffice_mock.core.expiry import CredentialKind, ExpiringCredential, Lifetimes
from superoffice_mock.core.issued_credentials import MAX_ISSUED, issue
from superoffice_mock.core.state import TenantState
from superoffice_mock.core.sync_run import SECOND, Duration, Instant

APP = App("app", "secret")
CONFIGURED = KnownCredentials(
    tickets=frozenset({"ticket"}), apps={"secret": APP}, tokens={"token": APP}
)
TICKET, TOKEN = CredentialKind.TICKET, CredentialKind.TOKEN
LIFETIMES = Lifetimes(ticket=Duration(6 * SECOND))


def issue_all(kinds: Sequence[CredentialKind], start: int = 0) -> TenantState:
    """Return a state after one credential of each of *kinds*, one a second, from number *start*."""
    state = TenantState(FrozenClock(Instant(0)), {}, known_credentials=CONFIGURED)
    for number, kind in enumerate(kinds, start):
        credential = ExpiringCredential(kind, f"{number}")
        state = issue(state, LIFETIMES, credential, APP, Instant(number * SECOND))
    return state


@given(st.lists(st.sampled_from((TICKET, TOKEN)), max_size=20))
def test_what_was_issued_is_accepted_beside_what_is_configured(kinds: list[CredentialKind]) -> None:
    state = issue_all(kinds)
    tickets = {f"{number}" for number, kind in enumerate(kinds) if kind is TICKET}
    tokens = {f"{number}" for number, kind in enumerate(kinds) if kind is TOKEN}
    known = state.known_credentials
    assert known.tickets == {"ticket"} | tickets
    assert known.tokens == dict.fromkeys({"token"} | tokens, APP)
    assert [credential.value for credential in state.issued] == list(map(str, range(len(kinds))))
    assert state.expiry_times == {
        ExpiringCredential(TICKET, number): (int(number) + 6) * SECOND for number in tickets
    }


def test_each_one_beyond_the_bound_ends_the_oldest_and_no_configured_one() -> None:
    kinds = [TICKET, TOKEN, *[TICKET] * MAX_ISSUED]
    state = issue_all(kinds)
    known = state.known_credentials
    assert (len(known.tickets), set(known.tokens)) == (MAX_ISSUED + 1, {"token"})
    assert "ticket" in known.tickets
    assert len(state.issued) == len(state.expiry_times) == MAX_ISSUED
    assert state.issued[0].value == "2"
