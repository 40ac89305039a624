"""Settings for the tests of settings: the defaults, and helpers to load and write them."""

from pathlib import Path

from superoffice_mock.config.settings import Configuration, load

DESIGN = {  # the defaults
    "host": "127.0.0.1",
    "port": 8204,
    "port-file": None,
    "seconds-per-account": 5.0,
    "due-after": 300.0,
    "log": "auto",
    "journal-exchanges": 1_000,
    "journal-bytes": 32 * 1024 * 1024,
    "cors-origins": "loopback",
    "control-token": None,
    "jump-settle": 0.02,
    "max-body": 1024 * 1024,
    "max-accounts": 10_000,
    "max-waiting": 10_000,
    "max-tenants": 1_000,
    "tenant-ttl": 3_600.0,
    "expires-after": None,
    "max-headers": 64 * 1024,
    "max-connections": 10_000,
    "request-timeout": 30.0,
    "idle-timeout": 75,
    "tls-cert": None,
    "tls-key": None,
}


def load_settings(
    file: str | None = None,
    environ: dict[str, str] | None = None,
    flags: dict[str, str] | None = None,
    readings: tuple[str, ...] = (),
) -> Configuration:
    """Load settings from these sources only."""
    return load(file, environ or {}, flags or {}, readings)


def environment_variable(name: str) -> str:
    """Return the environment variable of the setting *name*."""
    return "SUPEROFFICE_MOCK_" + name.upper().replace("-", "_")


def write_config(folder: Path, text: str) -> str:
    """Write *text* to a configuration file in *folder* and return its path."""
    path = folder / "mock.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)
