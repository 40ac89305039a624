"""The table of the checks of single calls.

They need only the response. The EffectChecks are in `side_effects.py`, `credentials.py`,
`transfer_encoding.py` and `throttle/real_time.py`; `suite/run.py` joins all tables.
"""

from typing import Final

from superoffice_contract.checks import bodies, cors, media_types, page_sample, routing
from superoffice_contract.checks.check import WireCheck
from superoffice_contract.checks.credentials import (
    credentials_before_body_cases,
    invalid_credential_cases,
    valid_credential_cases,
)

READINGS_CHECK: Final = "readings"
"""The check that all responses of a run follow the same readings."""
WIRE_CHECKS: Final = (
    WireCheck("credentials-let-in", valid_credential_cases),
    WireCheck("credentials-refused", invalid_credential_cases, needs_credential=False),
    WireCheck("credentials-before-body", credentials_before_body_cases, needs_credential=False),
    WireCheck("media-types", media_types.media_type_cases),
    WireCheck("other-media-types", media_types.other_media_type_cases),
    WireCheck("charsets", media_types.charset_cases),
    WireCheck("content-encoding", media_types.content_encoding_cases),
    WireCheck("member-names", bodies.member_name_cases),
    WireCheck("ids", bodies.id_cases),
    WireCheck("items", bodies.list_item_cases),
    WireCheck("empty-lists", bodies.empty_list_cases),
    WireCheck("broken-bodies", bodies.invalid_body_cases),
    WireCheck("xml", bodies.xml_cases),
    WireCheck("form", bodies.form_cases),
    WireCheck("limits", bodies.limit_cases),
    WireCheck("sample", page_sample.sample_cases),
    WireCheck("select", routing.select_cases),
    WireCheck("negotiation", routing.negotiation_cases),
    WireCheck("paths", routing.path_cases),
    WireCheck("methods", routing.method_cases, needs_credential=False),
    WireCheck("errors", routing.error_cases),
    WireCheck("origins", cors.origin_cases),
    WireCheck(READINGS_CHECK, page_sample.reading_cases, needs_credential=False),
)
"""In the order in which they run."""
