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
