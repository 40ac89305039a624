"""Many processes behind Debian's nginx: each tenant lives on one of them, wherever it is called."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.cli_process import Served, serve
from tests.e2e.raw_http import JSON, ONE, exchange, request, until
from tests.support.server_process import PATH, Running

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
class Office:
    """The proxy, and the processes behind it."""

    proxy: Running
    processes: list[Served]

    def homes(self, tenant: str) -> list[int]:
        """Return which processes have exchanges of *tenant*."""
        journals = [one.running.exchanges(tenant) for one in self.processes]
        return [number for number, journal in enumerate(journals) if journal]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Three processes that know the same tenants, and nginx before them."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/opt/homebrew/bin")
    if nginx is None:
        pytest.skip("there is no nginx; Debian has it as nginx-light")
    configuration = tmp_path / "mock.toml"
    tenants = (TENANT.format(id_, id_) for id_ in TENANTS)
    configuration.write_text(ONSITE + "".join(tenants), encoding="utf-8")
    with ExitStack() as stack:
        processes = []
        for port in PORTS:
            folder = tmp_path / port
            folder.mkdir()
            processes.append(stack.enter_context(serve(folder, "--config", str(configuration))))
        yield Office(stack.enter_context(proxied(nginx, tmp_path, processes)), processes)


@contextmanager
def proxied(nginx: str, folder: Path, processes: list[Served]) -> Iterator[Running]:
    """Run nginx as `nginx.conf` says, but for the ports, until the block ends."""
    with closing(socket.create_server(("127.0.0.1", 0))) as probe:
        free = str(probe.getsockname()[1])
    text = CONF.read_text(encoding="utf-8").replace("8204", free)
    for port, served in zip(PORTS, processes, strict=True):
        text = text.replace(port, str(served.running.address[1]))
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [nginx, "-p", str(folder), "-c", "nginx.conf", "-e", "stderr"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        running = Running(f"http://127.0.0.1:{free}", process)
        try:
            until(lambda: process.poll() is not None or listens(running), "nginx listens")
            assert process.poll() is None, process.communicate()[1]
            yield running
        finally:
            process.terminate()
            process.communicate(timeout=10)


def listens(running: Running) -> bool:
    try:
        socket.create_connection(running.address, timeout=5).close()
    except OSError:
        return False
    return True


def call(tenant: str) -> bytes:
    signed = {"Authorization": f"Bearer 8A:{tenant}.token", "Content-Type": JSON}
    return request(ONE, signed | {"Content-Length": str(len(ONE))}, path=f"/{tenant}{PATH}")


def test_every_tenant_has_one_lease_and_one_journal_and_is_controlled_where_it_lives(
    office: Office,
) -> None:
    for tenant in TENANTS:
        office.proxy.control("POST", f"clock/jump?tenant={tenant}")
        answers = [exchange(office.proxy, call(tenant)).status for _ in range(3)]
        assert answers == [204, 204, 204]
        told = [one["outcome"] for one in office.proxy.exchanges(tenant)]
        assert told == ["started", "turned_away", "turned_away"]
    homes = [office.homes(tenant) for tenant in TENANTS]
    assert {len(home) for home in homes} == {1}
    assert len({home[0] for home in homes}) > 1


def test_onsite_is_one_tenant_under_whatever_path_it_is_called(office: Office) -> None:
    office.proxy.control("POST", "clock/freeze")
    office.proxy.control("POST", "faults?tenant=onsite", {"status": 503, "times": 4})
    paths = (PATH, f"/onsite{PATH}", f"/Anyone{PATH}", PATH.lower())
    assert [exchange(office.proxy, request(path=path)).status for path in paths] == [503] * 4
    assert len(office.homes("onsite")) == 1
    assert len(office.proxy.exchanges()) == len(paths)


def test_tenants_are_made_at_a_process_and_called_there(office: Office) -> None:
    made = office.processes[1].running.control("POST", "tenants", {})
    assert made["url"] == f"{office.processes[1].running.url}/{made['id']}"
    headers = made["credentials"]["headers"] | {"Content-Type": JSON, "Content-Length": "40"}
    there = exchange(
        office.processes[1].running, request(headers=headers, path=f"/{made['id']}{PATH}")
    )
    assert there.status == 204
    raw = request(b"{}", {"Content-Length": "2"}, path="/_mock/tenants")
    refused = exchange(office.proxy, raw)
    assert (refused.status, b"one of the processes" in refused.body) == (404, True)


def test_a_process_that_is_down_takes_its_own_tenants_along_and_no_others(office: Office) -> None:
    for tenant in TENANTS:
        assert exchange(office.proxy, call(tenant)).status == 204
    homes = {tenant: office.homes(tenant)[0] for tenant in TENANTS}
    down = homes[TENANTS[0]]
    office.processes[down].running.process.kill()
    office.processes[down].running.process.wait(timeout=10)
    for tenant, home in homes.items():
        if home == down:
            assert exchange(office.proxy, call(tenant)).status == 502
        else:
            assert len(office.proxy.exchanges(tenant)) == 1


def test_a_body_that_is_too_long_and_a_caller_who_hangs_up_are_the_mock_s_to_tell(
    office: Office,
) -> None:
    body = b" " * (2**20 + 1)
    head = {"Authorization": "Basic dGplMDpUamUw", "Content-Length": str(len(body))}
    assert exchange(office.proxy, request(body, head)).status == 413
    office.proxy.control("POST", "lease/hold")
    with socket.create_connection(office.proxy.address) as gone:
        gone.sendall(request())
        until(lambda: len(office.proxy.exchanges()) == 2, "the call has arrived")
    until(lambda: bool(office.proxy.exchanges()[1]["hung_up"]), "it is told who hung up")


def test_a_connection_fault_strikes_the_proxy_whose_caller_reads_a_502(office: Office) -> None:
    office.proxy.control("POST", "faults", {"connection": "empty-response"})
    assert exchange(office.proxy, request()).status == 502
