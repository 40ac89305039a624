"""A description with operations that the product does not have, as a tool of its user has one."""

from typing import Any, Final

from superoffice_contract.openapi import operations

SYNC_PATH: Final = "/api/v1/Agents/EMail/SyncEmailAccounts"
REPORT_PATH: Final = "/api/v1/Agents/Sale/GetSaleReport"
CONTACT_PATH: Final = "/api/v1/Contact/{contactKey}"


def _object(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members}


def _content(name: str, *media_types: str) -> dict[str, Any]:
    schema = {"$ref": f"#/components/schemas/{name}"}
    return {media_type: {"schema": schema} for media_type in media_types}


_INTEGER: Final = {"type": "integer"}
_TEXT: Final = {"type": ["string", "null"]}
_SCHEMAS: Final = {
    "SaleFilter": _object(
        SaleLimit=_INTEGER,
        FilterText=_TEXT,
        SaleStages={"type": "array", "items": _INTEGER},
        InnerFilters={"type": "array", "items": {"$ref": "#/components/schemas/SaleFilter"}},
    ),
    "SaleReport": _object(SaleCount=_INTEGER, ReportText=_TEXT, Stage={"enum": ["Sold", "Lost"]}),
}
_PATHS: Final = {
    REPORT_PATH: {
        "post": {
            "operationId": "GetSaleReport",
            "parameters": [{"name": "saleId", "in": "query", "schema": _INTEGER}],
            "requestBody": {
                "content": _content("SaleFilter", "application/json", "application/xml")
            },
            "responses": {
                200: {
                    "description": "The report.",
                    "content": _content(
                        "SaleReport", "application/json", "application/x-report+json"
                    ),
                }
            },
        }
    },
    CONTACT_PATH: {
        "get": {
            "operationId": "GetContact",
            "parameters": [{"name": "contactKey", "in": "path", "schema": {"type": "string"}}],
            "responses": {200: {"description": "The contact."}},
        }
    },
}


def _describe() -> operations.Description:
    document = operations.load().document
    components = document["components"]
    schemas = components["schemas"] | _SCHEMAS
    return operations.read_document(
        {
            **document,
            "paths": document["paths"] | _PATHS,
            "components": components | {"schemas": schemas},
        }
    )


DESCRIPTION: Final = _describe()
"""The description of the product, a POST with a circular body, and a GET with a path parameter."""


def any_body(schema: dict[str, Any]) -> operations.Description:
    """Return a description whose SyncEmailAccounts has a body of this *schema*, in JSON.

    It may refer to Pair, an object.
    """
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    call = {"operationId": "SyncEmailAccounts", "requestBody": body}
    return operations.read_document(
        {
            "paths": {SYNC_PATH: {"post": call}},
            "components": {"schemas": {"Pair": _object(Left=_INTEGER, Right=_TEXT)}},
        }
    )
