"""Cells are cut by the most detailed outline that is loaded of a municipality, of whatever date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pytest
import shapely
from sqlalchemy import Connection, insert, text

from geo.transit import mesh
from geo.transit.grids import Grid
from geo.transit.stops import without_timetable
from service.db.tables import area_change
from service.settings import HOME
from service.strategy.catalog_load import load_catalogue
from service.tests.boundaries import put_areas
from service.tests.databases import Database
from service.transit.load import Credit, count_gaps, store_grid, store_stops
from service.transit.queries import boundaries_of

SIMPLE, FULL = dt.date(2021, 1, 1), dt.date(2024, 1, 1)
WEST_TOWN, EAST_TOWN = "10999", "09999"
#: A cell of 500 m, and the same in degrees from its south-west corner.
CELL = mesh.code_at(36.3021, 139.1031, 9)
SOUTH, WEST, NORTH, EAST = mesh.bounds([CELL])[0].tolist()
MIDDLE = (WEST + EAST) / 2
#: The border goes through the middle of the cell where it is simplified. In full the western town has the
#: northern half of the east as well: three quarters of the cell.
WEST_SIMPLE = shapely.box(WEST - 0.02, SOUTH - 0.02, MIDDLE, NORTH + 0.02)
EAST_SIMPLE = shapely.box(MIDDLE, SOUTH - 0.02, EAST + 0.02, NORTH + 0.02)
WEST_FULL = shapely.union(WEST_SIMPLE, shapely.box(MIDDLE, (SOUTH + NORTH) / 2, EAST, NORTH + 0.001))
PEOPLE = 100.0
CREDIT = Credit("題", "title", "出典", "credit", "licence")


def put(conn: Connection, full: Mapping[str, shapely.Polygon], date: dt.date = FULL) -> None:
    """Store simple boundaries of all prefectures, full ones of some towns, a cell, and a stop far from it."""
    load_catalogue(conn, HOME / "data" / "catalog", "tests")
    others = {
        f"{number:02d}998": shapely.box(130 + number / 10, 30, 130.05 + number / 10, 30.05)
        for number in range(1, 48)
    }
    put_areas(conn, SIMPLE, {**others, WEST_TOWN: WEST_SIMPLE, EAST_TOWN: EAST_SIMPLE})
    put_areas(conn, date, full)
    grid = Grid(9, np.array([CELL]), {"population": np.array([PEOPLE])}, np.array(["ok"]))
    store_grid(conn, grid, "grid", "2020", CREDIT, "", "tests")
    lon, lat = np.array([WEST - 0.015]), np.array([SOUTH - 0.015])
    stops = without_timetable(["a"], ["a"], ["bus"], [""], ["a"], lon, lat)
    store_stops(conn, stops, "stops", CREDIT, {"kind": "table"}, "", "tests")


def counted(conn: Connection) -> tuple[dict[str, float], object]:
    """Return the people of each town, by area, and the outlines that the report tells."""
    areas = [WEST_TOWN, EAST_TOWN]
    report = count_gaps(conn, ["mlit-handbook-rural"], "grid", actor="tests", areas=areas)
    rows = conn.execute(text("select area_code, value from observation where indicator = 'grid-people'"))
    return {row.area_code: row.value for row in rows}, report["outlines"]


#: The same outline with a vertex every 5 m or so, as a full one has.
def detailed(outline: shapely.Polygon) -> shapely.Polygon:
    return shapely.segmentize(outline, 5e-5)


def test_a_cell_at_a_border_is_cut_by_the_full_outline_and_the_simple_one_gives_way(
    migrated_database: Database,
) -> None:
    with migrated_database.begin() as conn:
        put(conn, {WEST_TOWN: detailed(WEST_FULL)})
        people, outlines = counted(conn)
        independent = conn.execute(
            text(
                "select sum(c.population * ST_Area(ST_Intersection(ST_Transform(c.geom, 6677),"
                " ST_Transform(a.geom, 6677))) / ST_Area(ST_Transform(c.geom, 6677)))"
                " from cell c, area a where a.vintage = :full and a.code = :code"
            ),
            {"full": FULL, "code": WEST_TOWN},
        ).scalar_one()
    assert people == {WEST_TOWN: pytest.approx(75), EAST_TOWN: pytest.approx(25)}
    assert people[WEST_TOWN] == pytest.approx(independent, rel=1e-6)
    assert outlines == {"2021-01-01": 1, "2024-01-01": 1}


@pytest.mark.parametrize(
    ("full", "date"),
    [
        # as many vertices as the simple one has: another edition, and no more detailed
        (WEST_FULL, FULL),
        # so old that the coast may be another
        (detailed(WEST_FULL), dt.date(2005, 1, 1)),
    ],
)
def test_an_outline_that_is_no_more_detailed_or_too_old_is_not_taken(
    migrated_database: Database, full: shapely.Polygon, date: dt.date
) -> None:
    with migrated_database.begin() as conn:
        put(conn, {WEST_TOWN: full}, date)
        people, outlines = counted(conn)
    assert people == {WEST_TOWN: pytest.approx(50), EAST_TOWN: pytest.approx(50)}
    assert outlines == {"2021-01-01": 2}


@pytest.mark.parametrize(("kind", "share"), [("編入合併", 50), ("分離", 50), ("町制施行", 75)])
def test_an_outline_from_before_a_change_of_the_area_is_not_taken(
    migrated_database: Database, kind: str, share: float
) -> None:
    with migrated_database.begin() as conn:
        put(conn, {WEST_TOWN: detailed(WEST_FULL)})
        change = {"date": dt.date(2023, 1, 1), "kind": kind, "from_name": "", "to_name": ""}
        other = WEST_TOWN if kind == "町制施行" else "10997"
        conn.execute(insert(area_change).values(**change, from_code=other, to_code=WEST_TOWN))
        people, _ = counted(conn)
    assert people == {WEST_TOWN: pytest.approx(share), EAST_TOWN: pytest.approx(PEOPLE - share)}


def test_a_newer_file_of_one_prefecture_is_not_what_the_country_is_counted_on(
    migrated_database: Database,
) -> None:
    with migrated_database.begin() as conn:
        assert boundaries_of(conn) is None
        put(conn, {WEST_TOWN: detailed(WEST_FULL)})
        assert boundaries_of(conn) == SIMPLE
        conn.execute(text("delete from vintage where vintage = :date"), {"date": SIMPLE})
        assert boundaries_of(conn) == FULL
