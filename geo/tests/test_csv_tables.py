from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from geo.csv_tables import read_table
from geo.errors import InvalidFile, InvalidRows


@dataclass(frozen=True)
class Row:
    name: str
    kind: Literal["one", "two"]
    when: dt.date
    value: float | None
    tags: tuple[str, ...]
    above: bool
    apart: int = 7


def table(folder: Path, text: str) -> Path:
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_cells_become_what_the_fields_say(tmp_path: Path) -> None:
    path = table(tmp_path, "name,kind,when,value,tags,above\na,two,2025-12-23,,x; y,yes\n")
    assert read_table(path, Row, ("apart",)) == [
        (2, Row("a", "two", dt.date(2025, 12, 23), None, ("x", "y"), True))
    ]


def test_every_wrong_cell_is_told(tmp_path: Path) -> None:
    path = table(tmp_path, "name,kind,when,value,tags,above\na,three,soon,much,,no\n")
    with pytest.raises(InvalidRows) as refusal:
        read_table(path, Row, ("apart",))
    assert [(f.where, f.field) for f in refusal.value.findings] == [
        ("line 2", field) for field in ("kind", "when", "value", "above")
    ]


def test_another_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match="header"):
        read_table(table(tmp_path, "name,kind\na,one\n"), Row, ("apart",))
