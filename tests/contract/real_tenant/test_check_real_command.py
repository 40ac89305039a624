"""`superoffice-mock check --real`: invalid usage, the requests over sockets, and the output."""

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from click.testing import Result

from superoffice_contract.openapi import claims
from superoffice_mock import MockServer
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.support.local_servers import invoke, make_certificate, needs_openssl
from tests.support.server_process import ServerProcess, run_server

TARGET_FILE = """
[[tenant]]
id = "onsite"
installation = "onsite"
users = [{ name = "kari", password = "Kari" }]
"""
TOKEN = {"SUPEROFFICE_TARGET_TOKEN": "8A:Cust12345.demo-token"}
NO_PAUSE = ("--real", "--pace", "0")
START_SYNCS = ("--start-syncs", "--accounts", "507")
run_command = partial(invoke, "check")


def error_line(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run the command with invalid arguments, and return the error on standard error."""
    result = run_command(*arguments, env=env)
    assert (result.exit_code, result.stdout) == (2, ""), result.output
    *summary, last = result.stderr.splitlines()
    assert not summary or summary[0].startswith("real-tenant check of ")
    assert last.startswith("superoffice-mock: ")
    return last


def statuses_by_claim(result: Result) -> dict[str, str]:
    """Return the status of each claim in a report in JSON."""
    return {claim["check"]: claim["status"] for claim in json.loads(result.stdout)["results"]}


@pytest.fixture
def target_file(tmp_path: Path) -> str:
    path = tmp_path / "target.toml"
    path.write_text(TARGET_FILE, encoding="utf-8")
    return str(path)


# ---- invalid usage ---------------------------------------------------------------------------


def test_a_target_that_is_not_this_machine_needs_real() -> None:
    for url in ("https://online.superoffice.com/Cust12345", "http://192.0.2.1"):
        line = error_line(url)
        assert f"{url}: is not this machine" in line
        assert "add --real" in line


def test_the_error_about_invalid_usage_is_one_line_that_says_what_to_do() -> None:
    for flags, message in (
        (("--real",), "--real checks a server; give its URL"),
        (("http://127.0.0.1", "--start-syncs"), "--start-syncs: works with --real only"),
        (("http://127.0.0.1", "--accounts", "5"), "--accounts: works with --real only"),
        (("http://127.0.0.1", "--max-requests", "5"), "--max-requests: works with --real only"),
        (("http://127.0.0.1", "--pace", "2"), "--pace: works with --real only"),
        (("http://127.0.0.1", "--ca", "x"), "--ca: works with --real only"),
        (("http://127.0.0.1", "--real", "--only", "ids"), "--only: a check with --real chooses"),
        (("http://127.0.0.1", "--real", "--seed", "1"), "--seed: a check with --real chooses"),
        (("http://127.0.0.1", "--real", "--profile", "full"), "--profile: a check with --real"),
        (("http://127.0.0.1", "--real", "--max-requests", "0"), "expected a number from 1"),
        (("http://127.0.0.1", "--real", "--run-seconds", "0"), "--run-seconds 0: expected"),
        (("http://127.0.0.1", "--real", "--start-syncs"), "belong together; give both or none"),
        (("http://127.0.0.1", "--real", "--accounts", "5"), "belong together; give both or none"),
        (("http://127.0.0.1", *NO_PAUSE, *START_SYNCS), "--start-syncs needs a credential"),
        (("http://127.0.0.1/api/v1", "--real"), "leave out /api and what follows"),
        (
            ("http://192.0.2.1", "--real", "--pace", "1.9"),
            "--pace 1.9: expected seconds, at least 2",
        ),
        (("http://127.0.0.1", "--real", "--pace", "-1"), "at least 0"),
        (("http://127.0.0.1", "--real", "--pace", "nan"), "at least 0"),
        (("http://127.0.0.1", "--real", "--ca", "/no/such/file"), "/no/such/file: no such file"),
        (("http://127.0.0.1", "--real", "--target-file", "/no/such"), "/no/such: no such file"),
        (("ftp://127.0.0.1", "--real"), "expected a base URL"),
        (("http://127.0.0.1:1", "--real"), "is a server running there?"),
    ):
        assert message in error_line(*flags), flags


def test_invalid_account_ids_are_refused() -> None:
    flags = ("http://127.0.0.1", "--real", "--start-syncs", "--accounts")
    for ids in ("", "x", "5,", "5;6", "0", "-5", "1.0", "2147483648"):
        assert "expected ids with commas between them" in error_line(*flags, ids, env=TOKEN), ids


def test_an_invalid_variable_is_named_without_its_value() -> None:
    for env, message in (
        (
            {"SUPEROFFICE_TARGET_TOKN": "x"},
            "SUPEROFFICE_TARGET_TOKN: is not known; known are TOKEN",
        ),
        ({"SUPEROFFICE_TARGET_USER": "kari"}, "SUPEROFFICE_TARGET_PASSWORD belong together"),
        ({"SUPEROFFICE_TARGET_XSRF": "x"}, "SUPEROFFICE_TARGET_XSRF belong together"),
        ({"SUPEROFFICE_TARGET_TICKET": "7T:secret"}, "it needs SUPEROFFICE_TARGET_APP_TOKEN"),
        ({"SUPEROFFICE_TARGET_TOKEN": "secret\n"}, "a header can't carry the access token"),
        ({"SUPEROFFICE_TARGET_TOKEN": "secr\u00e9t"}, "a header can't carry the access token"),
        (
            {"SUPEROFFICE_TARGET_SESSION": "secret;b", "SUPEROFFICE_TARGET_XSRF": "secret"},
            "a header can't carry the session",
        ),
        (
            {"SUPEROFFICE_TARGET_USER": "secret\udcff", "SUPEROFFICE_TARGET_PASSWORD": ""},
            "the user or the password is not UTF-8",
        ),
    ):
        line = error_line("http://127.0.0.1:1/Cust12345", "--real", env=env)
        assert message in line, env
        assert "secr" not in line, env


def test_credentials_from_two_places_are_refused(target_file: str) -> None:
    line = error_line("http://127.0.0.1:1", "--real", "--target-file", target_file, env=TOKEN)
    assert "both name credentials; use one of them" in line


def test_a_url_that_fits_no_tenant_of_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "targets.toml"
    wrong_end = "must end with the id of one of its tenants (Cust1"
    for ids, tenant, message in (
        (("Cust1a", "Cust1b"), "crm", wrong_end),
        (("Cust1a", "Cust1b"), "Cust99999", wrong_end),
        (("Cust12345",), "Cust54321", "describes Cust12345, but the URL ends with Cust54321"),
    ):
        tables = [f'[[tenant]]\nid = "{id_}"\ninstallation = "online"\n' for id_ in ids]
        path.write_text("".join(tables), encoding="utf-8")
        line = error_line(f"http://127.0.0.1:1/{tenant}", "--real", "--target-file", str(path))
        assert message in line


# ---- requests --------------------------------------------------------------------------------


def test_a_check_without_start_syncs_starts_nothing_and_calls_no_control_api(
    server: ServerProcess,
) -> None:
    result = run_command(server.url, *NO_PAUSE, "--format", "json")
    assert result.exit_code == 0, result.output
    exchanges = server.exchanges()
    assert {exchange["outcome"] for exchange in exchanges} == {"rejected", "served"}
    assert sorted(statuses_by_claim(result)) == sorted(claims.load())
    assert result.stderr.startswith(
        f"real-tenant check of {server.url}\n"
        f"  requests: {len(exchanges)}, one at a time, 0 s apart\n"
    )
    assert "  credentials: none, only invented ones\n" in result.stderr


def test_a_page_of_a_check_shows_what_was_sent_without_the_secrets(server: ServerProcess) -> None:
    url = f"{server.url}/Cust12345"
    options = ("--start-syncs", "--accounts", "507", "--max-requests", "3", "--format", "html")
    page = run_command(url, *NO_PAUSE, *options, env=TOKEN).stdout
    assert '"headline":"3 requests were sent: ' in page
    assert "demo-token" not in page


def test_a_check_with_start_syncs_names_only_the_given_accounts(server: ServerProcess) -> None:
    server.control("POST", "clock/jump?tenant=Cust12345")
    url = f"{server.url}/Cust12345"
    accounts = ("--start-syncs", "--accounts", "61, 62", "--max-requests", "45")
    result = run_command(url, *NO_PAUSE, *accounts, "--format", "json", env=TOKEN)
    assert result.exit_code == 0, result.output
    exchanges = server.exchanges("Cust12345")
    assert len(exchanges) == 45
    named_accounts = [account for exchange in exchanges for account in exchange["accounts"] or ()]
    assert {account["AccountId"] for account in named_accounts} == {61, 62}
    assert "started" in {exchange["outcome"] for exchange in exchanges}
    statuses = statuses_by_claim(result)
    assert statuses["bearer-online"] == statuses["media-types"] == "agrees"
    assert statuses["ticket-online"] == "cannot be observed"
    assert "  credentials: an access token\n" in result.stderr
    assert "  accounts: 61, 62\n" in result.stderr
    assert "demo-token" not in result.output
    assert server.exchanges() == []


@pytest.mark.slow
def test_the_throttle_of_a_running_mock_agrees(server: ServerProcess) -> None:
    flags = ("--max-requests", "3", "--start-syncs", "--accounts", "507", "--format", "json")
    result = run_command(f"{server.url}/Cust12345", *NO_PAUSE, *flags, env=TOKEN)
    assert result.exit_code == 0, result.output
    statuses = statuses_by_claim(result)
    for claim in ("busy-second", "single-run", "silent-drop", "same-answer", "run-detached"):
        assert statuses[claim] == "agrees"


def test_the_path_before_api_is_part_of_the_called_url(target_file: str) -> None:
    with run_other_server(ServerBehavior(run_seconds=0, busy_seconds=0)) as url:
        result = run_command(
            f"{url}/SuperOffice/", *NO_PAUSE, *START_SYNCS, "--target-file", target_file
        )
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"real-tenant check of {url}/SuperOffice\n")


def test_a_server_that_breaks_a_claim_differs_in_that_claim(target_file: str) -> None:
    behavior = ServerBehavior(run_seconds=0, busy_seconds=0, challenges=False)
    with run_other_server(behavior) as url:
        result = run_command(url, *NO_PAUSE, "--target-file", target_file)
    assert result.exit_code == 1
    assert "DIFFERS www-authenticate: " in result.stdout
    assert "breaks www-authenticate (http, " in result.stdout
    assert result.stdout.count("DIFFERS") == 1


def test_a_reading_is_expected_only_if_it_is_told() -> None:
    with run_server("--log", "off", "--reading", "errors=netserver") as running:
        for assignment, code in (
            ("errors=netserver", 0),
            ("any", 0),
            (None, 0),
            ("errors=webapi", 1),
        ):
            flags = () if assignment is None else ("--reading", assignment)
            result = run_command(running.url, *NO_PAUSE, *flags)
            assert result.exit_code == code, assignment
            assert "; reading errors: netserver\n" in result.stdout
            assert ("errors is netserver there, told webapi" in result.stdout) == (code == 1)


def test_a_user_of_the_environment_may_have_an_empty_password() -> None:
    env = {"SUPEROFFICE_TARGET_USER": "kari", "SUPEROFFICE_TARGET_PASSWORD": ""}
    with run_other_server(ServerBehavior()) as url:
        flags = ("--max-requests", "2", "--start-syncs", "--accounts", "5")
        result = run_command(url, *NO_PAUSE, *flags, env=env)
    assert result.exit_code == 1
    assert "the first call was refused with 401; is the credential right" in result.stdout


# ---- https -----------------------------------------------------------------------------------


@needs_openssl
def test_an_untrusted_certificate_is_one_line_and_ca_makes_it_trusted(
    tmp_path: Path,
) -> None:
    cert, key = make_certificate(tmp_path)
    with MockServer(tls_cert=str(cert), tls_key=str(key)) as server:
        line = error_line(server.url, *NO_PAUSE)
        assert f"{server.url}: its certificate is not trusted: self" in line
        assert line.endswith("name its authority with --real --ca FILE")
        result = run_command(server.url, *NO_PAUSE, "--ca", cert, "--max-requests", "1")
    assert result.exit_code == 0, result.output


@needs_openssl
def test_a_certificate_of_another_host_is_one_line(tmp_path: Path) -> None:
    cert, key = make_certificate(tmp_path, "DNS:crm.example.com")
    with MockServer(tls_cert=str(cert), tls_key=str(key)) as server:
        line = error_line(server.url, *NO_PAUSE, "--ca", str(cert))
    assert "127.0.0.1" in line.partition("its certificate is not trusted: ")[2]


def test_an_invalid_certificate_file_is_one_line(target_file: str) -> None:
    line = error_line("https://127.0.0.1:1", "--real", "--ca", target_file)
    assert f"{target_file}: is not a PEM file of certificates" in line
