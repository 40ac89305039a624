"""Clients are made in a few places only, where they get limits and nothing of the environment."""

import ast
from collections.abc import Iterator
from typing import Final

from tests.repository.test_import_layers import CONTRACT, MOCK, modules

MAKERS: Final = frozenset(
    (
        *("AsyncClient", "Client", "AsyncHTTPTransport", "HTTPTransport", "ASGITransport"),
        *("HTTPConnection", "HTTPSConnection", "urlopen", "build_opener"),
        *("requests.Session", "requests.get", "requests.post", "requests.request"),
        *("create_connection", "open_connection", "open_unix_connection", "sock_connect"),
        *("SSLContext", "create_default_context", "load_default_certs", "create_ssl_context"),
        *("set_default_verify_paths", "getproxies", "netrc"),
    )
)
"""What makes a client, a connection, or a choice of whom to trust."""
EXPECTED: Final = {
    f"{CONTRACT}.control.connection": {"HTTPConnection", "HTTPSConnection", "SSLContext"},
    f"{CONTRACT}.target.http": {"AsyncClient", "AsyncHTTPTransport", "ASGITransport", "Client"},
    f"{CONTRACT}.target.raw": {"open_connection"},
    f"{CONTRACT}.fuzzing.transport": {"requests.Session"},
    f"{MOCK}.proxy.upstream_client": {"AsyncHTTPTransport"},
    f"{MOCK}.server.run": {"SSLContext"},  # of a server
}
"""Beside these, `ControlClient` and `open_client` are what to use."""


def calls(source: str) -> Iterator[tuple[str, ast.Call]]:
    """Yield what *source* calls of `MAKERS`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            for candidate in MAKERS & {name, name.rpartition(".")[2]}:
                yield candidate, node


def test_no_other_module_makes_a_client() -> None:
    sources = {module: path.read_text(encoding="utf-8") for module, path in modules().items()}
    found = {module: {name for name, _ in calls(source)} for module, source in sources.items()}
    assert {module: names for module, names in found.items() if names} == EXPECTED
    for module, source in sources.items():
        for name, call in calls(source):
            if name in ("AsyncClient", "AsyncHTTPTransport"):
                options = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
                assert options.get("trust_env") == "False", (module, name)


def test_a_client_is_found() -> None:
    for source in (
        "http.client.HTTPConnection('x')",
        "urllib.request.urlopen(url)",
        "httpx2.AsyncClient()",
        "async def f():\n    await asyncio.open_connection(*address)",
        "with requests.Session() as session: pass",
    ):
        assert len([*calls(source)]) == 1, source
