"""Prefectural accounts (県民経済計算) as the Cabinet Office publishes them: the 総括表 workbooks."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from geo.codes import area_code
from geo.errors import Finding, InvalidFile, InvalidRows
from geo.figures.observations import Row, number
from geo.files.workbooks import sheet_rows

SHEET = "実数"
ALL = "全県計"
_PREFECTURE = re.compile("0?[1-9]|[123][0-9]|4[0-7]")


@dataclass(frozen=True)
class Accounts:
    """One table: its title, its unit as printed, and the figures of 47 prefectures by fiscal year."""

    title: str
    unit: str
    rows: list[Row]


def read_accounts(path: Path, indicator: str, *, additive: bool) -> Accounts:
    """Return the figures of a 総括表 workbook (sheet 実数) as rows of one indicator.

    The file does not say which base year it has: whoever loads it names the indicator, which does.

    Parameters
    ----------
    additive : whether the 47 must add up to the row 全県計 (within half a unit for each)

    Raises
    ------
    InvalidFile : no such sheet, header or 47 prefectures
    InvalidRows : cells that are no figures, or a sum that is not the published one
    """
    lines = sheet_rows(path, SHEET)
    cells = [(line, [unicodedata.normalize("NFKC", cell).strip() for cell in row]) for line, row in lines]
    years_at = next((place for place, (_, row) in enumerate(cells) if _years(row)), None)
    if years_at is None:
        finding = Finding(f"sheet {SHEET}", "header", "", "a row of fiscal years: 2006, 2007, …")
        raise InvalidFile(f"{path.name} is no table of the prefectural accounts", [finding])
    years = _years(cells[years_at][1])
    head = [cell for _, row in cells[:years_at] for cell in row if cell]
    unit = next((cell for cell in head if "単位" in cell), "")
    rows, totals, findings = _figures(cells[years_at + 1 :], years, indicator)
    found = {row.area_code for row in rows}
    if len(found) != 47:
        finding = Finding(f"sheet {SHEET}", "prefectures", str(len(found)), "47 rows with the codes 01 to 47")
        raise InvalidFile(f"{path.name} has not all prefectures", [finding])
    if additive:
        findings += _sum_faults(rows, totals)
    if findings:
        raise InvalidRows(f"{len(findings)} faults; nothing was loaded", findings)
    return Accounts(head[0] if head else "", unit, rows)


def _years(row: list[str]) -> dict[int, str]:
    """Return column → fiscal year of a row that holds three years or more."""
    found = {place: cell for place, cell in enumerate(row) if cell.isdecimal() and len(cell) == 4}
    return (
        {place: cell for place, cell in found.items() if "1950" <= cell <= "2100"} if len(found) > 2 else {}
    )


def _figures(
    cells: list[tuple[int, list[str]]], years: dict[int, str], indicator: str
) -> tuple[list[Row], dict[str, float], list[Finding]]:
    rows: list[Row] = []
    totals: dict[str, float] = {}
    findings: list[Finding] = []
    for line, row in cells:
        is_total = ALL in row
        if not is_total and not (row and _PREFECTURE.fullmatch(row[0])):
            continue
        for place, year in years.items():
            written = row[place] if place < len(row) else ""
            try:
                value, status = number(written)
            except ValueError:
                findings.append(Finding(f"row {line}", year, written, "a number"))
                continue
            if is_total:
                totals[year] = value or 0.0
            else:
                rows.append(Row(indicator, area_code(int(row[0])), year, value, status, "", line))
    return rows, totals, findings


def _sum_faults(rows: list[Row], totals: dict[str, float]) -> list[Finding]:
    faults = []
    for year, total in totals.items():
        summed = sum(row.value or 0.0 for row in rows if row.period == year)
        if abs(summed - total) > 24:
            faults.append(Finding(f"sheet {SHEET}", year, f"{summed:g}", f"the published sum {total:g}"))
    return faults
