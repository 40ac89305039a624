"""Request bodies: the same request in every media type, and in equivalent variants."""

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Final
from urllib.parse import urlencode

JSON: Final = "application/json"
XML: Final = "application/xml"
FORM: Final = "application/x-www-form-urlencoded"

GOOD: Final = b'{"SyncUserAccounts":[{"AccountId":507,"AssociateName":"tje0","AssociateId":874}]}'
GOOD_XML: Final = (
    b"<SyncEmailAccountsRequest><SyncUserAccounts><SyncUserAccount><AccountId>507</AccountId>"
    b"<AssociateName>tje0</AssociateName><AssociateId>874</AssociateId></SyncUserAccount>"
    b"</SyncUserAccounts></SyncEmailAccountsRequest>"
)
GOOD_FORM: Final = (
    b"SyncUserAccounts[0][AccountId]=507&SyncUserAccounts[0][AssociateName]=tje0"
    b"&SyncUserAccounts[0][AssociateId]=874"
)
GOOD_BY_MEDIA_TYPE: Final = {JSON: GOOD, XML: GOOD_XML, FORM: GOOD_FORM, "text/xml": GOOD_XML}
"""The same request by media type; all others are JSON."""

Variant = tuple[str, str, bytes, str]
"""Name, Content-Type, body, and the claim by which it means the same accounts."""

SEVERAL_ACCOUNTS: Final = ((507, "tj\u00e90", 874), (-3, "Walker & Co", 0), (507, "tj\u00e90", 874))
"""Accounts (AccountId, AssociateName, AssociateId), one of them twice."""


def good_body(media_type: str) -> bytes:
    """Return a valid body in *media_type*."""
    return GOOD_BY_MEDIA_TYPE.get(media_type, GOOD)


def encode_several(media_type: str) -> bytes:
    """Return a body with `SEVERAL_ACCOUNTS` in *media_type*, in UTF-8."""
    names = ("AccountId", "AssociateName", "AssociateId")
    accounts = [dict(zip(names, values, strict=True)) for values in SEVERAL_ACCOUNTS]
    if media_type == FORM:
        fields = {
            f"SyncUserAccounts[{index}][{name}]": value
            for index, account in enumerate(accounts)
            for name, value in account.items()
        }
        return urlencode(fields).encode()
    if media_type in GOOD_BY_MEDIA_TYPE and media_type != JSON:
        elements = "".join(
            "".join(["<SyncUserAccount>", *map(_element, account.items()), "</SyncUserAccount>"])
            for account in accounts
        )
        root = "SyncEmailAccountsRequest"
        return f"<{root}><SyncUserAccounts>{elements}</SyncUserAccounts></{root}>".encode()
    return json.dumps({"SyncUserAccounts": accounts}, ensure_ascii=False).encode()


def variants(media_type: str) -> Iterator[Variant]:
    """Yield the ways to write `SEVERAL_ACCOUNTS` in *media_type*."""
    body = encode_several(media_type)
    claim = "patch-types-plain" if "patch" in media_type else "media-types"
    yield media_type, media_type, body, claim
    if media_type == JSON:
        for charset in ("utf-8", "utf-16", "iso-8859-1"):
            content_type = f"{media_type}; charset={charset}"
            yield charset, content_type, body.decode().encode(charset), "charset"
        camel = body.replace(b'"Sync', b'"sync').replace(b'"A', b'"a')
        yield "camelCase", media_type, camel, "camel-case"
        swapped_body = re.sub(rb'"\w+":', lambda match: match[0].swapcase(), body)
        yield "swapped case", media_type, swapped_body, "camel-case"
        unknown = body.replace(b'{"AccountId"', b'{"Id":1,"AccountId"')
        yield "an unknown member", media_type, unknown, "unknown-members"
    elif media_type == XML:
        prefixed_body = body.replace(b"<", b"<p:").replace(b"<p:/", b"</p:")
        prefixed_body = prefixed_body.replace(b"Request>", b'Request xmlns:p="urn:x">', 1)
        yield "a prefix", media_type, prefixed_body, "xml-names"
        reordered_body = re.sub(
            rb"(<AccountId>.*?)(<AssociateName>.*?)(?=<AssociateId>)", rb"\2\1", body
        )
        yield "another order", media_type, reordered_body, "xml-names"
    elif media_type == FORM:
        dotted_body = re.sub(rb"%5D%5B(\w+)%5D", rb"%5D.\1", body)
        yield "dots", media_type, dotted_body, "form-shape"


def _element(member: tuple[str, object]) -> str:
    name, value = member
    return f"<{name}>{escape(str(value))}</{name}>"
