"""What the wheel holds besides the code: the data that ship, and a front-end that was built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: What ``web/`` is built into, and what a wheel without it would lack.
BUILT = ("service/static/index.html", "service/export_page/index.html")


class Contents(BuildHookInterface[Any]):
    """Adds to a wheel; an editable install has everything in the project's folder."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Put the data beside the code, and refuse a wheel that could not show its page."""
        if version == "editable":
            return
        lacking = [name for name in BUILT if not (Path(self.root) / name).is_file()]
        if lacking:
            raise FileNotFoundError(
                f"{', '.join(lacking)}: the front-end is not built. scripts/wheel builds it."
            )
        build_data["force_include"]["data"] = "service/data"
