"""Bodies of SyncEmailAccounts: in every media type, in variants, and with other accounts."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Final
from urllib.parse import unquote

import msgspec

from superoffice_contract.bodies.content_type import charset_parameter
from superoffice_contract.bodies.writers import write_form, write_xml
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.target.http import Request

JSON: Final = "application/json"
XML: Final = "application/xml"
FORM: Final = "application/x-www-form-urlencoded"

GOOD: Final = b'{"SyncUserAccounts":[{"AccountId":507,"AssociateName":"tje0","AssociateId":874}]}'
GOOD_XML: Final = (
    b"<SyncEmailAccountsRequest><SyncUserAccounts><SyncUserAccount><AccountId>507</AccountId>"
    b"<AssociateName>tje0</AssociateName><AssociateId>874</AssociateId></SyncUserAccount>"
    b"</SyncUserAccounts></SyncEmailAccountsRequest>"
)
CONTRACT_XML: Final = (
    b'<SyncEmailAccountsRequest xmlns="http://schemas.datacontract.org/2004/07/'
    b'SuperOffice.WebApi.v1.Carriers.EMailCarriers"><SyncUserAccounts><SyncUserAccount>'
    b"<AccountId>507</AccountId><AssociateId>874</AssociateId><AssociateName>tje0</AssociateName>"
    b"</SyncUserAccount></SyncUserAccounts></SyncEmailAccountsRequest>"
)
"""The same in the shape of the other .NET serialiser: in a namespace, members by name."""
GOOD_FORM: Final = (
    b"SyncUserAccounts[0][AccountId]=507&SyncUserAccounts[0][AssociateName]=tje0"
    b"&SyncUserAccounts[0][AssociateId]=874"
)
_ACCOUNT: Final = b"""    {
      "AccountId": 507,
      "AssociateName": "tje0",
      "AssociateId": 874
    }"""
SAMPLE: Final = b'{\n  "SyncUserAccounts": [\n%b,\n%b\n  ]\n}' % (_ACCOUNT, _ACCOUNT)
"""The body of the page's sample, which lists one account twice.

Only AssociateName differs: it is the user of the other payloads, not the page's company name.
"""
EMPTY: Final = b'{"SyncUserAccounts":[]}'
"""A body that names no account."""
JSON_PATCH: Final = b'[{"op":"add","path":"/SyncUserAccounts","value":[]}]'
"""A patch of a body, which is no body itself."""
GOOD_BY_MEDIA_TYPE: Final = {JSON: GOOD, XML: GOOD_XML, FORM: GOOD_FORM, "text/xml": GOOD_XML}
"""The same request by media type; all others are JSON."""

Variant = tuple[str, str, bytes, str]
"""Name, Content-Type, body, and the claim by which it means the same accounts."""

SEVERAL_ACCOUNTS: Final = ((507, "tj\u00e90", 874), (-3, "Walker & Co", 0), (507, "tj\u00e90", 874))
"""Accounts (AccountId, AssociateName, AssociateId), one of them twice."""


def good_body(media_type: str) -> bytes:
    """Return a valid body in *media_type*."""
    return GOOD_BY_MEDIA_TYPE.get(media_type, GOOD)


def use_camel_case(body: bytes) -> bytes:
    """Return a body in JSON with the names of its members in camelCase."""
    return body.replace(b'"Sync', b'"sync').replace(b'"A', b'"a')


def add_prefix(body: bytes) -> bytes:
    """Return a body in XML with a prefix before the names of its elements."""
    prefixed_body = body.replace(b"<", b"<p:").replace(b"<p:/", b"</p:")
    return prefixed_body.replace(b"Request>", b'Request xmlns:p="urn:x">', 1)


def _encode_several(media_type: str) -> bytes:
    names = ("AccountId", "AssociateName", "AssociateId")
    accounts = [dict(zip(names, values, strict=True)) for values in SEVERAL_ACCOUNTS]
    value = {"SyncUserAccounts": accounts}
    if media_type == FORM:
        return write_form(value)
    if media_type in GOOD_BY_MEDIA_TYPE and media_type != JSON:
        return write_xml(value, sync_email_accounts.operation().bodies[media_type].shape)
    return json.dumps(value, ensure_ascii=False).encode()


def variants(media_type: str) -> Iterator[Variant]:
    """Yield the ways to write `SEVERAL_ACCOUNTS` in *media_type*."""
    body = _encode_several(media_type)
    yield media_type, media_type, body, "same-effect"
    if media_type == JSON:
        for charset in ("utf-8", "utf-16", "iso-8859-1"):
            content_type = f"{media_type}; charset={charset}"
            yield charset, content_type, body.decode().encode(charset), "charset"
        yield "camelCase", media_type, use_camel_case(body), "camel-case"
        swapped_body = re.sub(rb'"\w+":', lambda match: match[0].swapcase(), body)
        yield "swapped case", media_type, swapped_body, "member-case"
        unknown = body.replace(b'{"AccountId"', b'{"Id":1,"AccountId"')
        yield "an unknown member", media_type, unknown, "unknown-members"
    elif media_type == XML:
        yield "a prefix", media_type, add_prefix(body), "xml-names"
        reordered_body = re.sub(
            rb"(<AccountId>.*?)(<AssociateName>.*?)(?=<AssociateId>)", rb"\2\1", body
        )
        yield "another order", media_type, reordered_body, "xml-names"
    elif media_type == FORM:
        dotted_body = re.sub(rb"%5D%5B(\w+)%5D", rb"%5D.\1", body)
        yield "dots", media_type, dotted_body, "form-shape"


# ---- other accounts, for a real tenant -------------------------------------------------------

_ASSOCIATE: Final = (
    r',"AssociateId":874|<(?:p:)?AssociateId>874</(?:p:)?AssociateId>'
    r"|&[^&]*AssociateId(?:\]|%5D)?=874"
)
_REPLACEMENTS: Final = (
    (_ASSOCIATE, ""),
    (r"\btje0\b", ""),
    (r'"x":\[1\]', '"x":[]'),
    (r'"5"', '"507"'),
    (r"\b1\.0\b", "507.0"),
    (r"\b1e2\b", "507e0"),
)
"""Remove the sample's associate, and make 507 of numbers that test a type."""
_SAMPLE_ID: Final = re.compile(r"(?<![\w.+-])507(?!\d)")
_NO_IDS: Final = re.compile(r"http://[^\"']*|SyncUserAccounts\[\d+\]", re.IGNORECASE)
"""Where digits are not ids: the names of namespaces, the indices of a form."""
_NUMBER: Final = re.compile(r"(?<!\w)[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_AMBIGUOUS: Final = re.compile(
    r":\s*(?:true|false)|AccountId\"\s*:\s*(?:null|\[)|<AccountId [^>]*nil=|\{\s*\}", re.IGNORECASE
)
"""What a lenient reader may read as 1 or 0, and what may be an account without an id."""


def with_account(request: Request, account: int) -> Request:
    """Return *request* with *account* in place of the sample's account and its associate."""
    text, encoding = _text(request)
    for pattern, replacement in _REPLACEMENTS:
        text = re.sub(pattern, replacement, text, flags=re.IGNORECASE)
    body = _SAMPLE_ID.sub(str(account), text).encode(encoding)
    return msgspec.structs.replace(request, body=body)


def without_accounts(request: Request) -> Request:
    """Return *request*, with an empty list as its body if the body names an account."""
    names_account = request.body and not has_only_accounts(request, ())
    return msgspec.structs.replace(request, body=EMPTY) if names_account else request


def has_only_accounts(request: Request, accounts: tuple[int, ...]) -> bool:
    """Return whether even a lenient reader finds no number in the body other than *accounts*.

    An account without an id counts as another account, as it may be read as 0.
    """
    text = _NO_IDS.sub("", unquote(_text(request)[0]))
    if text != "{}" and _AMBIGUOUS.search(text):
        return False
    return all(Decimal(number) in accounts for number in _NUMBER.findall(text))


def _text(request: Request) -> tuple[str, str]:
    headers = {name.lower(): value for name, value in reversed(request.headers)}
    content_type = headers.get("content-type", "")
    if charset_parameter(content_type) == "utf-16":
        return request.body.decode("utf-16"), "utf-16"
    return request.body.decode("latin-1"), "latin-1"
