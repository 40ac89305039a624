"""Who may import whom: the table of design.md, section 3, held against the imports themselves."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import superoffice_contract
import superoffice_mock

MOCK, CONTRACT = "superoffice_mock", "superoffice_contract"
DESCRIPTION = f"{CONTRACT}.description"
SHAPES = f"{CONTRACT}.shapes"
CHARSETS = f"{CONTRACT}.charsets"
FOLDERS = {
    MOCK: Path(superoffice_mock.__path__[0]),
    CONTRACT: Path(superoffice_contract.__path__[0]),
}
IMPURE = (
    *("asyncio", "contextvars", "logging", "os", "random", "select", "selectors", "signal"),
    *("socket", "subprocess", "sys", "threading", "time"),
)
RULES = (".errors", ".core")
HARNESS = ("yaml", "msgspec", "jsonschema_rs", "jsonschema", "schemathesis", "hypothesis", "httpx2")
TENANTS = (".tenant", ".tenants")
ASGI = (
    *RULES,
    *TENANTS,
    ".below",
    ".wire",
    ".traffic",
    ".clock",
    ".settings",
    ".specs",
    ".asgi",
    ".__version__",
)

RECORDED = (
    *("archive", "calls", "charsets", "claims", "conduct", "description", "har", "presented"),
    *("report", "shapes"),
)
TRAFFIC = (
    *("msgspec", ".__version__", *RULES, ".wire", ".traffic"),
    *(f"{CONTRACT}.{one}" for one in RECORDED),
)

LAYERS: dict[str, tuple[str, ...]] = {
    ".": (".errors", ".testing"),
    ".errors": (),
    ".core": ("msgspec", *RULES),
    ".wire": ("msgspec", *RULES, ".wire", DESCRIPTION, SHAPES, CHARSETS),
    ".traffic": (*TRAFFIC, "httpx2"),
    ".traffic.har": (*TRAFFIC, "os"),
    ".traffic.parts": (*TRAFFIC, "os"),
    ".traffic.upstream": (*TRAFFIC, "socket"),
    ".traffic.link": (*TRAFFIC, "httpx2"),
    ".traffic.caller": (*TRAFFIC, "asyncio", "time"),
    ".traffic.ledger": (*TRAFFIC, "asyncio"),
    ".traffic.recorder": (*TRAFFIC, ".below", "asyncio", "time"),
    ".clock": ("msgspec", *RULES, "time", "asyncio"),
    ".clockwork": ("msgspec", *RULES, ".clock", "asyncio"),
    ".lessor": ("msgspec", *RULES),
    ".tenant": ("msgspec", *RULES, ".clock", ".clockwork", ".lessor", "asyncio"),
    ".tenants": ("msgspec", *RULES, ".tenant"),
    ".settings": ("msgspec", *RULES),
    ".specs": ("msgspec", *RULES),
    ".world": ("msgspec", *RULES, ".settings", ".specs"),
    ".asgi": ("msgspec", "starlette", *ASGI, DESCRIPTION, "asyncio"),
    ".asgi.control.described": ("msgspec", "yaml", ".asgi", ".core", ".__version__"),
    ".log": ("msgspec", ".core", ".wire", ".asgi", "sys"),
    ".below": (".errors", "asyncio"),
    ".protocol": ("uvicorn", "httptools", "msgspec", ".errors", ".below", ".offered", *IMPURE),
    ".offered": ("uvicorn", ".below", ".parting", *IMPURE),
    ".parting": IMPURE,
    ".server": ("uvicorn", *RULES, ".protocol", ".settings", ".wire", ".asgi", *IMPURE),
    ".descriptors": ("msgspec", ".settings", "sys"),
    ".commands.demo": (
        "msgspec",
        "click",
        ".log",
        ".server",
        ".settings",
        ".world",
        ".asgi",
        *IMPURE,
    ),
    ".commands.progress": ("click", "sys"),
    ".commands.reporting": (".errors", f"{CONTRACT}.report"),
    ".commands.serving": (
        *("click", ".asgi", ".descriptors", ".log", ".server", ".settings", ".world"),
        *IMPURE,
    ),
    ".commands.checking": (*ASGI, ".log", ".commands.progress", ".world", CONTRACT),
    ".commands.proxying": ("msgspec", ".errors", ".server", ".settings", ".traffic", "socket"),
    ".commands.visiting": (
        "msgspec",
        ".commands.checking",
        ".core",
        ".errors",
        ".commands.progress",
        ".wire",
        CONTRACT,
    ),
    ".commands.replaying": (*ASGI, ".tenants", f"{CONTRACT}.archive", f"{CONTRACT}.report"),
    ".commands.resending": (
        "msgspec",
        *ASGI,
        ".commands.checking",
        ".commands.signing",
        ".commands.visiting",
        ".world",
        CONTRACT,
        "asyncio",
    ),
    ".commands.signing": (".core", ".errors", ".traffic", f"{CONTRACT}.target"),
    ".cli": ("click", "superoffice_mock", CONTRACT, *IMPURE),
    ".testing": (
        *("msgspec", "hypothesis", "asyncio", "random", ".errors", ".testing"),
        *(".settings", ".world", ".log", ".asgi", ".server", ".commands.replaying", "starlette"),
    ),
    ".testing.conductor": (
        "msgspec",
        "starlette",
        "asyncio",
        ".errors",
        ".below",
        ".asgi",
        ".testing",
    ),
    ".pytest_plugin": ("pytest", "superoffice_mock", CONTRACT, *IMPURE),
    ".__main__": (".cli",),
    SHAPES: ("msgspec",),
    CHARSETS: (),
    DESCRIPTION: ("yaml", "msgspec", "jsonschema_rs", "jsonschema", SHAPES),
    CONTRACT: (*HARNESS, CONTRACT, *IMPURE),
}
"""Module, the longest prefix counts -> what it may import; names of the mock begin with a dot.

The harmless part of the standard library is free for all, the rest is listed.
"""
AT_THE_TOP: dict[str, tuple[str, ...]] = {
    ".traffic": TRAFFIC,
    ".": (),
    ".testing": ("msgspec", "asyncio", ".errors", ".testing"),
    ".testing.conductor": (
        "msgspec",
        "starlette",
        "asyncio",
        ".errors",
        ".below",
        ".asgi",
        ".testing",
    ),
    ".pytest_plugin": ("pytest",),
    ".cli": ("click", ".errors", ".settings", ".cli", ".__version__", *IMPURE),
    DESCRIPTION: ("yaml", "msgspec", SHAPES),
}
"""What these may import outside functions; the rest of their row only where it is needed."""


def covers(prefix: str, name: str) -> bool:
    if prefix == MOCK:
        return name.startswith(".")
    return name == prefix or name.startswith(f"{prefix}.")


def imported(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield every imported name, and whether the import stands at the top."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{one.name}" for one in node.names]
        for name in names:
            own = name == MOCK or name.startswith(f"{MOCK}.")
            yield (name.removeprefix(MOCK) or ".") if own else name, node in tree.body


def wrongs(module: str, source: str) -> list[str]:
    row = max((one for one in LAYERS if covers(one, module)), key=len, default=".")
    found = []
    for name, at_top in imported(ast.parse(source)):
        allowed = AT_THE_TOP.get(row, LAYERS[row]) if at_top else LAYERS[row]
        package = name.partition(".")[0]
        harmless = package in sys.stdlib_module_names and package not in IMPURE
        if not harmless and not any(covers(one, name) for one in allowed):
            found.append(f"{module} may not import {name}")
    return found


def modules() -> dict[str, Path]:
    found = {}
    for root, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join((root, *parts)).removesuffix(".__init__").removeprefix(MOCK)
            found[name or "."] = path
    return found


@pytest.mark.parametrize("module", sorted(modules()))
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    assert wrongs(module, modules()[module].read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (".core.lease", "import time"),
        (".core.lease", "from superoffice_mock.wire import media"),
        (".core.lease", "def f():\n    from starlette import types"),
        (".wire.xml_body", "from superoffice_contract.suite.run import run"),
        (".tenants", "from superoffice_mock.app import assemble"),
        (".asgi.app", "import uvicorn"),
        (".log", "import click"),
        (".server", "import pytest"),
        (".cli", "import uvicorn"),
        (".cli", "from superoffice_mock.server.run import listen"),
        (".new", "import click"),
        (".new", "from superoffice_mock.testing import handle"),
        (".testing.handle", "from superoffice_mock.server.run import in_background"),
        (".pytest_plugin", "import msgspec"),
        (f"{CONTRACT}.description", "import jsonschema"),
        (f"{CONTRACT}.description", "def f():\n    import schemathesis"),
        (f"{CONTRACT}.suite", "from superoffice_mock import settings"),
    ],
)
def test_an_import_against_the_table_would_be_found(module: str, source: str) -> None:
    assert len(wrongs(module, source)) == 1


def test_serve_loads_nothing_that_only_the_harness_and_the_tests_need() -> None:
    program = (
        "import sys; from superoffice_mock.cli import serve;"
        "from superoffice_mock import log, server, settings, world;"
        "from superoffice_mock.app import assemble; s = settings.Settings();"
        "m = assemble(s, world.of(s), log.silent);"
        "server.Server(m, s, lambda: None).config.load(); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.split()}
    assert {"starlette", "uvicorn", "msgspec"} <= loaded
    assert loaded & {"jsonschema", "schemathesis", "hypothesis", "pytest", "httpx2"} == set()
