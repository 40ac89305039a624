"""Reads the documents of the repository."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]


def read(name: str) -> str:
    """Return the text of the file *name*, a path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def table(text: str, heading: str) -> list[str]:
    """Return the rows of the first table below *heading*, without its head."""
    section = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| ")][2:]


def pattern(example: str) -> re.Pattern[str]:
    """Return the pattern of an example output, in which … stands for any text."""
    return re.compile(".*".join(re.escape(part) for part in example.split("…")), re.DOTALL)
