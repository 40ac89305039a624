"""Servers on this machine: which hosts are this machine, and the demo tenants of a mock."""

import re
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from superoffice_contract.errors import TargetError
from superoffice_contract.messages import show_url
from superoffice_contract.openapi.paths import drop_extra_slashes, find_extra_slash

DEMO_SOURCE: Final = "the demo tenants"
"""The source of the demo tenants, in messages."""
_BASE_URL: Final = re.compile(r"[^@;?#\s\\]+")
_LOOPBACK_HOST: Final = re.compile(r"(.+\.)?localhost|127(\.[0-9]{1,3}){3}", re.IGNORECASE)


def is_loopback(host: str | None) -> bool:
    """Return whether *host* always names this machine."""
    if host is None:
        return False
    return host == "::1" or _LOOPBACK_HOST.fullmatch(host) is not None


def _is_plain(url: str) -> bool:
    """Return whether *url* has no part that could be a secret, and no control character."""
    return url.isprintable() and _BASE_URL.fullmatch(url) is not None


def parse_base_url(url: str) -> str:
    """Return *url* without a slash at its end. Raise TargetError if it is not a base URL.

    That of a call, which has /api in its path, is none: the message has the one to give.
    Such a URL can be shown: it has no user, no password, no parameters, no query, no fragment.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or not _is_plain(url):
        without = "" if _is_plain(url) else ", without user, password, query and the like"
        msg = f"{show_url(url)}: expected a base URL such as http://127.0.0.1:8204{without}"
        raise TargetError(msg)
    path = drop_extra_slashes(parts.path).removesuffix("/")
    site_path, extra_slash = _drop_api(path), find_extra_slash(parts.path)
    if site_path == path and extra_slash is None:
        return url.removesuffix("/")
    problem = f"it has {extra_slash}" if site_path == path else "leave out /api and what follows"
    msg = f"{show_url(url)}: {problem}; give {parts.scheme}://{parts.netloc}{site_path}"
    raise TargetError(msg)


def _drop_api(path: str) -> str:
    """Return *path* up to the segment /api, in any case, which every call adds itself."""
    segments = path.split("/")
    names = [unquote(segment).lower() for segment in segments]
    return "/".join(segments[: names.index("api")]) if "api" in names else path


def demo_tables() -> list[Any]:
    """Return the `[[tenant]]` tables of the demo tenants."""
    import tomllib

    text = Path(__file__).with_name("demo.toml").read_text(encoding="utf-8")
    return list(tomllib.loads(text)["tenant"])
