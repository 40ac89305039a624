"""The package's description with two more operations, to show that none is taken for granted."""

from typing import Any, Final

from superoffice_contract.openapi.operations import load, read_document

COUNT, STATE = "/api/v1/Agents/Number/Count", "/api/state/{tenant}"
NUMBER: Final = {"schema": {"type": "integer"}}
OTHER_PATHS: Final[dict[str, Any]] = {
    COUNT: {
        "post": {
            "operationId": "Count",
            "security": [{"basic": []}],
            "parameters": [{"name": "limit", "in": "query", "required": True, **NUMBER}],
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": {
                "200": {
                    "description": "The number.",
                    "content": {"application/json": NUMBER, "application/xml": NUMBER},
                }
            },
        }
    },
    STATE: {
        "parameters": [
            {"name": "tenant", "in": "path", "required": True, "schema": {"type": "string"}}
        ],
        "get": {
            "operationId": "State",
            "security": [],
            "responses": {"200": {"description": "It is on.", "content": {"text/json": {}}}},
        },
    },
}
DESCRIPTION: Final = read_document(
    {**load().document, "paths": {**load().document["paths"], **OTHER_PATHS}}
)
