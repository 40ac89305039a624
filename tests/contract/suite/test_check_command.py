"""`superoffice-mock check`: what it checks, what it prints, and what it exits with."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from superoffice_contract.openapi import claims
from superoffice_mock.cli import main
from tests.contract.other_server.server import Make
from tests.contract.other_server.server import serving as serving_other
from tests.support.server_process import Running, serving

WIRE = ("--only", "ids", "--only", "credentials-let-in", "--only", "credentials-refused")
OTHER = """
[[tenant]]
id = "onsite"
installation = "onsite"
users = [{ name = "kari", password = "Kari" }]
sessions = [{ id = "other-session", xsrf = "other-xsrf", user = "kari" }]
"""


def check(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["check", *arguments])


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "target.toml"
    path.write_text(OTHER, encoding="utf-8")
    return path


# ---- what passes -----------------------------------------------------------------------------


@pytest.mark.slow
def test_the_built_in_mock_keeps_the_contract() -> None:
    done = check()
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("contract check of the built-in mock\n  ok       credentials-")
    assert "FAILED" not in done.stdout
    assert "ok       enough-was-seen" in done.stdout


@pytest.mark.slow
def test_a_running_mock_keeps_the_contract(server: Running) -> None:
    done = check(server.url)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"contract check of {server.url}\n")
    assert server.control("GET", "clock")["clock"] == "real"


@pytest.mark.slow
def test_a_running_mock_is_left_as_it_was_configured(server: Running) -> None:
    done = check(server.url, *WIRE, "--only", "parity", "--only", "tenants-apart")
    assert done.exit_code == 0, done.output
    assert done.stdout.endswith("\n5 passed\n")
    for tenant in ("onsite", "Cust12345"):
        assert server.control("GET", f"clock?tenant={tenant}")["clock"] == "real"
        assert server.control("GET", f"lease?tenant={tenant}")["held"] is False
        assert server.exchanges(tenant) == []


def test_a_slash_behind_the_url_makes_no_difference(server: Running) -> None:
    assert check(f"{server.url}/", *WIRE).exit_code == 0


@pytest.mark.slow
def test_a_reading_that_the_server_does_not_follow_is_found() -> None:
    with serving("--log", "off", "--reading", "restricted=403") as running:
        only = (running.url, "--only", "credentials-refused")
        assert check(*only, "--reading", "restricted=403").exit_code == 0
        done = check(*only)
    assert done.exit_code == 1
    assert "expected 401, got 403" in done.stdout
    assert "breaks grant, restricted-status, online-restricted" in done.stdout


def test_the_built_in_mock_follows_the_readings_that_are_expected() -> None:
    flags = ("--reading", "restricted=403", "--reading", "errors=netserver")
    done = check(*flags, *WIRE)
    assert done.exit_code == 0, done.output


def test_a_target_file_says_who_may_sign_in(target: Path) -> None:
    with serving_other(Make(busy_seconds=0)) as url:
        let_in = check(url, *WIRE, "--target-file", str(target))
        as_others = check(url, *WIRE)
    assert let_in.exit_code == 0, let_in.output
    assert as_others.exit_code == 1
    assert "onsite, Basic: expected 204, got 401" in as_others.stdout


def test_the_built_in_mock_knows_who_is_in_the_target_file(target: Path) -> None:
    assert check(*WIRE, "--target-file", str(target)).exit_code == 0


@pytest.mark.slow
def test_the_same_seed_sends_the_same_number_of_requests() -> None:
    flags = ("--only", "generated-requests", "--format", "json", "--seed", "7")
    first, again = (json.loads(check(*flags).stdout)["facts"] for _ in range(2))
    assert first == again
    assert ["seed", "7"] in first
    assert int(dict(first)["requests"]) > 100


# ---- what is printed -------------------------------------------------------------------------


def test_the_list_has_every_claim_and_the_checks_that_stand_for_it() -> None:
    done = check("--list")
    assert done.exit_code == 0
    for claim in claims.load().values():
        assert f"{claim.id} ({claim.kind})\n  {claim.fact}\n  checked by: " in done.stdout
    assert "checked by: busy-second" not in done.stdout
    (line,) = done.stdout.partition("\nsimultaneous (inferred)\n")[2].splitlines()[1:2]
    assert line == "  checked by: simultaneous"


def test_only_what_was_named_runs() -> None:
    told = json.loads(check("--only", "ids", "--only", "items", "--format", "json").stdout)
    assert [one["check"] for one in told["results"]] == ["ids", "items"]
    assert told["exit_code"] == 0


def test_junit_is_for_ci_and_goes_into_a_file(target: Path, tmp_path: Path) -> None:
    out = tmp_path / "junit.xml"
    with serving_other(Make(accepted=200, busy_seconds=0)) as url:
        flags = ("--only", "select", "--only", "methods", "--format", "junit", "--target-file")
        done = check(url, *flags, str(target), "--out", str(out))
    assert (done.exit_code, done.stdout) == (1, "")
    suites = ET.parse(out).getroot()
    cases = {one.get("name"): one.find("failure") for one in suites.iter("testcase")}
    assert set(cases) == {"select", "methods"}
    assert cases["methods"] is None
    assert cases["select"] is not None
    assert "-H 'Authorization: Basic [redacted]'" in (cases["select"].text or "")
