"""When credentials end, and what using one does to that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.credentials import (
    DENIED,
    AccessToken,
    App,
    BasicPair,
    KnownCredentials,
    Presented,
    Session,
    SessionPair,
    Ticket,
    Unusable,
)
from superoffice_mock.core.expiry import (
    FOREVER,
    Credential,
    Ends,
    Kind,
    Lifetimes,
    credentials,
    expired,
    first_ends,
    presented_as,
    used,
)
from superoffice_mock.core.sync_run import Instant, seconds
from superoffice_mock.errors import Rejected
from tests.mock.core.builders import at

TICKET = Credential(Kind.TICKET, "7T:ticket")
TOKEN = Credential(Kind.TOKEN, "8A:token")
SESSION = Credential(Kind.SESSION, "session-id")
ALL = (TICKET, TOKEN, SESSION)
KNOWN = KnownCredentials(
    users={"tje0": "Tje0"},
    tickets=frozenset({TICKET.value}),
    apps={"app-token": App("app", "app-token")},
    tokens={TOKEN.value: App("app", "app-token")},
)
SESSIONS = {SESSION.value: Session(SESSION.value, "xsrf", "tje0")}
VENDORS = Lifetimes(ticket=seconds(21_600), token=seconds(3_600), session=seconds(1_200))


def ends(lifetimes: Lifetimes = VENDORS) -> Ends:
    return first_ends(lifetimes, KNOWN, SESSIONS, at(0))


def test_what_can_expire_is_every_ticket_token_and_session_but_no_user() -> None:
    assert set(credentials(KNOWN, SESSIONS)) == set(ALL)


@pytest.mark.parametrize(
    ("presented", "one"),
    [
        (Ticket(TICKET.value, "app-token"), TICKET),
        (Ticket(TICKET.value, None), TICKET),
        (AccessToken(TOKEN.value), TOKEN),
        (SessionPair(SESSION.value, "xsrf"), SESSION),
        (BasicPair("tje0", "Tje0"), None),
        (Unusable("Authorization", "missing"), None),
    ],
)
def test_what_was_presented_is_known_by_its_kind_and_value(
    presented: Presented, one: Credential | None
) -> None:
    assert presented_as(presented) == one


def test_nothing_ends_unless_something_was_set() -> None:
    assert ends(FOREVER) == {}
    assert used(FOREVER, {}, TICKET, at(10**9)) == {}


def test_a_kind_without_a_lifetime_never_ends() -> None:
    assert ends(Lifetimes(ticket=seconds(5))) == {TICKET: at(5)}
    assert used(VENDORS, {TICKET: at(5)}, TOKEN, at(10**9)) == {TICKET: at(5)}


@pytest.mark.claim("credentials-expire")
@pytest.mark.parametrize("one", ALL, ids=lambda one: one.kind)
def test_one_is_good_until_its_end_and_not_at_it(one: Credential) -> None:
    end = ends()[one]
    used(VENDORS, ends(), one, Instant(end - 1))
    for late, ago in ((0, "0.0"), (2_500_000_000, "2.5")):
        with pytest.raises(Rejected) as caught:
            used(VENDORS, ends(), one, Instant(end + late))
        assert (caught.value.status, caught.value.told) == (401, DENIED)
        assert f"the {one.kind} expired {ago} s ago" in caught.value.reason
        assert one.value not in caught.value.reason


@pytest.mark.claim("ticket-sliding")
@pytest.mark.parametrize("one", [TICKET, SESSION], ids=lambda one: one.kind)
def test_a_use_gives_a_sliding_one_its_whole_life_again(one: Credential) -> None:
    lasting = VENDORS.of(one.kind)
    assert lasting is not None
    later = used(VENDORS, ends(), one, at(600))
    assert later[one] == at(600) + lasting
    assert {other: later[other] for other in ALL if other != one} == {
        other: ends()[other] for other in ALL if other != one
    }


@pytest.mark.claim("token-fixed")
def test_no_use_prolongs_an_access_token() -> None:
    assert used(VENDORS, ends(), TOKEN, at(3_599)) == ends()


@given(st.lists(st.integers(min_value=0, max_value=4 * 21_600), max_size=20))
def test_a_ticket_lives_while_no_gap_between_uses_is_as_long_as_its_life(gaps: list[int]) -> None:
    state, now, alive = ends(), 0, True
    for gap in gaps:
        now += gap
        alive = alive and gap < 21_600
        try:
            state = used(VENDORS, state, TICKET, at(now))
        except Rejected:
            assert not alive
        else:
            assert alive


def test_what_is_expired_by_hand_has_ended_and_the_rest_goes_on() -> None:
    after = expired(ends(), at(10), TICKET)
    assert after == {**ends(), TICKET: at(10)}
    with pytest.raises(Rejected, match=r"the ticket expired 0\.0 s ago"):
        used(VENDORS, after, TICKET, at(10))


def test_what_has_no_end_can_be_expired_by_hand_too() -> None:
    after = expired({}, at(10), *ALL)
    assert after == dict.fromkeys(ALL, at(10))
    for one in ALL:
        with pytest.raises(Rejected):
            used(FOREVER, after, one, at(10))


def test_what_has_ended_before_ended_then() -> None:
    assert expired({TICKET: at(5)}, at(10), TICKET) == {TICKET: at(5)}


def test_what_has_an_end_by_hand_in_the_future_and_no_lifetime_keeps_it() -> None:
    assert used(FOREVER, {TICKET: at(5)}, TICKET, at(1)) == {TICKET: at(5)}


def test_printing_one_shows_no_secret() -> None:
    assert [one for one in ALL if one.value in f"{one!r} {one} {dict.fromkeys(ALL)}"] == []
