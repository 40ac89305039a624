"""What is sent: the page's sample, long and short, in both spellings of the members."""

import json


def accounts(count: int, *, camel: bool = False) -> bytes:
    """Return the body of a call for *count* accounts, as the page or as the vendor's client."""
    members = ["AccountId", "AssociateName", "AssociateId"]
    body = "SyncUserAccounts"
    if camel:
        body, *members = [name[0].lower() + name[1:] for name in (body, *members)]
    items = [dict(zip(members, (507 + n, "tje0", 874), strict=True)) for n in range(count)]
    return json.dumps({body: items}, indent=None if count > 2 else 2).encode()
