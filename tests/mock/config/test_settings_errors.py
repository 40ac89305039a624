"""Settings that cannot be: every error names its source, the key, and what to write instead."""

from pathlib import Path

import pytest

from superoffice_mock.errors import SetupError
from tests.support.settings import DESIGN, loaded, variable, written


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"SUPEROFFICE_MOCK_PROT": "1"}, ["SUPEROFFICE_MOCK_PROT", "'prot'", "'port'"]),
        ({"SUPEROFFICE_MOCK_MAX_BODIES": "1"}, ["'max-body'"]),
        ({"SUPEROFFICE_MOCK_READING_RUM": "x"}, ["SUPEROFFICE_MOCK_READING_RUM", "run", "busy"]),
        ({"SUPEROFFICE_MOCK_READING_RUN": "x"}, ["'x'", "detached", "blocking"]),
        ({"SUPEROFFICE_MOCK_ZZZZ": "1"}, ["'zzzz'", "host, port, port-file"]),
    ],
)
def test_an_unknown_name_is_an_error_with_its_source_and_the_nearest_known_one(
    environ: dict[str, str], told: list[str]
) -> None:
    with pytest.raises(SetupError) as error:
        loaded(environ=environ)
    assert all(one in str(error.value) for one in told), str(error.value)


@pytest.mark.parametrize(
    ("name", "suggested"),
    [("tenants", "tenant"), ("reading", "readings"), ("tsl-cert", "tls-cert")],
)
def test_a_misspelt_key_of_a_file_suggests_one_that_a_file_knows(
    name: str, suggested: str, tmp_path: Path
) -> None:
    path = written(tmp_path, f'{name} = "x"')
    with pytest.raises(SetupError) as error:
        loaded(path)
    assert str(error.value).startswith(f"{path}: unknown setting {name!r}; did you mean")
    assert repr(suggested) in str(error.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('readings = "run=blocking"', "[readings]"),
        ('reading-run = "blocking"', "[readings]"),
        ('tenant = "onsite"', "[[tenant]]"),
        ("tenant = 1", "[[tenant]]"),
    ],
)
def test_a_table_written_as_a_value_is_an_error_that_shows_the_table(
    text: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises(SetupError) as error:
        loaded(written(tmp_path, text))
    assert told in str(error.value)
    assert "did you mean" not in str(error.value)


@pytest.mark.parametrize("name", ["TENANT", "READINGS"])
def test_a_table_cannot_come_from_the_environment_and_is_never_its_own_suggestion(
    name: str,
) -> None:
    with pytest.raises(SetupError) as error:
        loaded(environ={f"SUPEROFFICE_MOCK_{name}": "x"})
    assert str(error.value).startswith(f"SUPEROFFICE_MOCK_{name}: unknown setting")
    assert f"did you mean {name.lower()!r}" not in str(error.value)


BAD = [
    *((name, "") for name in DESIGN if name != "cors-origins"),
    *((name, "many") for name in DESIGN if isinstance(DESIGN[name], (int, float))),
    *((name, "-1") for name in DESIGN if isinstance(DESIGN[name], (int, float))),
    *((name, "nan") for name in DESIGN if isinstance(DESIGN[name], (int, float))),
    *((name, "inf") for name in DESIGN if isinstance(DESIGN[name], (int, float))),
    *((name, "0") for name in ("journal-exchanges", "max-body", "max-accounts", "idle-timeout")),
    *((name, "0") for name in ("max-headers", "max-connections", "request-timeout")),
    *(("port", "65536"), ("port", "80.5"), ("port", "٣a"), ("log", "TEXT"), ("log", "verbose")),
    *(("seconds-per-account", "1000001"), ("jump-settle", "61"), ("max-waiting", "0")),
    *(("max-tenants", "0"), ("tenant-ttl", "0"), ("tenant-ttl", "0.5"), ("max-tenants", "1.5")),
    *(("expires-after", bad) for bad in ("0", "-1", "never", "nan", "1e10")),
]


@pytest.mark.parametrize(("name", "bad"), BAD)
def test_a_bad_value_is_an_error_that_names_its_source_and_what_is_wanted(
    name: str, bad: str
) -> None:
    for sources in ({"environ": {variable(name): bad}}, {"flags": {name: bad}}):
        with pytest.raises(SetupError) as error:
            loaded(None, sources.get("environ", {}), sources.get("flags", {}))
        message = str(error.value)
        assert name in message
        assert "xpected" in message or "nvalid" in message, message
        assert "\n" not in message
    with pytest.raises(SetupError, match=variable(name)):
        loaded(environ={variable(name): bad})


def test_a_bad_control_token_is_not_repeated() -> None:
    with pytest.raises(SetupError) as error:
        loaded(flags={"control-token": ""})
    assert "[redacted]" in str(error.value)


@pytest.mark.parametrize(
    "text", ["port = true", "port = []\nx = 1", "port = 1979-05-27", "host = {}"]
)
def test_a_value_of_another_type_in_a_file_is_an_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"mock\.toml"):
        loaded(written(tmp_path, text))


@pytest.mark.parametrize("flag", ["run", "blocking", ""])
def test_a_reading_flag_without_a_value_is_an_error_that_shows_the_form(flag: str) -> None:
    with pytest.raises(SetupError, match="--reading run=blocking"):
        loaded(readings=(flag,))


def test_a_file_that_is_not_there_is_an_error_with_its_name(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(SetupError) as error:
            loaded(str(path))
        assert str(error.value).startswith(f"{path}: cannot be read")


@pytest.mark.parametrize("raw", [b"port =", b"\xff\xfe", b"port = 1\nport = 2"])
def test_a_file_that_is_not_toml_is_an_error_with_its_name(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mock.toml"
    path.write_bytes(raw)
    with pytest.raises(SetupError, match="is not TOML"):
        loaded(str(path))


@pytest.mark.parametrize(
    "origin",
    [
        *("foo", "app.example.com", "https://", "https://app.example.com/path", "loopbak", "**"),
        *("https://app.example.com?x", "https://me@app.example.com", "https://a.example,*"),
    ],
)
def test_what_is_no_origin_is_an_error_that_shows_one(origin: str) -> None:
    with pytest.raises(SetupError) as error:
        loaded(flags={"cors-origins": f"https://fine.example {origin}"})
    assert repr(origin) in str(error.value)
    assert str(error.value).startswith("cors-origins: ")
    assert "https://app.example.com, loopback, or *" in str(error.value)


@pytest.mark.parametrize(
    "origins",
    [
        *("loopback", "LOOPBACK", "*", "null", "https://a.example", "HTTPS://A.example:8443/"),
        *("http://[::1]:8080", "chrome-extension://abcdef loopback", ""),
    ],
)
def test_origins_are_taken_as_browsers_send_them(origins: str) -> None:
    assert loaded(flags={"cors-origins": origins}).settings.cors_origins == origins


@pytest.mark.parametrize("name", ["tls-cert", "tls-key"])
def test_half_of_the_tls_pair_is_an_error(name: str) -> None:
    with pytest.raises(SetupError, match="set both or none"):
        loaded(flags={name: "x.pem"})


@pytest.mark.parametrize("token", ["tökén", "two\nlines", " edge"])
def test_a_control_token_that_no_header_carries_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(SetupError, match="control-token: a header has to carry it") as error:
        loaded(flags={"control-token": token})
    assert token not in str(error.value)


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "bom.toml"
    path.write_text("port = 1", encoding="utf-8-sig")
    assert loaded(str(path)).settings.port == 1
