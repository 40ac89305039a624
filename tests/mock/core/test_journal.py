"""The journal keeps the newest exchanges within its limits, with the outcome of each."""

import sys
from array import array
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from superoffice_mock.core.faults import ErrorAnswer, Fault
from superoffice_mock.core.journal import NO_HEAD, OUTCOMES, OVERHEAD, Exchange, Journal
from superoffice_mock.core.sync_run import ExchangeId, Hold, RunId, SyncRun, TenantId
from superoffice_mock.core.verdicts import Served, Started, TurnedAway, Undecided, Verdict
from tests.mock.core.builders import at, durations, ids

ONSITE, OTHER = TenantId("onsite"), TenantId("Cust12345")
RUN = SyncRun(RunId(7), ExchangeId(1), ids(507), durations(), at(0), at(5))
tenants = st.sampled_from([ONSITE, OTHER])


def arrive(journal: Journal, tenant: TenantId = ONSITE, path: str = "/") -> Exchange:
    return journal.record_arrival(tenant, "POST", path, at(0), 0)


def exchange_ids(journal: Journal, tenant: TenantId = ONSITE) -> list[int]:
    return [exchange.id for exchange in journal.exchanges(tenant)]


def build_exchange(
    status: int | None = 204, verdict: Verdict | None = None, crash: str | None = None
) -> Exchange:
    exchange = Exchange(ExchangeId(1), ONSITE, "POST", "/", at(0), 0)
    exchange.status, exchange.verdict, exchange.crash = status, verdict, crash
    return exchange


def test_the_outcome_depends_on_the_status_the_verdict_and_a_crash() -> None:
    undecided = Undecided(TurnedAway(Hold(at(0)), at(1)), at(1))
    for exchange, outcome in (
        (build_exchange(None), "pending"),
        (build_exchange(None, undecided), "pending"),
        (build_exchange(204, Started(RUN, at(0))), "started"),
        (build_exchange(204, TurnedAway(RUN, at(1))), "turned_away"),
        (build_exchange(204, Served(at(0))), "served"),
        (build_exchange(204, undecided), "pending"),
        (build_exchange(200), "served"),
        (build_exchange(400), "rejected"),
        (build_exchange(503), "rejected"),
        (build_exchange(500, crash="Traceback"), "crashed"),
        (build_exchange(500, Started(RUN, at(0)), crash="Traceback"), "crashed"),
    ):
        assert exchange.outcome == outcome, exchange
        assert outcome in OUTCOMES


def test_only_a_call_that_started_a_run_has_one() -> None:
    assert build_exchange(204, Started(RUN, at(0))).run is RUN
    assert build_exchange(204, TurnedAway(RUN, at(1))).run is None
    assert build_exchange(204).run is None


def test_the_size_counts_everything_that_the_client_sent() -> None:
    exchange = build_exchange(204)
    empty_size = exchange.size
    assert empty_size == OVERHEAD + len(NO_HEAD) + len("/")
    exchange.body, exchange.head, exchange.query = b"x" * 100, NO_HEAD + b"x" * 1_010, b"x" * 21
    exchange.explicit_reason = "x" * 9
    assert exchange.size - empty_size == 100 + 1_010 + 21 + 9
    run = SyncRun(RunId(1), exchange.id, ids(*range(500)), durations(), at(0), at(5))
    exchange.verdict = Started(run, at(0))
    assert exchange.size - empty_size == 1_140 + 500 * array("i").itemsize


def test_texts_are_counted_with_the_bytes_that_they_take() -> None:
    """One wide character makes every character of a text wide."""
    wide = "x" * 1_000 + "\U0001f4e7"
    message = ErrorAnswer(503, wide)
    for change in (
        {"path": wide},
        {"explicit_reason": wide},
        {"violations": (wide,)},
        {"crash": wide},
        {"lapse": wide},
        {"fault": Fault(message)},
        {"verdict": Served(at(0), reason=wide)},
    ):
        exchange = build_exchange(204)
        for name, value in change.items():
            setattr(exchange, name, value)
        assert exchange.size >= OVERHEAD + sys.getsizeof(wide), change


# ---- ids and limits --------------------------------------------------------------------------


def test_each_tenant_counts_its_exchanges_from_one() -> None:
    journal = Journal(10, 10**6)
    assert [arrive(journal).id, arrive(journal, OTHER).id, arrive(journal).id] == [1, 1, 2]
    assert (exchange_ids(journal), exchange_ids(journal, OTHER)) == ([1, 2], [1])


def test_an_exchange_is_found_by_its_id_until_it_is_forgotten() -> None:
    journal = Journal(2, 10**6)
    first, second, third = (arrive(journal) for _ in range(3))
    assert journal.exchange(ONSITE, first.id) is None
    assert journal.exchange(ONSITE, second.id) is second
    assert journal.exchange(OTHER, third.id) is None
    assert (journal.count_forgotten(ONSITE), journal.count_forgotten(OTHER)) == (1, 0)


def test_a_cleared_tenant_has_no_exchanges_and_its_ids_go_on() -> None:
    journal = Journal(1, 10**6)
    old = [arrive(journal), arrive(journal)]
    arrive(journal, OTHER)
    journal.clear(ONSITE)
    assert (exchange_ids(journal), exchange_ids(journal, OTHER)) == ([], [1])
    assert journal.count_forgotten(ONSITE) == 0
    journal.record_end(old[1])
    assert arrive(journal).id == 3
    assert exchange_ids(journal) == [3]


class Arrive(NamedTuple):
    tenant: TenantId
    path_length: int


class Finish(NamedTuple):
    position: int
    body_length: int


class Clear(NamedTuple):
    tenant: TenantId


class Item(NamedTuple):
    tenant: TenantId
    id: int
    size: int


histories = st.lists(
    st.builds(Arrive, tenants, st.integers(1, 2_000))
    | st.builds(Finish, st.integers(0, 9), st.integers(0, 4_000))
    | st.builds(Clear, tenants),
    max_size=60,
)


def trim(model: list[Item], tenant: TenantId, per_tenant: int, max_bytes: int) -> list[Item]:
    """Apply the limits to *model*: remove the oldest of *tenant*, then the oldest of all."""
    own = [item for item in model if item.tenant == tenant]
    model = [item for item in model if item not in own[: max(0, len(own) - per_tenant)]]
    while sum(item.size for item in model) > max_bytes:
        model = model[1:]
    return model


@given(histories, st.integers(1, 6), st.integers(500, 20_000))
def test_any_history_leaves_the_newest_exchanges_within_both_limits(
    history: list[Arrive | Finish | Clear], per_tenant: int, max_bytes: int
) -> None:
    journal = Journal(per_tenant, max_bytes)
    exchanges: list[Exchange] = []
    model: list[Item] = []
    for step in history:
        tenant = ONSITE
        match step:
            case Arrive(tenant, path_length):
                exchanges.append(arrive(journal, tenant, "/" * path_length))
                model.append(Item(tenant, exchanges[-1].id, exchanges[-1].size))
            case Finish(position, body_length) if exchanges:
                exchange = exchanges[-1 - position % len(exchanges)]
                exchange.body = b"x" * body_length
                journal.record_end(exchange)
                key = (exchange.tenant, exchange.id)
                model = [
                    Item(*item[:2], exchange.size) if item[:2] == key else item for item in model
                ]
            case Clear(tenant):
                journal.clear(tenant)
                model = [item for item in model if item.tenant != tenant]
        model = trim(model, tenant, per_tenant, max_bytes)
        for tenant in (ONSITE, OTHER):
            assert exchange_ids(journal, tenant) == [
                item.id for item in model if item.tenant == tenant
            ]
            assert len(exchange_ids(journal, tenant)) <= per_tenant
        everything = [*journal.exchanges(ONSITE), *journal.exchanges(OTHER)]
        assert sum(exchange.size for exchange in everything) <= max_bytes


# ---- removed tenants -------------------------------------------------------------------------


def test_the_last_id_stays_after_exchanges_are_forgotten() -> None:
    journal = Journal(1, 10**6)
    assert journal.last_id(ONSITE) == 0
    arrive(journal)
    arrive(journal)
    journal.clear(ONSITE)
    assert (journal.last_id(ONSITE), journal.last_id(OTHER)) == (2, 0)


def test_removing_a_tenant_removes_its_exchanges_their_sizes_and_its_ids() -> None:
    journal = Journal(10, 3 * OVERHEAD)
    arrive(journal, OTHER)
    arrive(journal)
    journal.remove(OTHER)
    assert (exchange_ids(journal, OTHER), exchange_ids(journal)) == ([], [1])
    assert [arrive(journal).id, exchange_ids(journal)] == [2, [1, 2]]
    assert journal.count_forgotten(ONSITE) == 0
    assert arrive(journal, OTHER).id == 1


def test_an_exchange_that_ends_after_its_tenant_was_removed_is_not_kept() -> None:
    journal = Journal(10, 10**6)
    late = arrive(journal, OTHER)
    journal.remove(OTHER)
    late.body = b"x" * 1_000
    journal.record_end(late)
    assert exchange_ids(journal, OTHER) == []
    assert journal.exchange(OTHER, late.id) is None
    assert journal.count_forgotten(OTHER) == 0


def test_a_tenant_without_exchanges_can_be_looked_up_and_removed() -> None:
    journal = Journal(10, 10**6)
    assert (journal.exchange(OTHER, ExchangeId(1)), journal.count_forgotten(OTHER)) == (None, 0)
    journal.remove(OTHER)
    assert exchange_ids(journal, OTHER) == []


class RecordingWatcher:
    """Records the id and the outcome of each exchange."""

    def __init__(self) -> None:
        self.notifications: list[tuple[int, str]] = []

    def notify(self, exchange: Exchange) -> None:
        self.notifications.append((exchange.id, exchange.outcome))

    def cancel(self, reason: str) -> None:
        raise AssertionError(reason)


def test_a_watcher_is_notified_of_arrivals_and_ends_at_its_tenant() -> None:
    journal, watcher = Journal(10, 10**6), RecordingWatcher()
    before = arrive(journal)
    with journal.watch(ONSITE, watcher):
        during = arrive(journal)
        arrive(journal, OTHER)
        during.status = before.status = 204
        journal.record_end(during)
        journal.record_end(before)
    assert watcher.notifications == [(2, "pending"), (2, "served"), (1, "served")]


def test_a_watcher_is_not_notified_after_its_block() -> None:
    journal, outer, inner = Journal(10, 10**6), RecordingWatcher(), RecordingWatcher()
    with journal.watch(ONSITE, outer):
        with journal.watch(ONSITE, inner):
            arrive(journal)
            assert journal.watchers(ONSITE) == (outer, inner)
        assert journal.watchers(ONSITE) == (outer,)
        arrive(journal)
    arrive(journal)
    assert journal.watchers(ONSITE) == ()
    assert inner.notifications == [(1, "pending")]
    assert outer.notifications == [(1, "pending"), (2, "pending")]


def test_a_watcher_is_not_notified_of_a_forgotten_exchange() -> None:
    journal, watcher = Journal(10, 10**6), RecordingWatcher()
    forgotten = arrive(journal)
    journal.clear(ONSITE)
    with journal.watch(ONSITE, watcher):
        journal.record_end(forgotten)
    assert watcher.notifications == []


class FailingWatcher(RecordingWatcher):
    """Fails whenever it is notified."""

    def notify(self, exchange: Exchange) -> None:
        message = f"watching {exchange.id}"
        raise OSError(message)


def test_what_only_notes_a_call_fails_neither_it_nor_the_other_watchers() -> None:
    journal, watcher = Journal(10, 10**6), RecordingWatcher()
    with journal.watch(ONSITE, FailingWatcher()), journal.watch(ONSITE, watcher):
        exchange = arrive(journal)
        exchange.status = 204
        journal.record_end(exchange)
        journal.record_lapse(exchange, ValueError("log"))
    assert watcher.notifications == [(1, "pending"), (1, "served")]
    assert (exchange.outcome, exchange.crash) == ("served", None)
    assert exchange.failure is not None
    for part in ("OSError: watching 1", "ValueError: log"):
        assert part in exchange.failure


def test_the_failure_to_note_a_call_is_counted_and_a_forgotten_call_stays_forgotten() -> None:
    journal = Journal(10, 2 * OVERHEAD)
    first, second = arrive(journal), arrive(journal)
    for exchange in (second, first):
        journal.record_lapse(exchange, ValueError("x" * 2 * OVERHEAD))
    assert (exchange_ids(journal), journal.count_forgotten(ONSITE)) == ([], 2)
