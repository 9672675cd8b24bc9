"""Independent readers agree: PostGIS' own tiles, GDAL's drivers."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import httpx
import mapbox_vector_tile
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import text

from service.tests.databases import Database

Features = dict[int, tuple[shapely.Geometry, dict[str, object]]]

ST_AS_MVT = text(
    """
    select ST_AsMVT(q, 'areas', 4096, 'geom', 'id') from (
        select a.code::int as id, a.code, a.name_ja as name, a.name_en, o.value,
               ST_AsMVTGeom(ST_Transform(g.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 64, true) as geom
        from outline g join area a using (vintage, level, position)
        left join observation o on o.area_code = a.code and o.indicator = 'births' and o.period = '2020'
        where g.vintage = '2025-01-01' and g.level = 'municipality' and g.detail = :detail
        order by g.position
    ) q where geom is not null
    """
)

needs_gdal = pytest.mark.skipif(
    shutil.which("ogrinfo") is None, reason="ogrinfo (Debian package gdal-bin) is not installed"
)


def features(body: bytes) -> Features:
    """Geometry (rings from the same corner) and attributes by feature id."""
    found = mapbox_vector_tile.decode(body)["areas"]["features"] if body else []
    return {
        f["id"]: (
            shape(f["geometry"]).normalize(),
            {k: v for k, v in f["properties"].items() if k != "class"},
        )
        for f in found
    }


def ogrinfo(*arguments: str) -> str:
    """What GDAL's own program says; with all of its drivers."""
    plain = {name: value for name, value in os.environ.items() if name != "OGR_SKIP"}
    command = ["ogrinfo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=plain).stdout


@pytest.mark.parametrize("z", range(14))
def test_poured_tiles_equal_st_asmvt(client: httpx.Client, database: Database, z: int) -> None:
    detail = "low" if z < 6 else "medium" if z < 9 else "high"
    with database.begin() as conn:
        stored = text(
            "select x, y from encoded_tile where vintage = '2025-01-01' and level = 'municipality' and z = :z"
            " order by x, y"
        )
        addresses = [
            (row.x << (z - min(z, 12)), row.y << (z - min(z, 12)))
            for row in conn.execute(stored, {"z": min(z, 12)})
        ]
        compared = 0
        for x, y in random.Random(z).sample(addresses, min(4, len(addresses))):
            theirs = bytes(conn.execute(ST_AS_MVT, {"z": z, "x": x, "y": y, "detail": detail}).scalar_one())
            ours = client.get(f"/v1/layers/births/tiles/{z}/{x}/{y}.mvt?period=2020").content
            assert features(ours) == features(theirs)
            compared += len(features(ours))
    assert compared > 0 or z > 12


@needs_gdal
def test_gdal_reads_the_geojson(client: httpx.Client, tmp_path: Path) -> None:
    path = tmp_path / "population.geojson"
    path.write_bytes(client.get("/v1/layers/population/areas.geojson?period=2020&detail=low").content)
    told = ogrinfo("-so", "-al", str(path))
    assert "Feature Count: 1747" in told
    assert "value: Integer (0.0)" in told
    one = ogrinfo("-al", "-where", "code = '01100'", "-geom=NO", str(path))
    assert "value (Integer) = 1973395" in one
    assert "name (String) = 札幌市" in one


@needs_gdal
def test_gdal_reads_a_tile_with_its_address(client: httpx.Client, tmp_path: Path) -> None:
    folder = tmp_path / "9" / "456"
    folder.mkdir(parents=True)
    path = folder / "187.mvt"
    path.write_bytes(client.get("/v1/layers/population/tiles/9/456/187.mvt?period=2020").content)
    told = ogrinfo("-al", "-where", "code = '01100'", "-geom=SUMMARY", str(path))
    assert "value (Real) = 1973395" in told


@pytest.mark.parametrize("detail", ["low", "medium", "high"])
def test_the_geojson_is_valid_and_keeps_its_borders(client: httpx.Client, detail: str) -> None:
    body = client.get(f"/v1/layers/births/areas.geojson?period=2020&level=prefecture&detail={detail}").json()
    outlines = [shapely.from_geojson(json.dumps(feature["geometry"])) for feature in body["features"]]
    assert len(outlines) == 47
    assert shapely.is_valid(outlines).all()
    assert all(shapely.get_exterior_ring(shapely.get_parts(o)[0]).is_ccw for o in outlines)
