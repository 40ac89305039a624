"""Settings: four sources, one name in all of them, and an order of precedence."""

from pathlib import Path
from typing import Any

from superoffice_contract.local_server import demo_tables
from superoffice_contract.openapi.readings import READINGS, Readings
from superoffice_mock.config.settings import Configuration, Settings, options
from tests.support.settings import DESIGN, environment_variable, load_settings, write_config

SAMPLES = {  # for each setting, a text that is not the default, and its value
    "host": ("::1", "::1"),
    "port": ("0", 0),
    "port-file": ("/run/port", "/run/port"),
    "seconds-per-account": ("0.25", 0.25),
    "due-after": ("0", 0.0),
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


def value_of(settings: Settings, name: str) -> Any:
    return getattr(settings, name.replace("-", "_"))


def samples_with(name: str) -> dict[str, str]:
    """Return the sample for *name*, and for the setting that must be set together with it."""
    tls_pair = ("tls-cert", "tls-key")
    return {key: SAMPLES[key][0] for key in (tls_pair if name in tls_pair else (name,))}


# ---- names and defaults ----------------------------------------------------------------------


def test_the_settings_and_their_defaults_are_those_of_the_design() -> None:
    assert {option.name: option.default for option in options()} == DESIGN


def test_every_help_text_begins_with_no_value_as_help_would_capitalize_it() -> None:
    values = ("auto", "text", "json", "off", "loopback")
    for option in options():
        assert len(option.help) > 10, option.name
        assert not option.help.startswith(values), option.name


def test_without_any_source_the_defaults_and_the_demo_tenants_apply() -> None:
    assert load_settings() == Configuration(Settings(), demo_tables(), "the demo tenants")


# ---- sources ---------------------------------------------------------------------------------


def test_a_setting_has_the_same_name_in_a_file_the_environment_and_a_flag(tmp_path: Path) -> None:
    for name, default in DESIGN.items():
        samples, expected = samples_with(name), SAMPLES[name][1]
        text = "\n".join(f'{key} = "{sample}"' for key, sample in samples.items())
        environ = {environment_variable(key): sample for key, sample in samples.items()}
        assert expected != default, name
        for source in (
            load_settings(file=write_config(tmp_path, text)),
            load_settings(environ=environ),
            load_settings(flags=samples),
        ):
            assert value_of(source.settings, name) == expected, name


def test_a_file_may_use_numbers_and_lists_and_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    for text, name, expected in (
        *(("port = 0", "port", 0), ("\ufeffport = 1", "port", 1)),
        ("seconds-per-account = 0.5", "seconds-per-account", 0.5),
        ("seconds-per-account = 2", "seconds-per-account", 2.0),
        ('cors-origins = ["https://a.example", "*"]', "cors-origins", "https://a.example *"),
        ("cors-origins = []", "cors-origins", ""),
    ):
        settings = load_settings(write_config(tmp_path, text)).settings
        assert value_of(settings, name) == expected, text


def test_a_flag_overrides_the_environment_which_overrides_the_file(tmp_path: Path) -> None:
    file = write_config(tmp_path, "port = 1\nmax-body = 1\nmax-accounts = 1")
    environ = {environment_variable("port"): "2", environment_variable("max-body"): "2"}
    settings = load_settings(file, environ, {"port": "3"}).settings
    assert (settings.port, settings.max_body, settings.max_accounts) == (3, 2, 1)


def test_the_environment_can_name_the_file_and_a_flag_overrides_it(tmp_path: Path) -> None:
    path = write_config(tmp_path, "port = 1")
    assert load_settings(environ={"SUPEROFFICE_MOCK_CONFIG": path}).settings.port == 1
    assert load_settings(path, {"SUPEROFFICE_MOCK_CONFIG": "nowhere.toml"}).settings.port == 1


def test_variables_without_the_prefix_are_ignored() -> None:
    environ = {"PORT": "1", "SUPEROFFICE_MOCKPORT": "1", "superoffice_mock_port": "1"}
    assert load_settings(environ=environ).settings == Settings()


def test_the_tenant_tables_of_a_file_are_returned_unchanged(tmp_path: Path) -> None:
    path = write_config(tmp_path, '[[tenant]]\nid = "onsite"\n[[tenant]]\nid = "Cust1"')
    configuration = load_settings(path)
    assert configuration.tenants == [{"id": "onsite"}, {"id": "Cust1"}]
    assert configuration.source == path


def test_origins_are_accepted_as_browsers_send_them() -> None:
    for origins in (
        *("loopback", "LOOPBACK", "*", "null", "https://a.example", "HTTPS://A.example:8443/"),
        *("http://[::1]:8080", "chrome-extension://abcdef loopback", ""),
    ):
        assert load_settings(flags={"cors-origins": origins}).settings.cors_origins == origins


# ---- readings --------------------------------------------------------------------------------


def test_every_value_of_every_reading_can_be_set_from_every_source(tmp_path: Path) -> None:
    for name, value in [(name, v) for name, reading in READINGS.items() for v in reading.values]:
        file = write_config(tmp_path, f'[readings]\n{name} = "{value}"')
        for source in (
            load_settings(file),
            load_settings(environ={environment_variable(f"reading-{name}"): value}),
            load_settings(readings=(f"{name}={value}",)),
        ):
            assert source.settings.readings == Readings().with_value(name, value), (name, value)


def test_readings_of_several_sources_are_merged_and_later_sources_win(tmp_path: Path) -> None:
    file = write_config(
        tmp_path, '[readings]\nrun = "blocking"\nbusy = "try-for-1s"\nempty = "runs"'
    )
    environ = {"SUPEROFFICE_MOCK_READING_BUSY": "wait-then-drop"}
    readings = load_settings(
        file, environ, {}, ("empty=no-run", "tasks=ten-in-all")
    ).settings.readings
    assert readings == Readings(run="blocking", tasks="ten-in-all")
