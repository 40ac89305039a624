"""What a wrong answer to a generated request breaks: one claim, in words that merge."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from superoffice_contract.fuzzing.verdicts import GeneratedCase, judge
from superoffice_contract.openapi import claims
from superoffice_contract.operations import sync_email_accounts

OPERATION: Final = sync_email_accounts.operation()
JSON: Final = "application/json"
FORM: Final = "application/x-www-form-urlencoded"
PATCH: Final = "application/merge-patch+json"
PLAIN: Final = {"AccountId": 507, "AssociateName": "Walker LLC", "AssociateId": 874}
SCALARS: Final = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES: Final = st.recursive(
    SCALARS, lambda child: st.lists(child) | st.dictionaries(st.text(), child), max_leaves=5
)


def request_of(*accounts: Any) -> Any:
    return {"SyncUserAccounts": list(accounts)}


def account(**members: Any) -> Any:
    """Return a request with the account of the sample, with other *members*."""
    return request_of(PLAIN | members)


def invalid(value: Any, media_type: str = JSON, method: str = "POST") -> GeneratedCase:
    return GeneratedCase(method, media_type, value, is_valid=False)


def valid(value: Any, media_type: str = JSON, **more: bool) -> GeneratedCase:
    return GeneratedCase("POST", media_type, value, is_valid=True, **more)


def broken_claim(case: GeneratedCase, status: int) -> str | None:
    """Return the claim that *status* breaks as the answer to *case*, if any."""
    problem = judge(case, status, OPERATION)
    return None if problem is None else problem.claim


# ---- what must be refused --------------------------------------------------------------------


@pytest.mark.claim("body-shape", "body-required", "items-all", "integers-strict", "carrier-types")
@pytest.mark.claim("account-id-int32")
def test_an_invalid_body_that_is_accepted_breaks_what_a_lenient_reader_may_not_do() -> None:
    for value, claim in (
        ([], "body-shape"),
        ("text", "body-shape"),
        ({"SyncUserAccounts": {}}, "body-shape"),
        ({"SyncUserAccounts": "text"}, "body-shape"),
        (request_of([]), "body-shape"),
        (request_of("text"), "body-shape"),
        (account(AccountId=[5]), "body-shape"),
        (account(AccountId="five"), "body-shape"),
        (account(AssociateName={}), "items-all"),
        (None, "body-required"),
        (request_of(PLAIN, None), "items-all"),
        *((account(AccountId=id_), "integers-strict") for id_ in ("5", " ", "true", None, 0.5)),
        (account(AssociateId=True), "integers-strict"),
        (account(AssociateName=5), "integers-strict"),
        (account(TableRight=[]), "carrier-types"),
        (account(FieldProperties="text"), "carrier-types"),
        (account(AccountId=2**31), "account-id-int32"),
        (account(associateid=-(2**31) - 1), "account-id-int32"),
        (account(AccountId=2**31, TableRight=5), "account-id-int32"),
        (request_of(None, []), "body-shape"),
    ):
        assert broken_claim(invalid(value), 204) == claim, value
        assert broken_claim(invalid(value), 302) == claim, value
        assert broken_claim(invalid(value), 422) == "refusal-status", value


@pytest.mark.claim("xml-shape", "form-shape", "text-ids")
def test_how_text_writes_a_value_is_our_guess() -> None:
    for value, media_type, claim in (
        ({"SyncUserAccounts": "text"}, "text/xml", "xml-shape"),
        ({"SyncUserAccounts": "text"}, FORM, "form-shape"),
        ({"SyncUserAccounts": []}, FORM, "form-shape"),
        (account(AccountId="true"), "application/xml", "text-ids"),
        (account(AccountId=None), FORM, "text-ids"),
        (account(AccountId=2**31), "application/xml", "account-id-int32"),
        (account(TableRight="text"), FORM, "carrier-types"),
    ):
        assert broken_claim(invalid(value, media_type), 204) == claim, value


@pytest.mark.claim("media-type-other", "method", "method-not-allowed")
def test_another_method_or_media_type_is_no_matter_of_the_body() -> None:
    for case, status, claim in (
        (invalid(request_of(PLAIN), ""), 204, "media-type-other"),
        (invalid(request_of(PLAIN), "", "QUERY"), 204, "method"),
        (invalid(request_of(PLAIN), "", "QUERY"), 404, "method-not-allowed"),
        (invalid(request_of(PLAIN), "", "QUERY"), 501, "method-not-allowed"),
        (invalid(request_of(PLAIN), "", "TRACE"), 200, "method-not-allowed"),
    ):
        assert broken_claim(case, status) == claim, (case, status)


@given(VALUES)
def test_every_value_breaks_one_claim_that_is_known(value: Any) -> None:
    for case in (invalid(value), invalid({"SyncUserAccounts": value}), invalid(request_of(value))):
        assert broken_claim(case, 204) in claims.load()


@given(st.booleans() | st.integers() | st.floats())
def test_no_value_that_readers_convert_is_evidence(value: Any) -> None:
    for case in (
        *(invalid(account(AssociateName=value)), invalid(account(TableRight=value))),
        invalid(account(AccountId=str(value)), FORM),
    ):
        assert broken_claim(case, 204) in ("integers-strict", "carrier-types", "text-ids")


# ---- what must be accepted -------------------------------------------------------------------


@pytest.mark.claim("accounts-array", "any-id", "null-members", "unknown-members", "id-absent")
@pytest.mark.claim("carrier-types", "empty-list", "select-never-an-error", "patch-types-plain")
def test_a_valid_body_that_is_refused_breaks_what_it_needs() -> None:
    for case, claim in (
        (valid(request_of(PLAIN, PLAIN)), "accounts-array"),
        (valid(request_of(PLAIN), PATCH), "patch-types-plain"),
        (valid(request_of(PLAIN), "text/xml"), "xml-shape"),
        (valid(request_of(PLAIN), FORM), "form-shape"),
        (valid(request_of(PLAIN), has_select=True), "select-never-an-error"),
        (valid(request_of(PLAIN), has_any_token=True), "negotiation-ignored"),
        (valid(account(AccountId=0)), "any-id"),
        (valid(account(AssociateName="nobody")), "any-id"),
        (valid(account(AssociateName=None)), "null-members"),
        (valid(account(TableRight=None)), "null-members"),
        (valid(account(TableRight={})), "carrier-types"),
        (valid(account(Nobody=1)), "unknown-members"),
        (valid({"Nobody": 1, **request_of(PLAIN)}), "unknown-members"),
        (valid(request_of({"AccountId": 507})), "id-absent"),
        (valid(request_of()), "empty-list"),
        (valid({"SyncUserAccounts": None}), "empty-list"),
        (valid({}), "empty-list"),
        (valid({"SyncUserAccounts": {}}, "text/xml"), "xml-shape"),
    ):
        assert broken_claim(case, 400) == claim, case
        assert broken_claim(case, 422) == claim, case


@pytest.mark.claim("no-content", "credentials-alternatives", "silent-drop", "media-types")
def test_some_statuses_say_what_a_refused_call_breaks() -> None:
    for status, claim in (
        (200, "no-content"),
        (202, "no-content"),
        (401, "credentials-alternatives"),
        (403, "credentials-alternatives"),
        (404, "path"),
        (405, "method"),
        (409, "silent-drop"),
        (429, "silent-drop"),
        (415, "media-types"),
        (501, "accounts-array"),
        (500, None),
        (503, None),
    ):
        assert broken_claim(valid(request_of(PLAIN)), status) == claim, status
    assert broken_claim(invalid([]), 500) is None
    assert broken_claim(valid(request_of(PLAIN)), 204) is None
    for status in (204, 400, 422):
        assert broken_claim(valid(request_of(PLAIN), may_be_refused=True), status) is None
    for status in (403, 404):
        assert broken_claim(valid(account(AccountId=1)), status) == "any-id", status
    assert broken_claim(valid(request_of(PLAIN), has_any_token=True), 401) is None


# ---- words -----------------------------------------------------------------------------------


@given(VALUES, st.sampled_from([*OPERATION.bodies, "text/plain"]), st.integers(200, 499))
def test_the_words_are_one_short_line_without_the_value(
    value: Any, media_type: str, status: int
) -> None:
    problem = judge(invalid(value, media_type), status, OPERATION)
    is_described = str(status) in (answer.status for answer in OPERATION.answers if status >= 400)
    if problem is None or is_described:
        assert (problem, is_described) == (None, True)
        return
    assert problem.what == problem.safe_text
    assert len(problem.what) <= 150
    assert problem.what.isprintable()
    assert str(status) in problem.what
