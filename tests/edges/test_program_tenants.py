"""The program's tenants: what its settings and its file say of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cli_process import Served, serve

ODD = """
expires-after = 3600
max-tenants = 1

[[tenant]]
id = "Cust77777"
installation = "online"
users = [{ name = "kari", password = "Kari" }]
tickets = ["7T:ticket"]
expires-after = { tickets = 21600 }
"""


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Served]:
    config = tmp_path / "mock.toml"
    config.write_text(ODD, encoding="utf-8")
    with serve(tmp_path, "--config", str(config), "--log", "text") as served:
        yield served


@pytest.mark.slow
def test_the_program_takes_lifetimes_and_bounds_from_its_file_and_warns_of_what_is_odd(
    odd: Served,
) -> None:
    told = odd.running.control("GET", "tenants/Cust77777")
    assert told["expires_after"] == {"tickets": 21_600, "tokens": 3_600, "sessions": 3_600}
    made = odd.running.control("POST", "tenants", {"installation": "online"})
    assert set(made["expires_after"].values()) == {3_600}
    assert odd.running.control("POST", "tenants", {})["status"] == 409
    assert "tenant 'Cust77777': users: Basic is never accepted Online" in odd.log
    assert "Kari" not in odd.log
