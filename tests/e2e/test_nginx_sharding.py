"""Several processes behind nginx: each tenant lives on one of them, whatever URL is called."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.cli_process import ServeCommand, serve
from tests.e2e.raw_http import BODY, JSON, is_listening, request, send_request, wait_until
from tests.support.server_process import PATH, ServerProcess

pytestmark = pytest.mark.slow
CONF: Final = Path(__file__).with_name("nginx.conf")
PORTS: Final = ("8301", "8302", "8303")
TENANTS: Final = tuple(f"Cust{number}" for number in range(10_001, 10_013))
TENANT: Final = """
[[tenant]]
id = "{}"
installation = "online"
apps = [{{ name = "app", token = "app-token", email-agent = true }}]
tokens = [{{ value = "8A:{}.token", app = "app" }}]
"""
ONSITE: Final = """
[[tenant]]
id = "onsite"
installation = "onsite"
users = [{ name = "tje0", password = "Tje0" }]
"""


@dataclass(frozen=True, slots=True)
class Shards:
    proxy: ServerProcess
    processes: list[ServeCommand]

    def homes(self, tenant: str) -> list[int]:
        """Return the indexes of the processes that have exchanges of *tenant*."""
        journals = [process.server.exchanges(tenant) for process in self.processes]
        return [index for index, journal in enumerate(journals) if journal]


@pytest.fixture
def shards(tmp_path: Path) -> Iterator[Shards]:
    """Three processes with the same tenants behind nginx."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    if nginx is None:
        pytest.skip("nginx is missing; on Debian install nginx-light")
    configuration = tmp_path / "mock.toml"
    tenants = (TENANT.format(id_, id_) for id_ in TENANTS)
    configuration.write_text(ONSITE + "".join(tenants), encoding="utf-8")
    with ExitStack() as stack:
        processes = []
        for port in PORTS:
            folder = tmp_path / port
            folder.mkdir()
            processes.append(stack.enter_context(serve(folder, "--config", str(configuration))))
        yield Shards(stack.enter_context(run_nginx(nginx, tmp_path, processes)), processes)


@contextmanager
def run_nginx(nginx: str, folder: Path, processes: list[ServeCommand]) -> Iterator[ServerProcess]:
    """Run nginx with `nginx.conf` and other ports until the block ends."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        free_port = str(probe.getsockname()[1])
    text = CONF.read_text(encoding="utf-8").replace("8204", free_port)
    for port, shard in zip(PORTS, processes, strict=True):
        text = text.replace(port, str(shard.server.address[1]))
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [nginx, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        proxy = ServerProcess(f"http://127.0.0.1:{free_port}", process)
        try:
            wait_until(lambda: process.poll() is not None or is_listening(proxy), "nginx listens")
            assert process.poll() is None, process.communicate()[1]
            yield proxy
        finally:
            process.terminate()
            process.communicate(timeout=10)


def call_to(tenant: str) -> bytes:
    headers = {"Authorization": f"Bearer 8A:{tenant}.token", "Content-Type": JSON}
    return request(BODY, headers | {"Content-Length": str(len(BODY))}, path=f"/{tenant}{PATH}")


def test_calls_and_control_calls_of_a_tenant_reach_the_same_process(shards: Shards) -> None:
    for tenant in TENANTS:
        shards.proxy.control("POST", f"clock/jump?tenant={tenant}")
        responses = [send_request(shards.proxy, call_to(tenant)).status for _ in range(3)]
        assert responses == [204, 204, 204]
        outcomes = [exchange["outcome"] for exchange in shards.proxy.exchanges(tenant)]
        assert outcomes == ["started", "turned_away", "turned_away"]
    homes = [shards.homes(tenant) for tenant in TENANTS]
    assert {len(home) for home in homes} == {1}
    assert len({home[0] for home in homes}) > 1


def test_all_paths_of_onsite_reach_the_same_process(shards: Shards) -> None:
    shards.proxy.control("POST", "clock/freeze")
    shards.proxy.control("POST", "faults?tenant=onsite", {"status": 503, "times": 4})
    paths = (PATH, f"/onsite{PATH}", f"/Anyone{PATH}", PATH.lower())
    assert [send_request(shards.proxy, request(path=path)).status for path in paths] == [503] * 4
    assert len(shards.homes("onsite")) == 1
    assert len(shards.proxy.exchanges()) == len(paths)


def test_a_tenant_made_at_a_process_is_called_there(shards: Shards) -> None:
    server = shards.processes[1].server
    tenant = server.control("POST", "tenants", {})
    assert tenant["url"] == f"{server.url}/{tenant['id']}"
    headers = tenant["credentials"]["headers"] | {"Content-Type": JSON, "Content-Length": "40"}
    raw = request(headers=headers, path=f"/{tenant['id']}{PATH}")
    assert send_request(server, raw).status == 204
    raw = request(b"{}", {"Content-Length": "2"}, path="/_mock/tenants")
    response = send_request(shards.proxy, raw)
    assert (response.status, b"one of the processes" in response.body) == (404, True)
