"""One request as every media type writes it, and in all the ways that it may be spelt."""

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
SAME: Final = {JSON: GOOD, XML: GOOD_XML, FORM: GOOD_FORM, "text/xml": GOOD_XML}
"""One payload as each family of media types writes it; what is not here is JSON."""

SEVERAL: Final = ((507, "tj\u00e90", 874), (-3, "Walker & Co", 0), (507, "tj\u00e90", 874))
"""Accounts (AccountId, AssociateName, AssociateId), one of them twice."""


def payload(media_type: str) -> bytes:
    """Return the one payload as *media_type* writes it."""
    return SAME.get(media_type, GOOD)


def several(media_type: str) -> bytes:
    """Return `SEVERAL` as *media_type* writes them, in UTF-8."""
    names = ("AccountId", "AssociateName", "AssociateId")
    members = [dict(zip(names, one, strict=True)) for one in SEVERAL]
    if media_type == FORM:
        fields = {
            f"SyncUserAccounts[{index}][{name}]": value
            for index, one in enumerate(members)
            for name, value in one.items()
        }
        return urlencode(fields).encode()
    if media_type in SAME and media_type != JSON:
        accounts = "".join(
            "".join(["<SyncUserAccount>", *map(_element, one.items()), "</SyncUserAccount>"])
            for one in members
        )
        root = "SyncEmailAccountsRequest"
        return f"<{root}><SyncUserAccounts>{accounts}</SyncUserAccounts></{root}>".encode()
    return json.dumps({"SyncUserAccounts": members}, ensure_ascii=False).encode()


Spelling = tuple[str, str, bytes, str]
"""Its name, the Content-Type, the body, and the claim that says it means `SEVERAL`."""


def spellings(media_type: str) -> Iterator[Spelling]:
    """Yield the ways in which *media_type* may write `SEVERAL`."""
    body = several(media_type)
    claim = "patch-types-plain" if "patch" in media_type else "media-types"
    yield media_type, media_type, body, claim
    if media_type == JSON:
        for charset in ("utf-8", "utf-16", "iso-8859-1"):
            kind = f"{media_type}; charset={charset}"
            yield charset, kind, body.decode().encode(charset), "charset"
        camel = body.replace(b'"Sync', b'"sync').replace(b'"A', b'"a')
        yield "camelCase", media_type, camel, "camel-case"
        swapped = re.sub(rb'"\w+":', lambda match: match[0].swapcase(), body)
        yield "swapped case", media_type, swapped, "camel-case"
        unknown = body.replace(b'{"AccountId"', b'{"Id":1,"AccountId"')
        yield "an unknown member", media_type, unknown, "unknown-members"
    elif media_type == XML:
        prefixed = body.replace(b"<", b"<p:").replace(b"<p:/", b"</p:")
        bound = prefixed.replace(b"Request>", b'Request xmlns:p="urn:x">', 1)
        yield "a prefix", media_type, bound, "xml-names"
        turned = re.sub(rb"(<AccountId>.*?)(<AssociateName>.*?)(?=<AssociateId>)", rb"\2\1", body)
        yield "another order", media_type, turned, "xml-names"
    elif media_type == FORM:
        dotted = re.sub(rb"%5D%5B(\w+)%5D", rb"%5D.\1", body)
        yield "dots", media_type, dotted, "form-shape"


def _element(member: tuple[str, object]) -> str:
    name, value = member
    return f"<{name}>{escape(str(value))}</{name}>"
