"""Checks of the page's sample request, and of which readings the responses follow."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks import expectations
from superoffice_contract.checks.credentials import invalid_credential_cases
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import FORM, GOOD, JSON, XML, good_body
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request

_ACCOUNT: Final = b"""    {
      "AccountId": 507,
      "AssociateName": "tje0",
      "AssociateId": 874
    }"""
SAMPLE: Final = b'{\n  "SyncUserAccounts": [\n%b,\n%b\n  ]\n}' % (_ACCOUNT, _ACCOUNT)
"""The body of the page's sample, which lists one account twice.

Only AssociateName differs: it is the user of the other payloads, not the page's company name.
"""
SAMPLE_CLAIMS: Final = (
    *("sample-request", "sample-charset", "sample-language", "sample-duplicate"),
    *("account-object", "account-id", "associate-name", "associate-id"),
)


def sample_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """The page's sample is accepted, with a credential of the tenant instead of the page's own."""
    content_type = "application/json; charset=utf-8"
    headers = (("Accept", content_type), ("Accept-Language", "*"))
    request = context.post(SAMPLE, content_type, *headers)
    yield ExpectedResponse("the sample of the page", request, (204,), SAMPLE_CLAIMS)
    if dict(context.credential_headers).get("Authorization"):
        cookies = ("Cookie", "theme=dark; ASP.NET_SessionId=nobody")
        request = context.post(GOOD, JSON, cookies)
        yield ExpectedResponse("other cookies", request, (204,), ("cookies-ignored",))


def reading_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Several responses of each kind, so that a server that changes its readings is noticed."""
    if context.credential_headers:
        claims: tuple[str, ...] = ("no-content-type",)
        verifiers = (expectations.content_type_verifier(context),)
        for media_type in (JSON, XML, FORM, JSON):
            request = context.post(good_body(media_type), media_type)
            yield ExpectedResponse(media_type, request, (204,), claims, verifiers)
        claims = ("error-webapi", "error-netserver")
        verifiers = (expectations.envelope_verifier(context),)
        for name, body in (("no JSON", b"{"), ("null", b"null"), ("a text", b'"x"')):
            yield ExpectedResponse(name, context.post(body, JSON), (400,), claims, verifiers)
        request = context.post(GOOD, "text/plain")
        yield ExpectedResponse("another media type", request, (415,), claims, verifiers)
    request = Request("POST", context.url)
    yield ExpectedResponse("no credentials", request, (401,), ("unauthorized",))
    yield from (case for case in invalid_credential_cases(context) if "grant" in case.claims)
