"""A partner's app that signs in: its key pair, the tenant that knows it, and what it sends."""

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from urllib.parse import urlencode

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.support.in_process import ClientResponse, InProcessMock

AUTHENTICATE: Final = "/Login/api/PartnerSystemUser/Authenticate"
TOKENS: Final = "/login/common/oauth/tokens"
METADATA: Final = "/login/.well-known/openid-configuration"
KEYS: Final = "/login/.well-known/jwks"
IDENTITY: Final = "http://schemes.superoffice.net/identity/"
TENANT: Final = "Cust12345"
SECRET, CLIENT_ID, SYSTEM_USER = "app-secret-1", "client-1", "My.App-8k8Q7DmBgo"
REFRESH_TOKEN: Final = f"{TENANT}.refresh-1"
SYNC: Final = f"/{TENANT}/api/v1/Agents/EMail/SyncEmailAccounts"
JSON: Final = {"content-type": "application/json"}
FORM: Final = {"content-type": "application/x-www-form-urlencoded"}


@cache
def key_pair() -> rsa.RSAPrivateKey:
    """The key of the app; it takes a while to make."""
    return rsa.generate_private_key(65537, 2048)


def public_pem(key: Any = None) -> str:
    public_key = (key or key_pair()).public_key()
    return str(public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "ascii")


def tables(**tenant: object) -> list[dict[str, Any]]:
    """Return a configuration: the default tenant, and one that knows the app and another app."""
    app = {"name": "app", "token": SECRET, "client-id": CLIENT_ID}
    app |= {"system-user-token": SYSTEM_USER, "public-key": public_pem()}
    apps = [app, {"name": "other", "token": "other-secret"}]
    refresh = [{"value": REFRESH_TOKEN, "app": "app"}]
    online = {"id": TENANT, "installation": "online", "apps": apps, "refresh-tokens": refresh}
    return [{"id": "onsite", "installation": "onsite"}, online | tenant]


def time_text(minutes_ago: float = 0) -> str:
    return f"{datetime.now(UTC) - timedelta(minutes=minutes_ago):%Y%m%d%H%M}"


def sign(text: str, key: rsa.RSAPrivateKey | None = None) -> str:
    """Return *text*, a dot and its signature, as the vendor's samples do it."""
    signature = (key or key_pair()).sign(text.encode(), padding.PKCS1v15(), SHA256())
    return f"{text}.{b64encode(signature).decode()}"


async def authenticate(local: InProcessMock, **changes: object) -> ClientResponse:
    body: dict[str, object] = {
        "SignedSystemToken": sign(f"{SYSTEM_USER}.{time_text()}"),
        "ApplicationToken": SECRET,
        "ContextIdentifier": TENANT,
        "ReturnTokenType": "JWT",
    }
    return await local.call("POST", AUTHENTICATE, json.dumps(body | changes).encode(), JSON)


async def refresh(local: InProcessMock, **changes: str | None) -> ClientResponse:
    fields: dict[str, str | None] = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
        "refresh_token": REFRESH_TOKEN,
        **changes,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return await local.call("POST", TOKENS, urlencode(given).encode(), FORM)


async def read_jwt(local: InProcessMock, token: str) -> dict[str, Any]:
    """Return the claims of *token* as a client reads them: checked with the mock's own keys."""
    metadata = (await local.call("GET", METADATA, b"", {})).json()
    path = metadata["jwks_uri"].removeprefix("http://127.0.0.1:8204")
    keys = KeySet.import_key_set((await local.call("GET", path, b"", {})).json())
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)


async def sync(local: InProcessMock, **headers: str) -> int:
    """Return the status of a sync with *headers*, whose names have _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await local.call("POST", SYNC, b"{}", named | JSON)).status
