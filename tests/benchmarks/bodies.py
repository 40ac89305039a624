"""Request bodies like the page's sample, with any number of accounts, in both spellings."""

import json


def accounts(count: int, *, camel: bool = False) -> bytes:
    """Return a body with *count* accounts, spelt as on the page, or in *camel* case."""
    names = ["SyncUserAccounts", "AccountId", "AssociateName", "AssociateId"]
    if camel:
        names = [name[0].lower() + name[1:] for name in names]
    body, *members = names
    items = [dict(zip(members, (507 + n, "tje0", 874), strict=True)) for n in range(count)]
    return json.dumps({body: items}, indent=None if count > 2 else 2).encode()
