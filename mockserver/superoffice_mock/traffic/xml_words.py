"""XML, broken or not, word by word: of markup the described names stay."""

import re
from html import escape, unescape
from typing import Final

from superoffice_mock.traffic.lexing import INTEGER, Words

_ATTRIBUTE: Final = r"""[^\s=<>"'/]+\s*=\s*(?:"[^"<]*"|'[^'<]*')"""
_TOKEN: Final = re.compile(
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


def clean(text: str, words: Words) -> str:
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

    return _TOKEN.sub(replaced, text)


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
