"""A Swagger 2.0 or OpenAPI 3.x file that contains the call -> facts."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from superoffice_contract.drift import facts
from superoffice_contract.drift.baseline import type_of
from superoffice_contract.drift.facts import Fact, Reading, call_in
from superoffice_contract.drift.prose_patterns import AREAS, facts_in
from superoffice_contract.errors import DriftError

DEEPEST: Final = 16
"""How many references and parts a schema is followed through."""


class Node(msgspec.Struct, frozen=True):
    """A place in a document; a reference in it is followed, and the place is where it leads."""

    document: object
    pointer: str
    value: Any

    def get(self, *names: str) -> "Node | None":
        """Return what stands below under these names, or None."""
        node = self
        for name in names:
            found = next((one for key, one in node.children() if key == name), None)
            if found is None:
                return None
            node = found
        return node

    def children(self) -> Iterator[tuple[str, "Node"]]:
        """Yield the members of an object by name, the items of a list by index."""
        if isinstance(self.value, dict):
            pairs = [(str(name), child) for name, child in self.value.items()]
        elif isinstance(self.value, list):
            pairs = [(str(index), child) for index, child in enumerate(self.value)]
        else:
            pairs = []
        for name, child in pairs:
            yield name, self._below(name, child)

    def below(self, *names: str) -> Iterator[tuple[str, "Node"]]:
        """Yield the children of what stands under *names*; nothing, if nothing does."""
        found = self.get(*names)
        return iter(()) if found is None else found.children()

    def text(self, name: str) -> str:
        """Return the text under *name*; JSON and YAML write booleans alike."""
        found = self.get(name)
        value = None if found is None else found.value
        return str(value).lower() if isinstance(value, bool) else str(value or "")

    def _below(self, name: str, value: object) -> "Node":
        pointer = f"{self.pointer}/{name.replace('~', '~0').replace('/', '~1')}"
        for _ in range(DEEPEST):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return Node(self.document, pointer, value)
            pointer, value = reference, _pointed_at(self.document, reference)
        msg = f"the reference at {pointer} leads nowhere"
        raise DriftError(msg)


def _pointed_at(document: object, reference: str) -> object:
    node: object = document
    if not reference.startswith("#/"):
        msg = f"it refers to {reference}, which is not in it; join the files into one"
        raise DriftError(msg)
    for part in reference.removeprefix("#/").split("/"):
        name = part.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, dict) or name not in node:
            msg = f"it refers to {reference}, where nothing is"
            raise DriftError(msg)
        node = node[name]
    return node


VERBS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


class _Call(msgspec.Struct, frozen=True):
    """The operation, the item of `paths` that it stands in, and the whole file."""

    root: Node
    path: str
    item: Node
    verb: str
    post: Node


def read(document: Mapping[str, Any], path: str) -> Reading:
    """Return what a specification says about the call at *path*, whatever comes before it."""
    root = Node(document, "#", document)
    call = _find(root, path)
    found = tuple(fact for part in _PARTS for fact in part(call))
    name = "Swagger" if "swagger" in document else "OpenAPI"
    version = root.text("swagger") or root.text("openapi")
    return Reading(f"{name} {version} file", "spec", found, _homes(call))


def _find(root: Node, path: str) -> _Call:
    paths = list(root.below("paths"))
    wanted = call_in(path).lower()
    for name, item in paths:
        verbs = [verb for verb in VERBS if item.get(verb) is not None]
        if call_in(name).lower() == wanted and verbs:
            verb = "post" if "post" in verbs else verbs[0]
            operation = item.get(verb) or item
            return _Call(root, f"{_prefix(root, name)}{name}", item, verb, operation)
    msg = f"it does not contain Agents/{call_in(path)}; it has {len(paths)} other paths"
    raise DriftError(msg)


def _prefix(root: Node, path: str) -> str:
    """Return what the file puts before its paths, where these don't begin at the root."""
    if path.lower().startswith("/api/"):
        return ""
    servers = [server.text("url") for _, server in root.below("servers")]
    base = root.text("basePath") or urlsplit(servers[0] if servers else "").path
    return base.rstrip("/")


def _homes(call: _Call) -> dict[str, str]:
    homes = dict.fromkeys(facts.GROUPS, call.post.pointer)
    for group, names in _HOMES.items():
        if found := call.post.get(*names):
            homes[group] = found.pointer
    if schema := _schema(call):
        homes[facts.BODY] = homes[facts.ACCOUNT] = schema.pointer
        for _, member in _members(schema):
            if items := member.get("items"):
                homes[facts.ACCOUNT] = items.pointer
    return homes


_HOMES: Final[Mapping[str, tuple[str, ...]]] = {
    facts.DESCRIPTION: ("description",),
    facts.RESTRICTION: ("description",),
    facts.QUERY: ("parameters",),
    facts.HEADERS: ("parameters",),
    facts.CREDENTIALS: ("security",),
    facts.MEDIA_TYPES: ("consumes",),
    facts.RESPONSES: ("responses",),
}


# ---- parts -----------------------------------------------------------------------------------


def _call(call: _Call) -> Iterator[Fact]:
    yield Fact(facts.CALL, "method", call.post.pointer, call.verb.upper())
    yield Fact(facts.CALL, "path", call.item.pointer, call.path)
    for verb in VERBS:
        other = call.item.get(verb)
        if other is not None and verb != call.verb:
            yield Fact(facts.CALL, f"method {verb.upper()}", other.pointer)


def _prose(call: _Call) -> Iterator[Fact]:
    for name in ("summary", "description"):
        pointer = f"{call.post.pointer}/{name}"
        yield from facts_in("text", facts.DESCRIPTION, call.post.text(name), pointer)


_PLACES: Final = {"query": facts.QUERY, "header": facts.HEADERS, "cookie": facts.HEADERS}


def _parameters(call: _Call) -> Iterator[Fact]:
    for one in _parameter_nodes(call):
        place, name = one.text("in"), one.text("name").lower()
        group = _PLACES.get(place)
        if group is None:
            if place != "body":
                yield Fact(facts.BODY, f"{place} {name}", one.pointer)
            continue
        type_ = _type(one.get("schema") or one) if group == facts.QUERY else ""
        needed = "required" if one.text("required") == "true" else ""
        value = ", ".join(part for part in (type_, needed) if part)
        yield Fact(group, f"{place} {name}", one.pointer, value)
        if name in AREAS:
            yield from facts_in(name, group, one.text("description"), one.pointer)


def _parameter_nodes(call: _Call) -> Iterator[Node]:
    for holder in (call.item, call.post):
        yield from (one for _, one in holder.below("parameters"))


def _media_types(call: _Call) -> Iterator[Fact]:
    consumed = call.post.get("consumes") or call.root.get("consumes")
    if consumed is not None:
        for _, one in consumed.children():
            yield Fact(facts.MEDIA_TYPES, f"media type {str(one.value).lower()}", one.pointer)
    for name, one in call.post.below("requestBody", "content"):
        yield Fact(facts.MEDIA_TYPES, f"media type {name.lower()}", one.pointer)


def _answers(call: _Call) -> Iterator[Fact]:
    produced = call.post.get("produces") or call.root.get("produces")
    if produced is not None:
        for _, one in produced.children():
            id_ = f"answer in {str(one.value).lower()}"
            yield Fact(facts.HEADERS, id_, one.pointer, claims=("accept-header",))
    for status, one in call.post.below("responses"):
        yield Fact(facts.RESPONSES, f"response {status}", one.pointer, one.text("description"))
        content = one.get("schema") or next((node for _, node in one.below("content")), None)
        if content is not None and status.startswith("2"):
            yield Fact(facts.RESPONSES, f"content of response {status}", content.pointer)


def _body_node(call: _Call) -> Node | None:
    in_body = (one for one in _parameter_nodes(call) if one.text("in") == "body")
    return call.post.get("requestBody") or next(in_body, None)


def _schema(call: _Call) -> Node | None:
    """Return the schema of the body; that of JSON, where media types have their own."""
    body = _body_node(call)
    if body is None:
        return None
    media = [one for _, one in body.below("content")]
    return (body.get("content", "application/json") or (media or [body])[0]).get("schema")


def _body(call: _Call) -> Iterator[Fact]:
    if (body := _body_node(call)) is not None:
        yield Fact(facts.BODY, "body required", body.pointer, body.text("required") or "false")
    if (schema := _schema(call)) is None:
        return
    for name, member in _members(schema):
        value = _type_in(schema, name, member)
        yield Fact(facts.BODY, f"member {name}", member.pointer, value)
        items = member.get("items")
        for inner, one in () if items is None else _members(items):
            id_ = f"member of an account {inner}"
            yield Fact(facts.ACCOUNT, id_, one.pointer, _type_in(items or schema, inner, one))


def _members(schema: Node, depth: int = 0) -> Iterator[tuple[str, Node]]:
    """Yield the properties of *schema* and of the parts that it is made of."""
    yield from schema.below("properties")
    if depth < DEEPEST:
        for _, part in schema.below("allOf"):
            yield from _members(part, depth + 1)


def _type_in(schema: Node, name: str, member: Node) -> str:
    required = any(one.value == name for _, one in schema.below("required"))
    return f"{_type(member)}, required" if required else _type(member)


def _type(schema: Node) -> str:
    """Return the type; one that is left out is told by the members that only it has."""
    if not isinstance(schema.value, dict):
        return "any"
    implied = {"properties": "object", "allOf": "object", "items": "array"}
    guessed = next((type_ for name, type_ in implied.items() if name in schema.value), "any")
    return type_of({"type": guessed, **schema.value})


def _security(call: _Call) -> Iterator[Fact]:
    """Yield the schemes that the call asks for; OAuth 2 hands out tokens for Bearer."""
    asked = call.post.get("security") or call.root.get("security")
    defined = dict(call.root.below("securityDefinitions"))
    defined |= dict(call.root.below("components", "securitySchemes"))
    for _, alternative in () if asked is None else asked.children():
        for name, place in alternative.children():
            definition = defined.get(name)
            shown = name if definition is None else _scheme(definition)
            yield Fact(facts.CREDENTIALS, f"scheme {shown.lower()}", (definition or place).pointer)


def _scheme(definition: Node) -> str:
    type_, name = definition.text("type").lower(), definition.text("name")
    if type_ == "apikey":
        return "SoTicket" if name.lower() == "authorization" else f"{name} ({type_})"
    return {"oauth2": "Bearer", "openidconnect": "Bearer", "http": definition.text("scheme")}.get(
        type_, type_
    )


_PARTS: Final = (_call, _prose, _parameters, _media_types, _answers, _body, _security)
