"""An app with the vendor's client rehearses a 401: it signs in again, and goes on."""

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.server_process import ServerProcess
from tests.support.sign_in import key_pair, public_pem

ONCE = [401, "signed in", "synced"]


def private_pem() -> str:
    pem = key_pair().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


@pytest.mark.claim("tokens-call", "system-user-call", "credentials-expire")
@pytest.mark.parametrize("call", ["IssueTokens", "AuthenticatePartnerSystemUser"])
def test_the_client_signs_in_again_after_a_401(call: str, node: str, server: ServerProcess) -> None:
    app = {"name": "App", "token": "secret", "client_id": "id", "public_key": public_pem()}
    office = server.control("POST", "tenants", {"installation": "online", "apps": [app]})
    arguments = {"root": server.url, "tenant": office["id"], "credentials": office["credentials"]}
    if call == "AuthenticatePartnerSystemUser":
        arguments["privateKey"] = private_pem()
    done = subprocess.run(
        [node, str(Path(__file__).with_name("refresh.cjs"))],
        input=json.dumps(arguments),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [*ONCE, *ONCE]
    operations = [exchange["operation"] for exchange in server.exchanges(office["id"])]
    assert operations == ["SyncEmailAccounts", call, "SyncEmailAccounts"] * 2
