"""`superoffice-mock check`: what it checks, what it prints, and its exit codes."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from superoffice_contract.openapi import claims
from tests.contract.other_server.server import ServerBehavior, run_other_server
from tests.contract.suite.targets import run_check
from tests.support.server_process import ServerProcess, run_server

FEW_CHECKS = ("--only", "ids", "--only", "credentials-let-in", "--only", "credentials-refused")
CONTROL_TOKEN = {"SUPEROFFICE_MOCK_CONTROL_TOKEN": "only-for-tests"}
TARGET_FILE = """
[[tenant]]
id = "onsite"
installation = "onsite"
users = [{ name = "kari", password = "Kari" }]
sessions = [{ id = "other-session", xsrf = "other-xsrf", user = "kari" }]
"""


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "target.toml"
    path.write_text(TARGET_FILE, encoding="utf-8")
    return path


# ---- targets ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_built_in_mock_keeps_the_contract() -> None:
    result = run_check()
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("contract check of the built-in mock\n")
    assert re.search(r"^no failures, \d\d checks passed in \d+ s\n\Z", result.stdout, re.MULTILINE)


@pytest.mark.slow
def test_a_running_mock_keeps_the_contract_and_is_reset_to_its_configuration(
    server: ServerProcess,
) -> None:
    result = run_check(server.url)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"contract check of {server.url}\n")
    for tenant in ("onsite", "Cust12345"):
        assert server.control("GET", f"clock?tenant={tenant}")["clock"] == "real"
        assert server.control("GET", f"lease?tenant={tenant}")["held"] is False
        assert server.exchanges(tenant) == []


def test_a_slash_at_the_end_of_the_url_makes_no_difference(server: ServerProcess) -> None:
    assert run_check(f"{server.url}/", *FEW_CHECKS).exit_code == 0


@pytest.mark.slow
def test_a_server_follows_the_reading_that_is_told_or_else_the_one_that_it_states() -> None:
    with run_server("--log", "off", "--reading", "restricted=403") as running:
        only = (running.url, "--only", "credentials-refused")
        result = run_check(*only, "--reading", "restricted=401")
        for readings, exit_code in (
            ((), 0),
            (("restricted=403",), 0),
            (("any",), 0),
            (("any", "restricted=401"), 1),
            (("restricted=403", "any"), 0),
        ):
            flags = (part for reading in readings for part in ("--reading", reading))
            assert run_check(*only, *flags).exit_code == exit_code, readings
    assert result.exit_code == 1
    assert "expected 401, got 403" in result.stdout
    assert "restricted-status" in result.stdout


def test_the_built_in_mock_follows_the_readings_that_are_expected() -> None:
    flags = ("--reading", "restricted=403", "--reading", "errors=netserver")
    result = run_check(*flags, *FEW_CHECKS)
    assert result.exit_code == 0, result.output


def test_the_target_file_has_the_credentials_of_the_server(target: Path) -> None:
    with run_other_server(ServerBehavior(busy_seconds=0)) as url:
        result = run_check(url, *FEW_CHECKS, "--target-file", str(target))
        demo_result = run_check(url, *FEW_CHECKS)
    assert result.exit_code == 0, result.output
    assert demo_result.exit_code == 1
    assert "plain-call: expected 204, got 401 (onsite, the documented call" in demo_result.stdout


def test_the_built_in_mock_has_the_tenants_of_the_target_file(target: Path) -> None:
    assert run_check(*FEW_CHECKS, "--target-file", str(target)).exit_code == 0


@pytest.mark.slow
def test_the_same_seed_sends_the_same_number_of_requests() -> None:
    flags = ("--only", "generated-requests", "--format", "json", "--seed", "7")
    first, again = (json.loads(run_check(*flags).stdout)["facts"] for _ in range(2))
    assert first == again
    assert ["seed", "7"] in first
    assert int(dict(first)["requests"]) > 100


@pytest.mark.slow
def test_the_control_token_is_read_from_the_environment() -> None:
    with run_server("--log", "off", env=CONTROL_TOKEN) as running:
        result = run_check(running.url, "--only", "same-answer", env=CONTROL_TOKEN)
        result_without_token = run_check(running.url, "--only", "same-answer")
    assert result.exit_code == 0, result.output
    assert result_without_token.exit_code == 2
    assert "is a control token needed?" in result_without_token.stderr


# ---- output ----------------------------------------------------------------------------------


def test_the_list_has_every_claim_with_its_kind_its_source_and_its_checks() -> None:
    result = run_check("--list")
    assert result.exit_code == 0
    for claim in claims.load().values():
        source = f"source: {claim.source}" if claim.source else f"because: {claim.because}"
        entry = f"{claim.id} ({claim.kind})\n  {claim.fact}\n  {source}\n  checked by: "
        assert entry in result.stdout
    assert "checked by: busy-second" not in result.stdout
    lines = result.stdout.partition("\nsimultaneous (documented)\n")[2].splitlines()[1:3]
    checks = "simultaneous, throttle-on-the-wire"
    assert lines == ["  source: follows from single-run", f"  checked by: {checks}"]


def test_only_the_named_checks_run() -> None:
    report = json.loads(run_check("--only", "ids", "--only", "items", "--format", "json").stdout)
    assert [result["check"] for result in report["results"]] == ["ids", "items"]
    assert report["exit_code"] == 0


def test_a_junit_report_is_written_to_a_file(target: Path, tmp_path: Path) -> None:
    out = tmp_path / "junit.xml"
    behavior = ServerBehavior(accepted=200, turned_away=200, busy_seconds=0)
    with run_other_server(behavior) as url:
        flags = ("--only", "select", "--only", "methods", "--format", "junit", "--target-file")
        result = run_check(url, *flags, str(target), "--out", str(out))
    assert (result.exit_code, result.stdout) == (1, "")
    suites = ET.parse(out).getroot()
    failures = {case.get("name"): case.find("failure") for case in suites.iter("testcase")}
    assert {"plain-call", "select", "methods"} <= set(failures)
    assert [failures["select"], failures["methods"]] == [None, None]
    assert failures["plain-call"] is not None
    assert "-H 'Authorization: Basic [redacted]'" in (failures["plain-call"].text or "")
