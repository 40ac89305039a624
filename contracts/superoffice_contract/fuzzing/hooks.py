"""The hooks that `st run` loads, named by `hooks` in schemathesis.toml."""

import os
from typing import Any, Final

import schemathesis
from schemathesis import Case, HookContext

from superoffice_contract.fuzzing import custom_checks, serializers
from superoffice_contract.openapi import claims, operations

APP_TOKEN: Final = "SUPEROFFICE_APP_TOKEN"
"""The environment variable with the app token, which a ticket for Online needs."""

_DESCRIBED: Final = operations.load().operations
serializers.register(_DESCRIBED)
custom_checks.register(_DESCRIBED)
schemathesis.hook("filter_failure")(custom_checks.failure_filter(_DESCRIBED))


@schemathesis.hook("before_load_schema")
def remove_claims(_: HookContext, raw_schema: dict[str, Any]) -> None:
    """Remove every `x-claim`, which Schemathesis would take for a constraint."""
    clean_schema = claims.without_claims(raw_schema)
    raw_schema.clear()
    raw_schema.update(clean_schema)


@schemathesis.hook("before_call")
def add_app_token(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
    """Send the app token, if there is one."""
    token = os.environ.get(APP_TOKEN)
    if token is not None:
        case.headers["SO-AppToken"] = token
