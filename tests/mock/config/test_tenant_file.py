"""Tenants of a configuration: the demo tenants, tables of a file, and invalid tables."""

import tomllib
from typing import Any

import pytest

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings
from superoffice_mock.config.tenant_file import list_warnings, load_tenants
from superoffice_mock.core.credentials import App, Session
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import SECOND, AccountId, Installation, TenantId
from superoffice_mock.errors import SetupError

ONSITE = 'id = "a"\ninstallation = "onsite"\n'


def parse(tables: list[Any], expires_after: float | None = None) -> tuple[TenantFacts, ...]:
    return load_tenants(Settings(expires_after=expires_after), tables, "mock.toml")


def demo_tenant(id_: str) -> TenantFacts:
    return {tenant.id: tenant for tenant in parse(demo_tables())}[TenantId(id_)]


def error_of(*tables: Any) -> str:
    """Return the message of the error that *tables* raise."""
    with pytest.raises(SetupError) as error:
        parse(list(tables))
    return str(error.value)


# ---- the demo tenants ------------------------------------------------------------------------


@pytest.mark.claim("sample-credential")
def test_the_onsite_demo_tenant_has_the_user_of_the_page() -> None:
    onsite = demo_tenant("onsite")
    assert onsite.known_credentials.users == {"tje0": "Tje0"}
    assert onsite.known_credentials.tickets == {"7T:demo-ticket"}
    assert onsite.sessions == {"demo-session": Session("demo-session", "demo-xsrf", "tje0")}
    assert not onsite.known_credentials.apps
    assert not onsite.known_credentials.tokens


def test_an_online_demo_tenant_has_an_app_with_the_agent_and_an_account_with_its_own_time() -> None:
    assert [(tenant.id, tenant.installation) for tenant in parse(demo_tables())] == [
        ("onsite", Installation.ONSITE),
        ("Cust12345", Installation.ONLINE),
        ("Cust54321", Installation.ONLINE),
    ]
    online = demo_tenant("Cust12345")
    app = App("demo-app", "demo-app-token", email_agent=True)
    assert online.known_credentials.apps == {"demo-app-token": app}
    assert online.known_credentials.tokens == {"8A:Cust12345.demo-token": app}
    assert online.durations.of(AccountId(507)) == 2 * SECOND
    assert online.durations.of(AccountId(508)) == 5 * SECOND


@pytest.mark.claim("grant")
def test_the_other_online_demo_tenant_did_not_grant_the_agent() -> None:
    known = demo_tenant("Cust54321").known_credentials
    assert [app.email_agent for app in known.apps.values()] == [False]
    assert [app.email_agent for app in known.tokens.values()] == [False]


# ---- valid tables ----------------------------------------------------------------------------


def test_a_tenant_needs_only_an_id_and_an_installation() -> None:
    (tenant,) = parse([{"id": "t-1", "installation": "online"}])
    assert (tenant.id, tenant.installation) == ("t-1", Installation.ONLINE)
    assert not tenant.known_credentials.users
    assert not tenant.sessions


def test_the_settings_apply_to_the_tenants_of_a_file_and_to_the_demo_tenants() -> None:
    readings = Readings(run="blocking")
    settings = Settings(seconds_per_account=0.25, readings=readings, expires_after=60)
    tables = [{"id": "a", "installation": "onsite"}]
    tenants = (*load_tenants(settings, tables, "mock.toml"), *load_tenants(settings))
    assert [tenant.id for tenant in tenants] == ["a", "onsite", "Cust12345", "Cust54321"]
    for tenant in tenants:
        assert tenant.readings is readings
        assert tenant.durations.default == SECOND // 4
        assert tenant.lifetimes.ticket == 60 * SECOND


@pytest.mark.claim("basic-empty-password")
def test_a_password_may_be_empty_and_an_app_has_the_agent_by_default() -> None:
    users = [{"name": "ann", "password": ""}]
    apps = [{"name": "a", "token": "x"}]
    (tenant,) = parse([{"id": "onsite", "installation": "onsite", "users": users, "apps": apps}])
    assert tenant.known_credentials.users == {"ann": ""}
    assert tenant.known_credentials.apps["x"].email_agent is True


def test_a_tenants_own_lifetimes_override_the_setting() -> None:
    vendors_lifetimes = {"tickets": 21600, "tokens": 3600}
    cases: list[tuple[Any, float | None, tuple[float | None, ...]]] = [
        (None, None, (None, None, None)),
        (None, 60.0, (60, 60, 60)),
        (3600, None, (3600, 3600, 3600)),
        (0.5, 60.0, (0.5, 0.5, 0.5)),
        (vendors_lifetimes, None, (21600, 3600, None)),
        (vendors_lifetimes, 60.0, (21600, 3600, 60)),
        ({"sessions": 1200}, 60.0, (60, 60, 1200)),
        ({}, None, (None, None, None)),
    ]
    for own, setting, expected in cases:
        table = {"id": "a", "installation": "onsite"}
        (tenant,) = parse([table if own is None else {**table, "expires-after": own}], setting)
        lifetimes = tenant.lifetimes
        assert [lifetimes.ticket, lifetimes.token, lifetimes.session] == [
            None if seconds is None else seconds * SECOND for seconds in expected
        ], (own, setting)


# ---- warnings --------------------------------------------------------------------------------


def test_credentials_that_the_installation_never_accepts_get_a_warning() -> None:
    users = {"users": [{"name": "a", "password": "b"}]}
    tokens = {"apps": [{"name": "a", "token": "b"}], "tokens": [{"value": "c", "app": "a"}]}
    for installation, keys, warning_part in (
        ("online", users, "users: Basic is never accepted"),
        ("onsite", tokens, "tokens: Bearer is never accepted"),
    ):
        table = {"id": "odd", "installation": installation, **keys}
        (warning,) = list_warnings(parse([*demo_tables(), table]), "mock.toml")
        assert warning.startswith(f"mock.toml: tenant 'odd': {warning_part}")
        assert "give it " in warning


# ---- invalid tables --------------------------------------------------------------------------

INVALID: list[tuple[str, str]] = [  # what is wrong with a table, and part of the message
    ("expires-after = 0", "expires-after"),
    ("expires-after = {ticket = 1}", "expires-after: unknown key 'ticket'; did you mean 'tickets'"),
    ('expires-after = "1h"', "tenant 1, expires-after: expected a number or a table, got text"),
    ("accounts = [{id = 2147483648, seconds = 1}]", "accounts 1, id: expected at most 2147483647"),
    ("accounts = [{id = -2147483649, seconds = 1}]", "1, id: expected at least -2147483648"),
    ("accounts = [{id = 1, seconds = -1}]", "tenant 1, accounts 1, seconds: expected at least 0"),
    ("accounts = [{id = 1, seconds = nan}]", "tenant 1, accounts 1, seconds: expected at "),
    ('tickets = [""]', "tenant 1, tickets 1: expected text that is not empty"),
    ('users = "x"', "tenant 1, users: expected a list, got text"),
    ("apps = [{name = 'a', token = 'x', email_agent = true}]", "did you mean 'email-agent'"),
    ("sessions = [{ID = 'a', xsrf = 'x', user = 'u'}]", "unknown key 'ID'; did you mean 'id'"),
    (
        "tokens = [{value = 'x', app = 'ghost'}]",
        "tenant 'a': token 1 names an app that is not one of its apps",
    ),
    ("userz = []", "unknown key 'userz'; did you mean 'users'"),
    ("qqqqqq = 1", "unknown key; the keys are: accounts, apps, "),
]
ID_RULES = "use up to 63 letters, digits and hyphens, and not 'api'"
NO_TABLES: list[Any] = ["onsite", 1, None, []]
INVALID_TABLES: list[tuple[list[Any], str]] = [
    ([{"installation": "onsite"}], "tenant 1: 'id' is missing"),
    ([{"id": "a"}], "tenant 1: 'installation' is missing; set it to online or onsite"),
    ([{"id": "a", "installation": "x"}], "installation: expected one of online, onsite"),
    *(
        ([{"id": id_, "installation": "onsite"}], f"the id of tenant 1 is invalid; {ID_RULES}")
        for id_ in ("a b", "", "a/b", "API", "a" * 64, "_mock")
    ),
    (
        [{"id": id_, "installation": "online"} for id_ in ("Cust1", "CUST1")],
        "tenant 2 has the id of an earlier one; ids ignore case",
    ),
    ([], "no [[tenant]]"),
    *(([item], "tenant 1: expected a table, got ") for item in NO_TABLES),
]


def test_an_invalid_table_is_an_error_with_its_source_and_place() -> None:
    more_tables = [([tomllib.loads(ONSITE + text)], expected) for text, expected in INVALID]
    for tables, expected in (*INVALID_TABLES, *more_tables):
        message = error_of(*tables)
        assert message.startswith("mock.toml: "), (tables, message)
        assert expected in message, (tables, message)
        assert "\n" not in message, (tables, message)
