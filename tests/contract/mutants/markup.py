"""Defects in how XML and forms are read."""

import re
from collections.abc import Callable
from typing import Any, Final

from tests.contract.mutants.patching import Defect, changing, setting
from tests.contract.mutants.patching_bodies import (
    FORM,
    REFUSED,
    TAKEN,
    XML,
    before,
    ids,
    refused_with,
)

_END: Final = b"</SyncEmailAccountsRequest>"


def _rooted(root: Callable[..., Any]) -> Callable[..., Any]:
    return lambda builder, _, attributes: root(builder, "SyncEmailAccountsRequest", attributes)


XML_DEFECTS: Final = (
    Defect(
        "a namespace is refused",
        "xml",
        "xml-names",
        f"a namespace as application/xml: {REFUSED}",
        refused_with(b'xmlns="urn:x"', *XML),
    ),
    Defect(
        "a prefix is refused",
        "xml",
        "xml-names",
        f"a prefix as text/xml: {REFUSED}",
        refused_with(b"<p:", *XML),
    ),
    Defect(
        "prefixed elements are skipped",
        "parity",
        "xml-names",
        "a prefix gave",
        before(lambda raw: re.sub(rb"<(/?)p:Associate", rb"<\1p:X", raw), *XML),
    ),
    Defect(
        "elements in another order are skipped",
        "parity",
        "xml-names",
        "another order gave",
        before(
            lambda raw: re.sub(rb"(</AssociateName>)<AccountId>.*?</AccountId>", rb"\1", raw), *XML
        ),
    ),
    Defect(
        "xsi:nil is not understood",
        "xml",
        "xml-nil",
        f"xsi:nil for a name as application/xml: {REFUSED}",
        refused_with(b'<AssociateName xmlns:xsi="', *XML),
    ),
    Defect(
        "xsi:nil is an id",
        "xml",
        "xml-nil",
        f"xsi:nil for an id as application/xml: {TAKEN}",
        ids(lambda one: one is None, lambda _: 0),
    ),
    Defect(
        "a DTD is taken",
        "xml",
        "xml-dtd",
        f"an entity as application/xml: {TAKEN}",
        setting("wire.xml_body.refuse_dtd", lambda _: None),
    ),
    Defect(
        "any root is taken",
        "xml",
        "xml-shape",
        f"another root as text/xml: {TAKEN}",
        changing("wire.xml_body._Builder._root", _rooted),
    ),
    Defect(
        "a missing end is forgiven",
        "xml",
        "body-syntax",
        f"a missing end as application/xml: {TAKEN}",
        before(lambda raw: raw if raw.endswith(b">") else raw[: raw.rfind(b"<")] + _END, *XML),
    ),
    Defect(
        "a text is the id 0 in XML",
        "xml",
        "text-ids",
        f"a text for an id as text/xml: {TAKEN}",
        ids(lambda one: one == "x", lambda _: 0),
    ),
)


FORM_DEFECTS: Final = (
    Defect(
        "dots in a form are refused",
        "form",
        "form-shape",
        f"a dot: {REFUSED}",
        refused_with(b"].", FORM),
    ),
    Defect(
        "escaped brackets in a form are refused",
        "form",
        "form-shape",
        f"escaped brackets: {REFUSED}",
        refused_with(b"%5B", FORM),
    ),
    Defect(
        "members behind dots in a form are skipped",
        "parity",
        "form-shape",
        "dots gave",
        before(lambda raw: raw.replace(b".AssociateName", b".X"), FORM),
    ),
    Defect(
        "a text is the id 0 in a form",
        "form",
        "text-ids",
        f"a text for an id: {TAKEN}",
        ids(lambda one: one == "x", lambda _: 0),
    ),
)
