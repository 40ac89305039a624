"""Defects in media types, charsets and encodings."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from superoffice_mock.errors import Rejected
from superoffice_mock.wire import content_type
from superoffice_mock.wire.content_type import Media
from tests.contract.mutants.patching import (
    Defect,
    Vary,
    all_of,
    changing,
    described,
    refusing,
    setting,
)
from tests.contract.mutants.patching_bodies import GENERAL, MEDIA_TYPES, TAKEN, content, reading


def _dropped(media_type: str) -> Vary:
    return described(lambda document: content(document).pop(media_type))


def _added(media_type: str) -> Vary:
    def add(document: Any) -> None:
        content(document)[media_type] = content(document)["text/json"]

    def read(readers: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**readers, media_type: readers["text/json"]}

    return all_of(described(add), changing("wire.decode.READERS", read))


def _but_last(value: Any) -> Any:
    accounts = value["SyncUserAccounts"]
    return value | {"SyncUserAccounts": accounts[:-1] if len(accounts) > 1 else accounts}


def _parsed(change: Callable[[Media], Media]) -> Vary:
    def wrapped(parse: Callable[[str], Media]) -> Callable[[str], Media]:
        return lambda content_type: change(parse(content_type))

    return changing("wire.content_type.parse", wrapped)


def _guessed(find: Callable[..., Any]) -> Callable[..., Any]:
    return lambda operation, content_type: find(operation, content_type or "application/json")


def _tolerant(parse: Callable[[str], Media]) -> Callable[[str], Media]:
    def parsed(content_type: str) -> Media:
        try:
            return parse(content_type)
        except Rejected:
            return Media(content_type.partition(";")[0], None)

    return parsed


def _replacing(raw: bytes, charset: str | None) -> str:
    return raw.decode(charset or "utf-8", "replace")


def _text(change: Callable[[bytes, str | None], tuple[bytes, str | None]]) -> Vary:
    """Decode text after *change* of the bytes and the charset."""
    read = content_type.text
    return setting("wire.content_type.text", lambda raw, charset: read(*change(raw, charset)))


MEDIA: Final = (
    *(
        Defect(
            f"{one} is refused",
            "media-types",
            "media-types",
            f"{one}: expected 204, got 415",
            _dropped(one),
        )
        for one in MEDIA_TYPES
    ),
    *(
        Defect(
            f"{one} loses the last account",
            "parity",
            "same-effect",
            f"{one} gave",
            reading(_but_last, one),
        )
        for one in MEDIA_TYPES
    ),
    *(
        Defect(
            f"{one} is taken",
            "other-media-types",
            "media-type-other",
            f"{one}: expected 415, got 204",
            _added(one.partition(";")[0]),
        )
        for one in ("text/plain", "application/octet-stream", "multipart/form-data; boundary=x")
    ),
    Defect(
        "a missing Content-Type is taken for JSON",
        "other-media-types",
        "media-type-other",
        "no Content-Type: expected 415, got 204",
        changing("wire.decode._body_of", _guessed),
    ),
    Defect(
        "media types heed case",
        "media-types",
        "media-types",
        "APPLICATION/JSON; charset=utf-8: expected 204, got 415",
        refusing(415, lambda incoming: (incoming.headers.get(b"content-type") or "")[:4].isupper()),
    ),
    Defect(
        "the charset is ignored",
        "charsets",
        "charset",
        "iso-8859-1: expected 204, got 400",
        _parsed(lambda found: Media(found.type, None)),
    ),
    Defect(
        "every text is Latin-1",
        "parity",
        "charset",
        "utf-8 gave",
        all_of(GENERAL, _text(lambda raw, charset: (raw, charset and "latin-1"))),
    ),
    Defect(
        "a byte order mark is not understood",
        "charsets",
        "charset",
        "utf-8 with a byte order mark: expected 204, got 400",
        setting("wire.content_type.charsets._MARKS", ()),
    ),
    Defect(
        "an unknown charset is taken for UTF-8",
        "charsets",
        "charset-unknown",
        "klingon: expected 415, got 204",
        changing("wire.content_type.parse", _tolerant),
    ),
    Defect(
        "broken bytes are repaired",
        "charsets",
        "charset-broken",
        f"broken utf-8: {TAKEN}",
        setting("wire.content_type.text", _replacing),
    ),
    Defect(
        "Content-Encoding is not looked at",
        "content-encoding",
        "content-encoding",
        "gzip: expected 415, got 204",
        setting("webapi.operations.pipeline._check_encoding", lambda _: None),
    ),
)
