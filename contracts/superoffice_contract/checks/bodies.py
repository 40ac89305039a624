"""Checks of bodies: the page's sample, members, ids, lists, invalid bodies, XML and forms."""

import re
from collections.abc import Iterator
from typing import Final

from superoffice_contract.bodies.writers import write_xml
from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import (
    CONTRACT_XML,
    EMPTY,
    FORM,
    GOOD,
    GOOD_FORM,
    GOOD_XML,
    JSON,
    SAMPLE,
    XML,
    add_prefix,
    use_camel_case,
)
from superoffice_contract.control.answers import Limits
from superoffice_contract.operations.sync_email_accounts import encode_ids
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request

INT32_END: Final = 2**31
MEBIBYTE: Final = 2**20
_NO_SERVER_ERROR: Final = (*range(200, 500), *expectations.REFUSING)
"""What may answer a request that is too long: anything but a failure of the server."""
_BRACKETS: Final = "brackets"
_ID: Final = b"<AccountId>507</AccountId>"
_NAME: Final = b"<AssociateName>tje0</AssociateName>"
_ITEM_END: Final = b"</SyncUserAccount>"
_NIL: Final = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
_DTD: Final = b"<!DOCTYPE SyncEmailAccountsRequest [<!ENTITY x '507'><!ENTITY y 'nobody'>]>"
_NO_NUMBER: Final = "an entity that is no number"
_XML_WAYS: Final = (
    ("a namespace", GOOD_XML.replace(b"Request>", b'Request xmlns="urn:x">', 1), "xml-names"),
    ("a prefix", add_prefix(GOOD_XML), "xml-names"),
    ("another order", GOOD_XML.replace(_ID, b"").replace(_ITEM_END, _ID + _ITEM_END), "xml-names"),
    ("xsi:nil for a name", GOOD_XML.replace(_NAME, b"<AssociateName" + _NIL), "xml-nil"),
)
"""Other ways to write the body, and the claims by which they are accepted."""
_BAD_XML: Final = (
    ("xsi:nil for an id", GOOD_XML.replace(_ID, b"<AccountId" + _NIL), "xml-nil"),
    ("a DTD", _DTD + GOOD_XML, "xml-dtd"),
    (_NO_NUMBER, _DTD + GOOD_XML.replace(b"507", b"&y;"), "xml-dtd"),
    ("an entity", _DTD + GOOD_XML.replace(b"507", b"&x;"), "xml-entities"),
    ("another root", GOOD_XML.replace(b"SyncEmailAccountsRequest", b"Other"), "xml-shape"),
    ("a missing end", GOOD_XML[:-5], "body-syntax"),
    ("a text for an id", GOOD_XML.replace(b"507", b"x"), "text-ids"),
)


def sample_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """The page's sample is accepted, with a credential of the tenant instead of the page's own."""
    content_type = "application/json; charset=utf-8"
    request = context.post(SAMPLE, content_type, ("Accept", content_type), ("Accept-Language", "*"))
    claims = (
        *("sample-request", "sample-charset", "sample-language", "sample-duplicate"),
        *("account-object", "account-id", "associate-name", "associate-id"),
    )
    name = "the sample of the page"
    yield ExpectedResponse(name, request, (204,), claims)
    if dict(context.credential_headers).get("Authorization"):
        request = context.post(GOOD, JSON, ("Cookie", "theme=dark; ASP.NET_SessionId=nobody"))
        yield ExpectedResponse("other cookies", request, (204,), ("cookies-ignored",), needs=name)


def member_name_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Member names ignore case, and unknown members have no effect."""
    swapped_case = GOOD.decode().swapcase().encode()
    unknown = GOOD.replace(b'{"AccountId"', b'{"Nobody":{"x":[1]},"AccountId"')
    nulls, objects = (
        GOOD.replace(b'{"AccountId"', b'{"TableRight":%b,"FieldProperties":%b,"AccountId"' % values)
        for values in ((b"null", b"null"), (b'{"Mask":"F"}', b'{"Name":{"FieldLength":9}}'))
    )
    null_name = GOOD.replace(b'"tje0"', b"null")
    for name, body, claim in (
        ("camelCase", use_camel_case(GOOD), "camel-case"),
        ("swapped case", swapped_case, "member-case"),
        ("an unknown member", unknown, "unknown-members"),
        ("carrier members", nulls, "carrier-members"),
        ("objects as carrier members", objects, "carrier-types"),
        ("null for a name", null_name, "null-members"),
    ):
        yield ExpectedResponse(name, context.post(body, JSON), (204,), (claim,))


def id_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """An id is any 32-bit integer, and nothing else."""
    claims = ("any-id", "account-id")
    for value in ("0", "-1", str(INT32_END - 1), str(-INT32_END)):
        yield ExpectedResponse(value, _request_with_id(context, value), (204,), claims)
    for claim, values in (
        ("integers-strict", ('"5"', "true", "null", "1.0", "1e2")),
        ("body-shape", ("[]", "{}")),
        ("account-id-int32", (str(INT32_END), str(-INT32_END - 1), "1" + "0" * 30)),
    ):
        for value in values:
            yield ExpectedResponse(value, _request_with_id(context, value), (400,), (claim,))
    absent = context.post(b'{"SyncUserAccounts":[{}]}', JSON)
    yield ExpectedResponse("no id", absent, (204,), ("id-absent",))


def _request_with_id(context: CheckContext, id_: str) -> Request:
    return context.post(b'{"SyncUserAccounts":[{"AccountId":%s}]}' % id_.encode(), JSON)


def list_item_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """One invalid account makes the whole call a 400 that names its place in the list."""
    verifiers = (expectations.mention_verifier("/SyncUserAccounts/1"),)
    for name, item in (
        ("a bad id behind a good one", b'{"AccountId":"x"}'),
        ("null behind a good one", b"null"),
        ("a number behind a good one", b"7"),
    ):
        body = GOOD.replace(b"}]}", b"}," + item + b"]}")
        claims = ("items-all", "error-place")
        yield ExpectedResponse(name, context.post(body, JSON), (400,), claims, verifiers)


def empty_list_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A missing list and null count as an empty list."""
    for body in (b"{}", b'{"SyncUserAccounts":null}', EMPTY):
        yield ExpectedResponse(body.decode(), context.post(body, JSON), (204,), ("empty-list",))


def invalid_body_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """An invalid body gets a 400, never a 500."""
    for name, body, claim in (
        ("no body", b"", "body-required"),
        ("null", b"null", "body-required"),
        ("an array", b"[]", "body-shape"),
        ("a text", b'"x"', "body-shape"),
        ("an object for the list", b'{"SyncUserAccounts":{}}', "body-shape"),
        ("a text for the list", b'{"SyncUserAccounts":"x"}', "body-shape"),
        ("half an object", b'{"SyncUserAccounts":[', "body-syntax"),
        ("NaN", b'{"SyncUserAccounts":[{"AccountId":NaN}]}', "json-strict"),
        ("10,000 levels", b"[" * 10_000 + b"]" * 10_000, "json-strict"),
        ("a comma too many", b'{"SyncUserAccounts":[],}', "json-strict"),
    ):
        yield ExpectedResponse(name, context.post(body, JSON), (400,), (claim,))


def xml_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """XML elements match by local name, in any namespace and order; DTDs are refused."""
    for media_type in (XML, "text/xml"):
        base = f"our shape as {media_type}"
        contract = f"a data contract as {media_type}"
        for name, body, claims in (
            (base, GOOD_XML, ("xml-shape", "media-types")),
            (contract, CONTRACT_XML, ("xml-names", "media-types")),
        ):
            yield _one_way(context, media_type, name, body, claims)
        for name, body, claim in _XML_WAYS if media_type == XML else ():
            request = context.post(body, media_type)
            yield ExpectedResponse(name, request, (204,), (claim,), needs=base)
        for name, body, claim in _BAD_XML:
            # Where no number is accepted as well, the entity may stand for nothing.
            needs = _NO_NUMBER if claim == "xml-entities" else ""
            yield ExpectedResponse(
                f"{name} as {media_type}",
                context.post(body, media_type),
                (400,),
                (claim,),
                needs=f"{needs} as {media_type}" if needs else base,
            )


def _one_way(
    context: CheckContext, media_type: str, name: str, body: bytes, claims: tuple[str, ...]
) -> ExpectedResponse:
    """Return the case of one shape of *media_type*, of which a server may know another."""
    return ExpectedResponse(
        name,
        context.post(body, media_type),
        (204,),
        claims,
        by_status={415: "media-types"},
        one_of=media_type,
    )


def form_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A form may write members with brackets or with dots, and names at least one account."""
    dotted_body = re.sub(rb"\]\[(\w+)\]", rb"].\1", GOOD_FORM)
    claims = ("form-shape", "media-types")
    yield _one_way(context, FORM, _BRACKETS, GOOD_FORM, claims)
    yield _one_way(context, FORM, "a dot", dotted_body, claims)
    escaped_body = GOOD_FORM.replace(b"[", b"%5B").replace(b"]", b"%5D")
    for name, body, status, claim in (
        ("escaped brackets", escaped_body, 204, "form-shape"),
        ("a text for an id", GOOD_FORM.replace(b"507", b"x"), 400, "text-ids"),
        ("a number too big", GOOD_FORM.replace(b"507", b"3000000000"), 400, "account-id-int32"),
        ("a form without fields", b"", 400, "form-limits"),
        ("a form with an empty list", b"SyncUserAccounts=", 400, "form-limits"),
        ("a form with an empty account", b"SyncUserAccounts[0]=", 400, "form-limits"),
    ):
        request = context.post(body, FORM)
        yield ExpectedResponse(name, request, (status,), (claim,), needs=_BRACKETS)


# ---- limits ----------------------------------------------------------------------------------


def limit_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A long request leads to no 5xx; a mock keeps its limits exactly, with a 413."""
    for name, request in (
        ("a body of 4 MiB", context.post(GOOD.ljust(4 * MEBIBYTE), JSON)),
        ("60,000 accounts", context.post(encode_ids([1] * 60_000), JSON)),
        ("100,000 levels", context.post(b"[" * 100_000 + b"]" * 100_000, JSON)),
        *(
            (f"a header of {size} KiB", context.post(GOOD, JSON, ("X-Long", "a" * size * 1024)))
            for size in (32, 64, 128)
        ),
        ("XML of 10,000 levels", context.post(b"<a>" * 10_000 + b"</a>" * 10_000, XML)),
        ("a form that is none", context.post(b"SyncUserAccounts[0][AccountId=%ZZ&=%&[", FORM)),
        ("500 headers", context.post(GOOD, JSON, *((f"X-{n}", "a") for n in range(500)))),
        ("a path of 60,000 letters", Request("GET", f"{context.url}/{'a' * 60_000}")),
    ):
        claims = ("no-server-error",)
        yield ExpectedResponse(name, request, _NO_SERVER_ERROR, claims, may_break=True)
    if context.limits is not None:
        yield from _cases_at_limits(context, context.limits)


def _cases_at_limits(context: CheckContext, limits: Limits) -> Iterator[ExpectedResponse]:
    count, claims = limits.max_accounts, ("body-limit",)
    long_list = {"SyncUserAccounts": [{"AccountId": 1}] * (count + 1)}
    in_xml = write_xml(long_list, context.operation.bodies[XML].shape)
    form_list = (b"SyncUserAccounts[%d].AccountId=1" % index for index in range(count + 1))
    for name, body, media_type, status in (
        ("a body at the limit", GOOD.ljust(limits.max_body), JSON, 204),
        ("a body over the limit", GOOD.ljust(limits.max_body + 1), JSON, 413),
        ("a list at the limit", encode_ids([1] * count), JSON, 204),
        ("a list over the limit", encode_ids([1] * (count + 1)), JSON, 413),
        ("a list over the limit in XML", in_xml, XML, 413),
        ("a list over the limit in a form", b"&".join(form_list), FORM, 413),
    ):
        yield ExpectedResponse(name, context.post(body, media_type), (status,), claims)
