"""POST /_mock/tenants makes what an app needs to sign in."""

import json
from typing import Any

import pytest

from tests.mock.control.problems import expect_problem
from tests.support.in_process import InProcessMock
from tests.support.sign_in import (
    IDENTITY,
    authenticate,
    public_pem,
    read_jwt,
    refresh,
    sign,
    time_text,
)

APP = {"name": "My.App", "token": "secret"}


async def make(local: InProcessMock, **members: Any) -> Any:
    """Make an Online tenant and return it."""
    body = json.dumps({"installation": "online", **members}).encode()
    response = await local.call("POST", "/_mock/tenants", body, {})
    assert response.status == 201, response.body
    return response.json()


async def test_a_made_tenant_has_a_refresh_token(local: InProcessMock) -> None:
    for members in ({}, {"apps": [APP | {"client_id": "id-1"}]}):
        tenant = await make(local, **members)
        own = tenant["credentials"]
        answer = await refresh(
            local,
            client_id=own["client_id"],
            client_secret=own["app_token"],
            refresh_token=own["refresh_token"],
        )
        assert answer.json()["access_token"].startswith(f"8A:{tenant['id']}."), answer.body


async def test_an_app_with_a_public_key_gets_a_system_user_token(local: InProcessMock) -> None:
    tenant = await make(local, apps=[APP | {"public_key": public_pem()}])
    token = tenant["credentials"]["system_user_token"]
    assert token.startswith("My.App-")
    answer = await authenticate(
        local,
        SignedSystemToken=sign(f"{token}.{time_text()}"),
        ApplicationToken="secret",
        ContextIdentifier=tenant["id"].lower(),
    )
    claims = await read_jwt(local, answer.json()["Token"])
    assert claims[f"{IDENTITY}ctx"] == tenant["id"]


@pytest.mark.parametrize("key", ["/etc/hostname", "-----BEGIN PRIVATE KEY-----"])
async def test_a_public_key_is_text_and_never_a_file(key: str, local: InProcessMock) -> None:
    body = json.dumps({"installation": "online", "apps": [APP | {"public_key": key}]}).encode()
    problem = await expect_problem(local, "POST", "tenants", 400, body)
    assert "app 1: its public-key is " in problem
    assert key not in problem


async def test_given_refresh_tokens_are_used(local: InProcessMock) -> None:
    wrong = {"installation": "online", "refresh_tokens": [{"value": "x", "app": "mock-app"}]}
    problem = await expect_problem(local, "POST", "tenants", 400, json.dumps(wrong).encode())
    assert "refresh token 1 must begin with the tenant's id and a dot" in problem
    tenant = await make(local, refresh_tokens=[])
    assert tenant["credentials"]["refresh_token"] is None
