"""Shapefile and GeoPackage through GDAL, and nothing else.

GDAL chooses a driver by a file's content, whatever its name: a ``.shp`` that holds a VRT document would
read any file of the machine. So every driver but two is left out before GDAL is loaded, and this is the
only module that loads it. GeoJSON and TopoJSON are read without GDAL (``geo.topojson``).
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import geopandas

from geo.errors import Finding, InvalidFile

ALLOWED_DRIVERS = frozenset({"ESRI Shapefile", "GPKG"})

#: GDAL reads these when it is loaded; set later they are ignored without a word.
_SETTINGS = {
    "GDAL_DRIVER_PATH": "disable",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "PROJ_NETWORK": "OFF",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
}


def _drivers() -> list[str]:
    """Return the drivers GDAL would load, asked in a process of its own."""
    asked = "import pyogrio; print('\\n'.join(pyogrio.list_drivers()))"
    environment = {name: value for name, value in os.environ.items() if name not in ("OGR_SKIP", "GDAL_SKIP")}
    answer = subprocess.run(  # noqa: S603 - our own interpreter, a constant program
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, env=environment
    )
    return answer.stdout.splitlines()


def _load() -> None:
    if "pyogrio" not in sys.modules:
        os.environ |= _SETTINGS
        os.environ["OGR_SKIP"] = ",".join(name for name in _drivers() if name not in ALLOWED_DRIVERS)
    import pyogrio

    active = set(pyogrio.list_drivers())
    if not active <= ALLOWED_DRIVERS:
        raise RuntimeError(
            "GDAL was loaded with drivers that may read other files; import geo.vector_files first"
        )


def read_vector_file(path: Path) -> geopandas.GeoDataFrame:
    """Return the rows of a Shapefile or GeoPackage as they stand, with the CRS it states (or None).

    A Shapefile's text is read as its ``.cpg`` says; without one as UTF-8, else as cp932.

    Raises
    ------
    InvalidFile : GDAL cannot read it as either, or its text has another encoding
    """
    _load()
    import pyogrio
    from pyogrio.errors import DataSourceError

    plain = path.resolve(strict=True)  # never a /vsi… path or an address
    encodings: list[str | None] = [None]
    if path.suffix.lower() == ".shp" and not any(path.with_suffix(end).exists() for end in (".cpg", ".CPG")):
        encodings = ["utf-8", "cp932"]
    for encoding in encodings:
        try:
            rows = pyogrio.read_dataframe(plain, encoding=encoding)
        except UnicodeDecodeError:
            continue
        except (DataSourceError, ValueError) as error:
            finding = Finding("file", "format", path.name[:80], "a Shapefile or GeoPackage with one layer")
            raise InvalidFile(f"{path.name} cannot be read", [finding]) from error
        if not isinstance(rows, geopandas.GeoDataFrame):
            raise InvalidFile(f"{path.name} has no geometry")
        return rows
    finding = Finding(
        "file", "encoding", path.name[:80], "text in UTF-8 or cp932, or a .cpg file that names it"
    )
    raise InvalidFile(f"The text of {path.name} is in no known encoding", [finding])
