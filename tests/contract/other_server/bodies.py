"""Bodies as a server of another make reads them: JSON, XML and forms, by the standard library."""

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
STEP: Final = r"(?:\[[^\[\]]*\]|\.[^\[\].]+)"
INDEX: Final = re.compile(
    rf"syncuseraccounts\[(\d{{1,4}})\](?:\[([^\[\]]*)\]|\.([^\[\].]+))({STEP}*)", re.IGNORECASE
)
NIL: Final = "{http://www.w3.org/2001/XMLSchema-instance}nil"
KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "accountid": (int,),
    "associateid": (int,),
    "associatename": (str, type(None)),
    "tableright": (dict, type(None)),
    "fieldproperties": (dict, type(None)),
}


class Refused(Exception):
    """The call gets *status*."""

    def __init__(self, status: int, message: str, *headers: tuple[str, str]) -> None:
        super().__init__(message)
        self.status, self.headers = status, headers


def accounts(
    body: bytes, content_type: str, media_types: frozenset[str], *, gaps: bool = True
) -> list[Any]:
    """Return the accounts in *body*, checked. Raise Refused if that is no request."""
    media_type, *parameters = [one.strip() for one in content_type.lower().split(";")]
    if media_type not in media_types:
        raise Refused(415, f"no {media_type}")
    charset = next((one[8:].strip('"') for one in parameters if one.startswith("charset=")), None)
    try:
        text = body.decode(charset or "utf-8").removeprefix("\ufeff")
    except LookupError:
        raise Refused(415, f"no {charset}") from None
    except UnicodeDecodeError:
        raise Refused(400, "broken bytes") from None
    if media_type in XML:
        return checked(from_xml(text))
    return checked(from_form(text, gaps=gaps) if media_type == FORM else from_json(text))


def from_json(text: str) -> Any:
    """Return what *text* says."""

    def none(name: str) -> None:
        raise ValueError(name)

    try:
        return json.loads(text, parse_constant=none)
    except (ValueError, RecursionError):
        raise Refused(400, "no JSON") from None


def from_xml(text: str) -> Any:
    """Return what the elements of *text* say, by local name."""
    if "<!DOCTYPE" in text:
        raise Refused(400, "a DTD")
    try:
        root = ET.fromstring(text)
    except ET.ParseError:
        raise Refused(400, "no XML") from None
    if local(root) != "syncemailaccountsrequest" or (root.text or "").strip():
        raise Refused(400, "another root")
    found: dict[str, Any] = {}
    for child in root:
        if local(child) == "syncuseraccounts":
            items = None if nil(child) else [item(one) for one in child]
            if items is None or (child.text or "").strip() == "":
                found["syncuseraccounts"] = items
                continue
            raise Refused(400, "text between elements")
    return found


def item(element: ET.Element) -> Any:
    """Return one account."""
    if local(element) != "syncuseraccount" or nil(element) or (element.text or "").strip():
        raise Refused(400, "no account")
    found: dict[str, Any] = {}
    for child in element:
        name = local(child)
        if nil(child):
            found[name] = None
        elif dict in KINDS.get(name, ()):
            if (child.text or "").strip():
                raise Refused(400, "a text for an object")
            found[name] = {}
        elif len(child):
            if name in KINDS:
                raise Refused(400, "an object for a text")
        else:
            found[name] = scalar(name, child.text or "")
    return found


def local(element: ET.Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2].lower()


def nil(element: ET.Element) -> bool:
    """Tell whether an element says that it is null."""
    return element.get(NIL) in ("true", "1")


def scalar(name: str, text: str) -> Any:
    """Return *text* as the member *name* wants it."""
    if int not in KINDS.get(name, ()):
        return text
    if not re.fullmatch(r"-?[0-9]{1,20}", text):
        raise Refused(400, "no id")
    return int(text)


def from_form(text: str, *, gaps: bool) -> Any:
    """Return what the fields of a form say."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, errors="strict")
    except ValueError:
        raise Refused(400, "no form") from None
    items: dict[int, dict[str, Any]] = {}
    for key, value in pairs:
        found = INDEX.fullmatch(key)
        if found is None:
            if key.lower().startswith("syncuseraccounts"):
                raise Refused(400, "no such index")
            continue
        name = (found[2] or found[3] or "").lower()
        inner = dict in KINDS.get(name, ())
        if name in KINDS and inner != bool(found[4]):
            raise Refused(400, "another shape")
        items.setdefault(int(found[1]), {})[name] = {} if inner else scalar(name, value)
    if not items or (not gaps and sorted(items) != list(range(len(items)))):
        raise Refused(400, "no account")
    return {"syncuseraccounts": [items[index] for index in sorted(items)]}


def checked(value: Any) -> list[Any]:
    """Return the accounts of a request, each member of the right kind."""
    if not isinstance(value, dict):
        raise Refused(400, "no object")
    lower = {name.lower(): one for name, one in value.items()}
    listed = lower.get("syncuseraccounts")
    if not isinstance(listed, list | None):
        raise Refused(400, "/SyncUserAccounts: no list")
    for number, one in enumerate(listed or ()):
        if not isinstance(one, dict):
            raise Refused(400, f"/SyncUserAccounts/{number}: no object")
        for name, member in one.items():
            kinds = KINDS.get(name.lower(), (object,))
            odd = isinstance(member, bool) and kinds == (int,)
            far = isinstance(member, int) and not -(2**31) <= member < 2**31 and kinds == (int,)
            if odd or far or not isinstance(member, kinds):
                raise Refused(400, f"/SyncUserAccounts/{number}/{name}: another kind")
    return listed or []
