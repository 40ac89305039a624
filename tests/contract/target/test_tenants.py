"""Tenants of a target, and the valid and invalid credentials that follow from them."""

import base64
from typing import Any

import pytest

from superoffice_contract.errors import TargetError
from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi import claims
from superoffice_contract.target import tenants
from superoffice_contract.target.credentials import (
    Credential,
    invalid_credentials,
    unknown_credentials,
    valid_credentials,
)
from superoffice_contract.target.tenants import TargetTenant
from tests.contract.suite.targets import ONLINE_TENANT, OTHER_TENANT


def list_valid(tenant: TargetTenant) -> list[Credential]:
    return list(valid_credentials(tenant))


def test_onsite_a_password_a_ticket_and_a_session_are_valid() -> None:
    headers = [dict(credential.headers) for credential in list_valid(OTHER_TENANT)]
    password = base64.b64encode(b"kari:Kari").decode()
    for scheme in ("Basic", "basic"):
        assert {"Authorization": f"{scheme} {password}"} in headers
    for scheme in ("SOTicket", "SoTicket", "SOTICKET"):
        assert {"Authorization": f"{scheme} 7T:other-ticket"} in headers
    session = {"Cookie": "ASP.NET_SessionId=other-session", "X-XSRF-TOKEN": "other-xsrf"}
    assert session in headers
    assert not [True for names in headers if names.get("Authorization", "").startswith("Bearer")]


def test_online_only_tickets_and_tokens_of_an_app_with_grant_are_valid() -> None:
    headers = [dict(credential.headers) for credential in list_valid(ONLINE_TENANT)]
    assert {"Authorization": "SOTicket 7T:ticket", "SO-AppToken": "app-token"} in headers
    assert {"Authorization": "Bearer 8A:open"} in headers
    values = str(headers)
    assert "closed" not in values
    assert "Basic" not in values


def test_a_tenant_may_have_no_valid_credentials() -> None:
    full = ONLINE_TENANT
    for tenant in (
        TargetTenant("Cust1", "online", tickets=("t",)),
        TargetTenant("Cust1", "online", users=full.users),
        TargetTenant("Cust1", "online", apps=full.apps),
        TargetTenant("onsite", "onsite"),
        TargetTenant("onsite", "onsite", tokens=full.tokens),
    ):
        assert list_valid(tenant) == [], tenant


def test_no_credential_is_both_valid_and_invalid_and_each_has_claims() -> None:
    demo_tenants = tenants.read_tenants(demo_tables(), "the demo tenants")
    for tenant in (OTHER_TENANT, ONLINE_TENANT, *demo_tenants):
        valid, invalid = list_valid(tenant), list(invalid_credentials(tenant))
        valid_headers = {credential.headers for credential in valid}
        assert valid_headers.isdisjoint(credential.headers for credential in invalid), tenant
        assert len({credential.name for credential in invalid}) == len(invalid), tenant
        for credential in (*valid, *invalid):
            assert credential.claims, credential
            assert set(credential.claims) <= set(claims.load()), credential


def headers_by_name(tenant: TargetTenant) -> dict[str, dict[str, str]]:
    return {credential.name: dict(credential.headers) for credential in invalid_credentials(tenant)}


def test_each_credential_of_a_tenant_is_also_tried_with_a_change() -> None:
    onsite = headers_by_name(OTHER_TENANT)
    assert onsite["a ticket as Bearer"] == {"Authorization": "Bearer 7T:other-ticket"}
    wrong = base64.b64decode(onsite["a wrong password"]["Authorization"].removeprefix("Basic "))
    assert wrong.startswith(b"kari:")
    assert wrong != b"kari:Kari"
    assert set(onsite["the cookie of a session alone"]) == {"Cookie"}
    assert set(onsite["the XSRF value of a session alone"]) == {"X-XSRF-TOKEN"}
    online = headers_by_name(ONLINE_TENANT)
    assert online["a ticket without app token"] == {"Authorization": "SOTicket 7T:ticket"}
    token_headers = online["a token of an app without the EMail agent"]
    assert token_headers == {"Authorization": "Bearer 8A:closed"}
    assert "Basic Online" in online
    assert "Basic Online" not in onsite


def test_two_authorizations_are_two_headers() -> None:
    (credential,) = [item for item in invalid_credentials(OTHER_TENANT) if "two" in item.name]
    assert [name for name, _ in credential.headers] == ["Authorization", "Authorization"]


def test_unknown_credentials_contain_no_secret_of_a_tenant() -> None:
    values = str([credential.headers for credential in unknown_credentials()])
    real = ("kari", "7T:other-ticket", "other-session", "other-xsrf", base64.b64encode(b"kari:"))
    assert [secret for secret in real if str(secret) in values] == []
    assert len(list(unknown_credentials())) >= 10


def test_the_path_of_a_tenant_begins_with_its_id_except_onsite() -> None:
    for id_, base in (("onsite", ""), ("Cust1", "/Cust1"), ("t-1", "/t-1")):
        assert TargetTenant(id_, "onsite").base == base, id_


def test_an_invalid_table_is_reported_with_its_file_and_place() -> None:
    invalid_tables: list[tuple[Any, str]] = [
        ({"installation": "onsite"}, "tenant 1: 'id' is missing"),
        (
            {"id": "x", "installation": "cloud"},
            "tenant 1, installation: expected one of online, onsite",
        ),
        (
            {"id": "x", "installation": "onsite", "tickets": [""]},
            "tenant 1, tickets 1: expected text that is not empty",
        ),
        (
            {"id": "x", "installation": "onsite", "users": [{"name": "x"}]},
            "tenant 1, users 1: 'password' is missing",
        ),
        ("x", "tenant 1: expected a table, got text"),
    ]
    for table, text in invalid_tables:
        with pytest.raises(TargetError, match=r"^here\.toml: tenant 1") as error:
            tenants.read_tenants([table], "here.toml")
        assert text in str(error.value), table
