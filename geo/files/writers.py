"""Files for GIS, spreadsheets and notebooks: one writer a format, each with its metadata inside.

Run as a process of its own (``python -m geo.files.writers``, or a fork of one that has called ``prepare``): a
nationwide file takes seconds of a core, which must not be those of a serving process. What to write comes as
JSON on standard input; nothing but the file is written. An outline is held once, however many periods have
it, and each writer imports what it writes with, so that the largest file takes little memory; GDAL is loaded
nowhere else.
"""

from __future__ import annotations

import csv
import datetime as dt
import gc
import importlib
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import orjson
import shapely
from numpy.typing import NDArray

from geo.text import inert, without_controls

#: What a Shapefile calls a column: at most ten characters (dBASE III).
SHAPEFILE_NAMES = {"prefecture": "pref"}
RECORD_SEPARATOR = b"\x1e"  # RFC 8142
ROWS_AT_ONCE = 1000
#: Numbers of Python weigh ten times their text: of so many bytes they are held at a time.
TEXT_AT_ONCE = 1 << 22
#: The earliest time that a zip archive can tell. When a file was written stands nowhere in it: written again,
#: it has the same bytes, and whoever resumes a download goes on with them.
UNDATED = dt.datetime(1980, 1, 1)


@dataclass(frozen=True)
class Content:
    """What a file is to hold.

    Attributes
    ----------
    columns : (name, values) in order; None where missing
    shapes : the outlines (n,) in longitude and latitude; none of them for a table
    places : for each row the number of its outline
    metadata : texts by name: title, unit, sources, licence, periods, boundaries, revision, address …
    crs : EPSG code of the coordinates; None for longitude and latitude
    precision : decimals of GeoJSON coordinates
    """

    columns: Mapping[str, list[Any]]
    shapes: NDArray[np.object_]
    places: list[int]
    metadata: Mapping[str, str]
    name: str
    crs: int | None = None
    precision: int = 7
    encoding: str = "utf-8"
    bom: bool = False

    @property
    def system(self) -> str:
        """The CRS of the coordinates."""
        return f"EPSG:{self.crs or 4326}"

    def moved(self) -> NDArray[np.object_]:
        """Return the outlines in the CRS, as GIS files have them: x before y."""
        if self.crs is None:
            return self.shapes
        from pyproj import Transformer

        move = Transformer.from_crs(4326, self.crs, always_xy=True)
        return shapely.transform(self.shapes, lambda xy: np.column_stack(move.transform(*xy.T)))

    def rows(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give for each row the number of its outline and its properties."""
        for place, row in zip(self.places, zip(*self.columns.values(), strict=True), strict=True):
            yield place, dict(zip(self.columns, row, strict=True))

    def members(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Give for each row the number of its outline and the members of its feature: id and properties.

        The id is the code, with the period behind it where areas have several rows.
        """
        codes, periods = self.columns["code"], self.columns.get("period")
        ids = codes
        if periods is not None and len(set(codes)) < len(codes):
            ids = [f"{code}-{period}" for code, period in zip(codes, periods, strict=True)]
        for name, (place, properties) in zip(ids, self.rows(), strict=True):
            yield place, {"id": name, "properties": properties}


def _numbers(values: list[Any]) -> NDArray[np.float64] | None:
    """Return a column of numbers, with NaN where missing; None for a column of texts."""
    present = [one for one in values if one is not None]
    if not present or not all(isinstance(one, int | float) for one in present):
        return None
    return np.array([np.nan if one is None else one for one in values], np.float64)


def _features(content: Content) -> Iterator[bytes]:
    rounded = shapely.transform(content.shapes, lambda xy: np.round(xy, content.precision))
    texts = [orjson.Fragment(text) for text in shapely.to_geojson(rounded).tolist()]
    for place, members in content.members():
        yield orjson.dumps({"type": "Feature", "geometry": texts[place], **members})


def _geojson(content: Content, path: Path) -> None:
    head = {"type": "FeatureCollection", "name": content.name, "metadata": content.metadata}
    with path.open("wb") as opened:
        opened.write(orjson.dumps(head)[:-1] + b',"features":[')
        for number, feature in enumerate(_features(content)):
            opened.write((b",\n" if number else b"\n") + feature)
        opened.write(b"\n]}\n")


def _geojsonl(content: Content, path: Path) -> None:
    with path.open("wb") as opened:
        for feature in _features(content):
            opened.write(RECORD_SEPARATOR + feature + b"\n")


class _Undated(zipfile.ZipFile):
    """An archive that tells no time of day: the same data make the same bytes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w", zipfile.ZIP_DEFLATED)

    def writestr(self, name: str | zipfile.ZipInfo, data: Any, *_: object) -> None:
        """Add a file of these bytes, or of this text."""
        super().writestr(self._entry(name.filename if isinstance(name, zipfile.ZipInfo) else name), data)

    def write(self, filename: Any, arcname: Any = None, *_: object) -> None:
        """Add a file."""
        with open(filename, "rb") as read, self.open(self._entry(arcname), "w") as written:
            shutil.copyfileobj(read, written)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(name, UNDATED.timetuple()[:6])
        entry.compress_type = self.compression
        return entry


class _Absent(MetaPathFinder):
    """Modules that a library loads where it finds them, and that it does not need here: 60 MB."""

    def __init__(self, *modules: str) -> None:
        self.modules = modules

    def find_spec(self, name: str, *_: object) -> None:
        """Say that a module is not there."""
        if name in self.modules:
            raise ModuleNotFoundError(name=name)


def _topojson(content: Content, path: Path) -> None:
    from topojson.core.topology import Topology

    found = Topology(content.shapes.tolist(), object_name=content.name, prequantize=False, topology=True)
    body = found.to_dict()
    outlines = body["objects"][content.name]["geometries"]
    body["objects"][content.name]["geometries"] = [
        {**outlines[place], **members} for place, members in content.members()
    ]
    path.write_bytes(orjson.dumps(body | {"metadata": content.metadata}, option=orjson.OPT_SERIALIZE_NUMPY))


def _written(content: Content, path: Path, driver: str, **options: Any) -> None:
    """Write through GDAL."""
    sys.meta_path.insert(0, _Absent("pyarrow"))
    from pyogrio import set_gdal_config_options
    from pyogrio.raw import write

    set_gdal_config_options({"OGR_CURRENT_DATE": f"{UNDATED.isoformat()}.000Z"})
    names = options.pop("names", list(content.columns))
    columns = [
        np.array(values, object) if (numbers := _numbers(values)) is None else numbers
        for values in content.columns.values()
    ]
    outlines = np.array(shapely.to_wkb(content.moved()), object)[content.places]
    write(
        path,
        outlines,
        columns,
        names,
        driver=driver,
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        crs=content.system,
        **options,
    )


def _gpkg(content: Content, path: Path) -> None:
    _written(
        content,
        path,
        "GPKG",
        layer=content.name,
        dataset_options={
            "VERSION": "1.2"
        },  # which desktop programs of 2021 read as well, QGIS 3.22 among them
        layer_metadata=dict(content.metadata),
        layer_options={
            "IDENTIFIER": content.metadata["title"],
            "DESCRIPTION": content.metadata["description"],
        },
    )


def _fgb(content: Content, path: Path) -> None:
    _written(
        content,
        path,
        "FlatGeobuf",
        layer=content.name,
        layer_options={
            "TITLE": content.metadata["title"],
            "DESCRIPTION": orjson.dumps(content.metadata).decode(),
        },
    )


def _parquet(content: Content, path: Path) -> None:
    """Write GeoParquet 1.1 with the covering box of each row, a group of rows after the other."""
    import pyarrow
    from pyarrow.parquet import ParquetWriter
    from pyproj import CRS

    moved = content.moved()
    edges, texts = shapely.bounds(moved), shapely.to_wkb(moved)
    sides = ("xmin", "ymin", "xmax", "ymax")
    west, south = edges[:, :2].min(axis=0).tolist()
    east, north = edges[:, 2:].max(axis=0).tolist()
    column = {
        "encoding": "WKB",
        "geometry_types": sorted({shape.geom_type for shape in moved}),
        "crs": CRS(content.system).to_json_dict(),
        "bbox": [west, south, east, north],
        "covering": {"bbox": {side: ["bbox", side] for side in sides}},
    }
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    numbers = {name: _numbers(values) for name, values in content.columns.items()}
    kinds = [
        *((name, pyarrow.string() if one is None else pyarrow.float64()) for name, one in numbers.items()),
        ("geometry", pyarrow.binary()),
        ("bbox", pyarrow.struct([(side, pyarrow.float64()) for side in sides])),
    ]
    told = {f"chiiki:{name}": text for name, text in content.metadata.items()}
    schema = pyarrow.schema(kinds, metadata={"geo": orjson.dumps(geo).decode(), **told})
    with ParquetWriter(path, schema, compression="zstd", use_dictionary=list(content.columns)) as file:
        for start in range(0, len(content.places), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            places = content.places[part]
            boxes = [dict(zip(sides, box, strict=True)) for box in edges[places].tolist()]
            rows = [
                pyarrow.array(values[part], kind)
                for (_, kind), values in zip(kinds, content.columns.values(), strict=False)
            ]
            rows += [
                pyarrow.array(texts[places].tolist(), pyarrow.binary()),
                pyarrow.array(boxes, schema.field("bbox").type),
            ]
            file.write_table(pyarrow.Table.from_arrays(rows, schema=schema))


def shapefile_name(name: str) -> str:
    """Return what a Shapefile calls a column.

    >>> shapefile_name("prefecture"), shapefile_name("value_2015"), shapefile_name("carried_2015")
    ('pref', 'v_2015', 'c_2015')
    """
    for long, short in (
        *(("value_", "v_"), ("status_", "s_"), ("carried_", "c_")),
        *(("label_en_", "e_"), ("label_", "l_")),
    ):
        if name.startswith(long) and name[len(long) :].isdigit():
            return short + name[len(long) :]
    return SHAPEFILE_NAMES.get(name, name)[:10]


def _shapefile(content: Content, path: Path) -> None:
    names = [shapefile_name(name) for name in content.columns]
    with TemporaryDirectory(dir=path.parent) as folder:
        file = Path(folder) / f"{content.name}.shp"
        encoding = content.encoding.upper()
        undated = {"DBF_DATE_LAST_UPDATE": UNDATED.date().isoformat()}
        _written(
            content, file, "ESRI Shapefile", names=names, encoding=content.encoding, layer_options=undated
        )
        file.with_suffix(".cpg").write_text(encoding)
        about = "\r\n".join(f"{name}: {text}" for name, text in content.metadata.items())
        file.with_suffix(".txt").write_text(about + "\r\n", encoding="utf-8-sig")
        with _Undated(path) as archive:
            for one in sorted(Path(folder).iterdir()):
                archive.write(one, one.name)


def _kml_outline(shape: shapely.Geometry) -> str:
    """Return a polygon or several as KML has them."""

    def ring(found: shapely.Geometry) -> str:
        corners = " ".join(f"{x:.7f},{y:.7f}" for x, y in shapely.get_coordinates(found).tolist())
        return f"<LinearRing><coordinates>{corners}</coordinates></LinearRing>"

    polygons = []
    for polygon in shapely.get_parts(shape):
        inner = (
            f"<innerBoundaryIs>{ring(shapely.get_interior_ring(polygon, number))}</innerBoundaryIs>"
            for number in range(shapely.get_num_interior_rings(polygon))
        )
        outer = f"<outerBoundaryIs>{ring(shapely.get_exterior_ring(polygon))}</outerBoundaryIs>"
        polygons.append(f"<Polygon>{outer}{''.join(inner)}</Polygon>")
    return f"<MultiGeometry>{''.join(polygons)}</MultiGeometry>"


def _kml(content: Content, path: Path) -> None:
    """Write KML 2.2 row after row; GDAL's writer holds the document, half a gigabyte, in memory."""
    texts = [name for name, values in content.columns.items() if _numbers(values) is None]
    fields = "".join(
        f'<SimpleField name="{name}" type="{"string" if name in texts else "double"}"/>'
        for name in content.columns
        if name != "name"
    )
    about = "\n".join(f"{name}: {text}" for name, text in content.metadata.items())
    outlines = [_kml_outline(shape) for shape in content.shapes]
    with path.open("w", encoding="utf-8") as opened:
        opened.write(
            '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
            f"<name>{escape(content.metadata['title'])}</name><description>{escape(about)}</description>"
            f'<Schema id="columns" name="columns">{fields}</Schema>'
            f"<Folder><name>{escape(content.name)}</name>\n"
        )
        for place, properties in content.rows():
            name = escape(str(properties.pop("name")))
            told = "".join(
                f'<SimpleData name="{key}">{escape(str(value))}</SimpleData>'
                for key, value in properties.items()
                if value is not None
            )
            opened.write(
                f'<Placemark><name>{name}</name><ExtendedData><SchemaData schemaUrl="#columns">{told}'
                f"</SchemaData></ExtendedData>{outlines[place]}</Placemark>\n"
            )
        opened.write("</Folder></Document></kml>\n")


def _csv(content: Content, path: Path) -> None:
    encoding = "utf-8-sig" if content.bom and content.encoding == "utf-8" else content.encoding
    with path.open("w", encoding=encoding, newline="") as opened:
        rows = csv.writer(opened, lineterminator="\r\n")
        rows.writerow(map(inert, content.columns))
        for row in zip(*content.columns.values(), strict=True):
            rows.writerow(["" if one is None else inert(one) if isinstance(one, str) else one for one in row])


def _xlsx(content: Content, path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.writer.excel import ExcelWriter

    def cell(value: Any) -> Any:
        """Return a text as a text: openpyxl takes ``=1+1`` for a formula and ``#N/A`` for an error."""
        if not isinstance(value, str):
            return value
        value = without_controls(value)
        if not value.startswith(("=", "#")):
            return value
        made = WriteOnlyCell(data, value)
        made.data_type = "s"
        return made

    book = Workbook(write_only=True)
    data = book.create_sheet("data")
    data.freeze_panes = "A2"
    data.append([cell(name) for name in content.columns])
    for row in zip(*content.columns.values(), strict=True):
        data.append([cell(value) for value in row])
    about = book.create_sheet("metadata")
    about.column_dimensions["A"].width = 18
    about.column_dimensions["B"].width = 90
    for name, text in content.metadata.items():
        about.append([cell(name), cell(text)])
    book.properties.created = book.properties.modified = UNDATED
    ExcelWriter(book, _Undated(path)).save()  # unlike book.save, which notes when


#: Suffix → what writes a file; ``geo.files.formats`` tells the rest of each.
WRITERS: dict[str, Callable[[Content, Path], None]] = {
    "geojson": _geojson,
    "geojsonl": _geojsonl,
    "topojson": _topojson,
    "gpkg": _gpkg,
    "fgb": _fgb,
    "parquet": _parquet,
    "shp.zip": _shapefile,
    "kml": _kml,
    "csv": _csv,
    "xlsx": _xlsx,
}


def outlines_of(texts: list[str]) -> NDArray[np.object_]:
    """Return outlines written as GeoJSON; for MultiPolygons this takes half the time of GEOS.

    >>> outlines_of(['{"type":"MultiPolygon","coordinates":[[[[0,0],[1,0],[1,1],[0,0]]]]}']).tolist()
    [<MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))>]
    """
    parts: list[NDArray[np.object_]] = [np.empty(0, object)]
    start = 0
    while start < len(texts):
        end, size = start, 0
        while end < len(texts) and (size == 0 or size + len(texts[end]) <= TEXT_AT_ONCE):
            size += len(texts[end])
            end += 1
        parts.append(_outlines_of(texts[start:end]))
        start = end
    return np.concatenate(parts)


def _outlines_of(texts: list[str]) -> NDArray[np.object_]:
    told = [orjson.loads(text) for text in texts]
    if any(one["type"] != "MultiPolygon" for one in told):
        return np.array([shapely.from_geojson(text) for text in texts], object)
    wholes = [one["coordinates"] for one in told]
    polygons = list(chain.from_iterable(wholes))
    rings = list(chain.from_iterable(polygons))
    vertices = np.array(list(chain.from_iterable(chain.from_iterable(rings)))).reshape(-1, 2)
    lines = np.asarray(shapely.linearrings(vertices, indices=_owners(rings)), object)
    areas = np.asarray(shapely.polygons(lines, indices=_owners(polygons)), object)
    return np.asarray(shapely.multipolygons(areas, indices=_owners(wholes)), object)


def _owners(groups: list[list[Any]]) -> NDArray[np.intp]:
    """Return for each member of the groups in turn the number of its group."""
    return np.repeat(np.arange(len(groups)), [len(group) for group in groups])


def prepare() -> None:
    """Import GDAL and what it needs, for a process that will write several files, each in a fork."""
    absent = _Absent("geopandas", "pandas", "pyarrow")
    sys.meta_path.insert(0, absent)
    importlib.import_module("pyogrio.raw")
    sys.meta_path.remove(absent)


def main() -> None:
    """Write the file that standard input describes: format, path, content."""
    sys.meta_path.insert(0, _Absent("geopandas", "pandas"))
    gc.disable()  # looking for garbage among the numbers of outlines takes longer than reading them
    told = orjson.loads(sys.stdin.buffer.read())
    # the texts go before anything is written
    shapes = outlines_of(told["content"].pop("outlines"))
    WRITERS[told["format"]](Content(shapes=shapes, **told["content"]), Path(told["path"]))


if __name__ == "__main__":
    main()
