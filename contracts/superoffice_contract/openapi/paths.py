"""Finds the described path that the path of a request stands for."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

import msgspec

from superoffice_contract.messages import shorten

_PARAMETER: Final = re.compile(r"\{([^{}]+)\}")


class PathMatch(msgspec.Struct, frozen=True):
    """A described path, and what the path of the request has in addition to it.

    *first_segment* comes before the described path, if anything does. *parameters* are the values
    in the place of `{name}`.
    """

    template: str
    first_segment: str = ""
    parameters: Mapping[str, str] = {}


class Paths:
    """Finds one of *templates*; ignores case and a slash at the end (claims path-case, path-slash).

    One segment may come before the described path (claim path-tenant). No path with a slash too
    many is described.
    """

    def __init__(self, templates: Iterable[str]) -> None:
        self._literal: dict[str, str] = {}
        self._with_parameters: dict[str, str] = {}
        self._most_slashes = 0
        for template in templates:
            trimmed = template.rstrip("/")
            self._most_slashes = max(self._most_slashes, trimmed.count("/"))
            if _PARAMETER.search(template):
                self._with_parameters[trimmed] = template
            else:
                self._literal[trimmed.lower()] = template

    def find(self, path: str) -> PathMatch | None:
        """Return the described path of *path*, or None. One without parameters comes first."""
        if not path.startswith("/") or find_extra_slash(path) is not None:
            return None
        trimmed = path.removesuffix("/")
        first_segment, slash, rest = trimmed[1:].partition("/")
        candidates = (("", trimmed), (first_segment, slash + rest))
        for segment, candidate in candidates:
            if template := self._literal.get(candidate.lower()):
                return PathMatch(template, segment)
        for segment, candidate in candidates:
            for trimmed_template, template in self._with_parameters.items():
                if match := compile_template(trimmed_template).fullmatch(candidate):
                    values = zip(_PARAMETER.findall(template), match.groups(), strict=True)
                    return PathMatch(template, segment, dict(values))
        return None

    def find_end(self, path: str) -> PathMatch | None:
        """Return the described path that *path* ends with, below any folders, or None."""
        if find_extra_slash(path) is not None:
            return None
        # The segment before a described path and a slash at its end come in addition.
        _, *segments = path.rsplit("/", self._most_slashes + 2)
        ends = (f"/{'/'.join(segments[place:])}" for place in range(len(segments)))
        return next(filter(None, map(self.find, ends)), None)


def find_extra_slash(path: str) -> str | None:
    """Return where *path* has a slash too many, one right after another, in words; else None."""
    _, slashes, rest = path.partition("//")
    if not slashes:
        return None
    segment = rest.lstrip("/").partition("/")[0]
    return f"a slash too many {f'before {shorten(segment)!r}' if segment else 'at its end'}"


def drop_extra_slashes(path: str) -> str:
    """Return *path* with one slash where several are in a row."""
    return re.sub("/{2,}", "/", path)


@cache
def compile_template(template: str) -> re.Pattern[str]:
    """Return the pattern of *template*, which ignores case; a parameter is one segment."""
    literals = _PARAMETER.split(template)[::2]  # the parameters' names stand between them
    return re.compile("([^/]+)".join(map(re.escape, literals)), re.IGNORECASE)
