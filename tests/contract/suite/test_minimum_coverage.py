"""The contract check fails when too few requests were tried or accepted."""

from collections import Counter

from superoffice_contract.suite.minimum_coverage import (
    MIN_ACCEPTED,
    MIN_CALLS,
    check_coverage,
    coverage_facts,
    security_schemes,
    unnamed_schemes,
)
from superoffice_contract.suite.plan import Tally
from superoffice_contract.target.http import Request, Response
from tests.contract.other_server.bodies import FORM, JSON, XML
from tests.contract.suite.targets import OTHER_TENANT, make_plan

MEDIA_TYPES = (*JSON, *XML, FORM)
SCHEMES = ("basic", "soTicket", "bearer", "xsrfToken + session")


def sufficient_tally() -> Tally:
    """Return the smallest tally that passes."""
    return Tally(
        statuses=Counter({204: MIN_ACCEPTED}),
        accepted=Counter(MEDIA_TYPES),
        calls=Counter(list(MEDIA_TYPES) * MIN_CALLS),
        security_schemes=Counter(SCHEMES),
    )


def problems_of(tally: Tally) -> list[str]:
    return [finding.what for finding in check_coverage(make_plan(None), tally).findings]


def test_the_smallest_sufficient_tally_passes() -> None:
    assert check_coverage(make_plan(None), sufficient_tally()).status == "passed"


def test_one_call_too_few_or_an_error_of_the_engine_is_a_failure() -> None:
    tallies = [sufficient_tally() for _ in range(5)]
    tallies[0].statuses[204] -= 1
    tallies[1].calls["text/xml"] -= 1
    del tallies[2].accepted[FORM]
    del tallies[3].security_schemes["bearer"]
    tallies[4].engine_errors += ["POST: it broke", "GET: too"]
    assert [problems_of(tally) for tally in tallies] == [
        ["19 calls were answered 204, expected at least 20"],
        ["2 calls of type text/xml were sent, expected at least 3"],
        [f"no body of type {FORM} was accepted"],
        ["no call was accepted with bearer, which a [[tenant]] names"],
        ["2 errors of the engine, so something was not tested: POST: it broke"],
    ]


def test_the_report_has_the_numbers() -> None:
    tally = sufficient_tally()
    tally.engine_errors.append("POST: it broke")
    facts = dict(coverage_facts(make_plan(None), tally))
    assert facts["calls of text/xml"] == str(MIN_CALLS)
    assert {name: facts[f"accepted with {name}"] for name in SCHEMES} == dict.fromkeys(SCHEMES, "1")
    assert facts["errors of the engine"] == "1"


def test_a_security_scheme_that_no_tenant_has_is_reported_and_not_a_failure() -> None:
    onsite = make_plan(None, tenants=(OTHER_TENANT,))
    assert set(security_schemes(onsite)) == {"basic", "soTicket", "xsrfToken + session"}
    assert list(unnamed_schemes(onsite)) == ["bearer"]
    assert list(unnamed_schemes(make_plan(None))) == []
    tally = sufficient_tally()
    del tally.security_schemes["bearer"]
    assert check_coverage(onsite, tally).status == "passed"


def test_accepted_calls_are_counted_by_security_scheme() -> None:
    tally = Tally()
    content_type = ("Content-Type", "text/json; charset=utf-8")
    for headers in ((("authorization", "bEARER x"),), (("X-XSRF-TOKEN", "x"),), ()):
        tally.count(Request("POST", "/", (*headers, content_type)), Response(204, (), b"", 0))
        tally.count(Request("POST", "/", (*headers, content_type)), Response(401, (), b"", 0))
    assert tally.security_schemes == {"bearer": 1, "xsrfToken + session": 2}
    assert (tally.calls, tally.accepted) == ({"text/json": 6}, {"text/json": 3})
