"""What a child reads of a Shapefile or GeoPackage is what GDAL reads here, or refused in the same words."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pyproj.exceptions import CRSError

from geo.areas.boundaries import Columns, read_boundaries
from geo.errors import InvalidFile
from geo.files import vector_files
from service.areas.vector_files import read_apart, rows_of, shut_in
from service.areas.vector_reader import PREFIX


@pytest.fixture(autouse=True, scope="module")
def _gdal_is_loaded_by_us() -> None:
    vector_files.load()


def frame() -> geopandas.GeoDataFrame:
    told = {
        "code": ["01202", "01203"],
        "name": ["函館市", None],
        "people": [251_084, 111_299],
        "share": [0.5, float("nan")],
        "since": pd.Series([pd.Timestamp("1922-08-01"), pd.NaT]).astype("datetime64[ms]"),
        "is_city": [True, False],
    }
    shapes = shapely.from_wkt(["POLYGON ((140 42, 140.1 42, 140.1 42.1, 140 42.1, 140 42))", None])
    return geopandas.GeoDataFrame(told, geometry=shapes, crs="EPSG:6668")


def geopackage(folder: Path) -> Path:
    frame().to_file(folder / "areas.gpkg", layer="areas")
    return folder / "areas.gpkg"


def shapefile(folder: Path, rows: geopandas.GeoDataFrame | None = None) -> Path:
    (frame() if rows is None else rows).drop(columns=["since", "is_city"]).to_file(
        folder / "areas.shp", encoding="cp932"
    )
    return folder / "areas.shp"


def without_projection(folder: Path) -> Path:
    path = shapefile(folder)
    path.with_suffix(".prj").unlink()
    return path


@pytest.mark.parametrize("make", [geopackage, shapefile, without_projection])
def test_a_child_reads_the_same_rows(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    here, apart = vector_files.read_here(path), read_apart(path)
    assert_geodataframe_equal(here, apart, check_dtype=True, check_crs=True)
    assert (here.crs is None) is (make is without_projection)


@pytest.mark.parametrize("body", [b"", b"<OGRVRTDataSource/>", b"{}"])
def test_a_child_refuses_with_the_same_words(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "areas.gpkg"
    path.write_bytes(body)
    told = []
    for read in (vector_files.read_here, read_apart):
        with pytest.raises(InvalidFile) as refused:
            read(path)
        told.append((refused.value.message.replace(str(tmp_path), ""), list(refused.value.findings)))
    assert [finding.expected for _, found in told for finding in found] == [
        "a Shapefile or GeoPackage with one layer"
    ] * 2


def test_boundaries_are_read_by_a_child_where_they_are_to_be(tmp_path: Path) -> None:
    (tmp_path / "inside").mkdir()
    inside = shapefile(tmp_path / "inside", frame().iloc[:1]).parent
    path = shutil.make_archive(str(tmp_path / "areas"), "zip", str(inside))
    columns = Columns("code", ("name",))
    with shut_in(trusted=True):
        here = read_boundaries(Path(path), columns=columns)
    with shut_in():
        apart = read_boundaries(Path(path), columns=columns)
    assert_geodataframe_equal(here, apart)


def told(head: bytes) -> bytes:
    return len(head).to_bytes(PREFIX, "little") + head


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff" * 100,
        told(b"{}"),
        told(b'{"columns":[],"crs":"nothing","lengths":[]}'),
        told(b'{"columns":[],"crs":null,"lengths":[9]}') + b"no outline",
        told(b'{"columns":[["a","<i8",["x"]]],"crs":null,"lengths":[0]}'),
        told(b'{"columns":[["a","O",[]]],"crs":null,"lengths":[0]}'),
        told(b'{"refused":{"message":"x","findings":[{"a":1}]}}'),
    ],
)
def test_an_answer_of_a_child_that_was_taken_over_is_no_rows(answer: bytes) -> None:
    with pytest.raises((ValueError, LookupError, TypeError, CRSError, shapely.GEOSException)):
        rows_of(answer)
