"""Shapefile and GeoPackage through GDAL, and nothing else.

GDAL chooses a driver by a file's content, whatever its name: a ``.shp`` that holds a VRT document would
read any file of the machine. So every driver but two is left out before GDAL is loaded, and this is the
only module that loads it. GeoJSON and TopoJSON are read without GDAL (``geo.files.topojson``).
"""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
from shapely.errors import GEOSException

from geo.errors import Finding, InvalidFile

ALLOWED_DRIVERS = frozenset({"ESRI Shapefile", "GPKG"})

#: GDAL reads these when it is loaded; set later they are ignored without a word.
_SETTINGS = {
    "GDAL_DRIVER_PATH": "disable",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "GDAL_VRT_ENABLE_PYTHON": "NO",
    "PROJ_NETWORK": "OFF",
    "OGR_SQLITE_LOAD_EXTENSIONS": "",
    "OGR_GEOMETRY_ACCEPT_UNCLOSED_RING": "NO",
}

#: Encodings as .cpg files write them. What Windows calls 932 has more characters than Shift_JIS.
_CODE_PAGES = {"sjis": "cp932", "shift_jis": "cp932", "shift-jis": "cp932", "utf8": "utf-8", "65001": "utf-8"}


def _drivers() -> list[str]:
    """Return the drivers GDAL would load, asked in a process of its own."""
    asked = "import pyogrio; print('\\n'.join(pyogrio.list_drivers()))"
    environment = {name: value for name, value in os.environ.items() if name not in ("OGR_SKIP", "GDAL_SKIP")}
    answer = subprocess.run(  # noqa: S603 - our own interpreter, a constant program
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True, env=environment
    )
    return answer.stdout.splitlines()


def load() -> None:
    """Load GDAL with the drivers that are allowed and no others."""
    if "pyogrio" not in sys.modules:
        os.environ |= _SETTINGS
        os.environ["OGR_SKIP"] = ",".join(name for name in _drivers() if name not in ALLOWED_DRIVERS)
    import pyogrio

    active = set(pyogrio.list_drivers())
    if not active <= ALLOWED_DRIVERS:
        raise RuntimeError(
            "GDAL was loaded with drivers that may read other files; import geo.files.vector_files first"
        )


Reading = Callable[[Path], geopandas.GeoDataFrame]


def read_vector_file(path: Path) -> geopandas.GeoDataFrame:
    """Return the rows of a Shapefile or GeoPackage as they stand, with the CRS it states (or None).

    A Shapefile's text is read as its ``.cpg`` says; without one as UTF-8, else as cp932.

    Raises
    ------
    InvalidFile : GDAL cannot read it as either, it has no layer or several, or its text has another encoding
    """
    return _reading.get()(path)


@contextmanager
def read_by(reading: Reading) -> Iterator[None]:
    """Let another function do the work of ``read_vector_file`` meanwhile: one that does it elsewhere."""
    before = _reading.set(reading)
    try:
        yield
    finally:
        _reading.reset(before)


def read_here(path: Path) -> geopandas.GeoDataFrame:
    """Return what ``read_vector_file`` does, read by GDAL in this very process."""
    load()
    plain = path.resolve(strict=True)  # never a /vsi… path or an address
    if path.suffix.lower() != ".shp":
        return _rows(plain, None)
    _expect_readable_crs(path)
    # GDAL puts a question mark where it cannot convert a character. Latin-1 gives every byte back as it is.
    rows = _rows(plain, "ISO-8859-1")
    encodings = _encodings(path)
    for encoding in encodings:
        try:
            return _decoded(rows, encoding)
        except UnicodeDecodeError:
            continue
    expected = f"text in {' or '.join(encodings)}, or a .cpg file that names another encoding"
    finding = Finding("file", "encoding", path.name, expected)
    raise InvalidFile(f"The text of {path.name} is in another encoding than it should be", [finding])


_reading: ContextVar[Reading] = ContextVar("reading", default=read_here)


def _expect_readable_crs(shapefile: Path) -> None:
    """Refuse a .prj that is no text, on which pyogrio breaks off."""
    for end in (".prj", ".PRJ"):
        stated = shapefile.with_suffix(end)
        try:
            (stated.read_bytes() if stated.exists() else b"").decode()
        except UnicodeDecodeError as error:
            told = error.object[error.start : error.start + 8].hex(" ")
            finding = Finding(stated.name, "crs", told, "text in ASCII, or no .prj and the option --crs")
            raise InvalidFile(f"{stated.name} is no text", [finding]) from error


def _rows(plain: Path, encoding: str | None) -> geopandas.GeoDataFrame:
    import pyogrio
    from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, GeometryError

    unreadable = (DataSourceError, DataLayerError, FeatureError, GeometryError, GEOSException, ValueError)
    try:
        layers = [name for name, kind in pyogrio.list_layers(plain) if kind is not None]
        if len(layers) != 1:
            finding = Finding("file", "layers", ", ".join(layers)[:80] or "none", "one layer with geometry")
            raise InvalidFile(f"{plain.name} must hold one layer", [finding])
        # numpy warns of vertices that are no numbers; the reader of the rows refuses them by name
        with np.errstate(invalid="ignore"):
            rows = pyogrio.read_dataframe(plain, layer=layers[0], encoding=encoding)
    except unreadable as error:
        finding = Finding("file", "format", plain.name, "a Shapefile or GeoPackage with one layer")
        raise InvalidFile(f"{plain.name} cannot be read: {str(error)[:200]}", [finding]) from error
    if not isinstance(rows, geopandas.GeoDataFrame):
        finding = Finding("file", "geometry", "none", "one layer with geometry")
        raise InvalidFile(f"{plain.name} has no geometry", [finding])
    return rows


def _encodings(shapefile: Path) -> tuple[str, ...]:
    """Return the encodings a Shapefile's text may have, as Python names them."""
    for end in (".cpg", ".CPG"):
        if not shapefile.with_suffix(end).exists():
            continue
        written = shapefile.with_suffix(end).read_text("ascii", "replace").strip()
        name = written.lower().removeprefix("ansi").strip()
        try:
            found = codecs.lookup(_CODE_PAGES.get(name, f"cp{name}" if name.isdecimal() else name))
            "".encode(found.name)  # Python also has codecs that are no text
        except (LookupError, ValueError) as error:
            finding = Finding("file", "cpg", written, "the name of an encoding, such as UTF-8 or cp932")
            raise InvalidFile(f"The .cpg file of {shapefile.name} names no encoding", [finding]) from error
        return (found.name,)
    return ("utf-8", "cp932")


def _decoded(rows: geopandas.GeoDataFrame, encoding: str) -> geopandas.GeoDataFrame:
    def decoded(value: object) -> object:
        return value.encode("latin-1").decode(encoding) if isinstance(value, str) else value

    columns: dict[str, list[object]] = {
        str(decoded(name)): [decoded(value) for value in rows[name]]
        for name in rows.columns
        if name != rows.geometry.name
    }
    return geopandas.GeoDataFrame(
        pd.DataFrame(columns, dtype=object), geometry=rows.geometry.to_numpy(), crs=rows.crs
    )
