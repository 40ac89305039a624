"""Settings: defaults < file < SUPEROFFICE_MOCK_* < flags; one name everywhere."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta

from superoffice_mock.core.readings import Readings
from superoffice_mock.errors import SetupError

PREFIX: Final = "SUPEROFFICE_MOCK_"
_ORIGIN: Final = re.compile(r"loopback|\*|null|[a-z][a-z0-9+.-]*://[^\s/?#@,*]+/?", re.IGNORECASE)
_TABLES: Final = {
    "readings": """run = "blocking" under [readings] in a file, or --reading run=blocking""",
    "tenant": "[[tenant]] in a file, and name the file with --config",
}
"""What a file has as tables, and how to write them."""

# ---- what can be set -------------------------------------------------------------------------


Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1, le=10**12)]


class Settings(msgspec.Struct, frozen=True, rename="kebab"):
    """Everything that can be set, and what it is without being set."""

    host: Annotated[Text, Meta(description="address to listen on")] = "127.0.0.1"
    port: Annotated[
        int, Meta(ge=0, le=65535, description="port to listen on; 0 takes a free one")
    ] = 8204
    port_file: Annotated[
        Text | None,
        Meta(description="file that receives the port, whole, once the server is ready"),
    ] = None
    seconds_per_account: Annotated[
        float, Meta(ge=0, le=1_000_000, description="how long the sync of an account takes")
    ] = 5.0
    log: Annotated[
        Literal["auto", "text", "json", "off"],
        Meta(description="text, json, off, or auto: text on a terminal, else crashes only"),
    ] = "auto"
    journal_exchanges: Annotated[
        Count, Meta(description="exchanges that the journal keeps for each tenant")
    ] = 1000
    journal_bytes: Annotated[Count, Meta(description="bytes that the journal keeps in all")] = (
        32 * 2**20
    )
    cors_origins: Annotated[
        str, Meta(description="pages that may read answers: origins, 'loopback' or '*', by blanks")
    ] = "loopback"
    control_token: Annotated[
        Text | None,
        Meta(description="token that /_mock/ asks for; needed on a host that is not loopback"),
    ] = None
    jump_settle: Annotated[
        float,
        Meta(
            ge=0, le=60, description="real seconds without an arrival before a jumping clock jumps"
        ),
    ] = 0.02
    max_body: Annotated[Count, Meta(description="bytes in a body; more is a 413")] = 2**20
    max_headers: Annotated[
        Count, Meta(description="bytes in the head of a request; more is a 431")
    ] = 64 * 1024
    max_accounts: Annotated[Count, Meta(description="accounts in a call; more is a 413")] = 10_000
    max_waiting: Annotated[
        Count, Meta(description="calls that wait at a tenant; the next gets a 503")
    ] = 10_000
    max_tenants: Annotated[
        Count, Meta(description="tenants that POST /_mock/tenants may have made at a time")
    ] = 1000
    tenant_ttl: Annotated[
        float,
        Meta(
            ge=1, le=10**9, description="seconds after which a made tenant that nobody calls goes"
        ),
    ] = 3600.0
    expires_after: Annotated[
        Annotated[float, Meta(gt=0, le=10**9)] | None,
        Meta(description="seconds after which tickets, access tokens and sessions expire"),
    ] = None
    max_connections: Annotated[
        Count, Meta(description="connections at a time; on the next a request gets a 503")
    ] = 10_000
    request_timeout: Annotated[
        float,
        Meta(gt=0, le=86_400, description="seconds that a request may take to arrive; then a 408"),
    ] = 30.0
    idle_timeout: Annotated[
        int, Meta(ge=1, le=86_400, description="seconds until an idle connection is closed")
    ] = 75
    tls_cert: Annotated[Text | None, Meta(description="certificate file, for https")] = None
    tls_key: Annotated[Text | None, Meta(description="key file of the certificate")] = None
    readings: Readings = Readings()


class Option(msgspec.Struct, frozen=True):
    """One setting as users write it."""

    name: str
    default: object
    help: str
    type: Any


def options() -> Iterator[Option]:
    """Yield every setting but the readings, in the order of the class."""
    for one in msgspec.structs.fields(Settings):
        kind = Settings.__annotations__[one.name]
        if one.name != "readings":
            yield Option(one.encode_name, one.default, get_args(kind)[-1].description, kind)


# ---- sources ---------------------------------------------------------------------------------


class Given(msgspec.Struct, frozen=True):
    """One value and where somebody wrote it."""

    name: str
    value: str
    source: str


class Configuration(msgspec.Struct, frozen=True):
    """The settings, and the tenants' tables if the file has any."""

    settings: Settings
    tenants: list[Any] | None = None
    source: str = "the demo world"


def load(
    file: str | None,
    environ: Mapping[str, str],
    flags: Mapping[str, str],
    readings: tuple[str, ...],
    source: str = "command line",
) -> Configuration:
    """Merge the sources, later ones winning: *file*, *environ*, *flags*, `--reading` *readings*.

    *source* is what messages call the last two.
    Raise SetupError that names the source and the nearest known key.
    """
    path = file or environ.get(f"{PREFIX}CONFIG")
    table = {} if path is None else _table(path)
    tenants = table.pop("tenant", None)
    if tenants is not None and not isinstance(tenants, list):
        msg = f"{path}: tenant is a list of tables; write [[tenant]]"
        raise SetupError(msg)
    given = [
        *(_from_file(table, str(path))),
        *(_from_environ(environ)),
        *(Given(name, value, source) for name, value in flags.items()),
        *(_from_flag(one, source) for one in readings),
    ]
    settings = _merged(given)
    _check(settings)
    return Configuration(settings, tenants, path or "the demo world")


def _table(path: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}; name a TOML file with --config"
        raise SetupError(msg) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{path}: is not TOML: {error}"
        raise SetupError(msg) from None


def _from_file(table: Mapping[str, Any], path: str) -> Iterator[Given]:
    for name, value in table.items():
        if name == "readings" and isinstance(value, dict):
            yield from (
                Given(f"reading {reading}", _scalar(one, f"{path}: [readings] {reading}"), path)
                for reading, one in value.items()
            )
        else:
            yield Given(name, _scalar(value, f"{path}: {name}"), path)


def _scalar(value: object, where: str) -> str:
    if isinstance(value, list) and all(isinstance(one, str) for one in value):
        return " ".join(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        msg = f"{where}: expected text or a number; tenants are written as [[tenant]]"
        raise SetupError(msg)
    return str(value)


def _from_environ(environ: Mapping[str, str]) -> Iterator[Given]:
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable != f"{PREFIX}CONFIG":
            name = variable.removeprefix(PREFIX).lower().replace("_", "-")
            reading = name.removeprefix("reading-")
            yield Given(name if reading == name else f"reading {reading}", value, variable)


def _from_flag(assignment: str, source: str) -> Given:
    name, equals, value = assignment.partition("=")
    if not equals:
        msg = f"--reading {assignment}: expected NAME=VALUE, such as --reading run=blocking"
        raise SetupError(msg)
    return Given(f"reading {name}", value, source)


def _merged(given: list[Given]) -> Settings:
    known = {option.name: option for option in options()}
    values: dict[str, Any] = {}
    readings = Readings()
    for one in given:
        try:
            if one.name.startswith("reading "):
                readings = readings.with_value(one.name.removeprefix("reading "), one.value)
            elif one.name in known:
                values[one.name] = msgspec.convert(one.value, known[one.name].type, strict=False)
            else:
                raise SetupError(_unknown(one, known))
        except ValueError as error:
            about = f" ({known[one.name].help})" if one.name in known else ""
            msg = f"{one.source}: {one.name} = {_told(one)}: {error}{about}"
            raise SetupError(msg) from None
    return msgspec.convert({**values, "readings": readings}, Settings)


def _told(given: Given) -> str:
    """Return the value for a message, but for what may be a secret."""
    return "[redacted]" if given.name == "control-token" else repr(given.value[:80])


def _unknown(given: Given, known: Mapping[str, Option]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(given.name.lower(), [*known, *_TABLES], n=1, cutoff=0.5)
    if given.name in _TABLES or given.name.startswith("reading-"):
        hint = f"; write {_TABLES.get(given.name, _TABLES['readings'])}"
    elif near:
        hint = f"; did you mean {near[0]!r}?"
    else:
        hint = f"; known are {', '.join(known)}"
    return f"{given.source}: unknown setting {given.name!r}{hint}"


def _check(settings: Settings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        msg = "tls-cert and tls-key belong together; set both or none"
        raise SetupError(msg)
    token = settings.control_token or "-"
    if not (token.isascii() and token.isprintable() and token == token.strip()):
        msg = "control-token: a header has to carry it: take plain ASCII, no blank at its ends"
        raise SetupError(msg)
    for origin in settings.cors_origins.split():
        if _ORIGIN.fullmatch(origin) is None:
            msg = (
                f"cors-origins: {origin[:80]!r} is no origin; expected such as "
                "https://app.example.com, loopback, or * for all"
            )
            raise SetupError(msg)
