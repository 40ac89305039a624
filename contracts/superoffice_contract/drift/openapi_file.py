"""Reads the facts from a Swagger 2.0 or OpenAPI 3.x file that contains the call."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from superoffice_contract.drift import facts
from superoffice_contract.drift.baseline import type_of
from superoffice_contract.drift.facts import DocumentFacts, Fact, agent_method
from superoffice_contract.drift.prose_patterns import AREAS, find_facts
from superoffice_contract.errors import DriftError

MAX_DEPTH: Final = 16
"""How many references, and how many levels of `allOf`, are followed."""
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_GROUP_MEMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    facts.DESCRIPTION: ("description",),
    facts.RESTRICTION: ("description",),
    facts.QUERY: ("parameters",),
    facts.HEADERS: ("parameters",),
    facts.CREDENTIALS: ("security",),
    facts.MEDIA_TYPES: ("consumes",),
    facts.RESPONSES: ("responses",),
}
"""The member of the operation that holds the facts of a group."""
_PARAMETER_GROUPS: Final = {
    "query": facts.QUERY,
    "header": facts.HEADERS,
    "cookie": facts.HEADERS,
}


class Node(msgspec.Struct, frozen=True):
    """A value in a document and its JSON Pointer. References are already resolved."""

    document: object
    pointer: str
    value: Any

    def get(self, *names: str) -> "Node | None":
        """Return the descendant at the path *names*, or None."""
        node = self
        for name in names:
            child = next((child for key, child in node.children() if key == name), None)
            if child is None:
                return None
            node = child
        return node

    def children(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the members of an object by name, or the items of a list by index."""
        if isinstance(self.value, dict):
            pairs = [(str(name), child) for name, child in self.value.items()]
        elif isinstance(self.value, list):
            pairs = [(str(index), child) for index, child in enumerate(self.value)]
        else:
            pairs = []
        for name, child in pairs:
            yield name, self._child(name, child)

    def children_at(self, *names: str) -> Iterator[tuple[str, "Node"]]:
        """Yield the children of the descendant at the path *names*; none if it is missing."""
        node = self.get(*names)
        return iter(()) if node is None else node.children()

    def text(self, name: str) -> str:
        """Return the member *name* as text; a boolean is `true` or `false`, as in YAML."""
        node = self.get(name)
        value = None if node is None else node.value
        return str(value).lower() if isinstance(value, bool) else str(value or "")

    def _child(self, name: str, value: object) -> "Node":
        pointer = f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        for _ in range(MAX_DEPTH):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return Node(self.document, pointer, value)
            pointer, value = reference, _resolve(self.document, reference)
        msg = f"it has more than {MAX_DEPTH} references in a row at {pointer}"
        raise DriftError(msg)


class _Operation(msgspec.Struct, frozen=True):
    """The operation at *node*, the item of `paths` that contains it, and the whole file."""

    root: Node
    path: str
    path_item: Node
    method: str
    node: Node


def read_spec(document: Mapping[str, Any], path: str) -> DocumentFacts:
    """Return the facts about the call at *path*, whatever prefix the file has before it."""
    root = Node(document, "#", document)
    operation = _find_operation(root, path)
    all_facts = tuple(fact for read_facts in _READERS for fact in read_facts(operation))
    name = "Swagger" if "swagger" in document else "OpenAPI"
    version = root.text("swagger") or root.text("openapi")
    return DocumentFacts(f"{name} {version} file", "spec", all_facts, _group_places(operation))


def _resolve(document: object, reference: str) -> object:
    node: object = document
    if not reference.startswith("#/"):
        msg = f"it refers to {reference}, which is not in it; join the files into one"
        raise DriftError(msg)
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            msg = f"it refers to {reference}, which does not exist"
            raise DriftError(msg)
        node = node[name]
    return node


def _find_operation(root: Node, path: str) -> _Operation:
    paths = list(root.children_at("paths"))
    for name, item in paths:
        methods = [method for method in METHODS if item.get(method) is not None]
        if agent_method(name).lower() == agent_method(path).lower() and methods:
            method = "post" if "post" in methods else methods[0]
            full_path = f"{_base_path(root, name)}{name}"
            return _Operation(root, full_path, item, method, item.get(method) or item)
    msg = f"it does not contain Agents/{agent_method(path)}; it has {len(paths)} other paths"
    raise DriftError(msg)


def _base_path(root: Node, path: str) -> str:
    """Return the base path of the file, or "" if *path* is already complete."""
    if path.lower().startswith("/api/"):
        return ""
    servers = [server.text("url") for _, server in root.children_at("servers")]
    base = root.text("basePath") or urlsplit(servers[0] if servers else "").path
    return base.rstrip("/")


def _group_places(operation: _Operation) -> dict[str, str]:
    places = dict.fromkeys(facts.GROUPS, operation.node.pointer)
    for group, names in _GROUP_MEMBERS.items():
        if member := operation.node.get(*names):
            places[group] = member.pointer
    if schema := _body_schema(operation):
        places[facts.BODY] = places[facts.ACCOUNT] = schema.pointer
        for _, member in _schema_members(schema):
            if items := member.get("items"):
                places[facts.ACCOUNT] = items.pointer
    return places


# ---- facts by part of the operation ----------------------------------------------------------


def _call_facts(operation: _Operation) -> Iterator[Fact]:
    yield Fact(facts.CALL, "method", operation.node.pointer, operation.method.upper())
    yield Fact(facts.CALL, "path", operation.path_item.pointer, operation.path)
    for method in METHODS:
        node = operation.path_item.get(method)
        if node is not None and method != operation.method:
            yield Fact(facts.CALL, f"method {method.upper()}", node.pointer)


def _prose_facts(operation: _Operation) -> Iterator[Fact]:
    for name in ("summary", "description"):
        pointer = f"{operation.node.pointer}/{name}"
        yield from find_facts("text", facts.DESCRIPTION, operation.node.text(name), pointer)


def _parameter_facts(operation: _Operation) -> Iterator[Fact]:
    for parameter in _parameters(operation):
        location, name = parameter.text("in"), parameter.text("name").lower()
        group = _PARAMETER_GROUPS.get(location)
        if group is None:
            if location != "body":
                yield Fact(facts.BODY, f"{location} {name}", parameter.pointer)
            continue
        type_ = _schema_type(parameter.get("schema") or parameter) if group == facts.QUERY else ""
        required = "required" if parameter.text("required") == "true" else ""
        value = ", ".join(filter(None, (type_, required)))
        yield Fact(group, f"{location} {name}", parameter.pointer, value)
        if name in AREAS:
            yield from find_facts(name, group, parameter.text("description"), parameter.pointer)


def _parameters(operation: _Operation) -> Iterator[Node]:
    for node in (operation.path_item, operation.node):
        yield from (parameter for _, parameter in node.children_at("parameters"))


def _media_type_facts(operation: _Operation) -> Iterator[Fact]:
    for name, pointer in _media_types(operation, "consumes"):
        yield Fact(facts.MEDIA_TYPES, f"media type {name}", pointer)
    for name, content in operation.node.children_at("requestBody", "content"):
        yield Fact(facts.MEDIA_TYPES, f"media type {name.lower()}", content.pointer)


def _media_types(operation: _Operation, name: str) -> Iterator[tuple[str, str]]:
    """Yield the media types in the member *name*, and their places; they are those of Swagger."""
    owner = operation.node if operation.node.get(name) else operation.root
    return ((str(item.value).lower(), item.pointer) for _, item in owner.children_at(name))


def _response_facts(operation: _Operation) -> Iterator[Fact]:
    for name, pointer in _media_types(operation, "produces"):
        yield Fact(facts.HEADERS, f"answer in {name}", pointer, claims=("accept-header",))
    for status, response in operation.node.children_at("responses"):
        description = response.text("description")
        yield Fact(facts.RESPONSES, f"response {status}", response.pointer, description)
        first_content = next((node for _, node in response.children_at("content")), None)
        content = response.get("schema") or first_content
        if content is not None and status.startswith("2"):
            yield Fact(facts.RESPONSES, f"content of response {status}", content.pointer)


def _body_node(operation: _Operation) -> Node | None:
    in_body = (node for node in _parameters(operation) if node.text("in") == "body")
    return operation.node.get("requestBody") or next(in_body, None)


def _body_schema(operation: _Operation) -> Node | None:
    """Return the schema of the body, by preference the one for JSON."""
    body = _body_node(operation)
    if body is None:
        return None
    contents = [content for _, content in body.children_at("content")]
    return (body.get("content", "application/json") or (contents or [body])[0]).get("schema")


def _body_facts(operation: _Operation) -> Iterator[Fact]:
    if (body := _body_node(operation)) is not None:
        yield Fact(facts.BODY, "body required", body.pointer, body.text("required") or "false")
    if (schema := _body_schema(operation)) is None:
        return
    for name, member in _schema_members(schema):
        value = _member_type(schema, name, member)
        yield Fact(facts.BODY, f"member {name}", member.pointer, value)
        if (items := member.get("items")) is not None:
            yield from _account_facts(items)


def _account_facts(account: Node) -> Iterator[Fact]:
    for name, member in _schema_members(account):
        value = _member_type(account, name, member)
        yield Fact(facts.ACCOUNT, f"member of an account {name}", member.pointer, value)


def _schema_members(schema: Node, depth: int = 0) -> Iterator[tuple[str, Node]]:
    """Yield the properties of *schema*, including those in `allOf`."""
    yield from schema.children_at("properties")
    if depth < MAX_DEPTH:
        for _, part in schema.children_at("allOf"):
            yield from _schema_members(part, depth + 1)


def _member_type(schema: Node, name: str, member: Node) -> str:
    is_required = any(node.value == name for _, node in schema.children_at("required"))
    return f"{_schema_type(member)}, required" if is_required else _schema_type(member)


def _schema_type(schema: Node) -> str:
    """Return the type of *schema*; if it is left out, infer it from the other keywords."""
    if not isinstance(schema.value, dict):
        return "any"
    types = {"properties": "object", "allOf": "object", "items": "array"}
    inferred = next((type_ for keyword, type_ in types.items() if keyword in schema.value), "any")
    return type_of({"type": inferred, **schema.value})


def _scheme_facts(operation: _Operation) -> Iterator[Fact]:
    security = operation.node.get("security") or operation.root.get("security")
    definitions = dict(operation.root.children_at("securityDefinitions"))
    definitions |= dict(operation.root.children_at("components", "securitySchemes"))
    for _, alternative in () if security is None else security.children():
        for name, node in alternative.children():
            definition = definitions.get(name)
            scheme = name if definition is None else _scheme_name(definition)
            place = (definition or node).pointer
            yield Fact(facts.CREDENTIALS, f"scheme {scheme.lower()}", place)


def _scheme_name(definition: Node) -> str:
    type_, name = definition.text("type").lower(), definition.text("name")
    if type_ == "apikey":
        return "SoTicket" if name.lower() == "authorization" else f"{name} ({type_})"
    if type_ == "http":
        return definition.text("scheme")
    # OAuth 2 and OpenID Connect issue tokens for Bearer.
    return "Bearer" if type_ in ("oauth2", "openidconnect") else type_


_READERS: Final = (
    _call_facts,
    _prose_facts,
    _parameter_facts,
    _media_type_facts,
    _response_facts,
    _body_facts,
    _scheme_facts,
)
