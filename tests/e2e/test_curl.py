"""curl, unchanged: every media type, and its own habits."""

import shutil
import subprocess

import pytest

from tests.support.server_process import PATH, ServerProcess

CURL = shutil.which("curl")
pytestmark = pytest.mark.skipif(CURL is None, reason="there is no curl on this machine")
BODY = '{"SyncUserAccounts":[{"AccountId":507}]}'


def curl(url: str, *arguments: str) -> tuple[int, str]:
    command = [str(CURL), "-sS", "--max-time", "20", "--noproxy", "*", "-w", "\n%{http_code}"]
    done = subprocess.run(
        [*command, *arguments, url], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), body


@pytest.mark.parametrize(
    "options",
    [
        ["-d", BODY],
        ["-d", BODY, "-H", "Expect: 100-continue", "--expect100-timeout", "20"],
        ["-d", BODY, "-H", "Transfer-Encoding: chunked"],
        ["-d", BODY, "--http1.0"],
        ["-d", BODY, "--http2"],
        ["-d", BODY, "--anyauth"],
    ],
    ids=lambda options: " ".join(options[2:3]) or "plain",
)
def test_a_run_starts_with_any_options_of_curl(options: list[str], server: ServerProcess) -> None:
    arguments = ["-u", "tje0:Tje0", "-H", "Content-Type: application/json", *options]
    status, body = curl(server.url + PATH, *arguments)
    assert (status, body) == (204, "")
    assert server.exchanges()[-1]["accounts"][0]["AccountId"] == 507


def test_curl_can_send_a_form(server: ServerProcess) -> None:
    fields = ["--data-urlencode", "SyncUserAccounts[0].AccountId=507"]
    assert curl(server.url + PATH, "-u", "tje0:Tje0", *fields)[0] == 204
    assert server.exchanges()[0]["media_type"] == "application/x-www-form-urlencoded"


def test_curl_without_body_or_credentials_gets_an_error(server: ServerProcess) -> None:
    status, body = curl(server.url + PATH, "-X", "POST", "-u", "tje0:Tje0")
    assert status == 400
    assert "application/json" in body
    assert curl(server.url + PATH)[0] == 200
    assert curl(server.url + PATH, "-d", BODY)[0] == 401
