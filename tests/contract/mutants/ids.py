"""Defects in the members of an account, and in what is an id."""

from collections.abc import Callable
from typing import Any, Final

from tests.contract.mutants.patching import (
    Defect,
    Vary,
    all_of,
    changing,
    described,
    rejecting,
    setting,
)
from tests.contract.mutants.patching_bodies import GENERAL, REFUSED, TAKEN, ids, members, required


def _verbatim(members: Callable[..., Any]) -> Callable[..., Any]:
    def exact(value: Any, shape: Any, where: str, notes: Any) -> Any:
        names = {one.name for one in shape.members.values()}
        kept = {name: one for name, one in dict(value).items() if not names or name in names}
        return members(kept, shape, where, notes)

    return exact


def _account(name: str, **schema: Any) -> Vary:
    return described(lambda document: members(document)[name].update(schema))


def _unlimited(name: str) -> Vary:
    def drop(document: Any) -> None:
        for limit in ("minimum", "maximum"):
            del members(document)[name][limit]

    return described(drop)


MEMBERS: Final = (
    Defect(
        "member names heed case",
        "parity",
        "camel-case",
        "swapped case gave",
        all_of(GENERAL, changing("wire.json_body._members", _verbatim)),
    ),
    Defect(
        "unknown members are refused",
        "member-names",
        "unknown-members",
        f"an unknown member: {REFUSED}",
        setting("wire.values.Notes.unknown_member", rejecting(400, "unknown member")),
    ),
    Defect(
        "AssociateName may not be null",
        "member-names",
        "null-members",
        f"null for a name: {REFUSED}",
        _account("AssociateName", type="string"),
    ),
    Defect(
        "FieldProperties may not be null",
        "member-names",
        "null-members",
        f"carrier members: {REFUSED}",
        _account("FieldProperties", type="object"),
    ),
)


IDS: Final = (
    *(
        Defect(name, "ids", claim, f"{sent}: {TAKEN}", ids(when, become))
        for name, sent, claim, when, become in (
            (
                "a numeric string is an id",
                '"5"',
                "integers-strict",
                lambda one: isinstance(one, str) and one.isdigit(),
                int,
            ),
            (
                "a boolean is an id",
                "true",
                "integers-strict",
                lambda one: isinstance(one, bool),
                int,
            ),
            ("null is an id", "null", "integers-strict", lambda one: one is None, lambda _: 0),
            (
                "1.0 is an id",
                "1.0",
                "integers-strict",
                lambda one: isinstance(one, float) and one < 10,
                int,
            ),
            (
                "1e2 is an id",
                "1e2",
                "integers-strict",
                lambda one: isinstance(one, float) and one > 10,
                int,
            ),
            (
                "an overflow wraps around",
                str(2**31),
                "account-id-int32",
                lambda one: isinstance(one, int) and one >= 2**31,
                lambda one: (one + 2**31) % 2**32 - 2**31,
            ),
            (
                "an underflow is cut off",
                str(-(2**31) - 1),
                "account-id-int32",
                lambda one: isinstance(one, int) and one < -(2**31),
                lambda _: -(2**31),
            ),
        )
    ),
    Defect(
        "an overflow is a 500",
        "ids",
        "account-id-int32",
        f"{2**31}: expected 400, got 500",
        _unlimited("AccountId"),
    ),
    Defect(
        "0 is no id",
        "ids",
        "account-id-int32",
        f"0: {REFUSED}",
        _account("AccountId", minimum=1),
    ),
    Defect(
        "a negative id is refused",
        "ids",
        "account-id-int32",
        f"-1: {REFUSED}",
        _account("AccountId", minimum=0),
    ),
    Defect(
        "the greatest id is refused",
        "ids",
        "account-id-int32",
        f"{2**31 - 1}: {REFUSED}",
        _account("AccountId", maximum=2**31 - 2),
    ),
    Defect(
        "an id must be sent",
        "ids",
        "id-absent",
        f"no id: {REFUSED}",
        required("SyncUserAccount", "AccountId"),
    ),
)
