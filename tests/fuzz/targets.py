"""What is fuzzed: every decoder, as a function of bytes that fails where a user would see a crash.

A target raises only if there is a defect; what a decoder says of bad input is no defect.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from superoffice_contract import har
from superoffice_contract.drift import compare
from superoffice_contract.errors import DriftError, TrafficError
from superoffice_contract.openapi import operations
from superoffice_mock.config import settings, tenant_file
from superoffice_mock.errors import Rejected, SetupError
from superoffice_mock.recordings import har_file as fixtures
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.wire import cors, error_body, headers
from superoffice_mock.wire.decode import decode
from superoffice_mock.wire.headers import Headers
from tests.support.cpu_time import pace, seconds

Target = Callable[[bytes], None]

LIMIT: Final = 0.1
"""Seconds of CPU that one input of this size may take."""
LONGEST: Final = 16 * 1024
"""Bytes of an input."""
MOST_ITEMS: Final = 10_000
_ORIGINS: Final = cors.Origins.of(["loopback", "https://app.example.com"])


class SlowError(AssertionError):
    """A decoder took too long."""


def check_quick(task: Callable[[], object], limit: float = LIMIT) -> None:
    """Raise SlowError if *task* takes more than *limit* seconds of CPU at the usual pace."""
    took = seconds(task)
    if took > limit and took > limit * pace():
        message = f"took {took:.3f} s of CPU, more than {limit} s"
        raise SlowError(message)


# ---- bodies ----------------------------------------------------------------------------------


def _body(content_type: str) -> Target:
    (operation,) = operations.load().operations.values()

    def target(data: bytes) -> None:
        with _rejecting():
            decode(operation, content_type, data, MOST_ITEMS)

    return target


def _any_body(data: bytes) -> None:
    """Content-Type and body, with a line between them."""
    (operation,) = operations.load().operations.values()
    content_type, _, raw = data.partition(b"\n")
    with _rejecting():
        decode(operation, content_type.decode("latin-1"), raw, MOST_ITEMS)


@contextmanager
def _rejecting() -> Iterator[None]:
    error: Rejected | None = None
    try:
        yield
    except Rejected as raised:
        error = raised
    if error is not None:
        assert error.status in (400, 413, 415), error
        for family in ("webapi", "netserver"):
            for media_type in error_body.ERROR_TYPES:
                error_body.render(error_body.envelope(error, family), media_type).decode()


# ---- headers and query -----------------------------------------------------------------------


def _headers(data: bytes) -> None:
    """Headers, one a line, as the parser hands them on."""
    pairs = [line.partition(b":")[::2] for line in data.split(b"\n") if line]
    found = Headers([(name.strip().lower(), value.strip()) for name, value in pairs])
    headers.presented(found)
    for name, value in headers.for_journal(found.raw):
        assert isinstance(name, str)
        assert isinstance(value, str)
    assert (
        headers.preferred(found.get(b"accept") or "", error_body.ERROR_TYPES)
        in error_body.ERROR_TYPES
    )
    cors.headers_for(found, _ORIGINS)
    cors.preflight_headers(found, ("POST",))


def _select(data: bytes) -> None:
    for one in headers.parse_select(data.decode("latin-1")):
        assert one


# ---- files -----------------------------------------------------------------------------------


def _har(data: bytes) -> None:
    with suppress(TrafficError):
        har.read_entries(data)


def _fixture(data: bytes) -> None:
    """What is read is redacted, written, and then the same; twice redacted is no more."""
    with suppress(TrafficError):
        redaction = Redactor(b"fuzzed")
        once = redaction.recording(fixtures.read(data))
        again = redaction.recording(fixtures.read(fixtures.written(once)))
        assert again.entries == once.entries


def _page(data: bytes) -> None:
    with suppress(DriftError):
        compare.compare(compare.read(data), "fuzzed")


def _configuration(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "mock.toml")
        file.write_bytes(data)
        with suppress(SetupError):
            loaded = settings.load(str(file), {}, {}, ())
            one = loaded.settings
            tables = loaded.tenants or tenant_file.demo()
            tenant_file.tenants(tables, loaded.source, one.seconds_per_account, one.readings)


TARGETS: Final[Mapping[str, Target]] = {
    "json": _body("application/json"),
    "xml": _body("application/xml"),
    "form": _body("application/x-www-form-urlencoded"),
    "any-body": _any_body,
    "headers": _headers,
    "select": _select,
    "har": _har,
    "fixture": _fixture,
    "page": _page,
    "configuration": _configuration,
}
"""By name; each has a folder of that name in `corpus/`."""


def corpus(name: str) -> Path:
    """Return the folder of inputs that target *name* starts from."""
    return Path(__file__).with_name("corpus") / name
