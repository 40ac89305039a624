"""When credentials expire, and how a use prolongs them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.credentials import (
    DENIED,
    AccessToken,
    App,
    BasicCredentials,
    KnownCredentials,
    PresentedCredentials,
    Session,
    SessionCredentials,
    Ticket,
    UnusableCredentials,
)
from superoffice_mock.core.expiry import (
    FOREVER,
    CredentialKind,
    ExpiringCredential,
    ExpiryTimes,
    Lifetimes,
    expire,
    expiring_credential,
    initial_expiry_times,
    known_expiring_credentials,
    record_use,
)
from superoffice_mock.core.sync_run import Instant, seconds
from superoffice_mock.errors import Rejected
from tests.mock.core.builders import at

TICKET = ExpiringCredential(CredentialKind.TICKET, "7T:ticket")
TOKEN = ExpiringCredential(CredentialKind.TOKEN, "8A:token")
SESSION = ExpiringCredential(CredentialKind.SESSION, "session-id")
ALL = (TICKET, TOKEN, SESSION)
KNOWN = KnownCredentials(
    users={"tje0": "Tje0"},
    tickets=frozenset({TICKET.value}),
    apps={"app-token": App("app", "app-token")},
    tokens={TOKEN.value: App("app", "app-token")},
)
SESSIONS = {SESSION.value: Session(SESSION.value, "xsrf", "tje0")}
LIFETIMES = Lifetimes(ticket=seconds(21_600), token=seconds(3_600), session=seconds(1_200))
"""Those of the vendor."""


def expiry_times(lifetimes: Lifetimes = LIFETIMES) -> ExpiryTimes:
    return initial_expiry_times(lifetimes, KNOWN, SESSIONS, at(0))


def test_every_ticket_token_and_session_can_expire_but_no_user() -> None:
    assert set(known_expiring_credentials(KNOWN, SESSIONS)) == set(ALL)


def test_the_expiring_credential_of_a_request_has_its_kind_and_value() -> None:
    cases: list[tuple[PresentedCredentials, ExpiringCredential | None]] = [
        (Ticket(TICKET.value, "app-token"), TICKET),
        (Ticket(TICKET.value, None), TICKET),
        (AccessToken(TOKEN.value), TOKEN),
        (SessionCredentials(SESSION.value, "xsrf"), SESSION),
        (BasicCredentials("tje0", "Tje0"), None),
        (UnusableCredentials("Authorization", "missing"), None),
    ]
    for presented, credential in cases:
        assert expiring_credential(presented) == credential


def test_what_has_no_lifetime_expires_by_hand_only_and_no_use_prolongs_it() -> None:
    assert expiry_times(FOREVER) == {}
    assert expiry_times(Lifetimes(ticket=seconds(5))) == {TICKET: at(5)}
    assert record_use(FOREVER, {}, TICKET, at(10**9)) == {}
    assert record_use(LIFETIMES, {TICKET: at(5)}, TOKEN, at(10**9)) == {TICKET: at(5)}
    assert record_use(FOREVER, {TICKET: at(5)}, TICKET, at(1)) == {TICKET: at(5)}


def test_a_credential_expired_by_hand_is_rejected_and_an_earlier_expiry_time_stays() -> None:
    assert expire(expiry_times(), at(10), TICKET) == {**expiry_times(), TICKET: at(10)}
    assert expire({TICKET: at(5)}, at(10), *ALL) == {**dict.fromkeys(ALL, at(10)), TICKET: at(5)}
    for credential in ALL:
        with pytest.raises(Rejected, match=rf"the {credential.kind} expired 0\.0 s ago"):
            record_use(FOREVER, expire({}, at(10), *ALL), credential, at(10))


@pytest.mark.claim("credentials-expire")
@pytest.mark.parametrize("credential", ALL, ids=lambda credential: credential.kind)
def test_a_credential_is_accepted_until_its_expiry_time(credential: ExpiringCredential) -> None:
    expires_at = expiry_times()[credential]
    record_use(LIFETIMES, expiry_times(), credential, Instant(expires_at - 1))
    for late, ago in ((0, "0.0"), (2_500_000_000, "2.5")):
        with pytest.raises(Rejected) as error:
            record_use(LIFETIMES, expiry_times(), credential, Instant(expires_at + late))
        assert (error.value.status, error.value.message) == (401, DENIED)
        assert f"the {credential.kind} expired {ago} s ago" in error.value.reason
        assert credential.value not in error.value.reason


@pytest.mark.claim("ticket-sliding", "session-sliding")
@pytest.mark.parametrize("credential", [TICKET, SESSION], ids=lambda credential: credential.kind)
def test_a_use_of_a_ticket_or_session_renews_it(credential: ExpiringCredential) -> None:
    lifetime = LIFETIMES.of(credential.kind)
    assert lifetime is not None
    after = record_use(LIFETIMES, expiry_times(), credential, at(600))
    assert after == {**expiry_times(), credential: at(600) + lifetime}


@pytest.mark.claim("token-fixed")
def test_a_use_does_not_prolong_an_access_token() -> None:
    assert record_use(LIFETIMES, expiry_times(), TOKEN, at(3_599)) == expiry_times()


@given(st.lists(st.integers(min_value=0, max_value=4 * 21_600), max_size=20))
def test_a_ticket_is_valid_while_all_gaps_between_uses_are_shorter_than_it(gaps: list[int]) -> None:
    times, now, is_valid = expiry_times(), 0, True
    for gap in gaps:
        now += gap
        is_valid = is_valid and gap < 21_600
        try:
            times = record_use(LIFETIMES, times, TICKET, at(now))
        except Rejected:
            assert not is_valid
        else:
            assert is_valid


def test_the_repr_of_a_credential_shows_no_secret() -> None:
    for credential in ALL:
        assert credential.value not in f"{credential!r} {credential} {dict.fromkeys(ALL)}"
