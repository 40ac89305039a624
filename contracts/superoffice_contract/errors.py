"""The errors of this package. Their messages are written for the user."""


class DriftError(ValueError):
    """The file can't be compared. The message is one line that gives the reason."""


class TrafficError(ValueError):
    """The traffic can't be read. The message says what is wrong with the file or the URL."""


class DescriptionError(ValueError):
    """The OpenAPI description has something that the loader does not support."""


class TargetError(ValueError):
    """The target can't be checked as it was given. The message says what to change."""


class NotObservableError(Exception):
    """The target can't show what a check looks for. The message says how to start it instead."""


class ControlFailed(ValueError):
    """A *call* of the control surface failed; *detail* says what to send instead.

    *status* is the status of the response, or None if there was no response.
    """

    def __init__(self, call: str, detail: str, status: int | None = None) -> None:
        self.call = call
        self.detail = detail
        self.status = status
        super().__init__(f"{call}: {detail}")


class InvalidBody(ValueError):
    """A body that is not what the description says.

    *status* is what a server answers. *where* is a JSON Pointer, the key of a form, the name of a
    header, or "". *claims* are the claims that the body breaks.
    """

    def __init__(self, status: int, where: str, reason: str, claims: tuple[str, ...] = ()) -> None:
        self.status = status
        self.where = where
        self.reason = reason
        self.claims = claims
        super().__init__(f"{where}: {reason}" if where else reason)
