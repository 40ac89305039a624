"""Helpers that seed a defect: a small change of the mock, undone when the test ends."""

import sys
from collections.abc import Awaitable, Callable
from functools import partial
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

Mutation = Callable[[pytest.MonkeyPatch], None]
Seeds = dict[str, tuple[str, Mutation]]
"""By the name of a defect: a part of `where: what` of a finding, and the change of the mock."""
Change = Callable[[Response, ApiRequest], Response]

_WITH_DEFECTS = ("superoffice_mock.", "superoffice_contract.bodies.")
"""The modules that a defect may change."""


def clear_caches() -> None:
    """Clear the caches of functions that may have a defect, so that it shows at once."""
    for name, module in list(sys.modules.items()):
        for value in list(vars(module).values()) if name.startswith(_WITH_DEFECTS) else ():
            if hasattr(value, "cache_clear"):
                value.cache_clear()


def change_object(name: str, change: Callable[[Any], Any]) -> Mutation:
    """Replace the object *name* with what *change* makes of it.

    *name* is one of the mock's, such as `access_log.log_text`, or `bodies.…` for a body reader.
    """
    package = "superoffice_contract" if name.startswith("bodies.") else "superoffice_mock"
    full_name = f"{package}.{name}"
    return lambda patch: patch.setattr(full_name, change(resolve_name(full_name)))


def wrap_function(name: str, change: Callable[..., Any]) -> Mutation:
    """Replace the function *name* with *change*, whose first argument is the original."""
    return change_object(
        name,
        lambda original: lambda *arguments, **options: change(original, *arguments, **options),
    )


def replace_object(name: str, value: object) -> Mutation:
    """Replace the object *name* with *value*."""
    return change_object(name, lambda _: value)


def combine(*mutations: Mutation) -> Mutation:
    """Combine *mutations* into one."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        for mutation in mutations:
            mutation(patch)

    return mutate


# ---- responses -------------------------------------------------------------------------------


def change_response(change: Change, *statuses: int) -> Mutation:
    """Change responses with one of *statuses*, or all if none is given, before they are sent."""

    async def answer(original: Any, endpoint: object, request: ApiRequest) -> Response:
        response: Response = await original(endpoint, request)
        is_affected = not statuses or response.status in statuses
        return change(response, request) if is_affected else response

    return wrap_function("webapi.endpoint.ApiEndpoint._answer", answer)


def replace_status(new_status: int, *statuses: int) -> Mutation:
    """Answer with *new_status* in place of *statuses*."""
    return change_response(
        lambda response, _: msgspec.structs.replace(response, status=new_status), *statuses
    )


def add_header(name: str, value: str, *statuses: int) -> Mutation:
    """Add a header to responses with one of *statuses*."""
    headers = ((name.lower().encode(), value.encode()),)
    return change_response(lambda response, _: response.with_headers(headers), *statuses)


def remove_header(name: str, *statuses: int) -> Mutation:
    """Remove a header from responses with one of *statuses*."""

    def remove(response: Response, _: ApiRequest) -> Response:
        headers = tuple(pair for pair in response.headers if pair[0] != name.lower().encode())
        return msgspec.structs.replace(response, headers=headers)

    return change_response(remove, *statuses)


def refuse_when(status: int, condition: Callable[[ApiRequest], bool]) -> Mutation:
    """Answer requests that fulfil *condition* with *status*."""

    def refuse(response: Response, request: ApiRequest) -> Response:
        return Response(status) if condition(request) else response

    return change_response(refuse)


# ---- calls -----------------------------------------------------------------------------------


Answer = Callable[[ApiRequest], Awaitable[Response]]


def replace_method(
    method: str, handle: Callable[[Answer, ApiRequest], Awaitable[Response]]
) -> Mutation:
    """Let *handle* answer requests of *method* at a known path; it takes the original answer."""

    def answer_or_replace(answer: Any, backend: object, request: ApiRequest) -> Any:
        is_affected = request.scope["method"] == method and request.route.error is None
        original = partial(answer, backend)
        return handle(original, request) if is_affected else original(request)

    return wrap_function("webapi.operations.pipeline.SimulationBackend.answer", answer_or_replace)


def wrap_call(change: Callable[..., Awaitable[Response]]) -> Mutation:
    """Replace the steps of a call with *change*, whose first argument are the original ones."""
    return wrap_function("webapi.operations.pipeline.SimulationBackend._handle", change)


# ---- the description -------------------------------------------------------------------------


def change_description(change: Callable[[Any], object]) -> Mutation:
    """Change the openapi.yaml that the mock follows; the check uses the original."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        document = yaml.safe_load(yaml.safe_dump(operations.load().document))
        change(document)
        new_description = operations.read_document(document)
        namespace = SimpleNamespace(load=lambda: new_description)
        patch.setattr("superoffice_mock.webapi.operations.registry.operations", namespace)

    return mutate


def reject_with(code: int, reason: str) -> Callable[..., Any]:
    """Return a function that always raises Rejected."""

    def reject(*_: object, **__: object) -> Any:
        raise Rejected(code, "", reason)

    return reject
