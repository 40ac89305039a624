"""The hooks that `st run` loads, named by `hooks` in schemathesis.toml."""

import os
from typing import Any, Final

import schemathesis
from schemathesis import Case, HookContext

from superoffice_contract.fuzzing import custom_checks, serializers

APP_TOKEN: Final = "SUPEROFFICE_APP_TOKEN"
"""The environment variable with the app token, which a ticket for Online needs."""

serializers.register()
custom_checks.register()
schemathesis.hook("filter_failure")(custom_checks.is_justified)


@schemathesis.hook("before_load_schema")
def without_claims(_: HookContext, raw_schema: Any) -> None:  # noqa: ANN401 - JSON
    """Remove every `x-claim`, which Schemathesis would take for a constraint."""
    if isinstance(raw_schema, dict):
        raw_schema.pop("x-claim", None)
    children = raw_schema.values() if isinstance(raw_schema, dict) else raw_schema
    for child in children:
        if isinstance(child, dict | list):
            without_claims(_, child)


@schemathesis.hook("before_call")
def with_app_token(_: HookContext, case: Case[Any], __: dict[str, Any]) -> None:
    """Send the app token, if there is one."""
    token = os.environ.get(APP_TOKEN)
    if token is not None:
        case.headers["SO-AppToken"] = token
