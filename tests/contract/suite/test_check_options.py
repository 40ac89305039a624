"""Options of `superoffice-mock check` that tell it about the server."""

import pytest
from click.testing import CliRunner, Result

from superoffice_mock.cli import main
from tests.support.server_process import serving

TOKEN = {"SUPEROFFICE_MOCK_CONTROL_TOKEN": "only-for-tests"}


def check(*arguments: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(main, ["check", *arguments], env=env)


@pytest.mark.slow
def test_the_control_token_of_the_environment_opens_the_truth() -> None:
    with serving("--log", "off", env=TOKEN) as running:
        opened = check(running.url, "--only", "same-answer", env=TOKEN)
        shut = check(running.url, "--only", "same-answer")
    assert opened.exit_code == 0, opened.output
    assert shut.exit_code == 2
    assert "is a control token needed?" in shut.stderr


@pytest.mark.slow
def test_a_reading_that_is_left_open_may_have_any_value_and_is_told() -> None:
    with serving("--log", "off", "--reading", "restricted=403") as running:
        only = (running.url, "--only", "credentials-refused")
        assert check(*only, "--reading", "any").exit_code == 0
        assert check(*only, "--reading", "any", "--reading", "restricted=401").exit_code == 1
        assert check(*only, "--reading", "restricted=403", "--reading", "any").exit_code == 0


@pytest.mark.parametrize("seconds", ["0", "-1", "nan", "inf"])
def test_a_run_takes_some_time(seconds: str) -> None:
    done = check("--run-seconds", seconds)
    assert done.exit_code == 2
    assert f"--run-seconds {seconds}: expected seconds, more than 0" in done.stderr
