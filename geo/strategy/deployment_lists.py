"""Lists of deployments as people keep them: CSV, Excel, JSON, GeoJSON or GeoPackage; the content tells which.

Every form has the columns of ``geo.strategy.deployments.COLUMNS``, by their ids or in Japanese.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import shapely
from pyproj import CRS

from geo.crs import crs_by_code, in_degrees
from geo.errors import Finding, InvalidFile
from geo.figures.observations import decoded
from geo.files.documents import read_json, shown
from geo.files.saving import heads
from geo.files.topojson import geometry_of
from geo.files.workbooks import refuse_merged, sheet_rows
from geo.strategy.deployment_rows import Entry, canonical_header, column_named
from geo.strategy.deployments import COLUMNS, MAX_TEXT
from geo.text import INERT

#: Where a row of a table stood, and its cells.
TableLine = tuple[str, list[str]]

MAX_ROWS = 20_000


def read_list(path: Path) -> list[Entry]:
    """Return the rows of a list, each with where it stood and its own geometry if it has one.

    Raises
    ------
    InvalidFile : none of the forms, other columns than there are, or more rows than a list has
    """
    with path.open("rb") as opened:
        start = opened.read(512)
    entries = list(islice(_reader(start)(path), MAX_ROWS + 1))
    check_rows(len(entries))
    return entries


def table_lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Return place and cells of each row of a table, CSV or Excel; the header is the first.

    Raises
    ------
    InvalidFile : neither
    """
    with path.open("rb") as opened:
        reader = _reader(opened.read(512))
    if reader not in (_workbook, _csv):
        finding = Finding("file", "format", path.name, "CSV か Excel（.xlsx） / CSV or Excel (.xlsx)")
        raise InvalidFile("表ではありません / the list is no table", [finding])
    return _workbook_lines(path) if reader is _workbook else _csv_lines(path)


def check_rows(count: int) -> None:
    """Refuse more rows than a list has.

    Raises
    ------
    InvalidFile
    """
    if count > MAX_ROWS:
        finding = Finding("file", "rows", str(count), f"{MAX_ROWS} 行まで / at most {MAX_ROWS} rows")
        raise InvalidFile("行が多すぎます / the list has too many rows", [finding])


def check_cells(where: str, cells: Iterable[str]) -> None:
    """Refuse a cell that is longer than any text of a deployment: a list of areas has several lines.

    Raises
    ------
    InvalidFile
    """
    for place, cell in enumerate(cells, 1):
        if len(cell) > MAX_TEXT:
            expected = f"{MAX_TEXT:,} 文字まで / at most {MAX_TEXT:,} characters"
            finding = Finding(where, f"cell {place}", cell, expected)
            raise InvalidFile("長すぎる値があります / the list has a cell that is too long", [finding])


def _reader(start: bytes) -> Callable[[Path], Iterator[Entry]]:
    if is_untrusted_binary(start):
        return _workbook if start.startswith(b"PK") else _geopackage
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _json if text[:1] in (b"{", b"[") else _csv


def is_untrusted_binary(start: bytes) -> bool:
    """Return whether a file that begins so is a workbook or a database: formats with costly parsers."""
    return start.startswith(b"PK\x03\x04") or is_database(start)


def is_database(start: bytes) -> bool:
    """Return whether a file that begins so is a database of SQLite, as GeoPackages are."""
    return start.startswith(b"SQLite format 3\0")


def _rows(table: Iterator[tuple[str, list[str]]]) -> Iterator[Entry]:
    """Yield the rows of a table whose first line is the header."""
    _, first = next(table, ("", []))
    try:
        header = canonical_header(first)
    except InvalidFile as error:
        raise InvalidFile(error.message, [*heads("line 1", first), *error.findings]) from None
    for where, cells in table:
        yield Entry(where, row_cells(where, header, cells))


def row_cells(where: str, header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the cells of a row by column.

    Raises
    ------
    InvalidFile : more cells than the header has
    """
    if len(cells) > len(header):
        expected = f"{len(header)} 列 / {len(header)} columns, as the header has"
        raise InvalidFile(
            f"{where} has more columns than the header",
            [Finding(where, "row", str(len(cells)), expected)],
        )
    filled = [INERT.sub("", cell, count=1) for cell in cells]
    return dict(zip(header, filled, strict=False))


def _csv(path: Path) -> Iterator[Entry]:
    return _rows(_csv_lines(path))


def _csv_lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(io.StringIO(decoded(path.read_bytes(), "list"), newline=""), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"line {reader.line_num}", cells
    except csv.Error as error:
        finding = Finding(f"line {reader.line_num}", "row", str(error), "CSV with quoted commas")
        raise InvalidFile("CSV として読めません / the list is no whole CSV", [finding]) from error


def _workbook(path: Path) -> Iterator[Entry]:
    return _rows(_workbook_lines(path))


def _workbook_lines(path: Path) -> Iterator[tuple[str, list[str]]]:
    for place, (line, cells) in enumerate(sheet_rows(path)):
        if place == 1:  # the header is one
            refuse_merged(path)
        check_cells(f"row {line}", cells)
        yield f"row {line}", cells


def _json(path: Path) -> Iterator[Entry]:
    document = read_json(
        path.read_bytes().removeprefix(b"\xef\xbb\xbf"),
        "JSON として読めません / the list is no JSON",
        "a list of objects, or GeoJSON",
    )
    if isinstance(document, dict) and document.get("type") in ("FeatureCollection", "Feature"):
        yield from _features(document)
        return
    objects = document if isinstance(document, list) else [document]
    for number, row in enumerate(objects, 1):
        yield _object(f"entry {number}", row)


def _object(where: str, row: object, geometry: shapely.Geometry | None = None) -> Entry:
    if not isinstance(row, dict):
        raise InvalidFile(
            f"{where} is no object", [Finding(where, "entry", shown(row), "an object with the columns")]
        )
    names = canonical_header(map(str, row), where)
    cells = {name: _cell(where, name, value) for name, value in zip(names, row.values(), strict=True)}
    return Entry(where, cells, geometry)


def _cell(where: str, name: str, value: object) -> str:
    """Return a JSON value as a cell; a list is joined as a list of cells is written."""
    items = value if isinstance(value, list) else [value]
    if any(isinstance(item, list | dict) for item in items):
        finding = Finding(where, name, type(value).__name__, "a text, a number, or a list of them")
        raise InvalidFile(f"{where} holds something nested in {name}", [finding])
    return ";".join(map(_attribute, items))


def _features(document: Mapping[str, object]) -> Iterator[Entry]:
    """Yield the features of GeoJSON, whatever CRS it names (GeoJSON 2008, 3), in longitude and latitude."""
    listed = [document] if document["type"] == "Feature" else document.get("features")
    crs = _crs(document.get("crs"))
    for number, feature in enumerate(listed if isinstance(listed, list) else [], 1):
        yield _feature(f"feature {number}", feature, crs)


def _crs(member: object) -> CRS:
    if member is None:  # RFC 7946: WGS 84
        return crs_by_code("EPSG:4326")
    properties = member.get("properties") if isinstance(member, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    return crs_by_code(name if isinstance(name, str) else str(member))


def _feature(where: str, feature: object, crs: CRS) -> Entry:
    properties = feature.get("properties") or {} if isinstance(feature, dict) else None
    if not isinstance(feature, dict) or not isinstance(properties, dict):
        raise InvalidFile(f"{where} is no feature", [Finding(where, "feature", shown(feature), "a Feature")])
    shape = geometry_of(feature.get("geometry"), where)
    if shape is not None:
        (shape,) = in_degrees(np.array([shape], object), crs)
    # files drawn in a GIS have attributes of their own beside the columns (fid)
    known = {name: value for name, value in properties.items() if column_named(name) in COLUMNS}
    return _object(where, known, shape)


def _geopackage(path: Path) -> Iterator[Entry]:
    from geo.files.vector_files import read_vector_file

    rows = read_vector_file(path)
    shapes = in_degrees(rows.geometry.to_numpy(), rows.crs or crs_by_code("EPSG:4326"))
    columns = [name for name in rows.columns if column_named(str(name)) in COLUMNS]
    header = canonical_header(map(str, columns))
    for number, (cells, shape) in enumerate(zip(rows[columns].to_numpy(), shapes, strict=True), 1):
        filled = dict(zip(header, map(_attribute, cells), strict=True))
        check_cells(f"feature {number}", filled.values())
        yield Entry(f"feature {number}", filled, shape)


def _attribute(value: object) -> str:
    """Return an attribute as a cell: missing ones are empty, whole numbers have no decimals."""
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
