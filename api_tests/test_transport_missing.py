"""Cells whose people are not told, from the file of a grid to every answer: null with the reason, never 0."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import mapbox_vector_tile
import pytest
from sqlalchemy import text

from api_tests.conftest import serving
from geo.transit import mesh
from service.tests.databases import DatabaseServer
from service.transit.load import Credit, count_gaps, load_grid

RURAL = "/v1/transport-gap/mlit-handbook-rural"
MAEBASHI, TAMAMURA = "10201", "10464"


@dataclass(frozen=True)
class Suppressed:
    """A service on a grid of which cells are suppressed.

    Attributes
    ----------
    whole : people of Maebashi by cell, as the census tells them
    secret, empty : cells of Maebashi out of reach for which the file has ``*``, and nothing
    report : of the load
    """

    client: httpx.Client
    whole: dict[str, float]
    secret: list[str]
    empty: list[str]
    report: dict[str, object]
    counted: dict[str, object]

    @property
    def missing(self) -> set[str]:
        return {*self.secret, *self.empty}


@pytest.fixture(scope="module")
def suppressed(
    database_server: DatabaseServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Suppressed]:
    """The census as of 2021: some cells of Maebashi are not told, and none of Tamamura."""
    folder = tmp_path_factory.mktemp("suppressed")
    told = text(
        "select c.code, c.population, g.area, g.covered from cell c"
        " left join gap_cell g on g.grid = c.grid and g.code = c.code"
        " and g.definition = 'mlit-handbook-rural' order by c.code"
    )
    with database_server.new_database(template) as database:
        with database.begin() as conn:
            rows = conn.execute(told).all()
            whole = {row.code: row.population for row in rows if row.area == MAEBASHI}
            uncovered = [row.code for row in rows if row.area == MAEBASHI and not row.covered]
            secret, empty = uncovered[10:30:2], uncovered[11:15:2]
            written = {row.code: "*" for row in rows if row.area == TAMAMURA}
            written |= dict.fromkeys(secret, "*") | dict.fromkeys(empty, "")
            lines = [f"{row.code},{written.get(row.code, f'{row.population:.0f}')}" for row in rows]
            path = folder / "grid.csv"
            path.write_text("\n".join(["code,pop", *lines]), encoding="utf-8")
            report = load_grid(conn, [path], "later", "2021", Credit("", "", "", "", ""), "tests")
            names = ["mlit-handbook-rural"]
            counted = count_gaps(conn, names, "later", actor="tests", areas=[MAEBASHI, TAMAMURA])
        with (
            serving(database, folder / "log") as server,
            httpx.Client(base_url=server.url, timeout=60) as client,
        ):
            yield Suppressed(client, whole, secret, empty, report, counted)


def cells(client: httpx.Client, area: str) -> dict[str, dict[str, object]]:
    body = client.get(f"{RURAL}/cells.geojson?area={area}").json()
    return {one["properties"]["code"]: one["properties"] for one in body["features"]}


def tile_cell(client: httpx.Client, code: str) -> dict[str, object]:
    """Return the attributes of a cell in the tile of zoom 12 that holds its centre."""
    (lon,), (lat,) = mesh.centres([code])
    x = int((lon + 180) / 360 * 4096)
    y = int((1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 4096)
    layer = mapbox_vector_tile.decode(client.get(f"{RURAL}/cells/12/{x}/{y}.mvt").content)["cells"]
    found: dict[str, object] = next(
        one["properties"] for one in layer["features"] if one["properties"]["code"] == code
    )
    return found


def figures(client: httpx.Client, layer: str, code: str) -> tuple[object, str]:
    body = client.get(f"/v1/layers/{layer}/values.json?level=municipality&period=2021").json()
    place = body["codes"].index(code)
    return body["values"][place], body["statuses"][place]


def test_a_grid_tells_how_many_of_its_cells_have_no_figure(suppressed: Suppressed) -> None:
    grids = {one["id"]: one for one in suppressed.client.get("/v1/transport-gap").json()["grids"]}
    told = grids["later"]["report"]["cells_without_figure"]
    assert told == suppressed.report["cells_without_figure"]
    assert told["not_available"] == len(suppressed.empty)
    assert told["secret"] == len(suppressed.secret) + len(cells(suppressed.client, TAMAMURA))
    assert grids["census-2020-500m"]["report"]["cells_without_figure"] == {}
    assert suppressed.counted["cells_without_figure"] == {
        MAEBASHI: len(suppressed.missing),
        TAMAMURA: len(cells(suppressed.client, TAMAMURA)),
    }


def test_a_cell_is_null_with_its_reason_in_geojson_in_tiles_and_for_gis_clients(
    suppressed: Suppressed,
) -> None:
    found = cells(suppressed.client, MAEBASHI)
    for code, reason in [(suppressed.secret[0], "secret"), (suppressed.empty[0], "not_available")]:
        assert found[code] | {"population": None, "gap_population": None, "status": reason} == found[code]
        item = suppressed.client.get(
            f"/ogc/collections/gap-cells.mlit-handbook-rural/items?code={code}"
        ).json()["features"][0]["properties"]
        assert (item["population"], item["gap_population"], item["status"]) == (None, None, reason)
        in_tile = tile_cell(suppressed.client, code)
        assert in_tile["status"] == reason
        assert not {"population", "gap_population"} & set(in_tile)
    known = next(code for code in found if code not in suppressed.missing)
    assert (found[known]["population"], found[known]["status"]) == (suppressed.whole[known], "ok")


def test_bands_leave_out_cells_without_a_figure_and_count_them(suppressed: Suppressed) -> None:
    body = suppressed.client.get(f"{RURAL}/bands?area={MAEBASHI}&edges=0,500,1000").json()
    known = sum(people for code, people in suppressed.whole.items() if code not in suppressed.missing)
    assert body["population"] == known == sum(band["population"] for band in body["bands"])
    assert body["cells_without_figure"] == {
        "secret": len(suppressed.secret),
        "not_available": len(suppressed.empty),
    }
    in_bands = [band["cells_without_figure"].get("secret", 0) for band in body["bands"]]
    assert sum(in_bands) == len(suppressed.secret)
    nobody = suppressed.client.get(f"{RURAL}/bands?area={TAMAMURA}").json()
    assert nobody["population"] is None
    for band in nobody["bands"]:
        assert band["population"] == (None if band["cells_without_figure"] else 0)


def test_clusters_have_cells_without_a_figure_and_count_nobody_in_them(suppressed: Suppressed) -> None:
    body = suppressed.client.get(f"{RURAL}/clusters?area={MAEBASHI}&limit=500").json()
    listed = body["clusters"]
    everywhere = {code for one in listed for code in one["cells"]}
    assert suppressed.missing <= everywhere
    for one in listed:
        known = [suppressed.whole[code] for code in one["cells"] if code not in suppressed.missing]
        assert one["population"] == (sum(known) if known else None)
        assert sum(one["cells_without_figure"].values()) == len(one["cells"]) - len(known)
    people = [one["population"] for one in listed if one["population"] is not None]
    assert people == sorted(people, reverse=True)
    alone = suppressed.client.get(f"{RURAL}/clusters?area={TAMAMURA}").json()["clusters"]
    assert {one["population"] for one in alone} == {None}


def test_a_municipality_is_counted_from_its_known_cells_and_missing_where_it_has_none(
    suppressed: Suppressed,
) -> None:
    missing = sum(suppressed.whole[code] for code in suppressed.missing)
    people, status = figures(suppressed.client, "grid-people-centroid", MAEBASHI)
    assert (people, status) == (sum(suppressed.whole.values()) - missing, "ok")
    for layer in ("grid-people-centroid", "gap-people-centroid-mlit-handbook-rural"):
        assert figures(suppressed.client, layer, TAMAMURA) == (None, "secret")


def test_a_scenario_tells_cells_without_a_figure_as_such(suppressed: Suppressed) -> None:
    box = [[138, 36], [140, 36], [140, 37], [138, 37], [138, 36]]
    asked = {
        "definition": "mlit-handbook-rural",
        "area": MAEBASHI,
        "zones": [{"type": "Polygon", "coordinates": [box]}],
    }
    body = suppressed.client.post("/v1/transport-gap/scenario", json=asked).json()
    assert body["grid"] == "later"
    assert body["total"]["cells_without_figure"] == len(suppressed.missing)
    changed = {one["code"]: one for one in body["cells"]}
    assert changed[suppressed.secret[0]]["population"] is None
    assert changed[suppressed.secret[0]]["status"] == "secret"
    known = next(code for code in changed if code not in suppressed.missing)
    assert (changed[known]["population"], changed[known]["status"]) == (suppressed.whole[known], "ok")
    town = suppressed.client.post("/v1/transport-gap/scenario", json=asked | {"area": TAMAMURA}).json()
    by_centre = town["municipalities"][0]["cell_centroid"]["population"]
    assert by_centre["cells_without_figure"] == len(cells(suppressed.client, TAMAMURA))
    assert {by_centre[name] for name in ("all", "gap_before", "gap_after", "share_before")} == {None}


def test_the_grid_that_ships_tells_every_cell(client: httpx.Client) -> None:
    assert {one["status"] for one in cells(client, MAEBASHI).values()} == {"ok"}
    body = client.get(f"{RURAL}/bands?area={MAEBASHI}").json()
    assert body["cells_without_figure"] == {}
