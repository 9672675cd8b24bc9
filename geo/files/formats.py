"""File formats that a layer is downloaded in, as far as a request needs to know them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from geo.errors import Finding, InvalidParameter

#: Of the texts of a Shapefile or CSV.
ENCODINGS = ("utf-8", "cp932")


@dataclass(frozen=True)
class Format:
    """A file format.

    Attributes
    ----------
    has_geometry : otherwise it is a table
    has_crs : coordinates may be in any CRS; otherwise they are longitude and latitude
    """

    name: str
    media_type: str
    has_geometry: bool = True
    has_crs: bool = True


#: Suffix → format.
FORMATS = {
    "geojson": Format("GeoJSON (RFC 7946)", "application/geo+json", has_crs=False),
    "geojsonl": Format("GeoJSON text sequence (RFC 8142)", "application/geo+json-seq", has_crs=False),
    "topojson": Format("TopoJSON", "application/json", has_crs=False),
    "gpkg": Format("GeoPackage", "application/geopackage+sqlite3"),
    "fgb": Format("FlatGeobuf", "application/vnd.flatgeobuf"),
    "parquet": Format("GeoParquet 1.1", "application/vnd.apache.parquet"),
    "shp.zip": Format("Shapefile", "application/zip"),
    "kml": Format("KML", "application/vnd.google-earth.kml+xml", has_crs=False),
    "csv": Format("CSV", "text/csv", has_geometry=False),
    "xlsx": Format(
        "Excel", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", has_geometry=False
    ),
}


def check_encodable(columns: Mapping[str, Iterable[object]], encoding: str) -> None:
    """Refuse an encoding that lacks a sign of the texts, of which a reader would otherwise see a "?".

    Raises
    ------
    InvalidParameter : names the sign and the column
    """
    for name, values in columns.items():
        for text in values:
            try:
                str(text).encode(encoding)
            except UnicodeEncodeError as error:
                sign = error.object[error.start : error.end]
                expected = f"utf-8: {encoding} lacks {sign!r} of the column {name}"
                finding = Finding("query", "encoding", encoding, expected)
                raise InvalidParameter(f"The texts cannot be written in {encoding}", [finding]) from error
