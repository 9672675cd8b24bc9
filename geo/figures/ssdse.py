"""SSDSE (教育用標準データセット) A, B and E as the Statistics Center publishes them, every edition.

Headers differ from edition to edition, so columns are found by their item codes. In A and E each
column has a reference year of its own (row 2); in B the year is the first column.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from geo.codes import area_code
from geo.errors import Finding, Findings, InvalidAreaCode, InvalidFile, InvalidRows
from geo.figures.observations import EXPECTED_NUMBER, Row, decoded, distinct, number
from geo.files.workbooks import sheet_rows

#: Columns of a workbook; the widest edition has 128.
MOST_COLUMNS = 256
_ITEM = re.compile(r"[A-L]\d{4,6}")
_YEAR = re.compile(r"(19|20)[0-9]{2}")


#: SSDS item code → indicator ids that it is loaded as
Items = Mapping[str, Sequence[str]]


def read_ssdse(data: bytes, items: Items, prefectural: Items) -> list[Row]:
    """Return the figures of an SSDSE file.

    Parameters
    ----------
    data : the file, cp932 or UTF-8
    items, prefectural : of municipalities, and of prefectures and the nation; other columns are left out

    Raises
    ------
    InvalidFile : no header of SSDSE-A, -B or -E
    InvalidRows : every cell that is no number and no known symbol, every code that is none
    """
    return _figures(_table(data), items, prefectural)


def is_ssdse(header: Sequence[str]) -> bool:
    """Return whether the first row of a table is that of an SSDSE file."""
    return any(_ITEM.fullmatch(cell) for cell in header)


def read_ssdse_workbook(path: Path, items: Items, prefectural: Items) -> list[Row]:
    """Return the figures of an SSDSE workbook, whose first sheet has the rows of the file in text.

    Raises
    ------
    InvalidFile, InvalidRows : as ``read_ssdse``
    """
    rows = sheet_rows(path, most_columns=MOST_COLUMNS)
    width = max((len(cells) for _, cells in rows), default=0)
    padded = [(line, cells + [""] * (width - len(cells))) for line, cells in rows]
    return _figures(padded, items, prefectural)


def _figures(table: list[tuple[int, list[str]]], items: Items, prefectural: Items) -> list[Row]:
    if len(table) < 4 or not is_ssdse(table[0][1]):
        told = ",".join(table[0][1]) if table else ""
        raise InvalidFile("No SSDSE file", [Finding("line 1", "header", told, "item codes such as A1101")])
    findings = Findings()
    rows = distinct(_rows(table, items, prefectural, findings), findings)
    if findings:
        raise InvalidRows(f"{findings.total} faults in an SSDSE file", findings)
    return rows


def _table(data: bytes) -> list[tuple[int, list[str]]]:
    """Return the line and the cells of each row."""
    lines = csv.reader(io.StringIO(decoded(data, "SSDSE"), newline=""), strict=True)
    try:
        return [(lines.line_num, row) for row in lines if row]
    except csv.Error as error:
        finding = Finding(f"line {lines.line_num}", "row", str(error), "comma separated values (RFC 4180)")
        raise InvalidFile("No SSDSE file", [finding]) from error


def _rows(
    table: list[tuple[int, list[str]]], items: Items, prefectural: Items, findings: Findings
) -> Iterator[Row]:
    header, second = table[0][1], table[1][1]
    columns = {place: code for place, code in enumerate(header) if code in items or code in prefectural}
    years = {place: second[place] if place < len(second) else "" for place in columns}
    by_column = any(_YEAR.fullmatch(year) for year in second)
    first = 3 if by_column else 2
    line, cells = table[first]
    code_column = next((place for place, cell in enumerate(cells) if re.fullmatch(r"R\d{5}", cell)), None)
    if code_column is None or code_column >= len(header):
        raise InvalidFile("No SSDSE file", [Finding(f"line {line}", "code", "", "a column of R01100")])
    for line, cells in table[first:]:
        if len(cells) != len(header):
            told = f"{len(cells)} cells"
            findings.append(Finding(f"line {line}", "row", told, f"{len(header)} cells"))
            continue
        try:
            code = area_code(cells[code_column])
        except InvalidAreaCode as error:
            told, expected = cells[code_column], error.findings[0].expected
            findings.append(Finding(f"line {line}", header[code_column] or "code", told, expected))
            continue
        for place, item in columns.items():
            loaded_as = (prefectural if code.endswith("000") else items).get(item, ())
            if not loaded_as:
                continue
            year = years[place] if by_column else cells[0]
            if not _YEAR.fullmatch(year):
                where = "line 2" if by_column else f"line {line}"
                findings.append(Finding(where, item, year, "a reference year such as 2020"))
                continue
            try:
                value, status = number(cells[place])
            except ValueError:
                findings.append(Finding(f"line {line}", item, cells[place], EXPECTED_NUMBER))
                continue
            raw = "" if value is not None else cells[place]
            for indicator in loaded_as:
                yield Row(indicator, code, year, value, status, raw, line)
