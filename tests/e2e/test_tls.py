"""HTTPS: a certificate and its key make the same mock speak TLS."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import httpx2
import pytest

from superoffice_mock.core.faults import garbage
from superoffice_mock.webapi.fault_injection import MALFORMED_CHUNK
from tests.e2e.cli_process import run, serve
from tests.e2e.payloads import BASIC
from tests.e2e.raw_http import request
from tests.support.server_process import PATH, Running

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="there is no openssl on this machine")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1, signed by nobody else, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    made = [str(OPENSSL), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    named = ["-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    where = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)]
    subprocess.run([*made, *named, *where], check=True, capture_output=True)
    return cert, key


def flags(cert: Path, key: Path) -> list[str]:
    return ["--tls-cert", str(cert), "--tls-key", str(key)]


def test_a_certificate_makes_it_https_for_callers_and_for_control(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    trusted = ssl.create_default_context(cafile=str(pair[0]))
    with serve(tmp_path, *flags(*pair)) as served:
        url = served.running.url
        assert url.startswith("https://127.0.0.1:")
        with httpx2.Client(verify=trusted, trust_env=False) as client:
            assert client.post(url + PATH, json={}, headers=BASIC).status_code == 204
            ours = {"Origin": url}
            assert client.get(f"{url}/_mock/lease", headers=ours).status_code == 200
            plain = {"Origin": url.replace("https", "http")}
            assert client.get(f"{url}/_mock/lease", headers=plain).status_code == 403


def test_a_client_that_trusts_only_others_is_not_answered(
    pair: tuple[Path, Path], tmp_path: Path
) -> None:
    with serve(tmp_path, *flags(*pair), "--log", "off") as served:
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            urlopen(f"{served.running.url}/_mock/health", timeout=10)
        trusted = ssl.create_default_context(cafile=str(pair[0]))
        with urlopen(f"{served.running.url}/_mock/health", timeout=10, context=trusted) as answer:
            assert answer.status == 200


def test_connections_break_under_tls_too(pair: tuple[Path, Path], tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(pair[0]))
    kinds = ("empty-response", "reset-by-peer", "malformed-chunk", "random-data-then-close")
    faults = [{"connection": kind} for kind in (*kinds, "stall")]
    with (
        serve(tmp_path, *flags(*pair), "--log", "off") as served,
        httpx2.Client(
            base_url=served.running.url, verify=trusted, trust_env=False, timeout=5
        ) as client,
    ):
        client.put("/_mock/faults", json={"faults": faults})
        assert broken(served.running, trusted) == b""
        with pytest.raises(ConnectionResetError):
            broken(served.running, trusted, lambda wrapped: socket.socket.recv(wrapped, 65536))
        assert broken(served.running, trusted) == MALFORMED_CHUNK
        assert broken(served.running, trusted) == garbage(0, 1)
        with pytest.raises(httpx2.ReadTimeout):
            client.post(PATH, json={}, headers=BASIC, timeout=0.2)
        assert client.post(PATH, json={}, headers=BASIC).status_code == 204
        outcomes = [one["outcome"] for one in client.get("/_mock/requests").json()["requests"]]
        assert outcomes == ["faulted"] * len(faults) + ["served"]


def broken(
    running: Running,
    trusted: ssl.SSLContext,
    read_from: Callable[[ssl.SSLSocket], bytes] = lambda wrapped: wrapped.recv(65536),
) -> bytes:
    """Send the call over TLS and return all that comes back.

    *read_from* reads a part; from below TLS a reset can be seen, which OpenSSL 3 calls an end.
    """
    with (
        socket.create_connection(running.address, timeout=10) as plain,
        trusted.wrap_socket(plain, server_hostname="127.0.0.1") as wrapped,
    ):
        wrapped.sendall(request())
        read = b""
        while more := read_from(wrapped):
            read += more
        return read


@pytest.mark.parametrize("wrong", ["no PEM", "swapped", "another key", "a passphrase"])
def test_files_that_are_no_pair_are_one_line_and_exit_code_2(
    wrong: str, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    cert, key = pair
    if wrong == "no PEM":
        cert = tmp_path / "cert.pem"
        cert.write_text("no certificate")
    elif wrong == "swapped":
        cert, key = key, cert
    elif wrong == "a passphrase":
        locked = tmp_path / "locked.pem"
        command = [str(OPENSSL), "ec", "-in", str(key), "-aes256", "-passout", "pass:sesame"]
        subprocess.run([*command, "-out", str(locked)], check=True, capture_output=True)
        key = locked
    else:
        key = tmp_path / "key.pem"
        command = [str(OPENSSL), "ecparam", "-name", "prime256v1", "-genkey", "-out", str(key)]
        subprocess.run(command, check=True, capture_output=True)
    done = run("serve", "--port", "0", *flags(cert, key))
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("superoffice-mock: ")
    assert str(cert) in line
    assert "tls-cert and tls-key" in line
