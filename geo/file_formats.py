"""File formats that a layer is downloaded in, as far as a request needs to know them."""

from __future__ import annotations

from dataclasses import dataclass

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
