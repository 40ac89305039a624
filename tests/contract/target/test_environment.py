"""What our clients send, to whom and by which way, and whom they trust: never the environment."""

import base64
import os
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
from tests.contract.suite.targets import make_plan
from tests.e2e.upstreams import NO_CONTENT, raw_upstream
from tests.support.forward_proxy import ForwardProxy, run_proxy
from tests.support.local_servers import invoke, make_certificate, needs_openssl

HAR: Final = "fixtures/turned-away.har"


@pytest.fixture
def proxy() -> Iterator[tuple[ForwardProxy, str]]:
    with run_proxy() as running:
        yield running


@pytest.fixture
def server() -> Iterator[MockServer]:
    with MockServer(seconds_per_account=0.01) as running:
        yield running


def commands(url: str) -> list[tuple[str, ...]]:
    """Return the commands that call the server at *url*."""
    return [
        ("check", url, "--only", "media-types", "--only", "transfer"),
        ("check", "--real", url, "--max-requests", "3", "--pace", "0"),
        ("replay", HAR, "--against", url, "--gap", "0"),
        ("grade", "--journal", url),
    ]


def generate_requests(url: str, sign_in: SignIn, proxy: Proxy | None = None) -> None:
    operation = sync_email_accounts.operation()
    explore(url, operation, sign_in, seed=1, max_examples=1, mode="negative", proxy=proxy)


def test_nothing_of_the_environment_is_used(
    proxy: tuple[ForwardProxy, str],
    server: MockServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login stranger password s3cret\n", encoding="utf-8")
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{proxy[1]}")
    for name, value in {
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
        session, xsrf = "a${OTHER}", "$${OTHER}"
        schemes = {"xsrfToken": {"api_key": xsrf}, "session": {"api_key": session}}
        generate_requests(upstream.url, SignIn("a session", schemes, "Cust1", "t${OTHER}"))
    assert proxy[0].heads == []
    assert len(upstream.heads) > 100
    heads = b"\n".join(upstream.heads).decode()
    for text in (session, xsrf, "SO-AppToken: t${OTHER}"):
        assert text in heads, text
    for text in ("s3cret", base64.b64encode(b"stranger:s3cret").decode()):
        assert text not in heads, text


@pytest.mark.slow
def test_every_call_goes_through_the_proxy_that_is_named(
    proxy: tuple[ForwardProxy, str], server: MockServer
) -> None:
    running, address = proxy
    credentials = base64.b64encode(b"ann:p@ss").decode()
    counts = []
    for arguments in commands(server.url):
        running.heads.clear()
        result = invoke(*arguments, "--proxy", f"http://ann:p%40ss@{address}")
        assert result.exit_code in (0, 1), (arguments, result.output)
        if "transfer" in arguments:
            assert "transfer  (needs a connection of its own to the server" in result.output
        assert [head for head in running.heads if f"Basic {credentials}" not in head] == []
        counts.append(len(running.heads))
    running.heads.clear()
    basic = SignIn("a user", {"basic": {"username": "tje0", "password": "Tje0"}})
    generate_requests(server.url, basic, Proxy(f"http://{address}"))
    counts.append(len(running.heads))
    assert min(counts[0], counts[-1]) > 40, counts
    assert min(counts) > 0, counts


def test_a_proxy_that_refuses_or_does_not_listen_is_one_line(server: MockServer) -> None:
    with raw_upstream(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n") as refusing:
        for url in (refusing.url, "http://127.0.0.1:1"):
            for arguments in commands(server.url):
                result = invoke(*arguments, "--proxy", url)
                assert (result.exit_code, result.stdout) == (2, ""), (arguments, result.output)
                last_line = result.stderr.splitlines()[-1]
                problem = "the proxy refuses" if url == refusing.url else "connection refused"
                assert problem in last_line, (arguments, last_line)
    (context, *_) = make_plan(server.url).contexts
    with pytest.raises(TargetError, match=r"through http://127\.0\.0\.1:1: connection refused"):
        explore_throttle(
            server.url,
            context,
            random_seed=1,
            examples=1,
            shrink_seconds=0,
            timeout_seconds=5,
            proxy=Proxy("http://127.0.0.1:1"),
        )


def test_an_invalid_proxy_is_refused() -> None:
    assert parse_proxy("http://[::1]:8080/") == Proxy("http://[::1]:8080")
    for url in ("127.0.0.1:8080", "socks5://127.0.0.1", "http://", "http://a:b@", "http://h/x?y"):
        with pytest.raises(TargetError, match=r"^--proxy: expected http://HOST:PORT"):
            raise AssertionError(parse_proxy(url))
    for arguments in (("check",), ("grade", HAR)):
        result = invoke(*arguments, "--proxy", "http://127.0.0.1:1")
        assert (result.exit_code, "there is no URL to call" in result.stderr) == (2, True)


@needs_openssl
async def test_only_ca_adds_an_authority(
    proxy: tuple[ForwardProxy, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate, key = map(str, make_certificate(tmp_path))
    with MockServer(tls_cert=certificate, tls_key=key) as server:
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
            monkeypatch.setenv(name, certificate)
        monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
        with pytest.raises(ControlFailed, match="certificate verify failed"):
            ControlClient(server.url).raw("GET", "health")
        for proxy_to_use in (None, Proxy(f"http://{proxy[1]}")):
            proxy[0].heads.clear()
            async with open_client(server.url, 5, proxy=proxy_to_use) as client:
                with pytest.raises(TargetError, match="its certificate is not trusted"):
                    await client.send(Request("GET", "/_mock/health"))
            async with open_client(
                server.url, 5, authorities=certificate, proxy=proxy_to_use
            ) as client:
                assert (await client.send(Request("GET", "/_mock/health"))).status == 200
            control_client = ControlClient(server.url, certificate=certificate, proxy=proxy_to_use)
            assert b"status" in control_client.raw("GET", "health")
            control_client.close()
            assert bool(proxy[0].heads) == (proxy_to_use is not None)
    assert not (tmp_path / "keys").exists()
    assert os.environ["SSL_CERT_FILE"] == certificate
