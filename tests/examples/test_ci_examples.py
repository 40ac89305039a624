"""The examples for CI: what can be run of them runs, and what they name is there."""

import os
import signal
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
from tests.support.server_process import environment, serving

HERE: Final = Path(__file__).parent
DEFAULT_PORT: Final = next(str(one.default) for one in options() if one.name == "port")
SETTINGS: Final = {f"{PREFIX}{one.name.upper().replace('-', '_')}" for one in options()}
TOKEN: Final = "${CONTROL_TOKEN:?any text that only your tests know}"


def source(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


# ---- GitHub Actions --------------------------------------------------------------------------


@pytest.fixture
def workflow() -> Any:
    # "on" is a boolean to YAML 1.1, and a word to GitHub.
    return yaml.load(source("github-actions.yml"), yaml.BaseLoader)


def test_every_step_of_the_workflow_uses_an_action_or_runs_something(workflow: Any) -> None:
    assert {"name", "on", "jobs", "permissions"} == set(workflow)
    for job in workflow["jobs"].values():
        assert {"runs-on", "steps"} == set(job)
        assert all(("uses" in step) != ("run" in step) for step in job["steps"])


@pytest.mark.slow
def test_the_step_that_starts_the_mock_leaves_it_running_for_the_next_steps(
    workflow: Any, tmp_path: Path
) -> None:
    steps = workflow["jobs"]["node"]["steps"]
    (start,) = (step["run"] for step in steps if step.get("name") == "Start the mock")
    variables = tmp_path / "variables"
    scripts = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    env = {"PATH": scripts, "RUNNER_TEMP": str(tmp_path), "GITHUB_ENV": str(variables)}
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", start]
    with subprocess.Popen(command, env=environment(env), start_new_session=True) as step:
        try:
            assert step.wait(timeout=60) == 0
            name, _, url = variables.read_text(encoding="ascii").strip().partition("=")
            assert name == "MOCK_URL"
            with urlopen(f"{url}/_mock/health", timeout=10) as health:
                assert health.status == 200
        finally:
            os.killpg(step.pid, signal.SIGTERM)


# ---- Compose ---------------------------------------------------------------------------------


@pytest.fixture
def composed() -> Any:
    return yaml.safe_load(source("compose.yml"))["services"]


def test_the_services_set_what_there_is_and_wait_until_the_mock_is_healthy(composed: Any) -> None:
    mock, tests = composed["superoffice"], composed["tests"]
    assert set(mock["environment"]) <= SETTINGS
    assert mock["build"]["dockerfile_inline"].endswith('CMD ["superoffice-mock", "serve"]\n')
    assert tests["depends_on"] == {"superoffice": {"condition": "service_healthy"}}
    assert tests["environment"]["MOCK_URL"] == f"http://superoffice:{DEFAULT_PORT}"
    assert mock["ports"] == [f"127.0.0.1:{DEFAULT_PORT}:{DEFAULT_PORT}"]
    assert f":{DEFAULT_PORT}/" in mock["healthcheck"]["test"][-1]


@pytest.mark.slow
def test_the_mock_is_healthy_in_the_environment_of_its_service(composed: Any) -> None:
    mock = composed["superoffice"]
    env = {name: value.replace(TOKEN, "secret") for name, value in mock["environment"].items()}
    assert "secret" in env.values()
    kind, _, *arguments = mock["healthcheck"]["test"]
    assert kind == "CMD"
    with serving("--log", "off", env=env) as server:
        port = server.address[1]
        told = [one.replace(DEFAULT_PORT, str(port)) for one in arguments]
        assert subprocess.run([sys.executable, *told], timeout=30).returncode == 0
        assert answered(port, {}) == 401
        assert answered(port, {"Authorization": "Bearer secret"}) == 201
    assert subprocess.run([sys.executable, *told], capture_output=True).returncode != 0


def answered(port: int, headers: Mapping[str, str]) -> int:
    """Make a tenant as another container would; return the status."""
    url = f"http://127.0.0.1:{port}/_mock/tenants"
    other = {"Host": f"superoffice:{DEFAULT_PORT}", **headers}
    try:
        with urlopen(Request(url, b"{}", other), timeout=10) as answer:
            status: int = answer.status
            return status
    except HTTPError as error:
        with error:
            return error.code
