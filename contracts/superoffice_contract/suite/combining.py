"""Combines calls that must be accepted: on a server in real time each of them may take a second."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from superoffice_contract.messages import SECRET_HEADERS
from superoffice_contract.target.http import Request

Parts = Mapping[str, Any]
"""The parts of a call that may vary on their own: its path, its query, the headers of its
credential, its content (the Content-Type with the body), and each other header by lower-case name.
"""


class CombinedCall(msgspec.Struct, frozen=True):
    """One request that stands for several; *indices* say for which."""

    request: Request
    indices: tuple[int, ...]


def combine(plain: Request, requests: Sequence[Request]) -> list[CombinedCall]:
    """Return few calls that stand for all *requests*, which differ from the *plain* call.

    A request that leaves out a header of the plain call, or repeats one, stands for itself.
    """
    groups: list[tuple[dict[str, Any], list[int]]] = []
    alone: list[CombinedCall] = []
    for index, request in enumerate(requests):
        parts = find_parts(plain, request)
        if parts is None:
            alone.append(CombinedCall(request, (index,)))
            continue
        for group_parts, indices in groups:
            if all(group_parts.get(name, part) == part for name, part in parts.items()):
                group_parts.update(parts)
                indices.append(index)
                break
        else:
            groups.append((dict(parts), [index]))
    return [CombinedCall(_compose(plain, parts), tuple(group)) for parts, group in groups] + alone


def find_parts(plain: Request, request: Request) -> Parts | None:
    """Return the parts in which *request* differs from *plain*; None if it can't be combined."""
    names = [name.lower() for name, _ in request.headers]
    parts, plain_parts = _parts_of(request), _parts_of(plain)
    is_odd = len(set(names)) < len(names) or not plain_parts.keys() <= parts.keys()
    if is_odd or request.method != plain.method:
        return None
    return {name: part for name, part in parts.items() if plain_parts.get(name) != part}


def _compose(plain: Request, parts: Parts) -> Request:
    """Return the *plain* call with *parts* in place of its own."""
    all_parts = {**_parts_of(plain), **parts}
    path, query, credential, (content_type, body), *others = all_parts.values()
    headers = (*credential, *content_type, *others)
    return Request(plain.method, f"{path}?{query}" if query else path, headers, body)


def _parts_of(request: Request) -> Parts:
    path, _, query = request.path.partition("?")
    headers = [(header[0].lower(), header) for header in request.headers]
    content_type = tuple(header for name, header in headers if name == "content-type")
    credential = tuple(header for name, header in headers if name in SECRET_HEADERS)
    others = {f"header {name}": header for name, header in headers}
    for name in (*SECRET_HEADERS, "content-type"):
        others.pop(f"header {name}", None)
    content = content_type, request.body
    return {"path": path, "query": query, "credential": credential, "content": content, **others}
