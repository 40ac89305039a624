"""Runs of pytest with the plugin, for the tests of the plugin."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml  # noqa: F401 - pytester unloads what a run imports, and C modules can't load twice

from tests.mock.testing import partner

CALL = f"import pytest\n{Path(partner.__file__).read_text(encoding='utf-8')}"
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


def check_invalid_markers(pytester: pytest.Pytester, cases: Mapping[str, str]) -> None:
    """Check that a marker with the arguments of each of *cases* is an error with its message."""
    tests = (
        f"@pytest.mark.superoffice_mock({arguments})\ndef test_{n}(superoffice_mock): pass\n"
        for n, arguments in enumerate(cases)
    )
    result = run_test(pytester, "".join(tests))
    result.assert_outcomes(errors=len(cases))
    errors = output(result).split("_ ERROR at setup of ")[1:]
    for (arguments, message), error in zip(cases.items(), errors, strict=True):
        assert "@pytest.mark.superoffice_mock" in error
        assert message in error, arguments
        assert "Traceback" not in error
