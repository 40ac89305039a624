"""The types in superoffice-mock.ts: from what the mock says at /_mock/openapi.json.

`python -m tests.examples.control_types` writes them; openapi-typescript must be installed here.
"""

import json
import re
import shutil
import subprocess
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

from superoffice_mock import MockServer

HERE: Final = Path(__file__).parent
CLIENT: Final = HERE / "superoffice-mock.ts"
GENERATOR: Final = HERE / "node_modules/openapi-typescript/bin/cli.js"
MARK: Final = "// Generated from /_mock/openapi.json: python -m tests.examples.control_types\n"
WIDTH: Final = 120


def client_with_types(node: str) -> str:
    """Return the client, its code as it is, with the types that the code needs."""
    with MockServer() as server, urlopen(f"{server.url}/_mock/openapi.json") as answer:
        document = json.load(answer)
    code = CLIENT.read_text(encoding="utf-8").partition(MARK)[0]
    schemas = document["components"]["schemas"]
    needed = {name: schemas[name] for name in names_in(code, schemas)}
    types = types_of({**document, "paths": {}, "components": {"schemas": needed}}, node)
    return "\n".join((f"{code}{MARK.strip()}", *types, ""))


def names_in(code: str, schemas: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the *schemas* that *code* names, and of those that they need."""
    names = re.findall(r"\b[A-Z]\w+", code)
    while names:
        name = names.pop(0)
        if name in schemas:
            yield name
            names += re.findall("#/components/schemas/(\\w+)", json.dumps(schemas[name]))


def types_of(document: object, node: str) -> Iterator[str]:
    """Yield the lines of a type for each schema of *document*, without comments."""
    text = subprocess.run(
        [node, str(GENERATOR), "--default-non-nullable", "false"],
        input=json.dumps(document),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    text = re.sub(r"/\*\*.*?\*/\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'components\["schemas"\]\["(\w+)"\]', r"\1", text)
    for name, body in re.findall(r"(?ms)^ {8}(\w+): (.*?);$(?=\n {8}\w|\n {4}\})", text):
        line = f"export type {name} = {' '.join(body.split())};"
        yield from textwrap.wrap(line, WIDTH, break_on_hyphens=False)


if __name__ == "__main__":
    CLIENT.write_text(client_with_types(shutil.which("node") or "node"), encoding="utf-8")
