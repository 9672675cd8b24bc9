"""Requests that take a server long, each kind with many addresses, so that none is answered from memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from urllib.parse import quote

import orjson
from sqlalchemy import Connection, text

from bench.client import GZIP, Client, Request
from geo.codes import NORTHERN_TERRITORIES

#: More of a kind than are asked in a run.
MANY = 4000
K = range(2, 13)
LEVELS = ("municipality", "ward")
#: The plane rectangular coordinates of Tokyo.
CRS = "http://www.opengis.net/def/crs/EPSG/0/6677"
ROWS, COLUMNS, SERIES_AREAS = 1700, 10, 100
JSON = {**GZIP, "Content-Type": "application/json"}
DEFINITIONS = ("mlit-handbook-rural", "mlit-handbook-urban", "mlit-subsidy-1km")
#: A city whose stops and cells ship, and where new stops are put.
GAP_AREA, GAP_LON, GAP_LAT = "10201", (139.0, 139.2), (36.3, 36.5)


@dataclass(frozen=True)
class Known:
    """What is asked for.

    Attributes
    ----------
    pairs : (indicator, period) with municipal figures
    codes : of all municipalities that have figures
    effects : (measure, query) whose effect can be told, where a query has an indicator and years
    """

    pairs: list[tuple[str, str]]
    codes: list[str]
    indicators: list[str]
    effects: list[tuple[str, str]]
    draw: random.Random


def known_of(conn: Connection, client: Client, seed: int) -> Known:
    """Return what there is to ask for."""
    newest = "vintage = (select max(vintage) from vintage) and level = 'municipality'"
    pairs = [
        (r.layer, r.period) for r in conn.execute(text(f"select layer, period from vector where {newest}"))
    ]
    codes = conn.execute(text(f"select code from area where {newest} order by position")).scalars().all()
    draw = random.Random(seed)
    draw.shuffle(pairs)
    with_figures = [code for code in codes if code not in NORTHERN_TERRITORIES]
    return Known(pairs, with_figures, sorted({name for name, _ in pairs}), _effects(client), draw)


def _effects(client: Client) -> list[tuple[str, str]]:
    """Return the measures with enough deployments, and for which indicators and years there is an effect."""
    measures = orjson.loads(client.ask(Request("/v1/measures", {})).body)["measures"]
    questions = [
        (one["id"], f"years={years}" + (f"&indicator={name}" if name else ""))
        for one in measures
        if one["known_deployments"]
        for name in ("", *one["indicators"])
        for years in range(1, 6)
    ]
    return [
        (measure, query)
        for measure, query in questions
        if client.ask(Request(f"/v1/measures/{measure}/effect?{query}")).status == 200
    ]


def _of_layer(template: str) -> Callable[[Known], list[Request]]:
    """Return requests of a layer, in every number of classes."""

    def requests(known: Known) -> list[Request]:
        return [
            Request(f"/v1/layers/{name}/{template.format(period=period, k=k)}")
            for k, (name, period) in product(K, known.pairs)
        ]

    return requests


def _pictures(suffix: str) -> Callable[[Known], list[Request]]:
    """Return static maps, each of a size of its own: its outlines are drawn anew."""

    def requests(known: Known) -> list[Request]:
        return [
            Request(
                f"/v1/layers/{name}/map.{suffix}?period={period}&level=municipality&width={600 + at % 1800}"
            )
            for at, (name, period) in enumerate(known.pairs)
        ]

    return requests


def _items(more: str) -> Callable[[Known], list[Request]]:
    def requests(known: Known) -> list[Request]:
        return [
            Request(f"/ogc/collections/{name}.municipality/items?limit={limit}&datetime={period}{more}")
            for limit, (name, period) in product(range(2000, 2007), known.pairs)
        ]

    return requests


def _paged(path: str) -> Callable[[Known], list[Request]]:
    return lambda _known: [Request(f"{path}?limit={1000 - at // 9}&offset={at % 9}") for at in range(MANY)]


def _profiles(known: Known) -> list[Request]:
    codes = known.draw.sample(known.codes, len(known.codes))
    return [Request(f"/v1/areas/{code}/profile{more}") for more in ("", ".csv") for code in codes]


def _peers(known: Known) -> list[Request]:
    codes = known.draw.sample(known.codes, len(known.codes))
    return [Request(f"/v1/areas/{code}/peers?k={k}") for k, code in product((10, 20, 30), codes)]


def _downloads(known: Known) -> list[Request]:
    return [
        Request(f"/v1/layers/{name}/download.gpkg?level=municipality&periods={period}&detail={detail}")
        for detail, (name, period) in product(("high", "medium", "low"), known.pairs)
    ]


def _effect(known: Known) -> list[Request]:
    requests = [
        Request(f"/v1/measures/{measure}/effect{suffix}?{query}&matches={matches}")
        for suffix, matches, (measure, query) in product(("", ".csv"), range(1, 6), known.effects)
    ]
    return known.draw.sample(requests, len(requests))


def _scenarios(known: Known) -> list[Request]:
    def body(at: int) -> bytes:
        stop = {"lon": known.draw.uniform(*GAP_LON), "lat": known.draw.uniform(*GAP_LAT), "departures": 12}
        definition = DEFINITIONS[at % len(DEFINITIONS)]
        return orjson.dumps({"definition": definition, "area": GAP_AREA, "add": [{**stop, "mode": "bus"}]})

    return [Request("/v1/transport-gap/scenario", JSON, "POST", body(at)) for at in range(MANY // 10)]


def _joins(known: Known) -> list[Request]:
    headers = {**GZIP, "Content-Type": "text/csv"}
    cells = iter(known.draw.choices(range(1_000_000), k=ROWS * COLUMNS))
    rows = (",".join([code, *(str(next(cells)) for _ in range(COLUMNS))]) for code in known.codes[:ROWS])
    table = "\n".join(rows)

    def body(at: int) -> bytes:
        head = ",".join(["code", *(f"column {at} {place}" for place in range(COLUMNS))])
        return f"{head}\n{table}".encode()

    return [Request("/ogc/joins?level=municipality", headers, "POST", body(at)) for at in range(MANY // 10)]


def _series(known: Known) -> list[Request]:
    def areas() -> str:
        return quote(",".join(known.draw.sample(known.codes, SERIES_AREAS)))

    names = known.draw.choices(known.indicators, k=MANY)
    return [Request(f"/v1/series?indicator={name}&areas={areas()}") for name in names]


def _in_words(known: Known) -> list[Request]:
    documents = ("summary.json?period={period}&k={k}", "ranking.json?period={period}&k={k}&limit=2000")
    both = (_of_layer(document)(known) for document in documents)
    return [request for pair in zip(*both, strict=True) for request in pair]


def _periods(known: Known) -> list[Request]:
    requests = [
        Request(f"/v1/layers/{name}/periods.json?level={level}&k={k}")
        for level, k, name in product(LEVELS, K, known.indicators)
    ]
    return known.draw.sample(requests, len(requests))


def _pages(known: Known) -> list[Request]:
    return [
        Request(f"/?layer={name}&period={period}&level=municipality&area={known.draw.choice(known.codes)}")
        for _, (name, period) in product(range(5), known.pairs)
    ]


#: What a request is called → many of its kind.
HEAVY: dict[str, Callable[[Known], list[Request]]] = {
    "GeoJSON of all municipalities": _of_layer("areas.geojson?period={period}&k={k}&level=municipality"),
    "OGC items": _items(""),
    "OGC items, EPSG:6677": _items(f"&crs={CRS}"),
    "profile": _profiles,
    "peers": _peers,
    "/v1/layers": _paged("/v1/layers"),
    "DCAT": _paged("/catalog.jsonld"),
    "map.svg": _of_layer("map.svg?period={period}&k={k}&level=municipality"),
    "map.svg, other sizes": _pictures("svg"),
    "map.png": _of_layer("map.png?period={period}&k={k}&level=municipality"),
    "download, GeoPackage": _downloads,
    "effect": _effect,
    "scenario": _scenarios,
    "join of 1,700 rows": _joins,
    "series of 100 areas": _series,
    "summary and ranking": _in_words,
    "periods.json": _periods,
    "page with an area": _pages,
}
