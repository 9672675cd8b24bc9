"""Figures as rows: read from our own long form (CSV, JSON, XLSX), every fault reported at once.

    indicator,area_code,period,value,status
    population,01100,2020,1973395,
    doctors,07546,2020,,not_available
    arrivals,01100,2025-04,5120,

A missing value is an empty cell with a status, or one of the symbols of Japanese statistics
(``-``, ``…``, ``X``, ``***``), never a zero. A period may be written as people write it, 令和6年度,
2025年4月; it must be of the kind that its indicator has.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from geo.codes import area_codes
from geo.errors import Finding, Findings, InvalidAreaCode, InvalidFile, InvalidRows
from geo.files.documents import read_json, shown
from geo.files.saving import heads, refuse_spreadsheet
from geo.files.workbooks import refuse_merged, sheet_rows
from geo.periods import PeriodKind, read_period

STATUSES = ("ok", "not_available", "not_applicable", "secret", "below_unit", "unknown")
HEADER = ("indicator", "area_code", "period", "value", "status")

#: What statistics write where there is no number (domain: e-Stat, SSDS, census).
SYMBOLS = {
    "***": "not_available",
    "**": "not_available",
    "*": "secret",
    "X": "secret",
    "x": "secret",
    "-": "not_applicable",
    "－": "not_applicable",
    "−": "not_applicable",
    "‐": "not_applicable",
    "―": "not_applicable",
    "…": "not_available",
    "...": "not_available",
    "..": "not_available",
    "・・・": "not_available",
    "0.": "below_unit",
}
EXPECTED_NUMBER = "a number such as 1234.5, or one of " + " ".join(SYMBOLS)

#: Signs that stand for a minus, or alone for "none": hyphens, dashes, rules, a long vowel.
_DASHES = str.maketrans(dict.fromkeys("−‐‑‒–—―─━ー﹣", "-"))
#: A loss as accounts write it.
_TRIANGLES = re.compile(r"[△▲]\s?(?=[0-9])")
_NUMBER = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]*)?([eE][+-]?[0-9]{1,3})?")
LARGEST = 1e18


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; ``value`` is None where ``status`` is not ``ok``; ``line`` is where it stood."""

    indicator: str
    area_code: str
    period: str
    value: float | None
    status: str
    raw: str
    line: int


def decoded(data: bytes, name: str = "file") -> str:
    """Return text of UTF-8, with or without byte order mark, or cp932.

    Raises
    ------
    InvalidFile : neither; the finding names the first byte that fits neither. Of a spreadsheet it says how
        to save it
    """
    refuse_spreadsheet(data, name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        at = error.start
        is_cut = error.reason == "unexpected end of data" and not data[:at].isascii()
    if not is_cut:  # UTF-8 that ends within a character is often good cp932, and no sense
        try:
            return data.decode("cp932")
        except UnicodeDecodeError as error:
            at = max(at, error.start)
    line = data[:at].count(b"\n") + 1
    expected = "a whole file: it ends within a character" if is_cut else "text in UTF-8 or cp932"
    finding = Finding(f"line {line}", "encoding", data[at : at + 8].hex(" "), expected)
    raise InvalidFile(f"{name} is neither UTF-8 nor cp932", [finding])


def ascii_number(written: str) -> str:
    """Return a cell as a number is written in ASCII: full-width digits, minus signs and triangles read.

    >>> ascii_number("－１，２３４．５"), ascii_number("△120"), ascii_number("△")
    ('-1,234.5', '-120', '△')
    """
    if written.isascii():
        return written.strip()
    plain = unicodedata.normalize("NFKC", written.strip()).translate(_DASHES)
    found = _TRIANGLES.match(plain)
    return "-" + plain[found.end() :] if found else plain


def missing_status(written: str) -> str | None:
    """Return the status that a symbol of statistics stands for; None for any other text.

    >>> missing_status("－"), missing_status("＊＊＊"), missing_status("…"), missing_status("5")
    ('not_applicable', 'not_available', 'not_available', None)
    """
    return SYMBOLS.get(written.strip()) or SYMBOLS.get(ascii_number(written))


def number(written: str) -> tuple[float | None, str]:
    """Return the value and status that a cell says.

    Full-width digits are read as digits, commas as thousands separators where they stand in place, and a
    triangle before a number as its minus.

    Raises
    ------
    ValueError : neither a number nor a known symbol

    Examples
    --------
    >>> number("1,973,395"), number("…"), number("１２"), number("▲8")
    ((1973395.0, 'ok'), (None, 'not_available'), (12.0, 'ok'), (-8.0, 'ok'))
    """
    if status := missing_status(written):
        return None, status
    plain = ascii_number(written)
    if plain == "":
        return None, "not_available"
    if not _NUMBER.fullmatch(plain) or not abs(value := float(plain.replace(",", ""))) < LARGEST:
        raise ValueError(f"{written!r} is no number")
    return value, "ok"


def _checked(
    row: Mapping[str, str],
    line: int,
    code: str | InvalidAreaCode,
    indicators: Mapping[str, PeriodKind],
    findings: Findings,
) -> Row | None:
    """Return the row, or add what is wrong with it to the findings."""
    before = findings.total

    def refuse(field: str, expected: str) -> None:
        findings.append(Finding(f"line {line}", field, row[field], expected))

    kind = indicators.get(row["indicator"])
    if kind is None:
        refuse("indicator", "the id of an observed indicator: " + ", ".join(sorted(indicators))[:200])
    if isinstance(code, InvalidAreaCode):
        refuse("area_code", code.findings[0].expected)
    value, status, period = None, "", ""
    try:
        period = read_period(row["period"], kind or "calendar_year").text
    except ValueError as error:
        refuse("period", str(error))
    try:
        value, status = number(row["value"])
    except ValueError:
        refuse("value", EXPECTED_NUMBER)
    stated = row["status"]
    if stated and stated not in STATUSES:
        refuse("status", f"empty or one of {', '.join(STATUSES)}")
    elif not stated and not row["value"].strip():
        refuse("status", "why there is no value, beside an empty one: " + ", ".join(STATUSES[1:]))
    elif stated and (stated == "ok") != (value is not None):
        refuse("status", "ok with a value, another status without one")
    if findings.total > before or isinstance(code, InvalidAreaCode):
        return None
    raw = "" if value is not None else row["value"].strip()
    return Row(row["indicator"], code, period, value, stated or status, raw, line)


def checked_rows(
    table: Iterable[tuple[int, Mapping[str, str]]],
    indicators: Mapping[str, PeriodKind],
    known: Callable[[str], bool],
    expected_area: str = "存在する、または存在した地域のコード / the code of an area that exists or existed",
) -> list[Row]:
    """Return the rows of a table, each figure once.

    Parameters
    ----------
    table : line number and cells by column name
    indicators : ids that may be loaded, each with its kind of period
    known : whether an area has this code
    expected_area : what to say of one that none has

    Raises
    ------
    InvalidRows : the wrong rows with line, field, value and what was expected
    """
    findings = Findings()
    read: list[Row] = []
    lines = list(table)
    codes = area_codes([cells["area_code"] for _, cells in lines], known)
    for (line, cells), code in zip(lines, codes, strict=True):
        row = _checked(cells, line, code, indicators, findings)
        if row is None:
            continue
        if not known(row.area_code):
            findings.append(Finding(f"line {line}", "area_code", row.area_code, expected_area))
        read.append(row)
    rows = distinct(read, findings)
    if findings:
        raise InvalidRows(f"{findings.total} faults; nothing was loaded", findings)
    if not rows:
        finding = Finding("file", "rows", "", "a figure at least")
        raise InvalidFile("The file has no rows", [finding])
    return rows


def distinct(rows: Iterable[Row], findings: Findings) -> list[Row]:
    """Return each figure once; add a finding for every second one that says otherwise."""
    found: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        first = found.setdefault((row.indicator, row.area_code, row.period), row)
        if (first.value, first.status) != (row.value, row.status):
            told = f"{row.indicator} {row.area_code} {row.period} = {row.value}"
            expected = f"the same value as in line {first.line}: {first.value}, or no second row"
            findings.append(Finding(f"line {row.line}", "value", told, expected))
    return list(found.values())


def _table(header: list[str], body: Iterable[tuple[int, list[str]]]) -> list[tuple[int, dict[str, str]]]:
    names = [name.strip() for name in header]
    missing = [name for name in HEADER[:4] if name not in names]
    unknown = [name for name in names if name not in HEADER]
    if missing or unknown or len(set(names)) != len(names):
        finding = Finding("line 1", "header", ",".join(names), ",".join(HEADER))
        raise InvalidFile("The header is not that of the long form", [finding, *heads("line 1", header)])
    findings = Findings()
    rows = []
    for line, cells in body:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            findings.append(Finding(f"line {line}", "row", ",".join(cells), f"{len(names)} cells"))
            continue
        rows.append((line, {"status": ""} | {n: c.strip() for n, c in zip(names, cells, strict=True)}))
    if findings:
        raise InvalidRows(f"{findings.total} rows have the wrong number of cells", findings)
    return rows


def read_long_csv(data: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return line numbers and cells of a long CSV."""
    text = decoded(data)
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        finding = Finding(f"line {line}", "text", "\\0", "text in UTF-8 or cp932, without NUL characters")
        raise InvalidFile("The file holds NUL characters: it is no text", [finding])
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, [])
        body = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        finding = Finding(f"line {reader.line_num}", "row", str(error), "comma separated values (RFC 4180)")
        raise InvalidFile("The file is no CSV", [finding]) from error
    return _table(header, body)


def read_long_json(data: bytes) -> list[tuple[int, dict[str, str]]]:
    """Return numbers (from 1) and cells of a JSON list of objects with the keys of the long form."""
    entries = read_json(data, expected="a JSON list of objects")
    if not isinstance(entries, list):
        finding = Finding("file", "list", shown(entries), "a JSON list of objects")
        raise InvalidFile("The body must be a JSON list of objects", [finding])
    table = []
    findings = Findings()
    for place, entry in enumerate(entries, 1):
        keys = set(entry) if isinstance(entry, dict) else set()
        if not set(HEADER[:4]) - {"value"} <= keys <= set(HEADER):
            told = ", ".join(sorted(map(str, keys)))
            findings.append(Finding(f"line {place}", "keys", told, ", ".join(HEADER)))
            continue
        cells = {"value": "", "status": ""} | {k: "" if v is None else str(v) for k, v in entry.items()}
        table.append((place, cells))
    if findings:
        raise InvalidRows(f"{findings.total} entries have the wrong keys", findings)
    return table


def read_long_xlsx(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Return row numbers and cells of the first sheet of a workbook.

    Raises
    ------
    InvalidFile : no workbook, or one that claims more cells or bytes than a table of figures has
    """
    rows = sheet_rows(path)
    if not rows:
        finding = Finding("file", "sheet", "", "a first sheet with a header")
        raise InvalidFile(f"{path.name} has an empty first sheet", [finding])
    header = rows[0][1]
    table = _table(header, [(line, cells + [""] * (len(header) - len(cells))) for line, cells in rows[1:]])
    refuse_merged(path)
    return table
