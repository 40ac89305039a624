"""Finds values of secret names in text: each syntax is what stands before and after a name."""

import re
from collections.abc import Iterator
from typing import Final

from superoffice_mock.scanning import secret_names

Syntax = tuple[re.Pattern[str], re.Pattern[str]]
"""What ends where a name starts, and what starts where it ends; its last group is the value."""
Reading = tuple[Syntax, ...]
"""How text assigns a value to a name, by its media type."""


def _syntax(before: str, after: str) -> Syntax:
    return re.compile(rf"(?:{before})\Z", re.I), re.compile(after, re.I | re.M)


_ATTRIBUTES: Final = r"""(?:[^<>"']|"[^"]{0,300}"|'[^']{0,300}'){0,40}"""
_BARE: Final = r"""[^\s"'<>&,;{}\[\]()\\]"""

CODE: Final = (
    _syntax(  # JSON, JavaScript, attributes, YAML in quotes
        "",
        r"""\\{0,3}["']?\]?\s{0,9}(?::\s{0,3}[a-z]{1,20}\s{0,3}=|[=!]?==|:|=>?)\s{0,9}"""
        r"""(\\{0,3}["'`])(?!\1)((?:(?!\1)[^\r\n]){1,400})\1""",
    ),
    _syntax(  # a call: setItem("token", "…")
        r"""(?:\b(?:append|header|cookie|put|add|def)|\bset\w{0,20})\(\s{0,9}\\?["'`]""",
        r"""\\?["'`]\s{0,9},\s{0,9}\\?["'`]([^"'`\r\n\\]{1,400})""",
    ),
    _syntax(  # an element of XML
        r"<(?:[\w.-]{1,40}:)?",
        rf"{_ATTRIBUTES}(?<!/)>\s{{0,40}}(?:<!\[CDATA\[)?([^\s<\]][^<\]\r\n]{{0,400}})\s{{0,40}}(?:[<\]]|\Z)",
    ),
    _syntax(  # <td>Password</td><td>…</td>, <Key>password</Key><Value>…</Value>
        r">\s{0,40}",
        r"\s{0,9}:?\s{0,9}</[\w:]{1,40}>\s{0,40}<(?:[\w-]{1,20}:)?(?:td|dd|value)\b[^<>]{0,99}>"
        r"\s{0,40}([^<\s][^<]{0,400})",
    ),
    _syntax(  # text of an element: <pre>password: …</pre>
        r">\s{0,40}", rf"\s{{0,3}}[:=]\s{{0,3}}({_BARE}{{3,400}})\s{{0,9}}<"
    ),
    _syntax(r"[?&#]|&amp;|/[\w.-]{0,40};", rf"\]?=({_BARE}{{1,400}})"),  # the query of a URL
    _syntax(  # a part of a form
        r"""\bname="?""",
        r"""(?:["\s;][^\r\n]{0,300})?(?:\r?\n[^\r\n]{1,300}){0,9}\r?\n\r?\n([^\r\n]{1,400})""",
    ),
)
"""Only a literal is a value."""
SENTENCES: Final = (
    *CODE,
    _syntax("", rf"""\]?\s?=\s?["']?({_BARE}{{3,400}})"""),
    _syntax(  # YAML
        r"""[{,;]\s{0,9}|["']|(?:^|\n|\\n)[\s*>-]{0,40}""",
        rf"""\*{{0,2}}:[ \t]{{0,9}}({_BARE}{{3,400}})[ \t\r]{{0,9}}(?:[,}}'"]|$)""",
    ),
)
"""A name and its value stand close together."""
LINES: Final = (
    *SENTENCES,
    _syntax(
        r"""(?:^|\n)[\s*>-]{0,40}(?:(?:export|set|data:)\s{1,3})?["']?""",
        r"""["']?\*{0,2}\s{0,9}[:=]\*{0,2}[ \t]{0,9}"""
        r"""(?:[|>][+-]?\r?\n\s{1,40})?([^\s{\[|>][^\r\n]{1,400})""",
    ),
)
"""A line is a name and its value, which may have blanks."""
_MAX_BEFORE: Final = 160
_MAX_NAME: Final = 60
_WORD: Final = re.compile(
    r"""((?:\b(?:api|access|account|private)[ ])?[^\W\d][\w$.-]*)"""
    r"""([ \t\\"'`\]*]{0,20}[:=!,<>\r\n;])?""",
    re.I,
)
"""A word or two, and what follows it if that may be a value; in sentences none does."""
_PLACEHOLDER: Final = re.compile(
    r"""(?ix) true | false | null | none | undefined | string | text | password | bool(?:ean)?
    | number | object | function | required | optional | \W{0,3}
    | include | same-origin | omit | .* (?: [$%]\{ | \{\{ | \$\( ) .*
    | (?: [$#%@]?[{(<%\[$] | [\\$%]\w | your[-_ ] | this\. | function\b | process\.env ) .* """
)
"""What stands in place of a value: a literal, a type, a variable, a template."""

_TAG: Final = re.compile(
    r"""<([a-z][\w:-]{0,40})((?:[^<>"']|"[^"]{0,4000}"|'[^']{0,4000}'){1,60})>""", re.I
)
_ATTRIBUTE: Final = re.compile(
    r"""([\w:.-]{1,60})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'<>=`]+))"""
)
_NAMING: Final = ("name", "id", "key", "property", "itemprop", "data-name")
_WITH_TEXT: Final = re.compile(
    r"string|textarea|setting|entry|property|param|field|item|data|option", re.I
)


def find(text: str, reading: Reading) -> Iterator[str]:
    """Yield the values in *text* whose names are those of secrets."""
    for word in _WORD.finditer(text):
        start, end = word.span(1)
        if word[2] or text[start - 1 : start] in ("<", ":"):
            name = word[1][-_MAX_NAME:]
            if secret_names.is_secret(name):
                yield from _values_of(name, text, end, reading)
    yield from _in_tags(text)


def _values_of(name: str, text: str, end: int, reading: Reading) -> Iterator[str]:
    start = end - len(name)
    before_name = text[max(0, start - _MAX_BEFORE) : start]
    for before, after in reading:
        found = after.match(text, end)
        if found is not None and before.search(before_name):
            value = found[found.lastindex or 0]
            if not is_placeholder(name, value):
                yield value


def is_placeholder(name: str, value: str) -> bool:
    """Return whether *value* only stands where the value of *name* would be, or describes it."""
    plain = value.strip(" \t\r\n\"'`;,")
    return _PLACEHOLDER.fullmatch(plain) is not None or secret_names.is_label(name, plain)


def _in_tags(text: str) -> Iterator[str]:
    """Yield values of fields and `meta` elements, whose attributes stand in any order."""
    for tag in _TAG.finditer(text):
        attributes = {
            name.lower(): double or single or bare
            for name, double, single, bare in _ATTRIBUTE.findall(tag[2])
        }
        names = [attributes.get(name, "") for name in _NAMING]
        names.append(attributes.get("type", "").lower())  # password, or what is no secret
        secret = next(filter(secret_names.is_secret, names), None)
        if secret is None:
            continue
        values = [attributes.get("value", ""), attributes.get("content", "")]
        if _WITH_TEXT.fullmatch(tag[1]):
            values.append(text[tag.end() : tag.end() + 400].partition("<")[0])
        yield from (value for value in values if not is_placeholder(secret, value))
