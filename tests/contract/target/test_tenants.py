"""Tenants of a target and the credentials that they give rise to."""

import base64
from typing import Any

import pytest

from superoffice_contract.errors import TargetError
from superoffice_contract.openapi import claims
from superoffice_contract.target import credentials, invalid_credentials, tenants
from superoffice_contract.target.credentials import Credential
from superoffice_mock.config import tenant_file
from tests.contract.suite.targets import OTHER, tenant

ONLINE = {
    "id": "Cust1",
    "installation": "online",
    "users": [{"name": "kari", "password": "Kari"}],
    "tickets": ["7T:ticket"],
    "sessions": [{"id": "session", "xsrf": "xsrf"}],
    "apps": [
        {"name": "closed", "token": "closed-token", "email-agent": False},
        {"name": "app", "token": "app-token"},
    ],
    "tokens": [{"value": "8A:closed", "app": "closed"}, {"value": "8A:open", "app": "app"}],
}


def good(table: dict[str, Any]) -> list[Credential]:
    return list(credentials.good(tenant(**table)))


def test_onsite_a_password_a_ticket_and_a_session_are_let_in() -> None:
    headers = [dict(one.headers) for one in good(OTHER)]
    password = base64.b64encode(b"kari:Kari").decode()
    for scheme in ("Basic", "basic"):
        assert {"Authorization": f"{scheme} {password}"} in headers
    for scheme in ("SOTicket", "SoTicket", "SOTICKET"):
        assert {"Authorization": f"{scheme} 7T:other-ticket"} in headers
    session = {"Cookie": "ASP.NET_SessionId=other-session", "X-XSRF-TOKEN": "other-xsrf"}
    assert session in headers
    assert not [one for one in headers if one.get("Authorization", "").startswith("Bearer")]


def test_online_a_ticket_needs_a_granted_app_and_a_token_is_one_of_such_an_app() -> None:
    headers = [dict(one.headers) for one in good(ONLINE)]
    assert {"Authorization": "SOTicket 7T:ticket", "SO-AppToken": "app-token"} in headers
    assert {"Authorization": "Bearer 8A:open"} in headers
    values = str(headers)
    assert "closed" not in values
    assert "Basic" not in values


@pytest.mark.parametrize(
    "table",
    [
        {"id": "Cust1", "installation": "online", "tickets": ["t"]},
        {"id": "Cust1", "installation": "online", "users": ONLINE["users"]},
        {"id": "Cust1", "installation": "online", "apps": ONLINE["apps"]},
        {"id": "onsite", "installation": "onsite"},
        {"id": "onsite", "installation": "onsite", "tokens": ONLINE["tokens"]},
    ],
    ids=["a ticket alone", "a password online", "apps alone", "nobody", "tokens onsite"],
)
def test_a_tenant_may_let_nobody_in(table: dict[str, Any]) -> None:
    assert good(table) == []


@pytest.mark.parametrize(
    "table", [OTHER, ONLINE, *tenant_file.demo()], ids=lambda one: str(one["id"])
)
def test_nothing_that_must_be_refused_is_also_let_in_and_all_stand_for_claims(
    table: dict[str, Any],
) -> None:
    one = tenant(**table)
    let_in, refused = list(credentials.good(one)), list(invalid_credentials.of(one))
    assert {each.headers for each in let_in}.isdisjoint(each.headers for each in refused)
    assert len({each.name for each in refused}) == len(refused)
    named = {id_ for each in (*let_in, *refused) for id_ in each.claims}
    assert named <= set(claims.load())
    assert all(each.claims for each in (*let_in, *refused))


def test_each_credential_of_a_tenant_is_also_tried_bent() -> None:
    onsite = {one.name: dict(one.headers) for one in invalid_credentials.of(tenant(**OTHER))}
    assert onsite["Bearer onsite"] == {"Authorization": "Bearer 7T:other-ticket"}
    wrong = base64.b64decode(onsite["a wrong password"]["Authorization"].removeprefix("Basic "))
    assert wrong.startswith(b"kari:")
    assert wrong != b"kari:Kari"
    assert set(onsite["the cookie of a session alone"]) == {"Cookie"}
    assert set(onsite["the XSRF value of a session alone"]) == {"X-XSRF-TOKEN"}
    online = {one.name: dict(one.headers) for one in invalid_credentials.of(tenant(**ONLINE))}
    assert online["a ticket without app token"] == {"Authorization": "SOTicket 7T:ticket"}
    without = online["a token of an app without the EMail agent"]
    assert without == {"Authorization": "Bearer 8A:closed"}
    assert "Basic Online" in online
    assert "Basic Online" not in onsite


def test_two_authorizations_are_two_headers() -> None:
    (twice,) = [one for one in invalid_credentials.of(tenant(**OTHER)) if "two" in one.name]
    assert [name for name, _ in twice.headers] == ["Authorization", "Authorization"]


def test_what_is_invented_has_nothing_of_any_tenant() -> None:
    values = str([one.headers for one in invalid_credentials.invented()])
    real = ("kari", "7T:other-ticket", "other-session", "other-xsrf", base64.b64encode(b"kari:"))
    assert [one for one in real if str(one) in values] == []
    assert len(list(invalid_credentials.invented())) >= 10


@pytest.mark.parametrize(("id_", "base"), [("onsite", ""), ("Cust1", "/Cust1"), ("t-1", "/t-1")])
def test_a_tenant_answers_under_its_id_and_onsite_at_the_root(id_: str, base: str) -> None:
    assert tenant(id=id_, installation="onsite").base == base


@pytest.mark.parametrize(
    ("tables", "what"),
    [
        ([{"installation": "onsite"}], "missing required field `id`"),
        ([{"id": "x", "installation": "cloud"}], "cloud"),
        ([{"id": "x", "installation": "onsite", "tickets": [""]}], "length >= 1"),
        ([{"id": "x", "installation": "onsite", "users": [{"name": "x"}]}], "password"),
        (["x"], "Expected `object`"),
    ],
)
def test_a_wrong_table_is_told_with_its_file_and_place(tables: list[Any], what: str) -> None:
    with pytest.raises(TargetError, match=r"^here\.toml: \[\[tenant\]\]: ") as caught:
        tenants.tenants(tables, "here.toml")
    assert what in str(caught.value)
