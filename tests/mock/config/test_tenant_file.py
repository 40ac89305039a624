"""Tenants as configured: the demo world, a file's own, and what is wrong with one."""

import tomllib
from typing import Any

import pytest

from superoffice_mock.config import tenant_file
from superoffice_mock.config.settings import Settings
from superoffice_mock.core.credentials import App, Session
from superoffice_mock.core.readings import Readings
from superoffice_mock.core.state import TenantFacts
from superoffice_mock.core.sync_run import AccountId, Installation, TenantId
from superoffice_mock.errors import SetupError

SECOND = 1_000_000_000


def made(tables: list[Any]) -> tuple[TenantFacts, ...]:
    return tenant_file.tenants(tables, "mock.toml", 5.0, Readings())


def parsed(text: str) -> list[Any]:
    return list(tomllib.loads(text)["tenant"])


def demo_tenant(id_: str) -> TenantFacts:
    return {tenant.id: tenant for tenant in made(tenant_file.demo())}[TenantId(id_)]


def test_the_demo_world_has_the_three_tenants_of_the_design() -> None:
    assert [(tenant.id, tenant.installation) for tenant in made(tenant_file.demo())] == [
        ("onsite", Installation.ONSITE),
        ("Cust12345", Installation.ONLINE),
        ("Cust54321", Installation.ONLINE),
    ]


@pytest.mark.claim("sample-credential")
def test_the_onsite_demo_tenant_knows_the_user_of_the_page() -> None:
    onsite = demo_tenant("onsite")
    assert onsite.known.users == {"tje0": "Tje0"}
    assert onsite.known.tickets == {"7T:demo-ticket"}
    assert onsite.sessions == {"demo-session": Session("demo-session", "demo-xsrf", "tje0")}
    assert not onsite.known.apps
    assert not onsite.known.tokens


def test_the_online_demo_tenant_has_an_app_with_the_agent_and_an_account_of_its_own_time() -> None:
    online = demo_tenant("Cust12345")
    app = App("demo-app", "demo-app-token", email_agent=True)
    assert online.known.apps == {"demo-app-token": app}
    assert online.known.tokens == {"8A:Cust12345.demo-token": app}
    assert online.durations.of(AccountId(507)) == 2 * SECOND
    assert online.durations.of(AccountId(508)) == 5 * SECOND


@pytest.mark.claim("grant")
def test_the_other_online_demo_tenant_did_not_grant_the_agent() -> None:
    restricted = demo_tenant("Cust54321")
    assert [app.email_agent for app in restricted.known.apps.values()] == [False]
    assert [app.email_agent for app in restricted.known.tokens.values()] == [False]


def test_a_tenant_needs_no_more_than_an_id_and_an_installation() -> None:
    (tenant,) = made(parsed('[[tenant]]\nid = "t-1"\ninstallation = "online"'))
    assert (tenant.id, tenant.installation) == ("t-1", Installation.ONLINE)
    assert not tenant.known.users
    assert not tenant.sessions


def test_readings_and_the_time_of_an_account_hold_for_every_tenant() -> None:
    readings = Readings(run="blocking")
    for tenant in tenant_file.tenants(tenant_file.demo(), "mock.toml", 0.25, readings):
        assert tenant.readings is readings
        assert tenant.durations.each == SECOND // 4


def test_what_the_settings_say_of_tenants_holds_for_those_of_a_file_and_of_the_demo_world() -> None:
    readings = Readings(run="blocking")
    settings = Settings(seconds_per_account=0.25, readings=readings, expires_after=60)
    tables = parsed('[[tenant]]\nid = "a"\ninstallation = "onsite"')
    found = (*tenant_file.of(settings, tables, "mock.toml"), *tenant_file.of(settings))
    assert [tenant.id for tenant in found] == ["a", "onsite", "Cust12345", "Cust54321"]
    for tenant in found:
        assert (tenant.readings, tenant.durations.each) == (readings, SECOND // 4)
        assert tenant.lifetimes.ticket == 60 * SECOND


def test_what_is_wrong_with_tables_is_told_with_where_they_come_from() -> None:
    with pytest.raises(SetupError, match=r"^mock\.toml: no \[\[tenant\]\]"):
        tenant_file.of(Settings(), [], "mock.toml")


@pytest.mark.claim("basic-empty-password")
def test_a_password_may_be_empty_and_an_app_has_the_agent_unless_told_otherwise() -> None:
    (tenant,) = made(
        parsed("""
            [[tenant]]
            id = "onsite"
            installation = "onsite"
            users = [{ name = "ann", password = "" }]
            apps = [{ name = "a", token = "x" }]
        """)
    )
    assert tenant.known.users == {"ann": ""}
    assert tenant.known.apps["x"].email_agent is True


# ---- lifetimes -------------------------------------------------------------------------------

VENDORS = "expires-after = { tickets = 21600, tokens = 3600 }"


@pytest.mark.parametrize(
    ("text", "usual", "lifetimes"),
    [
        ("", None, (None, None, None)),
        ("", 60.0, (60, 60, 60)),
        ("expires-after = 3600", None, (3600, 3600, 3600)),
        ("expires-after = 0.5", 60.0, (0.5, 0.5, 0.5)),
        (VENDORS, None, (21600, 3600, None)),
        (VENDORS, 60.0, (21600, 3600, 60)),
        ("expires-after = { sessions = 1200 }", 60.0, (60, 60, 1200)),
        ("expires-after = {}", None, (None, None, None)),
    ],
)
def test_lifetimes_are_the_tenants_own_or_the_usual_ones(
    text: str, usual: float | None, lifetimes: tuple[float | None, ...]
) -> None:
    tables = parsed(f'[[tenant]]\nid = "a"\ninstallation = "onsite"\n{text}')
    (tenant,) = tenant_file.tenants(tables, "mock.toml", 5.0, Readings(), usual)
    expected = [None if one is None else one * SECOND for one in lifetimes]
    found = tenant.lifetimes
    assert [found.ticket, found.token, found.session] == expected


# ---- what is odd -----------------------------------------------------------------------------


def test_the_demo_world_has_nothing_odd() -> None:
    assert tenant_file.warnings(made(tenant_file.demo()), "x") == []


@pytest.mark.parametrize(
    ("installation", "more", "told"),
    [
        ("online", {"users": [{"name": "a", "password": "b"}]}, "users: Basic is never accepted"),
        (
            "onsite",
            {"apps": [{"name": "a", "token": "b"}], "tokens": [{"value": "c", "app": "a"}]},
            "tokens: Bearer is never accepted",
        ),
    ],
)
def test_credentials_that_never_let_in_are_worth_a_warning(
    installation: str, more: dict[str, Any], told: str
) -> None:
    odd = {"id": "one", "installation": installation, **more}
    (warning,) = tenant_file.warnings(made([*tenant_file.demo(), odd]), "mock.toml")
    assert warning.startswith(f"mock.toml: tenant 'one': {told}")
    assert "give it " in warning


# ---- what cannot be --------------------------------------------------------------------------

WRONG = {
    "no lifetime": ('id = "a"\ninstallation = "onsite"\nexpires-after = 0', ["expires-after"]),
    "a lifetime of another kind": (
        'id = "a"\ninstallation = "onsite"\nexpires-after = { ticket = 1 }',
        ["`ticket`", "expires-after", "did you mean 'tickets'"],
    ),
    "a lifetime that is no number": (
        'id = "a"\ninstallation = "onsite"\nexpires-after = "1h"',
        ["expires-after"],
    ),
    "no id": ('installation = "onsite"', ["id", "missing"]),
    "no installation": ('id = "a"', ["installation", "missing"]),
    "an unknown installation": ('id = "a"\ninstallation = "cloud"', ["installation", "cloud"]),
    "a blank in the id": ('id = "a b"\ninstallation = "onsite"', ["'a b'", "hyphens"]),
    "an empty id": ('id = ""\ninstallation = "onsite"', ["''"]),
    "a slash in the id": ('id = "a/b"\ninstallation = "onsite"', ["'a/b'"]),
    "the id api": ('id = "API"\ninstallation = "onsite"', ["'API'", "not 'api'"]),
    "a very long id": (f'id = "{"a" * 64}"\ninstallation = "onsite"', ["aaaa"]),
    "the id of a path of ours": ('id = "_mock"\ninstallation = "onsite"', ["'_mock'"]),
    "a token of no app": (
        'id = "a"\ninstallation = "online"\ntokens = [{ value = "8A:x", app = "ghost" }]',
        ["'a'", "'ghost'"],
    ),
    "an id beyond int32": (
        'id = "a"\ninstallation = "onsite"\naccounts = [{ id = 2147483648, seconds = 1 }]',
        ["accounts[0].id"],
    ),
    "an id below int32": (
        'id = "a"\ninstallation = "onsite"\naccounts = [{ id = -2147483649, seconds = 1 }]',
        ["accounts[0].id"],
    ),
    "negative seconds": (
        'id = "a"\ninstallation = "onsite"\naccounts = [{ id = 1, seconds = -1 }]',
        ["accounts[0].seconds"],
    ),
    "seconds that are no number": (
        'id = "a"\ninstallation = "onsite"\naccounts = [{ id = 1, seconds = nan }]',
        ["accounts[0].seconds"],
    ),
    "an empty ticket": ('id = "a"\ninstallation = "onsite"\ntickets = [""]', ["tickets[0]"]),
    "users that are no list": ('id = "a"\ninstallation = "onsite"\nusers = "x"', ["users"]),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_tenant_that_cannot_be_is_an_error_with_its_source_and_place(what: str) -> None:
    text, told = WRONG[what]
    with pytest.raises(SetupError) as error:
        made(parsed(f"[[tenant]]\n{text}"))
    message = str(error.value)
    assert message.startswith("mock.toml: ")
    assert all(one in message for one in told), message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "wrong", "near"),
    [
        ("userz = []", "userz", "users"),
        ("apps = [{ name = 'a', token = 'x', email_agent = true }]", "email_agent", "email-agent"),
        ("sessions = [{ ID = 'a', xsrf = 'x', user = 'u' }]", "ID", "id"),
    ],
)
def test_an_unknown_key_of_a_tenant_names_the_nearest_known_one(
    text: str, wrong: str, near: str
) -> None:
    with pytest.raises(SetupError) as error:
        made(parsed(f'[[tenant]]\nid = "onsite"\ninstallation = "onsite"\n{text}'))
    assert f"`{wrong}`" in str(error.value)
    assert f"did you mean {near!r}" in str(error.value)


def test_a_key_like_no_other_is_an_error_without_a_guess() -> None:
    with pytest.raises(SetupError) as error:
        made([{"id": "a", "installation": "onsite", "qqqqqq": 1}])
    assert "`qqqqqq`" in str(error.value)
    assert "did you mean" not in str(error.value)


def test_two_tenants_may_not_differ_in_case_alone() -> None:
    twice = [{"id": one, "installation": "online"} for one in ("Cust1", "CUST1")]
    with pytest.raises(SetupError, match="two tenants are called 'CUST1'"):
        made(twice)


def test_an_empty_list_of_tenants_is_an_error() -> None:
    with pytest.raises(SetupError, match=r"no \[\[tenant\]\]"):
        made([])


@pytest.mark.parametrize("table", ["onsite", 1, None, []])
def test_a_tenant_that_is_no_table_is_an_error(table: Any) -> None:
    with pytest.raises(SetupError, match=r"mock\.toml: \[\[tenant\]\]"):
        made([table])


def test_a_secret_with_a_mistake_beside_it_is_not_repeated() -> None:
    table = {"id": "a", "installation": "onsite", "tickets": ["7T:very-secret", 5]}
    with pytest.raises(SetupError) as error:
        made([table])
    assert "very-secret" not in str(error.value)
