"""Settings: four sources, one name everywhere, and errors that say what to write instead."""

from pathlib import Path
from typing import Any

import pytest

from superoffice_mock.config.settings import Configuration, Settings, options
from superoffice_mock.core.readings import READINGS, Readings
from tests.support.settings import DESIGN, loaded, variable, written

SAMPLES = {  # a value other than the default for each, as users write it and as it is read
    "host": ("::1", "::1"),
    "port": ("0", 0),
    "port-file": ("/run/port", "/run/port"),
    "seconds-per-account": ("0.25", 0.25),
    "log": ("json", "json"),
    "journal-exchanges": ("7", 7),
    "journal-bytes": ("4096", 4096),
    "cors-origins": ("https://a.example https://b.example", "https://a.example https://b.example"),
    "control-token": ("sesame", "sesame"),
    "jump-settle": ("0", 0.0),
    "max-body": ("10", 10),
    "max-accounts": ("1", 1),
    "max-waiting": ("3", 3),
    "max-tenants": ("10000", 10_000),
    "tenant-ttl": ("60", 60.0),
    "expires-after": ("21600", 21_600.0),
    "max-headers": ("2048", 2048),
    "max-connections": ("5", 5),
    "request-timeout": ("0.5", 0.5),
    "idle-timeout": ("5", 5),
    "tls-cert": ("cert.pem", "cert.pem"),
    "tls-key": ("key.pem", "key.pem"),
}


def value(settings: Settings, name: str) -> Any:
    return getattr(settings, name.replace("-", "_"))


def both_of_tls(name: str) -> dict[str, str]:
    """The settings that must come together with *name*."""
    pair = ("tls-cert", "tls-key")
    return {one: SAMPLES[one][0] for one in (pair if name in pair else (name,))}


# ---- names and defaults ----------------------------------------------------------------------


def test_the_settings_and_their_defaults_are_those_of_the_design() -> None:
    assert {option.name: option.default for option in options()} == DESIGN


def test_every_setting_has_a_help_text() -> None:
    assert all(len(option.help) > 10 for option in options())


def test_without_any_source_everything_is_default_and_the_world_is_the_demo() -> None:
    assert loaded() == Configuration(Settings(), None, "the demo world")


# ---- sources ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DESIGN)
def test_a_setting_has_the_same_name_in_a_file_the_environment_and_a_flag(
    name: str, tmp_path: Path
) -> None:
    read = SAMPLES[name][1]
    pair = both_of_tls(name)
    lines = "\n".join(f'{one} = "{text}"' for one, text in pair.items())
    assert value(loaded(file=written(tmp_path, lines)).settings, name) == read
    assert value(loaded(environ={variable(k): v for k, v in pair.items()}).settings, name) == read
    assert value(loaded(flags=pair).settings, name) == read
    assert read != DESIGN[name]


@pytest.mark.parametrize(
    ("text", "name", "read"),
    [
        ("port = 0", "port", 0),
        ("seconds-per-account = 0.5", "seconds-per-account", 0.5),
        ("seconds-per-account = 2", "seconds-per-account", 2.0),
        ('cors-origins = ["https://a.example", "*"]', "cors-origins", "https://a.example *"),
        ("cors-origins = []", "cors-origins", ""),
    ],
)
def test_a_file_may_use_numbers_and_lists(
    text: str, name: str, read: object, tmp_path: Path
) -> None:
    assert value(loaded(file=written(tmp_path, text)).settings, name) == read


def test_a_flag_beats_the_environment_and_that_beats_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "port = 1\nmax-body = 1\nmax-accounts = 1")
    environ = {variable("port"): "2", variable("max-body"): "2"}
    settings = loaded(file, environ, {"port": "3"}).settings
    assert (settings.port, settings.max_body, settings.max_accounts) == (3, 2, 1)


def test_the_environment_can_name_the_file_and_a_flag_names_another(tmp_path: Path) -> None:
    path = written(tmp_path, "port = 1")
    assert loaded(environ={"SUPEROFFICE_MOCK_CONFIG": path}).settings.port == 1
    assert loaded(path, {"SUPEROFFICE_MOCK_CONFIG": "nowhere.toml"}).settings.port == 1


def test_variables_of_others_are_nothing_to_us() -> None:
    environ = {"PORT": "1", "SUPEROFFICE_MOCKPORT": "1", "superoffice_mock_port": "1"}
    assert loaded(environ=environ).settings == Settings()


def test_the_tenants_of_a_file_are_handed_on_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, '[[tenant]]\nid = "onsite"\n[[tenant]]\nid = "Cust1"')
    configuration = loaded(path)
    assert configuration.tenants == [{"id": "onsite"}, {"id": "Cust1"}]
    assert configuration.source == path


# ---- readings --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "other"), [(one.name, v) for one in READINGS.values() for v in one.values]
)
def test_every_value_of_every_reading_can_be_set_from_every_source(
    name: str, other: str, tmp_path: Path
) -> None:
    expected = Readings().with_value(name, other)
    file = written(tmp_path, f'[readings]\n{name} = "{other}"')
    assert loaded(file).settings.readings == expected
    assert loaded(environ={variable(f"reading-{name}"): other}).settings.readings == expected
    assert loaded(readings=(f"{name}={other}",)).settings.readings == expected


def test_readings_of_several_sources_add_up_and_later_ones_win(tmp_path: Path) -> None:
    file = written(tmp_path, '[readings]\nrun = "blocking"\nbusy = "try-for-1s"\nempty = "runs"')
    environ = {"SUPEROFFICE_MOCK_READING_BUSY": "wait-then-drop"}
    readings = loaded(file, environ, {}, ("empty=no-run", "tasks=ten-in-all")).settings.readings
    assert readings == Readings(run="blocking", tasks="ten-in-all")
