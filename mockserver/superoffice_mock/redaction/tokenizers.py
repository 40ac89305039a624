"""Redacts JSON, XML and forms token by token; malformed text stays malformed in the same way."""

import json
import re
from html import escape, unescape
from typing import Final
from urllib.parse import quote_plus, unquote_plus

import msgspec

from superoffice_mock.redaction import allow_list, secret_patterns
from superoffice_mock.redaction.pseudonyms import Pseudonyms
from superoffice_mock.redaction.secret_patterns import redact_text

INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,25}\s*")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,25}(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,5})?")
_WORD: Final = re.compile(r"[^\s<>{}\[\]()\"',;:&=?]+")

# JSON
_JSON_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.|\\\Z)*+)(?P<end>"?)(?P<colon>\s*:)?|(?P<bare>[^\s"\[\]{}:,]+)',
    re.DOTALL,
)
_LITERALS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_NUMERIC: Final = re.compile(r"[+-]?[0-9.][0-9.eE+-]*")
_BROKEN_ESCAPE: Final = "\\x"
"""An escape that JSON does not have; it keeps a malformed string malformed."""

# forms
_STEP: Final = re.compile(r"[^.\[\]]+")
_INDEX: Final = re.compile(r"[0-9]{1,9}")
_BROKEN_PERCENT: Final = "%FF"
"""A byte that is not valid UTF-8; it keeps a malformed value malformed."""

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
_PREFIXES: Final = ("xsi", "xsd", "xmlns", "i", "a", "b", "d2p1", "d3p1", "d4p1")
_NAMESPACES: Final = (
    "http://www.w3.org/2001/XMLSchema-instance",
    "http://www.w3.org/2001/XMLSchema",
    "http://schemas.microsoft.com/2003/10/Serialization/Arrays",
    "http://schemas.datacontract.org/2004/07/SuperOffice.WebApi.v1.Carriers.EMailCarriers",
    "http://www.superoffice.net/ws/crm/NetServer/Services88",
)
_PUBLIC_ATTRIBUTE_VALUES: Final = ("", "true", "false", "1", "0", *_NAMESPACES)


class TextRules(msgspec.Struct, frozen=True):
    """Decides what becomes of the names and values in a request, by the member they are in."""

    pseudonyms: Pseudonyms

    def name(self, name: str) -> str:
        """Return the redacted name of a member; an undocumented name may be a secret itself."""
        is_public = self.pseudonyms.allow_list.is_public(name)
        return name if is_public else self.pseudonyms.replace("member name", name)

    def value(self, member: str, value: str) -> str:
        """Return the redacted text of *member*."""
        if secret_patterns.PERSON_MEMBER.fullmatch(member):
            return self.pseudonyms.replace_in_shape("name", value)
        if self.pseudonyms.allow_list.is_public(value):
            return value
        role = "secret member" if secret_patterns.SECRET_MEMBER.search(member) else None
        return self.pseudonyms.replace_in_shape("text", value, role)

    def number(self, member: str, digits: str) -> str:
        """Return the number in *member*, or 0 if the member is not a documented integer."""
        is_documented = self.pseudonyms.allow_list.is_integer(member)
        return digits if is_documented and _NUMBER.fullmatch(digits) else "0"

    def plain(self, text: str) -> str:
        """Return *text* with pseudonyms for all words that are not public."""
        return _WORD.sub(lambda word: self.value("", word[0]), text)


class ResponseTextRules(TextRules, frozen=True):
    """The same for a response, which holds sentences."""

    def value(self, member: str, value: str) -> str:
        """Return the redacted text of *member*; in a sentence only known values and secrets go."""
        if member.lower() in allow_list.MESSAGE_MEMBERS:
            return redact_text(value, self.pseudonyms)
        is_public = self.pseudonyms.allow_list.is_public(value)
        return value if is_public else super().value(member, value)

    def number(self, member: str, digits: str) -> str:
        """Return the number in *member*, or 0 if the member is not documented."""
        is_documented = self.pseudonyms.allow_list.is_public(member)
        return digits if is_documented and _NUMBER.fullmatch(digits) else "0"

    def plain(self, text: str) -> str:
        """Return *text*, redacted as a sentence."""
        return redact_text(text, self.pseudonyms)


# ---- JSON ------------------------------------------------------------------------------------


def redact_json(text: str, rules: TextRules) -> str:
    """Return the JSON *text* with its names and values redacted by *rules*."""
    member = ""

    def replace(token: re.Match[str]) -> str:
        nonlocal member
        if token["bare"] is not None:
            return _redact_bare_word(token["bare"], member, rules)
        decoded = _unescape_json(token["text"])
        before = token["text"].removesuffix(_BROKEN_ESCAPE) if decoded is None else decoded
        if token["colon"] is not None:
            member = before
            after = rules.name(before)
        else:
            after = rules.value(member, before)
        if after == before:
            return token[0]
        broken = _BROKEN_ESCAPE if decoded is None else ""
        inner = json.dumps(after, ensure_ascii=False)[1:-1] + broken
        return f'"{inner}{token["end"]}{token["colon"] or ""}'

    return _JSON_TOKEN.sub(replace, text)


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


def _redact_bare_word(word: str, member: str, rules: TextRules) -> str:
    if word in _LITERALS:
        return word
    if _NUMERIC.fullmatch(word):
        return rules.number(member, word)
    return rules.value("", word)


# ---- forms -----------------------------------------------------------------------------------


def redact_form(text: str, rules: TextRules, encoding: str) -> str:
    """Return the form *text* with its keys and values redacted by *rules*."""
    return "&".join(_redact_field(field, rules, encoding) for field in text.split("&"))


def _redact_field(field: str, rules: TextRules, encoding: str) -> str:
    key, equals, value = field.partition("=")
    before = unquote_plus(key, encoding, "replace")
    after = _STEP.sub(lambda step: _redact_step(step[0], rules), before)
    redacted_key = key if after == before else quote_plus(after, safe="[].")
    member = (_STEP.findall(before) or [""])[-1]
    return redacted_key + equals + _redact_field_value(member, value, rules, encoding)


def _redact_step(step: str, rules: TextRules) -> str:
    return step if _INDEX.fullmatch(step) else rules.name(step)


def _redact_field_value(member: str, value: str, rules: TextRules, encoding: str) -> str:
    try:
        before, broken = unquote_plus(value, encoding, "strict"), ""
    except UnicodeDecodeError:
        before, broken = value.removesuffix(_BROKEN_PERCENT), _BROKEN_PERCENT
    if INTEGER.fullmatch(before):
        number = rules.number(member, before)
        return value if number == before else number
    after = rules.value(member, before)
    return value if after == before else quote_plus(after, safe=":@") + broken


# ---- XML -------------------------------------------------------------------------------------


def redact_xml(text: str, rules: TextRules) -> str:
    """Return the XML *text* with its names and values redacted by *rules*."""
    element = ""

    def replace(token: re.Match[str]) -> str:
        nonlocal element
        match token.lastgroup:
            case "text":
                return _redact_xml_text(token["text"], element, rules)
            case "cdata":
                return f"<![CDATA[{rules.value(element, token['data'])}{token['cdata']}"
            case "comment":
                return f"<!--{token['comment']}"
            case "declaration":
                return token[0] if _DECLARATION.fullmatch(token[0]) else '<?xml version="1.0"?>'
            case "instruction":
                return f"<?removed{token['instruction']}"
            case "doctype":
                return f"<!DOCTYPE removed{token['doctype']}"
            case _:
                is_closed = token["close"] or "/" in token["end"]
                element = "" if is_closed else token["tag"].rpartition(":")[2]
                return _redact_tag(token, rules)

    return _XML_TOKEN.sub(replace, text)


def _redact_tag(token: re.Match[str], rules: TextRules) -> str:
    attributes = _EACH_ATTRIBUTE.sub(
        lambda match: _redact_attribute(match, rules), token["attributes"]
    )
    name = _redact_xml_name(token["tag"], rules)
    return f"<{token['close']}{name}{attributes}{token['end']}>"


def _redact_xml_name(name: str, rules: TextRules) -> str:
    prefix, colon, local = name.rpartition(":")
    if prefix not in ("", *_PREFIXES):
        prefix = rules.pseudonyms.replace("member name", prefix)
    if local not in ("nil", "type", *_PREFIXES):
        local = rules.name(local)
    return f"{prefix}{colon}{local}"


def _redact_attribute(match: re.Match[str], rules: TextRules) -> str:
    name, equals, quotation_mark, raw_value = match.groups()
    value = unescape(raw_value)
    if value not in _PUBLIC_ATTRIBUTE_VALUES:
        value = rules.pseudonyms.replace_in_shape("text", value)
    return f"{_redact_xml_name(name, rules)}{equals}{quotation_mark}{escape(value)}{quotation_mark}"


def _redact_xml_text(text: str, element: str, rules: TextRules) -> str:
    content = text.strip()
    if not content:
        return text
    if INTEGER.fullmatch(content):
        return text.replace(content, rules.number(element, content))
    broken = "&" if _ENTITY.search(content) else ""
    before = unescape(content.removesuffix(broken))
    after = rules.value(element, before)
    return text if after == before else text.replace(content, escape(after, quote=False) + broken)
