"""Compiles openapi.yaml when the package is built, so that `serve` starts without a YAML parser."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileDescription(BuildHookInterface):  # type: ignore[type-arg, misc, unused-ignore]
    """Writes openapi.json beside openapi.yaml, for wheels and for editable installs."""

    def initialize(self, _: str, build_data: dict[str, Any]) -> None:
        """Write the file, and add it to the wheel, although git ignores it."""
        if self.target_name != "wheel":
            return
        folder = Path(__file__).parent
        sys.path.insert(0, str(folder))
        from superoffice_contract.openapi import compiled

        compiled.COMPILED.write_bytes(compiled.compile_text(compiled.SOURCE.read_bytes()))
        build_data["artifacts"].append(f"/{compiled.COMPILED.relative_to(folder.parent)}")
