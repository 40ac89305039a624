"""What the installation tells of itself: versions, calls, the client, and the tenant's state."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from superoffice_contract.openapi import operations
from superoffice_contract.openapi.operations import Operation
from superoffice_mock.core.state import TenantFacts, TenantState
from superoffice_mock.core.sync_run import SECOND, Duration, Instant
from superoffice_mock.core.verdicts import Call, Handler, Served, Verdict
from superoffice_mock.webapi.entry import Entry, make_factories
from superoffice_mock.webapi.operations.email_accounts import own_accounts
from superoffice_mock.webapi.operations.values import moment_value

VERSION: Final = "12.4.1514.0"
"""The release of the vendor's client with which the claims were observed."""
STATE_VALID_FOR: Final = Duration(60 * SECOND)
_VERSIONS: Final = {
    "NetServerVersion": VERSION,
    "NetServerAssembly": "12.4.0.0",
    "NetServerDate": "2026-11-30",
    "NetServerLabel": "superoffice-mock",
    "NetServer": "superoffice-mock, not a SuperOffice NetServer",
    "Services": "Services88",
    "ServicesCurrent": "Services88",
    "Version": "v1",
}

_Value = Callable[[TenantFacts, TenantState, Call, Instant], Any]


def _url(facts: TenantFacts, call: Call) -> str:
    """Return the URL of the tenant in this mock, on the host that the tenant is to be called on."""
    return f"{call.scheme}://{facts.host or call.host}/{facts.id}"


def _versions(facts: TenantFacts, _: TenantState, call: Call, __: Instant) -> dict[str, str]:
    return {"v1": f"{_url(facts, call)}/api/v1/", **_VERSIONS}


def _urls(facts: TenantFacts, _: TenantState, call: Call, __: Instant) -> dict[str, dict[str, str]]:
    url = _url(facts, call)
    return {
        f"{url}{operation.path}": {operation.method: operation.document["summary"]}
        for operation in operations.load().operations.values()
        if operation.path.startswith("/api/v1/")
        and operation.method == ("GET" if operation.agent is None else "POST")
    }


def _principal(facts: TenantFacts, state: TenantState, call: Call, _: Instant) -> dict[str, Any]:
    user = call.principal and call.principal.user
    app = call.principal and call.principal.app
    accounts = own_accounts(state, call) if user else []
    owner = accounts[0] if accounts else None
    return {
        "UserType": "InternalAssociate" if user else "SystemAssociate",
        "Associate": user or (app and app.name),
        "AssociateId": owner.associate_id if owner else 0,
        "IsPerson": bool(user),
        **dict.fromkeys(("PersonId", "CountryId", "HomeCountryId", "ContactId", "GroupId"), 0),
        **dict.fromkeys(("BusinessId", "CategoryId", "ContactOwner", "RoleId"), 0),
        "RoleName": None,
        "RoleDescription": None,
        "RoleType": "Employee" if user else "System",
        "Licenses": [],
        "FullName": user,
        "EMailAddress": owner and owner.address,
        "FunctionRights": [],
        "EjUserId": 0,
        "EjAccessLevel": 0,
        "EjUserStatus": "StatusNormal",
        "ProvidedCredentials": [],
        "SecondaryGroups": [],
        "DatabaseContextIdentifier": facts.id,
    }


def _tenant_state(
    facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> dict[str, Any]:
    url = _url(facts, call)
    return {
        "ContextIdentifier": facts.id,
        "Endpoint": url,
        "State": state.status.text,
        "IsRunning": state.status.is_running,
        "ValidUntil": moment_value(Instant(now + STATE_VALID_FOR)),
        "Api": f"{url}/api",
        "Version": VERSION,
    }


def _serve(
    value: _Value, facts: TenantFacts, state: TenantState, call: Call, now: Instant
) -> tuple[TenantState, Verdict]:
    return state, Served(now, value(facts, state, call, now))


def _make_state_entry(operation: Operation) -> Entry:
    handler = Handler(partial(_serve, _tenant_state))
    return Entry(operation, handler, tenant="tenant", answers_always=True)


ENTRIES: Final[Mapping[str, Callable[[Operation], Entry]]] = {
    **make_factories(
        {
            "GetApi": partial(_serve, _versions),
            "GetApiVersion1": partial(_serve, _urls),
            "GetCurrentPrincipal": partial(_serve, _principal),
        }
    ),
    "GetTenantState": _make_state_entry,
}
