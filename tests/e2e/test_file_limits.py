"""Too few descriptors: the server says so, serves as many as it can, and goes on."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from superoffice_mock.config.settings import Settings
from superoffice_mock.server.file_limits import RESERVE, fitted
from tests.e2e.cli_process import Served, serve, started_after
from tests.e2e.raw_http import Connection, request, until

resource = pytest.importorskip("resource", reason="Windows bounds no descriptors")
FEW = 64
CALLERS = 150
NOBODY = b'{"SyncUserAccounts":[]}'


@contextmanager
def limited(soft: int, hard: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Let the system allow *soft* descriptors and *hard* if asked; yield what it is asked for."""
    asked: list[int] = []

    def set_(_: int, limits: tuple[int, int]) -> None:
        if limits[0] > hard >= 0:
            raise ValueError
        asked.append(limits[0])

    with monkeypatch.context() as patch:
        patch.setattr(resource, "getrlimit", lambda _: (soft, hard))
        patch.setattr(resource, "setrlimit", set_)
        yield asked


@pytest.mark.parametrize(
    ("soft", "hard", "asked", "most"),
    [
        (1_024, 524_288, [10_040], 10_000),
        (256, resource.RLIM_INFINITY, [10_040], 10_000),
        (resource.RLIM_INFINITY, resource.RLIM_INFINITY, [], 10_000),
        (20_000, 20_000, [], 10_000),
        (1_024, 4_096, [4_096], 4_096 - RESERVE),
        (64, 64, [64], 64 - RESERVE),
        (32, 32, [32], 8),
        (2, 2, [2], 1),
    ],
)
def test_as_many_descriptors_are_taken_as_connections_need_and_the_system_allows(
    soft: int, hard: int, asked: list[int], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with limited(soft, hard, monkeypatch) as got:
        settings, warnings = fitted(Settings())
    assert (settings.max_connections, got) == (most, asked)
    assert len(warnings) == (most != 10_000)


def test_a_system_with_a_bound_of_its_own_leaves_what_there_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)
    settings, (warning,) = fitted(Settings())
    assert settings.max_connections == 256 - RESERVE
    assert "only 256 files open, so it is 216; allow more: ulimit -n 10040" in warning


# ---- the program -----------------------------------------------------------------------------


LIMITED = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({FEW}, {FEW}))"


@pytest.mark.slow
def test_at_the_limit_some_are_served_the_rest_sent_away_and_then_all_is_as_before(
    tmp_path: Path,
) -> None:
    with serve(tmp_path, "--log", "json", program=started_after(LIMITED)) as served:
        warning, *_ = served.log.splitlines()
        with ExitStack() as stack:
            crowd = [stack.enter_context(Connection(served.running)) for _ in range(CALLERS)]
            heard = Counter(answer_to(one) for one in crowd)
        for _ in range(CALLERS):
            until(lambda: answers(served), "it serves as before")
        exchanges = served.running.exchanges()
    assert "only 64 files open, so it is 24" in warning
    assert heard[204] == FEW - RESERVE
    assert heard[503] > 0
    assert set(heard) == {204, 503, None}
    told = {one["reason"] for one in exchanges if one["status"] == 503}
    assert told == {"there are 24 connections already; close some"}


def answer_to(caller: Connection) -> int | None:
    """Call; return the status, or None where the connection is closed without an answer."""
    try:
        return caller.send(request(NOBODY)).answer().status
    except (ConnectionError, AssertionError):
        return None


def answers(served: Served) -> bool:
    """Tell whether a newcomer is served."""
    with Connection(served.running) as newcomer:
        return answer_to(newcomer) == 204
