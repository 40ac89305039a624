"""Control calls that must fail: they return a problem and change nothing."""

from typing import Any

from tests.support.in_process import ClientResponse, InProcessMock


async def expect_problem(
    local: InProcessMock,
    method: str,
    path: str,
    status: int,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> str:
    """Send a control call that must fail with *status*; return the detail of its problem."""
    before = snapshot(local)
    response = await local.call(method, f"/_mock/{path}", body, headers or {})
    call = f"{method} {path} {body[:80]!r} {headers}"
    assert snapshot(local) == before, f"{call} changed something"
    return read_problem(response, status, call)


def read_problem(response: ClientResponse, status: int, call: str = "") -> str:
    """Return the detail of the problem in *response*, which must be well-formed."""
    assert response.status == status, f"{call}: {response.status} {response.body!r}"
    assert response.headers["content-type"] == "application/problem+json", call
    problem = response.json()
    assert set(problem) == {"title", "status", "detail"}, call
    assert problem["status"] == status, call
    assert problem["title"], call
    assert problem["detail"].isprintable(), call
    return str(problem["detail"])


def snapshot(local: InProcessMock) -> list[Any]:
    """Return everything that a control call can change."""
    return [
        (
            tenant.facts,
            tenant.state,
            [id(exchange) for exchange in local.exchanges(tenant.facts.id)],
        )
        for tenant in local.mock.tenants
    ]
