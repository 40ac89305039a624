"""Tenants of a configuration: the demo tenants, tables of a file, and invalid tables."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi.readings import Readings
from superoffice_mock.config.settings import Settings, load
from superoffice_mock.config.tenant_file import list_warnings, load_tenants
from superoffice_mock.core.accounts import DEFAULT_FAILURE, Failures
from superoffice_mock.core.clock import FrozenClock
from superoffice_mock.core.credentials import App, Session
from superoffice_mock.core.state import TenantFacts, TenantStatus
from superoffice_mock.core.sync_run import SECOND, AccountId, Installation, Instant, TenantId
from superoffice_mock.errors import SetupError
from superoffice_mock.webapi.operations.due_accounts import list_due
from tests.mock.core.builders import at
from tests.support.in_process import EPOCH, InProcessMock
from tests.support.sign_in import public_pem

ONSITE = 'id = "a"\ninstallation = "onsite"\n'

ACCOUNTS = """
state = "online-maintenance"
host = "sod2.superoffice.com:443"
accounts = [
  { id = 1 },
  { id = 2, address = "ole@example.com", associate = "ole", associate-id = 9, folder = "Post",
    seconds = 0.5, fails = "full", fails-times = 2, failed-after = 3,
    last-fetch = 2025-01-01T09:59:59.5001+01:00 },
  { id = 3, associate = "ole", fails-times = 1, last-fetch = 90 },
]
""".replace(",\n    ", ", ")


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
    app = App("demo-app", "demo-app-token", email_agent=True, client_id="demo-app")
    assert online.known_credentials.apps == {"demo-app-token": app}
    assert online.known_credentials.tokens == {"8A:Cust12345.demo-token": app}
    assert online.known_credentials.refresh_tokens == {"Cust12345.demo-refresh-token": app}
    assert online.durations.of(AccountId(507)) == 2 * SECOND
    assert online.durations.of(AccountId(508)) == 5 * SECOND


def test_two_demo_tenants_have_a_dozen_accounts_worth_looking_at() -> None:
    for id_ in ("onsite", "Cust12345"):
        tenant = demo_tenant(id_)
        accounts = tenant.accounts.values()
        assert [account.id for account in accounts] == list(range(507, 519))
        assert {account.associate for account in accounts} == {"tje0", "anne"}
        assert [account.id for account in accounts if account.failures] == [513, 514]
        slow = [account.id for account in accounts if (account.seconds or 0) > 5 * SECOND]
        assert slow == [518]
        now = Instant(EPOCH)
        state = tenant.initial_state(FrozenClock(now), now)
        fetches = {id_: status.last_fetch for id_, status in state.history.statuses.items()}
        assert set(range(507, 519)) - fetches.keys() == {511, 512, 514, 517, 518}  # never
        ages = sorted((now - (fetch or 0)) // SECOND for fetch in fetches.values())
        assert ages[:5] == [0, 30, 240, 3_600, 86_400]
        assert ages[5] > 30 * 86_400
        due = [account.id for account in list_due(tenant, state, now)]
        assert due == [509, 510, 511, 512, 513, 514, 516, 517, 518]


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


def test_an_account_needs_only_an_id_and_may_have_much_more() -> None:
    table = tomllib.loads(ONSITE + ACCOUNTS)
    (tenant,) = parse([table])
    plain, rich, other = tenant.accounts.values()
    assert (plain.address, plain.inbox_folder) == ("account1@example.com", "INBOX")
    assert (plain.seconds, plain.failures, plain.first_fetch(at(0))) == (None, None, None)
    owners = [(account.associate, account.associate_id) for account in tenant.accounts.values()]
    assert owners == [("mock-user", 1), ("ole", 9), ("ole", 9)]
    assert rich.address == rich.incoming.username == rich.outgoing.username == "ole@example.com"
    assert (rich.inbox_folder, rich.seconds) == ("Post", SECOND // 2)
    assert rich.failures == Failures("full", 2, 3)
    assert rich.first_fetch(at(0)) == Instant(1_735_721_999_500_000_000)  # UTC, to milliseconds
    assert other.failures == Failures(DEFAULT_FAILURE, 1)
    assert other.first_fetch(at(0)) == at(-90)
    assert tenant.status is TenantStatus.ONLINE_MAINTENANCE
    assert tenant.host == "sod2.superoffice.com:443"


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


def test_a_public_key_may_be_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text(public_pem(), encoding="utf-8")
    app = {"name": "b", "token": "x", "system-user-token": "y", "public-key": "app.pem"}
    table = {"id": "Cust1", "installation": "online", "apps": [app]}
    (tenant,) = load_tenants(Settings(), [table], "mock.toml", tmp_path)
    assert tenant.known_credentials.apps["x"].public_key == public_pem()
    configuration = tmp_path / "mock.toml"
    configuration.write_text('[[tenant]]\nid = "a"\ninstallation = "online"\n')
    assert load(str(configuration), {}, {}, ()).folder == tmp_path


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

NO_MOMENT = (
    "expected a date and time such as 2026-01-31T12:00:00Z or seconds before the tenant starts"
)
INVALID: list[tuple[str, str]] = [  # what is wrong with a table, and part of the message
    ("expires-after = 0", "expires-after"),
    ("expires-after = {ticket = 1}", "expires-after: unknown key 'ticket'; did you mean 'tickets'"),
    ('expires-after = "1h"', "tenant 1, expires-after: expected a number or a table, got text"),
    ("accounts = [{id = 2147483648, seconds = 1}]", "accounts 1, id: expected at most 2147483647"),
    ("accounts = [{id = 1, seconds = -1}]", "tenant 1, accounts 1, seconds: expected at least 0"),
    ("accounts = [{id = 1, seconds = nan}]", "tenant 1, accounts 1, seconds: expected at "),
    ("accounts = [{seconds = 1}]", "tenant 1, accounts 1: 'id' is missing"),
    ("accounts = [{id = 1, folders = 'a'}]", "unknown key 'folders'; did you mean 'folder'?"),
    ("accounts = [{id = 7}, {id = 7}]", "tenant 1: account 2 has the id of an earlier one, 7"),
    (
        "accounts = [{id = 1}, {id = 2, failed-after = 3}]",
        "tenant 1, accounts 2: failed-after needs failures; add fails or fails-times",
    ),
    ("accounts = [{id = 1, fails = ''}]", "accounts 1, fails: expected text that is not empty"),
    ("accounts = [{id = 1, associate-id = 2147483648}]", "associate-id: expected at most 2147"),
    *(
        (
            f"accounts = [{{id = 1, last-fetch = {value}}}]",
            f"accounts 1, last-fetch: {NO_MOMENT}{got}",
        )
        for value, got in (("'now'", ""), ("2026-01-31", ", got a date"), ("true", ", got true"))
    ),
    *(
        (f"accounts = [{{id = {id_}}}]", "accounts 1, id: expected at least 1")
        for id_ in (0, -1, -(2**31) - 1)
    ),
    ("accounts = [{id = 1, last-fetch = 1969-12-31T23:59:59}]", "last-fetch is before 1970; leave"),
    ("state = 'suspend'", "tenant 1: unknown state 'suspend'; did you mean 'suspended'?"),
    ("state = 4", "tenant 1, state: expected text, got a whole number"),
    ("host = 'a/b'", "tenant 1: host: is no host name; expected one such as sod2.superoffice"),
    ('tickets = [""]', "tenant 1, tickets 1: expected text that is not empty"),
    ('users = "x"', "tenant 1, users: expected a list, got text"),
    ("apps = [{name = 'a', token = 'x', email_agent = true}]", "did you mean 'email-agent'"),
    ("sessions = [{ID = 'a', xsrf = 'x', user = 'u'}]", "unknown key 'ID'; did you mean 'id'"),
    (
        "tokens = [{value = 'x', app = 'ghost'}]",
        "tenant 1: token 1 names an app that is not one of its apps",
    ),
    (
        "refresh-tokens = [{value = 'a.x', app = 'ghost'}]",
        "tenant 1: refresh token 1 names an app that is not one of its apps",
    ),
    (
        "apps = [{name = 'b', token = 'x'}]\nrefresh-tokens = [{value = 'x', app = 'b'}]",
        "tenant 1: refresh token 1 must begin with the tenant's id and a dot, by which the mock",
    ),
    (
        "apps = [{name = 'b', token = 'x', public-key = '-----BEGIN PRIVATE KEY-----'}]",
        "tenant 1: app 1: its public-key is a private key; write what `openssl rsa -in KEY",
    ),
    (
        "apps = [{name = 'b', token = 'x', public-key = '-----'}]",
        "tenant 1: app 1: its public-key is not a public key as PEM; write what `openssl",
    ),
    (
        "apps = [{name = 'b', token = 'x', system-user-token = 'y'}]",
        "tenant 1: app 1: public-key and system-user-token belong together; write both or none",
    ),
    (
        "apps = [{name = 'b', token = 'x', public-key = 'none.pem'}]",
        "mock.toml: none.pem: no such file; public-key is PEM, or the name of a file, relative to",
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


def test_an_account_that_was_synced_in_the_future_is_an_error_at_the_start() -> None:
    for moment in ("2027-01-15T08:00:00.001Z", "9999-12-31T23:59:59-01:00"):
        table = tomllib.loads(f"{ONSITE}accounts = [{{id = 1}}, {{id = 7, last-fetch = {moment}}}]")
        with pytest.raises(SetupError) as error:
            InProcessMock(tables=[table])
        fault = "account 7 was last fetched in the future; it is 2027-01-15T08:00:00.000000Z now"
        assert str(error.value) == f"tenant 'a': {fault}"
