"""The scripts of the pages: their types, and what they must not do."""

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from superoffice_contract import timeline
from superoffice_mock.control.endpoints import dashboard
from tests.support.node_packages import MODULES, find_node

FOLDERS: Final = (Path(timeline.__path__[0]), dashboard.FOLDER)
SCRIPTS: Final = sorted(path for folder in FOLDERS for path in folder.glob("*.js"))
MARKUP: Final = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function\("
)
"""What makes markup or a program of a text."""
ELSEWHERE: Final = re.compile(r"https?://(?!www\.w3\.org/)", re.IGNORECASE)


@pytest.mark.slow
def test_the_types_of_all_scripts_are_checked(tmp_path: Path) -> None:
    node = find_node()
    options = {
        **dict.fromkeys(("checkJs", "allowJs", "strict", "noEmit", "skipLibCheck"), True),
        "target": "es2022",
        "module": "es2022",
        "lib": ["es2022", "dom", "dom.iterable"],
        "rootDirs": [str(folder) for folder in FOLDERS],  # the server serves them as one
    }
    config = tmp_path / "tsconfig.json"
    config.write_text(json.dumps({"compilerOptions": options, "files": [*map(str, SCRIPTS)]}))
    command = [str(node), str(MODULES / "typescript/bin/tsc"), "--project", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.stdout == ""
    assert done.returncode == 0


def test_no_script_makes_markup_of_a_text_or_needs_another_host() -> None:
    for path in SCRIPTS:
        text = path.read_text(encoding="utf-8")
        assert MARKUP.findall(text) == [], path.name
        assert ELSEWHERE.findall(text) == [], path.name


def test_no_page_has_inline_code_or_styles() -> None:
    for path in dashboard.FOLDER.glob("*.html"):
        page = path.read_text(encoding="utf-8")
        assert re.findall(r"<style|<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page) == [], path.name
