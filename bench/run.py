"""chiiki beside TiPg and plain PostGIS: the same database, the same questions, in one run.

    scripts/bench [--seconds 8] [--seed 1]

Tiles: a random list of (indicator, period, tile) of zoom 4 to 12, none asked twice. GeoJSON: all
municipalities with the values of an (indicator, period) never asked before.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import mapbox_vector_tile
import shapely
from shapely.geometry import shape
from sqlalchemy import Connection, create_engine, text

from bench.peers import Peer, chiiki, tipg
from service.db.database import running_database, writer_url
from service.settings import Settings

HERE = Path(__file__).parent
SQL_TILE = text(
    """
    select ST_AsMVT(q, 'areas', 4096, 'geom', 'id') from (
        select a.code::int as id, a.code, a.name_ja as name, a.name_en, o.value,
               ST_AsMVTGeom(ST_Transform(g.geom, 3857), ST_TileEnvelope(:z, :x, :y), 4096, 64, true) as geom
        from outline g
        join area a using (vintage, level, position)
        left join observation o on o.area_code = a.code and o.indicator = :indicator and o.period = :period
        where g.vintage = (select max(vintage) from vintage)
          and g.level = 'municipality' and g.detail = :detail
          and g.geom && ST_Transform(ST_TileEnvelope(:z, :x, :y, margin => 64.0 / 4096), 4326)
        order by g.position
    ) q where geom is not null
    """
)
SQL_GEOJSON = text(
    """
    select json_build_object('type', 'FeatureCollection', 'features', json_agg(json_build_object(
        'type', 'Feature', 'id', a.code::int, 'geometry', ST_AsGeoJSON(g.geom, 5)::json,
        'properties', json_build_object('code', a.code, 'name', a.name_ja, 'value', o.value))))::text
    from outline g
    join area a using (vintage, level, position)
    left join observation o on o.area_code = a.code and o.indicator = :indicator and o.period = :period
    where g.vintage = (select max(vintage) from vintage) and g.level = 'municipality' and g.detail = 'medium'
    """
)


@dataclass(frozen=True)
class Question:
    """One tile of one (indicator, period)."""

    indicator: str
    period: str
    z: int
    x: int
    y: int

    def chiiki(self) -> str:
        """Path at chiiki."""
        return f"/v1/layers/{self.indicator}/tiles/{self.z}/{self.x}/{self.y}.mvt?period={self.period}"

    def tipg(self) -> str:
        """Path at TiPg."""
        tile = f"/collections/bench.layer/tiles/WebMercatorQuad/{self.z}/{self.x}/{self.y}"
        return f"{tile}?indicator={self.indicator}&period={self.period}"


@dataclass(frozen=True)
class Measured:
    """Requests per second and latencies in milliseconds."""

    per_second: float
    p50: float
    p99: float


def pairs_of(conn: Connection) -> list[tuple[str, str]]:
    """Return every (indicator, period) that has municipal figures."""
    found = text("select distinct indicator, period from observation where right(area_code, 3) <> '000'")
    return sorted((row.indicator, row.period) for row in conn.execute(found))


def carried_pairs(conn: Connection) -> set[tuple[str, str]]:
    """Return the pairs with figures on older boundaries, which chiiki carries and a plain join loses."""
    found = text(
        """
        select distinct indicator, period from observation where area_code not in (select code from area)
        """
    )
    return {(row.indicator, row.period) for row in conn.execute(found)}


def questions_of(conn: Connection, seed: int, count: int) -> list[Question]:
    """Return distinct random questions, every zoom from 4 to 12 as often as the others."""
    draw = random.Random(seed)
    pairs = pairs_of(conn)
    found = text(
        "select z, x, y from encoded_tile"
        " where level = 'municipality' and z between 4 and 12 order by z, x, y"
    )
    tiles: dict[int, list[tuple[int, int, int]]] = {}
    for z, x, y in conn.execute(found):
        tiles.setdefault(z, []).append((z, x, y))
    asked: dict[Question, None] = {}
    while len(asked) < count:
        zoom = draw.choice(list(tiles))
        asked[Question(*draw.choice(pairs), *draw.choice(tiles[zoom]))] = None
    return list(asked)


def load(peer: Peer, paths: Sequence[str], seconds: int, encoding: str, connections: int) -> Measured:
    """Ask a server for as long as told, one path after another."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listed:
        listed.write("\n".join(paths))
        listed.flush()
        command: list[str | Path] = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds}s",
            "--latency",
            "-s",
            HERE / "tiles.lua",
            peer.url,
        ]
        environment = {**os.environ, "PATHS": listed.name, "ENCODING": encoding}
        told = subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)|Socket errors", told)
    if errors:
        raise SystemExit(f"{peer.name} answered with errors:\n{told}")
    rate = float(re.findall(r"Requests/sec:\s+([\d.]+)", told)[0])
    if rate * seconds > len(paths):
        print(f"  note: {peer.name} went through the list more than once")
    return Measured(rate, _ms(told, "50%"), _ms(told, "99%"))


def _ms(told: str, share: str) -> float:
    number, unit = re.findall(rf"{share}\s+([\d.]+)(us|ms|s)", told)[0]
    return float(number) * {"us": 1e-3, "ms": 1.0, "s": 1e3}[unit]


def timed(ask: Callable[[int], object], count: int) -> Measured:
    """Ask one after another; the first answer is not counted."""
    ask(0)
    spans = []
    for place in range(1, count + 1):
        start = time.perf_counter()
        ask(place)
        spans.append((time.perf_counter() - start) * 1e3)
    ordered = sorted(spans)
    return Measured(
        1e3 / statistics.mean(spans), statistics.median(spans), ordered[int(0.99 * (len(ordered) - 1))]
    )


def fetched(url: str) -> bytes:
    """Return the body at an address."""
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


def show(name: str, found: Measured, against: Measured | None = None, extra: str = "") -> None:
    """Print a line; the ratio is requests per second against the peer's."""
    ratio = f"{found.per_second / against.per_second:8.1f} ×" if against else " " * 10
    print(
        f"  {name:<34}{found.per_second:>10,.0f}/s   p50 {found.p50:>8.2f} ms   p99 {found.p99:>8.2f} ms"
        f"{ratio}{extra}"
    )


def features_of(body: bytes) -> dict[int, tuple[shapely.Geometry, dict[str, object]]]:
    """Return geometry (rings from the same corner) and attributes of each feature by id."""
    features = mapbox_vector_tile.decode(body)["areas"]["features"] if body else []
    return {
        f["id"]: (
            shape(f["geometry"]).normalize(),
            {k: v for k, v in f["properties"].items() if k != "class"},
        )
        for f in features
    }


def check_equal(conn: Connection, peer: Peer, questions: Sequence[Question]) -> int:
    """Compare decoded tiles with ST_AsMVT's; return the number of features compared."""
    compared = 0
    for q in questions:
        detail = "low" if q.z < 6 else "medium" if q.z < 9 else "high"
        raw = conn.execute(SQL_TILE, {**q.__dict__, "detail": detail}).scalar_one()
        ours, theirs = fetched(peer.url + q.chiiki()), bytes(raw)
        ours_by, theirs_by = features_of(ours), features_of(theirs)
        if ours_by != theirs_by:
            raise SystemExit(f"{q} differs from ST_AsMVT")
        compared += len(ours_by)
    return compared


def main() -> None:
    """Run every comparison and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=int, default=8, help="length of each load run")
    options.add_argument("--seed", type=int, default=1, help="of the random list")
    options.add_argument("--connections", type=int, default=16, help="open at once")
    chosen = options.parse_args()
    settings = Settings()
    with running_database(settings):
        url = writer_url(settings)
        engine = create_engine(url)
        with engine.connect() as conn, chiiki(url) as ours, tipg(url, conn, "medium") as peer:
            questions = questions_of(conn, chosen.seed, 60_000 * chosen.seconds)
            pairs = pairs_of(conn)
            print(f"{len(pairs)} (indicator, period) pairs, zoom 4 to 12, seed {chosen.seed}")
            carried = carried_pairs(conn)
            plain = [q for q in questions if (q.indicator, q.period) not in carried]
            compared = check_equal(conn, ours, plain[:150])
            print(f"  150 tiles equal ST_AsMVT's: {compared:,} features, geometry and values\n")
            tiles(conn, ours, peer, questions, chosen)
            geojson(conn, ours, peer, pairs)
            features(ours, peer, pairs)
            memory(ours, peer, pairs)


def tiles(
    conn: Connection, ours: Peer, peer: Peer, questions: Sequence[Question], chosen: argparse.Namespace
) -> None:
    """Compare tiles never asked before."""
    third = len(questions) // 3
    print("Tiles never asked before, one worker")
    theirs = load(peer, [q.tipg() for q in questions[:third]], chosen.seconds, "identity", chosen.connections)
    show("TiPg", theirs)
    sql = timed(
        lambda i: conn.execute(SQL_TILE, {**questions[i].__dict__, "detail": "medium"}).scalar_one(), 300
    )
    show("ST_AsMVT in SQL, one connection", sql, theirs)
    plain = [q.chiiki() for q in questions[third : 2 * third]]
    show("chiiki", load(ours, plain, chosen.seconds, "identity", chosen.connections), theirs)
    packed = [q.chiiki() for q in questions[2 * third :]]
    theirs_packed = load(
        peer, [q.tipg() for q in questions[:third]], chosen.seconds, "gzip", chosen.connections
    )
    show("TiPg, gzip", theirs_packed)
    show("chiiki, gzip", load(ours, packed, chosen.seconds, "gzip", chosen.connections), theirs_packed)


def geojson(conn: Connection, ours: Peer, peer: Peer, pairs: Sequence[tuple[str, str]]) -> None:
    """Compare the nationwide GeoJSON with values, asked for one after another."""
    print("\nGeoJSON of all municipalities with values, one request at a time")
    items = "/collections/bench.layer/items?f=geojson&limit=10000"
    theirs = timed(lambda i: fetched(f"{peer.url}{items}&indicator={pairs[i][0]}&period={pairs[i][1]}"), 12)
    show("TiPg items", theirs)
    sql = timed(
        lambda i: conn.execute(SQL_GEOJSON, {"indicator": pairs[i][0], "period": pairs[i][1]}).scalar_one(),
        12,
    )
    show("ST_AsGeoJSON in SQL", sql, theirs)
    path = "/v1/layers/{0}/areas.geojson?period={1}&detail=medium"
    found = timed(lambda i: fetched(ours.url + path.format(*pairs[i])), min(60, len(pairs) - 1))
    count = len(json.loads(fetched(ours.url + path.format(*pairs[0])))["features"])
    show("chiiki", found, theirs, f"   ({count} features)")


#: Some 280 municipalities have more people; of other indicators it takes few, all or none.
FILTER = "filter=value%3E100000&filter-lang=cql2-text"


def features(ours: Peer, peer: Peer, pairs: Sequence[tuple[str, str]]) -> None:
    """Compare the OGC API - Features: everything, and what a CQL2 filter leaves, one after another."""
    print("\nOGC API - Features of all municipalities, one request at a time")
    theirs_at = "/collections/bench.layer/items?f=geojson&limit=10000&indicator={0}&period={1}"
    ours_at = "/ogc/collections/{0}.municipality/items?datetime={1}&detail=medium"
    for name, more, count in (("items", "", 12), ("items, filtered", f"&{FILTER}", 40)):

        def asked(base: str, template: str, more: str = more) -> Callable[[int], object]:
            return lambda i: fetched(base + template.format(*pairs[i]) + more)

        theirs = timed(asked(peer.url, theirs_at), count)
        show(f"TiPg {name}", theirs)
        show(f"chiiki {name}", timed(asked(ours.url, ours_at), count), theirs)


def memory(ours: Peer, peer: Peer, pairs: Sequence[tuple[str, str]]) -> None:
    """Print resident memory with 300 (indicator, period) pairs hot."""
    hot = pairs[:300]
    for indicator, period in hot:
        fetched(f"{ours.url}/v1/layers/{indicator}/values.json?period={period}")
    print(f"\nMemory per worker after all this, {len(hot)} pairs hot")
    for one in (ours, peer):
        print(f"  {one.name:<34}{one.memory_mb():>10.0f} MB")


if __name__ == "__main__":
    main()
