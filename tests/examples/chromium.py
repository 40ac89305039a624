"""A real Chromium, controlled by Node.js."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

BROWSE: Final = Path(__file__).with_name("browse.cjs")
Browse = Callable[[*tuple[tuple[str, str], ...]], list[Any]]
"""Takes URLs and expressions, visits the pages in one tab, and returns the values."""


def make_browser(folder: Path, *flags: str) -> Browse:
    """Return a function that starts a new Chromium with *flags*; its files are in *folder*."""
    node, chromium = shutil.which("node"), shutil.which("chromium")
    if node is None or chromium is None:
        pytest.skip("pages need Chromium, and Node.js to control it; install both")
    wrapper = folder / "chromium"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.join((chromium, *flags))} "$@"\n', encoding="utf-8")
    wrapper.chmod(0o755)

    def browse(*pages: tuple[str, str]) -> list[Any]:
        argument = json.dumps([{"url": url, "expression": expression} for url, expression in pages])
        command = [node, str(BROWSE), str(wrapper), str(folder / "profile"), argument]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        values: list[Any] = json.loads(done.stdout)
        return values

    return browse
