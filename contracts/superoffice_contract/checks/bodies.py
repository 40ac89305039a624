"""Checks of bodies: members, ids, lists, what is no request, XML and forms."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks import expectations
from superoffice_contract.checks.expectations import ExpectedResponse
from superoffice_contract.checks.payloads import FORM, GOOD, GOOD_FORM, GOOD_XML, JSON, XML
from superoffice_contract.target.context import CheckContext
from superoffice_contract.target.http import Request

INT32: Final = 2**31


def member_names(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Case does not matter, and unknown members do no harm."""
    swapped = GOOD.decode().swapcase().encode()
    camel = GOOD.replace(b'"Sync', b'"sync').replace(b'"A', b'"a')
    yield ExpectedResponse("camelCase", scene.post(camel, JSON), (204,), ("camel-case",))
    yield ExpectedResponse("swapped case", scene.post(swapped, JSON), (204,), ("camel-case",))
    unknown = GOOD.replace(b'{"AccountId"', b'{"Nobody":{"x":[1]},"AccountId"')
    yield ExpectedResponse(
        "an unknown member", scene.post(unknown, JSON), (204,), ("unknown-members",)
    )
    carrier = GOOD.replace(
        b'{"AccountId"', b'{"TableRight":{"Mask":"F"},"FieldProperties":null,"AccountId"'
    )
    claims = ("carrier-members", "null-members")
    yield ExpectedResponse("carrier members", scene.post(carrier, JSON), (204,), claims)
    unnamed = GOOD.replace(b'"tje0"', b"null")
    yield ExpectedResponse("null for a name", scene.post(unnamed, JSON), (204,), ("null-members",))


def ids(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Any 32-bit integer is an id, and nothing else is."""
    good = ("0", "-1", str(INT32 - 1), str(-INT32))
    bad = (
        *('"5"', "true", "null", "1.0", "1e2", "[]", "{}", str(INT32), str(-INT32 - 1)),
        "1" + "0" * 30,
    )
    for one in good:
        yield ExpectedResponse(
            one, _with_id(scene, one), (204,), ("account-id", "account-id-int32")
        )
    for one in bad:
        ranged = one.lstrip("-").isdigit()
        claim = "account-id-int32" if ranged else "integers-strict"
        yield ExpectedResponse(one, _with_id(scene, one), (400,), (claim,))
    absent = scene.post(b'{"SyncUserAccounts":[{}]}', JSON)
    yield ExpectedResponse("no id", absent, (204,), ("id-absent",))


def _with_id(scene: CheckContext, id_: str) -> Request:
    return scene.post(b'{"SyncUserAccounts":[{"AccountId":%s}]}' % id_.encode(), JSON)


def items(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """One bad account refuses the whole call, wherever it stands; the answer names the place."""
    place = expectations.naming("/SyncUserAccounts/1")
    cases = (
        ("a bad id behind a good one", b'{"AccountId":"x"}'),
        ("null behind a good one", b"null"),
        ("a number behind a good one", b"7"),
    )
    for name, item in cases:
        body = GOOD.replace(b"}]}", b"}," + item + b"]}")
        claims = ("items-all", "error-place")
        yield ExpectedResponse(name, scene.post(body, JSON), (400,), claims, (place,))


def empty_lists(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """No list, null and an empty list are all an empty list."""
    for body in (b"{}", b'{"SyncUserAccounts":null}', b'{"SyncUserAccounts":[]}'):
        yield ExpectedResponse(body.decode(), scene.post(body, JSON), (204,), ("empty-list",))


def broken_bodies(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """What is no request is a 400, never a 500."""
    cases = (
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
    )
    for name, body, claim in cases:
        yield ExpectedResponse(name, scene.post(body, JSON), (400,), (claim,))


# ---- XML and forms ---------------------------------------------------------------------------


def xml(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Elements count by local name, in any namespace and order; DTDs are refused."""
    for media_type in (XML, "text/xml"):
        for name, body, statuses, claim in _XML_CASES:
            ask = scene.post(body, media_type)
            yield ExpectedResponse(f"{name} as {media_type}", ask, statuses, (claim,))


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


def form(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """Both ways to write an index are understood."""
    dotted = GOOD_FORM.replace(b"[AccountId]", b".AccountId").replace(b"[Associate", b".Associate")
    dotted = dotted.replace(b"Name]", b"Name").replace(b"Id]", b"Id")
    escaped = GOOD_FORM.replace(b"[", b"%5B").replace(b"]", b"%5D")
    cases = (
        ("brackets", GOOD_FORM, (204,), "form-shape"),
        ("escaped brackets", escaped, (204,), "form-shape"),
        ("a dot", dotted, (204,), "form-shape"),
        ("a text for an id", GOOD_FORM.replace(b"507", b"x"), (400,), "text-ids"),
        ("a number too big", GOOD_FORM.replace(b"507", b"3000000000"), (400,), "account-id-int32"),
    )
    for name, body, statuses, claim in cases:
        yield ExpectedResponse(name, scene.post(body, FORM), statuses, (claim,))


MOST_BYTES: Final = 2**20


MOST_ACCOUNTS: Final = 10_000
"""The limits of claim body-limit; what other servers take is theirs to say."""


def limits(scene: CheckContext) -> Iterator[ExpectedResponse]:
    """A body and a list at the limit are let in, longer ones are a 413."""
    yield from _forms(scene)
    if not scene.has_control:
        return
    claims = ("body-limit",)
    for name, body, kind, status in (
        ("a body at the limit", GOOD.ljust(MOST_BYTES), JSON, 204),
        ("a body over the limit", GOOD.ljust(MOST_BYTES + 1), JSON, 413),
        ("a list at the limit", _listed(MOST_ACCOUNTS), JSON, 204),
        ("a list over the limit", _listed(MOST_ACCOUNTS + 1), JSON, 413),
        ("a list over the limit in XML", _elements(MOST_ACCOUNTS + 1), XML, 413),
        ("a list over the limit in a form", _fields(MOST_ACCOUNTS + 1), FORM, 413),
    ):
        yield ExpectedResponse(name, scene.post(body, kind), (status,), claims)


def _forms(scene: CheckContext) -> Iterator[ExpectedResponse]:
    for name, body in (
        ("a form without fields", b""),
        ("a form with an empty list", b"SyncUserAccounts="),
        ("a form with an empty account", b"SyncUserAccounts[0]="),
    ):
        yield ExpectedResponse(name, scene.post(body, FORM), (400,), ("form-limits",))


def _listed(count: int) -> bytes:
    return b'{"SyncUserAccounts":[%b]}' % b",".join([b'{"AccountId":1}'] * count)


def _elements(count: int) -> bytes:
    account = b"<SyncUserAccount><AccountId>1</AccountId></SyncUserAccount>"
    root = b"SyncEmailAccountsRequest"
    return b"<%b><SyncUserAccounts>%b</SyncUserAccounts></%b>" % (root, account * count, root)


def _fields(count: int) -> bytes:
    fields = (b"SyncUserAccounts[%d].AccountId=1" % index for index in range(count))
    return b"&".join(fields)
