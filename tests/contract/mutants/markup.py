"""Defects in how XML and forms are read."""

import re
from collections.abc import Callable
from typing import Any, Final

from tests.contract.mutants.patching import Defect, change_object, replace_object
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


def _accept_any_root(start: Callable[..., Any]) -> Callable[..., Any]:
    return lambda builder, _, attributes: start(builder, "SyncEmailAccountsRequest", attributes)


XML_DEFECTS: Final = (
    Defect(
        "a namespace is refused",
        "xml",
        "xml-names",
        f"a namespace as application/xml: {REFUSED}",
        refuse_bytes(b'xmlns="urn:x"', *XML),
    ),
    Defect(
        "a prefix is refused",
        "xml",
        "xml-names",
        f"a prefix as text/xml: {REFUSED}",
        refuse_bytes(b"<p:", *XML),
    ),
    Defect(
        "prefixed elements are skipped",
        "parity",
        "xml-names",
        "a prefix gave",
        change_bytes(lambda raw: re.sub(rb"<(/?)p:Associate", rb"<\1p:X", raw), *XML),
    ),
    Defect(
        "elements in another order are skipped",
        "parity",
        "xml-names",
        "another order gave",
        change_bytes(
            lambda raw: re.sub(rb"(</AssociateName>)<AccountId>.*?</AccountId>", rb"\1", raw), *XML
        ),
    ),
    Defect(
        "xsi:nil is not understood",
        "xml",
        "xml-nil",
        f"xsi:nil for a name as application/xml: {REFUSED}",
        refuse_bytes(b'<AssociateName xmlns:xsi="', *XML),
    ),
    Defect(
        "xsi:nil is accepted as an id",
        "xml",
        "xml-nil",
        f"xsi:nil for an id as application/xml: {ACCEPTED}",
        accept_ids(lambda value: value is None, lambda _: 0),
    ),
    Defect(
        "a DTD is accepted",
        "xml",
        "xml-dtd",
        f"an entity as application/xml: {ACCEPTED}",
        replace_object("wire.xml_body.refuse_dtd", lambda _: None),
    ),
    Defect(
        "any root is accepted",
        "xml",
        "xml-shape",
        f"another root as text/xml: {ACCEPTED}",
        change_object("wire.xml_body._Builder._open_root", _accept_any_root),
    ),
    Defect(
        "a missing end is accepted",
        "xml",
        "body-syntax",
        f"a missing end as application/xml: {ACCEPTED}",
        change_bytes(
            lambda raw: raw if raw.endswith(b">") else raw[: raw.rfind(b"<")] + _END_TAG, *XML
        ),
    ),
    Defect(
        "text is accepted as the id 0 in XML",
        "xml",
        "text-ids",
        f"a text for an id as text/xml: {ACCEPTED}",
        accept_ids(lambda value: value == "x", lambda _: 0),
    ),
)

FORM_DEFECTS: Final = (
    Defect(
        "dots in a form are refused",
        "form",
        "form-shape",
        f"a dot: {REFUSED}",
        refuse_bytes(b"].", FORM),
    ),
    Defect(
        "escaped brackets in a form are refused",
        "form",
        "form-shape",
        f"escaped brackets: {REFUSED}",
        refuse_bytes(b"%5B", FORM),
    ),
    Defect(
        "members behind dots in a form are skipped",
        "parity",
        "form-shape",
        "dots gave",
        change_bytes(lambda raw: raw.replace(b".AssociateName", b".X"), FORM),
    ),
    Defect(
        "text is accepted as the id 0 in a form",
        "form",
        "text-ids",
        f"a text for an id: {ACCEPTED}",
        accept_ids(lambda value: value == "x", lambda _: 0),
    ),
)
