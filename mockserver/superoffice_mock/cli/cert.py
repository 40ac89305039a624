"""`superoffice-mock cert`: a certificate for clients with SuperOffice's host names built in."""

import os
import shlex
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import click

from superoffice_contract import output_files
from superoffice_contract.messages import NO_NEW_FOLDER, describe_os_error, show_path
from superoffice_mock.cli.base import Command
from superoffice_mock.errors import SetupError, explain_missing_extra

NAMES: Final = ("*.superoffice.com", "localhost", "127.0.0.1", "::1")
"""What the certificate is for; the first covers sod, qaonline, online and their numbers."""
SIGN_IN_HOSTS: Final = ("sod.superoffice.com", "qaonline.superoffice.com", "online.superoffice.com")
"""The hosts that clients call first; the answers name the others, and there it is the mock's."""
LIFETIME: Final = timedelta(days=730)
"""macOS accepts no certificate that lasts longer than 825 days."""
AUTHORITY, CERTIFICATE, KEY = "authority.pem", "cert.pem", "key.pem"
_NEXT_STEPS: Final = """\
{authority} is the authority that clients trust; its own key is stored nowhere.
{certificate} is the certificate for {names}.
{key} is its key; only you can read it.

1. Lead the names to this machine, with a line in /etc/hosts
   (C:\\Windows\\System32\\drivers\\etc\\hosts). Remove it to reach SuperOffice again.
     127.0.0.1 {hosts}

2. Serve at the port that these clients have built in. A port below 1024 may need rights: on Linux
   sudo sysctl net.ipv4.ip_unprivileged_port_start=443
     superoffice-mock serve --tls-cert {certificate} --tls-key {key} --port 443

3. Let the client trust the authority.
     curl            curl --cacert {authority} https://{host}/api
     Node.js         NODE_EXTRA_CA_CERTS={authority} node app.js
     PHP             php -d openssl.cafile={authority} -d curl.cainfo={authority} app.php
     Python          SSL_CERT_FILE={authority} python app.py
                     (requests reads REQUESTS_CA_BUNDLE instead)
     .NET, Linux     SSL_CERT_FILE={authority} dotnet run
     .NET, Windows   certutil -user -addstore Root {authority}
     .NET, macOS     security add-trusted-cert -p ssl {authority}
     Mono            cert-sync --user {authority}\
"""


@click.command("cert", cls=Command)
@click.option("--out", required=True, metavar="DIR", help="Folder for the files; made if missing.")
@click.option("--overwrite", is_flag=True, help="Replace files of an earlier call.")
def command(out: str, overwrite: bool) -> None:  # noqa: FBT001 - click's
    """Make a certificate for https://*.superoffice.com.

    For clients that have SuperOffice's host names built in. Writes a new authority, a certificate
    and its key to DIR, and says how the clients come to trust it.
    """
    folder = Path(out).absolute()
    contents = make_files()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = describe_os_error(error, NO_NEW_FOLDER)
        msg = f"{show_path(out)}: the folder can't be made: {reason}; name another --out"
        raise SetupError(msg) from None
    try:
        _write(folder, contents, overwrite=overwrite)
    except OSError as error:
        raise SetupError(f"{show_path(out)}: {describe_os_error(error)}") from None
    click.echo(_describe_next_steps(folder))


def make_files() -> Mapping[str, bytes]:
    """Return the files by name. Raise SetupError without the library that makes certificates."""
    with explain_missing_extra("cert", "signin"):
        import trustme
    yesterday = datetime.now(UTC) - timedelta(days=1)  # clocks differ
    authority = trustme.CA(organization_name="superoffice-mock", organization_unit_name="local")
    certificate = authority.issue_cert(*NAMES, not_before=yesterday, not_after=yesterday + LIFETIME)
    return {
        AUTHORITY: authority.cert_pem.bytes(),
        CERTIFICATE: b"".join(part.bytes() for part in certificate.cert_chain_pems),
        KEY: certificate.private_key_pem.bytes(),
    }


def _write(folder: Path, contents: Mapping[str, bytes], *, overwrite: bool) -> None:
    """Write the files; the key is for its owner only. Raise SetupError if one exists already."""
    for name in contents:
        if overwrite:
            (folder / name).unlink(missing_ok=True)
        elif os.path.lexists(folder / name):
            msg = f"{show_path(folder / name)}: exists; name another folder or give --overwrite"
            raise SetupError(msg)
    for name, content in contents.items():
        if name == KEY:
            with os.fdopen(output_files.open_new(folder / name), "wb") as file:
                file.write(content)
        else:
            output_files.create(folder / name, content)


def _describe_next_steps(folder: Path) -> str:
    paths = {name: shlex.quote(f"{folder / name}") for name in (AUTHORITY, CERTIFICATE, KEY)}
    return _NEXT_STEPS.format(
        authority=paths[AUTHORITY],
        certificate=paths[CERTIFICATE],
        key=paths[KEY],
        names=", ".join(NAMES),
        hosts=" ".join(SIGN_IN_HOSTS),
        host=SIGN_IN_HOSTS[0],
    )
