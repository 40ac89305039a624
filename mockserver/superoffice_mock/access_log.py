"""One line per exchange, in words; secrets never reach it."""

import sys
from collections.abc import Callable
from typing import TextIO

import msgspec

from superoffice_mock.core.clock import format_instant, to_seconds
from superoffice_mock.core.credentials import Principal
from superoffice_mock.core.journal import Exchange
from superoffice_mock.wire.values import shorten


def sentence(exchange: Exchange) -> str:
    """Say what was asked, what was answered, and what really happened."""
    elapsed = to_seconds(exchange.elapsed_real) or 0.0
    what = shorten(exchange.operation or exchange.path)
    who = _who(exchange.principal)
    told = exchange.outcome.replace("_", " ")
    why = f": {exchange.reason}" if exchange.reason else ""
    status = exchange.status or "no answer"
    gone = ", caller hung up" if exchange.hung_up else ""
    odd = f"; odd: {'; '.join(exchange.violations)}" if exchange.violations else ""
    return (
        f"{format_instant(exchange.at)[11:23]} {exchange.tenant} #{exchange.id} "
        f"{shorten(exchange.method)} {what}{who} -> {status} after {elapsed:.2f} s{gone}, "
        f"{told}{why}{odd}"
    )


def _who(principal: Principal | None) -> str:
    if principal is None:
        return ""
    name = principal.user or (principal.app and principal.app.name)
    return f" by {shorten(name)} ({principal.scheme})" if name else f" by {principal.scheme}"


def record(exchange: Exchange) -> str:
    """Return the same as one line of JSON."""
    return msgspec.json.encode(
        {
            "at": format_instant(exchange.at),
            "tenant": None if exchange.astray else exchange.tenant,
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
            "crash": exchange.crash,
        }
    ).decode()


def silent(_: Exchange) -> None:
    """Log nothing."""


def logger(setting: str, stream: TextIO = sys.stderr) -> Callable[[Exchange], None]:
    """Return what *setting* asks for: `auto`, `text`, `json` or `off`."""
    if setting == "off":
        return silent
    crashes_only = setting == "auto" and not stream.isatty()
    lines = record if setting == "json" else _text

    def log(exchange: Exchange) -> None:
        if exchange.crash is not None or not crashes_only:
            stream.write(f"{lines(exchange)}\n")
            stream.flush()

    return log


def _text(exchange: Exchange) -> str:
    crash = "" if exchange.crash is None else f"\n{exchange.crash.rstrip()}"
    return sentence(exchange) + crash
