"""What redaction makes of numbers, which comparisons must know.

Those that are described stay, ids become pseudonyms, and others become 0.
"""

import re
from typing import Final

MODULUS: Final = 97
REMAINDER: Final = 42
IDS: Final = range(1_000_000_000, 2**31)
"""The pseudonyms of ids are those of these numbers that leave this remainder: they fit an int32."""
TENANT: Final = re.compile(r"cust[0-9]{1,9}", re.IGNORECASE)
TENANT_NUMBERS: Final = range(900_000_000, 1_000_000_000)
"""Those of tenants are such numbers behind `Cust`."""
_ID_NAME: Final = re.compile(r"(?:.*[a-z0-9_])?I[dD]s?|(?:.*_)?ids?")
INTEGER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,24})")
NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,24})(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,5})?")
_INT32: Final = range(-(2**31), 2**31)
_FRACTION: Final = "0.5"


def is_id_name(name: str) -> bool:
    """Return whether the values under *name* are ids: it ends in Id, as in `saleId`."""
    return _ID_NAME.fullmatch(name) is not None


def is_id_pseudonym(number: int) -> bool:
    """Return whether *number* is the pseudonym of an id."""
    return number in IDS and number % MODULUS == REMAINDER


def is_tenant_pseudonym(text: str) -> bool:
    """Return whether *text* is the pseudonym of a tenant's id."""
    digits = text[len("Cust") :]
    return (
        TENANT.fullmatch(text) is not None
        and int(digits) in TENANT_NUMBERS
        and int(digits) % MODULUS == REMAINDER
    )


def fit_int32(digits: str) -> str:
    """Return the number *digits*; one that no described member can have stays only as such."""
    if not INTEGER.fullmatch(digits):
        return _FRACTION
    return f"{min(max(int(digits), _INT32.start - 1), _INT32.stop)}"
