"""`check --real --observations`: what a tenant showed, as claims.toml takes it."""

import tomllib
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from superoffice_contract.openapi import claims
from superoffice_contract.real_tenant.observations import add_observations, read_observations
from superoffice_contract.report import Report, Result
from tests.contract.real_tenant.tenant_server import ONLINE, TOKEN, run_tenant
from tests.support.local_servers import invoke

CLAIMS_FILE = Path(claims.__file__).with_name("claims.toml")
DAY, NEXT_DAY = date(2026, 11, 30), date(2026, 12, 1)
REPORT = Report(
    "real-tenant check",
    (
        Result("the-whole-check", "error", reason="the check ended early"),
        Result("no-banner", "our guess is wrong", ("no-banner",)),
        Result("reading errors", "differs", ("error-webapi",)),
        Result("method", "differs", ("method",)),
        Result("path-slash", "agrees", ("path-slash",)),
        Result("task-cap", "cannot be observed", ("task-cap",)),
    ),
    subject="https://crm.example.com/Cust12345",
)
NO_PAUSE = ("--real", "--pace", "0")
run_command = partial(invoke, "check")


def test_each_observed_claim_is_one_table_in_the_order_of_the_claims() -> None:
    tables = tomllib.loads(add_observations("", REPORT, DAY))["observation"]
    assert tables == [
        {"claim": "method", "agrees": False, "date": DAY},
        {"claim": "path-slash", "agrees": True, "date": DAY},
        {"claim": "no-banner", "agrees": False, "date": DAY},
    ]


def test_claims_toml_takes_the_text_and_a_guess_becomes_an_observation() -> None:
    text = CLAIMS_FILE.read_text(encoding="utf-8") + add_observations("", REPORT, DAY)
    known, before = claims.read(text), claims.load()
    observed = {id_ for id_, claim in known.items() if claim.kind != before[id_].kind}
    assert observed == {"path-slash"}
    assert (known["path-slash"].kind, before["path-slash"].kind) == ("observed", "inferred")
    assert known["path-slash"].source == "a tenant, on 2026-11-30"


def test_observations_follow_those_of_the_file_and_the_same_is_there_once() -> None:
    first = add_observations("", REPORT, DAY)
    assert add_observations(first, REPORT, DAY) == first
    own = f"# ours\n{first}".removesuffix("\n")
    both = add_observations(own, REPORT, NEXT_DAY)
    assert both.startswith(f"{own}\n")
    assert [one.date for one in read_observations(both)] == [DAY] * 3 + [NEXT_DAY] * 3


def test_another_file_is_no_file_of_observations() -> None:
    wrong = '[[observation]]\nclaim = "method"\nagrees = "yes"\ndate = 2026-11-30\n'
    for text in ("no toml", '[[tenant]]\nid = "onsite"\n', wrong, f"{wrong}x = 1\n"):
        with pytest.raises(ValueError, match=r"."):
            add_observations(text, REPORT, DAY)


# ---- the command, at a tenant of another make ------------------------------------------------


def test_a_first_check_of_a_tenant_shows_our_wrong_guesses_and_no_secret(tmp_path: Path) -> None:
    path = tmp_path / "seen.toml"
    start_syncs = ("--start-syncs", "--accounts", "507", "--max-requests", "45")
    for flags, env in (((), {}), (start_syncs, {"SUPEROFFICE_TARGET_TOKEN": TOKEN})):
        with run_tenant(run_seconds=0, busy_seconds=0) as url:
            result = run_command(url, *NO_PAUSE, *flags, "--observations", path, env=env)
        assert "guess   no-banner: the tenant: the answer has the header server" in result.stdout
        assert "the tenant: errors is netserver there" in result.stdout
        assert "the tenant: expected 401, got 403" in result.stdout
        assert result.stdout.count("DIFFERS") == 1, "it describes no call"
        assert "observations added" in result.stderr
        text = path.read_text(encoding="utf-8")
        for secret in (TOKEN, TOKEN.partition(":")[2]):
            assert secret not in result.output + text
        assert ONLINE.id not in text
        assert "127.0.0.1" not in text
    agrees = {one.claim: one.agrees for one in read_observations(text)}
    assert (agrees["bearer-online"], agrees["no-banner"], agrees["error-webapi"]) == (
        True,
        False,
        False,
    )
    assert "task-cap" not in agrees


def test_a_file_that_can_not_take_observations_stays_and_nothing_is_sent(tmp_path: Path) -> None:
    other = tmp_path / "target.toml"
    other.write_text('[[tenant]]\nid = "onsite"\n', encoding="utf-8")
    nowhere = "http://127.0.0.1:1"
    for path, flags, message in (
        (other, (), "is not a file of --observations; it stays; name another one"),
        (tmp_path, (), "is no file in a folder that exists"),
        (tmp_path / "none" / "seen.toml", (), "is no file in a folder that exists"),
        (tmp_path / "a", ("--out", tmp_path / "a"), "--observations and --out both name"),
    ):
        result = run_command(nowhere, *NO_PAUSE, "--observations", path, *flags)
        assert (result.exit_code, result.stdout) == (2, ""), path
        (line,) = result.stderr.splitlines()
        assert message in line
    assert other.read_text(encoding="utf-8") == '[[tenant]]\nid = "onsite"\n'
    assert "works with --real only" in run_command(nowhere, "--observations", other).stderr
