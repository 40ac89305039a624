"""Runs of pytest with the plugin, for the tests of the plugin."""

import pytest
import yaml  # noqa: F401 - pytester unloads what a run imports, and C modules can't load twice

CALL = """
import http.client, json
import pytest
from urllib.parse import urlsplit

def sync(office, *accounts, **more):
    parts = urlsplit(office.url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    body = {"SyncUserAccounts": [{"AccountId": account} for account in accounts]} | more
    headers = {**office.credentials.headers, "Content-Type": "application/json"}
    path = parts.path + "/api/v1/Agents/EMail/SyncEmailAccounts"
    connection.request("POST", path, json.dumps(body), headers)
    status = connection.getresponse().status
    connection.close()
    return status
"""
"""The first lines of each test: a client of the mock."""
PLAIN = (
    *("-p", "no:randomly", "-p", "no:cacheprovider"),
    "-rN",  # no summary: if CI is set, it repeats whole messages
    *("-o", "asyncio_default_fixture_loop_scope=function"),
)


def run_test(pytester: pytest.Pytester, test: str, *arguments: str) -> pytest.RunResult:
    """Run *test* with pytest in this process."""
    pytester.makepyfile(CALL + test)
    return pytester.runpytest_inprocess(*PLAIN, *arguments)


def output(result: pytest.RunResult) -> str:
    """Return what *result* printed."""
    return result.stdout.str()
