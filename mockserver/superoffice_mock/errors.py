"""What can go wrong, as data: raised where it is understood, rendered at the edge.

SuperOfficeMockError
├── SetupError      before the first request; the command line prints it and exits with 2
└── Rejected        the caller broke the contract: 4xx in the vendor's envelope
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

    def __init__(self, status: int, where: str, reason: str, told: str | None = None) -> None:
        self.status = status
        self.where = where
        self.reason = f"{where}: {reason}" if where else reason
        self.told = self.reason if told is None else told
        super().__init__(self.reason)
