"""Settings as users write them, for the tests of settings."""

from pathlib import Path

from superoffice_mock.config.settings import Configuration, load

DESIGN = {  # design.md section 7, what there is of it
    "host": "127.0.0.1",
    "port": 8204,
    "port-file": None,
    "seconds-per-account": 5.0,
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


def loaded(
    file: str | None = None,
    environ: dict[str, str] | None = None,
    flags: dict[str, str] | None = None,
    readings: tuple[str, ...] = (),
) -> Configuration:
    """Load settings from these sources and nothing else."""
    return load(file, environ or {}, flags or {}, readings)


def variable(name: str) -> str:
    """Return the environment's name for the setting *name*."""
    return "SUPEROFFICE_MOCK_" + name.upper().replace("-", "_")


def written(folder: Path, text: str) -> str:
    """Write *text* into a configuration file in *folder* and return its name."""
    path = folder / "mock.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)
