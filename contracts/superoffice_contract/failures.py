"""Why a request got no answer, in a line that says what to do."""

import ssl
from typing import Final

import httpx2

from superoffice_contract.target.tenants import TargetError

RUNNING: Final = "is a server running there?"
BUSY: Final = f"{RUNNING} Can it take several connections at once?"


class BrokenError(TargetError):
    """A connection was refused, or broke before an answer began."""


def before(base: str, error: Exception) -> TargetError:
    """Return what to say of *error*, which came before an answer from *base* began."""
    if distrusted := _distrusted(error):
        msg = f"{base}: its certificate is not trusted: {distrusted}"
        return TargetError(f"{msg}; name its authority with --real --ca FILE")
    if isinstance(error, httpx2.ConnectError):
        return BrokenError(f"{base}: {_told(error)}; {RUNNING}")
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
        told = f"{_told(error)}, the connection broke before an answer came"
        return BrokenError(f"{base}: {told}; {BUSY}")
    return TargetError(f"{base}: {_told(error)}; {RUNNING}")


def amid(base: str, error: Exception) -> TargetError:
    """Return what to say of *error*, which came in the middle of an answer from *base*."""
    msg = f"{base}: {_told(error)}, the connection broke in the middle of an answer"
    return TargetError(f"{msg}; look at what the server says of itself")


def _told(error: Exception) -> str:
    """Return the kind of *error* and its message, which some have none of."""
    return ": ".join(filter(None, (type(error).__name__, str(error).strip(" ."))))


def _distrusted(error: BaseException | None) -> str | None:
    """Return why the server's certificate was refused, if *error* stems from that."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None
