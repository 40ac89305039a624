"""Signs tokens (JWT) with the mock's own key, and checks the signatures of apps.

Its libraries are an extra and slow to load, so they are imported when a call first needs them.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from superoffice_mock.errors import Rejected, SetupError, explain_missing_extra

if TYPE_CHECKING:
    from joserfc.jwk import RSAKey

ALGORITHM: Final = "RS256"
VALID_BEFORE: Final = timedelta(minutes=1)
VALID_FOR: Final = timedelta(minutes=5)
"""A token is valid so long before and after it is signed, in real time (claim id-token)."""
KEY_BITS, EXPONENT = 2048, 65537
CERTIFICATE_LASTS: Final = timedelta(days=3650)


def check_installed() -> None:
    """Raise Rejected (501) without the libraries."""
    try:
        with explain_missing_extra("sign-in", "signin"):
            import joserfc.jwt  # noqa: F401
    except SetupError as error:
        raise Rejected(501, "", f"{error}") from None


def is_signed(public_key: str, text: str, signature: str) -> bool:
    """Return whether *signature*, in Base64, is that of *text* by the owner of *public_key* (PEM).

    Raise ValueError if *public_key* is no RSA key.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(public_key.encode())
    if not isinstance(key, RSAPublicKey):
        msg = "expected an RSA key"
        raise ValueError(msg)
    try:
        key.verify(b64decode(signature, validate=True), text.encode(), PKCS1v15(), SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


class Signer:
    """Signs tokens with a key of its own, which is made when it is first needed."""

    def sign(self, claims: Mapping[str, Any], now: datetime) -> str:
        """Return *claims*, and when they are valid, as a JWT that is signed *now*."""
        from joserfc import jwt

        signed_at = int(now.timestamp())
        times = {
            "iat": signed_at,
            "nbf": signed_at - int(VALID_BEFORE.total_seconds()),
            "exp": signed_at + int(VALID_FOR.total_seconds()),
        }
        header = {"typ": "JWT", "alg": ALGORITHM, "kid": self._key.kid}
        return jwt.encode(header, {**claims, **times}, self._key)

    @property
    def key_set(self) -> dict[str, Any]:
        """The public key and its certificate as a JSON Web Key Set (claim signing-keys)."""
        return {"keys": [self._key.as_dict(private=False)]}

    @cached_property
    def _key(self) -> "RSAKey":
        """The key pair, with a certificate that it signed itself."""
        from cryptography import x509
        from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.serialization import Encoding
        from joserfc.jwk import RSAKey

        private_key = generate_private_key(EXPONENT, KEY_BITS)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "superoffice-mock")])
        today = datetime.now(UTC)
        certificate = x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=private_key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=today - VALID_BEFORE,
            not_valid_after=today + CERTIFICATE_LASTS,
        ).sign(private_key, SHA256())
        der = b64encode(certificate.public_bytes(Encoding.DER)).decode()
        key = RSAKey.import_key(private_key, {"use": "sig", "alg": ALGORITHM, "x5c": [der]})
        key.ensure_kid()
        return key
