"""The exceptions of the package.

SuperOfficeMockError
├── SetupError         raised before the first request; the command line prints it and exits with 2
├── Rejected           the client broke the contract: a 4xx in the vendor's error envelope
│   └── Faulted        an armed fault answers: any 4xx or 5xx
├── ControlFailed      a call of the control surface failed; the message says what to send instead
└── ExpectationFailed  something that a test expects did not happen; also an AssertionError
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from superoffice_contract import errors

_JSON_EXAMPLE: Final = re.compile(r";? send \{.*", re.IGNORECASE | re.DOTALL)


class SuperOfficeMockError(Exception):
    """The base class of all exceptions that this package raises on purpose."""


class SetupError(SuperOfficeMockError):
    """The program can't start with this configuration; the message says what to change."""


@contextmanager
def explain_missing_extra(feature: str, extra: str) -> Iterator[None]:
    """Raise SetupError if the block lacks a package of *extra*, which *feature* (`check`) needs."""
    try:
        yield
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise SetupError(
            f"{feature} needs {package}, which is not installed; install superoffice-mock with the "
            f"extra {extra}: pip install '.[{extra}]' in a clone (see Installing in the README)"
        ) from None


class Rejected(SuperOfficeMockError):
    """The client broke the contract.

    `where` is a JSON Pointer into the body or the name of a header. `message` is what the client
    receives, `reason` what the journal keeps. They differ where the answer must not help an
    attacker to guess credentials.
    """

    def __init__(
        self,
        status: int,
        where: str,
        reason: str,
        message: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.status = status
        self.where = where
        self.reason = f"{where}: {reason}" if where else reason
        self.message = self.reason if message is None else message
        self.headers = headers
        super().__init__(self.reason)


class Faulted(Rejected):
    """An armed fault answers; `headers` replace other headers of the same names."""


class ControlFailed(errors.ControlFailed, SuperOfficeMockError):
    """A call of the control surface failed; the message says what to write instead.

    If the mock refused what a test wrote, the message is about that, and not about the call.
    """

    def __str__(self) -> str:
        if self.status is None or not 400 <= self.status < 500:
            return super().__str__()
        return _JSON_EXAMPLE.sub("", self.detail.removeprefix("the body: "))


class ExpectationFailed(SuperOfficeMockError, AssertionError):
    """The traffic is not what a test expects; the message shows what it was."""
