"""Options about a target: its URL, tenant, credentials, accounts and readings."""

import re
from collections.abc import Mapping
from math import inf
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from superoffice_contract.target import tenants
from superoffice_contract.target.tenants import App, Session, TargetTenant, Token, User
from superoffice_mock.core.readings import Readings
from superoffice_mock.errors import SetupError

ANY: Final = "any"
"""The `--reading` that leaves open what is not named beside it."""


def needs(error: ImportError) -> str:
    """Return what to install for what could not be imported."""
    package = (error.name or "").partition(".")[0]
    return f"check needs {package}: pip install 'superoffice-mock[contract]'"


def positive(name: str, seconds: float | None) -> None:
    """Raise SetupError if the option *name* is given and no length of time."""
    if seconds is not None and not 0 < seconds < inf:
        msg = f"--{name.replace('_', '-')} {seconds:g}: expected seconds, more than 0"
        raise SetupError(msg)


def readings(assignments: tuple[str, ...]) -> tuple[Readings, dict[str, str]]:
    """Return the readings with their defaults, and the told ones: all, or beside `any` the named.

    Raise SetupError that names the reading.
    """
    followed, named = Readings(), set()
    for one in assignments:
        if one == ANY:
            continue
        name, _, value = one.partition("=")
        try:
            followed = followed.with_value(name, value)
        except ValueError as error:
            msg = f"--reading {one}: {error}"
            raise SetupError(msg) from None
        named.add(name)
    told = followed.as_dict()
    if ANY not in assignments:
        return followed, told
    return followed, {name: value for name, value in told.items() if name in named}


def tables(path: str) -> list[Any]:
    """Return the `[[tenant]]` tables of the file at *path*. Raise SetupError that names it."""
    import tomllib

    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8-sig")).get("tenant", [])
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}"
        raise SetupError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: is not TOML: {error}"
        raise SetupError(msg) from None
    if not isinstance(found, list):
        msg = f"{path}: expected [[tenant]] tables, as in the mock's configuration"
        raise SetupError(msg)
    return found


def base_url(url: str) -> str:
    """Return *url* without a slash at its end. Raise SetupError if it is no base URL."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or "@" in url or "?" in url or "#" in url:
        msg = f"{url}: expected a base URL such as http://127.0.0.1:8204"
        raise SetupError(msg)
    return url.rstrip("/")


PREFIX: Final = "SUPEROFFICE_TARGET_"


VARIABLES: Final = ("TOKEN", "TICKET", "APP_TOKEN", "USER", "PASSWORD", "SESSION", "XSRF")


_PAIRS: Final = (("USER", "PASSWORD"), ("SESSION", "XSRF"))


_ONLINE: Final = re.compile(r"Cust\d{5,}", re.IGNORECASE)


_SENDABLE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")


LARGEST_ID: Final = 2**31 - 1


def accounts_of(options: Mapping[str, Any], tenant: TargetTenant) -> tuple[int, ...]:
    """Return the accounts that may be synced; none where syncs may not be started.

    Raise SetupError.
    """
    given = options["accounts"]
    if options["start_syncs"] != (given is not None):
        msg = "--start-syncs and --accounts ID,… belong together; give both or none"
        raise SetupError(msg)
    if given is None:
        return ()
    if not (tenant.users or tenant.tickets or tenant.tokens or tenant.sessions):
        msg = f"--start-syncs needs a credential; name one in --target-file, or in {PREFIX}TOKEN"
        raise SetupError(f"{msg}, _TICKET, _APP_TOKEN, _USER, _PASSWORD, _SESSION, _XSRF")
    found = [one.strip() for one in given.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,10}", one) and 0 < int(one) <= LARGEST_ID for one in found):
        msg = f"--accounts {given}: expected ids with commas between them, such as 507,508"
        raise SetupError(msg)
    return tuple(dict.fromkeys(map(int, found)))


def tenant_at(url: str, path: str | None, environ: Mapping[str, str]) -> TargetTenant:
    """Return who signs in at *url*, as the file at *path* or *environ* says. Raise SetupError."""
    segments = [unquote(one) for one in urlsplit(url).path.split("/") if one]
    if any(one.lower() == "api" for one in segments):
        msg = f"{url}: give what stands before /api, such as https://online.example.com/Cust12345"
        raise SetupError(msg)
    last = segments[-1] if segments else ""
    variables = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    if path is not None and variables:
        msg = f"--target-file and {min(variables)} both name credentials; use one of them"
        raise SetupError(msg)
    found = _of_file(path, last) if path is not None else _of_environment(variables, last)
    _check_sendable(found, path or PREFIX)
    return found


def _of_file(path: str, last: str) -> TargetTenant:
    """Return the file's one tenant, or of several the one whose id the URL ends with."""
    found = tenants.tenants(tables(path), path)
    named = [one for one in found if one.id.lower() == last.lower()]
    chosen = named or [one for one in found if len(found) == 1]
    if len(chosen) != 1:
        ids = ", ".join(one.id for one in found) or "none"
        msg = f"{path}: the URL must end with the id of one of its tenants ({ids})"
        raise SetupError(msg)
    (tenant,) = chosen
    if not named and _ONLINE.fullmatch(last) and _ONLINE.fullmatch(tenant.id):
        msg = f"{path}: describes {tenant.id}, the URL is that of {last}; visit whom you mean"
        raise SetupError(msg)
    return tenant


def _of_environment(variables: Mapping[str, str], last: str) -> TargetTenant:
    """Return a tenant with the credentials in *variables*; Online if *last* is like Cust12345."""
    given = {name.removeprefix(PREFIX): value for name, value in variables.items()}
    for name in given:
        if name not in VARIABLES:
            msg = f"{PREFIX}{name}: is not known; known are {', '.join(VARIABLES)} behind {PREFIX}"
            raise SetupError(msg)
    for pair in _PAIRS:
        if len(given.keys() & pair) == 1:
            first, second = (f"{PREFIX}{one}" for one in pair)
            msg = f"{first} and {second} belong together; set both or none"
            raise SetupError(msg)
    online = _ONLINE.fullmatch(last) is not None
    if online and "TICKET" in given and "APP_TOKEN" not in given:
        msg = f"{PREFIX}TICKET: Online it needs {PREFIX}APP_TOKEN beside it"
        raise SetupError(msg)
    app = App("the app", given.get("APP_TOKEN", ""))
    return TargetTenant(
        last or "onsite",
        "online" if online else "onsite",
        users=tuple(User(given["USER"], given["PASSWORD"]) for _ in given.keys() & {"USER"}),
        tickets=tuple(given[one] for one in given.keys() & {"TICKET"}),
        sessions=tuple(Session(given["SESSION"], given["XSRF"]) for _ in given.keys() & {"XSRF"}),
        apps=(app,) if given.keys() & {"APP_TOKEN", "TOKEN"} else (),
        tokens=tuple(Token(given["TOKEN"], app.name) for _ in given.keys() & {"TOKEN"}),
    )


def _check_sendable(tenant: TargetTenant, source: str) -> None:
    """Raise SetupError for a credential that no header can carry; its value is not told."""
    kinds = {
        "ticket": tenant.tickets,
        "access token": [one.value for one in tenant.tokens],
        "app token": [one.token for one in tenant.apps if one.token],
        "session": [text for one in tenant.sessions for text in (one.id, one.xsrf)],
    }
    for kind, values in kinds.items():
        for value in values:
            if not _SENDABLE.fullmatch(value) or (kind == "session" and ";" in value):
                msg = f"{source}: a header can't carry the {kind}: it is empty, has a blank at an"
                raise SetupError(f"{msg} end, a line break, or a character that is not ASCII")
    for user in tenant.users:
        try:
            (user.name + user.password).encode()
        except UnicodeEncodeError:
            msg = f"{source}: the user or the password is not UTF-8"
            raise SetupError(msg) from None
