"""Lists of what KPIs have reached, as a steward enters them: CSV or JSON, all of it or none."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

from geo.areas.beside import NamesBeside
from geo.areas.names import AreaNames
from geo.codes import area_codes
from geo.errors import Finding, Findings, InvalidAreaCode, InvalidFile, InvalidRows
from geo.figures.observations import decoded, number
from geo.files.documents import read_json, shown
from geo.files.saving import heads
from geo.strategy.kpis import Actual, Kpi

#: The columns of a list of actuals.
ACTUAL_COLUMNS = tuple(field.name for field in fields(Actual) if field.name != "entered_by")
#: What the area is called, where a list says it: it is compared and not kept.
NAME = "area_name"
COLUMNS = (*ACTUAL_COLUMNS[:1], NAME, *ACTUAL_COLUMNS[1:])
_LISTED = f"one of the columns {', '.join(COLUMNS)}"


@dataclass(frozen=True)
class Areas:
    """What areas a KPI may be told for.

    Attributes
    ----------
    is_area : whether there is an area of a code, or a region set of an id
    names : what areas are called
    """

    is_area: Callable[[str], bool]
    names: AreaNames

    def codes(self, written: Sequence[str], beside: Sequence[str] = ()) -> list[str | InvalidAreaCode]:
        """Return codes in five digits and ids of region sets as they are, or why a cell is neither.

        Parameters
        ----------
        beside : the name that stands beside each cell
        """
        is_code = [not self._is_id(cell) for cell in written]
        told = beside or [""] * len(written)
        named = [(self.names, name) for name, code in zip(told, is_code, strict=True) if code]
        cells = [cell for cell, code in zip(written, is_code, strict=True) if code]
        read = iter(area_codes(cells, self.is_area, NamesBeside(named)))
        return [next(read) if code else cell for cell, code in zip(written, is_code, strict=True)]

    def _is_id(self, cell: str) -> bool:
        has_digit = any(sign.isdecimal() for sign in cell)
        return not has_digit or (self.is_area(cell) and not cell.isdecimal())


def read_actuals(body: bytes, areas: Areas) -> list[tuple[str, Actual]]:
    """Return the actuals of a CSV table or a JSON list, each with where it stood.

    Raises
    ------
    InvalidFile : neither, or without rows
    InvalidRows : every fault with its place, field, value and what was expected
    """
    listed = [*_entries(body)] if body.lstrip()[:1] in (b"[", b"{") else [*_lines(body)]
    if not listed:
        finding = Finding("file", "rows", "", "1 行以上 / at least one row")
        raise InvalidFile("The list has no rows", [finding])
    codes = areas.codes([cells["area"] for _, cells in listed], [cells[NAME] for _, cells in listed])
    findings = Findings()
    found = []
    for (where, cells), code in zip(listed, codes, strict=True):
        if isinstance(code, InvalidAreaCode):
            findings.append(Finding(where, "area", cells["area"], code.findings[0].expected))
        try:
            value, status = number(cells["value"])
        except ValueError:
            expected = "数値か、状態を添えた空欄 / a number, or empty with a status"
            findings.append(Finding(where, "value", cells["value"], expected))
            continue
        if isinstance(code, str):
            found.append((where, _actual({**cells, "area": code}, value, status)))
    if findings:
        raise InvalidRows(f"The list has {findings.total} faults; nothing was stored", findings)
    return found


def _actual(cells: Mapping[str, str], value: float | None, status: str) -> Actual:
    texts = {name: cells[name] for name in ("source_title", "source_url", "published_on", "note")}
    stated = cells["status"] or status
    return Actual(cells["area"], cells["period"], value, stated, **texts)  # type: ignore[arg-type]  # faults() tells a wrong status


def _lines(body: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the lines of a CSV table."""
    reader = csv.reader(io.StringIO(decoded(body, "list"), newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header("line 1", header)
        line = reader.line_num + 1
        for cells in reader:
            if any(cell.strip() for cell in cells):
                if len(cells) > len(header):
                    expected = f"{len(header)} 列 / {len(header)} columns, as the header has"
                    raise InvalidRows(
                        "A row is longer than the header",
                        [Finding(f"line {line}", "row", str(len(cells)), expected)],
                    )
                where = f"line {line}"
                yield where, _filled(where, dict(zip(header, cells, strict=False)))
            line = reader.line_num + 1
    except csv.Error as error:
        finding = Finding(f"line {reader.line_num}", "row", str(error), "CSV with quoted commas")
        raise InvalidFile("CSV として読めません / the list is no whole CSV", [finding]) from error


def _check_header(where: str, names: Collection[str]) -> None:
    """Refuse columns that there are not, that stand twice, or that are not all there."""
    listed, left = [*names], {*COLUMNS}
    findings = Findings(heads(where, listed))
    wrong = 0
    for name in listed:
        if name in left:
            left.discard(name)
        else:
            wrong += 1
            findings.append(Finding(where, name or "(blank)", "", _LISTED))
    lacking = [name for name in ("area", "period", "value") if name in left]
    findings += [Finding(where, name, "missing", "area, period, value") for name in lacking]
    if wrong or lacking:
        raise InvalidRows("The list has other columns", findings)


def _entries(body: bytes) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the entries of a JSON list."""
    document = json_of(body)
    for place, entry in enumerate(document if isinstance(document, list) else [document], 1):
        where = f"entry {place}"
        if not isinstance(entry, dict):
            finding = Finding(where, "entry", shown(entry), f"an object with {', '.join(COLUMNS)}")
            raise InvalidRows("An entry is no object", [finding])
        unknown = Findings(
            Finding(where, name, shown(entry[name]), _LISTED) for name in entry if name not in COLUMNS
        )
        if unknown:
            raise InvalidRows("An entry has other fields", unknown)
        yield where, _filled(where, entry)


def _filled(where: str, row: Mapping[str, object]) -> dict[str, str]:
    cells = {name: "" if row.get(name) is None else str(row[name]).strip() for name in COLUMNS}
    for name, cell in cells.items():
        if any(ord(sign) < 32 and sign not in "\n\t" for sign in cell):
            finding = Finding(where, name, repr(cell), "a text without control characters")
            raise InvalidRows("A text cannot be stored", [finding])
    return cells


def json_of(body: bytes) -> object:
    """Return the JSON of a body; what no database stores is refused.

    Raises
    ------
    InvalidFile
    """
    document = read_json(body)
    left = [document]
    while left:
        part = left.pop()
        if isinstance(part, str) and "\0" in part:
            finding = Finding("body", "text", repr(part), "a text without control characters")
            raise InvalidFile("A text cannot be stored", [finding])
        left += [*part, *part.values()] if isinstance(part, dict) else part if isinstance(part, list) else []
    return document


def with_codes(kpi: Kpi, areas: Areas) -> Kpi:
    """Return a KPI whose area codes have five digits, whatever form they were written in.

    Raises
    ------
    InvalidRows : every code that is none, or may be two
    """
    places = [("kpi", "owner", kpi.owner)] if kpi.owner else []
    places += [(f"target {place}", "area", one.area) for place, one in enumerate(kpi.targets, 1)]
    compared = [(place, one) for place, one in enumerate(kpi.targets, 1) if one.comparator]
    places += [(f"target {place}", "comparator", one.comparator) for place, one in compared]
    places += [(f"actual {place}", "area", one.area) for place, one in enumerate(kpi.actuals, 1)]
    codes = areas.codes([written for _, _, written in places])
    findings = [
        Finding(where, field, written, code.findings[0].expected)
        for (where, field, written), code in zip(places, codes, strict=True)
        if isinstance(code, InvalidAreaCode)
    ]
    if findings:
        raise InvalidRows(f"The KPI has {len(findings)} faults; nothing was stored", findings)
    read = {
        (where, field): code
        for (where, field, _), code in zip(places, codes, strict=True)
        if isinstance(code, str)
    }
    return replace(
        kpi,
        owner=read.get(("kpi", "owner"), ""),
        targets=tuple(
            replace(
                one,
                area=read[f"target {place}", "area"],
                comparator=read.get((f"target {place}", "comparator"), ""),
            )
            for place, one in enumerate(kpi.targets, 1)
        ),
        actuals=tuple(
            replace(one, area=read[f"actual {place}", "area"]) for place, one in enumerate(kpi.actuals, 1)
        ),
    )
