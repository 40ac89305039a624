"""HTTPS: the mock with a certificate and a key."""

import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from superoffice_mock.core.faults import garbage_bytes
from superoffice_mock.webapi.fault_injection import MALFORMED_CHUNK
from tests.e2e.cli_process import run, serve
from tests.e2e.payloads import BASIC
from tests.e2e.raw_http import request
from tests.support.local_servers import OPENSSL, make_certificate, needs_openssl
from tests.support.server_process import PATH, ServerProcess

pytestmark = needs_openssl


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


def flags(cert: Path, key: Path) -> list[str]:
    return ["--tls-cert", str(cert), "--tls-key", str(key)]


def test_with_a_certificate_all_calls_use_https(pair: tuple[Path, Path], tmp_path: Path) -> None:
    tls_context = ssl.create_default_context(cafile=str(pair[0]))
    with serve(tmp_path, *flags(*pair)) as command:
        url = command.server.url
        assert url.startswith("https://127.0.0.1:")
        with httpx2.Client(verify=tls_context, trust_env=False) as client:
            assert client.post(url + PATH, json={}, headers=BASIC).status_code == 204
            own_page = {"Origin": url}
            assert client.get(f"{url}/_mock/lease", headers=own_page).status_code == 200
            http_page = {"Origin": url.replace("https", "http")}
            assert client.get(f"{url}/_mock/lease", headers=http_page).status_code == 403


def test_connection_faults_work_with_tls(pair: tuple[Path, Path], tmp_path: Path) -> None:
    tls_context = ssl.create_default_context(cafile=str(pair[0]))
    kinds = ("empty-response", "reset-by-peer", "malformed-chunk", "random-data-then-close")
    faults = [{"connection": kind} for kind in (*kinds, "stall")]
    with (
        serve(tmp_path, *flags(*pair), "--log", "off") as command,
        httpx2.Client(
            base_url=command.server.url, verify=tls_context, trust_env=False, timeout=5
        ) as client,
    ):
        client.put("/_mock/faults", json={"faults": faults})
        assert call_over_tls(command.server, tls_context) == b""
        with pytest.raises(ConnectionResetError):
            call_over_tls(
                command.server,
                tls_context,
                lambda connection: socket.socket.recv(connection, 65536),
            )
        assert call_over_tls(command.server, tls_context) == MALFORMED_CHUNK
        assert call_over_tls(command.server, tls_context) == garbage_bytes(0, 1)
        with pytest.raises(httpx2.ReadTimeout):
            client.post(PATH, json={}, headers=BASIC, timeout=0.2)
        assert client.post(PATH, json={}, headers=BASIC).status_code == 204
        outcomes = [
            exchange["outcome"] for exchange in client.get("/_mock/requests").json()["requests"]
        ]
        assert outcomes == ["faulted"] * len(faults) + ["served"]


def call_over_tls(
    server: ServerProcess,
    tls_context: ssl.SSLContext,
    read_from: Callable[[ssl.SSLSocket], bytes] = lambda connection: connection.recv(65536),
) -> bytes:
    """Send a call over TLS and return all bytes that come back.

    *read_from* reads a part. OpenSSL 3 reports a reset as an end; only a read below TLS shows it.
    """
    with (
        socket.create_connection(server.address, timeout=10) as plain,
        tls_context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
    ):
        connection.sendall(request())
        read = b""
        while more := read_from(connection):
            read += more
        return read


@pytest.mark.parametrize("problem", ["no PEM", "swapped", "another key", "a passphrase"])
def test_files_that_are_no_pair_get_a_line(
    problem: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = pair
    if problem == "no PEM":
        cert = tmp_path / "cert.pem"
        cert.write_text("no certificate")
    elif problem == "swapped":
        cert, key = key, cert
    elif problem == "a passphrase":
        encrypted = tmp_path / "encrypted.pem"
        command = [str(OPENSSL), "ec", "-in", str(key), "-aes256", "-passout", "pass:sesame"]
        subprocess.run([*command, "-out", str(encrypted)], check=True, capture_output=True)
        key = encrypted
    else:
        key = tmp_path / "key.pem"
        command = [str(OPENSSL), "ecparam", "-name", "prime256v1", "-genkey", "-out", str(key)]
        subprocess.run(command, check=True, capture_output=True)
    done = run("serve", "--port", "0", *flags(cert, key))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    problem_text = f"tls-cert and tls-key: {cert} and {key} are not a PEM certificate and its "
    assert line == f"superoffice-mock: {problem_text}unencrypted key"
