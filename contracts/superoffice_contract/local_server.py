"""Servers on this machine: which hosts are this machine, and the demo tenants of a mock."""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from superoffice_contract.errors import TargetError

DEMO_SOURCE: Final = "the demo tenants"
"""The source of the demo tenants, in messages."""
_LOOPBACK_HOST: Final = re.compile(r"(.+\.)?localhost|127(\.[0-9]{1,3}){3}", re.IGNORECASE)


def is_loopback(host: str | None) -> bool:
    """Return whether *host* always names this machine."""
    if host is None:
        return False
    return host == "::1" or _LOOPBACK_HOST.fullmatch(host) is not None


def parse_base_url(url: str) -> str:
    """Return *url* without a slash at its end. Raise TargetError if it is not a base URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or "@" in url or "?" in url or "#" in url:
        msg = f"{url}: expected a base URL such as http://127.0.0.1:8204"
        raise TargetError(msg)
    return url.rstrip("/")


def demo_tables() -> list[Any]:
    """Return the `[[tenant]]` tables of the demo tenants."""
    import tomllib

    text = Path(__file__).with_name("demo.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["tenant"])
