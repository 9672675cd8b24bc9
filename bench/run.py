"""chiiki beside its peers: the same database, the same questions, in one run.

    scripts/bench [--seconds 4] [--repeats 3] [--only cold,PNG] [--seed 1]

A line for each side of each row: requests a second, latencies, and the CPU of the server and of PostgreSQL
for a request. All sides of a row are asked in turn, as often as told, so that what else the machine does
meets them all.
Tiles: a random list of (indicator, period, tile) of zoom 4 to 12; what is asked cold is asked once.

One worker each. Peers: TiPg; MapServer over FastCGI where it is installed; Martin, with a function that pours
values into stored geometry, where ``MARTIN`` names its program (``cargo install martin --locked`` builds it)
or it is on the path.
"""

from __future__ import annotations

import argparse
import os
import random
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from urllib.parse import urlsplit

import mapbox_vector_tile
import shapely
from shapely.geometry import shape
from sqlalchemy import URL, Connection, Engine, create_engine, text

from bench.client import Client
from bench.heavy import Known, known_of
from bench.load import CONNECTIONS, Measured, load, together
from bench.mapserver import MapServer, drawn, mapserver
from bench.meters import Meter
from bench.peers import PIECES, QUIET, Peer, chiiki, end_cleanly, martin, martin_program, tipg, views
from service.db.database import running_database, writer_url
from service.settings import Settings

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

    def martin(self) -> str:
        """Path at Martin."""
        return f"/tile/{self.z}/{self.x}/{self.y}?indicator={self.indicator}&period={self.period}"

    def mapserver(self, pixels: int) -> str:
        """Query at MapServer."""
        tile = (
            f"mode=tile&tilemode=gmap&tile={self.x}+{self.y}+{self.z}&layers=areas&map.size={pixels}+{pixels}"
        )
        return f"{tile}&indicator={self.indicator}&period={self.period}"


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


def fetched(url: str) -> bytes:
    """Return the body at an address."""
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


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


#: What is asked: a line each as ``tiles.lua`` reads it. The argument counts the repeats.
Lines = Callable[[int], Sequence[str]]
#: Some 280 municipalities have more people; of other indicators it takes few, all or none.
MANY_PEOPLE = "filter=value%3E100000&filter-lang=cql2-text"
ONE_CITY = "filter=code%3D%2701100%27&filter-lang=cql2-text"
HOT, FEW = 300, 150


@dataclass(frozen=True)
class Side:
    """A server and what it is asked in a row.

    Attributes
    ----------
    warm : each line is asked before, in the same encoding
    tagged : it is asked with the ETag of the answer
    """

    server: str
    lines: Lines
    gzip: bool = False
    warm: bool = False
    tagged: bool = False
    connections: int = CONNECTIONS


@dataclass(frozen=True)
class Row:
    """What is compared.

    Attributes
    ----------
    aim : of chiiki
    fresh : each repeat begins with servers that have just started
    """

    name: str
    aim: str
    sides: Sequence[Side]
    fresh: bool = False


@dataclass
class Asked:
    """Lists of questions, none of which is taken twice."""

    questions: Iterator[Question]
    known: Known
    pairs: Sequence[tuple[str, str]]
    draw: random.Random
    count: int

    def cold(self, path: Callable[[Question], str]) -> Lines:
        """Return tiles never asked for before."""
        return lambda _: [path(one) for one in islice(self.questions, self.count)]

    def same(self, lines: Sequence[str]) -> Lines:
        """Return the same lines each time."""
        return lambda _: lines

    def each(self, template: str, count: int = HOT) -> Lines:
        """Return a path for each of some (indicator, period), the same each time."""
        return self.same([template.format(*pair) for pair in self.pairs[:count]])


def _tiles(asked: Asked) -> list[Row]:
    few = list(islice(asked.questions, HOT))
    places = [(q.z, q.x, q.y) for q in few]
    every = [Question(*pair, *asked.draw.choice(places)) for pair in asked.pairs]
    rows = [
        Row(
            f"cold tiles{', gzip' if gzip else ''}, from a start",
            "10 × less CPU than Martin" if gzip else "6 × less CPU than Martin, p99 ≤ 25 ms",
            [Side(name, asked.cold(path), gzip) for name, path in VECTOR_TILES.items()],
            fresh=True,
        )
        for gzip in (False, True)
    ]
    for name, questions, aim in (
        (f"{HOT} hot tiles", few, "0.5 × Martin"),
        ("a hot tile of each pair", every, "1.3 × the CPU of few"),
        ("the same, 304", few, "0.8 × Martin"),
    ):
        tagged = "304" in name
        sides = [
            Side(server, asked.same([path(q) for q in questions]), warm=True, tagged=tagged)
            for server, path in VECTOR_TILES.items()
            if server != "TiPg"
        ]
        rows.append(Row(name, aim, sides))
    return rows


VECTOR_TILES: dict[str, Callable[[Question], str]] = {
    "Martin": Question.martin,
    "TiPg": Question.tipg,
    "chiiki": Question.chiiki,
}


def _pictures(asked: Asked) -> list[Row]:
    def path(suffix: str, one: Question) -> str:
        return one.chiiki().replace(".mvt", suffix)

    return [
        Row(
            f"cold PNG, {pixels} px",
            f"{aim} ms of CPU",
            [
                Side("MapServer", asked.cold(partial(Question.mapserver, pixels=pixels))),
                Side("chiiki", asked.cold(partial(path, suffix))),
            ],
        )
        for pixels, suffix, aim in ((256, ".png", 0.25), (512, "@2x.png", 0.9))
    ]


def _features(asked: Asked) -> list[Row]:
    ours = "/ogc/collections/{0}.municipality/items?datetime={1}&detail=medium&limit=10000"
    theirs = "/collections/bench.layer/items?f=geojson&limit=10000&indicator={0}&period={1}"
    rows = [
        ("OGC items whole, gzip", "15 ms of CPU", "", True),
        ("OGC items, CQL2 value>100000", "less than TiPg", f"&{MANY_PEOPLE}", False),
        ("OGC items, CQL2 code='01100'", "less than TiPg", f"&{ONE_CITY}", False),
    ]
    return [
        Row(
            name,
            aim,
            [
                Side("TiPg", asked.each(theirs + more, FEW), gzip, connections=1),
                Side("chiiki", asked.each(ours + more, FEW), gzip, connections=1),
            ],
        )
        for name, aim, more, gzip in rows
    ]


def _documents(asked: Asked) -> list[Row]:
    """Return what chiiki alone answers, and is asked for again; ``bench.first`` asks for the first time."""
    areas = [",".join(asked.draw.sample(asked.known.codes, 3)) for _ in range(HOT)]
    series = [
        f"/v1/series?indicator={name}&areas={codes}"
        for (name, _), codes in zip(asked.pairs, areas, strict=False)
    ]
    again: list[tuple[str, str, Lines]] = [
        ("legend.json", "1,935/s", asked.each("/v1/layers/{0}/legend.json?period={1}")),
        ("values.json", "1,032/s", asked.each("/v1/layers/{0}/values.json?period={1}")),
        ("series", "2,130/s", asked.same(series)),
        *((path, "0.3 ms of CPU", asked.same([path])) for path in LISTS),
    ]
    return [Row(name, aim, [Side("chiiki", lines, gzip=True, warm=True)]) for name, aim, lines in again]


LISTS = ("/v1/layers", "/ogc/collections?f=json", "/catalog.jsonld", "/v1/indicators")


Running = dict[str, Meter | MapServer]


@dataclass(frozen=True)
class Servers:
    """How to run each server, and the meter of those that run."""

    url: URL
    admin: Engine

    @contextmanager
    def running(self, names: Sequence[str]) -> Iterator[Running]:
        """Run servers meanwhile; those that are not at hand are left out."""
        program = martin_program()
        ways: dict[str, Callable[[], AbstractContextManager[Peer]]] = {
            "chiiki": lambda: chiiki(self.url, **QUIET),
            "TiPg": lambda: tipg(self.url),
        }
        if program is not None:
            ways["Martin"] = lambda: martin(self.url, program)
        with ExitStack() as stack:
            found: Running = {
                name: self.meter(stack.enter_context(ways[name]())) for name in names if name in ways
            }
            if "MapServer" in names and (other := stack.enter_context(mapserver(self.url))) is not None:
                found["MapServer"] = other
            yield found

    def meter(self, peer: Peer) -> Meter:
        """Return the clocks of a server."""
        return Meter(peer, self.admin, self.url.database or "")


def asked_before(peer: Peer, side: Side, lines: Sequence[str]) -> list[str]:
    """Ask each line twice, and return the lines; with the ETag of the answer where the side wants it."""
    address, tagged = urlsplit(peer.url), list[str]()
    with closing(HTTPConnection(address.hostname or "", address.port)) as connection:
        for line in [*lines, *lines]:
            connection.request("GET", line, headers={"Accept-Encoding": "gzip" if side.gzip else "identity"})
            answer = connection.getresponse()
            answer.read()
            tagged.append(f"{line}\t{answer.getheader('ETag')}" if side.tagged else line)
    return tagged[: len(lines)]


def measured(servers: Servers, running: Running, side: Side, turn: tuple[int, float]) -> Measured:
    """Return what came of one side of a row in one of its repeats, of so many seconds."""
    place, seconds = turn
    server, lines = running[side.server], side.lines(place)
    if isinstance(server, MapServer):
        return drawn(server, servers.meter(server.peer), lines, seconds)
    if side.warm:
        lines = asked_before(server.peer, side, lines)
    return load(server, lines, seconds, gzip=side.gzip, connections=side.connections)


def compare(servers: Servers, row: Row, repeats: int, seconds: float, running: Running) -> None:
    """Measure a row and print it."""
    runs: dict[str, list[Measured]] = {}
    for place in range(repeats):
        with ExitStack() as stack:
            names = [side.server for side in row.sides]
            fresh = stack.enter_context(servers.running(names)) if row.fresh else running
            for side in row.sides:
                if side.server in fresh:
                    found = measured(servers, fresh, side, (place, seconds))
                    runs.setdefault(side.server, []).append(found)
    print(f"\n{row.name}   (aim: {row.aim})")
    ours = together(runs["chiiki"])
    for name, several in runs.items():
        one = together(several)
        latencies = f"{one.p50:>10.2f}{one.p99:>10.2f}{one.p999:>10.2f}"
        cpu = f"{one.service:>11.3f} +{one.database:>8.3f}"
        ratio = "" if name == "chiiki" else f"{one.cpu / ours.cpu:>8.1f} × chiiki's CPU"
        print(f"  {name:<10}{one.requests:>11,}{one.per_second:>10,.0f}/s{latencies}{cpu}{ratio}", flush=True)


def main() -> None:
    """Run every comparison and print it."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--seconds", type=float, default=4, help="length of each run")
    options.add_argument("--repeats", type=int, default=3, help="of each row")
    options.add_argument("--only", default="", help="parts of the names of the rows that are run: cold,PNG")
    options.add_argument("--seed", type=int, default=1, help="of the random lists")
    chosen = options.parse_args()
    end_cleanly()
    settings = Settings()
    with running_database(settings), ExitStack() as stack:
        url = writer_url(settings)
        admin = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        conn = stack.enter_context(create_engine(url).connect())
        stack.enter_context(views(conn, "medium"))
        servers = Servers(url, admin)
        if martin_program() is None:
            print("Martin is not at hand: MARTIN names its program")
        else:
            conn.exec_driver_sql(PIECES)
            conn.commit()
        running = stack.enter_context(servers.running(["chiiki", "TiPg", "Martin", "MapServer"]))
        (ours,) = (one.peer for name, one in running.items() if name == "chiiki")
        rows = rows_of(conn, ours, chosen)
        print(f"Load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        heads = ("requests", "a second", "p50, ms", "p99", "p99.9", "CPU, ms: server + PostgreSQL")
        print(f"{'':<12}{heads[0]:>11}{heads[1]:>12}{heads[2]:>10}{heads[3]:>10}{heads[4]:>10}{heads[5]:>32}")
        for row in rows:
            if any(part in row.name for part in chosen.only.split(",")):
                compare(servers, row, chosen.repeats, chosen.seconds, running)
        print(
            "\nMemory, MB: "
            + ", ".join(f"{one.peer.name} {one.peer.memory_mb():.0f}" for one in running.values())
        )


def rows_of(conn: Connection, ours: Peer, chosen: argparse.Namespace) -> list[Row]:
    """Return all rows, once 150 tiles are what ST_AsMVT makes of the same values."""
    count = round(5_000 * chosen.seconds)
    questions = questions_of(conn, chosen.seed, 14 * count * chosen.repeats)
    carried = carried_pairs(conn)
    plain = [q for q in questions[:2000] if (q.indicator, q.period) not in carried]
    compared = check_equal(conn, ours, plain[:150])
    print(f"150 tiles equal ST_AsMVT's: {compared:,} features, geometry and values")
    with closing(Client(ours.url)) as client:
        known = known_of(conn, client, chosen.seed)
    draw = random.Random(chosen.seed)
    pairs = draw.sample(pairs_of(conn), len(pairs_of(conn)))
    asked = Asked(iter(questions[2000:]), known, pairs, draw, count)
    return [*_tiles(asked), *_features(asked), *_documents(asked), *_pictures(asked)]


if __name__ == "__main__":
    main()
