"""Archives, GeoJSON, TopoJSON and Shapefiles that were good once: read, or refused by place and field."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path

import geopandas
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.areas.boundaries import read_boundaries
from geo.areas.outlines import areas_of
from geo.files.archives import tarred, text_of
from geo.tests.areas.test_boundaries import read_vector_file_is_loaded
from geo.tests.files.test_archives import tar_of
from geo.tests.files.test_topojson import TRIANGLE
from geo.tests.mutated_documents import Json, mutated_bytes, mutated_document
from geo.tests.mutations import mutated_zip, proven, refusal

SQUARE: Json = {
    "type": "Polygon",
    "coordinates": [[[139, 36], [139.1, 36], [139.1, 36.1], [139, 36.1], [139, 36]]],
}
ISLET: Json = {
    "type": "MultiPolygon",
    "coordinates": [[[[139.2, 36], [139.3, 36], [139.3, 36.1], [139.2, 36]]], [[[139.4, 36], [139.4, 36]]]],
}
N03: dict[str, Json] = {
    "type": "FeatureCollection",
    "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::6668"}},
    "features": [
        {
            "type": "Feature",
            "properties": {"N03_001": "群馬県", "N03_004": name, "N03_007": code},
            "geometry": shape,
        }
        for name, code, shape in (("前橋市", "10201", SQUARE), ("高崎市", "10202", ISLET))
    ],
}


@given(content=mutated_document(N03))
@proven
def test_mutated_geojson_becomes_areas_or_is_refused_by_its_features(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "areas.geojson"
    path.write_bytes(content)
    refusal(lambda: areas_of(read_boundaries(path)))


@given(content=mutated_document(json.loads(json.dumps(TRIANGLE))))
@proven
def test_mutated_topojson_becomes_areas_or_is_refused_by_its_features(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "areas.topojson"
    path.write_bytes(content)
    refusal(lambda: areas_of(read_boundaries(path)))


@given(content=mutated_zip({"表/areas.geojson": json.dumps(N03), "a/readme.txt": "利用規約"}))
@proven
def test_a_mutated_zip_of_boundaries_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "areas.zip"
    path.write_bytes(content)
    refusal(lambda: read_boundaries(path))
    refusal(lambda: text_of(path))


@given(content=st.data())
@proven
def test_a_mutated_tar_is_read_or_refused(tmp_path: Path, content: st.DataObject) -> None:
    path = tar_of(tmp_path / "areas.tar.gz", (tarfile.TarInfo("10201.json"), json.dumps(N03).encode()))
    path.write_bytes(content.draw(mutated_bytes(path.read_bytes())))
    refusal(lambda: list(tarred(path)))


def test_a_tar_whose_gzip_begins_with_a_field_and_no_block_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "areas.tar.gz"
    # a head with an extra field of two bytes, and blocks of a type that there is not
    path.write_bytes(b"\x1f\x8b\x08\x04" + bytes(6) + b"\x02\x00" + b"\x07" * 50)
    refused = refusal(lambda: list(tarred(path)))
    assert refused is not None
    assert "areas.tar.gz is no whole archive" in refused.message


@pytest.fixture(scope="module")
def shapefile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A Shapefile of two squares, by the endings of its files."""
    read_vector_file_is_loaded()
    folder = tmp_path_factory.mktemp("shapefile")
    told = {"code": ["10201", "10202"], "name": ["前橋市", "高崎市"]}
    squares = [shapely.box(139, 36, 139.1, 36.1), shapely.box(139.1, 36, 139.2, 36.1)]
    geopandas.GeoDataFrame(told, geometry=squares, crs=6668).to_file(folder / "areas.shp", encoding="cp932")
    return {path.suffix: path.read_bytes() for path in folder.iterdir()}


@given(content=st.data())
@proven
def test_a_mutated_shapefile_is_read_or_refused(
    tmp_path: Path, shapefile: dict[str, bytes], content: st.DataObject
) -> None:
    chosen = content.draw(st.sampled_from(sorted(shapefile)))
    for ending, good in shapefile.items():
        written = content.draw(mutated_bytes(good)) if ending == chosen else good
        (tmp_path / f"areas{ending}").write_bytes(written)
    refusal(lambda: read_boundaries(tmp_path / "areas.shp"))
