"""Bodies whose sample accounts are replaced by ones that may be synced, and whom a body names."""

import re
from decimal import Decimal
from typing import Final
from urllib.parse import unquote

from superoffice_contract.openapi import charsets
from superoffice_contract.target.http import Ask

NOBODY: Final = b'{"SyncUserAccounts":[]}'
"""A body that names no account."""
_ASSOCIATE: Final = (
    r',"AssociateId":874|<(?:p:)?AssociateId>874</(?:p:)?AssociateId>'
    r"|&[^&]*AssociateId(?:\]|%5D)?=874"
)
_REPLACED: Final = (
    (_ASSOCIATE, ""),
    (r"\btje0\b", ""),
    (r'"x":\[1\]', '"x":[]'),
    (r'"5"', '"507"'),
    (r"\b1\.0\b", "507.0"),
    (r"\b1e2\b", "507e0"),
)
"""The sample's associate is left out, and numbers that make a point by their type become 507."""
_SAMPLE: Final = re.compile(r"(?<![\w.+-])507(?!\d)")
_NO_IDS: Final = re.compile(r"http://[^\"']*|SyncUserAccounts\[\d+\]", re.IGNORECASE)
"""Where digits are no ids: the names of namespaces, the indices of a form."""
_NUMBER: Final = re.compile(r"(?<!\w)[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?", re.IGNORECASE)
_UNSURE: Final = re.compile(
    r":\s*(?:true|false)|AccountId\"\s*:\s*(?:null|\[)|<AccountId [^>]*nil=|\{\s*\}", re.IGNORECASE
)
"""What a lenient reader may take for 1 or 0, and what may be an account without an id."""


def replaced(ask: Ask, account: int) -> Ask:
    """Return *ask* with *account* for the account of the sample, and without its associate."""
    text, encoding = _text(ask)
    for pattern, instead in _REPLACED:
        text = re.sub(pattern, instead, text, flags=re.IGNORECASE)
    body = _SAMPLE.sub(str(account), text).encode(encoding)
    return Ask(ask.method, ask.path, ask.headers, body)


def without_accounts(ask: Ask) -> Ask:
    """Return *ask* with a body that names nobody in place of one that does."""
    body = NOBODY if ask.body and not names_only(ask, ()) else ask.body
    return Ask(ask.method, ask.path, ask.headers, body)


def names_only(ask: Ask, accounts: tuple[int, ...]) -> bool:
    """Tell whether a reader, however lenient, finds no number in the body but *accounts*.

    An account without an id counts as another one: it may be read as 0.
    """
    text = _NO_IDS.sub("", unquote(_text(ask)[0]))
    if text != "{}" and _UNSURE.search(text):
        return False
    return all(Decimal(one) in accounts for one in _NUMBER.findall(text))


def _text(ask: Ask) -> tuple[str, str]:
    kind = next((value for name, value in ask.headers if name.lower() == "content-type"), "")
    if charsets.named(kind) == "utf-16":
        return ask.body.decode("utf-16"), "utf-16"
    return ask.body.decode("latin-1"), "latin-1"
