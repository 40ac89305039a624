"""What our clients send, to whom and by which way, and whom they trust: never the environment."""

import base64
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from superoffice_contract.control.client import ControlClient
from superoffice_contract.control.connection import Proxy, parse_proxy
from superoffice_contract.errors import ControlFailed, TargetError
from superoffice_contract.fuzzing.engine import SignIn, explore
from superoffice_contract.operations import sync_email_accounts
from superoffice_contract.target.http import Request, open_client
from superoffice_contract.throttle.state_machine import explore_throttle
from superoffice_mock import MockServer
from tests.contract.suite.targets import first_context, make_plan
from tests.e2e.upstreams import NO_CONTENT, raw_upstream
from tests.support.local_servers import invoke, make_certificate, needs_openssl

CLOSED: Final = "http://127.0.0.1:1"
HAR: Final = "fixtures/turned-away.har"


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(seconds_per_account=0.01) as running:
        yield running


def commands(url: str) -> list[tuple[str, ...]]:
    """Return the commands that call the server at *url*."""
    return [
        ("check", url, "--only", "ids", "--only", "media-types", "--only", "transfer"),
        ("check", "--real", url, "--max-requests", "3", "--pace", "0"),
        ("replay", HAR, "--against", url, "--gap", "0"),
        ("grade", "--journal", url),
    ]


def generate_requests(url: str, sign_in: SignIn, proxy: Proxy | None = None) -> None:
    operation = sync_email_accounts.operation()
    explore(url, operation, sign_in, seed=1, max_examples=1, proxy=proxy)


def test_nothing_of_the_environment_is_used(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login stranger password s3cret\n", encoding="utf-8")
    for name, value in {
        **dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), CLOSED),
        "HOME": str(tmp_path),
        "NETRC": str(netrc),
        "SCHEMATHESIS_HOOKS": "no_such_module",
        "OTHER": "s3cret",
    }.items():
        monkeypatch.setenv(name, value)
    for arguments in commands(server.url):
        result = invoke(*arguments)
        assert result.exit_code in (0, 1), (arguments, result.output)
    with raw_upstream(NO_CONTENT) as upstream:
        headers = (("Cookie", "SESSION_COOKIE=a${OTHER}"), ("X-XSRF-TOKEN", "$${OTHER}"))
        generate_requests(upstream.url, SignIn("a session", headers, "Cust1"))
    assert len(upstream.heads) > 100
    heads = b"\n".join(upstream.heads).decode()
    for name, value in headers:
        assert f"{name}: {value}" in heads, name
    for text in ("s3cret", base64.b64encode(b"stranger:s3cret").decode()):
        assert text not in heads, text


def test_every_call_goes_through_the_proxy_that_is_named() -> None:
    credentials = base64.b64encode(b"ann:p@ss").decode()
    with raw_upstream(NO_CONTENT) as proxy:
        for arguments in commands(CLOSED):
            proxy.play(NO_CONTENT)
            named = proxy.url.replace("//", "//ann:p%40ss@")
            result = invoke(*arguments, "--proxy", named)
            assert "refused" not in result.output, (arguments, result.output)
            assert "%40ss" not in result.output, arguments
            heads = [head.decode() for head in proxy.heads]
            assert len(heads) >= 1 + 8 * ("transfer" in arguments), arguments
            assert [head for head in heads if f" {CLOSED}/" not in head] == [], arguments
            assert [head for head in heads if f"Basic {credentials}" not in head] == [], arguments
            if "transfer" in arguments:
                assert (
                    "needs a connection of its own to the server, without --proxy: transfer"
                    in result.output
                )
        proxy.play(NO_CONTENT)
        basic = SignIn("a user", (("Authorization", "Basic dGplMDpUamUw"),))
        generate_requests(CLOSED, basic, Proxy(proxy.url))
        assert len(proxy.heads) > 100


def test_a_proxy_that_refuses_or_does_not_listen_is_one_line(server: MockServer) -> None:
    with raw_upstream(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as refusing:
        for url in (refusing.url, CLOSED):
            for arguments in commands(server.url):
                result = invoke(*arguments, "--proxy", url)
                assert (result.exit_code, result.stdout) == (2, ""), (arguments, result.output)
                last_line = result.stderr.splitlines()[-1]
                problem = "the proxy refuses" if url == refusing.url else "connection refused"
                assert problem in last_line, (arguments, last_line)
    plan = make_plan(server.url, proxy=Proxy(CLOSED))
    with pytest.raises(TargetError, match=r"through http://127\.0\.0\.1:1: connection refused"):
        explore_throttle(
            plan.connect(),
            first_context(plan),
            has_sockets=True,
            random_seed=1,
            examples=1,
            shrink_seconds=0,
        )


def test_an_invalid_proxy_is_refused() -> None:
    assert parse_proxy("http://[::1]:8080/") == Proxy("http://[::1]:8080")
    for url in ("127.0.0.1:8080", "socks5://127.0.0.1", "http://", "http://a:b@", "http://h/x?y"):
        with pytest.raises(TargetError, match=r"^--proxy: expected http://HOST:PORT"):
            raise AssertionError(parse_proxy(url))
    for arguments in (("check",), ("grade", HAR)):
        result = invoke(*arguments, "--proxy", CLOSED)
        assert (result.exit_code, "there is no URL to call" in result.stderr) == (2, True)


@needs_openssl
async def test_only_ca_adds_an_authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate, key = map(str, make_certificate(tmp_path))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    answer = b'HTTP/1.1 200 OK\r\nContent-Length: 15\r\nConnection: close\r\n\r\n{"status":"ok"}'

    def tunnel(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with tls.wrap_socket(connection, server_side=True) as inner:
            inner.recv(65536)
            inner.sendall(answer)

    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, certificate)
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with raw_upstream(answer, tls) as server, raw_upstream(tunnel) as proxy:
        for url, via in ((server.url, None), ("https://127.0.0.1:1", Proxy(proxy.url))):
            with pytest.raises(ControlFailed, match="certificate verify failed"):
                ControlClient(url, proxy=via).raw("GET", "health")
            async with open_client(url, 5, proxy=via) as client:
                with pytest.raises(TargetError, match="its certificate is not trusted"):
                    await client.send(Request("GET", "/_mock/health"))
            async with open_client(url, 5, authorities=certificate, proxy=via) as client:
                assert (await client.send(Request("GET", "/_mock/health"))).status == 200
            control_client = ControlClient(url, certificate=certificate, proxy=via)
            assert b"status" in control_client.raw("GET", "health")
            control_client.close()
        assert {head.split()[0] for head in proxy.heads} == {b"CONNECT"}
    assert not (tmp_path / "keys").exists()
