"""Inputs made from known ones: bytes cut, doubled, exchanged and strewn with odd pieces."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from tests.fuzz.targets import LONGEST

ODD: Final = (
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc3\x28", b"\r\n", b"%00"),
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"NaN", b"1e999", b"-0", b"\\u"),
    *(b"\\ud800", b"9" * 30, b"<", b">", b"</", b"/>", b"<!DOCTYPE a>", b"&a;", b"<![CDATA["),
    *(b"xmlns=", b"xsi:nil", b"&", b"=", b"[0]", b"[99999999999]", b".", b"%", b"+", b";q=", b"*"),
    *(b"|", b"---", b"#", b"```", b"[[tenant]]", b"'''", b"Basic ", b"charset=", b'"utf-16"'),
)
"""Pieces that mean something to some decoder."""

Edit = tuple[str, int, int, bytes]


def mutated(known: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Return inputs that are a few edits away from one of *known*, or made of odd pieces."""
    edits = st.lists(
        st.tuples(
            st.sampled_from(("put", "cut", "double", "exchange")),
            st.integers(0, 2**16),
            st.integers(1, 64),
            st.sampled_from(ODD) | st.binary(max_size=8),
        ),
        max_size=6,
    )
    near = st.builds(_edited, st.sampled_from(known), edits)
    strewn = st.lists(st.sampled_from(ODD) | st.binary(max_size=4), max_size=40).map(b"".join)
    return near | strewn


def _edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    for kind, place, length, piece in edits:
        at = place % (len(data) + 1)
        middle = data[at : at + length]
        kept = {"put": piece + middle, "cut": b"", "double": middle * 2, "exchange": piece}[kind]
        data = data[:at] + kept + data[at + length :]
    return data[:LONGEST]
