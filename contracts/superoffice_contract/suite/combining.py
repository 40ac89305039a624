"""Combines calls that must be accepted: on a server in real time each of them may take a second."""

from collections.abc import Mapping, Sequence
from typing import Self

import msgspec

from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.target.http import Request
from superoffice_contract.target.tenants import Header

Headers = tuple[Header, ...]


class Parts(msgspec.Struct, frozen=True):
    """How a call differs from the plain one, in parts that may vary on their own.

    None: it does not differ. *content* is the Content-Type with the body; *others* are all other
    headers, by lower-case name.
    """

    path: str | None = None
    query: str | None = None
    credential: Headers | None = None
    content: tuple[Headers, bytes] | None = None
    others: Mapping[str, Header] = {}

    def merge(self, other: Self) -> "Parts | None":
        """Return the parts of both, or None if they differ in one that both have."""
        mine, theirs = self._by_name(), other._by_name()
        if any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys()):
            return None
        others = {**self.others, **other.others}
        return Parts(
            self.path or other.path,
            self.query or other.query,
            other.credential if self.credential is None else self.credential,
            other.content if self.content is None else self.content,
            others,
        )

    def _by_name(self) -> Mapping[str, object]:
        parts = {
            "path": self.path,
            "query": self.query,
            "credential": self.credential,
            "content": self.content,
            **{f"header {name}": header for name, header in self.others.items()},
        }
        return {name: part for name, part in parts.items() if part is not None}


class CombinedCall(msgspec.Struct, frozen=True):
    """One request that stands for several; *indices* say for which."""

    request: Request
    indices: tuple[int, ...]


def combine(plain: Request, requests: Sequence[Request]) -> list[CombinedCall]:
    """Return few calls that stand for all *requests*, which differ from the *plain* call.

    A request that leaves out a header of the plain call, or repeats one, stands for itself.
    """
    groups: list[tuple[Parts, list[int]]] = []
    alone: list[CombinedCall] = []
    for index, request in enumerate(requests):
        parts = find_parts(plain, request)
        if parts is None:
            alone.append(CombinedCall(request, (index,)))
            continue
        for number, (group_parts, indices) in enumerate(groups):
            merged = group_parts.merge(parts)
            if merged is not None:
                groups[number] = (merged, [*indices, index])
                break
        else:
            groups.append((parts, [index]))
    return [CombinedCall(compose(plain, parts), tuple(group)) for parts, group in groups] + alone


def find_parts(plain: Request, request: Request) -> Parts | None:
    """Return the parts in which *request* differs from *plain*; None if it can't be combined."""
    names = [name.lower() for name, _ in request.headers]
    others, plain_others = _other_headers(request), _other_headers(plain)
    is_odd = len(set(names)) < len(names) or bool(plain_others.keys() - others.keys())
    if is_odd or request.method != plain.method:
        return None
    path, _, query = request.path.partition("?")
    credential, content = _credential(request), _content(request)
    return Parts(
        None if path == plain.path else path,
        query or None,
        None if credential == _credential(plain) else credential,
        None if content == _content(plain) else content,
        {name: header for name, header in others.items() if plain_others.get(name) != header},
    )


def compose(plain: Request, parts: Parts) -> Request:
    """Return the *plain* call with *parts* in place of its own."""
    path = parts.path or plain.path
    content_type, body = _content(plain) if parts.content is None else parts.content
    credential = _credential(plain) if parts.credential is None else parts.credential
    others = {**_other_headers(plain), **parts.others}
    headers = (*credential, *content_type, *others.values())
    return Request(plain.method, f"{path}?{parts.query}" if parts.query else path, headers, body)


def _credential(request: Request) -> Headers:
    return tuple(header for header in request.headers if header[0].lower() in SECRET_HEADERS)


def _content(request: Request) -> tuple[Headers, bytes]:
    types = tuple(header for header in request.headers if header[0].lower() == "content-type")
    return types, request.body


def _other_headers(request: Request) -> dict[str, Header]:
    return {
        header[0].lower(): header
        for header in request.headers
        if header[0].lower() not in (*SECRET_HEADERS, "content-type")
    }
