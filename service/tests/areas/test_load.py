"""Boundary files into a real PostGIS: all of a vintage or none of it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import mapbox_vector_tile
import psycopg
import pytest
import shapely
from shapely.geometry import shape
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.engine import make_url

from geo.areas.boundaries import Columns
from geo.errors import ChiikiError, InvalidGeometry, InvalidRows
from service.areas.load import ingest_boundaries
from service.areas.tiles import TOP_ZOOM
from service.db import schema
from service.db.tables import area, area_change, audit, encoded_tile, outline, revision, vintage
from service.memory.revisions import CHANNEL
from service.settings import HOME
from service.tests.databases import Database, DatabaseServer

CATALOG = HOME / "data/catalog"
DATE = dt.date(2021, 1, 1)
TABLES = (vintage, area, outline, encoded_tile, audit)


def square(x: float, y: float, size: float = 0.1) -> list[list[float]]:
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size], [x, y]]


def feature(code: str | None, city: str | None, name: str, *rings: list[list[float]]) -> dict[str, object]:
    told = {"N03_001": "北海道", "N03_002": None, "N03_003": city, "N03_004": name, "N03_007": code}
    return {"type": "Feature", "properties": told, "geometry": {"type": "Polygon", "coordinates": [*rings]}}


SAPPORO = [
    feature("01101", "札幌市", "中央区", square(141.0, 43.0)),
    feature("01102", "札幌市", "北区", square(141.1, 43.0)),
]
HAKODATE = feature("01202", None, "函館市", square(140.0, 42.0))
TOBETSU = feature("01303", "石狩郡", "当別町", square(141.2, 43.0))
UNOWNED = feature(None, None, "所属未定地", square(141.3, 43.0))


def written(folder: Path, *features: dict[str, object]) -> Path:
    path = folder / "areas.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False))
    return path


@pytest.fixture(scope="module")
def empty_database(database_server: DatabaseServer) -> Iterator[Database]:
    """A database with the tables, for tests that keep nothing."""
    with database_server.new_database() as database:
        with database.begin() as conn:
            schema.upgrade(conn)
        yield database


@pytest.fixture
def conn(empty_database: Database) -> Iterator[Connection]:
    """A connection whose work is not kept."""
    with empty_database.begin() as conn:
        yield conn
        conn.rollback()


def content(conn: Connection) -> dict[str, int]:
    return {table.name: conn.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES}


def load(conn: Connection, path: Path, date: dt.date = DATE) -> dict[str, object]:
    return ingest_boundaries(conn, path, date, catalog=CATALOG)


def test_a_file_becomes_areas_of_three_levels(conn: Connection, tmp_path: Path) -> None:
    report = load(conn, written(tmp_path, *SAPPORO, HAKODATE, TOBETSU, UNOWNED))
    columns = (area.c.level, area.c.position, area.c.code, area.c.kind, area.c.parent, area.c.name_ja)
    rows = [tuple(row) for row in conn.execute(select(*columns).order_by(area.c.level, area.c.position))]
    assert rows == [
        ("municipality", 0, "01100", "designated_city", "01000", "札幌市"),
        ("municipality", 1, "01202", "city", "01000", "函館市"),
        ("municipality", 2, "01303", "town", "01000", "当別町"),
        ("prefecture", 0, "01000", "prefecture", None, "北海道"),
        ("ward", 0, "01101", "ward", "01100", "札幌市中央区"),
        ("ward", 1, "01102", "ward", "01100", "札幌市北区"),
        ("ward", 2, "01202", "city", "01000", "函館市"),
        ("ward", 3, "01303", "town", "01000", "当別町"),
    ]
    assert report["unassigned"] == 1
    assert report["repaired"] == ()
    assert conn.execute(select(area.c.name_kana, area.c.name_en).where(area.c.code == "01101")).one() == (
        "さっぽろしちゅうおうく",
        "Chuo-ku, Sapporo-shi",
    )


def test_outlines_are_geojson_whose_exterior_rings_turn_left(conn: Connection, tmp_path: Path) -> None:
    hole = square(140.02, 42.02, 0.02)
    clockwise = feature("01202", None, "函館市", square(140.0, 42.0)[::-1], hole)
    load(conn, written(tmp_path, clockwise))
    texts = conn.scalars(select(outline.c.geojson)).all()
    assert len(texts) == 9  # three levels, three details
    for geojson in texts:
        whole = shape(json.loads(geojson))
        assert isinstance(whole, shapely.MultiPolygon)
        assert whole.is_valid
        assert [part.exterior.is_ccw for part in whole.geoms] == [True]
        assert [ring.is_ccw for part in whole.geoms for ring in part.interiors] == [False]


def test_a_tile_says_where_its_areas_are(conn: Connection, tmp_path: Path) -> None:
    # Tile 10/913/376 holds 140.976–141.328° E, 42.81–43.07° N: 札幌市 and the west of 当別町, not 函館市.
    load(conn, written(tmp_path, *SAPPORO, HAKODATE, TOBETSU))
    tile = select(encoded_tile.c.mvt).where(
        encoded_tile.c.level == "municipality",
        encoded_tile.c.z == 10,
        encoded_tile.c.x == 913,
        encoded_tile.c.y == 376,
    )
    layer = mapbox_vector_tile.decode(conn.execute(tile).scalar_one())["areas"]
    assert layer["extent"] == 4096
    assert sorted(found["id"] for found in layer["features"]) == [0, 2]


def test_only_tiles_with_something_to_draw_are_stored(conn: Connection, tmp_path: Path) -> None:
    load(conn, written(tmp_path, HAKODATE))
    tiles = select(encoded_tile.c.z, func.count()).where(encoded_tile.c.level == "ward")
    counts = {row[0]: row[1] for row in conn.execute(tiles.group_by(encoded_tile.c.z))}
    assert sorted(counts) == list(range(13))
    assert counts[0] == counts[4] == 1
    assert conn.scalar(select(func.min(func.length(encoded_tile.c.mvt)))) or 0 > 0


def test_stored_tiles_cover_what_postgis_encodes_directly(conn: Connection, tmp_path: Path) -> None:
    load(conn, written(tmp_path, *SAPPORO, HAKODATE, TOBETSU))
    direct = text(
        """
        select t.z, t.x, t.y, t.mvt as stored, (
            select ST_AsMVT(f, 'areas', 4096, 'geom', 'position') from (
                select position, ST_AsMVTGeom(
                    ST_Transform(geom, 3857), ST_TileEnvelope(t.z, t.x, t.y), 4096, 64, true
                ) as geom
                from outline where level = t.level and detail = 'high' order by position
            ) as f where geom is not null
        ) as direct
        from encoded_tile t where t.level = 'ward' and t.z between 9 and 12
        """
    )
    rows = conn.execute(direct).all()
    assert len(rows) == 37
    for row in rows:
        stored, expected = (areas_by_id(tile) for tile in (row.stored, row.direct))
        assert stored.keys() == expected.keys()
        for position, outlined in stored.items():
            # the pieces of a zoom are cut from those above it; vertices may differ by one unit of 4096
            difference = shapely.symmetric_difference(outlined, expected[position])
            assert shapely.area(difference) <= shapely.length(outlined) + 4


def test_stored_tiles_have_their_areas_in_order_and_no_attributes(conn: Connection, tmp_path: Path) -> None:
    load(conn, written(tmp_path, *SAPPORO, HAKODATE, TOBETSU))
    tiles = conn.execute(select(encoded_tile.c.level, encoded_tile.c.mvt).where(encoded_tile.c.z == 6)).all()
    told: dict[str, set[int]] = {}
    for level, mvt in tiles:
        features = mapbox_vector_tile.decode(mvt)["areas"]["features"]
        told.setdefault(level, set()).update(found["id"] for found in features)
        assert [found["id"] for found in features] == sorted(found["id"] for found in features)
        assert [found["properties"] for found in features] == [{}] * len(features)
    assert told == {"ward": {0, 1, 2, 3}, "municipality": {0, 1, 2}, "prefecture": {0}}


def test_an_area_of_two_levels_is_drawn_the_same_in_both(conn: Connection, tmp_path: Path) -> None:
    load(conn, written(tmp_path, *SAPPORO, HAKODATE))
    tiles = select(encoded_tile.c.z, encoded_tile.c.x, encoded_tile.c.y, encoded_tile.c.mvt)
    drawn = {
        level: {
            (z, x, y): found["geometry"]
            for z, x, y, mvt in conn.execute(tiles.where(encoded_tile.c.level == level))
            for found in mapbox_vector_tile.decode(mvt)["areas"]["features"]
            if found["id"] == position
        }
        for level, position in (("ward", 2), ("municipality", 1))
    }
    assert len(drawn["ward"]) > TOP_ZOOM
    assert drawn["ward"] == drawn["municipality"]


def test_nothing_is_left_of_what_tiles_were_made_with(conn: Connection, tmp_path: Path) -> None:
    tables = text("select tablename from pg_tables where schemaname = 'public'")
    before = set(conn.scalars(tables))
    load(conn, written(tmp_path, HAKODATE))
    assert set(conn.scalars(tables)) == before


def areas_by_id(tile: bytes) -> dict[int, shapely.Geometry]:
    features = mapbox_vector_tile.decode(tile)["areas"]["features"]
    return {found["id"]: shape(found["geometry"]).buffer(0) for found in features}


def test_the_same_file_again_changes_nothing(conn: Connection, tmp_path: Path) -> None:
    path = written(tmp_path, HAKODATE)
    load(conn, path)
    before = content(conn)
    assert load(conn, path) == {"vintage": "2021-01-01", "unchanged": True}
    assert content(conn) == before


def test_another_file_replaces_the_vintage_and_its_revision_grows(conn: Connection, tmp_path: Path) -> None:
    number = select(revision.c.n).where(revision.c.subject == f"vintage:{DATE}")
    load(conn, written(tmp_path, HAKODATE))
    before = conn.scalar(number)
    load(conn, written(tmp_path, TOBETSU))
    codes = conn.scalars(select(area.c.code).where(area.c.level == "ward")).all()
    assert codes == ["01303"]
    assert (conn.scalar(number) or 0) > (before or 0) > 0
    assert conn.scalar(select(func.count()).select_from(audit)) == 2


def test_vintages_stand_side_by_side(conn: Connection, tmp_path: Path) -> None:
    path = written(tmp_path, HAKODATE)
    load(conn, path)
    load(conn, path, dt.date(2022, 1, 1))
    assert conn.scalars(select(vintage.c.vintage).order_by(vintage.c.vintage)).all() == [
        dt.date(2021, 1, 1),
        dt.date(2022, 1, 1),
    ]


def test_a_dry_run_reports_and_changes_nothing(conn: Connection, tmp_path: Path) -> None:
    before = content(conn)
    path = written(tmp_path, HAKODATE, UNOWNED)
    report = ingest_boundaries(conn, path, DATE, catalog=CATALOG, dry_run=True)
    assert report["counts"] == {"ward": 1, "municipality": 1, "prefecture": 1}
    assert content(conn) == before


BOW_TIE = [[140.0, 42.0], [140.1, 42.1], [140.1, 42.0], [140.0, 42.1], [140.0, 42.0]]
FLAT = [[140.0, 42.0], [140.1, 42.1], [140.0, 42.0], [140.0, 42.0]]


@pytest.mark.parametrize(
    ("features", "kind", "told"),
    [
        ([feature("01999", None, "無い町", square(140, 42))], InvalidRows, "01999"),
        ([feature("012026", None, "函館市", square(140, 42))], InvalidRows, "check digit 5"),
        ([HAKODATE, feature("01202", None, "小樽市", square(141, 43))], InvalidRows, "01202 is 函館市"),
        ([feature("01202", None, "函館市", FLAT)], InvalidGeometry, "01202"),
    ],
    ids=["unknown code", "wrong check digit", "code used twice", "cannot be repaired"],
)
def test_a_refused_file_changes_nothing(
    conn: Connection,
    tmp_path: Path,
    features: list[dict[str, object]],
    kind: type[ChiikiError],
    told: str,
) -> None:
    load(conn, written(tmp_path, TOBETSU))
    before = content(conn)
    with pytest.raises(kind) as refusal:
        load(conn, written(tmp_path, *features))
    assert told in str(refusal.value)
    assert content(conn) == before


def test_a_repaired_outline_is_reported(conn: Connection, tmp_path: Path) -> None:
    report = load(conn, written(tmp_path, feature("01202", None, "函館市", BOW_TIE)))
    assert report["repaired"] == ("01202",)
    assert conn.scalar(text("select bool_and(ST_IsValid(geom)) from outline")) is True


def test_what_a_file_lacks_is_told_by_the_catalogue_of_changes(conn: Connection, tmp_path: Path) -> None:
    merged = {"date": dt.date(2006, 2, 1), "kind": "編入合併", "from_name": "戸井町", "to_name": "函館市"}
    conn.execute(insert(area_change).values(from_code="01338", to_code="01202", **merged))
    report = load(conn, written(tmp_path, HAKODATE, feature("01338", None, "戸井町", square(141, 42))))
    missing = report["missing"]
    assert isinstance(missing, list)
    assert "01203" in missing  # 小樽市 exists and is not in the file
    assert "01202" not in missing
    assert "02201" not in missing  # nothing is asked of a prefecture the file has nothing of
    assert report["not_in_use"] == ["01338"]
    lacking = report["missing_prefectures"]
    assert isinstance(lacking, list)
    assert (len(lacking), lacking[0], lacking[-1]) == (46, "02000", "47000")


def test_columns_and_a_credit_of_ones_own_are_kept(conn: Connection, tmp_path: Path) -> None:
    path = tmp_path / "wards.json"
    told = {"jis": 1202, "label": "函館"}
    one = {**HAKODATE, "properties": told}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [one]}))
    ingest_boundaries(conn, path, DATE, catalog=CATALOG, columns=Columns("jis", ("label",)))
    found = select(area.c.code, area.c.name_ja).where(area.c.level == "ward")
    assert conn.execute(found).all() == [("01202", "函館")]


def test_progress_ends_at_its_total(conn: Connection, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []

    def noted(done: int, total: int, what: str) -> None:
        assert what
        steps.append((done, total))

    ingest_boundaries(conn, written(tmp_path, HAKODATE), DATE, catalog=CATALOG, progress=noted)
    assert steps == sorted(steps)
    assert steps[-1][0] == steps[-1][1]


def test_listeners_hear_of_a_load_when_it_is_committed(migrated_database: Database, tmp_path: Path) -> None:
    address = make_url(migrated_database.writer).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as listening:
        listening.execute(f"listen {CHANNEL}")
        with migrated_database.begin() as conn:
            load(conn, written(tmp_path, HAKODATE))
            assert list(listening.notifies(timeout=0)) == []
        assert len(list(listening.notifies(timeout=5, stop_after=1))) == 1
