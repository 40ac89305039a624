"""The access log: one line for each exchange, without secrets."""

import sys
from collections.abc import Callable
from typing import TextIO

import msgspec

from superoffice_contract.messages import printable, shorten
from superoffice_mock.core.clock import format_instant, to_seconds
from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.journal import Exchange


def format_text(exchange: Exchange) -> str:
    """Return *exchange* as a line of text; the traceback of a failure follows it."""
    elapsed = to_seconds(exchange.elapsed_real) or 0.0
    target = shorten(exchange.operation or exchange.path)
    principal = _format_principal(exchange.principal)
    status = exchange.status or "no answer"
    disconnect = ", client disconnected" if exchange.hung_up else ""
    outcome = exchange.outcome.replace("_", " ")
    reason = f": {exchange.reason}" if exchange.reason else ""
    violations = f"; violations: {'; '.join(exchange.violations)}" if exchange.violations else ""
    failure = "" if exchange.failure is None else f"\n{printable(exchange.failure.rstrip())}"
    return (
        f"{format_instant(exchange.at)[11:23]} {exchange.tenant} #{exchange.id} "
        f"{shorten(exchange.method)} {target}{principal} -> {status} after {elapsed:.2f} s"
        f"{disconnect}, {outcome}{reason}{violations}{failure}"
    )


def _format_principal(principal: Principal | None) -> str:
    if principal is None:
        return ""
    name = principal.user or (principal.app and principal.app.name)
    return f" by {shorten(name)} ({principal.scheme})" if name else f" by {principal.scheme}"


def format_json(exchange: Exchange) -> str:
    """Return *exchange* as a line of JSON."""
    return msgspec.json.encode(
        {
            "at": format_instant(exchange.at),
            "tenant": None if exchange.tenant_unknown else exchange.tenant,
            "id": exchange.id,
            "operation": exchange.operation,
            "method": exchange.method,
            "path": exchange.path,
            "status": exchange.status,
            "outcome": exchange.outcome,
            "fault": exchange.fault and exchange.fault.id,
            "run": exchange.run and exchange.run.id,
            "elapsed": to_seconds(exchange.elapsed),
            "elapsed_real": to_seconds(exchange.elapsed_real),
            "hung_up": exchange.hung_up,
            "reason": exchange.reason,
            "violations": exchange.violations,
            "crash": exchange.failure,
        }
    ).decode()


def log_nothing(_: Exchange) -> None:
    """Log nothing."""


def make_logger(setting: str, stream: TextIO = sys.stderr) -> Callable[[Exchange], None]:
    """Return a function that logs exchanges as *setting* says: `auto`, `text`, `json` or `off`.

    `auto` writes text to a terminal; elsewhere it writes failures of the mock only.
    """
    if setting == "off":
        return log_nothing
    failures_only = setting == "auto" and not stream.isatty()
    format_exchange = format_json if setting == "json" else format_text

    def log(exchange: Exchange) -> None:
        if exchange.failure is not None or not failures_only:
            stream.write(f"{format_exchange(exchange)}\n")
            stream.flush()

    return log
