"""What was meant, where a body has a member that is unknown."""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from superoffice_mock.wire.plain import shown

_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*?)`( - at `\$[^`]*`)?", re.DOTALL)


def explained(error: Exception, kind: type[msgspec.Struct]) -> str:
    """Return what *error*, raised while reading a *kind*, says, with the member that was meant."""
    unknown = _UNKNOWN.fullmatch(str(error))
    if unknown is None:
        return str(error)
    name, where = unknown[1], unknown[2] or ""
    return f"unknown member `{shown(name)}`{where}; {_meant(name, _members(kind))}"


def _members(kind: type[msgspec.Struct]) -> list[str]:
    """Return the members of *kind* and of what is in it."""
    _, schemas = msgspec.json.schema_components((kind,))
    return sorted({name for one in schemas.values() for name in one.get("properties", ())})


def _meant(name: str, members: Iterable[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name.lower(), members, n=1, cutoff=0.5)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known are {', '.join(members)}" if members else "none is taken here"
