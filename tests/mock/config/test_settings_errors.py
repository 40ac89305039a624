"""Invalid settings: every error names its source, the key, and what to write instead."""

from pathlib import Path

import pytest

from superoffice_mock.errors import SetupError
from tests.support.settings import DESIGN, environment_variable, load_settings, write_config

NUMBERS = [name for name in DESIGN if isinstance(DESIGN[name], (int, float))]


def error_of(
    file: str | None = None,
    environ: dict[str, str] | None = None,
    flags: dict[str, str] | None = None,
    readings: tuple[str, ...] = (),
) -> str:
    """Return the message of the error that these sources raise."""
    with pytest.raises(SetupError) as error:
        load_settings(file, environ, flags, readings)
    return str(error.value)


# ---- names -----------------------------------------------------------------------------------


def test_an_unknown_name_is_an_error_with_its_source_and_the_nearest_known_name() -> None:
    for name, parts in (
        ("PROT", ["SUPEROFFICE_MOCK_PROT", "'prot'", "'port'"]),
        ("MAX_BODIES", ["'max-body'"]),
        ("READING_RUM", ["SUPEROFFICE_MOCK_READING_RUM", "did you mean 'run'"]),
        ("READING_MOOD", ["SUPEROFFICE_MOCK_READING_MOOD", "the readings are: run, busy"]),
        ("READING_RUN", ["READING_RUN: ", "detached", "blocking"]),
        ("ZZZZ", ["SUPEROFFICE_MOCK_ZZZZ: ", "host, port, port-file"]),
        ("TENANT", ["SUPEROFFICE_MOCK_TENANT: unknown setting 'tenant'; write [[tenant]]"]),
        ("READINGS", ["SUPEROFFICE_MOCK_READINGS: unknown setting 'readings'; write run ="]),
    ):
        message = error_of(environ={f"SUPEROFFICE_MOCK_{name}": "x"})
        assert [part for part in parts if part not in message] == [], message


def test_a_wrong_key_of_a_file_gets_the_suggestion_of_a_known_key_or_table(tmp_path: Path) -> None:
    for text, start in (
        ('tenants = "x"', "unknown setting 'tenants'; did you mean 'tenant'"),
        ('reading = "x"', "unknown setting 'reading'; did you mean 'readings'"),
        ('tsl-cert = "x"', "unknown setting 'tsl-cert'; did you mean 'tls-cert'"),
        ('readings = "run=blocking"', "unknown setting 'readings'; write run = "),
        ('reading-run = "blocking"', "unknown setting 'reading-run'; write run = "),
        ('tenant = "onsite"', "tenant is a list of tables; write [[tenant]]"),
        ("tenant = 1", "tenant is a list of tables; write [[tenant]]"),
    ):
        path = write_config(tmp_path, text)
        assert error_of(path).startswith(f"{path}: {start}"), text


# ---- values ----------------------------------------------------------------------------------

INVALID = [
    *((name, "") for name in DESIGN if name != "cors-origins"),
    *((name, text) for name in NUMBERS for text in ("many", "-1", "nan", "inf")),
    *((name, "0") for name in ("journal-exchanges", "max-body", "max-accounts", "idle-timeout")),
    *((name, "0") for name in ("max-headers", "max-connections", "request-timeout")),
    *(("port", "65536"), ("port", "80.5"), ("port", "٣a"), ("log", "TEXT"), ("log", "verbose")),
    *(("seconds-per-account", "1000001"), ("jump-settle", "61"), ("max-waiting", "0")),
    *(("max-tenants", "0"), ("tenant-ttl", "0"), ("tenant-ttl", "0.5"), ("max-tenants", "1.5")),
    *(("expires-after", text) for text in ("0", "-1", "never", "nan", "1e10")),
]


def test_an_invalid_value_is_an_error_that_names_its_source_and_what_is_expected() -> None:
    for name, text in INVALID:
        environment_error = error_of(environ={environment_variable(name): text})
        assert environment_variable(name) in environment_error
        for message in (environment_error, error_of(flags={name: text})):
            assert name in message
            assert ": expected " in message, message
            assert "`" not in message, message
            assert "\n" not in message


def test_an_invalid_value_is_explained_in_plain_words() -> None:
    for name, value, expected in (
        ("port", "abc", "port: expected a whole number"),
        ("port", "65536", "port = 65536: expected at most 65535"),
        ("log", "Text", "log: expected one of auto, json, off, text"),
        ("host", "", "host: expected text that is not empty"),
        ("expires-after", "0", "expires-after = 0: expected more than 0"),
        ("control-token", "", "control-token: expected text that is not empty"),
    ):
        message = error_of(flags={name: value})
        assert message.startswith(f"command line: {expected} ("), message


def test_an_unknown_value_of_a_reading_is_an_error_with_place_and_values(tmp_path: Path) -> None:
    path = write_config(tmp_path, "[readings]\nrun = 'fast'")
    variable = "SUPEROFFICE_MOCK_READING_RUN"
    for message, place in (
        (error_of(path), f"{path}: [readings] run"),
        (error_of(environ={variable: "fast"}), variable),
        (error_of(readings=("run=fast",)), "--reading run"),
    ):
        assert message == f"{place}: the values of run are detached and blocking"


def test_a_value_of_another_type_in_a_file_is_an_error(tmp_path: Path) -> None:
    for text in ("port = true", "port = []\nx = 1", "port = 1979-05-27", "host = {}"):
        assert "mock.toml" in error_of(write_config(tmp_path, text)), text


def test_a_reading_flag_without_a_value_is_an_error_that_shows_the_form() -> None:
    for flag in ("run", "blocking", ""):
        assert "--reading run=blocking" in error_of(readings=(flag,))


def test_an_invalid_origin_is_an_error_that_shows_a_valid_one() -> None:
    for origin in (
        *("foo", "app.example.com", "https://", "https://app.example.com/path", "loopbak", "**"),
        *("https://app.example.com?x", "https://me@app.example.com", "https://a.example,*"),
    ):
        message = error_of(flags={"cors-origins": f"https://fine.example {origin}"})
        assert message.startswith("cors-origins: number 2 is not an origin")
        assert "https://app.example.com, loopback, or *" in message


def test_half_of_the_tls_pair_is_an_error() -> None:
    for name in ("tls-cert", "tls-key"):
        assert "set both or none" in error_of(flags={name: "x.pem"})


def test_an_invalid_control_token_is_an_error_that_does_not_repeat_it() -> None:
    for token in ("tökén", "two\nlines", " edge"):
        message = error_of(flags={"control-token": token})
        assert message.startswith("control-token: use printable ASCII")
        assert token not in message


# ---- files -----------------------------------------------------------------------------------


def test_an_unreadable_file_is_an_error_with_its_name(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.toml", "no such file"), (tmp_path, "is a directory")):
        assert error_of(str(path)) == f"{path}: {reason}; name a TOML file with --config"


def test_a_file_that_is_not_toml_is_an_error_with_its_name(tmp_path: Path) -> None:
    path = tmp_path / "mock.toml"
    for content, place in (
        (b"a = 1\nport =", ": look at end of document"),
        (b"port = 1\nport = 2\n", ": look at line 2, column 9"),
        (b"\xff\xfe", ""),
        (b"a = " + b"1" * 5000, ""),
        (b"a = " + b"[" * 100_000, ""),
    ):
        path.write_bytes(content)
        assert error_of(str(path)) == f"{path}: is not TOML{place}"


def test_a_file_without_end_is_an_error(tmp_path: Path) -> None:
    long_file = tmp_path / "long.toml"
    long_file.write_bytes(b"#" * (16 * 2**20 + 1))
    for path in (str(long_file), "/dev/zero"):
        if Path(path).exists():  # Windows has no such device
            expected = f"{path}: is longer than 16 MiB; name a TOML file with --config"
            assert error_of(path) == expected
