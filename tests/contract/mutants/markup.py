"""Defects in how XML and forms are read."""

import re
from typing import Final

from tests.contract.mutants.patching import Seeds, replace_object
from tests.contract.mutants.patching_bodies import (
    ACCEPTED,
    FORM,
    REFUSED,
    XML,
    accept_ids,
    change_bytes,
    refuse_bytes,
)

_END_TAG: Final = b"</SyncEmailAccountsRequest>"


XML_DEFECTS: Final[Seeds] = {
    "a namespace is refused": (
        f"a namespace: {REFUSED}",
        refuse_bytes(b'xmlns="urn:x"', *XML),
    ),
    "a prefix is refused": (f"a prefix: {REFUSED}", refuse_bytes(b"<p:", *XML)),
    "prefixed elements are skipped": (
        "a prefix: the call gave",
        change_bytes(lambda raw: re.sub(rb"<(/?)p:Associate", rb"<\1p:X", raw), *XML),
    ),
    "elements in another order are skipped": (
        "another order: the call gave",
        change_bytes(
            lambda raw: re.sub(rb"(</AssociateName>)<AccountId>.*?</AccountId>", rb"\1", raw), *XML
        ),
    ),
    "xsi:nil is not understood": (
        f"xsi:nil for a name: {REFUSED}",
        refuse_bytes(b'<AssociateName xmlns:xsi="', *XML),
    ),
    "xsi:nil is accepted as an id": (
        f"xsi:nil for an id as application/xml: {ACCEPTED}",
        accept_ids(lambda value: value is None, lambda _: 0),
    ),
    "a DTD is accepted": (
        f"a DTD as application/xml: {ACCEPTED}",
        replace_object("bodies.xml_body.refuse_dtd", lambda _: None),
    ),
    "an entity is expanded": (
        f"an entity as application/xml: {ACCEPTED}",
        replace_object("bodies.xml_body.refuse_dtd", lambda _: None),
    ),
    "any root is accepted": (
        f"another root as application/xml: {ACCEPTED}",
        replace_object("bodies.xml_body._check_root", lambda *_: None),
    ),
    "a missing end is accepted": (
        f"a missing end as application/xml: {ACCEPTED}",
        change_bytes(
            lambda raw: raw if raw.endswith(b">") else raw[: raw.rfind(b"<")] + _END_TAG, *XML
        ),
    ),
    "text is accepted as the id 0 in XML": (
        f"a text for an id as application/xml: {ACCEPTED}",
        accept_ids(lambda value: value == "x", lambda _: 0),
    ),
}

FORM_DEFECTS: Final[Seeds] = {
    "dots in a form are refused": (f"a dot: {REFUSED}", refuse_bytes(b"].", FORM)),
    "escaped brackets in a form are refused": (
        f"escaped brackets: {REFUSED}",
        refuse_bytes(b"%5B", FORM),
    ),
    "members behind dots in a form are skipped": (
        "dots: the call gave",
        change_bytes(lambda raw: raw.replace(b".AssociateName", b".X"), FORM),
    ),
    "text is accepted as the id 0 in a form": (
        f"a text for an id: {ACCEPTED}",
        accept_ids(lambda value: value == "x", lambda _: 0),
    ),
}
