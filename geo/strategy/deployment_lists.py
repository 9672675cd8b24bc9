"""Lists of deployments as people keep them: CSV, Excel, JSON, GeoJSON or GeoPackage; the content tells which.

Every form has the columns of ``geo.strategy.deployments.COLUMNS``, by their ids or in Japanese.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import shapely
from shapely.errors import GEOSException

from geo.errors import Finding, InvalidFile
from geo.figures.observations import decoded
from geo.files.workbooks import sheet_rows
from geo.strategy.deployment_rows import Entry, canonical_header, column_named
from geo.strategy.deployments import COLUMNS

MAX_ROWS = 20_000
#: A spreadsheet takes a cell that begins with one of these for a formula; exports put ' before it.
_INERT = re.compile(r"'(?=[=+\-@\t\r])")


def read_list(path: Path) -> list[Entry]:
    """Return the rows of a list, each with where it stood and its own geometry if it has one.

    Raises
    ------
    InvalidFile : none of the forms, other columns than there are, or more rows than a list has
    """
    with path.open("rb") as opened:
        start = opened.read(512)
    entries = list(_reader(start)(path))
    if len(entries) > MAX_ROWS:
        finding = Finding("file", "rows", str(len(entries)), f"{MAX_ROWS} 行まで / at most {MAX_ROWS} rows")
        raise InvalidFile("行が多すぎます / the list has too many rows", [finding])
    return entries


def _reader(start: bytes) -> Callable[[Path], Iterator[Entry]]:
    if is_untrusted_binary(start):
        return _workbook if start.startswith(b"PK") else _geopackage
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    return _json if text[:1] in (b"{", b"[") else _csv


def is_untrusted_binary(start: bytes) -> bool:
    """Return whether a file that begins so is a workbook or a database: formats with costly parsers."""
    return start.startswith((b"PK\x03\x04", b"SQLite format 3\0"))


def _rows(table: Iterator[tuple[str, list[str]]]) -> Iterator[Entry]:
    """Yield the rows of a table whose first line is the header."""
    _, first = next(table, ("", []))
    header = canonical_header(first)
    for where, cells in table:
        if len(cells) > len(header):
            expected = f"{len(header)} 列 / {len(header)} columns, as the header has"
            raise InvalidFile(
                f"{where} has more columns than the header",
                [Finding(where, "row", str(len(cells)), expected)],
            )
        filled = [_INERT.sub("", cell, count=1) for cell in cells]
        yield Entry(where, dict(zip(header, filled, strict=False)))


def _csv(path: Path) -> Iterator[Entry]:
    reader = csv.reader(io.StringIO(decoded(path.read_bytes(), "list"), newline=""), strict=True)

    def lines() -> Iterator[tuple[str, list[str]]]:
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield f"line {reader.line_num}", cells
        except csv.Error as error:
            finding = Finding(f"line {reader.line_num}", "row", str(error), "CSV with quoted commas")
            raise InvalidFile("CSV として読めません / the list is no whole CSV", [finding]) from error

    return _rows(lines())


def _workbook(path: Path) -> Iterator[Entry]:
    return _rows((f"row {line}", cells) for line, cells in sheet_rows(path))


def _json(path: Path) -> Iterator[Entry]:
    try:
        document = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise InvalidFile(
            "JSON として読めません / the list is no JSON",
            [Finding(f"line {error.lineno}", "json", str(error), "a list of objects, or GeoJSON")],
        ) from error
    if isinstance(document, dict) and document.get("type") == "FeatureCollection":
        features = document.get("features")
        for number, feature in enumerate(features if isinstance(features, list) else [], 1):
            yield _feature(f"feature {number}", feature)
        return
    objects = document if isinstance(document, list) else [document]
    for number, row in enumerate(objects, 1):
        yield _object(f"entry {number}", row)


def _object(where: str, row: object, geometry: shapely.Geometry | None = None) -> Entry:
    if not isinstance(row, dict):
        raise InvalidFile(
            f"{where} is no object", [Finding(where, "entry", str(row), "an object with the columns")]
        )
    names = canonical_header(map(str, row))
    return Entry(where, dict(zip(names, map(_cell, row.values()), strict=True)), geometry)


def _cell(value: object) -> str:
    """Return a JSON value as a cell; a list is joined as a list of cells is written."""
    if value is None:
        return ""
    if isinstance(value, list):
        return ";".join(_cell(item) for item in value)
    return str(value)


def _feature(where: str, feature: object) -> Entry:
    if not isinstance(feature, dict):
        raise InvalidFile(f"{where} is no feature", [Finding(where, "feature", str(feature), "a Feature")])
    properties = feature.get("properties") or {}
    shape = None
    if feature.get("geometry") is not None:
        try:
            shape = shapely.from_geojson(orjson.dumps(feature["geometry"]))
        except (GEOSException, ValueError, TypeError) as error:
            finding = Finding(where, "geometry", str(feature["geometry"]), "a geometry of RFC 7946")
            raise InvalidFile(f"{where} has no geometry that can be read", [finding]) from error
    # files drawn in a GIS have attributes of their own beside the columns (fid)
    known = {name: value for name, value in properties.items() if column_named(name) in COLUMNS}
    return _object(where, known, shape)


def _geopackage(path: Path) -> Iterator[Entry]:
    from geo.files.vector_files import read_vector_file

    rows = read_vector_file(path)
    if rows.crs is not None and rows.crs.to_epsg() not in (4326, 6668):
        rows = rows.to_crs(4326)
    columns = [name for name in rows.columns if column_named(str(name)) in COLUMNS]
    header = canonical_header(map(str, columns))
    for number, (cells, shape) in enumerate(zip(rows[columns].to_numpy(), rows.geometry, strict=True), 1):
        filled = dict(zip(header, map(_attribute, cells), strict=True))
        yield Entry(f"feature {number}", filled, shape)


def _attribute(value: object) -> str:
    """Return an attribute as a cell: missing ones are empty, whole numbers have no decimals."""
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
