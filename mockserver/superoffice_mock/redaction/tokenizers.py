"""JSON, broken or not, word by word."""

import json
import re
from html import escape, unescape
from typing import Final
from urllib.parse import quote_plus, unquote_plus

import msgspec

from superoffice_mock.redaction import allow_list, pseudonyms, secret_patterns
from superoffice_mock.redaction.pseudonyms import Pseudonyms

INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,25}\s*")


_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,25}(?:\.[0-9]{1,25})?(?:[eE][+-]?[0-9]{1,5})?")


_WORD: Final = re.compile(r"[^\s<>{}\[\]()\"',;:&=?]+")


class Words(msgspec.Struct, frozen=True):
    """Says what becomes of a word of a request, by the member that it stands in."""

    names: Pseudonyms

    def name(self, name: str) -> str:
        """Return the name of a member: one that nobody described may be a secret, too."""
        return name if allow_list.is_public(name) else self.names.word("member name", name)

    def value(self, member: str, value: str) -> str:
        """Return the text that *member* holds."""
        if secret_patterns.NAMES.fullmatch(member):
            return self.names.shaped("name", value)
        role = "secret member" if secret_patterns.MEMBERS.search(member) else None
        return value if allow_list.is_public(value) else self.names.shaped("text", value, role)

    def number(self, member: str, digits: str) -> str:
        """Return the number that *member* holds; 0 for one that nobody described."""
        known = member.lower() in allow_list.integers()
        return digits if known and _NUMBER.fullmatch(digits) else "0"

    def plain(self, text: str) -> str:
        """Return *text* in which only public words are left."""
        return _WORD.sub(lambda word: self.value("", word[0]), text)


class AnswerWords(Words, frozen=True):
    """The same for answers: they hold sentences for people."""

    def value(self, member: str, value: str) -> str:
        """Return the text that *member* holds; of a sentence, all but what gives itself away."""
        if member.lower() in allow_list.MESSAGES:
            return pseudonyms.redact_text(value, self.names)
        return value if allow_list.is_public(value) else super().value(member, value)

    def number(self, member: str, digits: str) -> str:
        """Return the number that *member* holds; 0 for one that nobody described."""
        known = allow_list.is_public(member)
        return digits if known and _NUMBER.fullmatch(digits) else "0"

    def plain(self, text: str) -> str:
        """Return the sentences in *text*."""
        return pseudonyms.redact_text(text, self.names)


_JSON_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.|\\\Z)*+)(?P<end>"?)(?P<colon>\s*:)?|(?P<bare>[^\s"\[\]{}:,]+)',
    re.DOTALL,
)


_LITERALS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity")


_NUMERIC: Final = re.compile(r"[+-]?[0-9.][0-9.eE+-]*")


_BROKEN_ESCAPE: Final = "\\x"
"""An escape that JSON does not have."""


def redact_json(text: str, words: Words) -> str:
    """Return the JSON *text* with what *words* make of its names and values."""
    member = ""

    def replaced(token: re.Match[str]) -> str:
        nonlocal member
        if token["bare"] is not None:
            return _bare(token["bare"], member, words)
        said = _said(token["text"])
        raw = token["text"].removesuffix(_BROKEN_ESCAPE) if said is None else said
        if token["colon"] is not None:
            member = raw
            after = words.name(raw)
        else:
            after = words.value(member, raw)
        if after == raw:
            return token[0]
        broken = _BROKEN_ESCAPE if said is None else ""
        inner = json.dumps(after, ensure_ascii=False)[1:-1] + broken
        return f'"{inner}{token["end"]}{token["colon"] or ""}'

    return _JSON_TOKEN.sub(replaced, text)


def _said(text: str) -> str | None:
    """Return what the inside of a JSON string says; None if it is broken."""
    if text.isascii() and text.isprintable() and "\\" not in text:
        return text  # nearly all of them, and many
    try:
        said = json.loads(f'"{text}"')
        said.encode()
    except ValueError:
        return None
    return str(said)


def _bare(word: str, member: str, words: Words) -> str:
    if word in _LITERALS:
        return word
    if _NUMERIC.fullmatch(word):
        return words.number(member, word)
    return words.value("", word)


_STEP: Final = re.compile(r"[^.\[\]]+")


_INDEX: Final = re.compile(r"[0-9]{1,9}")


_BROKEN_PERCENT: Final = "%FF"
"""A byte that is no UTF-8."""


def redact_form(text: str, words: Words, encoding: str) -> str:
    """Return the form *text* with what *words* make of its keys and values."""
    return "&".join(_field(one, words, encoding) for one in text.split("&"))


def _field(field: str, words: Words, encoding: str) -> str:
    key, equals, value = field.partition("=")
    said = unquote_plus(key, encoding, "replace")
    after = _STEP.sub(lambda step: _step(step[0], words), said)
    shown = key if after == said else quote_plus(after, safe="[].")
    member = (_STEP.findall(said) or [""])[-1]
    return shown + equals + _value(member, value, words, encoding)


def _step(step: str, words: Words) -> str:
    return step if _INDEX.fullmatch(step) else words.name(step)


def _value(member: str, value: str, words: Words, encoding: str) -> str:
    try:
        said, broken = unquote_plus(value, encoding, "strict"), ""
    except UnicodeDecodeError:
        said, broken = value.removesuffix(_BROKEN_PERCENT), _BROKEN_PERCENT
    if INTEGER.fullmatch(said):
        number = words.number(member, said)
        return value if number == said else number
    after = words.value(member, said)
    return value if after == said else quote_plus(after, safe=":@") + broken


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
"""What is not closed reaches to the end: looking for the end again and again would take ages."""


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


_VALUES: Final = ("", "true", "false", "1", "0", *_NAMESPACES)


def redact_xml(text: str, words: Words) -> str:
    """Return the XML *text* with what *words* make of its names and values."""
    element = ""

    def replaced(token: re.Match[str]) -> str:
        nonlocal element
        match token.lastgroup:
            case "text":
                return _text(token["text"], element, words)
            case "cdata":
                return f"<![CDATA[{words.value(element, token['data'])}{token['cdata']}"
            case "comment":
                return f"<!--{token['comment']}"
            case "declaration":
                return token[0] if _DECLARATION.fullmatch(token[0]) else '<?xml version="1.0"?>'
            case "instruction":
                return f"<?removed{token['instruction']}"
            case "doctype":
                return f"<!DOCTYPE removed{token['doctype']}"
            case _:
                element = "" if token["close"] or "/" in token["end"] else _local(token["tag"])
                attributes = _EACH_ATTRIBUTE.sub(
                    lambda one: _attribute(one, words), token["attributes"]
                )
                return f"<{token['close']}{_name(token['tag'], words)}{attributes}{token['end']}>"

    return _XML_TOKEN.sub(replaced, text)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _name(name: str, words: Words) -> str:
    prefix, colon, local = name.rpartition(":")
    kept = prefix if prefix in ("", *_PREFIXES) else words.names.word("member name", prefix)
    shown = local if local in ("nil", "type", *_PREFIXES) else words.name(local)
    return f"{kept}{colon}{shown}"


def _attribute(one: re.Match[str], words: Words) -> str:
    value = unescape(one[4])
    kept = value if value in _VALUES else words.names.shaped("text", value)
    return f"{_name(one[1], words)}{one[2]}{one[3]}{escape(kept)}{one[3]}"


def _text(text: str, element: str, words: Words) -> str:
    said = text.strip()
    if not said:
        return text
    if INTEGER.fullmatch(said):
        return text.replace(said, words.number(element, said))
    broken = "&" if _ENTITY.search(said) else ""
    before = unescape(said.removesuffix(broken))
    after = words.value(element, before)
    return text if after == before else text.replace(said, escape(after, quote=False) + broken)
