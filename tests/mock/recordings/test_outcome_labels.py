"""The estimated outcomes of recorded calls: as far as the traffic shows them, and no further."""

import pytest
from msgspec.structs import replace

from superoffice_contract.openapi.operations import Description
from superoffice_contract.operations import registry
from superoffice_contract.operations.accounts import NamedAccount
from superoffice_mock.recordings import outcome_labels
from superoffice_mock.recordings.model import Entry, Label, RecordedRequest
from tests.support.other_operations import CONTACT_PATH, DESCRIPTION, REPORT_PATH
from tests.support.recordings import URL, entry, recording

EMPTY = b'{"SyncUserAccounts": []}'
UNKNOWN = ("unknown", None)
ODD = RecordedRequest("PUT", f"http://a{REPORT_PATH}")


def call(at: float, took: float, arrival: int = 0, base: Entry | None = None) -> Entry:
    """Return a call that arrived *at* a time in seconds and was answered after *took* seconds."""
    label = Label(arrival=arrival or round(at * 1000) + 1)
    return replace(base or entry(), at=at, elapsed=took, service_time=took, label=label)


def labels_of(
    *entries: Entry, description: Description | None = None
) -> list[tuple[str, str | None]]:
    labelled = outcome_labels.add_labels(recording(*entries), description).entries
    return [(entry.label.outcome, entry.label.confidence) for entry in labelled]


@pytest.mark.claim("busy-second", "silent-drop")
def test_of_eleven_overlapping_calls_the_quick_one_started() -> None:
    entries = [call(0, 0.004), *(call(0.001 * n, 1.001) for n in range(1, 11))]
    assert labels_of(*entries) == [
        ("started", "high"),
        ("turned_away", "medium"),
        *[("turned_away", "high")] * 9,
    ]


def test_the_outcome_of_a_single_call_follows_from_its_time() -> None:
    cases = {
        0.0: ("started", "high"),
        0.94: ("started", "high"),
        0.95: ("turned_away", "medium"),
        1.99: ("turned_away", "medium"),
        2.0: UNKNOWN,
        5.0: UNKNOWN,
    }
    assert {took: labels_of(call(0, took))[0] for took in cases} == cases


def test_the_outcome_of_a_call_depends_on_those_that_it_overlapped() -> None:
    received = replace(call(0, 0.047), receive_time=0.041)
    online = entry(URL.replace("/api", "/Cust12345/api"))
    untimed = replace(entry(), at=0.0, elapsed=None, service_time=None)
    turned_away, started = ("turned_away", "medium"), ("started", "high")
    for what, calls, outcomes in (
        ("a quick answer within another", [call(0, 1.5), call(0.2, 0.01)], [turned_away, UNKNOWN]),
        ("each may have waited for a run", [call(0, 5.0), call(1, 9.0)], [UNKNOWN] * 2),
        ("a call ends when its answer begins", [received, call(0.008, 0.004)], [started] * 2),
        ("its transfer does not count", [replace(call(0, 0.97), receive_time=0.04)], [started]),
        ("another tenant", [call(0, 0.5), call(0.1, 0.01, base=online)], [started] * 2),
        ("no time", [untimed], [UNKNOWN]),
    ):
        assert labels_of(*calls) == outcomes, what


def test_overlap_is_unknown_where_times_tell_none_and_the_order_is_that_of_the_file() -> None:
    for starts in ((0.5, 0.5), (2.0, 1.0), (120.0, 60.0), (None, 0.5)):
        entries = [
            replace(call(0, took), at=at, label=Label())
            for at, took in zip(starts, (1.0, 0.1), strict=True)
        ]
        assert labels_of(*entries) == [("turned_away", "medium"), UNKNOWN], starts


def test_other_answers_get_the_outcome_that_their_status_shows() -> None:
    cases = {
        "401": (entry(status=401), ("rejected", "certain")),
        "503": (entry(status=503), UNKNOWN),
        "a reset": (entry(status=0, failure="reset"), UNKNOWN),
        "200": (entry(status=200), UNKNOWN),
        "no accounts": (entry(body=EMPTY), UNKNOWN),
        "a malformed body": (entry(body=b"{"), UNKNOWN),
        "a missing body": (entry(body=None), UNKNOWN),
        "GET": (entry(method="GET", status=200), ("served", "certain")),
        "OPTIONS": (entry(method="OPTIONS"), ("served", "certain")),
        "another path": (entry("http://a/other"), ("served", "certain")),
        "404": (entry("http://a/other", status=404), ("rejected", "certain")),
        "302": (entry("http://a/other", status=302), UNKNOWN),
    }
    outcomes = {name: labels_of(call(0, 0.01, base=base))[0] for name, (base, _) in cases.items()}
    assert outcomes == {name: outcome for name, (_, outcome) in cases.items()}


def test_calls_that_name_no_accounts_are_served_however_long_they_take() -> None:
    report = entry(f"http://a{REPORT_PATH}?saleId=1")
    contact = entry(f"http://a{CONTACT_PATH}", method="GET", status=200)
    entries = [call(0, 1.0, base=base) for base in (report, contact, replace(report, request=ODD))]
    assert labels_of(*entries, description=DESCRIPTION) == [("served", "certain")] * 3
    assert labels_of(call(0, 1.0), description=DESCRIPTION) == [("turned_away", "medium")]


def test_the_query_may_name_the_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    table = {"GetSaleReport": lambda _, query: map(NamedAccount, query.values())}
    monkeypatch.setattr(registry, "ACCOUNTS", table)
    monkeypatch.setattr(registry, "THROTTLED", frozenset(table))
    for query, outcome in (
        ("?SaleId=507", ("started", "high")),
        ("?SaleId=x", UNKNOWN),
        ("", UNKNOWN),
    ):
        bare = entry(f"http://a{REPORT_PATH}{query}", body=b"")
        assert labels_of(call(0, 0.01, base=bare), description=DESCRIPTION) == [outcome], query


def test_entries_are_sorted_by_arrival() -> None:
    late, early = call(0.1, 0.01, arrival=2), call(0, 1.0, arrival=1)
    labelled = outcome_labels.add_labels(recording(late, early)).entries
    assert [entry.label.arrival for entry in labelled] == [1, 2]


def test_the_path_tells_the_tenant() -> None:
    tenants = {
        URL: "onsite",
        URL.replace("/api", "/cust12345/api"): "Cust12345",
        URL.replace("/Agents", "%2FAgents"): "onsite",
        URL.replace("/api", "/superoffice/webapi/api"): "onsite",
        f"http://a/Cust1{REPORT_PATH}": None,
        "http://a/other": None,
        URL.replace("/api", "//Cust12345/api"): None,
        URL.replace("/api", "/Cust12345%2F/api"): None,
        URL.replace("/Agents", "//Agents"): None,
        f"{URL}//": None,
    }
    assert {url: outcome_labels.tenant_of(url) for url in tenants} == tenants
    described = {
        f"http://a/cust1{REPORT_PATH}": "Cust1",
        f"http://a/cust1{CONTACT_PATH}": None,  # a parameter may be the tenant
        URL: "onsite",
    }
    assert {url: outcome_labels.tenant_of(url, DESCRIPTION) for url in described} == described


def test_only_outcome_and_confidence_are_changed() -> None:
    label = Label(outcome="served", tenant="onsite", arrival=7, notes=("odd",))
    before = replace(call(0, 0.01), label=label)
    (after,) = outcome_labels.add_labels(recording(before)).entries
    assert after == replace(before, label=replace(label, outcome="started", confidence="high"))
