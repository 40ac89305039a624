"""What became of recorded calls, guessed from the wire: never more than that shows."""

import pytest
from msgspec.structs import replace

from superoffice_mock.recordings import outcome_labels
from superoffice_mock.recordings.model import Entry, Label
from tests.support.recordings import URL, entry, recording

EMPTY = b'{"SyncUserAccounts": []}'


def call(at: float, took: float, arrival: int = 0, made: Entry | None = None) -> Entry:
    """Return a call that came at *at*, in seconds, and was answered after *took*."""
    label = Label(arrival=arrival or round(at * 1000) + 1)
    return replace(made or entry(), at=at, elapsed=took, waited=took, label=label)


def told(*entries: Entry) -> list[tuple[str, str | None]]:
    made = outcome_labels.labelled(recording(*entries)).entries
    return [(one.label.outcome, one.label.confidence) for one in made]


@pytest.mark.claim("busy-second", "silent-drop")
def test_of_eleven_callers_who_overlap_the_quick_one_started() -> None:
    entries = [call(0, 0.004), *(call(0.001 * n, 1.001) for n in range(1, 11))]
    assert told(*entries) == [
        ("started", "high"),
        ("turned_away", "medium"),
        *[("turned_away", "high")] * 9,
    ]


@pytest.mark.parametrize(
    ("took", "outcome"),
    [
        (0.0, ("started", "high")),
        (0.94, ("started", "high")),
        (0.95, ("turned_away", "medium")),
        (1.99, ("turned_away", "medium")),
        (2.0, ("unknown", None)),
        (5.0, ("unknown", None)),
    ],
)
def test_a_call_alone_is_told_by_the_second_that_it_took(
    took: float, outcome: tuple[str, str | None]
) -> None:
    assert told(call(0, took)) == [outcome]


def test_a_quick_answer_during_another_call_is_not_taken_for_a_start() -> None:
    assert told(call(0, 1.5), call(0.2, 0.01))[1] == ("unknown", None)


def test_a_call_that_waited_for_a_run_to_end_is_not_taken_for_turned_away() -> None:
    assert told(call(0, 5.0), call(1, 9.0)) == [("unknown", None)] * 2


@pytest.mark.parametrize(
    ("made", "outcome"),
    [
        (entry(status=401), ("rejected", "certain")),
        (entry(status=503), ("unknown", None)),
        (entry(status=0, failed="reset"), ("unknown", None)),
        (entry(status=200), ("unknown", None)),
        (entry(body=EMPTY), ("unknown", None)),
        (entry(body=b"{"), ("unknown", None)),
        (entry(body=None), ("unknown", None)),
        (entry(method="GET", status=200), ("served", "certain")),
        (entry(method="OPTIONS"), ("served", "certain")),
        (entry("http://a/other"), ("served", "certain")),
        (entry("http://a/other", status=404), ("rejected", "certain")),
        (entry("http://a/other", status=302), ("unknown", None)),
    ],
)
def test_other_answers_are_what_their_status_says(
    made: Entry, outcome: tuple[str, str | None]
) -> None:
    assert told(call(0, 0.01, made=made)) == [outcome]


def test_a_call_without_a_time_is_unknown() -> None:
    assert told(replace(entry(), at=0.0, elapsed=None, waited=None)) == [("unknown", None)]


def test_tenants_turn_nobody_else_away() -> None:
    other = entry(URL.replace("/api", "/Cust12345/api"))
    assert told(call(0, 0.5), call(0.1, 0.01, made=other)) == [("started", "high")] * 2


def test_entries_stand_in_the_order_of_arrival() -> None:
    late, early = call(0.1, 0.01, arrival=2), call(0, 1.0, arrival=1)
    made = outcome_labels.labelled(recording(late, early)).entries
    assert [one.label.arrival for one in made] == [1, 2]


@pytest.mark.parametrize(
    ("url", "tenant"),
    [
        (URL, "onsite"),
        (URL.replace("/api", "/cust12345/api"), "Cust12345"),
        (URL.replace("/Agents", "%2FAgents"), "onsite"),
        ("http://a/other", None),
    ],
)
def test_the_tenant_is_told_by_the_path(url: str, tenant: str | None) -> None:
    assert outcome_labels.tenant(url) == tenant


def test_nothing_but_outcome_and_confidence_is_told_anew() -> None:
    noted = Label(outcome="served", tenant="onsite", arrival=7, notes=("odd",))
    before = replace(call(0, 0.01), label=noted)
    (made,) = outcome_labels.labelled(recording(before)).entries
    assert made == replace(before, label=replace(noted, outcome="started", confidence="high"))
