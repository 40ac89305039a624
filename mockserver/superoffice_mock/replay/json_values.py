"""JSON in the form in which it is compared: ids are text, whose pseudonyms match any id.

Redaction makes 0 of all other numbers that are not described. Where a file has such numbers, all
of them count as 0.
"""

import re
from functools import lru_cache
from typing import Any, Final

import msgspec

from superoffice_mock.recordings.hidden_numbers import (
    INTEGER,
    NUMBER,
    fit_int32,
    is_id_name,
    is_id_pseudonym,
)
from superoffice_mock.recordings.pseudonyms import text_of_id

MAX_DEPTH: Final = 200
"""JSON that is nested more deeply is compared as text."""
_MEMBER_OBJECT: Final = re.compile(rb":\s*\{")
_ID: Final = re.compile(r"[12](?<![\w.-].)[0-9]{9}(?![\w.-])")
_TOKEN: Final = re.compile(
    r'"(?P<text>(?:[^"\\]|\\.)*+)"?(?P<colon>\s*:)?|(?P<number>(?<![\w.-])[+-]?[0-9.][0-9.eE+-]*+)',
    re.DOTALL,
)
_decode: Final = msgspec.json.Decoder(float_hook=float).decode  # msgspec's own may take very long


class NumberText(str):
    """The digits of an id, or its pseudonym, which were a number in JSON."""

    __slots__ = ()


_is_id_name: Final = lru_cache(maxsize=4096)(is_id_name)
_UNCHANGED: Final = frozenset((str, bool, type(None)))


class Conversion:
    """Converts one body. Afterwards, *has_ids* is whether it has pseudonyms of ids."""

    def __init__(self, *, hides_numbers: bool) -> None:
        self._hides_numbers = hides_numbers
        self.has_ids = False

    def read(self, raw: bytes) -> Any:  # noqa: ANN401 - any value of JSON
        """Return the value in *raw*. Raise ValueError if that is no JSON, or nested too deeply."""
        try:
            value = _decode(raw)
        except (msgspec.DecodeError, RecursionError) as error:
            raise ValueError(str(error)) from None
        return self._convert(value, "", MAX_DEPTH)

    def read_text(self, raw: bytes) -> str:
        """Return *raw*, which is no JSON or malformed, as the text that is compared."""
        text = convert_text(raw.decode("latin-1"))
        is_malformed = self._hides_numbers and text.lstrip()[:1] in ("{", "[")
        return _hide_numbers(text) if is_malformed else text

    def convert_free_parts(self, content: Any) -> Any:  # noqa: ANN401 - a decoded body
        """Convert the parts of *content* that the description leaves free, and return it."""
        if type(content) is dict:
            return self._convert(content, "", MAX_DEPTH)
        if type(content) is list:
            return [self.convert_free_parts(item) for item in content]
        if isinstance(content, msgspec.Struct):
            members = msgspec.structs.astuple(content)
            for name, child in zip(content.__struct_fields__, members, strict=True):
                if isinstance(child, (dict, list, msgspec.Struct)):
                    converted = self.convert_free_parts(child)
                    msgspec.structs.force_setattr(content, name, converted)
        return content

    def _convert(self, value: Any, name: str, depth: int) -> Any:  # noqa: ANN401 - as above
        """Return *value*, which stands under *name*, as it is compared."""
        kind = type(value)
        if kind is int or kind is float:
            return self._convert_number(value, name)
        if not depth:
            raise ValueError("nested too deeply")
        if kind is dict:
            return {
                key: child if type(child) in _UNCHANGED else self._convert(child, key, depth - 1)
                for key, child in value.items()
            }
        if kind is list:
            return [self._convert(item, name, depth - 1) for item in value]
        return self.convert_free_parts(value)

    def _convert_number(self, value: float, name: str) -> object:
        if isinstance(value, int) and _is_id_name(name):
            if is_id_pseudonym(value):
                self.has_ids = True
                return NumberText(text_of_id(value))
            return NumberText(value)
        return 0 if self._hides_numbers else value


def may_have_free_parts(content: object, raw: bytes) -> bool:
    """Return whether the decoded body *raw* may have parts to convert; only JSON has such."""
    return isinstance(content, dict) or _MEMBER_OBJECT.search(raw) is not None


def convert_text(text: str) -> str:
    """Return *text* with text in place of the pseudonyms of ids in it."""
    return _ID.sub(
        lambda id_: text_of_id(int(id_[0])) if is_id_pseudonym(int(id_[0])) else id_[0], text
    )


def _hide_numbers(text: str) -> str:
    """Return malformed JSON with zeros in place of its numbers, unless they are ids."""
    name = ""

    def replace(token: re.Match[str]) -> str:
        nonlocal name
        if token["colon"]:
            name = token["text"]
        digits = token["number"]
        if digits is None:
            return token[0]
        if _is_id_name(name) and INTEGER.fullmatch(digits):
            return fit_int32(digits)
        return "0" if NUMBER.fullmatch(digits) else re.sub("[0-9]", "0", digits)

    return _TOKEN.sub(replace, text)
