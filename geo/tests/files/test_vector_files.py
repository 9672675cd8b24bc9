"""What GDAL may read, and how text comes out of a Shapefile."""

from __future__ import annotations

import json
import os
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path

import geopandas
import pytest
import shapely

from geo.areas.boundaries import Columns, read_boundaries
from geo.errors import InvalidFile, InvalidGeometry
from geo.files.vector_files import ALLOWED_DRIVERS, read_vector_file

HAKODATE = Columns("code", ("name",))


@pytest.fixture(autouse=True, scope="module")
def _gdal_is_loaded_by_us() -> None:
    with pytest.raises(FileNotFoundError):
        read_vector_file(Path("/nonexistent.gpkg"))


def frame(name: str = "函館市") -> geopandas.GeoDataFrame:
    told = {"code": ["01202"], "name": [name]}
    return geopandas.GeoDataFrame(told, geometry=[shapely.box(140, 42, 140.1, 42.1)], crs="EPSG:6668")


def shapefile(folder: Path, text: bytes, cpg: str | None) -> Path:
    """A Shapefile whose name column holds ``text``, which no driver has checked."""
    path = folder / "areas.shp"
    frame("x" * len(text)).to_file(path, encoding="utf-8")
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace(b"x" * len(text), text))
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    return path


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [
        ("utf-8", None),
        ("cp932", None),
        ("utf-8", "UTF-8"),
        ("utf-8", "utf8\n"),
        ("cp932", "SJIS"),
        ("cp932", "Shift_JIS"),
        ("cp932", "932"),
        ("cp932", "ANSI 932"),
        ("cp932", "CP932"),
        ("euc-jp", "EUC-JP"),
    ],
)
def test_text_is_read_as_the_cpg_file_says_or_as_it_can_be(
    tmp_path: Path, encoding: str, cpg: str | None
) -> None:
    path = shapefile(tmp_path, "鰺ヶ沢町".encode(encoding, "strict"), cpg)
    assert read_vector_file(path)["name"].tolist() == ["鰺ヶ沢町"]


@pytest.mark.parametrize(
    ("text", "cpg", "expected"),
    [
        ("函館市".encode("cp932"), "UTF-8", "text in utf-8"),
        (b"\x81\x01\x81\x02", None, "text in utf-8 or cp932"),
        ("函館市".encode(), "klingon", "the name of an encoding"),
        ("函館市".encode(), "rot13", "the name of an encoding"),
    ],
    ids=["cpg is wrong", "neither", "no encoding", "no text encoding"],
)
def test_text_in_another_encoding_is_refused(
    tmp_path: Path, text: bytes, cpg: str | None, expected: str
) -> None:
    with pytest.raises(InvalidFile, match=expected):
        read_vector_file(shapefile(tmp_path, text, cpg))


@pytest.mark.parametrize("ending", [".shp", ".gpkg"])
def test_a_document_that_points_to_another_file_is_refused(tmp_path: Path, ending: str) -> None:
    canary = tmp_path / "canary.gpkg"
    frame().to_file(canary, layer="areas")
    source = f"<SrcDataSource>{canary}</SrcDataSource><SrcLayer>areas</SrcLayer>"
    vrt = f'<OGRVRTDataSource><OGRVRTLayer name="x">{source}</OGRVRTLayer></OGRVRTDataSource>'
    steps = [{"name": "read", "arguments": {"input": str(canary)}}]
    for text in (
        vrt,
        json.dumps({"type": "gdal_streamed_alg", "command_line": f"gdal vector pipeline read {canary}"}),
        json.dumps(steps),
    ):
        path = tmp_path / f"areas{ending}"
        path.write_text(text)
        with pytest.raises(InvalidFile, match="cannot be read"):
            read_vector_file(path)


def test_a_table_of_a_geopackage_cannot_be_another_file(tmp_path: Path) -> None:
    path = tmp_path / "areas.gpkg"
    frame().to_file(path, layer="areas")
    with sqlite3.connect(path) as opened:
        opened.execute("pragma writable_schema = on")
        statement = "create virtual table areas2 using VirtualOGR('/etc/passwd')"
        opened.execute("insert into sqlite_master values ('table', 'areas2', 'areas2', 0, ?)", [statement])
    try:
        rows = read_vector_file(path)
    except InvalidFile:
        return
    assert rows["code"].tolist() == ["01202"]


def test_a_file_of_several_layers_is_refused_with_their_names(tmp_path: Path) -> None:
    path = tmp_path / "areas.gpkg"
    frame().to_file(path, layer="areas")
    frame().to_file(path, layer="others")
    with pytest.raises(InvalidFile, match="areas, others"):
        read_vector_file(path)


@pytest.mark.parametrize("at", [(140.1, 42.0), (140.0, 42.1)], ids=["where the ring closes", "elsewhere"])
def test_a_shapefile_whose_vertices_are_no_numbers_is_refused(
    tmp_path: Path, at: tuple[float, float]
) -> None:
    path = shapefile(tmp_path, b"Hakodate", None)
    raw = path.read_bytes()
    vertex = struct.pack("<2d", *at)
    assert vertex in raw
    path.write_bytes(raw.replace(vertex, struct.pack("<2d", float("nan"), at[1])))
    with pytest.raises((InvalidGeometry, InvalidFile), match=r"finite|cannot be read"):
        read_boundaries(path, columns=HAKODATE)


@pytest.mark.parametrize("keep", [0, 50, 100, 150])
def test_a_shapefile_that_was_cut_off_is_refused(tmp_path: Path, keep: int) -> None:
    path = shapefile(tmp_path, b"Hakodate", None)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises((InvalidGeometry, InvalidFile)):
        read_boundaries(path, columns=HAKODATE)


def test_gdal_with_all_its_drivers_is_not_used() -> None:
    ask = (
        "import pyogrio\n"
        "from pathlib import Path\n"
        "from geo.files.vector_files import read_vector_file\n"
        "try:\n    read_vector_file(Path('/etc/hostname'))\n"
        "except RuntimeError as error:\n    print('refused', error)\n"
    )
    plain = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
    answer = subprocess.run(
        [sys.executable, "-c", ask], capture_output=True, text=True, check=True, env=plain
    )
    assert answer.stdout.startswith("refused GDAL was loaded with drivers that may read other files")


def test_only_the_drivers_that_are_meant_are_there() -> None:
    import pyogrio

    assert set(pyogrio.list_drivers()) == ALLOWED_DRIVERS
