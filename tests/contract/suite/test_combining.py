"""Calls that must be accepted are combined, and each part of them arrives as it was."""

from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.suite.combining import combine, find_parts
from superoffice_contract.target.http import Request

PLAIN = Request(
    "POST", "/call", (("Authorization", "Basic x"), ("Content-Type", "application/json")), b"{}"
)
CREDENTIAL, JSON = PLAIN.headers
XML = ("Content-Type", "application/xml")
ACCEPT, LANGUAGE = ("Accept", "image/png"), ("Accept-Language", "*")
TICKET = (("Authorization", "SOTicket y"), ("SO-AppToken", "z"))
COMBINABLE = (
    PLAIN,
    Request("POST", "/CALL/", PLAIN.headers, PLAIN.body),
    Request("POST", "/call?$select=a", PLAIN.headers, PLAIN.body),
    Request("POST", "/call?$select=b", PLAIN.headers, PLAIN.body),
    Request("POST", "/call", (*TICKET, JSON), PLAIN.body),
    Request("POST", "/call", (CREDENTIAL, XML), b"<a/>"),
    Request("POST", "/call", (CREDENTIAL, JSON), b"[]"),
    Request("POST", "/call", (CREDENTIAL, JSON, ACCEPT), PLAIN.body),
    Request("POST", "/call", (CREDENTIAL, JSON, LANGUAGE), PLAIN.body),
    Request("POST", "/call", (CREDENTIAL, XML, ("accept", "text/xml")), b"<b/>"),
)
ODD = (
    Request("GET", "/call", PLAIN.headers),
    Request("POST", "/call", (CREDENTIAL, CREDENTIAL, JSON), b"{}"),
)


def test_calls_that_differ_in_other_parts_are_one() -> None:
    (call,) = combine(PLAIN, [COMBINABLE[index] for index in (1, 2, 4, 5, 7, 8)])
    assert call.indices == (0, 1, 2, 3, 4, 5)
    assert call.request == Request(
        "POST", "/CALL/?$select=a", (*TICKET, XML, ACCEPT, LANGUAGE), b"<a/>"
    )


def test_calls_that_differ_in_the_same_part_stay_apart() -> None:
    for first, second in ((2, 3), (5, 6), (7, 9)):
        calls = combine(PLAIN, [COMBINABLE[first], COMBINABLE[second]])
        assert [call.indices for call in calls] == [(0,), (1,)], (first, second)


def test_a_request_that_can_not_be_told_by_its_parts_is_sent_as_it_is() -> None:
    for request in ODD:
        calls = combine(PLAIN, [PLAIN, request, PLAIN])
        assert [call.indices for call in calls] == [(0, 2), (1,)]
        assert calls[1].request == request


@given(st.lists(st.sampled_from((*COMBINABLE, *ODD)), max_size=12))
def test_each_request_is_sent_once_with_all_its_parts(requests: list[Request]) -> None:
    calls = combine(PLAIN, requests)
    indices = [index for call in calls for index in call.indices]
    assert sorted(indices) == list(range(len(requests)))
    for call in calls:
        together = find_parts(PLAIN, call.request)
        for index in call.indices:
            parts = find_parts(PLAIN, requests[index])
            if parts is None:
                assert call.request == requests[index]
            else:
                assert together is not None
                assert {**together, **parts} == together
