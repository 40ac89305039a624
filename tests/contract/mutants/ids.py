"""Defects in the members of an account, and in which ids are valid."""

from typing import Any, Final

from tests.contract.mutants.patching import (
    Mutation,
    Seeds,
    change_description,
    combine,
    reject_with,
    replace_object,
    wrap_function,
)
from tests.contract.mutants.patching_bodies import (
    ACCEPTED,
    REFUSED,
    WITHOUT_FAST_DECODERS,
    accept_ids,
    require_member,
    schema_members,
)


def _match_exact_names(normalize: Any, value: Any, shape: Any, *rest: Any) -> Any:
    names = {member.name for member in shape.members.values()}
    members = dict(value).items()
    exact_members = {name: child for name, child in members if not names or name in names}
    return normalize(exact_members, shape, *rest)


def _change_account_schema(name: str, **schema: Any) -> Mutation:
    return change_description(lambda document: schema_members(document).update({name: schema}))


def _change_ids(**limits: int) -> Mutation:
    return _change_account_schema("AccountId", type="integer", default=0, **limits)


MEMBER_DEFECTS: Final[Seeds] = {
    "member names are case-sensitive": (
        "camelCase: the call gave",
        combine(
            WITHOUT_FAST_DECODERS,
            wrap_function("bodies.json_body._normalize_members", _match_exact_names),
        ),
    ),
    "unknown members are refused": (
        f"an unknown member: {REFUSED}",
        replace_object(
            "bodies.values.BodyNotes.add_unknown_member", reject_with(400, "unknown member")
        ),
    ),
    "AssociateName may not be null": (
        f"null for a name: {REFUSED}",
        _change_account_schema("AssociateName", type="string"),
    ),
    "FieldProperties may not be null": (
        f"carrier members: {REFUSED}",
        _change_account_schema("FieldProperties", type="object"),
    ),
}

ID_DEFECTS: Final[Seeds] = {
    "a numeric string is accepted as an id": (
        f'"5": {ACCEPTED}',
        accept_ids(lambda value: isinstance(value, str) and value.isdigit(), int),
    ),
    "a boolean is accepted as an id": (
        f"true: {ACCEPTED}",
        accept_ids(lambda value: isinstance(value, bool), int),
    ),
    "null is accepted as an id": (
        f"null: {ACCEPTED}",
        accept_ids(lambda value: value is None, lambda _: 0),
    ),
    "1.0 is accepted as an id": (
        f"1.0: {ACCEPTED}",
        accept_ids(lambda value: isinstance(value, float) and value < 10, int),
    ),
    "1e2 is accepted as an id": (
        f"1e2: {ACCEPTED}",
        accept_ids(lambda value: isinstance(value, float) and value > 10, int),
    ),
    "an overflow wraps around": (
        f"{2**31}: {ACCEPTED}",
        accept_ids(
            lambda value: isinstance(value, int) and value >= 2**31,
            lambda value: (value + 2**31) % 2**32 - 2**31,
        ),
    ),
    "an underflow is set to the least id": (
        f"{-(2**31) - 1}: {ACCEPTED}",
        accept_ids(lambda value: isinstance(value, int) and value < -(2**31), lambda _: -(2**31)),
    ),
    "an overflow gets a 500": ("the answer is a 500", _change_ids()),
    "0 is refused": (f"0: {REFUSED}", _change_ids(minimum=1)),
    "a negative id is refused": (f"-1: {REFUSED}", _change_ids(minimum=0)),
    "the greatest id is refused": (
        f"{2**31 - 1}: {REFUSED}",
        _change_ids(maximum=2**31 - 2),
    ),
    "an id is required": (f"no id: {REFUSED}", require_member("SyncUserAccount", "AccountId")),
}
