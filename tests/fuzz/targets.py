"""The targets of fuzzing: every decoder as a function of bytes.

A target raises only if there is a defect; an error about invalid input is none.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from superoffice_contract import har, har_log
from superoffice_contract.bodies.decode import decode
from superoffice_contract.drift import compare
from superoffice_contract.errors import DriftError, InvalidBody, TrafficError
from superoffice_contract.operations import sync_email_accounts
from superoffice_mock.config import settings, tenant_file
from superoffice_mock.errors import Rejected, SetupError
from superoffice_mock.recordings import har_file
from superoffice_mock.redaction.redactor import Redactor
from superoffice_mock.wire import cors, error_body, headers
from superoffice_mock.wire.headers import Headers
from tests.support.cpu_time import cpu_seconds, slowness

Target = Callable[[bytes], None]

LIMIT: Final = 0.1
"""Seconds of CPU that one input may take."""
MAX_LENGTH: Final = 16 * 1024
"""Bytes of an input at most."""
MAX_ITEMS: Final = 10_000
_ORIGINS: Final = cors.AllowedOrigins.parse(["loopback", "https://app.example.com"])


class SlowError(AssertionError):
    """A decoder took too long."""


def check_quick(task: Callable[[], object], limit: float = LIMIT) -> None:
    """Raise SlowError if *task* takes more than *limit* seconds of CPU on a usual machine."""
    took = cpu_seconds(task)
    if took > limit and took > limit * slowness():
        message = f"took {took:.3f} s of CPU, more than {limit} s"
        raise SlowError(message)


# ---- bodies ----------------------------------------------------------------------------------


def _body(content_type: str) -> Target:
    operation = sync_email_accounts.operation()

    def target(data: bytes) -> None:
        with _check_rejection():
            decode(operation.bodies, content_type, data, MAX_ITEMS)

    return target


def _any_body(data: bytes) -> None:
    """Decode a Content-Type, a line break and a body."""
    operation = sync_email_accounts.operation()
    content_type, _, raw = data.partition(b"\n")
    with _check_rejection():
        decode(operation.bodies, content_type.decode("latin-1"), raw, MAX_ITEMS)


@contextmanager
def _check_rejection() -> Iterator[None]:
    try:
        yield
    except InvalidBody as raised:
        error = Rejected(raised.status, raised.where, raised.reason)
        assert error.status in (400, 413, 415), error
        for family in ("webapi", "netserver"):
            for media_type in error_body.ERROR_TYPES:
                error_body.render(error_body.envelope(error, family), media_type).decode()


# ---- headers and query -----------------------------------------------------------------------


def _headers(data: bytes) -> None:
    """Read headers, one in a line."""
    pairs = [line.partition(b":")[::2] for line in data.split(b"\n") if line]
    parsed = Headers([(name.strip().lower(), value.strip()) for name, value in pairs])
    headers.read_credentials(parsed)
    for name, value in headers.redact_for_journal(parsed.raw):
        assert name in headers.JOURNAL_HEADERS | headers.REDACTED_HEADERS
        assert (name, value) in parsed.raw or b"[redacted]" in value
    assert (
        headers.choose_media_type(parsed.get(b"accept") or "", error_body.ERROR_TYPES)
        in error_body.ERROR_TYPES
    )
    cors.response_headers(parsed, _ORIGINS)
    cors.preflight_headers(parsed, ("POST",))


def _select(data: bytes) -> None:
    for name in headers.parse_select(data.decode("latin-1")):
        assert name


# ---- files -----------------------------------------------------------------------------------


def _har(data: bytes) -> None:
    with suppress(TrafficError):
        har.parse_entries(har_log.read_log(data))


def _fixture(data: bytes) -> None:
    """Redact, write, read and redact again: the second redaction changes nothing."""
    with suppress(TrafficError):
        redactor = Redactor(b"fuzzed")
        once = redactor.redact_recording(har_file.read(data))
        again = redactor.redact_recording(har_file.read(har_file.encode(once)))
        assert again.entries == once.entries


def _page(data: bytes) -> None:
    with suppress(DriftError):
        operation = sync_email_accounts.operation()
        compare.compare(compare.read_document(data, operation), "fuzzed", operation)


def _configuration(data: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "mock.toml")
        file.write_bytes(data)
        with suppress(SetupError):
            configuration = settings.load(str(file), {}, {}, ())
            tenant_file.load_tenants(configuration.settings, configuration.tenants)


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
"""The targets by name; each has a folder of that name in `corpus/`."""


def corpus(name: str) -> Path:
    """Return the folder with the initial inputs of target *name*."""
    return Path(__file__).with_name("corpus") / name
