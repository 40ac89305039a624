"""The errors of this package. Their messages are written for the user."""


class DriftError(ValueError):
    """The file can't be compared; the message says why, in one line that follows its name."""


class TrafficError(ValueError):
    """The traffic can't be read; the message says what is wrong with the file or the URL."""


class DescriptionError(ValueError):
    """The description says something that this loader does not understand."""


class TargetError(ValueError):
    """The target can't be checked as it was given; the message says what to change."""


class ImpossibleError(Exception):
    """The target can't show what a check looks for; the message says how to start it for that."""
