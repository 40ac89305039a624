"""Reads the facts from a Swagger 2.0 or OpenAPI 3.x file that contains the call."""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, Final

import msgspec

from superoffice_contract.drift import facts
from superoffice_contract.drift.facts import GROUPS, DocumentFacts, Fact, agent_method
from superoffice_contract.drift.prose_patterns import AREAS, find_facts
from superoffice_contract.drift.schema_keywords import keywords_of, type_of
from superoffice_contract.errors import DriftError

MAX_DEPTH: Final = 16
"""How many references in a row are followed."""
METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_GROUP_MEMBERS: Final[Mapping[str, str]] = {
    facts.RESTRICTION: "description",
    facts.QUERY: "parameters",
    facts.HEADERS: "parameters",
    facts.CREDENTIALS: "security",
    facts.MEDIA_TYPES: "consumes",
}
"""The member of the operation that holds the facts of a group, if it has another name."""
_WAYS: Final = {0: "no credentials", 1: "1 scheme"}
"""By the number of schemes that a requirement names: how a report tells it."""
_HOST: Final = re.compile(r"\A(?:[^/?#]*:)?//[^/?#]*")
_TENANT: Final = re.compile(r"\A/(?:Cust\d+|\{[^{}/]+\})(?=/api/)", re.IGNORECASE)
_PARAMETER_GROUPS: Final = {"query": facts.QUERY, "header": facts.HEADERS, "cookie": facts.HEADERS}


class Node(msgspec.Struct, frozen=True):
    """A value in a document and its JSON Pointer. References are already resolved.

    The members that stand beside a reference add to its target; *beside* has their pointers.
    """

    document: object
    pointer: str
    value: Any
    beside: Mapping[str, str] = {}

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
        items = dict(enumerate(self.value)) if isinstance(self.value, list) else self.value
        for name, child in items.items() if isinstance(items, dict) else ():
            yield str(name), self._child(str(name), child)

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
        parent = self.beside.get(name, self.pointer)
        pointer = f"{parent}/{name.replace('~', '~0').replace('/', '~1')}"
        members, beside = dict[str, object](), dict[str, str]()
        for _ in range(MAX_DEPTH):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if isinstance(value, dict):
                beside = dict.fromkeys(value, pointer) | beside
                members = value | members
            if not isinstance(reference, str):
                return Node(self.document, pointer, members or value, beside)
            pointer, value = reference, _resolve(self.document, reference)
        msg = f"it has more than {MAX_DEPTH} references in a row at {pointer}"
        raise DriftError(msg)


class _Operation(msgspec.Struct, frozen=True):
    """The operation at *node*, the item of `paths` that contains it, and the whole file."""

    root: Node
    name: str
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
            return _Operation(root, name, item, method, item.get(method) or item)
    msg = f"it does not contain Agents/{agent_method(path)}; it has {len(paths)} other paths"
    raise DriftError(msg)


def _paths(operation: _Operation) -> Iterator[tuple[str, str]]:
    """Yield the place and the path of the call at each server that applies to it."""
    owners = (operation.node, operation.path_item, operation.root)
    owner = next((node for node in owners if node.get("servers")), operation.root)
    servers = list(owner.children_at("servers"))
    base = operation.root.text("basePath")
    urls = [(node.pointer, node.text("url"), node) for _, node in servers]
    for place, url, node in urls or [("#/basePath", base, operation.root)]:
        text = f"{url.rstrip('/')}{operation.name}"
        # A URL that is one variable has its host in there. Elsewhere a variable may be a tenant.
        path = _strip_server(text) if "//" in url or text.startswith("/") else text
        for name, variable in node.children_at("variables"):
            path = path.replace(f"{{{name}}}", variable.text("default").rstrip("/"))
        path = _strip_server(path)
        yield operation.path_item.pointer if path == operation.name else place, path


def _strip_server(url: str) -> str:
    """Return the path of *url* without the segment of a tenant."""
    return _TENANT.sub("", f"/{_HOST.sub('', url).lstrip('/')}")


def _group_places(operation: _Operation) -> dict[str, str]:
    members = {group: operation.node.get(_GROUP_MEMBERS.get(group, group)) for group in GROUPS}
    places = {group: (member or operation.node).pointer for group, member in members.items()}
    for schema in _body_schemas(operation)[:1]:
        places[facts.BODY] = places[facts.ACCOUNT] = schema.pointer
        for _, member in _schema_members(schema):
            if items := _items(member):
                places[facts.ACCOUNT] = items.pointer
    return places


# ---- facts by part of the operation ----------------------------------------------------------


def _call_facts(operation: _Operation) -> Iterator[Fact]:
    yield Fact(facts.CALL, "method", operation.node.pointer, operation.method.upper())
    for place, path in _paths(operation):
        yield Fact(facts.CALL, "path", place, path)
    if operation.node.text("deprecated") == "true":
        yield Fact(facts.CALL, "deprecated", f"{operation.node.pointer}/deprecated")
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
        schema, id_ = parameter.get("schema") or parameter, f"{location} {name}"
        type_ = _schema_type(schema) if group == facts.QUERY else ""
        required = "required" if parameter.text("required") == "true" else ""
        value = ", ".join(filter(None, (type_, required)))
        yield Fact(group, id_, parameter.pointer, value)
        for node in (parameter,) if schema is parameter else (parameter, schema):
            yield from _keyword_facts(group, id_, node, owner=id_)
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


def _body_schemas(operation: _Operation) -> list[Node]:
    """Return the schemas of the body, each once; that for JSON comes first."""
    body = _body_node(operation)
    if body is None:
        return []
    contents = [content for _, content in body.children_at("content")]
    json = body.get("content", "application/json")
    schemas = [node.get("schema") for node in (json, *contents, body) if node]
    return list({schema.pointer: schema for schema in schemas if schema}.values())


def _body_facts(operation: _Operation) -> Iterator[Fact]:
    if (body := _body_node(operation)) is not None:
        yield Fact(facts.BODY, "body required", body.pointer, body.text("required") or "false")
    for schema in _body_schemas(operation):
        yield from _object_facts(facts.BODY, "the body", "member", schema)
        for _, member in _schema_members(schema):
            if items := _items(member):
                yield from _object_facts(facts.ACCOUNT, "an account", "member of an account", items)


def _object_facts(group: str, id_: str, kind: str, schema: Node) -> Iterator[Fact]:
    """Yield the keywords of *schema*, and its members of this *kind* with theirs."""
    yield from _keyword_facts(group, id_, schema)
    required = [node.value for part in _parts(schema) for _, node in part.children_at("required")]
    for name, member in _schema_members(schema):
        type_ = _schema_type(member)
        value = f"{type_}, required" if name in required else type_
        yield Fact(group, f"{kind} {name}", member.pointer, value)
        yield from _keyword_facts(group, f"{kind} {name}", member, owner=f"{kind} {name}")


def _keyword_facts(group: str, id_: str, schema: Node, owner: str = "") -> Iterator[Fact]:
    for part in _parts(schema):
        for keyword, value in keywords_of(part.value):
            place = f"{part.beside.get(keyword, part.pointer)}/{keyword}"
            yield Fact(group, f"{id_}: {keyword}", place, value, owner=owner)


def _parts(schema: Node) -> Iterator[Node]:
    """Yield *schema* and its parts in `allOf`, if they are objects, each once."""
    parts, seen = [schema], set[str]()
    for part in parts:
        if part.pointer not in seen and isinstance(part.value, dict):
            yield part
            seen.add(part.pointer)
            parts.extend(child for _, child in part.children_at("allOf"))


def _schema_members(schema: Node) -> Iterator[tuple[str, Node]]:
    return chain.from_iterable(part.children_at("properties") for part in _parts(schema))


def _items(schema: Node) -> Node | None:
    return next(filter(None, (part.get("items") for part in _parts(schema))), None)


def _schema_type(schema: Node) -> str:
    """Return the type of *schema*; if it is left out, infer it from the other keywords."""
    value: dict[str, Any] = {}
    for part in _parts(schema):
        value = part.value | value
    types = {"properties": "object", "items": "array", "allOf": "object"}
    inferred = next((type_ for keyword, type_ in types.items() if keyword in value), "any")
    return type_of({"type": inferred, **value})


def _scheme_facts(operation: _Operation) -> Iterator[Fact]:
    security = operation.node.get("security") or operation.root.get("security")
    definitions = dict(operation.root.children_at("securityDefinitions"))
    definitions |= dict(operation.root.children_at("components", "securitySchemes"))
    children = () if security is None else security.children()
    alternatives = [node for _, node in children if isinstance(node.value, dict)]
    for name, node in chain.from_iterable(node.children() for node in alternatives):
        if (definition := definitions.get(name)) is None:
            why = f"the file defines {', '.join(definitions) or 'none'}"
            yield Fact(facts.CREDENTIALS, f'scheme "{name}"', node.pointer, why, undefined=True)
        else:
            scheme = _scheme_name(definition).lower()
            yield Fact(facts.CREDENTIALS, f"scheme {scheme}", definition.pointer)
    requirements = {frozenset(name for name, _ in node.children()) for node in alternatives}
    sizes = sorted(map(len, requirements))
    if security is not None and sizes:
        ways = " or ".join(_WAYS.get(size, f"{size} schemes together") for size in sizes)
        yield Fact(facts.CREDENTIALS, "ways to sign in", security.pointer, ways)


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
