"""The errors of the HTTP client, and their messages."""

import ast
import re
import ssl
from collections.abc import Iterable
from typing import Final

import httpx2

from superoffice_contract.control.connection import PROXY_PROBLEM
from superoffice_contract.errors import TargetError
from superoffice_contract.messages import SECRET_HEADERS, causes_of, describe_os_error
from superoffice_contract.target.raw import SHOWN_BYTES
from superoffice_contract.target.secrets import decode_base64_parts
from superoffice_contract.target.tenants import Header

RUNNING_HINT: Final = "is a server running there?"
BUSY_HINT: Final = f"{RUNNING_HINT} Can it take several connections at once?"
LOG_HINT: Final = "look at the server's log"


class ConnectionBrokenError(TargetError):
    """The connection was refused, or broke before the response began."""


class BrokenAnswerError(ConnectionBrokenError):
    """Something came that is no valid HTTP answer.

    *problem* says why, and *shown* are its first bytes as text without secrets, if known.
    """

    def __init__(self, place: str, request: str, problem: str, shown: str = "") -> None:
        self.problem = problem
        self.shown = shown
        begins = f"; it begins {shown}" if shown else ""
        what = f"the answer to {request} is no valid HTTP message"
        super().__init__(f"{place}: {what}: {problem}{begins}")


class InvalidAddressError(TargetError):
    """The URL of a request can't be sent, such as one that is too long."""


class NoAnswerError(TargetError):
    """There is no answer, or no whole one, within the limits of time and length."""


class LongAnswerError(NoAnswerError):
    """An answer is longer than it may be; the rest was not read."""


def show_bytes(received: bytes, headers: Iterable[Header]) -> str:
    """Return the first bytes of an answer for a message, without the secrets in *headers*."""
    for name, value in headers:
        if name.lower() in SECRET_HEADERS:
            for secret in (value, *re.split("[ ;=]+", value), *decode_base64_parts(value)):
                if len(secret) > 3:
                    received = received.replace(secret.encode("latin-1", "replace"), b"[redacted]")
    return repr(bytes(received[:SHOWN_BYTES]))[1:] if received else ""


def error_before_response(
    base: str, error: Exception, *, has_answered: bool = False
) -> TargetError:
    """Return the TargetError for *error*, which came before a response from *base* began.

    A server that *has_answered* is running.
    """
    for cause in causes_of(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            msg = f"{base}: its certificate is not trusted: {cause.verify_message}"
            return TargetError(f"{msg}; name its authority with --real --ca FILE")
    running_hint, busy_hint = (LOG_HINT,) * 2 if has_answered else (RUNNING_HINT, BUSY_HINT)
    if isinstance(error, httpx2.ConnectError):
        return ConnectionBrokenError(f"{base}: {_connect_failure(error)}; {running_hint}")
    if isinstance(error, httpx2.ProxyError):
        return TargetError(f"{base}: {PROXY_PROBLEM}")
    text = describe_error(error)
    if isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError):
        msg = f"{base}: {text}, the connection broke before an answer came"
        return ConnectionBrokenError(f"{msg}; {busy_hint}")
    return TargetError(f"{base}: {text}; {running_hint}")


def find_violation(error: Exception) -> tuple[str, bytes] | None:
    """Return how an answer breaks the protocol and the bytes that show it, or None."""
    if not any(hasattr(cause, "error_status_hint") for cause in causes_of(error)):
        return None
    problem, _, quoted = str(error).partition(":")
    try:
        return problem, ast.literal_eval(quoted.strip().removeprefix("bytearray"))
    except (SyntaxError, ValueError):
        return problem, b""


def describe_error(error: Exception) -> str:
    """Return the type of *error*, and its message up to what it quotes of the answer."""
    message = str(error).partition(":")[0].strip(" .")
    return ": ".join(filter(None, (type(error).__name__, message)))


def _connect_failure(error: BaseException) -> str:
    """Return why no connection was made: the first cause of *error*."""
    first = causes_of(error)[-1]
    if isinstance(first, ssl.SSLError):
        return f"TLS failed: {(first.reason or 'unknown').replace('_', ' ').lower()}"
    return describe_os_error(first)
