"""The journal keeps the newest exchanges within its bounds, and says what became of each."""

from array import array
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.journal import (
    MAX_VIOLATIONS,
    OUTCOMES,
    OVERHEAD,
    Exchange,
    Head,
    Journal,
)
from superoffice_mock.core.lease import Ask, Served, Started, TurnedAway, Verdict, account_ids
from superoffice_mock.core.sync_run import ExchangeId, Hold, RunId, SyncRun, TenantId
from tests.mock.core.builders import at, durations, ids

ONSITE, OTHER = TenantId("onsite"), TenantId("Cust12345")
RUN = SyncRun(RunId(7), ExchangeId(1), ids(507), durations(), at(0), at(5))


def arrive(journal: Journal, tenant: TenantId = ONSITE, path: str = "/") -> Exchange:
    return journal.arrived(tenant, "POST", path, at(0), 0)


def kept(journal: Journal, tenant: TenantId = ONSITE) -> list[int]:
    return [exchange.id for exchange in journal.exchanges(tenant)]


def exchange(
    status: int | None = 204, verdict: Verdict | None = None, crash: str | None = None
) -> Exchange:
    made = Exchange(ExchangeId(1), ONSITE, "POST", "/", at(0), 0)
    made.status, made.verdict, made.crash = status, verdict, crash
    return made


# ---- one exchange ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (exchange(None), "pending"),
        (exchange(None, Ask(Hold(at(0)), at(1))), "pending"),
        (exchange(204, Started(RUN, at(0))), "started"),
        (exchange(204, TurnedAway(RUN, at(1))), "turned_away"),
        (exchange(204, Served(at(0))), "served"),
        (exchange(204, Ask(Hold(at(0)), at(1))), "pending"),
        (exchange(200), "served"),
        (exchange(400), "rejected"),
        (exchange(503), "rejected"),
        (exchange(500, crash="Traceback"), "crashed"),
        (exchange(500, Started(RUN, at(0)), crash="Traceback"), "crashed"),
    ],
)
def test_the_outcome_says_what_became_of_a_call(made: Exchange, outcome: str) -> None:
    assert made.outcome == outcome
    assert outcome in OUTCOMES


def test_only_a_call_that_started_one_has_a_run() -> None:
    assert exchange(204, Started(RUN, at(0))).run is RUN
    assert exchange(204, TurnedAway(RUN, at(1))).run is None
    assert exchange(204).run is None


def test_the_weight_counts_all_that_the_caller_sent() -> None:
    made = exchange(204)
    bare = made.weight
    assert bare == OVERHEAD + len("/")
    made.body = b"x" * 100
    made.head = Head(weight=1_010)
    made.select = ("x" * 20, "x")
    assert made.weight - bare == 100 + 1_010 + 21
    run = SyncRun(RunId(1), made.id, account_ids(range(500)), durations(), at(0), at(5))
    made.verdict = Started(run, at(0))
    assert made.weight - bare == 1_131 + 500 * array("i").itemsize


def test_an_exchange_begins_as_pending_and_with_nothing_known() -> None:
    made = exchange(None)
    assert (made.hung_up, made.reason, made.violations, made.body) == (False, None, (), b"")


def test_twenty_violations_are_the_most() -> None:
    assert MAX_VIOLATIONS == 20


# ---- the list --------------------------------------------------------------------------------


def test_ids_count_from_one_and_are_the_tenants_own() -> None:
    journal = Journal(10, 10**6)
    assert [arrive(journal).id, arrive(journal, OTHER).id, arrive(journal).id] == [1, 1, 2]
    assert (kept(journal), kept(journal, OTHER)) == ([1, 2], [1])


def test_an_exchange_is_found_by_its_id_until_it_is_forgotten() -> None:
    journal = Journal(2, 10**6)
    first, second, third = (arrive(journal) for _ in range(3))
    assert journal.exchange(ONSITE, first.id) is None
    assert journal.exchange(ONSITE, second.id) is second
    assert journal.exchange(OTHER, third.id) is None
    assert (journal.forgotten(ONSITE), journal.forgotten(OTHER)) == (1, 0)


def test_a_body_that_came_makes_the_oldest_go() -> None:
    journal = Journal(10, 3 * OVERHEAD + 3)
    for _ in range(2):
        arrive(journal)
    last = arrive(journal)
    assert kept(journal) == [1, 2, 3]
    last.body = b"x" * OVERHEAD
    journal.finished(last)
    assert (kept(journal), journal.forgotten(ONSITE)) == ([2, 3], 1)


def test_the_bound_is_kept_to_the_byte() -> None:
    for spare, left in ((0, [1, 2, 3]), (-1, [2, 3])):
        journal = Journal(10, 3 * (OVERHEAD + 1) + spare)
        for _ in range(3):
            arrive(journal)
        assert kept(journal) == left


def test_the_oldest_goes_whosever_it_is() -> None:
    journal = Journal(10, 2 * OVERHEAD + 2)
    arrive(journal)
    arrive(journal, OTHER)
    arrive(journal, OTHER)
    assert (kept(journal), kept(journal, OTHER)) == ([], [1, 2])


def test_arrivals_alone_never_take_more_than_the_bound() -> None:
    journal = Journal(1_000, 10 * OVERHEAD)
    for _ in range(100):
        arrive(journal, path="/" * 200)
    assert kept(journal) == list(range(93, 101))


def test_an_exchange_that_is_too_heavy_for_the_journal_is_not_kept() -> None:
    journal = Journal(10, 2 * OVERHEAD)
    heavy = arrive(journal)
    heavy.body = b"x" * 10_000
    journal.finished(heavy)
    assert (kept(journal), journal.forgotten(ONSITE)) == ([], 1)


def test_what_was_forgotten_before_it_finished_stays_forgotten() -> None:
    journal = Journal(1, 10**6)
    first, second = arrive(journal), arrive(journal)
    journal.finished(first)
    assert kept(journal) == [second.id]


def test_a_cleared_tenant_starts_empty_and_its_ids_go_on() -> None:
    journal = Journal(1, 10**6)
    old = [arrive(journal), arrive(journal)]
    arrive(journal, OTHER)
    journal.clear(ONSITE)
    assert (kept(journal), kept(journal, OTHER)) == ([], [1])
    assert journal.forgotten(ONSITE) == 0
    journal.finished(old[1])
    assert arrive(journal).id == 3
    assert kept(journal) == [3]


# ---- any history, against a list -------------------------------------------------------------


class Arrive(NamedTuple):
    tenant: TenantId
    path: int


class Finish(NamedTuple):
    which: int
    body: int


class Clear(NamedTuple):
    tenant: TenantId


class Kept(NamedTuple):
    tenant: TenantId
    id: int
    weight: int


tenants = st.sampled_from([ONSITE, OTHER])
steps = st.lists(
    st.builds(Arrive, tenants, st.integers(1, 2_000))
    | st.builds(Finish, st.integers(0, 9), st.integers(0, 4_000))
    | st.builds(Clear, tenants),
    max_size=60,
)


def trimmed(model: list[Kept], tenant: TenantId, per_tenant: int, max_bytes: int) -> list[Kept]:
    """Return *model* without what has to go: the tenant's oldest, then the oldest of all."""
    own = [one for one in model if one.tenant == tenant]
    model = [one for one in model if one not in own[: max(0, len(own) - per_tenant)]]
    while sum(one.weight for one in model) > max_bytes:
        model = model[1:]
    return model


@given(steps, st.integers(1, 6), st.integers(500, 20_000))
def test_the_newest_are_kept_within_both_bounds_whatever_happens(
    history: list[Arrive | Finish | Clear], per_tenant: int, max_bytes: int
) -> None:
    journal = Journal(per_tenant, max_bytes)
    arrived: list[Exchange] = []
    model: list[Kept] = []
    for step in history:
        tenant = ONSITE
        match step:
            case Arrive(tenant, path):
                arrived.append(arrive(journal, tenant, "/" * path))
                model.append(Kept(tenant, arrived[-1].id, arrived[-1].weight))
            case Finish(which, body) if arrived:
                one = arrived[-1 - which % len(arrived)]
                one.body = b"x" * body
                journal.finished(one)
                model = [
                    Kept(
                        k.tenant,
                        k.id,
                        one.weight if (k.tenant, k.id) == (one.tenant, one.id) else k.weight,
                    )
                    for k in model
                ]
            case Clear(tenant):
                journal.clear(tenant)
                model = [k for k in model if k.tenant != tenant]
        model = trimmed(model, tenant, per_tenant, max_bytes)
        for tenant in (ONSITE, OTHER):
            assert kept(journal, tenant) == [k.id for k in model if k.tenant == tenant]
            assert len(kept(journal, tenant)) <= per_tenant
        everything = [*journal.exchanges(ONSITE), *journal.exchanges(OTHER)]
        assert sum(one.weight for one in everything) <= max_bytes


# ---- tenants that go -------------------------------------------------------------------------


def test_the_last_id_stays_whatever_is_forgotten() -> None:
    journal = Journal(1, 10**6)
    assert journal.last_id(ONSITE) == 0
    arrive(journal)
    arrive(journal)
    journal.clear(ONSITE)
    assert (journal.last_id(ONSITE), journal.last_id(OTHER)) == (2, 0)


def test_a_removed_tenant_takes_its_exchanges_their_bytes_and_its_ids_along() -> None:
    journal = Journal(10, 3 * OVERHEAD)
    arrive(journal, OTHER)
    arrive(journal)
    journal.remove(OTHER)
    assert (kept(journal, OTHER), kept(journal)) == ([], [1])
    assert [arrive(journal).id, kept(journal)] == [2, [1, 2]]
    assert journal.forgotten(ONSITE) == 0
    assert arrive(journal, OTHER).id == 1


def test_an_exchange_that_is_finished_after_its_tenant_went_is_not_kept() -> None:
    journal = Journal(10, 10**6)
    late = arrive(journal, OTHER)
    journal.remove(OTHER)
    late.body = b"x" * 1_000
    journal.finished(late)
    assert kept(journal, OTHER) == []
    assert journal.exchange(OTHER, late.id) is None
    assert journal.forgotten(OTHER) == 0


def test_a_tenant_that_was_never_called_can_be_removed_and_looked_up() -> None:
    journal = Journal(10, 10**6)
    assert (journal.exchange(OTHER, ExchangeId(1)), journal.forgotten(OTHER)) == (None, 0)
    journal.remove(OTHER)
    assert kept(journal, OTHER) == []


# ---- who watches -----------------------------------------------------------------------------


class Watching:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []
        self.reasons: list[str] = []

    def told(self, exchange: Exchange) -> None:
        """Note its id and its outcome."""
        self.seen.append((exchange.id, exchange.outcome))

    def dismissed(self, reason: str) -> None:
        """Note the reason."""
        self.reasons.append(reason)


def test_who_watches_a_tenant_is_told_of_its_arrivals_and_ends_until_the_block_ends() -> None:
    journal = Journal(10, 10**6)
    before = arrive(journal)
    one, other = Watching(), Watching()
    with journal.watched(ONSITE, one):
        assert journal.watchers(ONSITE) == (one,)
        with journal.watched(ONSITE, other):
            during = arrive(journal)
            arrive(journal, OTHER)
        during.status = before.status = 204
        journal.finished(during)
        journal.finished(before)
    arrive(journal)
    assert one.seen == [(2, "pending"), (2, "served"), (1, "served")]
    assert other.seen == [(2, "pending")]
    assert journal.watchers(ONSITE) == ()


def test_an_exchange_that_was_forgotten_is_told_of_no_more() -> None:
    journal, watching = Journal(10, 10**6), Watching()
    stale = arrive(journal)
    journal.clear(ONSITE)
    with journal.watched(ONSITE, watching):
        journal.finished(stale)
    assert watching.seen == []
