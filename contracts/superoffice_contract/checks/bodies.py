"""Checks of bodies: members, ids, lists, invalid bodies, XML and forms."""

import re
from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import (
    EMPTY,
    FORM,
    GOOD,
    GOOD_FORM,
    GOOD_XML,
    JSON,
    XML,
    add_prefix,
    use_camel_case,
    wrap_in_xml,
)
from superoffice_contract.operations.sync_email_accounts import encode_ids
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request

INT32_END: Final = 2**31
MAX_BODY_BYTES: Final = 2**20
MAX_ACCOUNTS: Final = 10_000
"""The limits of the mock (claim body-limit); other servers may have other limits."""
_ID: Final = b"<AccountId>507</AccountId>"
_NAME: Final = b"<AssociateName>tje0</AssociateName>"
_ITEM_END: Final = b"</SyncUserAccount>"
_NIL: Final = b' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>'
_ENTITY: Final = b"<!DOCTYPE a [<!ENTITY x '507'>]>"
_XML_CASES: Final = (
    ("a namespace", GOOD_XML.replace(b"Request>", b'Request xmlns="urn:x">', 1), 204, "xml-names"),
    ("a prefix", add_prefix(GOOD_XML), 204, "xml-names"),
    (
        "another order",
        GOOD_XML.replace(_ID, b"").replace(_ITEM_END, _ID + _ITEM_END),
        204,
        "xml-names",
    ),
    ("xsi:nil for a name", GOOD_XML.replace(_NAME, b"<AssociateName" + _NIL), 204, "xml-nil"),
    ("xsi:nil for an id", GOOD_XML.replace(_ID, b"<AccountId" + _NIL), 400, "xml-nil"),
    ("a DTD", _ENTITY + GOOD_XML, 400, "xml-dtd"),
    ("an entity", _ENTITY + GOOD_XML.replace(b"507", b"&x;"), 400, "xml-dtd"),
    ("another root", GOOD_XML.replace(b"SyncEmailAccountsRequest", b"Other"), 400, "xml-shape"),
    ("a missing end", GOOD_XML[:-5], 400, "body-syntax"),
    ("a text for an id", GOOD_XML.replace(b"507", b"x"), 400, "text-ids"),
)


def member_name_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Member names ignore case, and unknown members have no effect."""
    swapped_case = GOOD.decode().swapcase().encode()
    unknown = GOOD.replace(b'{"AccountId"', b'{"Nobody":{"x":[1]},"AccountId"')
    carrier = GOOD.replace(
        b'{"AccountId"', b'{"TableRight":{"Mask":"F"},"FieldProperties":null,"AccountId"'
    )
    null_name = GOOD.replace(b'"tje0"', b"null")
    for name, body, claims in (
        ("camelCase", use_camel_case(GOOD), ("camel-case",)),
        ("swapped case", swapped_case, ("camel-case",)),
        ("an unknown member", unknown, ("unknown-members",)),
        ("carrier members", carrier, ("carrier-members", "null-members")),
        ("null for a name", null_name, ("null-members",)),
    ):
        yield ExpectedResponse(name, context.post(body, JSON), (204,), claims)


def id_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """An id is any 32-bit integer, and nothing else."""
    claims: tuple[str, ...] = ("account-id", "account-id-int32")
    for value in ("0", "-1", str(INT32_END - 1), str(-INT32_END)):
        yield ExpectedResponse(value, _request_with_id(context, value), (204,), claims)
    for value in (
        *('"5"', "true", "null", "1.0", "1e2", "[]", "{}"),
        *(str(INT32_END), str(-INT32_END - 1), "1" + "0" * 30),
    ):
        is_integer = value.lstrip("-").isdigit()
        claims = ("account-id-int32" if is_integer else "integers-strict",)
        yield ExpectedResponse(value, _request_with_id(context, value), (400,), claims)
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
        ("NaN", b'{"SyncUserAccounts":[{"AccountId":NaN}]}', "body-syntax"),
        ("10,000 levels", b"[" * 10_000 + b"]" * 10_000, "body-syntax"),
        ("a comma too many", b'{"SyncUserAccounts":[],}', "body-syntax"),
    ):
        yield ExpectedResponse(name, context.post(body, JSON), (400,), (claim,))


def xml_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """XML elements match by local name, in any namespace and order; DTDs are refused."""
    for media_type in (XML, "text/xml"):
        for name, body, status, claim in _XML_CASES:
            request = context.post(body, media_type)
            yield ExpectedResponse(f"{name} as {media_type}", request, (status,), (claim,))


def form_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A form may write members with brackets or with dots."""
    dotted_body = re.sub(rb"\]\[(\w+)\]", rb"].\1", GOOD_FORM)
    escaped_body = GOOD_FORM.replace(b"[", b"%5B").replace(b"]", b"%5D")
    for name, body, status, claim in (
        ("brackets", GOOD_FORM, 204, "form-shape"),
        ("escaped brackets", escaped_body, 204, "form-shape"),
        ("a dot", dotted_body, 204, "form-shape"),
        ("a text for an id", GOOD_FORM.replace(b"507", b"x"), 400, "text-ids"),
        ("a number too big", GOOD_FORM.replace(b"507", b"3000000000"), 400, "account-id-int32"),
    ):
        yield ExpectedResponse(name, context.post(body, FORM), (status,), (claim,))


def limit_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A body or a list at the limit is accepted; a longer one gets a 413."""
    for name, body in (
        ("a form without fields", b""),
        ("a form with an empty list", b"SyncUserAccounts="),
        ("a form with an empty account", b"SyncUserAccounts[0]="),
    ):
        yield ExpectedResponse(name, context.post(body, FORM), (400,), ("form-limits",))
    if not context.has_control:
        return
    xml_list = ["<SyncUserAccount><AccountId>1</AccountId></SyncUserAccount>"] * (MAX_ACCOUNTS + 1)
    form_list = (b"SyncUserAccounts[%d].AccountId=1" % index for index in range(MAX_ACCOUNTS + 1))
    claims = ("body-limit",)
    for name, body, media_type, status in (
        ("a body at the limit", GOOD.ljust(MAX_BODY_BYTES), JSON, 204),
        ("a body over the limit", GOOD.ljust(MAX_BODY_BYTES + 1), JSON, 413),
        ("a list at the limit", encode_ids([1] * MAX_ACCOUNTS), JSON, 204),
        ("a list over the limit", encode_ids([1] * (MAX_ACCOUNTS + 1)), JSON, 413),
        ("a list over the limit in XML", wrap_in_xml(xml_list), XML, 413),
        ("a list over the limit in a form", b"&".join(form_list), FORM, 413),
    ):
        yield ExpectedResponse(name, context.post(body, media_type), (status,), claims)
