"""`MockServer`, `create_app` and the client of the control surface, without pytest."""

from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest

from superoffice_contract.control.answers import ClockState
from superoffice_contract.control.client import ControlClient
from superoffice_mock import ExpectationFailed, MockServer, create_app
from superoffice_mock.errors import ControlFailed, SetupError, SuperOfficeMockError
from tests.mock.testing.partner import outcomes, sync
from tests.support.local_servers import make_certificate, needs_openssl

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"


def test_a_server_serves_until_the_block_ends() -> None:
    with MockServer(readings={"run": "blocking"}, seconds_per_account=0.01) as server:
        office = server.tenant(clock="real")
        assert sync(office, 507) == 204
        assert outcomes(office) == ["started"]
        (call,) = office.requests
        assert call.elapsed == pytest.approx(0.01, abs=0.005)
    with pytest.raises(ControlFailed, match=r"no answer from http://127\.0\.0\.1"):
        _ = office.requests


def test_a_server_has_the_demo_tenants() -> None:
    with MockServer() as server:
        response = httpx2.post(server.url + PATH, auth=("tje0", "Tje0"), json={}, trust_env=False)
        assert response.status_code == 204


def test_a_server_that_is_not_running_says_how_to_start_it() -> None:
    with pytest.raises(RuntimeError, match="with MockServer"):
        MockServer().tenant()


def test_an_invalid_setting_is_an_error_that_does_not_name_the_command_line() -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"second_per_account": 1}, "did you mean 'seconds-per-account'"),
        ({"seconds_per_account": -1}, "seconds-per-account = -1: expected at least 0"),
        ({"port": "x"}, "settings: port: expected a whole number"),
        ({"host": "0.0.0.0"}, "control-token"),
        ({"readings": {"runs": "blocking"}}, "did you mean 'run'"),
        ({"readings": "run=x"}, "readings: expected a mapping"),
    ]
    for settings, message in cases:
        with pytest.raises(SetupError) as raised, MockServer(**settings):
            pass
        assert message in str(raised.value), settings


def test_a_server_that_listens_on_all_addresses_is_called_on_loopback() -> None:
    with MockServer(host="0.0.0.0", control_token="a-token") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.tenant().requests == ()


def test_assertions_fail_if_the_journal_has_forgotten_requests() -> None:
    with MockServer(journal_exchanges=1) as server, server.tenant() as office:
        assert [sync(office, 507), sync(office, 508)] == [204, 204]
        for check in (
            office.assert_no_lost_accounts,
            office.assert_no_violations,
            office.assert_turned_away,
        ):
            with pytest.raises(ExpectationFailed, match="not known: 1 request was forgotten"):
                check()


def test_invalid_options_of_a_tenant_are_an_error() -> None:
    with MockServer() as server, pytest.raises(SuperOfficeMockError, match="online") as raised:
        server.tenant(granted=False)
    assert isinstance(raised.value, ControlFailed)


def test_the_handle_sends_the_control_token_of_its_server() -> None:
    with (
        MockServer(control_token="a-token") as server,
        closing(ControlClient(server.url, error=ControlFailed)) as client,
    ):
        assert sync(server.tenant(), 507) == 204
        with pytest.raises(ControlFailed, match="control token"):
            client.control("GET", "clock", ClockState)


@needs_openssl
def test_the_handle_trusts_the_certificate_of_its_server(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path)
    with MockServer(tls_cert=str(cert), tls_key=str(key)) as server:
        assert server.url.startswith("https://")
        assert server.tenant().requests == ()


async def test_the_application_and_its_control_surface_answer_over_an_asgi_transport() -> None:
    transport = httpx2.ASGITransport(create_app(readings={"empty": "runs"}))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        response = await client.post(PATH, auth=("tje0", "Tje0"), json={"SyncUserAccounts": []})
        assert response.status_code == 204
        (exchange,) = (await client.get("/_mock/requests")).json()["requests"]
        assert exchange["outcome"] == "started"
        response = await client.post("/_mock/faults", json={"connection": "reset-by-peer"})
        assert response.status_code == 409
