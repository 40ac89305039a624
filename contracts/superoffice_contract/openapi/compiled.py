"""openapi.yaml as JSON, which is read many times as fast; a wheel has both.

Only a file that was made of the very text of openapi.yaml counts, so a change of openapi.yaml needs
no build. The hook that runs when the package is built imports this module: it needs PyYAML alone.
"""

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).with_name("openapi.yaml")
COMPILED: Final = SOURCE.with_suffix(".json")


def compile_text(text: bytes) -> bytes:
    """Return the YAML document *text* as JSON, below a line with the hash of *text*."""
    import yaml  # which `serve` does not need

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document = json.dumps(yaml.load(text, Loader=loader), separators=(",", ":"))  # noqa: S506
    return _hash_line(text) + document.encode()


def read_current(source: Path = SOURCE, compiled: Path = COMPILED) -> bytes:
    """Return the document in *source* as JSON: that in *compiled*, unless it is of another text."""
    text = source.read_bytes()
    content = compiled.read_bytes() if compiled.is_file() else b""
    hash_line = _hash_line(text)
    if not content.startswith(hash_line):
        content = compile_text(text)
    return content.removeprefix(hash_line)


def _hash_line(text: bytes) -> bytes:
    return sha256(text).hexdigest().encode() + b"\n"
