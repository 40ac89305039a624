"""The order in which recorded requests arrived, and which of them overlapped."""

import json

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_mock.recordings.model import Entry, Label
from superoffice_mock.replay.arrival_order import TOLERANCE, ArrivalOrder, Span, spans_of
from superoffice_mock.replay.player import Player, Rules, Script, Timing
from tests.mock.replay.servers import during, exchanges
from tests.support.recordings import entry

TIMES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8)
UNTIMED = replace(entry(), at=None, elapsed=None, service_time=None)


def overlaps(*entries: Entry) -> list[tuple[int, int]]:
    """Return the pairs of *entries*, all of one file, that overlapped."""
    return overlaps_of(spans_of(entries))


def overlaps_of(spans: list[Span]) -> list[tuple[int, int]]:
    order = ArrivalOrder(spans)
    return sorted(
        (order.by_arrival[place], order.by_arrival[other])
        for place in range(len(spans))
        for other in order.overlapping(place)
        if place < other
    )


def with_number(original: Entry, number: int) -> Entry:
    return replace(original, label=Label(arrival=number))


@given(TIMES, st.sampled_from([None, "recorded"]))
def test_an_answer_waits_for_earlier_arrivals_and_never_deadlocks(
    times: list[tuple[int, int]], timing: Timing | None
) -> None:
    """Clients that send each request after the same answers as when recorded all get answers."""
    entries = [
        replace(
            during(entry(), 0.5 + at / 10, took / 10),
            request=entry(
                body=json.dumps({"SyncUserAccounts": [{"AccountId": index}]}).encode()
            ).request,
        )
        for index, (at, took) in enumerate(times)
    ]
    entries.append(during(entry(), 99.25, 0.1))  # not all in whole seconds
    recorded = exchanges(*entries)
    player = Player(Script(recorded, Rules(timing=timing)))
    starts = [exchange.entry.at or 0.0 for exchange in recorded]
    ends = [
        start + (exchange.entry.elapsed or 0)
        for start, exchange in zip(starts, recorded, strict=True)
    ]
    indices = sorted(range(len(entries)), key=lambda index: (starts[index], index))
    answered: set[int] = set()
    arrived: list[int] = []
    while len(answered) < len(entries):
        progress = len(answered) + len(arrived)
        for place, index in enumerate(indices):
            earlier = {other for other in indices[:place] if ends[other] <= starts[index]}
            if index not in arrived and earlier <= answered:
                assert player.take(recorded[index].key) == index
                arrived.append(index)
        for index in arrived:
            if not player.missing(index):
                answered.add(index)
                earlier = {
                    other
                    for other in indices
                    if starts[other] < ends[index] - 0.01
                    and (timing or ends[other] > starts[index] + 0.01)
                }
                assert earlier <= {*arrived}
        assert len(answered) + len(arrived) > progress, "a deadlock"


@given(st.lists(st.none() | st.tuples(st.floats(0, 9), st.floats(0, 9)), max_size=12))
def test_two_requests_overlap_if_the_later_arrived_before_the_earlier_was_answered(
    times: list[tuple[float, float] | None],
) -> None:
    """A request without a time overlaps with none."""
    spans = [Span() if pair is None else Span(pair[0], sum(pair)) for pair in times]
    order = ArrivalOrder(spans)
    expected = [
        (earlier, later)
        for place, earlier in enumerate(order.by_arrival)
        for later in order.by_arrival[place + 1 :]
        if (spans[later].arrived or 0.0) < (spans[earlier].answered or 0.0) - TOLERANCE
        and None not in (spans[later].arrived, spans[earlier].answered)
    ]
    assert overlaps_of(spans) == sorted(expected)
    arrivals = [spans[index].arrived for index in order.by_arrival]
    known = [at for at in arrivals if at is not None]
    assert known == sorted(known)


def test_without_times_the_order_is_that_of_the_labels_or_of_the_file() -> None:
    labelled = [with_number(UNTIMED, number) for number in (3, 1, 2)]
    for entries, order in (([UNTIMED] * 3, [0, 1, 2]), (labelled, [1, 2, 0])):
        assert ArrivalOrder(spans_of(entries)).by_arrival == order
        assert overlaps(*entries) == []


def test_times_that_can_not_be_right_tell_no_order_and_no_overlap() -> None:
    """Whole files are stamped alike, or in whole seconds or minutes; one odd time tells enough."""
    for starts, expected in (
        ((9.5, 9.5, 9.5), []),
        ((3.0, 2.0, 1.0), []),
        ((60.0, 0.0, 60.0), []),
        ((3.25, 2.0, None), []),
        ((3.25, 3.0, 3.125), [(1, 0), (1, 2), (2, 0)]),
    ):
        entries = [replace(during(entry(), 0.0, 2.0), at=at) for at in starts]
        assert overlaps(*entries) == sorted(expected), starts
        if not expected:
            assert ArrivalOrder(spans_of(entries)).by_arrival == [0, 1, 2], starts


def test_a_file_without_exact_times_does_not_change_what_another_tells() -> None:
    exact = spans_of([during(entry(), at, 0.5) for at in (2.25, 2.5, 1.0)])
    for inexact in ([UNTIMED] * 2, [during(entry(), 2.0, 2.0)] * 2):
        spans = [*exact, *spans_of(inexact)]
        assert overlaps_of(spans) == [(0, 1)]
        assert ArrivalOrder(spans).by_arrival == [2, 0, 1, 3, 4]
        assert ArrivalOrder([*reversed(spans)]).by_arrival == [0, 1, 2, 4, 3]


def test_a_request_arrives_when_it_leaves_the_queue_of_the_client() -> None:
    queued = replace(entry(), at=0.5, elapsed=2.0, service_time=0.5)
    entries = [queued, during(entry(), 0.75, 0.5)]
    assert ArrivalOrder(spans_of(entries)).by_arrival == [1, 0]
    assert overlaps(*entries) == []


def test_arrival_numbers_tell_the_order_though_the_clock_was_set_back() -> None:
    back = [with_number(during(entry(), at, 0.1), n) for n, at in ((1, 7.5), (2, 7.75), (3, 1.5))]
    assert ArrivalOrder(spans_of(back)).by_arrival == [0, 1, 2]
    assert ArrivalOrder(spans_of(back[::-1])).by_arrival == [2, 1, 0]
    assert ArrivalOrder([*spans_of(back[:2]), *spans_of(back[2:])]).by_arrival == [2, 0, 1]


def test_what_overlaps_is_told_by_the_head_of_an_answer_and_not_by_rounding() -> None:
    received = replace(during(entry(), 5.5, 0.047), receive_time=0.041)
    for first, second, is_overlap in (
        (received, 5.508, False),
        (received, 5.5001, True),
        (replace(received, receive_time=0.0), 5.508, True),
        (replace(received, elapsed=30.047, service_time=30.047, receive_time=30.041), 9.0, False),
        (during(entry(), 5.5, 0.0104), 5.51, False),
        (during(entry(), 5.5, 0.1), 5.51, True),
    ):
        assert overlaps(first, during(entry(), second, 0.4)) == [(0, 1)] * is_overlap, second
