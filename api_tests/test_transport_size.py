"""Transport gaps of more cells and stops than one answer holds: nothing is left out in silence."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType

import httpx
import numpy as np
import pytest
from anyio import to_thread
from sqlalchemy import text

from api_tests.conftest import serving
from geo.transit.grids import Grid
from service.app import create_api
from service.db.database import reader_engine
from service.http.problems import TooManyFeatures
from service.kinds import KINDS
from service.memory.cache import Store
from service.memory.news import News
from service.tests.databases import Database, DatabaseServer
from service.transit import transport
from service.transit.load import Credit, store_grid
from service.transit.scenario_routes import region_of

RURAL = "/v1/transport-gap/mlit-handbook-rural"
MAEBASHI = "10201"
#: Of 125 m, in one block: ten second meshes.
CELLS = [
    f"5439{a}{b}{c}{d}{i}{j}{k}"
    for a in "34"
    for b in "01234"
    for c in range(10)
    for d in range(10)
    for i in "1234"
    for j in "1234"
    for k in "1234"
]
FERRIES = 60_000


@pytest.fixture(scope="module")
def crowded(
    database_server: DatabaseServer, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    """A service with 64,000 cells told of Maebashi, one person in each, and 60,000 ferry piers in it.

    The piers count for nothing, and come before all other stops.
    """
    with database_server.new_database(template) as database:
        with database.begin() as conn:
            grid = Grid(11, np.array(CELLS), {"population": np.ones(len(CELLS))}, np.full(len(CELLS), "ok"))
            store_grid(conn, grid, "fine", "2021", Credit("", "", "", "", ""), "", "tests")
            told = text(
                "insert into gap_cell select 'mlit-handbook-rural', 'fine', code, :area, 700, false, 0.25"
                " from cell where grid = 'fine'"
            )
            conn.execute(told, {"area": MAEBASHI})
            conn.execute(text("analyze gap_cell"))
            source = text(
                "insert into stop_source"
                " (id, kind, title_ja, title_en, dates, credit_ja, credit_en, licence, sha256)"
                " values ('a', 'table', '', '', '{}', '', '', '', '')"
            )
            piers = text(
                "insert into stop select 'a', n::text, 'pier', 'ferry', '', n::text, null,"
                " ST_SetSRID(ST_MakePoint(139.1 + n * 1e-7, 36.38), 4326) from generate_series(1, :n) as n"
            )
            conn.execute(source)
            conn.execute(piers, {"n": FERRIES})
            conn.execute(text("analyze stop"))
        with (
            serving(database, tmp_path_factory.mktemp("crowded") / "log") as server,
            httpx.Client(base_url=server.url, timeout=60) as client,
        ):
            yield client


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "/problems/too-many-features"
    detail: str = body["detail"]
    return detail


def test_bands_count_every_cell_of_an_area(crowded: httpx.Client) -> None:
    body = crowded.get(f"{RURAL}/bands?area={MAEBASHI}&edges=0,500,1000").json()
    assert body["grid"] == "fine"
    assert body["population"] == len(CELLS) == 64_000
    assert [band["population"] for band in body["bands"]] == [0, 64_000, 0]


def test_a_cluster_has_every_cell_of_an_area(crowded: httpx.Client) -> None:
    body = crowded.get(f"{RURAL}/clusters?area={MAEBASHI}").json()
    assert body["total"] == 1
    assert body["clusters"][0]["population"] == 64_000
    assert sorted(body["clusters"][0]["cells"]) == sorted(CELLS)


def test_cells_that_are_too_many_for_geojson_are_refused_with_what_to_ask_instead(
    crowded: httpx.Client,
) -> None:
    told = refusal(crowded.get(f"{RURAL}/cells.geojson?area={MAEBASHI}"))
    assert "64,000 cells" in told
    assert "50,000" in told
    for instead in (f"{RURAL}/cells/{{z}}/{{x}}/{{y}}.mvt", "/ogc/collections/gap-cells.mlit-handbook-rural"):
        assert instead in told
    page = crowded.get("/ogc/collections/gap-cells.mlit-handbook-rural/items?limit=1").json()
    assert page["numberMatched"] >= 64_000


def test_stops_that_are_too_many_for_geojson_are_refused_and_a_smaller_box_is_not(
    crowded: httpx.Client,
) -> None:
    for asked in (f"area={MAEBASHI}", "area=10000", "bbox=139,36,140,37"):
        told = refusal(crowded.get(f"/v1/stops.geojson?{asked}"))
        assert "50,000" in told
        assert int(told.split()[2].replace(",", "")) > FERRIES
        assert "/v1/stops/{z}/{x}/{y}.mvt" in told
    few = crowded.get("/v1/stops.geojson?bbox=139.1,36.379,139.1001,36.381").json()["features"]
    assert 1000 <= sum(one["properties"]["mode"] == "ferry" for one in few) < 2000


def test_a_gap_is_counted_from_every_stop_however_many_there_are(
    crowded: httpx.Client, client: httpx.Client
) -> None:
    address = f"{RURAL}/gap.geojson?area={MAEBASHI}"
    assert crowded.get(address).json() == client.get(address).json()


def test_a_scenario_is_counted_from_every_stop_however_many_there_are(
    crowded: httpx.Client, client: httpx.Client
) -> None:
    asked = {"definition": "bus-1km", "area": MAEBASHI}  # counted on the grid that ships
    there, here = (one.post("/v1/transport-gap/scenario", json=asked).json() for one in (crowded, client))
    assert there["grid"] == "census-2020-500m"
    assert there["total"] == here["total"]


def test_a_prefecture_too_large_for_a_scenario_is_refused_and_its_municipality_is_not(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "MAX_REGION_CELLS", 3000)

    async def regions() -> None:
        store = Store(reader_engine(database.settings), database.settings, KINDS)
        atlas = await News(store).refresh()
        try:
            with pytest.raises(TooManyFeatures, match=r"cells around 10000.* at most 3,000; ask for one of"):
                await region_of(atlas, "10000", "10000", "census-2020-500m")
            partition = (await region_of(atlas, MAEBASHI, "10000", "census-2020-500m")).partition
            assert np.array(partition.areas)[partition.own].tolist() == [MAEBASHI]
            monkeypatch.setattr(transport, "MAX_REGION_STOPS", 10)
            with pytest.raises(TooManyFeatures, match="coarser grid"):
                await region_of(atlas, "10203", "10000", "census-2020-500m")
        finally:
            await store.close()

    asyncio.run(regions())


# What counting takes of the process that serves


@asynccontextmanager
async def in_process(database: Database) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a service that runs in this process."""
    api = create_api(database.settings)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as client,
    ):
        yield client


def test_scenarios_wait_for_one_another_and_other_routes_do_not_wait_for_them(database: Database) -> None:
    async def ask() -> None:
        async with in_process(database) as client:
            scenarios = [
                asyncio.create_task(
                    client.post(
                        "/v1/transport-gap/scenario",
                        json={
                            "definition": "mlit-handbook-rural",
                            "area": MAEBASHI,
                            "distances_m": {"bus": 300 + metres},
                        },
                    )
                )
                for metres in range(6)  # an address may have eight under way
            ]
            await asyncio.wait(scenarios, return_when=asyncio.FIRST_COMPLETED)
            # the pool of threads that every other route is answered from
            assert to_thread.current_default_thread_limiter().borrowed_tokens == 0
            for _ in range(3):
                assert (await client.get(f"/v1/areas/{MAEBASHI}")).status_code == 200
            assert not all(one.done() for one in scenarios)
            answers = await asyncio.gather(*scenarios)
            assert {answer.status_code for answer in answers} == {200}

    asyncio.run(ask())


@pytest.mark.parametrize(
    "address",
    [
        f"{RURAL}/cells.geojson?area={MAEBASHI}",
        f"{RURAL}/bands?area={MAEBASHI}",
        f"{RURAL}/clusters?area={MAEBASHI}",
        f"{RURAL}/gap.geojson?area={MAEBASHI}",
        f"/v1/stops.geojson?area={MAEBASHI}",
    ],
)
def test_nothing_is_counted_or_compressed_on_the_event_loop(database: Database, address: str) -> None:
    work = {"gaps.py", "access.py", "discs.py", "mesh.py", "stops.py", "gzip.py"}
    on_loop: set[str] = set()

    def profile(frame: FrameType, _event: str, _argument: object) -> None:
        name = Path(frame.f_code.co_filename)
        if name.name in work and name.parent.name != "service":
            on_loop.add(f"{name.name}: {frame.f_code.co_name}")

    async def ask() -> None:
        async with in_process(database) as client:
            sys.setprofile(profile)
            try:
                answer = await client.get(address)
            finally:
                sys.setprofile(None)
            assert answer.status_code == 200
            assert answer.headers["content-encoding"] == "gzip"

    asyncio.run(ask())
    assert on_loop == set()
