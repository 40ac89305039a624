"""No general module knows one operation: what is special about it stands in its own modules."""

import re
from pathlib import Path
from typing import Final

import superoffice_contract
import superoffice_mock

FOLDERS: Final = (Path(superoffice_contract.__path__[0]), Path(superoffice_mock.__path__[0]))
MODULES_OF_THE_OPERATION: Final = "sync_email_accounts.py"
"""The name of its module in `operations/` of each package."""
FORBIDDEN: Final = (
    r"\bsync_user_accounts\b",
    r"\bby_name\[\s*[\"']",
    r"\(\s*operation\s*,\s*\)\s*=",
    r"\[\s*operation\s*\]\s*=",
    r"next\(\s*iter\([^)]*\boperations\b",
)
"""Members of one operation's body, and one operation taken from a table of all."""


def violations(source: str) -> list[str]:
    return [match[0] for pattern in FORBIDDEN for match in re.finditer(pattern, source)]


def test_no_general_module_knows_one_operation() -> None:
    found = {
        str(path.relative_to(folder.parent)): violations(path.read_text(encoding="utf-8"))
        for folder in FOLDERS
        for path in folder.rglob("*.py")
        if path.name != MODULES_OF_THE_OPERATION
    }
    assert {path: texts for path, texts in found.items() if texts} == {}


def test_what_takes_one_operation_for_granted_is_found() -> None:
    for source in (
        "accounts = body.sync_user_accounts or ()",
        'operation = load().by_name["SyncEmailAccounts"]',
        "(operation,) = load().operations.values()",
        "[operation] = operations",
        "path = next(iter(request.context.operations.values())).path",
    ):
        assert len(violations(source)) == 1, source
    assert violations("operation = load().by_name[NAME]; user = next(iter(users), None)") == []
