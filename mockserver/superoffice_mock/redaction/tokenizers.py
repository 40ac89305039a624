"""Redacts JSON, XML and forms token by token; malformed text stays malformed in the same way."""

import json
import re
from html import escape, unescape
from typing import Final
from urllib.parse import quote_plus, unquote_plus

from superoffice_mock.redaction.allow_list import is_harmless, is_word
from superoffice_mock.redaction.rules import Rules

# JSON
_JSON_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.|\\\Z)*+)(?P<end>"?)(?P<colon>\s*:)?'
    r'|(?P<bare>[^\s"\[\]{}:,]++)(?P<bare_colon>\s*:)?|(?P<open>[\[{])|(?P<close>[\]}])',
    re.DOTALL,
)
_LITERALS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_NUMERIC: Final = re.compile(r"[+-]?[0-9.][0-9.eE+-]*")
_BROKEN_ESCAPE: Final = "\\x"
"""An escape that JSON does not have; it keeps a malformed string malformed."""

# forms
_STEP: Final = re.compile(r"[^.\[\]]+")
_INDEX_STEP: Final = re.compile(r"\[[0-9]{1,9}\]")
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_BROKEN_PERCENT: Final = "%FF"
"""A byte that is not valid UTF-8; it keeps a malformed value malformed."""

_LONE_PERCENT: Final = re.compile("%(?![0-9A-Fa-f]{2})")

# XML
_ATTRIBUTE: Final = r"""[^\s=<>"'/]+\s*=\s*(?:"[^"<]*"|'[^'<]*')"""
_XML_TOKEN: Final = re.compile(
    r"<!--.*?(?P<comment>-->|\Z)"
    r"|<!\[CDATA\[(?P<data>.*?)(?P<cdata>\]\]>|\Z)"
    r"|(?P<declaration><\?xml\s[^<>?]*\?>)|<\?.*?(?P<instruction>\?>|\Z)"
    r"|<!DOCTYPE[^<>\[]*+(?:\[[^\]]*+\]?+\s*+)?+(?P<doctype>>?+)"
    rf"|<(?P<close>/?)(?P<tag>[^\s<>/!?=\"']+)(?P<attributes>(?:\s+{_ATTRIBUTE})*)(?P<end>\s*/?)>"
    r"|(?P<text>[^<]+)",
    re.DOTALL,
)
"""An unclosed construct extends to the end of the text, so that the search stays linear."""
_EACH_ATTRIBUTE: Final = re.compile(r"""([^\s=<>"'/]+)(\s*=\s*)(["'])(.*?)\3""", re.DOTALL)
_DECLARATION: Final = re.compile(
    r"""<\?xml version=["']1\.[01]["'](?: encoding=["'](?:utf-(?:8|16)|iso-8859-1|us-ascii)["'])?"""
    r"""(?: standalone=["'](?:yes|no)["'])?\s*\?>""",
    re.IGNORECASE,
)
_ENTITY: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_NAMESPACES: Final = (
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://www.w3.org/2001/XMLSchema",
    "http://schemas.microsoft.com/2003/10/Serialization/Arrays",
    "http://schemas.datacontract.org/2004/07/SuperOffice.WebApi.v1.Carriers.EMailCarriers",
    "http://www.superoffice.net/ws/crm/NetServer/Services88",
)
_PREFIXES: Final = (
    *("", "xsi", "xsd", "xmlns", "i", "a", "b", "d2p1", "d3p1", "d4p1"),
    *("s", "soap", "soapenv", "SOAP-ENV", "wsse"),
)
_NIL_VALUES: Final = ("true", "false", "1", "0")


# ---- JSON ------------------------------------------------------------------------------------


def redact_json(text: str, rules: Rules) -> str:
    """Return the JSON *text* with its names and values redacted by *rules*."""
    return _JSON_TOKEN.sub(_JsonRedactor(rules, len(text.rstrip())).redact_token, text)


class _JsonRedactor:
    """Redacts the tokens of a text in turn.

    It knows the member that a token is in, and for each open container whether its names are data.
    So is a name at the *end* of the text, which has no value.
    """

    def __init__(self, rules: Rules, end: int) -> None:
        self._rules = rules
        self._end = end
        self._member = ""
        self._containers = [("", False)]

    def redact_token(self, token: re.Match[str]) -> str:
        if token["open"]:
            is_data = token["open"] == "{" and self._rules.allowed.is_dictionary(self._member)
            self._containers.append((self._member, is_data))
            return token[0]
        if token["close"]:
            self._member = self._containers[-1][0]
            del self._containers[max(len(self._containers) - 1, 1) :]
            return token[0]
        if token["bare_colon"] is not None:
            return self._redact_name(token["bare"], token) + token["bare_colon"]
        if token["bare"] is not None:
            return _redact_bare_word(token["bare"], self._member, self._rules)
        return self._redact_string(token)

    def _redact_name(self, name: str, token: re.Match[str]) -> str:
        bare_name = name[1:-1] if name[:1] == name[-1:] == "'" else name
        self._member = self._rules.member_in(self._containers[-1][0], bare_name)
        has_value = token.end() < self._end or self._rules.allowed.is_name(bare_name)
        is_data = self._containers[-1][1] or not has_value
        redacted = self._rules.name(bare_name, is_data=is_data)
        return name if redacted == bare_name else redacted

    def _redact_string(self, token: re.Match[str]) -> str:
        decoded = _unescape_json(token["text"])
        before = token["text"].removesuffix(_BROKEN_ESCAPE) if decoded is None else decoded
        if token["colon"] is None:
            after = self._rules.text(self._member, before)
        else:
            after = self._redact_name(before, token)
        if after == before:
            return token[0]
        broken = _BROKEN_ESCAPE if decoded is None else ""
        inner = json.dumps(after, ensure_ascii=False)[1:-1] + broken
        return f'"{inner}{token["end"]}{token["colon"] or ""}'


def _unescape_json(text: str) -> str | None:
    """Return the value of a JSON string, given without its quotes; None if it is malformed."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text  # the fast path, for nearly all strings
    try:
        value = json.loads(f'"{text}"')
        value.encode()
    except ValueError:
        return None
    return str(value)


def _redact_bare_word(word: str, member: str, rules: Rules) -> str:
    if word in _LITERALS:
        return word
    if _NUMERIC.fullmatch(word):
        return rules.number(member, word)
    return rules.replace("text", word)


# ---- forms -----------------------------------------------------------------------------------


def redact_form(text: str, rules: Rules, encoding: str) -> str:
    """Return the form *text* with its keys and values redacted by *rules*."""
    return "&".join(_redact_field(field, rules, encoding) for field in text.split("&"))


def is_lone_name(rest: str) -> bool:
    """Return whether nothing but equals signs comes after a name, as after a padded token."""
    return not rest.strip("=")


def _redact_field(field: str, rules: Rules, encoding: str) -> str:
    key, equals, value = field.partition("=")
    before = unquote_plus(key, encoding, "replace")
    is_lone = is_lone_name(equals + value)
    steps = _STEP.findall(before)
    has_names = is_harmless(_INDEX_STEP.sub("[]", before)) and (
        not is_lone or any(map(rules.allowed.is_name, steps))
    )
    member = ""

    def redact_step(match: re.Match[str]) -> str:
        nonlocal member
        step, parent = match[0], member
        is_data = rules.allowed.is_dictionary(parent)
        if has_names and not is_data and _INDEX.fullmatch(step):
            return step
        member = rules.member_in(parent, step)
        return rules.name(step, is_data=is_data or not (has_names or (equals and is_word(before))))

    after = _STEP.sub(redact_step, before)
    redacted_key = key if after == before else quote_plus(after, safe="[].")
    if is_lone:
        return redacted_key + equals + value
    return redacted_key + equals + _redact_field_value(member, value, rules, encoding)


def _redact_field_value(member: str, value: str, rules: Rules, encoding: str) -> str:
    broken = "%" if _LONE_PERCENT.search(value) else ""
    try:
        before = unquote_plus(value.removesuffix(broken), encoding, "strict")
    except UnicodeDecodeError:
        before, broken = value.removesuffix(_BROKEN_PERCENT), _BROKEN_PERCENT
    after = rules.text_or_number(member, before)
    return value if after == before else quote_plus(after, safe=":@()") + broken


# ---- XML -------------------------------------------------------------------------------------


def redact_xml(text: str, rules: Rules) -> str:
    """Return the XML *text* with its names and values redacted by *rules*."""
    open_elements = [""]

    def replace(token: re.Match[str]) -> str:
        match token.lastgroup:
            case "text":
                return _redact_xml_text(token["text"], open_elements[-1], rules)
            case "cdata":
                data = rules.text_or_number(open_elements[-1], token["data"])
                return f"<![CDATA[{data}{token['cdata']}"
            case "comment":
                return f"<!--{token['comment']}"
            case "declaration":
                return token[0] if _DECLARATION.fullmatch(token[0]) else '<?xml version="1.0"?>'
            case "instruction":
                return f"<?removed{token['instruction']}"
            case "doctype":
                return f"<!DOCTYPE removed{token['doctype']}"
            case _:
                return _redact_tag(token, open_elements, rules)

    return _XML_TOKEN.sub(replace, text)


def _redact_tag(token: re.Match[str], open_elements: list[str], rules: Rules) -> str:
    if token["close"] and len(open_elements) > 1:
        open_elements.pop()
    is_data = rules.allowed.is_dictionary(open_elements[-1])
    name = _redact_xml_name(token["tag"], rules, is_data=is_data)
    if not token["close"] and "/" not in token["end"]:
        local = token["tag"].rpartition(":")[2]
        open_elements.append(rules.member_in(open_elements[-1], local))
    attributes = _EACH_ATTRIBUTE.sub(
        lambda match: _redact_attribute(match, rules), token["attributes"]
    )
    return f"<{token['close']}{name}{attributes}{token['end']}>"


def _redact_xml_name(name: str, rules: Rules, *, is_data: bool = False) -> str:
    prefix, colon, local = name.rpartition(":")
    redacted_prefix = rules.name(prefix, is_data=prefix not in _PREFIXES)
    is_prefix = prefix == "xmlns"  # what follows is one
    redacted_name = rules.name(local, is_data=is_data or (is_prefix and local not in _PREFIXES))
    return f"{redacted_prefix}{colon}{redacted_name}"


def _redact_attribute(match: re.Match[str], rules: Rules) -> str:
    name, equals, quotation_mark, raw_value = match.groups()
    value, local = unescape(raw_value), name.rpartition(":")[2]
    is_namespace = (name == "xmlns" or name.startswith("xmlns:")) and value in _NAMESPACES
    if not is_namespace and not (local == "nil" and value in _NIL_VALUES):
        value = rules.replace_in_shape("text", value)
    return f"{_redact_xml_name(name, rules)}{equals}{quotation_mark}{escape(value)}{quotation_mark}"


def _redact_xml_text(text: str, element: str, rules: Rules) -> str:
    content = text.strip()
    if not content:
        return text
    broken = "&" if _ENTITY.search(content) else ""
    before = unescape(content.removesuffix(broken))
    after = rules.text_or_number(element, before)
    return text if after == before else text.replace(content, escape(after, quote=False) + broken)
