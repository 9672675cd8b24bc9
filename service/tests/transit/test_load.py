"""Gaps on published stops, grids and boundaries against an independent count in plain PostGIS."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Connection, text

from geo.areas.boundaries import read_boundaries
from geo.errors import NotEnoughData, NotFound
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.boundaries import put_areas
from service.tests.databases import Database
from service.transit.load import Credit, count_gaps, load_grid, load_stops

CATALOG = HOME / "data" / "catalog"
REAL = os.environ.get("CHIIKI_REAL_DATA")
CREDIT = Credit("題", "title", "出典", "credit", "licence")
DATE = dt.date(2022, 1, 1)
TOKACHI = ["01207", *(f"016{number}" for number in (*range(31, 40), *range(41, 50)))]
EASTERN_GUNMA = [
    *("10201", "10203", "10204", "10205", "10207", "10212", "10448", "10464"),
    *("10521", "10522", "10523", "10524", "10525"),
]
DEFINITIONS = ("mlit-handbook-rural", "mlit-handbook-rural-10", "mlit-handbook-urban")

pytestmark = pytest.mark.skipif(REAL is None, reason="the published files are in CHIIKI_REAL_DATA")


def put_municipalities(conn: Connection, path: Path, codes: Iterable[str]) -> None:
    """Store municipalities of a boundary file in full resolution, without tiles."""
    parts = read_boundaries(path)
    found = {code: shapely.union_all(parts[parts["code"] == code].geometry.to_numpy()) for code in codes}
    put_areas(conn, DATE, found)


#: People of each municipality and those further from every stop, by geodesics of PostGIS from cell centres.
INDEPENDENT = text(
    """
    with places as (
        select c.code, c.population, ST_Centroid(c.geom)::geography as centre, ST_Centroid(c.geom) as point
        from cell c where c.grid = :grid
    ), told as (
        select a.code as area, p.population,
               exists (select from stop s where s.mode = 'rail'
                       and ST_DWithin(s.geom::geography, p.centre, :rail))
               or exists (select from stop s where s.mode in ('bus', 'demand')
                       and ST_DWithin(s.geom::geography, p.centre, :bus)
                       and (:least = 0
                            or (select sum(n) from unnest(s.departures[1:30]) as n) >= :least)) as covered
        from places p join area a on a.level = 'municipality' and ST_Contains(a.geom, p.point)
    )
    select area, sum(population) as people, sum(population) filter (where not covered) as gap
    from told group by area order by area
    """
)
CONDITIONS = {
    "mlit-handbook-rural": {"rail": 1000, "bus": 500, "least": 0},
    "mlit-handbook-rural-10": {"rail": 1000, "bus": 500, "least": 10},
    "mlit-handbook-urban": {"rail": 500, "bus": 300, "least": 0},
}


def observed(conn: Connection, name: str) -> dict[str, float]:
    asked = text("select area_code, value from observation where indicator = :name")
    return {row.area_code: row.value for row in conn.execute(asked, {"name": name})}


def compare(conn: Connection, grid: str, codes: list[str]) -> None:
    """Compare every municipality under every definition: they are the same."""
    conn.execute(text("create index on stop using gist ((geom::geography))"))
    conn.execute(text("analyze stop"))
    conn.execute(text("analyze cell"))
    people = observed(conn, "grid-people-centroid")
    assert sorted(people) == sorted(codes)
    for name in DEFINITIONS:
        gap = observed(conn, f"gap-people-centroid-{name}")
        by_area = observed(conn, f"gap-people-{name}")
        rows = conn.execute(INDEPENDENT, {"grid": grid, **CONDITIONS[name]}).all()
        assert {row.area for row in rows} == set(codes)
        for row in rows:
            assert people[row.area] == row.people
            assert gap[row.area] == (row.gap or 0)
            # the other method differs, but not by much
            assert by_area[row.area] / people[row.area] == pytest.approx(
                gap[row.area] / people[row.area], abs=0.12
            )
    often, rural = (
        sum(observed(conn, f"gap-people-centroid-{name}").values()) for name in DEFINITIONS[1::-1]
    )
    assert often > rural


def test_tokachi_is_what_plain_postgis_counts(migrated_database: Database) -> None:
    folder = Path(str(REAL))
    with migrated_database.begin() as conn:
        load_catalogue(conn, CATALOG, "tests")
        put_municipalities(conn, folder / "boundaries/n03-2022-fullres/n03_20220101_pref01.tar.gz", TOKACHI)
        for path in sorted((folder / "transit/gtfs-hokkaido").glob("*.zip")):
            load_stops(conn, path, path.stem, CREDIT, kind="gtfs", actor="tests")
        load_stops(
            conn, folder / "transit/rail/N02-20_Station.geojson.gz", "n02", CREDIT, kind="n02", actor="tests"
        )
        grid = folder / "mesh/population_mesh_third_half_hokkaido_2010.csv"
        load_grid(conn, [grid], "hokkaido", "2010", CREDIT, "tests")
        with pytest.raises(NotFound, match="No grid is called 'x'; there are: hokkaido"):
            count_gaps(conn, (), "x", actor="tests")
        with pytest.raises(NotEnoughData, match="No municipality"):
            count_gaps(conn, DEFINITIONS, "hokkaido", actor="tests", areas=["10201"])
        report = count_gaps(conn, DEFINITIONS, "hokkaido", actor="tests")
        assert report["municipalities"] == 19
        compare(conn, "hokkaido", TOKACHI)


@pytest.mark.prove("a third of a minute")
def test_eastern_gunma_is_what_plain_postgis_counts(migrated_database: Database) -> None:
    folder = Path(str(REAL))
    with migrated_database.begin() as conn:
        load_catalogue(conn, CATALOG, "tests")
        path = folder / "boundaries/n03-2022-fullres/n03_20220101_pref10.tar.gz"
        put_municipalities(conn, path, [*EASTERN_GUNMA, "10209"])
        for feed in sorted((folder / "transit/gtfs-gunma").glob("*.zip")):
            load_stops(conn, feed, feed.stem, CREDIT, kind="gtfs", actor="tests")
        load_stops(
            conn, folder / "transit/rail/N02-20_Station.geojson.gz", "n02", CREDIT, kind="n02", actor="tests"
        )
        load_grid(conn, [folder / "mesh/pop_grid500m_2020_5primary.csv"], "census", "2020", CREDIT, "tests")
        # 藤岡市 10209 reaches west of 139° E, where the grid has no cells
        report = count_gaps(conn, DEFINITIONS, "census", actor="tests")
        assert report["municipalities"] == len(EASTERN_GUNMA) == 13
        assert observed(conn, "grid-people-centroid")["10201"] == 332_157
        conn.execute(text("delete from area where code = '10209'"))
        compare(conn, "census", EASTERN_GUNMA)
