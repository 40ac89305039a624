"""The examples for CI: the parts that can run here run, and the names in them exist."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from superoffice_mock.config.settings import PREFIX, options
from tests.support.documents import read
from tests.support.server_process import environment, run_server

HERE: Final = Path(__file__).parent
EXAMPLES: Final = "tests/examples/"
DEFAULT_PORT: Final = next(str(option.default) for option in options() if option.name == "port")
SETTINGS: Final = {f"{PREFIX}{option.name.upper().replace('-', '_')}" for option in options()}
TOKEN: Final = "${CONTROL_TOKEN:?any text that only your tests know}"


# ---- GitHub Actions --------------------------------------------------------------------------


@pytest.fixture
def workflow() -> Any:
    # "on" is a boolean in YAML 1.1 and a word for GitHub.
    return yaml.load(read(EXAMPLES + "github-actions.yml"), yaml.BaseLoader)


def test_every_step_of_the_workflow_uses_an_action_or_runs_something(workflow: Any) -> None:
    assert {"name", "on", "jobs", "permissions"} == set(workflow)
    for job in workflow["jobs"].values():
        assert {"runs-on", "steps"} == set(job)
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])


@pytest.mark.slow
@pytest.mark.usefixtures("node")
def test_the_step_that_runs_the_tests_of_node_reports_what_was_lost(
    workflow: Any, tmp_path: Path
) -> None:
    (step,) = (each["run"] for each in workflow["jobs"]["node"]["steps"] if "-- " in str(each))
    for name in ("mail-sync.js", "mail-sync.test.js"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(HERE / "node_modules")
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment({"PATH": path}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "superoffice-mock run: passed; " in done.stderr
    assert "<testsuite" in (tmp_path / "superoffice.xml").read_text(encoding="utf-8")


# ---- Compose ---------------------------------------------------------------------------------


@pytest.fixture
def services() -> Any:
    return yaml.safe_load(read(EXAMPLES + "compose.yml"))["services"]


def test_the_services_use_known_settings_and_wait_until_the_mock_is_healthy(services: Any) -> None:
    mock, tests = services["superoffice"], services["tests"]
    assert set(mock["environment"]) <= SETTINGS
    assert mock["build"]["dockerfile_inline"].endswith('CMD ["superoffice-mock", "serve"]\n')
    assert tests["depends_on"] == {"superoffice": {"condition": "service_healthy"}}
    control_url = tests["environment"]["SUPEROFFICE_CONTROL_URL"]
    assert control_url == f"http://superoffice:{DEFAULT_PORT}/_mock"
    assert mock["ports"] == [f"127.0.0.1:{DEFAULT_PORT}:{DEFAULT_PORT}"]
    assert f":{DEFAULT_PORT}/" in mock["healthcheck"]["test"][-1]


@pytest.mark.slow
def test_the_mock_is_healthy_in_the_environment_of_its_service(services: Any) -> None:
    mock = services["superoffice"]
    env = {name: value.replace(TOKEN, "secret") for name, value in mock["environment"].items()}
    assert "secret" in env.values()
    kind, _, *arguments = mock["healthcheck"]["test"]
    assert kind == "CMD"
    with run_server("--log", "off", env=env) as server:
        port = server.address[1]
        command = [argument.replace(DEFAULT_PORT, str(port)) for argument in arguments]
        assert subprocess.run([sys.executable, *command], timeout=30).returncode == 0
        assert create_tenant(port, {}) == 401
        assert create_tenant(port, {"Authorization": "Bearer secret"}) == 201
    assert subprocess.run([sys.executable, *command], capture_output=True).returncode != 0


def create_tenant(port: int, headers: Mapping[str, str]) -> int:
    """Create a tenant as another container would; return the status."""
    url = f"http://127.0.0.1:{port}/_mock/tenants"
    all_headers = {"Host": f"superoffice:{DEFAULT_PORT}", **headers}
    try:
        with urlopen(Request(url, b"{}", all_headers), timeout=10) as response:
            status: int = response.status
            return status
    except HTTPError as error:
        with error:
            return error.code
