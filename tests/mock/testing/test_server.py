"""Without pytest: a server in a thread, the application in this process, and their calls."""

import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

import superoffice_mock
from superoffice_mock import ExpectationFailed, MockServer, create_app
from superoffice_mock.errors import ControlFailed, SetupError
from superoffice_mock.testing.control_client import ControlClient
from superoffice_mock.testing.models import ClockState
from tests.examples.stub_server import stub
from tests.mock.testing.partner import outcomes, sync

PATH = "/api/v1/Agents/EMail/SyncEmailAccounts"


def test_a_server_serves_while_the_block_lasts() -> None:
    with MockServer(readings={"run": "blocking"}, seconds_per_account=0.01) as server:
        office = server.tenant(clock="real")
        assert sync(office, 507) == 204
        assert outcomes(office) == ["started"]
        (told,) = office.requests
        assert told.elapsed == pytest.approx(0.01, abs=0.005)
    with pytest.raises(ControlFailed, match=r"no answer from http://127\.0\.0\.1"):
        _ = office.requests


def test_a_server_has_the_demo_world_too() -> None:
    with MockServer() as server:
        answer = httpx2.post(server.url + PATH, auth=("tje0", "Tje0"), json={}, trust_env=False)
        assert answer.status_code == 204


def test_a_server_that_does_not_run_says_how_to_start_it() -> None:
    with pytest.raises(RuntimeError, match="with MockServer"):
        MockServer().tenant()


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"second_per_account": 1}, "did you mean 'seconds-per-account'"),
        ({"seconds_per_account": -1}, "seconds-per-account = '-1'"),
        ({"host": "0.0.0.0"}, "control-token"),
        ({"readings": {"runs": "blocking"}}, "the readings are: run"),
    ],
)
def test_a_setting_that_cannot_be_is_told(settings: dict[str, object], told: str) -> None:
    with pytest.raises(SetupError, match=told), MockServer(**settings):  # type: ignore[arg-type]
        pass


def test_what_is_no_mapping_of_readings_is_told() -> None:
    with pytest.raises(SetupError, match="readings='run=x': expected a mapping"):
        MockServer(readings="run=x")  # type: ignore[arg-type]


def test_no_command_line_is_blamed_for_a_setting_of_a_test() -> None:
    with pytest.raises(SetupError, match="settings: port = 'x'"):
        MockServer(port="x")


def test_a_server_that_listens_on_every_address_is_called_at_this_machine() -> None:
    with MockServer(host="0.0.0.0", control_token="a-token") as server:
        assert server.url.startswith("http://127.0.0.1:")
        assert server.tenant().requests == ()


def test_what_the_journal_has_forgotten_may_be_what_the_test_is_about() -> None:
    with MockServer(journal_exchanges=1) as server, server.tenant() as office:
        assert [sync(office, 507), sync(office, 508)] == [204, 204]
        for expected in (office.assert_no_lost_accounts, office.assert_no_violations):
            with pytest.raises(ExpectationFailed, match="not known: 1 request was forgotten"):
                expected()
        with pytest.raises(ExpectationFailed, match="not known: 1 request was forgotten"):
            office.assert_turned_away(times=1)


def test_a_tenant_that_cannot_be_is_told() -> None:
    with MockServer() as server, pytest.raises(ControlFailed, match="online"):
        server.tenant(granted=False)


def test_the_handle_knows_the_control_token_of_its_server() -> None:
    with MockServer(control_token="a-token") as server:
        assert sync(server.tenant(), 507) == 204
        tokenless = ControlClient(server.url)
        with pytest.raises(ControlFailed, match="control token"):
            tokenless.get("clock", ClockState)
        tokenless.close()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl on this machine")
def test_the_handle_trusts_the_certificate_of_its_server(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    with MockServer(tls_cert=str(cert), tls_key=str(key)) as server:
        assert server.url.startswith("https://")
        assert server.tenant().requests == ()


def test_a_connection_that_the_server_has_closed_is_opened_anew() -> None:
    with MockServer() as first:
        calls = ControlClient(first.url)
        calls.get("clock", ClockState)
        port = first.url.rpartition(":")[2]
    with MockServer(port=port):
        assert calls.get("clock", ClockState).clock == "real"
    calls.close()


def test_a_server_that_is_no_mock_is_told_by_its_status() -> None:
    with stub() as url:
        calls = ControlClient(url)
        with pytest.raises(ControlFailed, match=r"GET /_mock/clock: it answered 501"):
            calls.get("clock", ClockState)
        calls.close()


async def test_the_application_answers_over_an_asgi_transport_its_control_surface_too() -> None:
    transport = httpx2.ASGITransport(create_app(readings={"empty": "runs"}))
    async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        answer = await client.post(PATH, auth=("tje0", "Tje0"), json={"SyncUserAccounts": []})
        assert answer.status_code == 204
        (told,) = (await client.get("/_mock/requests")).json()["requests"]
        assert told["outcome"] == "started"
        refused = await client.post("/_mock/faults", json={"connection": "reset-by-peer"})
        assert refused.status_code == 409


def test_importing_the_package_imports_nothing_else() -> None:
    program = "import sys, superoffice_mock.pytest_plugin; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", f"import pytest; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {name for name in done.stdout.split() if name.startswith("superoffice")}
    assert ours == {"superoffice_mock", "superoffice_mock.pytest_plugin"}
    assert {"starlette", "uvicorn", "msgspec", "hypothesis"} & set(done.stdout.split()) == set()


def test_the_package_has_the_names_that_it_lists_and_no_others() -> None:
    for name in superoffice_mock.__all__:
        assert getattr(superoffice_mock, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'MokServer'"):
        _ = superoffice_mock.MokServer  # type: ignore[attr-defined]
