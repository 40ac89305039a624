"""Defects in the members of an account, and in which ids are valid."""

from collections.abc import Callable
from typing import Any, Final

from tests.contract.mutants.patching import (
    Defect,
    Mutation,
    change_description,
    change_object,
    combine,
    reject_with,
    replace_object,
)
from tests.contract.mutants.patching_bodies import (
    ACCEPTED,
    REFUSED,
    WITHOUT_FAST_DECODERS,
    accept_ids,
    require_member,
    schema_members,
)


def _match_exact_names(normalize: Callable[..., Any]) -> Callable[..., Any]:
    def normalize_exact(value: Any, shape: Any, where: str, notes: Any) -> Any:
        names = {member.name for member in shape.members.values()}
        members = dict(value).items()
        exact_members = {name: child for name, child in members if not names or name in names}
        return normalize(exact_members, shape, where, notes)

    return normalize_exact


def _change_account_schema(name: str, **schema: Any) -> Mutation:
    return change_description(lambda document: schema_members(document)[name].update(schema))


def _remove_limits(name: str) -> Mutation:
    def remove(document: Any) -> None:
        for limit in ("minimum", "maximum"):
            del schema_members(document)[name][limit]

    return change_description(remove)


MEMBER_DEFECTS: Final = (
    Defect(
        "member names are case-sensitive",
        "parity",
        "camel-case",
        "swapped case gave",
        combine(
            WITHOUT_FAST_DECODERS,
            change_object("wire.json_body._normalize_members", _match_exact_names),
        ),
    ),
    Defect(
        "unknown members are refused",
        "member-names",
        "unknown-members",
        f"an unknown member: {REFUSED}",
        replace_object(
            "wire.values.BodyNotes.add_unknown_member", reject_with(400, "unknown member")
        ),
    ),
    Defect(
        "AssociateName may not be null",
        "member-names",
        "null-members",
        f"null for a name: {REFUSED}",
        _change_account_schema("AssociateName", type="string"),
    ),
    Defect(
        "FieldProperties may not be null",
        "member-names",
        "null-members",
        f"carrier members: {REFUSED}",
        _change_account_schema("FieldProperties", type="object"),
    ),
)

ID_DEFECTS: Final = (
    *(
        Defect(name, "ids", claim, f"{id_}: {ACCEPTED}", accept_ids(condition, convert))
        for name, id_, claim, condition, convert in (
            (
                "a numeric string is accepted as an id",
                '"5"',
                "integers-strict",
                lambda value: isinstance(value, str) and value.isdigit(),
                int,
            ),
            (
                "a boolean is accepted as an id",
                "true",
                "integers-strict",
                lambda value: isinstance(value, bool),
                int,
            ),
            (
                "null is accepted as an id",
                "null",
                "integers-strict",
                lambda value: value is None,
                lambda _: 0,
            ),
            (
                "1.0 is accepted as an id",
                "1.0",
                "integers-strict",
                lambda value: isinstance(value, float) and value < 10,
                int,
            ),
            (
                "1e2 is accepted as an id",
                "1e2",
                "integers-strict",
                lambda value: isinstance(value, float) and value > 10,
                int,
            ),
            (
                "an overflow wraps around",
                str(2**31),
                "account-id-int32",
                lambda value: isinstance(value, int) and value >= 2**31,
                lambda value: (value + 2**31) % 2**32 - 2**31,
            ),
            (
                "an underflow is set to the least id",
                str(-(2**31) - 1),
                "account-id-int32",
                lambda value: isinstance(value, int) and value < -(2**31),
                lambda _: -(2**31),
            ),
        )
    ),
    Defect(
        "an overflow gets a 500",
        "ids",
        "account-id-int32",
        f"{2**31}: expected 400, got 500",
        _remove_limits("AccountId"),
    ),
    Defect(
        "0 is refused",
        "ids",
        "account-id-int32",
        f"0: {REFUSED}",
        _change_account_schema("AccountId", minimum=1),
    ),
    Defect(
        "a negative id is refused",
        "ids",
        "account-id-int32",
        f"-1: {REFUSED}",
        _change_account_schema("AccountId", minimum=0),
    ),
    Defect(
        "the greatest id is refused",
        "ids",
        "account-id-int32",
        f"{2**31 - 1}: {REFUSED}",
        _change_account_schema("AccountId", maximum=2**31 - 2),
    ),
    Defect(
        "an id is required",
        "ids",
        "id-absent",
        f"no id: {REFUSED}",
        require_member("SyncUserAccount", "AccountId"),
    ),
)
