"""Requests of clients: one payload in every media type, and all kinds of credentials."""

from urllib.parse import urlencode

ACCOUNTS = [
    {"AccountId": 507, "AssociateName": "Walker & Søn", "AssociateId": 874},
    {"AccountId": -1, "AssociateName": "", "AssociateId": 0},
    {"AccountId": 507, "AssociateName": "Walker & Søn", "AssociateId": 874},
]
NAME = "Walker & Søn"
JSON = (
    '{"SyncUserAccounts": ['
    f'{{"AccountId": 507, "AssociateName": "{NAME}", "AssociateId": 874}}, '
    '{"accountId": -1, "associateName": ""}, '
    f'{{"AssociateId": 874, "AccountId": 507, "AssociateName": "{NAME}"}}]}}'
)
XML = (
    '<?xml version="1.0" encoding="utf-8"?>'
    '<SyncEmailAccountsRequest xmlns="http://schemas.superoffice.example/"><SyncUserAccounts>'
    "<SyncUserAccount><AccountId>507</AccountId><AssociateId>874</AssociateId>"
    "<AssociateName>Walker &amp; Søn</AssociateName></SyncUserAccount>"
    "<SyncUserAccount><AccountId>-1</AccountId><AssociateName/></SyncUserAccount>"
    "<SyncUserAccount><AccountId>507</AccountId><AssociateId>874</AssociateId>"
    "<AssociateName>Walker &amp; Søn</AssociateName></SyncUserAccount>"
    "</SyncUserAccounts></SyncEmailAccountsRequest>"
)
FORM = urlencode(
    [
        ("SyncUserAccounts[0][AccountId]", "507"),
        ("SyncUserAccounts[0][AssociateName]", NAME),
        ("SyncUserAccounts[0][AssociateId]", "874"),
        ("SyncUserAccounts[1].AccountId", "-1"),
        ("SyncUserAccounts[1].AssociateName", ""),
        ("SyncUserAccounts[2][AccountId]", "507"),
        ("SyncUserAccounts[2].AssociateName", NAME),
        ("SyncUserAccounts[2][AssociateId]", "874"),
    ]
)

PAYLOADS = {
    "application/json": JSON,
    "text/json": JSON,
    "application/xml": XML,
    "text/xml": XML,
    "application/x-www-form-urlencoded": FORM,
    "application/json-patch+json": JSON,
    "application/merge-patch+json": JSON,
}
"""The same accounts, `ACCOUNTS`, in all seven documented media types."""

SESSION = {"Cookie": "ASP.NET_SessionId=demo-session", "X-XSRF-TOKEN": "demo-xsrf"}
TICKET = {"Authorization": "SOTicket 7T:demo-ticket"}
TICKET_WITH_APP = TICKET | {"SO-AppToken": "demo-app-token"}
BEARER = {"Authorization": "Bearer 8A:Cust12345.demo-token"}
BASIC = {"Authorization": "Basic dGplMDpUamUw"}

SIGN_INS = [
    ("onsite", BASIC, 204),
    ("onsite", TICKET, 204),
    ("onsite", {"Authorization": "SoTicket 7T:demo-ticket", "SO-AppToken": "any"}, 204),
    ("onsite", SESSION, 204),
    ("onsite", BEARER, 401),
    ("onsite", {}, 401),
    ("onsite", {"X-XSRF-TOKEN": "demo-xsrf"}, 401),
    ("onsite", {"Cookie": "ASP.NET_SessionId=demo-session"}, 401),
    ("onsite", SESSION | {"Authorization": "SOTicket 7T:wrong"}, 401),
    ("Cust12345", TICKET_WITH_APP, 204),
    ("Cust12345", {"Authorization": "SOTICKET 7T:demo-ticket"} | {"SO-AppToken": "x"}, 401),
    ("Cust12345", TICKET, 401),
    ("Cust12345", BEARER, 204),
    ("Cust12345", BEARER | {"SO-AppToken": "any"}, 204),
    ("Cust12345", SESSION, 204),
    ("Cust12345", BASIC, 401),
    ("Cust54321", TICKET_WITH_APP, 401),
    ("Cust54321", {"Authorization": "Bearer 8A:Cust54321.demo-token"}, 401),
]
"""Tenant, request headers, and the expected status."""

CHALLENGES = {
    "onsite": 'Basic realm="SuperOffice", SOTicket realm="SuperOffice"',
    "Cust12345": 'SOTicket realm="SuperOffice", Bearer realm="SuperOffice"',
    "Cust54321": 'SOTicket realm="SuperOffice", Bearer realm="SuperOffice"',
}


def path_prefix(tenant: str) -> str:
    """Return the part of the URLs of *tenant* before /api."""
    return "" if tenant == "onsite" else f"/{tenant}"
