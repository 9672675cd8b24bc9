"""Tables that a person edits: CSV files whose columns are the fields of a dataclass."""

from __future__ import annotations

import csv
import datetime as dt
import types
from collections.abc import Callable, Collection
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from geo.errors import Finding, InvalidFile, InvalidRows

T = TypeVar("T")

_READERS: dict[object, tuple[Callable[[str], object], str]] = {
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: (float, "a number"),
    dt.date: (dt.date.fromisoformat, "a date such as 2025-12-23"),
}


def read_table(path: Path, kind: type[T], apart: Collection[str] = ()) -> list[tuple[int, T]]:
    """Return line numbers and rows of a table as instances of a dataclass.

    Parameters
    ----------
    kind : its fields are the columns: texts, numbers, dates, choices (``Literal``), each of them or None for
        an empty cell, and tuples of texts, separated by ``;``
    apart : fields that stand elsewhere and keep their default

    Raises
    ------
    InvalidFile : another header
    InvalidRows : every wrong cell with line, column, value and what was expected
    """
    hints = get_type_hints(kind)
    columns = [one.name for one in fields(kind) if one.name not in apart]  # type: ignore[arg-type]  # a dataclass
    findings: list[Finding] = []
    found: list[tuple[int, T]] = []
    _check_text(path)
    with path.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened, strict=True)
        if sorted(reader.fieldnames or []) != sorted(columns):
            told = ",".join(reader.fieldnames or [])
            raise InvalidFile(
                f"{path.name} has another header", [Finding("line 1", "header", told, ",".join(columns))]
            )
        for row in reader:
            if None in row or None in row.values():
                expected = f"{len(columns)} cells: a text with a comma stands in quotes"
                findings.append(Finding(f"line {reader.line_num}", "row", ",".join(columns), expected))
                continue
            values: dict[str, object] = {}
            for name in columns:
                written = (row[name] or "").strip()
                try:
                    values[name] = _value(written, hints[name])
                except ValueError as error:
                    findings.append(Finding(f"line {reader.line_num}", name, written, str(error)))
            if len(values) == len(columns):
                found.append((reader.line_num, kind(**values)))
    if findings:
        raise InvalidRows(f"{path.name} has {len(findings)} faults", findings)
    return found


def _check_text(path: Path) -> None:
    """Refuse what Excel saves when it is not told otherwise: cp932, or a workbook."""
    try:
        path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        expected = "UTF-8。Excel では「CSV UTF-8」で保存する / UTF-8: in Excel, save it as CSV UTF-8"
        finding = Finding("file", "encoding", f"byte {error.start}", expected)
        raise InvalidFile(
            f"UTF-8 の CSV ではありません / {path.name} is no CSV in UTF-8", [finding]
        ) from error


def _value(written: str, hint: Any) -> object:
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (one for one in get_args(hint) if one is not type(None))
        if not written:
            return None
    if get_origin(hint) is tuple:
        return tuple(part.strip() for part in written.split(";") if part.strip())
    if get_origin(hint) is Literal:
        if written not in get_args(hint):
            raise ValueError(f"one of {', '.join(get_args(hint))}")
        return written
    if hint is bool:
        if written not in ("yes", ""):
            raise ValueError("yes or nothing")
        return written == "yes"
    read, expected = _READERS[hint]
    try:
        return read(written)
    except ValueError:
        raise ValueError(expected) from None
