"""Checks of one call on the wire: each yields requests and what must come back.

None of them needs to know what the server did; those that do are in `effects.py`.
"""

from typing import Final

from superoffice_contract.checks import bodies, cors, page_sample
from superoffice_contract.checks.check import WireCheck
from superoffice_contract.checks.credentials import (
    credentials_bad,
    credentials_before_body,
    credentials_good,
)
from superoffice_contract.checks.media_types import (
    charsets,
    content_encoding,
    media_types,
    other_media_types,
)
from superoffice_contract.checks.routing import errors, methods, negotiation, paths, select

READINGS_CHECK: Final = "readings"
"""The check that all answers of a run follow the same readings."""


WIRE_CHECKS: Final = (
    WireCheck("credentials-let-in", credentials_good),
    WireCheck("credentials-refused", credentials_bad, signed_in=False),
    WireCheck("credentials-before-body", credentials_before_body, signed_in=False),
    WireCheck("media-types", media_types),
    WireCheck("other-media-types", other_media_types),
    WireCheck("charsets", charsets),
    WireCheck("content-encoding", content_encoding),
    WireCheck("member-names", bodies.member_names),
    WireCheck("ids", bodies.ids),
    WireCheck("items", bodies.items),
    WireCheck("empty-lists", bodies.empty_lists),
    WireCheck("broken-bodies", bodies.broken_bodies),
    WireCheck("xml", bodies.xml),
    WireCheck("form", bodies.form),
    WireCheck("limits", bodies.limits),
    WireCheck("sample", page_sample.sample),
    WireCheck("select", select),
    WireCheck("negotiation", negotiation),
    WireCheck("paths", paths),
    WireCheck("methods", methods, signed_in=False),
    WireCheck("errors", errors),
    WireCheck("origins", cors.origins),
    WireCheck(READINGS_CHECK, page_sample.readings, signed_in=False),
)
"""In the order in which they run."""
