"""Body readers of the independent server: JSON, XML and forms, with the standard library."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

XML: Final = frozenset({"application/xml", "text/xml"})
FORM: Final = "application/x-www-form-urlencoded"
JSON: Final = frozenset(
    {
        *("application/json", "text/json"),
        *("application/json-patch+json", "application/merge-patch+json"),
    }
)
PATH_STEP: Final = r"(?:\[[^\[\]]*\]|\.[^\[\].]+)"
INDEX: Final = re.compile(
    rf"syncuseraccounts\[(\d{{1,4}})\](?:\[([^\[\]]*)\]|\.([^\[\].]+))({PATH_STEP}*)", re.IGNORECASE
)
NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
MEMBER_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "accountid": (int,),
    "associateid": (int,),
    "associatename": (str, type(None)),
    "tableright": (dict, type(None)),
    "fieldproperties": (dict, type(None)),
}


class HttpError(Exception):
    """The call is answered with *status*."""

    def __init__(self, status: int, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers


def accounts(
    body: bytes, content_type: str, media_types: frozenset[str], *, allows_gaps: bool = True
) -> list[Any]:
    """Return the accounts in *body*. Raise HttpError if it is not a valid request."""
    media_type, *parameters = [part.strip() for part in content_type.lower().split(";")]
    if media_type not in media_types:
        raise HttpError(415, f"no {media_type}")
    charset = next(
        (parameter[8:].strip('"') for parameter in parameters if parameter.startswith("charset=")),
        None,
    )
    try:
        text = body.decode(charset or "utf-8").removeprefix("\ufeff")
    except LookupError:
        raise HttpError(415, f"no {charset}") from None
    except UnicodeDecodeError:
        raise HttpError(400, "broken bytes") from None
    if media_type in XML:
        return read_accounts(from_xml(text))
    return read_accounts(
        from_form(text, allows_gaps=allows_gaps) if media_type == FORM else from_json(text)
    )


def from_json(text: str) -> Any:
    """Return the value of JSON. Raise HttpError for NaN and infinities."""

    def refuse(name: str) -> None:
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError):
        raise HttpError(400, "no JSON") from None


def from_xml(text: str) -> Any:
    """Return the request in an XML document, by local names."""
    if "<!DOCTYPE" in text:
        raise HttpError(400, "a DTD")
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        raise HttpError(400, "no XML") from None
    if local_name(root) != "syncemailaccountsrequest" or (root.text or "").strip():
        raise HttpError(400, "another root")
    members: dict[str, Any] = {}
    for child in root:
        if local_name(child) == "syncuseraccounts":
            items = None if is_nil(child) else [item(element) for element in child]
            if items is None or (child.text or "").strip() == "":
                members["syncuseraccounts"] = items
                continue
            raise HttpError(400, "text between elements")
    return members


def item(element: ET.Element) -> Any:
    """Return the account in *element*."""
    if local_name(element) != "syncuseraccount" or is_nil(element) or (element.text or "").strip():
        raise HttpError(400, "no account")
    members: dict[str, Any] = {}
    for child in element:
        name = local_name(child)
        if is_nil(child):
            members[name] = None
        elif dict in MEMBER_TYPES.get(name, ()):
            if (child.text or "").strip():
                raise HttpError(400, "a text for an object")
            members[name] = {}
        elif len(child):
            if name in MEMBER_TYPES:
                raise HttpError(400, "an object for a text")
        else:
            members[name] = scalar(name, child.text or "")
    return members


def local_name(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2].lower()


def is_nil(element: ET.Element) -> bool:
    """Return whether an element is marked as null."""
    return element.get(NIL) in ("true", "1")


def scalar(name: str, text: str) -> Any:
    """Return *text* as a value of the member *name*."""
    if int not in MEMBER_TYPES.get(name, ()):
        return text
    if not re.fullmatch(r"-?[0-9]{1,20}", text):
        raise HttpError(400, "no id")
    return int(text)


def from_form(text: str, *, allows_gaps: bool) -> Any:
    """Return the request in the fields of a form."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise HttpError(400, "no form") from None
    items: dict[int, dict[str, Any]] = {}
    for key, value in pairs:
        match = INDEX.fullmatch(key)
        if match is None:
            if key.lower().startswith("syncuseraccounts"):
                raise HttpError(400, "no such index")
            continue
        name = (match[2] or match[3] or "").lower()
        is_object = dict in MEMBER_TYPES.get(name, ())
        if name in MEMBER_TYPES and is_object != bool(match[4]):
            raise HttpError(400, "another shape")
        items.setdefault(int(match[1]), {})[name] = {} if is_object else scalar(name, value)
    if not items or (not allows_gaps and sorted(items) != list(range(len(items)))):
        raise HttpError(400, "no account")
    return {"syncuseraccounts": [items[index] for index in sorted(items)]}


def read_accounts(value: Any) -> list[Any]:
    """Return the accounts of a request. Raise HttpError if a member has the wrong type."""
    if not isinstance(value, dict):
        raise HttpError(400, "no object")
    members = {name.lower(): member for name, member in value.items()}
    accounts = members.get("syncuseraccounts")
    if not isinstance(accounts, list | None):
        raise HttpError(400, "/SyncUserAccounts: no list")
    for number, account in enumerate(accounts or ()):
        if not isinstance(account, dict):
            raise HttpError(400, f"/SyncUserAccounts/{number}: no object")
        for name, member in account.items():
            types = MEMBER_TYPES.get(name.lower(), (object,))
            is_bool = isinstance(member, bool) and types == (int,)
            out_of_range = (
                isinstance(member, int) and not -(2**31) <= member < 2**31 and types == (int,)
            )
            if is_bool or out_of_range or not isinstance(member, types):
                raise HttpError(400, f"/SyncUserAccounts/{number}/{name}: another kind")
    return accounts or []
