"""Defects in media types, charsets and content encodings."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from superoffice_contract.bodies import content_type
from superoffice_contract.bodies.content_type import MediaType
from superoffice_contract.errors import InvalidBody
from superoffice_mock.webapi.request import ApiRequest
from tests.contract.mutants.patching import (
    Mutation,
    Seeds,
    change_description,
    change_object,
    combine,
    refuse_when,
    replace_object,
    wrap_function,
)
from tests.contract.mutants.patching_bodies import (
    ACCEPTED,
    FORM,
    MEDIA_TYPES,
    WITHOUT_FAST_DECODERS,
    change_value,
    request_content,
)

FIRST_CALLS: Final = {FORM: "brackets", "application/json": "the documented call, Basic"}
"""The calls that show first that a media type is refused, if their names are not its own."""


def _remove_media_type(media_type: str) -> Mutation:
    return change_description(lambda document: request_content(document).pop(media_type))


def _add_media_type(media_type: str) -> Mutation:
    def add(document: Any) -> None:
        request_content(document)[media_type] = request_content(document)["text/json"]

    def add_reader(readers: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**readers, media_type: readers["text/json"]}

    return combine(change_description(add), change_object("bodies.decode.READERS", add_reader))


def _drop_last_account(value: Any) -> Any:
    accounts = value["SyncUserAccounts"]
    return value | {"SyncUserAccounts": accounts[:-1] if len(accounts) > 1 else accounts}


def _change_parsed_type(change: Callable[[MediaType], MediaType]) -> Mutation:
    return wrap_function(
        "bodies.decode.parse_content_type", lambda parse, content_type: change(parse(content_type))
    )


def _default_to_json(find: Any, bodies: Any, content_type: str) -> Any:
    return find(bodies, content_type or "application/json")


def _ignore_unknown_charset(parse: Any, content_type: str) -> Any:
    try:
        return parse(content_type)
    except InvalidBody:
        return MediaType(content_type.partition(";")[0], None)


def _decode_with_replacement(raw: bytes, charset: str | None) -> str:
    return raw.decode(charset or "utf-8", "replace")


def _change_text_input(change: Callable[[bytes, str | None], tuple[bytes, str | None]]) -> Mutation:
    """Change the bytes and the charset before a text is decoded."""
    read = content_type.decode_text
    return replace_object(
        "bodies.content_type.decode_text", lambda raw, charset: read(*change(raw, charset))
    )


def _ignore_content_encoding(check: Any, operation: object, request: ApiRequest) -> Any:
    request.headers.content_encoding = None
    return check(operation, request)


MEDIA_TYPE_DEFECTS: Final[Seeds] = {
    **{
        f"{media_type} is refused": (
            f"{FIRST_CALLS.get(media_type, media_type)}: expected 204, got 415",
            _remove_media_type(media_type),
        )
        for media_type in MEDIA_TYPES
    },
    **{
        f"{media_type} loses the last account": (
            f"{media_type}: the call gave",
            change_value(_drop_last_account, media_type),
        )
        for media_type in MEDIA_TYPES
    },
    **{
        f"{media_type} is accepted": (
            f"{media_type}: expected 415, got 204",
            _add_media_type(media_type.partition(";")[0]),
        )
        for media_type in (
            "text/plain",
            "application/octet-stream",
            "multipart/form-data; boundary=x",
        )
    },
    "a missing Content-Type is accepted as JSON": (
        "an empty Content-Type: expected 415, got 204",
        wrap_function("bodies.decode.find_body", _default_to_json),
    ),
    "media types are case-sensitive": (
        "APPLICATION/JSON: expected 204, got 415",
        refuse_when(
            415, lambda request: (request.headers.get(b"content-type") or "")[:4].isupper()
        ),
    ),
    "the charset is ignored": (
        "iso-8859-1: expected 204, got 400",
        _change_parsed_type(lambda media_type: MediaType(media_type.name, None)),
    ),
    "every text is read as Latin-1": (
        "utf-8: the call gave",
        combine(
            WITHOUT_FAST_DECODERS,
            _change_text_input(lambda raw, charset: (raw, charset and "latin-1")),
        ),
    ),
    "a byte order mark is not understood": (
        "utf-8 with a byte order mark: expected 204, got 400",
        replace_object("bodies.content_type._MARKS", ()),
    ),
    "an unknown charset is accepted as UTF-8": (
        "klingon: expected 415, got 204",
        wrap_function("bodies.decode.parse_content_type", _ignore_unknown_charset),
    ),
    "broken bytes are repaired": (
        f"broken utf-8: {ACCEPTED}",
        replace_object("bodies.content_type.decode_text", _decode_with_replacement),
    ),
    "Content-Encoding is not checked": (
        "gzip: expected 415, got 204",
        wrap_function("webapi.operations.pipeline.check_head", _ignore_content_encoding),
    ),
}
