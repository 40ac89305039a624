"""The table of the checks of single calls.

They need only the response. The EffectChecks are in `side_effects.py`, `credentials.py`,
`office_calls.py`, `sync_effects.py`, `sockets.py` and `throttle/real_time.py`; `suite/run.py` joins
all tables.
"""

from typing import Final

from superoffice_contract.checks import bodies, cors, media_types, routing
from superoffice_contract.checks.check import WireCheck
from superoffice_contract.checks.credentials import (
    credentials_before_body_cases,
    invalid_credential_cases,
    valid_credential_cases,
)

WIRE_CHECKS: Final = (
    WireCheck("credentials-let-in", valid_credential_cases, is_about_tenants=True),
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
    WireCheck("sample", bodies.sample_cases),
    WireCheck("select", routing.select_cases),
    WireCheck("negotiation", routing.negotiation_cases),
    WireCheck("paths", routing.path_cases, is_about_tenants=True),
    WireCheck("methods", routing.method_cases, needs_credential=False),
    WireCheck("errors", routing.error_cases),
    WireCheck("origins", cors.origin_cases),
)
"""In the order in which they run."""
