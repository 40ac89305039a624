"""Options of `superoffice-mock check` that describe the server."""

import pytest

from tests.contract.suite.targets import run_check
from tests.support.server_process import run_server

TOKEN = {"SUPEROFFICE_MOCK_CONTROL_TOKEN": "only-for-tests"}


@pytest.mark.slow
def test_the_control_token_is_read_from_the_environment() -> None:
    with run_server("--log", "off", env=TOKEN) as running:
        result = run_check(running.url, "--only", "same-answer", env=TOKEN)
        result_without_token = run_check(running.url, "--only", "same-answer")
    assert result.exit_code == 0, result.output
    assert result_without_token.exit_code == 2
    assert "is a control token needed?" in result_without_token.stderr


@pytest.mark.slow
def test_an_open_reading_may_have_any_value() -> None:
    with run_server("--log", "off", "--reading", "restricted=403") as running:
        only = (running.url, "--only", "credentials-refused")
        assert run_check(*only, "--reading", "any").exit_code == 0
        assert run_check(*only, "--reading", "any", "--reading", "restricted=401").exit_code == 1
        assert run_check(*only, "--reading", "restricted=403", "--reading", "any").exit_code == 0


def test_the_length_of_a_run_must_be_positive() -> None:
    for seconds in ("0", "-1", "nan", "inf"):
        result = run_check("--run-seconds", seconds)
        assert result.exit_code == 2, seconds
        assert f"--run-seconds {seconds}: expected seconds, more than 0" in result.stderr
