"""Defects in media types, charsets and content encodings."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from superoffice_mock.errors import Rejected
from superoffice_mock.wire import content_type
from superoffice_mock.wire.content_type import MediaType
from tests.contract.mutants.patching import (
    Defect,
    Mutation,
    change_description,
    change_object,
    combine,
    refuse_when,
    replace_object,
)
from tests.contract.mutants.patching_bodies import (
    ACCEPTED,
    MEDIA_TYPES,
    WITHOUT_FAST_DECODERS,
    change_value,
    request_content,
)


def _remove_media_type(media_type: str) -> Mutation:
    return change_description(lambda document: request_content(document).pop(media_type))


def _add_media_type(media_type: str) -> Mutation:
    def add(document: Any) -> None:
        request_content(document)[media_type] = request_content(document)["text/json"]

    def add_reader(readers: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**readers, media_type: readers["text/json"]}

    return combine(change_description(add), change_object("wire.decode.READERS", add_reader))


def _drop_last_account(value: Any) -> Any:
    accounts = value["SyncUserAccounts"]
    return value | {"SyncUserAccounts": accounts[:-1] if len(accounts) > 1 else accounts}


def _change_parsed_type(change: Callable[[MediaType], MediaType]) -> Mutation:
    def wrap(parse: Callable[[str], MediaType]) -> Callable[[str], MediaType]:
        return lambda content_type: change(parse(content_type))

    return change_object("wire.decode.parse_content_type", wrap)


def _default_to_json(find: Callable[..., Any]) -> Callable[..., Any]:
    return lambda operation, content_type: find(operation, content_type or "application/json")


def _ignore_unknown_charset(parse: Callable[[str], MediaType]) -> Callable[[str], MediaType]:
    def parse_leniently(content_type: str) -> MediaType:
        try:
            return parse(content_type)
        except Rejected:
            return MediaType(content_type.partition(";")[0], None)

    return parse_leniently


def _decode_with_replacement(raw: bytes, charset: str | None) -> str:
    return raw.decode(charset or "utf-8", "replace")


def _change_text_input(change: Callable[[bytes, str | None], tuple[bytes, str | None]]) -> Mutation:
    """Change the bytes and the charset before a text is decoded."""
    read = content_type.decode_text
    return replace_object(
        "wire.content_type.decode_text", lambda raw, charset: read(*change(raw, charset))
    )


MEDIA_TYPE_DEFECTS: Final = (
    *(
        Defect(
            f"{media_type} is refused",
            "media-types",
            "media-types",
            f"{media_type}: expected 204, got 415",
            _remove_media_type(media_type),
        )
        for media_type in MEDIA_TYPES
    ),
    *(
        Defect(
            f"{media_type} loses the last account",
            "parity",
            "same-effect",
            f"{media_type} gave",
            change_value(_drop_last_account, media_type),
        )
        for media_type in MEDIA_TYPES
    ),
    *(
        Defect(
            f"{media_type} is accepted",
            "other-media-types",
            "media-type-other",
            f"{media_type}: expected 415, got 204",
            _add_media_type(media_type.partition(";")[0]),
        )
        for media_type in (
            "text/plain",
            "application/octet-stream",
            "multipart/form-data; boundary=x",
        )
    ),
    Defect(
        "a missing Content-Type is accepted as JSON",
        "other-media-types",
        "media-type-other",
        "no Content-Type: expected 415, got 204",
        change_object("wire.decode._find_body", _default_to_json),
    ),
    Defect(
        "media types are case-sensitive",
        "media-types",
        "media-types",
        "APPLICATION/JSON; charset=utf-8: expected 204, got 415",
        refuse_when(
            415, lambda request: (request.headers.get(b"content-type") or "")[:4].isupper()
        ),
    ),
    Defect(
        "the charset is ignored",
        "charsets",
        "charset",
        "iso-8859-1: expected 204, got 400",
        _change_parsed_type(lambda media_type: MediaType(media_type.name, None)),
    ),
    Defect(
        "every text is read as Latin-1",
        "parity",
        "charset",
        "utf-8 gave",
        combine(
            WITHOUT_FAST_DECODERS,
            _change_text_input(lambda raw, charset: (raw, charset and "latin-1")),
        ),
    ),
    Defect(
        "a byte order mark is not understood",
        "charsets",
        "charset",
        "utf-8 with a byte order mark: expected 204, got 400",
        replace_object("wire.content_type.charsets._MARKS", ()),
    ),
    Defect(
        "an unknown charset is accepted as UTF-8",
        "charsets",
        "charset-unknown",
        "klingon: expected 415, got 204",
        change_object("wire.decode.parse_content_type", _ignore_unknown_charset),
    ),
    Defect(
        "broken bytes are repaired",
        "charsets",
        "charset-broken",
        f"broken utf-8: {ACCEPTED}",
        replace_object("wire.content_type.decode_text", _decode_with_replacement),
    ),
    Defect(
        "Content-Encoding is not checked",
        "content-encoding",
        "content-encoding",
        "gzip: expected 415, got 204",
        replace_object("webapi.operations.pipeline._check_encoding", lambda _: None),
    ),
)
