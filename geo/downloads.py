"""Files for GIS, spreadsheets and notebooks: one writer a format, each with its metadata inside.

Run as a process of its own (``python -m geo.downloads``): a nationwide file takes seconds of a core and
hundreds of megabytes, which must not be those of a serving process. What to write comes as JSON on standard
input; nothing but the file is written. Each writer imports what it writes with: half a second is saved where
a table needs no GIS, and GDAL is loaded nowhere else.
"""

from __future__ import annotations

import csv
import json
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

if TYPE_CHECKING:
    import geopandas
    import pandas

#: What a Shapefile calls a column: at most ten characters (dBASE III).
SHAPEFILE_NAMES = {"prefecture": "pref"}
RECORD_SEPARATOR = "\x1e"  # RFC 8142


@dataclass(frozen=True)
class Content:
    """What a file is to hold.

    Attributes
    ----------
    columns : (name, values) in order; None where missing
    geometries : GeoJSON texts in longitude and latitude, one per row; None for a table
    metadata : texts by name: title, unit, sources, licence, periods, boundaries, revision, address …
    crs : EPSG code of the coordinates; None for longitude and latitude
    precision : decimals of GeoJSON coordinates
    """

    columns: Mapping[str, list[Any]]
    geometries: Sequence[str] | None
    metadata: Mapping[str, str]
    name: str
    crs: int | None = None
    precision: int = 7
    encoding: str = "utf-8"
    bom: bool = False

    def frame(self) -> geopandas.GeoDataFrame:
        """Return the rows with their geometries in the CRS."""
        import geopandas

        shapes = np.array([shapely.from_geojson(text) for text in self.geometries or ()], object)
        made = geopandas.GeoDataFrame(self.table(), geometry=shapes, crs=4326)
        return made if self.crs is None else made.to_crs(self.crs)

    def table(self) -> pandas.DataFrame:
        """Return the rows without geometries; a column of numbers is one, with NaN where missing."""
        import pandas

        return pandas.DataFrame({name: _column(values) for name, values in self.columns.items()})


def _column(values: list[Any]) -> Any:
    import pandas

    present = [one for one in values if one is not None]
    if present and all(isinstance(one, int | float) for one in present):
        return pandas.array([np.nan if one is None else one for one in values], dtype="float64")
    return pandas.array(values, dtype="string")


def _features(content: Content) -> list[dict[str, Any]]:
    shapes = np.array([shapely.from_geojson(text) for text in content.geometries or ()], object)
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, content.precision))
    rows = zip(*content.columns.values(), strict=True)
    return [
        {
            "type": "Feature",
            "geometry": orjson.Fragment(shape),
            "properties": dict(zip(content.columns, row, strict=True)),
        }
        for shape, row in zip(shapely.to_geojson(rounded).tolist(), rows, strict=True)
    ]


def _geojson(content: Content, path: Path) -> None:
    body = {"type": "FeatureCollection", "name": content.name, "metadata": content.metadata}
    path.write_bytes(orjson.dumps(body | {"features": _features(content)}))


def _geojsonl(content: Content, path: Path) -> None:
    with path.open("wb") as opened:
        for feature in _features(content):
            opened.write(RECORD_SEPARATOR.encode() + orjson.dumps(feature) + b"\n")


def _topojson(content: Content, path: Path) -> None:
    from topojson.core.topology import Topology

    frame = content.frame()
    topology = Topology(frame, object_name=content.name, prequantize=False, topology=True)
    body = json.loads(str(topology.to_json()))  # which has NaN, unlike JSON
    for one in body["objects"][content.name]["geometries"]:
        one["properties"] = {
            k: None if isinstance(v, float) and v != v else v for k, v in one["properties"].items()
        }
    path.write_bytes(orjson.dumps(body | {"metadata": content.metadata}))


def _written(frame: geopandas.GeoDataFrame, path: Path, driver: str, **options: Any) -> None:
    import pyogrio

    pyogrio.write_dataframe(frame, path, driver=driver, **options)


def _gpkg(content: Content, path: Path) -> None:
    _written(
        content.frame(),
        path,
        "GPKG",
        layer=content.name,
        geometry_type="MultiPolygon",
        promote_to_multi=True,
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
        content.frame(),
        path,
        "FlatGeobuf",
        layer=content.name,
        geometry_type="MultiPolygon",
        promote_to_multi=True,
        layer_options={
            "TITLE": content.metadata["title"],
            "DESCRIPTION": orjson.dumps(content.metadata).decode(),
        },
    )


def _parquet(content: Content, path: Path) -> None:
    import pyarrow.parquet

    content.frame().to_parquet(
        path, index=False, compression="zstd", schema_version="1.1.0", write_covering_bbox=True
    )
    table = pyarrow.parquet.read_table(path)
    told = {f"chiiki:{name}".encode(): text.encode() for name, text in content.metadata.items()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **told})
    pyarrow.parquet.write_table(table, path, compression="zstd")


def shapefile_name(name: str) -> str:
    """Return what a Shapefile calls a column.

    >>> shapefile_name("prefecture"), shapefile_name("value_2015"), shapefile_name("status_2015")
    ('pref', 'v_2015', 's_2015')
    """
    for long, short in (("value_", "v_"), ("status_", "s_"), ("label_en_", "e_"), ("label_", "l_")):
        if name.startswith(long) and name[len(long) :].isdigit():
            return short + name[len(long) :]
    return SHAPEFILE_NAMES.get(name, name)[:10]


def _shapefile(content: Content, path: Path) -> None:
    frame = content.frame().rename(columns=shapefile_name)
    with TemporaryDirectory(dir=path.parent) as folder:
        file = Path(folder) / f"{content.name}.shp"
        encoding = content.encoding.upper()
        _written(frame, file, "ESRI Shapefile", encoding=content.encoding, promote_to_multi=True)
        file.with_suffix(".cpg").write_text(encoding)
        about = "\r\n".join(f"{name}: {text}" for name, text in content.metadata.items())
        file.with_suffix(".txt").write_text(about + "\r\n", encoding="utf-8-sig")
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in sorted(Path(folder).iterdir()):
                # no time of day in it: the same data make the same bytes
                entry = zipfile.ZipInfo(one.name, (1980, 1, 1, 0, 0, 0))
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, one.read_bytes())


def _kml(content: Content, path: Path) -> None:
    frame = content.frame()
    _written(
        frame,
        path,
        "LIBKML",
        layer=content.name,
        dataset_options={
            "NAME": content.metadata["title"],
            "DESCRIPTION": "\n".join(f"{name}: {text}" for name, text in content.metadata.items()),
        },
    )


def _csv(content: Content, path: Path) -> None:
    encoding = "utf-8-sig" if content.bom and content.encoding == "utf-8" else content.encoding
    with path.open("w", encoding=encoding, newline="") as opened:
        rows = csv.writer(opened, lineterminator="\r\n")
        rows.writerow(content.columns)
        for row in zip(*content.columns.values(), strict=True):
            rows.writerow(["" if one is None else one for one in row])


def _xlsx(content: Content, path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    data = book.create_sheet("data")
    data.freeze_panes = "A2"
    data.append(list(content.columns))
    for row in zip(*content.columns.values(), strict=True):
        data.append(list(row))
    about = book.create_sheet("metadata")
    about.column_dimensions["A"].width = 18
    about.column_dimensions["B"].width = 90
    for name, text in content.metadata.items():
        about.append([name, text])
    book.save(path)


#: Suffix → what writes a file; ``geo.file_formats`` tells the rest of each.
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


def main() -> None:
    """Write the file that standard input describes: format, path, content."""
    told = orjson.loads(sys.stdin.buffer.read())
    WRITERS[told["format"]](Content(**told["content"]), Path(told["path"]))


if __name__ == "__main__":
    main()
