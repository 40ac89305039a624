"""No layer imports upwards, and each layer imports only the packages that it needs."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import superoffice_contract
import superoffice_mock

MOCK, CONTRACT = "superoffice_mock", "superoffice_contract"
FOLDERS: Final = {
    MOCK: Path(superoffice_mock.__path__[0]),
    CONTRACT: Path(superoffice_contract.__path__[0]),
}

LAYERS: Final = (
    tuple(f"{CONTRACT}.{name}" for name in ("openapi", "errors", "messages", "lost_accounts")),
    (f"{CONTRACT}.output_files",),
    (f"{CONTRACT}.bodies", f"{CONTRACT}.validation", f"{CONTRACT}.local_server"),
    (f"{CONTRACT}.operations",),
    (f"{CONTRACT}.timeline",),
    tuple(f"{CONTRACT}.{name}" for name in ("har_log", "header_lines", "report", "readings")),
    (f"{CONTRACT}.report_formats",),
    (f"{CONTRACT}.har",),
    (f"{CONTRACT}.control",),
    (f"{CONTRACT}.verdict",),
    (f"{CONTRACT}.grading", f"{CONTRACT}.drift"),
    (f"{CONTRACT}.target",),
    (f"{CONTRACT}.checks",),
    (f"{CONTRACT}.fuzzing",),
    (f"{CONTRACT}.throttle",),
    (f"{CONTRACT}.suite",),
    (f"{CONTRACT}.real_tenant",),
    (f"{MOCK}.errors", f"{MOCK}.version"),
    (f"{MOCK}.core",),
    (f"{MOCK}.wire",),
    (f"{MOCK}.config", f"{MOCK}.server.asgi_extensions"),
    (f"{MOCK}.recordings",),
    (f"{MOCK}.scanning",),
    (f"{MOCK}.redaction",),
    (f"{MOCK}.tenants",),
    (f"{MOCK}.replay", f"{MOCK}.proxy"),
    (f"{MOCK}.webapi",),
    (f"{MOCK}.control",),
    (f"{MOCK}.app", f"{MOCK}.access_log", f"{MOCK}.server"),
    (f"{MOCK}.testing",),
    (
        *(f"{MOCK}.{name}" for name in ("cli", "pytest_plugin", "pytest_fixture")),
        *(f"{MOCK}.pytest_report", f"{MOCK}.__main__", MOCK),
    ),
)
"""From the bottom. A module imports its own layer and those below; the longest prefix counts."""

IMPURE: Final = frozenset(
    (
        *("asyncio", "contextvars", "logging", "os", "random", "select", "selectors", "signal"),
        *("socket", "subprocess", "sys", "threading", "time"),
    )
)
"""The part of the standard library that does input or output; any layer may import the rest."""
DESCRIPTION: Final = tuple(
    f"{CONTRACT}.{name}"
    for name in (
        *("errors", "messages", "lost_accounts", "openapi", "bodies", "operations"),
        *("validation", "local_server", "output_files"),
    )
)
"""The description and what reads it: all that a server needs of the other package."""
READ_HARS: Final = (
    *DESCRIPTION,
    *(f"{CONTRACT}.{name}" for name in ("har", "har_log", "header_lines", "report")),
)
"""What the mock may import of the other package to read and write recordings."""

PACKAGES: Final[dict[str, frozenset[str]]] = {
    CONTRACT: frozenset(("msgspec",)),
    f"{CONTRACT}.openapi": frozenset(("msgspec", "yaml", "jsonschema_rs")),
    f"{CONTRACT}.drift": frozenset(("msgspec", "yaml")),
    f"{CONTRACT}.control": frozenset(("msgspec", "time")),
    f"{CONTRACT}.output_files": frozenset(("os",)),
    f"{CONTRACT}.target": frozenset(("msgspec", "httpx2", "asyncio", "time")),
    f"{CONTRACT}.checks": frozenset(("msgspec", "asyncio")),
    f"{CONTRACT}.throttle": frozenset(("msgspec", "hypothesis", "asyncio", "time")),
    f"{CONTRACT}.fuzzing": frozenset(
        ("schemathesis", "hypothesis", "requests", "urllib3", "asyncio", "os", "msgspec", "time")
    ),
    f"{CONTRACT}.suite": frozenset(("msgspec", "asyncio", "time")),
    f"{CONTRACT}.real_tenant": frozenset(("msgspec", "asyncio", "time")),
    MOCK: frozenset(
        (*DESCRIPTION, *(f"{CONTRACT}.{name}" for name in ("control.answers", "verdict")))
    ),
    f"{MOCK}.access_log": frozenset((*DESCRIPTION, "msgspec", "sys")),
    f"{MOCK}.app": frozenset(
        (*DESCRIPTION, f"{CONTRACT}.timeline", f"{CONTRACT}.verdict", "msgspec", "starlette")
    ),
    f"{MOCK}.cli": IMPURE | {"click", "msgspec", CONTRACT},
    f"{MOCK}.cli.cert": IMPURE | {"click", CONTRACT, "trustme"},
    f"{MOCK}.config": frozenset((*DESCRIPTION, "msgspec")),
    f"{MOCK}.control": frozenset(
        (
            *(*DESCRIPTION, f"{CONTRACT}.control.answers", f"{CONTRACT}.timeline"),
            *(f"{CONTRACT}.report_formats", f"{CONTRACT}.verdict"),
            *("msgspec", "starlette", "yaml", "asyncio"),
        )
    ),
    f"{MOCK}.core": frozenset((*DESCRIPTION, "msgspec")),
    f"{MOCK}.proxy": frozenset((*DESCRIPTION, "msgspec", "httpx2", "asyncio", "socket", "time")),
    f"{MOCK}.pytest_fixture": frozenset((*DESCRIPTION, f"{CONTRACT}.verdict", "pytest")),
    f"{MOCK}.pytest_plugin": frozenset(("os", "sys", f"{CONTRACT}.verdict", "pytest")),
    f"{MOCK}.pytest_report": frozenset(
        (
            *(*DESCRIPTION, f"{CONTRACT}.report", f"{CONTRACT}.report_formats"),
            f"{CONTRACT}.control.answers",
            *(f"{CONTRACT}.timeline", f"{CONTRACT}.verdict", "msgspec", "pytest"),
        )
    ),
    f"{MOCK}.recordings": frozenset(
        (*READ_HARS, "msgspec", "os", "threading", f"{CONTRACT}.grading")
    ),
    f"{MOCK}.scanning": frozenset((*READ_HARS, "msgspec")),
    f"{MOCK}.redaction.pictures": frozenset(
        (*READ_HARS, f"{CONTRACT}.grading", f"{CONTRACT}.timeline", "msgspec")
    ),
    f"{MOCK}.redaction": frozenset((*READ_HARS, "msgspec", "threading")),
    f"{MOCK}.replay": frozenset((*READ_HARS, "msgspec")),
    f"{MOCK}.server": IMPURE | {*DESCRIPTION, "uvicorn", "httptools", "msgspec"},
    f"{MOCK}.tenants": frozenset((*DESCRIPTION, "msgspec", "asyncio", "time")),
    f"{MOCK}.testing": frozenset(
        (
            *(*DESCRIPTION, f"{CONTRACT}.control", f"{CONTRACT}.timeline", f"{CONTRACT}.verdict"),
            *("msgspec", "starlette", "hypothesis", "asyncio", "random"),
        )
    ),
    f"{MOCK}.webapi": frozenset((*DESCRIPTION, "msgspec", "starlette", "asyncio")),
    f"{MOCK}.webapi.operations.signing": frozenset(("joserfc", "cryptography")),
    f"{MOCK}.wire": frozenset((*DESCRIPTION, "msgspec")),
}
"""What a layer may import in addition to the other modules of the standard library."""

LAZY: Final[dict[str, frozenset[str]]] = {
    f"{MOCK}.control": frozenset((f"{CONTRACT}.report_formats",)),
    f"{CONTRACT}.openapi": frozenset(("jsonschema_rs",)),
    f"{MOCK}.cli.cert": frozenset(("trustme",)),
    f"{MOCK}.webapi.operations.signing": frozenset(("joserfc", "cryptography")),
    f"{MOCK}.testing": frozenset(("hypothesis", "random", f"{MOCK}.app")),
    f"{MOCK}.pytest_fixture": frozenset((f"{MOCK}.pytest_report",)),
    f"{MOCK}.pytest_plugin": frozenset(
        ("msgspec", f"{MOCK}.app", f"{MOCK}.server", f"{MOCK}.pytest_report")
    ),
    f"{MOCK}.app": frozenset((f"{MOCK}.control.request", f"{MOCK}.control.router")),
}
"""What these import only inside functions: it is slow to load, or may not be installed."""


def covers(prefix: str, name: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


def longest_prefix(name: str, prefixes: Iterator[str]) -> str:
    return max((prefix for prefix in prefixes if covers(prefix, name)), key=len)


def layer_of(module: str) -> int:
    """Return the index of the layer of *module*, from the bottom."""
    prefix = longest_prefix(module, (prefix for layer in LAYERS for prefix in layer))
    return next(index for index, layer in enumerate(LAYERS) if prefix in layer)


def imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield each imported name, and whether it is imported at the top of the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            yield name, node in tree.body


def problems(module: str, source: str) -> list[str]:
    """Return the imports of *module* that its layer does not allow."""
    packages = PACKAGES[longest_prefix(module, iter(PACKAGES))]
    lazy = LAZY.get(longest_prefix(module, iter(PACKAGES)), frozenset())
    messages = []
    for name, at_top in imports(ast.parse(source)):
        package = name.partition(".")[0]
        if covers(MOCK, name) or covers(CONTRACT, name):
            other_package = package == CONTRACT and covers(MOCK, module)
            allowed = layer_of(name) <= layer_of(module) or module == MOCK
            if other_package:
                allowed = any(covers(prefix, name) for prefix in packages)
        else:
            harmless = package in sys.stdlib_module_names and package not in IMPURE
            allowed = harmless or package in packages
        if at_top and any(covers(prefix, name) for prefix in lazy):
            allowed = False
        if not allowed:
            messages.append(f"{module} may not import {name}")
    return messages


def modules() -> dict[str, Path]:
    paths = {}
    for root, folder in FOLDERS.items():
        for path in folder.rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            paths[".".join((root, *parts)).removesuffix(".__init__")] = path
    return paths


def test_a_module_imports_only_what_its_layer_may() -> None:
    messages = [
        problem
        for module, path in modules().items()
        for problem in problems(module, path.read_text(encoding="utf-8"))
    ]
    assert messages == [], "\n".join(messages)


def test_an_import_against_the_rules_is_found() -> None:
    for module, source in (
        (f"{MOCK}.core.lease", "import time"),
        (f"{MOCK}.core.lease", f"from {MOCK}.wire import headers"),
        (f"{MOCK}.core.lease", "def f():\n    from starlette import types"),
        (f"{MOCK}.wire.headers", f"from {CONTRACT}.suite.run import run"),
        (f"{MOCK}.tenants.tenant", f"from {MOCK}.app import assemble"),
        (f"{MOCK}.app", "import uvicorn"),
        (f"{MOCK}.app", f"from {MOCK}.control import router"),
        (f"{MOCK}.access_log", "import click"),
        (f"{MOCK}.server.run", "import pytest"),
        (f"{MOCK}.cli.serve", "import uvicorn"),
        (f"{MOCK}.testing.tenant", f"from {MOCK}.app import assemble"),
        (f"{MOCK}.pytest_plugin", "import msgspec"),
        (f"{CONTRACT}.openapi.operations", "import jsonschema_rs"),
        (f"{CONTRACT}.openapi.operations", "def f():\n    import schemathesis"),
        (f"{CONTRACT}.openapi.operations", f"from {CONTRACT}.grading import calls"),
        (f"{CONTRACT}.suite.run", f"from {MOCK} import errors"),
    ):
        assert len(problems(module, source)) == 1, (module, source)


def loaded_modules(program: str) -> set[str]:
    """Run *program* and return the modules that it has loaded at its end."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{program}\nprint(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_a_server_loads_nothing_that_only_the_harness_and_the_tests_need() -> None:
    loaded = loaded_modules(
        "from superoffice_mock.cli import demo, serve\n"
        "from superoffice_mock.app import assemble\n"
        "from superoffice_mock.config.settings import Settings\n"
        "from superoffice_mock.config import tenant_file\n"
        "from superoffice_mock.server.run import serve_in_background\n"
        "settings = Settings(port=0)\n"
        "mock = assemble(settings, tenant_file.load_tenants(settings), print)\n"
        "with serve_in_background(mock, settings): pass"
    )
    packages = {name.partition(".")[0] for name in loaded}
    assert {"starlette", "uvicorn", "msgspec"} <= packages
    assert packages & {"jsonschema", "schemathesis", "hypothesis", "pytest", "httpx2"} == set()
    assert packages & {"joserfc", "cryptography", "trustme"} == set()
    harness = {name for name in loaded if covers(CONTRACT, name) and name != CONTRACT}
    needed = (*DESCRIPTION, f"{CONTRACT}.control")  # `demo` is a client of /_mock/
    assert {name for name in harness if not any(covers(part, name) for part in needed)} == set()


def test_a_check_of_a_url_loads_nothing_of_the_mock_but_its_command_line() -> None:
    loaded = loaded_modules(
        "from superoffice_mock.cli import main\n"
        "try: main(['check', 'http://127.0.0.1:1', '--only', 'media-types'])\n"
        "except SystemExit as error: assert error.code == 2"
    )
    command_line = (f"{MOCK}.cli", f"{MOCK}.errors", f"{MOCK}.version")
    of_the_mock = {name for name in loaded if covers(MOCK, name) and name != MOCK}
    assert f"{CONTRACT}.suite.run" in loaded
    assert [n for n in of_the_mock if not any(covers(part, n) for part in command_line)] == []


def test_the_plugin_loads_only_itself_until_a_test_uses_it() -> None:
    loaded = loaded_modules(f"import pytest, {MOCK}.pytest_plugin")
    ours = {name for name in loaded if name.startswith("superoffice")}
    assert ours == {MOCK, f"{MOCK}.pytest_plugin", f"{MOCK}.version"}
    assert {"starlette", "uvicorn", "msgspec", "hypothesis"} & loaded == set()
