"""The contract check says when it has seen too little to have shown anything."""

from collections import Counter

from superoffice_contract.suite.minimum_coverage import (
    FEWEST_ACCEPTED,
    FEWEST_CASES,
    enough,
    figures,
    untried,
    ways_in,
)
from superoffice_contract.suite.plan import Tally
from superoffice_contract.target.http import Request, Response
from tests.contract.other_server.bodies import FORM, JSON, XML
from tests.contract.suite.targets import OTHER, plan, tenant

KINDS = (*JSON, *XML, FORM)
WAYS = ("basic", "soTicket", "bearer", "xsrfToken + session")


def tally() -> Tally:
    """Just enough."""
    return Tally(
        statuses=Counter({204: FEWEST_ACCEPTED}),
        media_types=Counter(KINDS),
        cases=Counter(list(KINDS) * FEWEST_CASES),
        ways_in=Counter(WAYS),
    )


def told(seen: Tally) -> list[str]:
    return [one.what for one in enough(plan(None), seen).findings]


def test_just_enough_passes() -> None:
    assert enough(plan(None), tally()).status == "passed"


def test_one_204_too_few_is_a_failure() -> None:
    seen = tally()
    seen.statuses[204] -= 1
    assert told(seen) == ["only 19 calls were answered 204, of at least 20"]


def test_one_call_too_few_of_a_media_type_is_a_failure() -> None:
    seen = tally()
    seen.cases["text/xml"] -= 1
    assert told(seen) == ["only 2 calls of type text/xml were made, of at least 3"]


def test_a_media_type_that_was_never_accepted_is_a_failure() -> None:
    seen = tally()
    del seen.media_types[FORM]
    assert told(seen) == [f"no body of type {FORM} was ever accepted"]


def test_a_way_in_that_a_tenant_names_and_that_let_nobody_in_is_a_failure() -> None:
    seen = tally()
    del seen.ways_in["bearer"]
    assert told(seen) == ["nobody was ever let in by bearer, which a [[tenant]] names"]


def test_an_error_of_the_engine_is_a_failure() -> None:
    seen = tally()
    seen.engine_errors += ["POST: it broke", "GET: too"]
    assert told(seen) == ["2 errors of the engine, so something was not tried: POST: it broke"]


def test_what_it_goes_by_is_told() -> None:
    seen = tally()
    seen.engine_errors.append("POST: it broke")
    told = dict(figures(plan(None), seen))
    assert told["calls of text/xml"] == str(FEWEST_CASES)
    assert {way: told[f"let in by {way}"] for way in WAYS} == dict.fromkeys(WAYS, "1")
    assert told["errors of the engine"] == "1"


def test_ways_in_that_no_tenant_names_are_told_and_not_missed() -> None:
    onsite = plan(None, tenants=(tenant(**OTHER),))
    assert set(ways_in(onsite)) == {"basic", "soTicket", "xsrfToken + session"}
    assert list(untried(onsite)) == ["bearer"]
    assert list(untried(plan(None))) == []
    seen = tally()
    del seen.ways_in["bearer"]
    assert enough(onsite, seen).status == "passed"


def test_calls_are_counted_by_the_way_that_let_them_in() -> None:
    seen = Tally()
    kind = ("Content-Type", "text/json; charset=utf-8")
    for headers in ((("authorization", "bEARER x"),), (("X-XSRF-TOKEN", "x"),), ()):
        seen.note(Request("POST", "/", (*headers, kind)), Response(204, (), b"", 0))
        seen.note(Request("POST", "/", (*headers, kind)), Response(401, (), b"", 0))
    assert seen.ways_in == {"bearer": 1, "xsrfToken + session": 2}
    assert (seen.cases, seen.media_types) == ({"text/json": 6}, {"text/json": 3})
