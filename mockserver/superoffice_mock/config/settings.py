"""Settings: defaults < file < SUPEROFFICE_MOCK_* < flags; one name everywhere."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta

from superoffice_contract.local_server import DEMO_SOURCE, demo_tables
from superoffice_contract.messages import describe_os_error, describe_unknown, is_number, show_path
from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_contract.validation import explain
from superoffice_mock.errors import SetupError

PREFIX: Final = "SUPEROFFICE_MOCK_"
COMMAND_LINE: Final = "command line"
_ORIGIN: Final = re.compile(r"loopback|\*|null|[a-z][a-z0-9+.-]*://[^\s/?#@,*]+/?", re.IGNORECASE)
MAX_TOML_BYTES: Final = 16 * 2**20
"""The limit for a file of settings or tenants; a thousand tenants take half a MiB."""
_TOML_PLACE: Final = re.compile(r"at (line \d+, column \d+|end of document)")
_HOW_TO_WRITE: Final = {
    "readings": """run = "blocking" under [readings] in a file, or --reading run=blocking""",
    "tenant": "[[tenant]] in a file, and name the file with --config",
}
"""How to write the tables of a file, for messages about settings of the same names."""

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1, le=10**12)]


class Settings(msgspec.Struct, frozen=True, rename="kebab"):
    """All settings and their defaults."""

    host: Annotated[Text, "address to listen on"] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535), "port to listen on; 0 picks a free port"] = 8204
    port_file: Annotated[Text | None, "file to write the port to when the server is ready"] = None
    seconds_per_account: Annotated[
        float, Meta(ge=0, le=1_000_000), "seconds that the sync of one account takes"
    ] = 5.0
    due_after: Annotated[
        float,
        Meta(ge=0, le=10**9),
        "seconds after its last fetch until an account is due (reading ready=due-by-age)",
    ] = 300.0
    log: Annotated[
        Literal["auto", "text", "json", "off"],
        "log format: text, json, off, or auto (text on a terminal, otherwise crashes only)",
    ] = "auto"
    journal_exchanges: Annotated[
        Count, "maximum number of exchanges in the journal of a tenant"
    ] = 1000
    journal_bytes: Annotated[Count, "maximum size of all journals together, in bytes"] = 32 * 2**20
    cors_origins: Annotated[
        str, "origins that CORS allows, separated by spaces; also 'loopback' or '*'"
    ] = "loopback"
    control_token: Annotated[
        Text | None, "token that /_mock/ requires; mandatory if the host is not loopback"
    ] = None
    jump_settle: Annotated[
        float, Meta(ge=0, le=60), "real seconds without a new request before a jumping clock jumps"
    ] = 0.02
    max_body: Annotated[Count, "maximum size of a request body, in bytes; more gets a 413"] = 2**20
    max_headers: Annotated[
        Count,
        "maximum size of the request line and headers, in bytes; more gets a 431, "
        "a longer request line a 414",
    ] = 64 * 1024
    max_accounts: Annotated[Count, "maximum number of accounts in a call; more gets a 413"] = 10_000
    max_waiting: Annotated[
        Count, "maximum number of waiting calls of a tenant; the next call gets a 503"
    ] = 10_000
    max_tenants: Annotated[Count, "maximum number of temporary tenants (POST /_mock/tenants)"] = (
        1000
    )
    tenant_ttl: Annotated[
        float, Meta(ge=1, le=10**9), "seconds after which an unused temporary tenant is removed"
    ] = 3600.0
    expires_after: Annotated[
        Annotated[float, Meta(gt=0, le=10**9)] | None,
        "seconds after which tickets, access tokens and sessions expire",
    ] = None
    max_connections: Annotated[
        Count, "maximum number of open connections; requests on more connections get a 503"
    ] = 10_000
    request_timeout: Annotated[
        float,
        Meta(gt=0, le=86_400),
        "seconds within which a request must arrive; after that it gets a 408",
    ] = 30.0
    idle_timeout: Annotated[
        int,
        Meta(ge=1, le=86_400),
        "seconds after which an idle connection is closed, and one that reads no answers",
    ] = 75
    tls_cert: Annotated[Text | None, "certificate file, for HTTPS"] = None
    tls_key: Annotated[Text | None, "private key file of the certificate"] = None
    readings: Readings = Readings()


class Option(msgspec.Struct, frozen=True):
    """One setting, with the name that users write."""

    name: str
    default: object
    help: str
    type: Any


def options() -> Iterator[Option]:
    """Yield every setting except the readings, in the order of `Settings`."""
    for field in msgspec.structs.fields(Settings):
        type_ = Settings.__annotations__[field.name]
        if field.name != "readings":
            yield Option(field.encode_name, field.default, get_args(type_)[-1], type_)


class Assignment(msgspec.Struct, frozen=True):
    """One setting with a value, and the file, variable or command line that it comes from.

    The source of a reading includes its name, if there is such a reading.
    """

    name: str
    value: str
    source: str


class Configuration(msgspec.Struct, frozen=True):
    """The settings, and the `[[tenant]]` tables of the file, or those of the demo tenants.

    Files that the tables name are in *folder*.
    """

    settings: Settings
    tenants: list[Any]
    source: str
    folder: Path = Path()


def load(
    file: str | None,
    environ: Mapping[str, str],
    flags: Mapping[str, str],
    readings: tuple[str, ...],
    source: str = COMMAND_LINE,
) -> Configuration:
    """Merge *file*, *environ*, *flags* and `--reading` *readings*; later sources win.

    *source* is the name of *flags* and *readings* in messages.
    Raise SetupError that names the source and the nearest known key.
    """
    path = file or environ.get(f"{PREFIX}CONFIG")
    shown_path = show_path(path)
    table = {} if path is None else read_toml(path, "; name a TOML file with --config")
    tenants = table.pop("tenant") if "tenant" in table else demo_tables()
    if not isinstance(tenants, list):
        raise SetupError(f"{shown_path}: tenant is a list of tables; write [[tenant]]")
    assignments = [
        *(_file_assignments(table, shown_path)),
        *(_environment_assignments(environ)),
        *(Assignment(name, value, source) for name, value in flags.items()),
        *(_reading_assignment(flag, source) for flag in readings),
    ]
    settings = _merge(assignments)
    _validate(settings)
    if path is None:
        return Configuration(settings, tenants, DEMO_SOURCE)
    return Configuration(settings, tenants, shown_path, Path(path).parent)


def read_toml(path: str, hint: str = "") -> dict[str, Any]:
    """Return the content of the file at *path*. Raise SetupError; *hint* follows an OSError."""
    import tomllib

    try:
        with Path(path).open("rb") as stream:
            content = stream.read(MAX_TOML_BYTES + 1)
        if len(content) > MAX_TOML_BYTES:
            msg = f"{show_path(path)}: is longer than {MAX_TOML_BYTES // 2**20} MiB"
            raise SetupError(f"{msg}{hint or '; name a TOML file'}")
        return tomllib.loads(content.decode("utf-8-sig"))
    except OSError as error:
        raise SetupError(f"{show_path(path)}: {describe_os_error(error)}{hint}") from None
    except (ValueError, RecursionError) as error:
        # Only the place: some texts of `tomllib` repeat a key or a value.
        place = _TOML_PLACE.search(f"{error}")
        msg = f"{show_path(path)}: is not TOML" + (f": look {place[0]}" if place else "")
        raise SetupError(msg) from None


def _file_assignments(table: Mapping[str, Any], path: str) -> Iterator[Assignment]:
    for name, value in table.items():
        if name == "readings" and isinstance(value, dict):
            for reading, text in value.items():
                where = f"{path}: [readings]" + (f" {reading}" if reading in READINGS else "")
                yield Assignment(f"reading {reading}", _to_text(text, where), where)
        else:
            known_name = name if name in Settings.__struct_encode_fields__ else "a setting"
            yield Assignment(name, _to_text(value, f"{path}: {known_name}"), path)


def _to_text(value: object, where: str) -> str:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise SetupError(f"{where}: expected text or a number; tenants are written as [[tenant]]")
    return str(value)


def _environment_assignments(environ: Mapping[str, str]) -> Iterator[Assignment]:
    for variable, value in environ.items():
        if variable.startswith(PREFIX) and variable != f"{PREFIX}CONFIG":
            name = variable.removeprefix(PREFIX).lower().replace("_", "-")
            if name.startswith("reading-"):
                name = name.replace("-", " ", 1)
            yield Assignment(name, value, variable)


def _reading_assignment(flag: str, source: str) -> Assignment:
    name, equals, value = flag.partition("=")
    if not equals:
        raise SetupError("--reading: expected NAME=VALUE, such as --reading run=blocking")
    place = "--reading" if source == COMMAND_LINE else f"{source}: reading"
    return Assignment(f"reading {name}", value, f"{place} {name}" if name in READINGS else place)


def _merge(assignments: list[Assignment]) -> Settings:
    options_by_name = {option.name: option for option in options()}
    values: dict[str, Any] = {}
    readings = Readings()
    for assignment in assignments:
        name, text = assignment.name, assignment.value
        try:
            if name.startswith("reading "):
                readings = readings.with_value(name.removeprefix("reading "), text)
            elif name in options_by_name:
                values[name] = msgspec.convert(text, options_by_name[name].type, strict=False)
            else:
                raise SetupError(_unknown_setting(assignment, options_by_name))
        except msgspec.ValidationError as error:
            option = options_by_name[name]
            expected = explain(error, option.type).partition(", got ")[0]
            value = f" = {text}" if is_number(text) else ""
            msg = f"{assignment.source}: {name}{value}: {expected} ({option.help})"
            raise SetupError(msg) from None
        except ValueError as error:  # of a reading
            raise SetupError(f"{assignment.source}: {error}") from None
    return msgspec.convert({**values, "readings": readings}, Settings)


def _unknown_setting(assignment: Assignment, options_by_name: Mapping[str, Option]) -> str:
    name = assignment.name
    names = [*options_by_name, *_HOW_TO_WRITE]
    problem = describe_unknown("setting", name, names, f"the settings are: {', '.join(names)}")
    if name in _HOW_TO_WRITE or name.startswith("reading-"):
        how_to_write = _HOW_TO_WRITE.get(name, _HOW_TO_WRITE["readings"])
        problem = f"{problem.partition(';')[0]}; write {how_to_write}"
    return f"{assignment.source}: {problem}"


def _validate(settings: Settings) -> None:
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise SetupError("tls-cert and tls-key belong together; set both or none")
    token = settings.control_token or "-"
    if not (token.isascii() and token.isprintable() and token == token.strip()):
        raise SetupError(
            "control-token: use printable ASCII without a space at either end; a header carries it"
        )
    for number, origin in enumerate(settings.cors_origins.split(), 1):
        if _ORIGIN.fullmatch(origin) is None:
            raise SetupError(
                f"cors-origins: number {number} is not an origin; expected something like "
                "https://app.example.com, loopback, or * for all"
            )
