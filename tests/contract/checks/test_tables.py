"""Each difference breaks the one claim that it is about, and what follows from it breaks none."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
import pytest

from superoffice_contract.checks.check import WireCheck
from superoffice_contract.checks.expectations import ExpectedResponse, judge
from superoffice_contract.checks.registry import WIRE_CHECKS
from superoffice_contract.control.answers import Limits
from superoffice_contract.openapi import claims
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.target.context import CheckContext, make_context
from superoffice_contract.target.http import Request, Response
from superoffice_contract.target.tenants import INSTALLATIONS, example_tenant

CHECKS: Final[Mapping[str, WireCheck]] = {check.name: check for check in WIRE_CHECKS}
CONTEXTS: Final = [
    make_context(example_tenant(installation), sync_email_accounts.operation(), {})
    for installation in INSTALLATIONS
]
"""One onsite, one Online."""


def cases(check: str, context: CheckContext = CONTEXTS[0]) -> dict[str, ExpectedResponse]:
    return {case.name: case for case in CHECKS[check].cases(context)}


def respond(status: int, *headers: tuple[str, str]) -> Response:
    return Response(status, headers, b"", 0.0)


def broken(
    check: str, statuses: Mapping[str, int], context: CheckContext = CONTEXTS[0]
) -> dict[str, str]:
    """Return the claims that single *statuses* break, by case; other cases are as expected."""
    by_name = cases(check, context)
    assert statuses.keys() <= by_name.keys()
    answers = [
        (msgspec.structs.replace(case, verifiers=()), respond(statuses.get(name, case.statuses[0])))
        for name, case in by_name.items()
    ]
    return {case.name: problem.claim for case, problem in judge(answers)}


def all_cases() -> Iterator[ExpectedResponse]:
    for context in CONTEXTS:
        for check in WIRE_CHECKS:
            yield from check.cases(context)


def test_every_case_has_known_claims_and_names_a_case_that_it_needs() -> None:
    for context in CONTEXTS:
        for check in WIRE_CHECKS:
            by_name = cases(check.name, context)
            assert len(by_name) == len(list(check.cases(context))), check.name
            for case in by_name.values():
                ids = {*case.claims, *case.by_status.values(), case.if_accepted} - {None}
                assert ids <= set(claims.load()), case.name
                assert case.needs is None or case.needs in by_name, case.name


def test_no_status_of_a_server_error_is_judged_and_another_success_is_no_content() -> None:
    for case in all_cases():
        assert list(case.problems(respond(500))) == []
        if case.must_be_accepted and case.request.method == "POST" and 200 not in case.statuses:
            (problem,) = case.problems(respond(200))
            assert problem.claim == "no-content"


@pytest.mark.claim("unauthorized-status")
def test_credentials_that_are_let_in_break_another_claim_than_an_odd_refusal() -> None:
    check = "credentials-refused"
    names = set(cases(check))
    assert broken(check, dict.fromkeys(names, 403)) == dict.fromkeys(names, "unauthorized-status")
    assert broken(check, {"a wrong password": 204, "bad base64": 200}) == {
        "a wrong password": "unauthorized",
        "bad base64": "credentials-malformed",
    }
    assert broken(check, dict.fromkeys(names, 204)) == {"nothing": "unauthorized"}
    online = cases(check, CONTEXTS[1])
    restricted = "a token of an app without the EMail agent"
    assert online[restricted].statuses == (401, 403)
    assert broken(check, {restricted: 204, "Basic Online": 204}, CONTEXTS[1]) == {
        restricted: "online-restricted",
        "Basic Online": "basic-onsite-only",
    }
    assert broken(check, {restricted: 404}, CONTEXTS[1]) == {restricted: "restricted-status"}
    before = "credentials-before-body"
    assert [broken(before, {"a broken body": status}) for status in (400, 403, 204)] == [
        {"a broken body": claim}
        for claim in ("order-credentials", "unauthorized-status", "unauthorized")
    ]


def test_a_credential_that_is_refused_is_not_refused_again_in_other_case() -> None:
    check = "credentials-let-in"
    assert broken(check, {"Basic": 401, "basic, in lower case": 401}) == {"Basic": "basic-onsite"}
    assert broken(check, {"basic, in lower case": 401, "SoTicket": 401}) == {
        "basic, in lower case": "scheme-case",
        "SoTicket": "scheme-case",
    }


@pytest.mark.claim("xml-shape")
@pytest.mark.claim("form-shape")
@pytest.mark.claim("media-types")
def test_a_media_type_is_refused_if_no_plausible_shape_of_it_is_accepted() -> None:
    for check, media_type, first, second, claim in (
        ("xml", "application/xml", "our shape as {}", "a data contract as {}", "xml-names"),
        ("form", "", "brackets", "a dot", "form-shape"),
    ):
        first, second = first.format(media_type), second.format(media_type)
        assert broken(check, {first: 415, second: 415}) == {first: "media-types"}
        assert broken(check, {first: 400, second: 400}) == {first: "media-types"}
        assert broken(check, {second: 400}) == {second: claim}
        assert broken(check, {second: 415}) == {second: "media-types"}
    everything = dict.fromkeys(cases("xml"), 400)
    assert broken("xml", everything | {"a data contract as text/xml": 204}) == {
        "our shape as application/xml": "media-types",
        "our shape as text/xml": "xml-shape",
    }


@pytest.mark.claim("xml-entities")
@pytest.mark.claim("xml-dtd")
def test_an_entity_is_expanded_only_if_its_value_decides() -> None:
    dtd, entity = "a DTD as text/xml", "an entity as text/xml"
    no_number = "an entity that is no number as text/xml"
    assert broken("xml", {dtd: 204}) == {dtd: "xml-dtd"}
    assert broken("xml", {dtd: 204, entity: 204}) == {dtd: "xml-dtd", entity: "xml-entities"}
    # Where entities are left out, the id is empty in both.
    assert broken("xml", {entity: 204, no_number: 204}) == {no_number: "xml-dtd"}
    bodies = {name: case.request.body for name, case in cases("xml").items()}
    assert b"<AccountId>&x;</AccountId>" in bodies[entity]
    assert b"<AccountId>&y;</AccountId>" in bodies[no_number]


@pytest.mark.claim("any-id")
@pytest.mark.claim("json-strict")
@pytest.mark.claim("member-case")
@pytest.mark.claim("carrier-types")
@pytest.mark.claim("not-emulated")
def test_each_difference_breaks_the_claim_that_it_is_about() -> None:
    for check, status, claim, names in (
        ("ids", 204, "integers-strict", ('"5"', "true", "null", "1.0", "1e2")),
        ("ids", 400, "any-id", ("0", "-1", "2147483647")),
        ("ids", 400, "id-absent", ("no id",)),
        ("ids", 204, "account-id-int32", ("2147483648",)),
        ("ids", 204, "body-shape", ("[]", "{}")),
        ("broken-bodies", 204, "json-strict", ("NaN", "a comma too many", "10,000 levels")),
        ("broken-bodies", 204, "body-required", ("null", "no body")),
        ("broken-bodies", 204, "body-shape", ("an array", "a text for the list")),
        ("broken-bodies", 204, "body-syntax", ("half an object",)),
        ("member-names", 400, "member-case", ("swapped case",)),
        ("member-names", 400, "camel-case", ("camelCase",)),
        ("member-names", 400, "null-members", ("null for a name",)),
        ("member-names", 400, "carrier-members", ("carrier members",)),
        ("member-names", 400, "carrier-types", ("objects as carrier members",)),
        ("charsets", 400, "charset-unknown", ("klingon",)),
        ("charsets", 415, "charset", ("utf-16", "iso-8859-1")),
        ("content-encoding", 204, "content-encoding", ("gzip",)),
        ("other-media-types", 204, "media-type-other", ("text/plain", "no Content-Type")),
        ("media-types", 415, "media-types", ("text/json", "application/merge-patch+json")),
        ("media-types", 400, "patch-types-plain", ("application/merge-patch+json",)),
        ("form", 204, "form-limits", ("a form with an empty list",)),
        ("negotiation", 406, "negotiation-ignored", ("Accept: image/png",)),
        ("negotiation", 200, "no-content", ("Accept: text/html",)),
        ("select", 400, "select-param", ("$select=name,department,category/id",)),
        ("select", 400, "select-never-an-error", ("$select=,,/,%F0%9F%98%80",)),
        ("select", 400, "query-names", ("%24select=AccountId", "$SELECT=AccountId")),
        ("paths", 501, "path-unknown", ("another path",)),
        ("paths", 403, "not-emulated", ("another method", "another agent")),
        ("paths", 204, "path", ("another method", "another agent")),
        ("paths", 404, "path-case", ("lower case",)),
        ("methods", 404, "method-not-allowed", ("PUT",)),
        ("methods", 204, "method", ("PUT",)),
        ("methods", 401, "get-open", ("GET",)),
        ("methods", 404, "get-describes", ("GET",)),
        ("methods", 405, "options", ("OPTIONS",)),
        ("errors", 406, "never-406", ("Accept: image/png", "Accept: application/xml")),
    ):
        for name in names:
            assert broken(check, {name: status}) == {name: claim}, (check, name)


def test_head_is_judged_only_where_get_is_answered() -> None:
    assert broken("methods", {"GET": 401, "HEAD": 401}) == {"GET": "get-open"}
    assert broken("methods", {"HEAD": 404}) == {"HEAD": "head"}


def test_a_long_request_may_get_any_answer_but_a_server_error_or_none() -> None:
    by_name = cases("limits")
    assert all(case.may_break and case.claims == ("no-server-error",) for case in by_name.values())
    for status in (200, 204, 400, 401, 404, 413, 414, 415, 431, 499, 501, 503, 505):
        assert broken("limits", dict.fromkeys(by_name, status)) == {}
    sizes = {name: len(case.request.body) for name, case in by_name.items()}
    assert (sizes["a body of 4 MiB"], sizes["100,000 levels"]) == (2**22, 200_000)
    assert by_name["60,000 accounts"].request.body.count(b"AccountId") == 60_000
    assert len(by_name["500 headers"].request.headers) > 500


@pytest.mark.claim("body-limit")
def test_a_mock_keeps_exactly_its_own_limits() -> None:
    limits = Limits(max_body=5_000, max_accounts=20)
    context = make_context(example_tenant("onsite"), sync_email_accounts.operation(), {})
    by_name = cases("limits", msgspec.structs.replace(context, limits=limits))
    exact = {name: case for name, case in by_name.items() if not case.may_break}
    assert {name: case.statuses for name, case in exact.items()} == {
        "a body at the limit": (204,),
        "a body over the limit": (413,),
        "a list at the limit": (204,),
        "a list over the limit": (413,),
        "a list over the limit in XML": (413,),
        "a list over the limit in a form": (413,),
    }
    assert len(exact["a body over the limit"].request.body) == 5_001
    for name in ("a list over the limit", "a list over the limit in XML"):
        assert exact[name].request.body.count(b"AccountId") in (21, 42)


def test_a_case_that_needs_one_without_an_answer_is_left_out() -> None:
    request = Request("POST", "/")
    first = ExpectedResponse("a", request, (204,), ("method",))
    second = ExpectedResponse("b", request, (204,), ("path",), needs="a")
    third = ExpectedResponse("c", request, (400,), ("path",), needs="b")
    wrong = [(case, respond(401)) for case in (second, third)]
    assert list(judge(wrong)) == []
    found = judge([(first, respond(204)), *wrong])
    assert [case.name for case, _ in found] == ["b"]
    found = judge([(first, respond(401)), (second, respond(204)), (third, respond(401))])
    assert [case.name for case, _ in found] == ["a"]
