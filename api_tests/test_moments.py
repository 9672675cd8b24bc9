"""Every answer is of one moment: an ETag never stands for two bodies, whoever answers, whatever was loaded.

Two services run on one database. One hears of changes, the other is deaf and finds out by itself; so it
answers from an old state as long as nothing tells it otherwise, and must not mix that with what it reads.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, text

from api_tests.conftest import Server, serving
from geo.figures.observations import Row
from service.figures.load import Figures, load_observations
from service.memory import revisions
from service.tests.databases import Database, DatabaseServer

LAYERS = (
    *("population", "ageing-rate", "libraries", "population-change", "transport-gap:mlit-handbook-rural"),
    *("deployments:smart-cities", "deployment-count:goal-1", "kpi-progress:goal-1-productivity-growth"),
)
FORMS = (
    *(
        "tiles/5/28/12.mvt",
        "tiles/5/28/12.mlt",
        "tiles/5/28/12.png",
        "legend.json",
        "values.json",
        "values.csv",
        "statistics.json",
    ),
    *("summary.json", "areas.geojson?detail=low", "periods.json", "tiles.json", "style.json", "map.svg"),
)
ADDRESSES = (
    *(f"/v1/layers/{layer}/{form}" for layer in LAYERS for form in FORMS),
    *("/v1/layers", "/v1/layers?q=人口", "/v1/indicators/population", "/v1/sources", "/v1/region-sets"),
    *("/v1/areas/10201", "/v1/areas?q=前橋", "/v1/areas.geojson?level=prefecture&detail=low", "/v1/vintages"),
    *("/v1/areas/10201/history", "/v1/crosswalk?from=2005-01-01&to=2020-01-01", "/v1/areas?q=浜北市"),
    "/v1/mergers?prefecture=22000",
    *("/v1/areas/10201/neighbours", "/v1/areas/10201/profile", "/v1/areas/10201/peers", "/v1/deployments"),
    *("/v1/deployments.csv", "/v1/deployments.geojson?detail=low", "/v1/measures", "/v1/goals/goal-1"),
    *("/v1/kpis", "/v1/kpis/goal-1-productivity-growth/progress", "/v1/measures/smart-cities/candidates"),
    *("/v1/series?indicator=population&areas=01100,nation,tokyo-area", "/v1/transport-gap"),
    *("/v1/transport-gap/mlit-handbook-rural/cells.geojson?area=10201", "/v1/stops.geojson?area=10521"),
    *("/v1/transport-gap/mlit-handbook-rural/bands?area=10201", "/v1/stops/12/3635/1604.mvt"),
    *("/ogc/collections?limit=20", "/ogc/collections/population.prefecture/items?detail=low", "/ogc/api"),
    *("/ogc/collections/stops/items?limit=20", "/ogc/collections/deployments/items?limit=20"),
    *("/ogc/collections/gap-cells.mlit-handbook-rural/items?limit=20", "/catalog.jsonld?limit=5"),
    "/resas/api/v1/population/composition/perYear?prefCode=10&cityCode=10201",
)
#: Steps of one run; the seeds are the runs.
STEPS = 120


def load_figures(conn: Connection, draw: random.Random) -> None:
    name = draw.choice(("population", "population-65-plus", "libraries", "gpp-2011-base"))
    code = "13000" if name == "gpp-2011-base" else draw.choice(("10201", "01100", "13101"))
    period = "2018" if name == "gpp-2011-base" else "2020"
    rows = [Row(name, code, period, float(draw.randrange(1, 10**7)), "ok", "", 0)]
    load_observations(conn, [Figures(rows, "census-2020", dt.date(2020, 10, 1))], actor="tests", subject="x")


def rename_source(conn: Connection, draw: random.Random) -> None:
    name = draw.choice(("census-2020", "deployments"))
    conn.execute(
        text("update source set credit_ja = :w where id = :n"), {"w": f"出典{draw.random()}", "n": name}
    )
    revisions.changed(conn, revisions.source(name))


def change_regions(conn: Connection, draw: random.Random) -> None:
    conn.execute(text("delete from region_set where id = 'tokyo-area' and area_code = '10000'"))
    if draw.random() < 0.5:
        conn.execute(
            text(
                "insert into region_set"
                " values ('tokyo-area', '10000', '1970-04-01', null, '東京圏', 'Tokyo area')"
            )
        )
    revisions.changed(conn, revisions.REGION_SETS)


def change_bands(conn: Connection, draw: random.Random) -> None:
    title = f"戦略{draw.random()}"
    conn.execute(
        text("update strategy set body = jsonb_set(body, '{title_ja}', to_jsonb(cast(:t as text)))"),
        {"t": title},
    )
    revisions.changed(conn, revisions.STRATEGY)


def rename_boundaries(conn: Connection, draw: random.Random) -> None:
    conn.execute(text("update vintage set credit_ja = :w"), {"w": f"境界{draw.random()}"})
    conn.execute(
        text("update outline set geojson = replace(geojson, '[139.', '[139.0') where position = :p"),
        {"p": draw.randrange(47)},
    )
    revisions.changed(
        conn, *map(revisions.vintage, conn.execute(text("select vintage from vintage")).scalars())
    )


def end_deployment(conn: Connection, draw: random.Random) -> None:
    ending = text(
        "update deployment set valid_to = clock_timestamp() where id = ("
        " select id from deployment where valid_to is null order by id offset :n limit 1)"
    )
    conn.execute(ending, {"n": draw.randrange(300)})
    revisions.changed(conn, revisions.DEPLOYMENTS)


def move_stops(conn: Connection, draw: random.Random) -> None:
    name = conn.scalar(
        text("select source from stop order by source, id offset :n limit 1"), {"n": draw.randrange(900)}
    )
    conn.execute(text("update stop set name = name || '改' where source = :s"), {"s": name})
    revisions.changed(conn, revisions.stops(str(name)))


def recount_gaps(conn: Connection, draw: random.Random) -> None:
    name = "mlit-handbook-rural"
    conn.execute(
        text("update gap_cell set distance_m = distance_m + :m where definition = :d"),
        {"m": draw.random(), "d": name},
    )
    revisions.changed(conn, revisions.gaps(name))


WRITES: tuple[Callable[[Connection, random.Random], None], ...] = (
    *(load_figures, load_figures, rename_source, change_regions, change_bands, rename_boundaries),
    *(end_deployment, move_stops, recount_gaps),
)


@pytest.fixture(scope="module")
def changing(database_server: DatabaseServer, template: str) -> Iterator[Database]:
    with database_server.new_database(template) as database:
        yield database


@pytest.fixture(scope="module")
def services(
    database_server: DatabaseServer, changing: Database, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Server]]:
    """A service that hears, and a deaf one: it listens to another database, and looks once an hour."""
    folder: Path = tmp_path_factory.mktemp("moments")
    elsewhere = database_server.database(str(database_server.admin.url.database)).environment["DATABASE_URL"]
    deaf = {"CHIIKI_NEWS_URL": elsewhere, "CHIIKI_NEWS_EVERY_S": "3600"}
    with serving(changing, folder / "hears") as hears, serving(changing, folder / "deaf", **deaf) as other:
        yield hears, other


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.prove("a quarter of a minute"))])
def test_an_etag_never_stands_for_two_bodies(
    changing: Database, services: tuple[Server, Server], seed: int
) -> None:
    draw = random.Random(seed)
    bodies: dict[tuple[str, str], str] = {}
    etags: dict[str, str] = {}
    answered = 0
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=one.url, timeout=60)) for one in services]
        for _ in range(STEPS):
            if draw.random() < 0.25:
                with changing.begin() as conn:
                    draw.choice(WRITES)(conn, draw)
                continue
            address = draw.choice(ADDRESSES)
            headers = {"Accept-Encoding": draw.choice(("gzip", "identity"))}
            if address in etags and draw.random() < 0.3:
                headers["If-None-Match"] = etags[address]
            answer = draw.choice(clients).get(address, headers=headers)
            assert answer.status_code in (200, 304), f"{address}: {answer.status_code} {answer.text[:300]}"
            etag = answer.headers["etag"]
            if answer.status_code == 304:
                assert etag == headers["If-None-Match"]
                continue
            answered += 1
            body = hashlib.sha256(answer.content).hexdigest()
            known = bodies.setdefault((address, etag), body)
            assert known == body, f"{address} has two bodies for {etag}"
            etags[address] = etag
    assert answered > STEPS / 3


def test_figures_under_a_progress_layer_change_its_revision_and_its_etags(
    changing: Database, services: tuple[Server, Server]
) -> None:
    tile = "/v1/layers/kpi-progress:goal-1-productivity-growth/tiles/5/28/12.mvt"
    with httpx.Client(base_url=services[0].url) as client:
        before, told = client.get(tile), client.get(tile.replace("tiles/5/28/12.mvt", "tiles.json")).json()
        with changing.begin() as conn:
            rows = [Row("gpp-2011-base", f"{n:02d}000", "2018", 1.0, "ok", "", 0) for n in range(1, 48)]
            figures = Figures(rows, "accounts-2011-base", dt.date(2018, 10, 1))
            load_observations(conn, [figures], actor="tests", subject="test")
        for _ in range(300):  # the news takes milliseconds; each look is a request, none waits
            after = client.get(tile)
            if after.headers["etag"] != before.headers["etag"]:
                break
        assert after.headers["chiiki-revision"] != before.headers["chiiki-revision"]
        assert (
            client.get(tile.replace("tiles/5/28/12.mvt", "tiles.json")).json()["revision"] != told["revision"]
        )
        again = client.get(tile, headers={"If-None-Match": before.headers["etag"]})
        assert again.status_code == 200


def test_a_write_to_one_indicator_leaves_the_etags_of_others(
    changing: Database, services: tuple[Server, Server]
) -> None:
    others = [
        f"/v1/layers/{layer}/tiles/5/28/12.mvt"
        for layer in ("births", "ageing-rate", "deployments:smart-cities")
    ]
    written = "/v1/layers/libraries/tiles/5/28/12.mvt"
    with httpx.Client(base_url=services[0].url) as client:
        before = {address: client.get(address).headers["etag"] for address in (*others, written)}
        with changing.begin() as conn:
            load_observations(
                conn,
                [
                    Figures(
                        [Row("libraries", "10201", "2020", 77.0, "ok", "", 0)],
                        "census-2020",
                        dt.date(2020, 10, 1),
                    )
                ],
                actor="tests",
                subject="test",
            )
        for _ in range(300):
            if client.get(written).headers["etag"] != before[written]:
                break
        assert client.get(written).headers["etag"] != before[written]
        assert {address: client.get(address).headers["etag"] for address in others} == {
            address: before[address] for address in others
        }
