"""`--superoffice-mock-report DIR`: a page for each test that used the mock."""

import json
import sys
from pathlib import Path

import pytest

from superoffice_mock.pytest_report import path_for
from tests.contract.timeline.samples import Markup
from tests.mock.testing.plugin_runs import output, run_test

pytest_plugins = ["pytester"]

TESTS = """
@pytest.fixture
def other(superoffice_mock_server):
    with superoffice_mock_server.tenant(installation="online") as office:
        yield office

@pytest.mark.parametrize("name", ["a/b", "a_b", "A_b", "</script><b>", "x" * 300, ".."])
def test_it(superoffice_mock, name):
    assert sync(superoffice_mock, 507) == 204

def test_lost(superoffice_mock, other):
    sync(superoffice_mock, 507)
    sync(superoffice_mock, 508, 509)
    sync(other, 777)

def test_failed(superoffice_mock):
    sync(superoffice_mock, 507)
    assert False

def test_gone(superoffice_mock):
    superoffice_mock.remove()

def test_without(): pass
"""


def test_each_test_that_used_the_mock_has_a_page_which_its_failure_names(
    pytester: pytest.Pytester,
) -> None:
    result = run_test(pytester, TESTS, "--superoffice-mock-report", "made/pages")
    result.assert_outcomes(passed=9, failed=1, errors=1)
    pages = {path.name: path.read_text() for path in (pytester.path / "made/pages").iterdir()}
    assert len(pages) == 9
    assert len({name.lower() for name in pages}) == 9
    named_files = [line for line in output(result).splitlines() if line.endswith(".html")]
    assert len(named_files) == 2
    (lost, failed) = (Path(line).read_text() for line in named_files)
    if "test_failed" in named_files[0]:
        lost, failed = failed, lost
    assert "<h2>Failures</h2>" in lost
    headlines = [json.loads(each)[0]["headline"] for each in Markup(lost).content("script")[:-1]]
    assert headlines == [
        "1 of 2 calls did nothing; accounts 508, 509 were never synced",
        "the call did what it asked for",
    ]
    assert "SyncUserAccounts" in lost
    assert "Basic [redacted]" in lost
    assert "mock-password" not in "".join(pages.values())
    assert '<th scope="row">test</th><td>passed</td>' in lost
    assert '<th scope="row">test</th><td>failed</td>' in failed
    assert "<h2>Failures</h2>" not in failed


def test_a_test_has_the_same_page_in_each_run_and_no_other_has_it(tmp_path: Path) -> None:
    names = ["a/b", "a_b", "A_b", "a b", "x" * 400, "y" + "x" * 399, "\udcff", "", "..", "é"]
    paths = [path_for(tmp_path, name) for name in names]
    assert len({str(path).lower() for path in paths}) == len(names)
    assert paths == [path_for(tmp_path, name) for name in names]
    for path in paths:
        assert path.parent == tmp_path
        assert len(path.name) < 128
        assert path.name.isascii()


def test_a_folder_that_cannot_be_written_to_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("file").write_text("")
    for folder, expected in (
        ("file", "file: file exists; name a folder that can be written to"),
        ("file/x", "file/x: not a directory; name"),
        ("/proc/x", "/proc/x: the system allows no new folder there; name"),
        ("a\0b", "embedded null byte; name"),
    ):
        result = run_test(pytester, TESTS, f"--superoffice-mock-report={folder}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR, folder
        message = result.stderr.str()
        assert "--superoffice-mock-report" in message
        assert expected in message, folder


def test_a_page_that_cannot_be_written_fails_its_test(pytester: pytest.Pytester) -> None:
    test = """
def test_it(superoffice_mock):
    import shutil
    shutil.rmtree("pages")
"""
    result = run_test(pytester, test, "--superoffice-mock-report", "pages")
    result.assert_outcomes(passed=1, errors=1)
    assert "can't be written: no such folder" in output(result)


@pytest.mark.slow
def test_two_workers_write_the_pages_of_all_tests(pytester: pytest.Pytester) -> None:
    test = """
import pytest
@pytest.mark.parametrize("n", range(12))
def test_it(superoffice_mock, n): pass
"""
    pytester.makepyfile(test)
    result = pytester.run(
        *(sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"),
        *("--superoffice-mock-report", "pages"),
    )
    result.assert_outcomes(passed=12)
    assert len([*(pytester.path / "pages").iterdir()]) == 12
