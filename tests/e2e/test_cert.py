"""`cert` as it is meant to be used: clients that have https://*.superoffice.com built in.

Server and clients run in namespaces of their own, where /etc/hosts is another file and port 443 is
free, so that nothing of this machine changes.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from superoffice_mock.cli.cert import AUTHORITY, CERTIFICATE, KEY, SIGN_IN_HOSTS
from tests.support.local_servers import invoke
from tests.support.server_process import PATH, PROGRAM, environment, run_program
from tests.support.sign_in import METADATA

pytestmark = pytest.mark.slow
NAMESPACES: Final = ("unshare", "--map-root-user", "--mount", "--net")
SET_UP: Final = 'mount --bind "$1" /etc/hosts && ip link set lo up && shift && exec "$@"'
NODE_SCRIPT: Final = "fetch(process.argv[1]).then(a => a.text()).then(console.log)"
PYTHON_SCRIPT: Final = """
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).read().decode())
"""


@dataclass(frozen=True, slots=True)
class Office:
    """A mock at https://*.superoffice.com for programs in the namespaces of process *pid*."""

    pid: int
    authority: Path

    def run(self, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run *command* there."""
        if shutil.which(command[0]) is None:
            pytest.skip(f"there is no {command[0]} on this machine")
        enter = ["nsenter", f"--target={self.pid}", "--user", "--mount", "--net"]
        return subprocess.run(
            [*enter, "--preserve-credentials", *command],
            capture_output=True,
            text=True,
            timeout=60,
            env=environment(variables),
            check=False,
        )


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("cert")
    hosts = folder / "hosts"
    printed = invoke("cert", "--out", folder).stdout
    entry = next(line for line in printed.splitlines() if line.strip().startswith("127.0.0.1 "))
    hosts.write_text(f"{entry.strip()}\n")
    isolated = (*NAMESPACES, "/bin/sh", "-c", SET_UP, "sh", str(hosts))
    try:
        subprocess.run([*isolated, "nsenter", "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", b"") or str(error).encode()
        pytest.skip(f"no namespaces with another /etc/hosts here: {reason.decode().strip()}")
    files = ("--tls-cert", folder / CERTIFICATE, "--tls-key", folder / KEY)
    with run_program("serve", *files, "--port", 443, program=(*isolated, *PROGRAM)) as server:
        yield Office(server.process.pid, folder / AUTHORITY)


@pytest.mark.parametrize("client", ["curl", "php", "node", "python"])
def test_a_client_with_built_in_names_reaches_the_mock(client: str, office: Office) -> None:
    authority = str(office.authority)
    commands = {
        "curl": ("curl", "-sS", "--noproxy", "*", "--cacert", authority),
        "php": (
            *("php", "-d", f"openssl.cafile={authority}", "-r"),
            "echo file_get_contents($argv[1]);",
        ),
        "node": ("node", "-e", NODE_SCRIPT),
        "python": (sys.executable, "-c", PYTHON_SCRIPT),
    }
    variables = {"node": {"NODE_EXTRA_CA_CERTS": authority}, "python": {"SSL_CERT_FILE": authority}}
    for host in SIGN_IN_HOSTS:
        url = f"https://{host}{PATH}"
        done = office.run(*commands[client], url, no_proxy="*", **variables.get(client, {}))
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["Path"] == PATH


def test_a_sign_in_by_the_built_in_name_goes_on_at_that_name(office: Office) -> None:
    root = f"https://{SIGN_IN_HOSTS[0]}"
    curl = ("curl", "-sS", "--noproxy", "*", "--cacert", str(office.authority))
    metadata = json.loads(office.run(*curl, f"{root}{METADATA}").stdout)
    assert metadata["issuer"] == root
    [key] = json.loads(office.run(*curl, metadata["jwks_uri"]).stdout)["keys"]
    assert key["kty"] == "RSA"
    refresh = ("-d", "grant_type=refresh_token&client_id=demo-app&client_secret=demo-app-token")
    token = ("-d", "refresh_token=Cust12345.demo-refresh-token")
    tokens = json.loads(office.run(*curl, *refresh, *token, metadata["token_endpoint"]).stdout)
    bearer = ("-H", f"Authorization: Bearer {tokens['access_token']}")
    call = (*bearer, "-H", "Content-Type: application/json", "-d", "{}", "-w", "%{http_code}")
    assert office.run(*curl, *call, f"{root}/Cust12345{PATH}").stdout == "204"


def test_a_client_that_does_not_trust_the_authority_refuses_the_mock(office: Office) -> None:
    done = office.run("curl", "-sS", "--noproxy", "*", f"https://{SIGN_IN_HOSTS[0]}{PATH}")
    assert done.returncode == 60
    assert "certificate" in done.stderr
