"""Reading any body of up to 1 MiB takes less than 100 ms, also if it is built to be slow."""

import gc
from collections.abc import Iterator

import pytest

from superoffice_mock.errors import Rejected
from tests.mock.wire.big_bodies import BIG_BODIES, BigBody
from tests.mock.wire.builders import MEBIBYTE, OPERATION, read_body
from tests.support.cpu_time import usual_seconds

MAX_SECONDS = 0.1


@pytest.fixture(autouse=True, scope="module")
def freeze_heap() -> Iterator[None]:
    """Freeze the heap of other tests, as `serve` freezes its own once it is ready."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(autouse=True, scope="module")
def build_decoders() -> None:
    """Build the decoders and validators, which a process does once."""
    for media_type in OPERATION.bodies:
        with pytest.raises(Rejected):
            read_body(media_type, "x")
    assert read_body("application/json", '{"q": 0}').violations


def read_status(big: BigBody, raw: bytes) -> int:
    try:
        read_body(big.media_type, raw)
    except Rejected as error:
        return error.status
    return 204


@pytest.mark.claim("body-syntax", "body-limit", "xml-dtd", "items-all")
@pytest.mark.parametrize(
    "big", BIG_BODIES, ids=lambda big: f"{big.media_type.split('/')[1]}: {big.name}"
)
def test_a_body_that_is_built_to_be_slow_is_read_within_100_ms(big: BigBody) -> None:
    raw = big.make().encode()
    assert len(raw) <= MEBIBYTE

    def check_status() -> None:
        assert read_status(big, raw) == big.status

    assert usual_seconds(check_status, MAX_SECONDS) < MAX_SECONDS
