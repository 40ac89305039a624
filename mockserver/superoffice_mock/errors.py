"""What can go wrong, as data: raised where it is understood, rendered at the edge.

SuperOfficeMockError
├── SetupError         before the first request; the command line prints it and exits with 2
├── Rejected           the caller broke the contract: 4xx in the vendor's envelope
│   └── Faulted        a fault that somebody armed answers: any 4xx or 5xx
├── ControlFailed      a control call of a test could not be done; it says what to send instead
└── ExpectationFailed  what a test expects did not happen; also an AssertionError
"""


class SuperOfficeMockError(Exception):
    """Anything this package raises on purpose."""


class SetupError(SuperOfficeMockError):
    """The program can't start as it was told to; the message says what to change."""


class Rejected(SuperOfficeMockError):
    """The caller broke the contract.

    `where` is a JSON Pointer into the body or the name of a header. `told` is what the caller
    reads, `reason` what the journal keeps: they differ where an answer must not help a guesser.
    """

    headers: tuple[tuple[str, str], ...] = ()

    def __init__(self, status: int, where: str, reason: str, told: str | None = None) -> None:
        self.status = status
        self.where = where
        self.reason = f"{where}: {reason}" if where else reason
        self.told = self.reason if told is None else told
        super().__init__(self.reason)


class Faulted(Rejected):
    """An armed fault answers; the caller reads *message*, and *headers* come before all others."""

    def __init__(
        self, status: int, reason: str, message: str, headers: tuple[tuple[str, str], ...]
    ) -> None:
        super().__init__(status, "", reason, told=message)
        self.headers = headers


class ControlFailed(SuperOfficeMockError):
    """A *call* of the control surface could not be done; *detail* says what to send instead.

    *status* is what it was answered with, or None without an answer.
    """

    def __init__(self, call: str, detail: str, status: int | None = None) -> None:
        self.call = call
        self.detail = detail
        self.status = status
        super().__init__(f"{call}: {detail}")


class ExpectationFailed(SuperOfficeMockError, AssertionError):
    """What a test expects of the traffic did not happen; the message shows what did."""
