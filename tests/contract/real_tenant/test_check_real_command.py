"""`superoffice-mock check --real`: what it refuses, what it sends over sockets, what it prints."""

import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from superoffice_contract.openapi import claims
from superoffice_mock.cli import main
from tests.contract.other_server.server import Make
from tests.contract.other_server.server import serving as serving_other
from tests.support.server_process import Running, serving

OPENSSL = shutil.which("openssl")
KARI = """
[[tenant]]
id = "onsite"
installation = "onsite"
users = [{ name = "kari", password = "Kari" }]
"""
TOKEN = {"SUPEROFFICE_TARGET_TOKEN": "8A:Cust12345.demo-token"}
AT_ONCE = ("--real", "--pace", "0")
LEAVE = ("--start-syncs", "--accounts", "507")


def check(*arguments: str, env: Mapping[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["check", *arguments], env=dict(env or {}))


def refused(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run it with what it can't work with, and return its one line."""
    done = check(*arguments, env=env)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    *summary, last = done.stderr.splitlines()
    assert not summary or summary[0].startswith("visit to ")
    assert last.startswith("superoffice-mock: ")
    return last


def told(done: Result) -> dict[str, str]:
    """Return the status of each claim in a report in JSON."""
    return {one["check"]: one["status"] for one in json.loads(done.stdout)["results"]}


@pytest.fixture
def kari(tmp_path: Path) -> str:
    path = tmp_path / "target.toml"
    path.write_text(KARI, encoding="utf-8")
    return str(path)


# ---- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["https://online.superoffice.com/Cust12345", "http://192.0.2.1"])
def test_a_target_that_is_not_this_machine_needs_real(url: str) -> None:
    assert f"{url}: is not this machine" in refused(url)
    assert "visit it with --real" in refused(url)


@pytest.mark.parametrize(
    ("flags", "what"),
    [
        (("--real",), "--real visits a server; give its URL"),
        (("http://127.0.0.1", "--start-syncs"), "--start-syncs: is for visits; add --real"),
        (("http://127.0.0.1", "--accounts", "5"), "--accounts: is for visits; add --real"),
        (("http://127.0.0.1", "--max-requests", "5"), "--max-requests: is for visits"),
        (("http://127.0.0.1", "--pace", "2"), "--pace: is for visits"),
        (("http://127.0.0.1", "--ca", "x"), "--ca: is for visits"),
        (("http://127.0.0.1", "--real", "--only", "ids"), "--only: a visit (--real) chooses"),
        (("http://127.0.0.1", "--real", "--seed", "1"), "--seed: a visit (--real) chooses"),
        (("http://127.0.0.1", "--real", "--profile", "full"), "--profile: a visit (--real)"),
        (("http://127.0.0.1", "--real", "--max-requests", "0"), "expected a number from 1"),
        (("http://127.0.0.1", "--real", "--run-seconds", "0"), "--run-seconds 0: expected"),
        (("http://127.0.0.1", "--real", "--start-syncs"), "belong together; give both or none"),
        (("http://127.0.0.1", "--real", "--accounts", "5"), "belong together; give both or none"),
        (("http://127.0.0.1", *AT_ONCE, *LEAVE), "--start-syncs needs a credential"),
        (("http://127.0.0.1/api/v1", "--real"), "give what stands before /api"),
        (
            ("http://192.0.2.1", "--real", "--pace", "1.9"),
            "--pace 1.9: expected seconds, at least 2",
        ),
        (("http://127.0.0.1", "--real", "--pace", "-1"), "at least 0"),
        (("http://127.0.0.1", "--real", "--pace", "nan"), "at least 0"),
        (("http://127.0.0.1", "--real", "--ca", "/no/such/file"), "/no/such/file: cannot be read"),
        (("http://127.0.0.1", "--real", "--target-file", "/no/such"), "/no/such: cannot be read"),
        (("ftp://127.0.0.1", "--real"), "expected a base URL"),
    ],
)
def test_wrong_usage_is_one_line_that_says_what_to_do(flags: tuple[str, ...], what: str) -> None:
    assert what in refused(*flags)


@pytest.mark.parametrize("ids", ["", "x", "5,", "5;6", "0", "-5", "1.0", "2147483648"])
def test_accounts_that_are_no_ids_are_refused(ids: str) -> None:
    flags = ("http://127.0.0.1", "--real", "--start-syncs", "--accounts", ids)
    assert "expected ids with commas between them" in refused(*flags, env=TOKEN)


@pytest.mark.parametrize(
    ("env", "what"),
    [
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
    ],
)
def test_variables_that_can_not_be_used_are_named_and_their_values_are_not(
    env: dict[str, str], what: str
) -> None:
    line = refused("http://127.0.0.1:1/Cust12345", "--real", env=env)
    assert what in line
    assert "secr" not in line


def test_credentials_from_two_places_are_refused(kari: str) -> None:
    line = refused("http://127.0.0.1:1", "--real", "--target-file", kari, env=TOKEN)
    assert "both name credentials; use one of them" in line


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("http://127.0.0.1:1/crm", "must end with the id of one of its tenants (Cust1"),
        ("http://127.0.0.1:1/Cust99999", "must end with the id of one of its tenants (Cust1"),
    ],
)
def test_a_url_that_fits_no_tenant_of_the_file_is_refused(
    tmp_path: Path, url: str, what: str
) -> None:
    path = tmp_path / "two.toml"
    tables = [f'[[tenant]]\nid = "Cust1{one}"\ninstallation = "online"\n' for one in "ab"]
    path.write_text("".join(tables), encoding="utf-8")
    assert what in refused(url, "--real", "--target-file", str(path))


def test_the_file_of_one_customer_is_not_used_at_another(tmp_path: Path) -> None:
    path = tmp_path / "one.toml"
    path.write_text('[[tenant]]\nid = "Cust12345"\ninstallation = "online"\n', encoding="utf-8")
    line = refused("http://127.0.0.1:1/Cust54321", "--real", "--target-file", str(path))
    assert "describes Cust12345, the URL is that of Cust54321" in line


def test_a_server_that_is_not_there_is_one_line() -> None:
    assert "is a server running there?" in refused("http://127.0.0.1:1", "--real")


# ---- what is sent ----------------------------------------------------------------------------


def test_a_visit_to_a_running_mock_asks_no_control_and_starts_nothing(server: Running) -> None:
    done = check(server.url, *AT_ONCE, "--format", "json")
    assert done.exit_code == 0, done.output
    exchanges = server.exchanges()
    assert {one["outcome"] for one in exchanges} == {"rejected", "served"}
    assert sorted(told(done)) == sorted(claims.load())
    assert done.stderr.startswith(f"visit to {server.url}\n  requests: {len(exchanges)}, one at ")
    assert "  credentials: none; invented ones are refused\n" in done.stderr


def test_the_demo_world_is_no_default(server: Running) -> None:
    line = refused(server.url, *AT_ONCE, *LEAVE)
    assert "--start-syncs needs a credential" in line
    assert server.exchanges() == []


def test_a_visit_that_may_start_syncs_names_only_its_accounts(server: Running) -> None:
    server.control("POST", "clock/jump?tenant=Cust12345")
    url = f"{server.url}/Cust12345"
    accounts = ("--start-syncs", "--accounts", "61, 62", "--max-requests", "45")
    done = check(url, *AT_ONCE, *accounts, "--format", "json", env=TOKEN)
    assert done.exit_code == 0, done.output
    exchanges = server.exchanges("Cust12345")
    assert len(exchanges) == 45
    named = {one["AccountId"] for x in exchanges for one in x["accounts"] or ()}
    assert named == {61, 62}
    assert "started" in {one["outcome"] for one in exchanges}
    statuses = told(done)
    assert statuses["bearer-online"] == statuses["media-types"] == "agrees"
    assert statuses["ticket-online"] == "cannot be observed"
    assert "  credentials: an access token\n" in done.stderr
    assert "  accounts: 61, 62\n" in done.stderr
    assert "demo-token" not in done.output
    assert server.exchanges() == []


def test_the_times_of_arrival_are_as_far_apart_as_was_said(server: Running) -> None:
    done = check(server.url, "--real", "--pace", "0.1", "--max-requests", "5")
    assert done.exit_code == 0, done.output
    ends = [(one["at"], one["elapsed_real"]) for one in server.exchanges()]
    pauses = [
        seconds(later[0]) - seconds(earlier[0]) - earlier[1] for earlier, later in pairwise(ends)
    ]
    assert len(pauses) == 4
    assert min(pauses) >= 0.099


def seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


@pytest.mark.slow
def test_a_call_during_a_run_is_seen_to_take_a_second(server: Running) -> None:
    few = ("--max-requests", "3", "--start-syncs", "--accounts", "507", "--format", "json")
    done = check(f"{server.url}/Cust12345", *AT_ONCE, *few, env=TOKEN)
    assert done.exit_code == 0, done.output
    statuses = told(done)
    for claim in ("busy-second", "single-run", "silent-drop", "same-answer", "run-detached"):
        assert statuses[claim] == "agrees"


def test_what_stands_before_api_is_what_is_called(kari: str) -> None:
    with serving_other(Make(run_seconds=0, busy_seconds=0)) as url:
        done = check(f"{url}/SuperOffice/", *AT_ONCE, *LEAVE, "--target-file", kari)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"visit to {url}/SuperOffice\n")


def test_a_server_of_another_make_that_breaks_a_claim_is_told_by_that_claim(kari: str) -> None:
    broken = Make(run_seconds=0, busy_seconds=0, challenges=False)
    with serving_other(broken) as url:
        done = check(url, *AT_ONCE, "--target-file", kari)
    assert done.exit_code == 1
    assert "\n  DIFFERS            www-authenticate  (inferred, " in done.stdout
    assert done.stdout.count("DIFFERS") == 1


def test_readings_are_told_or_left_open() -> None:
    with serving("--log", "off", "--reading", "errors=netserver") as running:
        expected = check(running.url, *AT_ONCE, "--reading", "errors=netserver")
        open_ = check(running.url, *AT_ONCE, "--reading", "any")
        default = check(running.url, *AT_ONCE)
    assert [one.exit_code for one in (expected, open_, default)] == [0, 0, 1]
    assert "  reading errors: netserver\n" in open_.stdout
    assert "DIFFERS            error-webapi" in default.stdout


def test_a_user_of_the_environment_may_have_an_empty_password() -> None:
    env = {"SUPEROFFICE_TARGET_USER": "kari", "SUPEROFFICE_TARGET_PASSWORD": ""}
    with serving_other(Make()) as url:
        few = ("--max-requests", "2", "--start-syncs", "--accounts", "5")
        done = check(url, *AT_ONCE, *few, env=env)
    assert done.exit_code == 1
    assert "expected 204, got 401" in done.stdout


# ---- https -----------------------------------------------------------------------------------


@contextmanager
def https(names: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Serve 404s by https with a certificate for *names*; yield the URL and the certificate."""
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = [str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    named = ["-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={names}"]

    where = ["-keyout", str(key), "-out", str(cert)]
    subprocess.run([*made, *named, *where], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Say nothing."""

    with Server(("127.0.0.1", 0), Nothing) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}", str(cert)
        finally:
            server.shutdown()
            thread.join()


class Nothing(BaseHTTPRequestHandler):
    """There is nothing here."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl on this machine")
def test_a_certificate_that_nobody_vouches_for_is_one_line_and_ca_names_who_does(
    tmp_path: Path,
) -> None:
    with https("IP:127.0.0.1", tmp_path) as (url, cert):
        line = refused(url, *AT_ONCE)
        assert f"{url}: its certificate is not trusted: self" in line
        assert line.endswith("name its authority with --real --ca FILE")
        trusted = check(url, *AT_ONCE, "--ca", cert, "--max-requests", "1")
    assert trusted.exit_code == 1
    assert "expected 200, got 404" in trusted.stdout


@pytest.mark.skipif(OPENSSL is None, reason="there is no openssl on this machine")
def test_a_certificate_of_another_host_is_one_line(tmp_path: Path) -> None:
    with https("DNS:crm.example.com", tmp_path) as (url, cert):
        line = refused(url, *AT_ONCE, "--ca", cert)
    assert "its certificate is not trusted: " in line
    assert "127.0.0.1" in line.partition("trusted: ")[2]


def test_a_file_that_is_no_certificate_is_one_line(kari: str) -> None:
    line = refused("https://127.0.0.1:1", "--real", "--ca", kari)
    assert f"{kari}: is no PEM file of certificates" in line
