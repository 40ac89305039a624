"""The pauses of `replay --against`: as long as the recording was idle, if a run may need them."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from superoffice_mock.cli.replay_against import IdleTime
from tests.mock.replay.servers import during
from tests.support.recordings import entry

CALLS = st.lists(
    st.tuples(st.integers(0, 50), st.integers(0, 50), st.sampled_from([204, 400])), max_size=12
)


@given(CALLS.map(sorted))
def test_a_recording_is_idle_from_the_last_arrival_or_answer(
    calls: list[tuple[int, int, int]],
) -> None:
    idle = IdleTime()
    for index, (at, took, status) in enumerate(calls):
        earlier = calls[:index]
        moments = [other for other, _, _ in earlier[-1:]]
        moments += [other + took for other, took, _ in earlier if other + took <= at]
        may_run = any(status == 204 for _, _, status in earlier)
        expected = at - max(moments) if may_run else 0
        assert idle.before(during(entry(status=status), at, took)) == expected


def test_a_call_without_a_time_needs_no_pause() -> None:
    idle = IdleTime()
    idle.before(during(entry(), 1.0, 1.0))
    assert idle.before(replace(entry(), at=None)) == 0
    assert idle.before(during(entry(), 5.0, 1.0)) == 3.0
