"""`cert`: what it writes and prints, and what it refuses; clients use it in e2e/test_cert.py."""

import ssl
import stat
import sys
from pathlib import Path

import pytest

from superoffice_mock.cli.cert import AUTHORITY, CERTIFICATE, KEY
from tests.support.local_servers import invoke

FILES = {AUTHORITY, CERTIFICATE, KEY}


def write(folder: Path, *options: str) -> str:
    result = invoke("cert", "--out", folder, *options)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_it_writes_a_certificate_that_its_authority_signed_and_no_key_of_the_authority(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "new" / "certs"
    write(folder)
    assert {path.name for path in folder.iterdir()} == FILES
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(folder / CERTIFICATE, folder / KEY)
    client = ssl.create_default_context(cafile=str(folder / AUTHORITY))
    assert [len(authority["subject"]) for authority in client.get_ca_certs()] == [2]
    with_private_key = [path.name for path in folder.iterdir() if "PRIVATE" in path.read_text()]
    assert with_private_key == [KEY]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no modes here")
def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    for options in ((), ("--overwrite",)):
        write(tmp_path, *options)
        assert stat.S_IMODE((tmp_path / KEY).stat().st_mode) == 0o600
        (tmp_path / KEY).chmod(0o644)


def test_it_prints_what_to_do_next_and_nothing_of_a_key(tmp_path: Path) -> None:
    folder = tmp_path / "two words"
    text = write(folder)
    for line in (
        "127.0.0.1 sod.superoffice.com qaonline.superoffice.com online.superoffice.com",
        f"serve --tls-cert '{folder / CERTIFICATE}' --tls-key '{folder / KEY}' --port 443",
        f"NODE_EXTRA_CA_CERTS='{folder / AUTHORITY}'",
        f"openssl.cafile='{folder / AUTHORITY}'",
        f"SSL_CERT_FILE='{folder / AUTHORITY}' dotnet",
    ):
        assert line in text
    for name in FILES:
        for line in (folder / name).read_text().splitlines():
            assert line not in text


def test_files_that_exist_are_replaced_only_if_asked(tmp_path: Path) -> None:
    write(tmp_path)
    before = {name: (tmp_path / name).read_bytes() for name in FILES}
    refused = invoke("cert", "--out", tmp_path)
    problem = f"superoffice-mock: {tmp_path / AUTHORITY}: exists; name another folder"
    assert (refused.exit_code, refused.stderr.startswith(problem)) == (2, True)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == before
    write(tmp_path, "--overwrite")
    assert [name for name in FILES if (tmp_path / name).read_bytes() == before[name]] == []


def test_a_link_in_place_of_the_key_is_never_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    folder = tmp_path / "certs"
    folder.mkdir()
    (folder / KEY).symlink_to(outside)
    assert invoke("cert", "--out", folder).exit_code == 2
    write(folder, "--overwrite")
    assert not outside.exists()


def test_a_folder_that_cant_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    reasons = {tmp_path / "file": "file exists"}
    if sys.platform == "linux":
        reasons[Path("/proc/x")] = "the system allows no new folder there"
    for folder, reason in reasons.items():
        result = invoke("cert", "--out", folder)
        assert (result.exit_code, result.stderr) == (
            2,
            f"superoffice-mock: {folder}: the folder can't be made: {reason}; name another --out\n",
        )


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    result = invoke("cert", "--out", tmp_path / "certs")
    assert result.exit_code == 2
    assert "cert needs trustme, which is not installed" in result.stderr
    assert "pip install '.[signin]'" in result.stderr
    assert not (tmp_path / "certs").exists()
