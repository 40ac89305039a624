"""Inputs made by mutation: parts are cut, doubled and replaced, and odd pieces are inserted."""

from collections.abc import Sequence
from typing import Final

from hypothesis import strategies as st

from tests.fuzz.targets import MAX_LENGTH

PIECES: Final = (
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\xc3\x28", b"\r\n", b"%00"),
    *(b"{", b"}", b"[", b"]", b'"', b",", b":", b"null", b"true", b"NaN", b"1e999", b"-0", b"\\u"),
    *(b"\\ud800", b"9" * 30, b"<", b">", b"</", b"/>", b"<!DOCTYPE a>", b"&a;", b"<![CDATA["),
    *(b"xmlns=", b"xsi:nil", b"&", b"=", b"[0]", b"[99999999999]", b".", b"%", b"+", b";q=", b"*"),
    *(b"|", b"---", b"#", b"```", b"[[tenant]]", b"'''", b"Basic ", b"charset=", b'"utf-16"'),
)
"""Pieces that have a meaning for some decoder."""

Edit = tuple[str, int, int, bytes]


def mutations(inputs: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Return a strategy of data a few edits away from one of *inputs*, or made of odd pieces."""
    edits = st.lists(
        st.tuples(
            st.sampled_from(("insert", "cut", "double", "replace")),
            st.integers(0, 2**16),
            st.integers(1, 64),
            st.sampled_from(PIECES) | st.binary(max_size=8),
        ),
        max_size=6,
    )
    similar = st.builds(_apply_edits, st.sampled_from(inputs), edits)
    pieces = st.lists(st.sampled_from(PIECES) | st.binary(max_size=4), max_size=40).map(b"".join)
    return similar | pieces


def _apply_edits(data: bytes, edits: Sequence[Edit]) -> bytes:
    for kind, place, length, piece in edits:
        at = place % (len(data) + 1)
        middle = data[at : at + length]
        edited = {"insert": piece + middle, "cut": b"", "double": middle * 2, "replace": piece}
        data = data[:at] + edited[kind] + data[at + length :]
    return data[:MAX_LENGTH]
