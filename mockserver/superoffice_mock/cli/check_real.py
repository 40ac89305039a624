"""`superoffice-mock check --real`: a careful visit to a tenant that is not ours."""

import re
from collections.abc import Callable, Collection, Mapping
from math import inf
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import msgspec

from superoffice_contract.report import Report
from superoffice_contract.target import tenants
from superoffice_contract.target.tenants import App, Session, TargetError, TargetTenant, Token, User
from superoffice_mock.cli import progress
from superoffice_mock.commands import checking
from superoffice_mock.errors import SetupError
from superoffice_mock.wire.cors import is_loopback

if TYPE_CHECKING:
    from superoffice_contract.real_tenant.run import Visit

PREFIX: Final = "SUPEROFFICE_TARGET_"
VARIABLES: Final = ("TOKEN", "TICKET", "APP_TOKEN", "USER", "PASSWORD", "SESSION", "XSRF")
_PAIRS: Final = (("USER", "PASSWORD"), ("SESSION", "XSRF"))
NOT_FOR_A_VISIT: Final = ("profile", "seed", "only")
_ONLINE: Final = re.compile(r"Cust\d{5,}", re.IGNORECASE)
_SENDABLE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")
LARGEST_ID: Final = 2**31 - 1


def check_options(given: Collection[str]) -> None:
    """Raise SetupError if an option is *given* that a visit can't heed."""
    for name in NOT_FOR_A_VISIT:
        if name in given:
            msg = f"--{name}: a visit (--real) chooses its own requests; leave it out"
            raise SetupError(msg)


def visited(
    url: str | None,
    options: Mapping[str, Any],
    environ: Mapping[str, str],
    tell: Callable[[str], object],
) -> Report:
    """Visit the tenant at *url*, after telling what will be sent.

    Raise SetupError for what can't be run, or must not be.
    """
    try:
        from superoffice_contract.real_tenant import run
    except ImportError as error:
        raise SetupError(checking.needs(error)) from None
    if url is None:
        msg = "--real visits a server; give its URL, such as https://crm.example.com/SuperOffice"
        raise SetupError(msg)
    try:
        planned = _visit(checking.base_url(url), options, environ)
        tell("\n".join(run.announced(planned)))
        with progress.shown() as shown:
            return run.visited(planned, shown)
    except TargetError as error:
        raise SetupError(str(error)) from None


def _visit(url: str, options: Mapping[str, Any], environ: Mapping[str, str]) -> "Visit":
    from superoffice_contract.real_tenant.run import Pace, Visit

    for name in ("timeout", "run_seconds"):
        checking.positive(name, options[name])
    if options["max_requests"] < 1:
        msg = f"--max-requests {options['max_requests']}: expected a number from 1"
        raise SetupError(msg)
    tenant = tenant_at(url, options["target_file"], environ)
    accounts = accounts_of(options, tenant)
    parts = urlsplit(url)
    return Visit(
        base=f"{parts.scheme}://{parts.netloc}",
        tenant=_at(tenant, parts.path),
        accounts=accounts,
        readings=checking.readings(options["reading"])[1],
        max_requests=options["max_requests"],
        pace=Pace(_pace(options["pace"], is_loopback(parts.hostname))),
        timeout_seconds=options["timeout"],
        run_seconds=options["run_seconds"],
        authorities=options["ca"],
    )


def _pace(seconds: float, loopback: bool) -> float:  # noqa: FBT001 - a fact about the host
    from superoffice_contract.real_tenant.run import LEAST_SECONDS

    least = 0.0 if loopback else LEAST_SECONDS
    if not least <= seconds < inf:
        msg = f"--pace {seconds:g}: expected seconds, at least {least:g} for that server"
        raise SetupError(msg)
    return seconds


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


# ---- whom ------------------------------------------------------------------------------------


def _at(tenant: TargetTenant, path: str) -> TargetTenant:
    """Return *tenant* as it answers under the URL's *path*: what is given is what is called."""
    return msgspec.structs.replace(tenant, id=path.strip("/") or "onsite")


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
    found = tenants.tenants(checking.tables(path), path)
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
