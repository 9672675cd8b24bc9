"""Whole prefectures from published files: people by age add up to the census, shares are those of PostGIS.

Bus stops are P11 of 2010, which is not for commercial use: nothing that is made here ships.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
import os
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Connection, text

from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.boundaries import put_areas
from service.tests.databases import Database
from service.transit.load import Credit, count_gaps, load_grid, load_stops

REAL = os.environ.get("CHIIKI_REAL_DATA")
CREDIT = Credit("題", "title", "出典", "credit", "licence")
DATE = dt.date(2024, 1, 1)
OUTLINES = "boundaries/n03-2024-kurashimap/kurashimap_n03_20240101_public_geojson.tar.gz"
STATIONS = "transit/rail/N02-25_stations_points_railmap.geojson.gz"
CONDITIONS = {
    "mlit-handbook-rural": {"rail": 1000, "bus": 500},
    "mlit-handbook-urban": {"rail": 500, "bus": 300},
    "mlit-subsidy-1km": {"rail": 1000, "bus": 1000},
}
COLUMNS = {"people": "population", "people-65": "aged_65", "people-75": "aged_75"}

pytestmark = pytest.mark.skipif(REAL is None, reason="the published files are in CHIIKI_REAL_DATA")


@dataclass(frozen=True)
class Prefecture:
    """A prefecture, its files, and what the census counted there: all, 65+, 75+.

    Attributes
    ----------
    near : neighbours whose people the grid tells too; none where it is that of the prefecture
    within : how far the sums may be from the census: a grid of first meshes is cut at the border by area
    plane : EPSG code of its plane rectangular system
    """

    code: str
    files: str
    municipalities: int
    census: tuple[int, int, int]
    near: tuple[str, ...]
    within: float
    plane: int


PREFECTURES = {
    "hiroshima": Prefecture(
        "34000",
        "hiroshima-2020/tblT001101H34.csv.gz",
        23,
        (2_799_702, 811_931, 422_028),
        (),
        0,
        6671,
    ),
    "fukuoka": Prefecture(
        "40000",
        "fukuoka-2020/tblT001101H*.txt.gz",
        60,
        (5_135_214, 1_395_142, 699_717),
        ("35", "41", "42", "43", "44"),
        0.001,
        6670,
    ),
    "wakayama": Prefecture(
        "30000", "wakayama-2020/tblT001100S30.txt.gz", 30, (922_584, 305_500, 162_676), (), 0, 6674
    ),
}


def outlines(near: Sequence[str]) -> Iterator[tuple[str, shapely.MultiPolygon]]:
    """Yield the municipalities of some prefectures, and one of each other so that all are there."""
    with tarfile.open(Path(str(REAL)) / OUTLINES) as archive:
        for member in archive:
            if not member.isfile() or "_wards" in member.name or "prefectures" in member.name:
                continue
            opened = archive.extractfile(member)
            assert opened is not None
            features = json.load(opened)["features"]
            is_near = features[0]["properties"]["code"][:2] in near
            for feature in features if is_near else features[:1]:
                whole = shapely.from_geojson(json.dumps(feature["geometry"]))
                parts = shapely.get_parts(shapely.make_valid(whole))
                polygons = [part for part in parts if shapely.get_dimensions(part) == 2]
                yield (
                    feature["properties"]["code"],
                    shapely.MultiPolygon(list(shapely.get_parts(shapely.union_all(polygons)))),
                )


def put_published(conn: Connection, files: Sequence[Path]) -> None:
    """Store the cells as they are published, and of each the cell that has its ages (HTKSAKI)."""
    conn.execute(
        text("create temporary table published (code text, holder text, p float, a65 float, a75 float)")
    )
    with conn.connection.cursor().copy("copy published from stdin") as copy:
        for path in files:
            with gzip.open(path, "rt", encoding="cp932", newline="") as opened:
                for row in csv.reader(opened):
                    if row[0].isdecimal():
                        ages = [None if row[place] == "*" else float(row[place]) for place in (22, 25)]
                        copy.write_row((row[0], row[2] or row[0], float(row[4]), *ages))


#: Cells with their people (an age share is that of all cells whose ages lie together), in the municipality of
#: their centre, else in that which has the largest part of them.
PLACED = text(
    """
    create temporary table placed as
    with aged as (
        select code, p as population,
               p * sum(a65) over together / nullif(sum(p) over together, 0) as aged_65,
               p * sum(a75) over together / nullif(sum(p) over together, 0) as aged_75
        from published window together as (partition by holder)
    )
    select aged.*, c.geom, ST_Centroid(c.geom)::geography as centre,
           coalesce(
               (select a.code from area a where ST_Contains(a.geom, ST_Centroid(c.geom))),
               (select a.code from area a where ST_Intersects(a.geom, c.geom)
                order by ST_Area(ST_Intersection(a.geom, c.geom)) desc limit 1)
           ) as area
    from aged join cell c using (code)
    """
)
BY_CENTRE = text(
    """
    select area, sum(population) as people, coalesce(sum(population) filter (where not (
        exists (select from stop s where s.mode = 'rail' and ST_DWithin(s.geom::geography, p.centre, :rail))
        or exists (select from stop s where s.mode = 'bus' and ST_DWithin(s.geom::geography, p.centre, :bus))
    )), 0) as gap
    from placed p where left(area, 2) = left(:prefecture, 2) group by area
    """
)
#: Cells cut by the outlines of municipalities, in small parts, in the plane of the prefecture.
PIECES = """
    create temporary table land as
    select code, ST_Subdivide(geom, 128) as geom from area
    where :everybody or left(code, 2) = left(:prefecture, 2);
    create index on land using gist (geom);
    create temporary table piece as
    select p.code, p.population, p.aged_65, p.aged_75, land.code as area,
           ST_Transform(ST_Intersection(p.geom, land.geom), :plane) as geom
    from placed p join land on ST_Intersects(p.geom, land.geom);
    delete from piece where ST_Area(geom) = 0;
    create index on piece using gist (geom);
    analyze land;
    analyze piece
"""
#: Circles of 256 sides around stops.
DISCS = """
    drop table if exists disc;
    create temporary table disc as
    select ST_Buffer(
        ST_Transform(geom, :plane), case mode when 'rail' then :rail else :bus end, 'quad_segs=64'
    ) as geom
    from stop where geom && (select ST_Expand(ST_Extent(geom)::geometry, 0.05) from land);
    create index on disc using gist (geom);
    analyze disc
"""
#: Of each municipality all people, those of 65 and of 75 and more, and those of them further from every stop.
BY_AREA = text(
    """
    with whole as (
        select code, sum(ST_Area(geom)) as m2 from piece group by code
    ), share as (
        select piece.*, ST_Area(piece.geom) / whole.m2 as here,
               ST_Area(coalesce(ST_Difference(piece.geom, reach.geom), piece.geom)) / whole.m2 as away
        from piece join whole using (code) cross join lateral (
            select ST_Union(disc.geom) as geom from disc where disc.geom && piece.geom
        ) as reach
    )
    select area, sum(population * here) as "people", sum(population * away) as "gap-people",
           sum(aged_65 * here) as "people-65", sum(aged_65 * away) as "gap-people-65",
           sum(aged_75 * here) as "people-75", sum(aged_75 * away) as "gap-people-75"
    from share where left(area, 2) = left(:prefecture, 2) group by area
    """
)


def run(conn: Connection, statements: str, values: Mapping[str, object]) -> None:
    """Run statements one after another."""
    for statement in statements.split(";"):
        named = {name: value for name, value in values.items() if f":{name}" in statement}
        conn.execute(text(statement), named)


def observed(conn: Connection, name: str, prefecture: str) -> dict[str, float]:
    asked = text(
        "select area_code, value from observation"
        " where indicator = :name and left(area_code, 2) = left(:prefecture, 2)"
    )
    rows = conn.execute(asked, {"name": name, "prefecture": prefecture})
    return {row.area_code: row.value for row in rows}


@pytest.mark.parametrize(
    "name",
    [
        "wakayama",
        *(pytest.param(one, marks=pytest.mark.prove("half a minute")) for one in ("hiroshima", "fukuoka")),
    ],
)
def test_people_by_age_are_those_of_the_census_and_shares_those_of_postgis(
    migrated_database: Database, name: str
) -> None:
    one, folder = PREFECTURES[name], Path(str(REAL))
    number = one.code[:2]
    files = sorted((folder / "mesh").glob(one.files))
    with migrated_database.begin() as conn:
        load_catalogue(conn, HOME / "data" / "catalog", "tests")
        put_areas(conn, DATE, dict(outlines((number, *one.near))))
        bus = folder / f"transit/p11-2010-busmap/prefecture_{number}.kml.gz"
        load_stops(conn, bus, "p11-2010", CREDIT, kind="p11", actor="tests")
        load_stops(conn, folder / STATIONS, "n02-25", CREDIT, kind="n02", actor="tests")
        whole = () if one.near else (one.code,)
        load_grid(conn, files, name, "2020", CREDIT, "tests", prefectures=whole)
        report = count_gaps(conn, tuple(CONDITIONS), name, actor="tests", areas=[one.code])
        assert report["municipalities"] == one.municipalities
        for part, counted in zip(COLUMNS, one.census, strict=True):
            told = observed(conn, f"grid-{part}", one.code)
            assert len(told) == one.municipalities
            assert sum(told.values()) == pytest.approx(counted, rel=one.within or 1e-9)

        put_published(conn, files)
        conn.execute(text("create index on area using gist (geom)"))
        conn.execute(text("analyze area"))
        conn.execute(PLACED)
        conn.execute(text("create index on stop using gist ((geom::geography))"))
        conn.execute(text("analyze stop"))
        conn.execute(text("analyze placed"))
        cut = {"plane": one.plane, "prefecture": one.code, "everybody": bool(one.near)}
        run(conn, PIECES, cut)
        people = observed(conn, "grid-people-centroid", one.code)
        for definition, distances in CONDITIONS.items():
            gap = observed(conn, f"gap-people-centroid-{definition}", one.code)
            rows = {row.area: row for row in conn.execute(BY_CENTRE, {**distances, "prefecture": one.code})}
            assert {code: row.people for code, row in rows.items()} == people
            assert {code: row.gap for code, row in rows.items()} == gap
            asked = {**distances, "plane": one.plane}
            run(conn, DISCS, asked)
            by_area = {row.area: row._mapping for row in conn.execute(BY_AREA, {"prefecture": one.code})}
            assert len(by_area) == one.municipalities
            for part in COLUMNS:
                told = observed(conn, f"grid-{part}", one.code)
                away = observed(conn, f"gap-{part}-{definition}", one.code)
                for code, independent in by_area.items():
                    assert told[code] == pytest.approx(independent[part], rel=1e-4)
                    assert away[code] == pytest.approx(independent[f"gap-{part}"], rel=2e-3, abs=0.5)
