"""Checks of limits: how long a body and a list may be, and what a form can't say."""

from collections.abc import Iterator
from typing import Final

from superoffice_contract.checks.expectations import Expected, Scene
from superoffice_contract.checks.payloads import FORM, GOOD, JSON, XML

MOST_BYTES: Final = 2**20
MOST_ACCOUNTS: Final = 10_000
"""The limits of claim body-limit; what other servers take is theirs to say."""


def limits(scene: Scene) -> Iterator[Expected]:
    """A body and a list at the limit are let in, longer ones are a 413."""
    yield from _forms(scene)
    if not scene.truthful:
        return
    claims = ("body-limit",)
    for name, body, kind, status in (
        ("a body at the limit", GOOD.ljust(MOST_BYTES), JSON, 204),
        ("a body over the limit", GOOD.ljust(MOST_BYTES + 1), JSON, 413),
        ("a list at the limit", _listed(MOST_ACCOUNTS), JSON, 204),
        ("a list over the limit", _listed(MOST_ACCOUNTS + 1), JSON, 413),
        ("a list over the limit in XML", _elements(MOST_ACCOUNTS + 1), XML, 413),
        ("a list over the limit in a form", _fields(MOST_ACCOUNTS + 1), FORM, 413),
    ):
        yield Expected(name, scene.post(body, kind), (status,), claims)


def _forms(scene: Scene) -> Iterator[Expected]:
    for name, body in (
        ("a form without fields", b""),
        ("a form with an empty list", b"SyncUserAccounts="),
        ("a form with an empty account", b"SyncUserAccounts[0]="),
    ):
        yield Expected(name, scene.post(body, FORM), (400,), ("form-limits",))


def _listed(count: int) -> bytes:
    return b'{"SyncUserAccounts":[%b]}' % b",".join([b'{"AccountId":1}'] * count)


def _elements(count: int) -> bytes:
    account = b"<SyncUserAccount><AccountId>1</AccountId></SyncUserAccount>"
    root = b"SyncEmailAccountsRequest"
    return b"<%b><SyncUserAccounts>%b</SyncUserAccounts></%b>" % (root, account * count, root)


def _fields(count: int) -> bytes:
    fields = (b"SyncUserAccounts[%d].AccountId=1" % index for index in range(count))
    return b"&".join(fields)
