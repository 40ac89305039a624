"""Checks of the page's own sample, and of enough answers to tell which readings they follow."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import FORM, GOOD, JSON, XML, payload
from superoffice_contract.target import invalid_credentials
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request

_ACCOUNT: Final = b"""    {
      "AccountId": 507,
      "AssociateName": "tje0",
      "AssociateId": 874
    }"""
SAMPLE: Final = b'{\n  "SyncUserAccounts": [\n%b,\n%b\n  ]\n}' % (_ACCOUNT, _ACCOUNT)
"""The body of the page's sample, which lists one account twice."""
SAMPLE_CLAIMS: Final = (
    *("sample-request", "sample-charset", "sample-language", "sample-duplicate"),
    *("account-object", "account-id", "associate-name", "associate-id"),
)


def sample(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """The page's sample is let in as it stands, signed in as somebody of the tenant."""
    kind = "application/json; charset=utf-8"
    ask = scene.post(SAMPLE, kind, ("Accept", kind), ("Accept-Language", "*"))
    yield ExpectedResponse("the sample of the page", ask, (204,), SAMPLE_CLAIMS)
    if dict(scene.sign_in).get("Authorization"):
        cookies = ("Cookie", "theme=dark; ASP.NET_SessionId=nobody")
        yield ExpectedResponse(
            "other cookies", scene.post(GOOD, JSON, cookies), (204,), ("cookies-ignored",)
        )


def readings(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Answers of each kind follow the same readings, again and again."""
    if scene.sign_in:
        yield from _let_in(scene)
        yield from _in_error(scene)
    yield ExpectedResponse("a stranger", Request("POST", scene.url), (401,), ("unauthorized",))
    refused = tuple(map(int, scene.values("restricted", "401", "403")))
    for one in invalid_credentials.of(scene.tenant):
        if "grant" in one.claims:
            ask = Request("POST", scene.url, (*one.headers, ("Content-Type", JSON)), GOOD)
            yield ExpectedResponse(one.name, ask, refused, one.claims)


def _let_in(scene: CheckContext) -> Iterator[ExpectedResponse]:
    for kind in (JSON, XML, FORM, JSON):
        ask = scene.post(payload(kind), kind)
        yield ExpectedResponse(
            kind, ask, (204,), ("no-content-type",), (expectations.typed(scene),)
        )


def _in_error(scene: CheckContext) -> Iterator[ExpectedResponse]:
    claims = ("error-webapi", "error-netserver")
    enveloped = (expectations.enveloped(scene),)
    for name, body in (("no JSON", b"{"), ("null", b"null"), ("a text", b'"x"')):
        yield ExpectedResponse(name, scene.post(body, JSON), (400,), claims, enveloped)
    other = scene.post(GOOD, "text/plain")
    yield ExpectedResponse("another media type", other, (415,), claims, enveloped)
