"""Options of `check` and `replay --against`: URL, tenant, credentials, accounts and readings."""

import re
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import click

from superoffice_contract.control.connection import Proxy, parse_proxy
from superoffice_contract.messages import show_path
from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_contract.target import tenants
from superoffice_contract.target.tenants import App, Session, TargetTenant, Token, User
from superoffice_mock.errors import SetupError

ANY: Final = "any"
"""The value of `--reading` that accepts every reading that no other --reading names."""
PREFIX: Final = "SUPEROFFICE_TARGET_"
"""How the environment variables with credentials begin."""
VARIABLES: Final = ("TOKEN", "TICKET", "APP_TOKEN", "USER", "PASSWORD", "SESSION", "XSRF")
LARGEST_ID: Final = 2**31 - 1
_PAIRS: Final = (("USER", "PASSWORD"), ("SESSION", "XSRF"))
TENANT_ID: Final = re.compile(r"[A-Za-z0-9-]{1,63}")
_ONLINE_ID: Final = re.compile(r"Cust\d{5,}", re.IGNORECASE)
_HEADER_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")


proxy_option = click.option(
    "--proxy",
    metavar="URL",
    help="Call through this HTTP proxy, http://HOST:PORT. [none, whatever the environment says]",
)


def find_proxy(url: str | None, server: str | None) -> Proxy | None:
    """Return the proxy at *url*, if there is one.

    Raise SetupError if there is no *server* to call, TargetError if it is no URL of a proxy.
    """
    if url is None:
        return None
    if server is None:
        msg = "--proxy: there is no URL to call through it; give one, or leave --proxy out"
        raise SetupError(msg)
    return parse_proxy(url)


def check_seconds(name: str, seconds: float | None) -> None:
    """Raise SetupError if the option *name* has a value that is not a length of time."""
    if seconds is not None and not 0 < seconds < inf:
        msg = f"--{name.replace('_', '-')} {seconds:g}: expected seconds, more than 0"
        raise SetupError(msg)


def parse_readings(assignments: Sequence[str]) -> tuple[Readings, dict[str, str]]:
    """Return all readings, with defaults, and those that were assigned.

    Raise SetupError that names the reading.
    """
    readings, assigned_values = Readings(), dict[str, str]()
    for assignment in assignments:
        if assignment == ANY:
            continue
        name, _, value = assignment.partition("=")
        try:
            readings = readings.with_value(name, value)
        except ValueError as error:
            msg = f"--reading{f' {name}' if name in READINGS else ''}: {error}"
            raise SetupError(msg) from None
        assigned_values[name] = value
    return readings, assigned_values


def read_tables(path: str) -> list[Any]:
    """Return the `[[tenant]]` tables of the file at *path*. Raise SetupError that names it."""
    from superoffice_mock.config.settings import read_toml

    tables = read_toml(path).get("tenant", [])
    if not isinstance(tables, list):
        msg = f"{show_path(path)}: expected [[tenant]] tables, as in the mock's configuration"
        raise SetupError(msg)
    return tables


def parse_accounts(options: Mapping[str, Any], tenant: TargetTenant) -> tuple[int, ...]:
    """Return the accounts that may be synced; none if no sync may be started. Raise SetupError."""
    accounts = options["accounts"]
    if options["start_syncs"] != (accounts is not None):
        msg = "--start-syncs and --accounts ID,… belong together; give both or none"
        raise SetupError(msg)
    if accounts is None:
        return ()
    if not (tenant.users or tenant.tickets or tenant.tokens or tenant.sessions):
        msg = f"--start-syncs needs a credential; name one in --target-file, or in {PREFIX}TOKEN"
        raise SetupError(f"{msg}, _TICKET, _APP_TOKEN, _USER, _PASSWORD, _SESSION, _XSRF")
    ids = [text.strip() for text in accounts.split(",")]
    if not all(re.fullmatch(r"[0-9]{1,10}", id_) and 0 < int(id_) <= LARGEST_ID for id_ in ids):
        msg = "--accounts: expected ids with commas between them, such as 507,508"
        raise SetupError(msg)
    return tuple(dict.fromkeys(map(int, ids)))


# ---- the tenant and its credentials ----------------------------------------------------------


def find_tenant(url: str, path: str | None, environ: Mapping[str, str]) -> TargetTenant:
    """Return the tenant at *url* with its credentials, from the file at *path* or *environ*.

    Raise SetupError.
    """
    last_segment = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    variables = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
    if path is not None and variables:
        msg = f"--target-file and {min(variables)} both name credentials; use one of them"
        raise SetupError(msg)
    tenant = (
        _tenant_from_environment(variables, last_segment)
        if path is None
        else _tenant_from_file(path, last_segment)
    )
    _check_header_values(tenant, show_path(path) if path else PREFIX)
    return tenant


def _tenant_from_file(path: str, last_segment: str) -> TargetTenant:
    """Return the tenant whose id is the *last_segment* of the URL, or the only one in the file."""
    shown_path = show_path(path)
    known_tenants = tenants.read_tenants(read_tables(path), shown_path)
    matching = [tenant for tenant in known_tenants if tenant.id.lower() == last_segment.lower()]
    candidates = matching or known_tenants
    if len(candidates) != 1:
        ids = ", ".join(tenant.id for tenant in known_tenants if TENANT_ID.fullmatch(tenant.id))
        msg = f"{shown_path}: the URL must end with the id of one of its tenants ({ids or 'none'})"
        raise SetupError(msg)
    (tenant,) = candidates
    if not matching and _ONLINE_ID.fullmatch(last_segment) and _ONLINE_ID.fullmatch(tenant.id):
        msg = f"{shown_path}: describes {tenant.id}, but the URL ends with {last_segment}"
        raise SetupError(msg)
    return tenant


def _tenant_from_environment(variables: Mapping[str, str], last_segment: str) -> TargetTenant:
    """Return a tenant with the credentials in *variables*; Online if its id is like Cust12345."""
    values = {name.removeprefix(PREFIX): value for name, value in variables.items()}
    for name in values:
        if name not in VARIABLES:
            msg = f"{PREFIX}{name}: is not known; known are {', '.join(VARIABLES)} after {PREFIX}"
            raise SetupError(msg)
    for pair in _PAIRS:
        if len(values.keys() & pair) == 1:
            first, second = (f"{PREFIX}{name}" for name in pair)
            msg = f"{first} and {second} belong together; set both or none"
            raise SetupError(msg)
    online = _ONLINE_ID.fullmatch(last_segment) is not None
    if online and "TICKET" in values and "APP_TOKEN" not in values:
        msg = f"{PREFIX}TICKET: Online it needs {PREFIX}APP_TOKEN as well"
        raise SetupError(msg)
    app = App("the app", values.get("APP_TOKEN", ""))
    return TargetTenant(
        last_segment or "onsite",
        "online" if online else "onsite",
        users=(User(values["USER"], values["PASSWORD"]),) if "USER" in values else (),
        tickets=(values["TICKET"],) if "TICKET" in values else (),
        sessions=(Session(values["SESSION"], values["XSRF"]),) if "SESSION" in values else (),
        apps=(app,) if values.keys() & {"APP_TOKEN", "TOKEN"} else (),
        tokens=(Token(values["TOKEN"], app.name),) if "TOKEN" in values else (),
    )


def _check_header_values(tenant: TargetTenant, source: str) -> None:
    """Raise SetupError, without the value, for a credential that no header can carry."""
    kinds = {
        "ticket": tenant.tickets,
        "access token": [token.value for token in tenant.tokens],
        "app token": [app.token for app in tenant.apps if app.token],
        "session": [text for session in tenant.sessions for text in (session.id, session.xsrf)],
    }
    for kind, values in kinds.items():
        for value in values:
            if not _HEADER_VALUE.fullmatch(value) or (kind == "session" and ";" in value):
                msg = f"{source}: a header can't carry the {kind}: it is empty, has a blank at an"
                raise SetupError(f"{msg} end, a line break, or a character that is not ASCII")
    for user in tenant.users:
        try:
            (user.name + user.password).encode()
        except UnicodeEncodeError:
            msg = f"{source}: the user or the password is not UTF-8"
            raise SetupError(msg) from None
