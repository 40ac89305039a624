"""The secrets of tenants are hidden wherever they stand, and what is invented stays."""

import base64
import json
from collections.abc import Callable
from typing import Final
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape, quoteattr

from hypothesis import assume, given
from hypothesis import strategies as st

from superoffice_contract.messages import is_blanked
from superoffice_contract.target.hiding import (
    MARK,
    MIN_LENGTH,
    hide_in_bytes,
    hide_in_header,
    hide_in_text,
)
from superoffice_contract.target.secrets import secret_texts
from superoffice_contract.target.tenants import Session, TargetTenant, Token, User


def basic(text: str) -> str:
    return f"Basic {base64.b64encode(text.encode()).decode()}"


TENANT: Final = TargetTenant(
    "onsite",
    "onsite",
    users=(User("kari", "Secr&t pw"), User("ola", "x")),
    tickets=("7T:ticket-1", "7T:ticket-12"),
    sessions=(Session("session-id", "xsrf-value"),),
    tokens=(Token("8A:token/+=", "app"),),
)
SECRETS: Final = secret_texts([TENANT])


def test_the_credential_in_a_header_becomes_a_mark_that_readers_of_recordings_know() -> None:
    for name, value, hidden in (
        ("Authorization", basic("kari:Secr&t pw"), f"Basic {MARK}"),
        ("authorization", basic("KARI:Secr&t pw").lower().replace("basic", "bAsic"), None),
        ("Authorization", basic("KARI:Secr&t pw"), f"Basic {MARK}"),
        ("Authorization", basic("ola:x"), f"Basic {MARK}"),
        ("Authorization", basic("OLA:x"), f"Basic {MARK}"),
        ("Authorization", "SOTicket 7T:ticket-1", f"SOTicket {MARK}"),
        ("AUTHORIZATION", "soticket  7T:ticket-12 ", f"soticket  {MARK} "),
        ("Authorization", "Bearer 8A:token/+=", f"Bearer {MARK}"),
        ("Authorization", "7T:ticket-1", MARK),
        ("X-XSRF-TOKEN", "xsrf-value", MARK),
    ):
        shown = hide_in_header(name, value, SECRETS)
        if hidden is not None:
            assert shown == hidden, value
            assert is_blanked(shown), value


def test_what_is_invented_stays() -> None:
    for value in (
        "Basic %%%",
        "Basic",
        "",
        "Bearer 8A:bm9ib2R5",
        "SOTicket nobody",
        basic("nobody-4711:no-password"),
        "Digest bm9ib2R5",
    ):
        assert hide_in_header("Authorization", value, SECRETS) == value
    cookie = "a=1; ASP.NET_SessionId=session-id; b=x-y"
    assert hide_in_header("Cookie", cookie, SECRETS) == (f"a=1; ASP.NET_SessionId={MARK}; b=x-y")


def test_of_a_secret_that_was_altered_only_what_was_added_is_shown() -> None:
    for value, hidden in (
        (basic("kari:Secr&t pwx"), basic(f"kari:{MARK}x")),
        ("Bearer 8A:token/+=x", f"Bearer {MARK}x"),
        ("SOTicket 7T:ticket-123", f"SOTicket {MARK}3"),
        ("SOTicket 7T:ticket-17T:ticket-12", f"SOTicket {MARK}"),
    ):
        assert hide_in_header("Authorization", value, SECRETS) == hidden, value
    assert not is_blanked(f"Bearer {MARK}x")


SPELLINGS: Final[dict[str, Callable[[str], str]]] = {
    "as it is": str,
    "path": quote,
    "query": lambda text: quote(text, safe=""),
    "query in lower case": lambda text: quote(text, safe="").lower() if text.islower() else text,
    "form": quote_plus,
    "every byte": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON with letters": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with slashes": lambda text: json.dumps(text)[1:-1].replace("/", r"\/"),
    "XML": escape,
    "attribute": lambda text: quoteattr(text)[1:-1],
    "references": lambda text: "".join(f"&#x{ord(letter):X};" for letter in text),
    "user and password": lambda text: base64.b64encode(f"k:{text}".encode()).decode(),
}
TEXT: Final = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=MIN_LENGTH, max_size=20
)


@given(
    secret=TEXT,
    others=st.lists(TEXT, max_size=2),
    spelling=st.sampled_from([*SPELLINGS]),
    before=st.sampled_from(["", "a=", '{"a":"', " ", "\u00e9"]),
    after=st.sampled_from(["", "&b=1", '"}', " ", ";"]),
)
def test_a_secret_is_hidden_however_it_is_written(
    secret: str, others: list[str], spelling: str, before: str, after: str
) -> None:
    written = SPELLINGS[spelling](secret)
    assume(MARK not in written)
    shown = hide_in_text(f"{before}{written}{after}", [secret, *others])
    assert MARK in shown or spelling == "user and password"
    assert written not in shown or written in MARK
    sent = f"{before}{written}{after}".encode()
    assert hide_in_bytes(sent, [secret, *others]) == shown.encode()


def test_secrets_that_contain_each_other_or_overlap_leave_nothing() -> None:
    for secrets, text, hidden in (
        (("abcd", "abcdef"), "abcdef abcd", f"{MARK} {MARK}"),
        (("abcd", "cdef"), "-abcdef-", f"-{MARK}-"),
        (("abcd", "bcde"), "abcdabcde", MARK),
        (("aaaa",), "aaaaaaa", MARK),
    ):
        assert hide_in_text(text, secrets) == hidden, text


def test_a_secret_of_few_letters_is_hidden_as_a_whole_value_only() -> None:
    secrets = ("x", "1", ":")
    for name, value, hidden in (
        ("Authorization", "SOTicket x", f"SOTicket {MARK}"),
        ("Cookie", "ASP.NET_SessionId=x; a=xx", f"ASP.NET_SessionId={MARK}; a=xx"),
        ("X-XSRF-TOKEN", "1", MARK),
        ("Accept", "x", "x"),
        ("Content-Type", "application/xml", "application/xml"),
    ):
        assert hide_in_header(name, value, secrets) == hidden, value
    body = b'{"SyncUserAccounts":[{"AccountId":1}]}'
    assert hide_in_bytes(body, secrets) == body
    assert hide_in_text("/api/v1/x?a=1", secrets) == "/api/v1/x?a=1"
    assert hide_in_bytes(b"\xff", secrets) == b"\xff"


def test_a_secret_in_bytes_that_are_no_text_is_hidden() -> None:
    for codec in ("utf-16-le", "utf-16-be", "latin-1"):
        raw = "\xff\xfe\u00e9".encode("latin-1") + "a t\u00f8ken b".encode(codec)
        shown = hide_in_bytes(raw, ("t\u00f8ken", "t\u00f8"))
        assert "t\u00f8ken".encode(codec) not in shown, codec
        assert MARK.encode(codec) in shown, codec
