"""Checks of bodies: members, ids, lists, invalid bodies, XML and forms."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import FORM, GOOD, GOOD_FORM, GOOD_XML, JSON, XML
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request

INT32_END: Final = 2**31
MAX_BODY_BYTES: Final = 2**20
MAX_ACCOUNTS: Final = 10_000
"""The limits of the mock (claim body-limit); other servers may have other limits."""
_XSI: Final = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
_XML_CASES: Final = (
    (
        "a namespace",
        GOOD_XML.replace(b"Request>", b'Request xmlns="urn:x">', 1),
        (204,),
        "xml-names",
    ),
    (
        "a prefix",
        GOOD_XML.replace(b"<", b"<p:")
        .replace(b"<p:/", b"</p:")
        .replace(b"Request>", b'Request xmlns:p="urn:x">', 1),
        (204,),
        "xml-names",
    ),
    (
        "another order",
        GOOD_XML.replace(b"<AccountId>507</AccountId>", b"").replace(
            b"</SyncUserAccount>", b"<AccountId>507</AccountId></SyncUserAccount>"
        ),
        (204,),
        "xml-names",
    ),
    (
        "xsi:nil for a name",
        GOOD_XML.replace(
            b"<AssociateName>tje0</AssociateName>", b"<AssociateName " + _XSI + b' xsi:nil="true"/>'
        ),
        (204,),
        "xml-nil",
    ),
    (
        "xsi:nil for an id",
        GOOD_XML.replace(
            b"<AccountId>507</AccountId>", b"<AccountId " + _XSI + b' xsi:nil="true"/>'
        ),
        (400,),
        "xml-nil",
    ),
    ("a DTD", b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + GOOD_XML, (400,), "xml-dtd"),
    (
        "an entity",
        b"<!DOCTYPE a [<!ENTITY x '507'>]>" + GOOD_XML.replace(b"507", b"&x;"),
        (400,),
        "xml-dtd",
    ),
    ("another root", GOOD_XML.replace(b"SyncEmailAccountsRequest", b"Other"), (400,), "xml-shape"),
    ("a missing end", GOOD_XML[:-5], (400,), "body-syntax"),
    ("a text for an id", GOOD_XML.replace(b"507", b"x"), (400,), "text-ids"),
)


def member_name_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """Member names ignore case, and unknown members have no effect."""
    camel_case = GOOD.replace(b'"Sync', b'"sync').replace(b'"A', b'"a')
    swapped_case = GOOD.decode().swapcase().encode()
    unknown = GOOD.replace(b'{"AccountId"', b'{"Nobody":{"x":[1]},"AccountId"')
    carrier = GOOD.replace(
        b'{"AccountId"', b'{"TableRight":{"Mask":"F"},"FieldProperties":null,"AccountId"'
    )
    null_name = GOOD.replace(b'"tje0"', b"null")
    for name, body, claims in (
        ("camelCase", camel_case, ("camel-case",)),
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
    for body in (b"{}", b'{"SyncUserAccounts":null}', b'{"SyncUserAccounts":[]}'):
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
        for name, body, statuses, claim in _XML_CASES:
            request = context.post(body, media_type)
            yield ExpectedResponse(f"{name} as {media_type}", request, statuses, (claim,))


def form_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A form may write members with brackets or with dots."""
    dotted_body = GOOD_FORM.replace(b"[AccountId]", b".AccountId")
    dotted_body = dotted_body.replace(b"[Associate", b".Associate")
    dotted_body = dotted_body.replace(b"Name]", b"Name").replace(b"Id]", b"Id")
    escaped_body = GOOD_FORM.replace(b"[", b"%5B").replace(b"]", b"%5D")
    for name, body, statuses, claim in (
        ("brackets", GOOD_FORM, (204,), "form-shape"),
        ("escaped brackets", escaped_body, (204,), "form-shape"),
        ("a dot", dotted_body, (204,), "form-shape"),
        ("a text for an id", GOOD_FORM.replace(b"507", b"x"), (400,), "text-ids"),
        ("a number too big", GOOD_FORM.replace(b"507", b"3000000000"), (400,), "account-id-int32"),
    ):
        yield ExpectedResponse(name, context.post(body, FORM), statuses, (claim,))


def limit_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    """A body or a list at the limit is accepted; a longer one gets a 413."""
    yield from _empty_form_cases(context)
    if not context.has_control:
        return
    claims = ("body-limit",)
    for name, body, media_type, status in (
        ("a body at the limit", GOOD.ljust(MAX_BODY_BYTES), JSON, 204),
        ("a body over the limit", GOOD.ljust(MAX_BODY_BYTES + 1), JSON, 413),
        ("a list at the limit", _json_list(MAX_ACCOUNTS), JSON, 204),
        ("a list over the limit", _json_list(MAX_ACCOUNTS + 1), JSON, 413),
        ("a list over the limit in XML", _xml_list(MAX_ACCOUNTS + 1), XML, 413),
        ("a list over the limit in a form", _form_list(MAX_ACCOUNTS + 1), FORM, 413),
    ):
        yield ExpectedResponse(name, context.post(body, media_type), (status,), claims)


def _empty_form_cases(context: CheckContext) -> Iterator[ExpectedResponse]:
    for name, body in (
        ("a form without fields", b""),
        ("a form with an empty list", b"SyncUserAccounts="),
        ("a form with an empty account", b"SyncUserAccounts[0]="),
    ):
        yield ExpectedResponse(name, context.post(body, FORM), (400,), ("form-limits",))


def _json_list(count: int) -> bytes:
    return b'{"SyncUserAccounts":[%b]}' % b",".join([b'{"AccountId":1}'] * count)


def _xml_list(count: int) -> bytes:
    account = b"<SyncUserAccount><AccountId>1</AccountId></SyncUserAccount>"
    root = b"SyncEmailAccountsRequest"
    return b"<%b><SyncUserAccounts>%b</SyncUserAccounts></%b>" % (root, account * count, root)


def _form_list(count: int) -> bytes:
    fields = (b"SyncUserAccounts[%d].AccountId=1" % index for index in range(count))
    return b"&".join(fields)
