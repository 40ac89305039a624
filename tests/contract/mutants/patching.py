"""The means to seed a defect: one small variation of the mock, undone when the test ends."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
import yaml

from superoffice_contract.openapi import operations
from superoffice_mock.errors import Rejected
from superoffice_mock.webapi.request import ApiRequest
from superoffice_mock.webapi.response import Response

Vary = Callable[[pytest.MonkeyPatch], None]
Change = Callable[[Response, ApiRequest], Response]


@dataclass(frozen=True, slots=True)
class Defect:
    """A variation of the mock, the check that must catch it, and the reason it must tell.

    *reason* is a part of `where: what` of a finding that names *claim*.
    """

    name: str
    check: str
    claim: str
    reason: str
    vary: Vary


def forget() -> None:
    """Empty what functions of the mock remember: a defect in one works on what it is asked anew."""
    for name, module in list(sys.modules.items()):
        for one in list(vars(module).values()) if name.startswith("superoffice_mock.") else ():
            if hasattr(one, "cache_clear"):
                one.cache_clear()


def changing(place: str, change: Callable[[Any], Any]) -> Vary:
    """Put what *change* makes of it in the place of something in the mock."""
    whole = f"superoffice_mock.{place}"
    return lambda patch: patch.setattr(whole, change(resolve_name(whole)))


def setting(place: str, value: object) -> Vary:
    """Put *value* in the place of something in the mock."""
    return changing(place, lambda _: value)


def all_of(*varies: Vary) -> Vary:
    """Vary several things that are one defect together."""

    def vary(patch: pytest.MonkeyPatch) -> None:
        for one in varies:
            one(patch)

    return vary


# ---- answers ---------------------------------------------------------------------------------


def answering(change: Change, *statuses: int) -> Vary:
    """Change the answers of these *statuses*, of all if none is named, before they are sent."""

    def wrapped(original: Callable[..., Awaitable[Response]]) -> Callable[..., Awaitable[Response]]:
        async def answer(surface: object, incoming: ApiRequest) -> Response:
            found = await original(surface, incoming)
            return change(found, incoming) if not statuses or found.status in statuses else found

        return answer

    return changing("webapi.endpoint.ApiEndpoint._answer", wrapped)


def status(wrong: int, *statuses: int) -> Vary:
    """Answer *wrong* for these *statuses*."""
    return answering(lambda found, _: msgspec.structs.replace(found, status=wrong), *statuses)


def header(name: str, value: str, *statuses: int) -> Vary:
    """Add a header to the answers of these *statuses*."""
    more = ((name.lower().encode(), value.encode()),)
    return answering(lambda found, _: found.with_headers(more), *statuses)


def without_header(name: str, *statuses: int) -> Vary:
    """Leave a header out of the answers of these *statuses*."""

    def bare(found: Response, _: ApiRequest) -> Response:
        headers = tuple(one for one in found.headers if one[0] != name.lower().encode())
        return msgspec.structs.replace(found, headers=headers)

    return answering(bare, *statuses)


def refusing(wrong: int, when: Callable[[ApiRequest], bool]) -> Vary:
    """Refuse with the status *wrong* what comes *when*."""

    def refuse(found: Response, incoming: ApiRequest) -> Response:
        return Response(wrong) if when(incoming) else found

    return answering(refuse)


# ---- steps -----------------------------------------------------------------------------------


def stepping(method: str, step: Callable[..., Awaitable[Response]] | None) -> Vary:
    """Take *step* for *method*; None: know no such method."""

    def steps(original: dict[str, Any]) -> dict[str, Any]:
        others = {name: one for name, one in original.items() if name != method}
        return others if step is None else others | {method: step}

    return changing("webapi.operations.pipeline._METHODS", steps)


def calling(change: Callable[..., Awaitable[Response]]) -> Vary:
    """Take the call through *change*, which is given the original first."""

    def steps(original: dict[str, Any]) -> dict[str, Any]:
        post = original["POST"]

        async def step(operations: Any, operation: Any, incoming: ApiRequest) -> Response:
            return await change(post, operations, operation, incoming)

        return original | {"POST": step}

    return changing("webapi.operations.pipeline._METHODS", steps)


# ---- the description -------------------------------------------------------------------------


def described(change: Callable[[Any], object]) -> Vary:
    """Let the mock follow an openapi.yaml that *change* has changed; the check keeps its own."""

    def vary(patch: pytest.MonkeyPatch) -> None:
        document = yaml.safe_load(yaml.safe_dump(operations.load().document))
        change(document)
        changed = operations.read(yaml.safe_dump(document))
        namespace = SimpleNamespace(load=lambda: changed)
        patch.setattr("superoffice_mock.app.operations", namespace)

    return vary


def rejecting(code: int, reason: str) -> Callable[..., Any]:
    """Return a function that rejects whatever it is given."""

    def reject(*_: object, **__: object) -> Any:
        raise Rejected(code, "", reason)

    return reject
