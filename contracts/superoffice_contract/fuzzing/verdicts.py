"""Decides what is wrong with the answer to a generated request, and the one claim that it breaks.

What holds of every answer, a 5xx among it, is not judged here, nor what a GET, a HEAD or an OPTIONS
is answered: other checks do.
"""

from typing import Any, Final

import msgspec

from superoffice_contract.checks.expectations import REFUSAL_STATUS, Problem
from superoffice_contract.fuzzing.body_claims import (
    NEEDS,
    REFUSED,
    claim_if_not_refused,
    claim_if_refused,
)
from superoffice_contract.openapi.operations import Operation

_VALID_NOUNS: Final = NEEDS | {
    "accounts-array": "a body with the accounts of the sample",
    "form-shape": "a form with the accounts of the sample",
    "negotiation-ignored": "a valid call with another SO-AppToken",
    "patch-types-plain": "a body of a patch type with the accounts of the sample",
    "select-never-an-error": "a valid call with $select",
    "xml-shape": "XML with the accounts of the sample",
}
"""What must be accepted, by the claim that says so."""
_BY_STATUS: Final = {
    **dict.fromkeys((401, 403), "credentials-alternatives"),
    404: "path",
    405: "method",
    **dict.fromkeys((409, 423, 429), "silent-drop"),
    415: "media-types",
}
"""The claims that a status breaks if it answers a valid call."""


class GeneratedCase(msgspec.Struct, frozen=True):
    """A generated request: its *value* is written in *media_type*; None if it has no body.

    *is_valid*: a server may accept it, and must unless it *may_be_refused* as well. It may have any
    $select, or any SO-AppToken.
    """

    method: str
    media_type: str
    value: Any
    is_valid: bool
    may_be_refused: bool = False
    has_select: bool = False
    has_any_token: bool = False


def claim_if_accepted(case: GeneratedCase, operation: Operation) -> str:
    """Return the claim that a server breaks that accepts the invalid *case*."""
    if case.method != operation.method:
        # A 200 to TRACE is HTTP, and no call.
        return "method-not-allowed" if case.method == "TRACE" else "method"
    if case.value is None:
        return "body-required"
    body = operation.bodies.get(case.media_type)
    if body is None:
        return "media-type-other"
    return claim_if_not_refused(case.value, case.media_type, body)


def judge(case: GeneratedCase, status: int, operation: Operation) -> Problem | None:
    """Return what is wrong if *case* is answered *status*; None if nothing is, or others judge it.

    A refusal with another status than 400 is a refusal still.
    """
    if status >= 500 and status != 501:
        return None
    if case.method != operation.method:
        return _judge_method(case, status, operation)
    if case.is_valid:
        return _judge_valid(case, status, operation)
    if any(answer.status == str(status) for answer in operation.answers if status >= 400):
        return None
    if status >= 400:
        return _problem("an invalid call", status, "400", REFUSAL_STATUS)
    claim = claim_if_accepted(case, operation)
    if claim == "media-type-other":
        noun = "a body of a media type that is not described"
        return _problem(noun, status, "415", claim)
    return _problem(REFUSED[claim], status, "400", claim)


def _judge_method(case: GeneratedCase, status: int, operation: Operation) -> Problem | None:
    if status in (401, 403, 405):
        return None
    claim = claim_if_accepted(case, operation) if status < 300 else "method-not-allowed"
    noun = "TRACE" if case.method == "TRACE" else "a method that the description lacks"
    return _problem(noun, status, "405", claim)


def _judge_valid(case: GeneratedCase, status: int, operation: Operation) -> Problem | None:
    is_unknown_app = case.has_any_token and status in (401, 403)
    if status == 204 or is_unknown_app or (case.may_be_refused and status >= 400):
        return None
    claim = "no-content" if status < 300 else _claim_if_refused(case, status, operation)
    return _problem(_VALID_NOUNS.get(claim, "a valid call"), status, "204", claim)


def _claim_if_refused(case: GeneratedCase, status: int, operation: Operation) -> str:
    claim = claim_if_refused(case.value, case.media_type, operation)
    is_about_account = status in (403, 404) and claim in NEEDS
    if status in _BY_STATUS and not is_about_account:
        return _BY_STATUS[status]
    if claim in NEEDS or not (case.has_any_token or case.has_select):
        return claim
    return "negotiation-ignored" if case.has_any_token else "select-never-an-error"


def _problem(noun: str, status: int, expected: str, claim: str) -> Problem:
    what = f"{noun} is answered {status}, expected {expected}"
    return Problem(what, claim, what)
