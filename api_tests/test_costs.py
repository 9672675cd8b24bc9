"""No anonymous request, in its dearest legal form, takes much memory, processor time or of the event loop."""

from __future__ import annotations

import json
import logging
import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx
import pytest

from api_tests.conftest import Server, serving
from api_tests.costs import Cost, cost_of
from geo.files.formats import FORMATS
from geo.tests.promises import Promise
from service.app import create_api
from service.settings import Settings
from service.tests.databases import Database

MOST_MB, MOST_CPU_S, MOST_HOLD_S = 200, 2.0, 0.1
#: What is made once for a state of the data and kept for all, or one at a time: pictures, files of a country
#: in all periods, pages as PDF, estimates on older boundaries, scenarios.
SHARED = re.compile(r"/map\.png|/download\.|/profile\.pdf|estimate=population|/transport-gap/scenario")
MOST_SHARED_S = 6.0
SEED = 22
#: A layer of 30 years, one of many schemes, and the dates between which most has changed.
LONG, RATE = "register-population", "ageing-rate"
DEFINITION = "mlit-handbook-rural"
#: Every choice of a view at its dearest.
VIEW = "level=ward&scheme=fisher-jenks&k=12&breaks_over=all"
ESTIMATED = "level=municipality&vintage=2021-01-01&estimate=population"
NATION = "bbox=122,20,154,46"
EDGES = ",".join(str(20 * n) for n in range(40))
WORDS = "北海道 東京 大阪 人口 高齢化 出生 駅 病院"


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    body: bytes | None = None
    kind: str = "text/csv"


def get(path: str) -> list[Asked]:
    return [Asked("GET", path)]


def gets(*paths: str) -> list[Asked]:
    return [one for path in paths for one in get(path)]


def scenario() -> list[Asked]:
    """As many changes as there may be, and zones of as many vertices as fit into a body."""
    draw = random.Random(SEED)

    def place() -> dict[str, object]:
        return {"lon": draw.uniform(139.0, 139.2), "lat": draw.uniform(36.3, 36.5)}

    add = [{**place(), "mode": draw.choice(("bus", "rail")), "departures": 40} for _ in range(500)]

    def zone(x: float, y: float, vertices: int) -> dict[str, object]:
        across = [[x + 0.1 * n / vertices, y + (0.001 if n % 2 else 0.05)] for n in range(vertices)]
        ring = [*across, [x + 0.1, y + 0.1], [x, y + 0.1], across[0]]
        return {"type": "Polygon", "coordinates": [ring]}

    zones = [zone(139.0 + 0.01 * n, 36.3, 1500) for n in range(20)]
    return [
        Asked("POST", "/v1/transport-gap/scenario", json.dumps(body).encode(), "application/json")
        for body in (
            {"definition": DEFINITION, "area": "10000", "add": add, "zones": zones},
            {"definition": DEFINITION, "area": "10201", "add": add, "zones": zones[:1]},
        )
    ]


def joins(codes: list[str]) -> list[Asked]:
    """As many cells as a table may have: many columns, and many rows; numbers and texts."""
    head = ",".join(["code", *(f"c{n}" for n in range(63))])
    wide = "\n".join([head, *(",".join([code, *("12.5" for _ in range(63))]) for code in codes)])
    long = "\n".join(["name,text,x,y", *(f"nowhere {n},{'あ' * 90},1,2" for n in range(19_900))])
    path = "/ogc/joins?level=municipality&detail=high&areas=all"
    return [Asked("POST", path, table.encode()) for table in (wide, long, "code,n\n" + "x" * (8 << 20))]


def items(collection: str, codes: list[str]) -> list[Asked]:
    """Filters as deep and as long as they may be, over all rows of a layer."""
    root = f"/ogc/collections/{collection}/items"
    ring = ",".join(f"{139 + n / 1000:.3f} {36 if n % 2 else 35.9}" for n in range(220))
    polygon = f"POLYGON(({ring},139.3 35,139 35,139 35.9))"
    likes = " OR ".join(f"name LIKE '%{n % 10}市%{n}%町%'" for n in range(20))
    named = ",".join(f"'{code}'" for code in codes[:200])
    return [
        *gets(
            f"{root}?limit=10000&detail=high&crs=http://www.opengis.net/def/crs/EPSG/0/6677",
            f"{root}?limit=10000&datetime=../..&sortby=-value,name,code&detail=low",
        ),
        *(
            Asked("GET", f"{root}?{urlencode({'limit': 10_000, 'detail': 'low', 'filter': text})}")
            for text in (
                f"S_INTERSECTS(geometry,{polygon})",
                likes,
                f"code IN ({named})",
                f"NOT (value > 1 AND value < 2) OR {likes}",
                "CASEI(name) LIKE CASEI('%あ%') OR ACCENTI(name)=ACCENTI('x')",
            )
        ),
    ]


def forms(client: httpx.Client) -> dict[str, list[Asked]]:
    """Return the dearest legal forms of routes; those without are asked for with the largest numbers."""
    codes = [one["code"] for one in client.get("/v1/areas?level=municipality&limit=2000").json()["areas"]]
    layers = [one["id"] for one in client.get("/v1/layers?limit=2000&level=municipality").json()["layers"]]
    traits, ids = ",".join(layers[:20]), "&".join(f"id={quote(one)}" for one in layers[:100])
    eight = ",".join(layers[1:9])
    series = ",".join(codes[:200])
    layer = f"/v1/layers/{LONG}"
    views = {
        name: gets(f"/v1/layers/{RATE}/{name}?{VIEW}", f"/v1/layers/{RATE}/{name}?{ESTIMATED}")
        for name in (
            *("legend.json", "legend.svg", "periods.json", "statistics.json", "style.json", "summary.json"),
            *("tiles.json", "values.csv", "values.json"),
        )
    }
    tiles = {
        f"/v1/layers/{{layer}}/tiles/{{z}}/{{x}}/{{y}}{end}": gets(
            f"{layer}/tiles/4/14/6{end}?{VIEW}", f"{layer}/tiles/4/14/6{end}?level=municipality{more}"
        )
        for end, more in {
            "": f"&with={eight}",
            ".mvt": f"&with={eight}",
            ".mlt": f"&with={eight}",
            ".png": "",
            "@2x.png": "",
        }.items()
    }
    return {
        "/v1/areas.geojson": get("/v1/areas.geojson?level=ward&detail=high"),
        "/v1/areas/{code}/peers": get(f"/v1/areas/10201/peers?k=50&indicators={traits}"),
        "/v1/areas/{code}/peers.csv": get(f"/v1/areas/10201/peers.csv?k=50&indicators={traits}"),
        "/v1/areas/{code}/profile": gets("/v1/areas/10201/profile", "/v1/areas/13000/profile"),
        "/v1/areas/{code}/profile.pdf": gets(
            "/v1/areas/13000/profile.pdf", "/v1/areas/10201/profile.pdf?lang=en"
        ),
        "/v1/correlation": get(f"/v1/correlation?x={RATE}&y=birth-rate&level=municipality"),
        "/v1/crosswalk": get(
            "/v1/crosswalk?from=2021-01-01&to=2025-01-01&level=ward&areas=all&estimate=population"
        ),
        "/v1/crosswalk.csv": get(
            "/v1/crosswalk.csv?from=2021-01-01&to=2025-01-01&areas=all&estimate=population"
        ),
        "/v1/deployments.geojson": get("/v1/deployments.geojson?geometry=area&detail=high"),
        "/v1/indicators": gets("/v1/indicators?limit=2000&level=any", f"/v1/indicators?{ids}"),
        "/v1/layers": gets("/v1/layers?limit=2000&level=any", f"/v1/layers?q={quote(WORDS)}&limit=2000"),
        "/v1/layers/{layer}/areas.geojson": gets(
            f"/v1/layers/{RATE}/areas.geojson?{VIEW}&detail=high",
            f"/v1/layers/{RATE}/areas.geojson?{ESTIMATED}&detail=high",
            f"{layer}/areas.geojson?{ESTIMATED}&detail=low",
        ),
        "/v1/layers/{layer}/download.{format}": gets(
            *(f"{layer}/download.{end}?level=municipality&periods=all&detail=high" for end in FORMATS),
            *(f"{layer}/download.{end}?level=ward&periods=all&shape=wide&detail=high" for end in FORMATS),
            f"{layer}/download.gpkg?level=municipality&periods=all&crs=EPSG:6677&detail=high",
        ),
        "/v1/layers/{layer}/map.png": gets(
            f"{layer}/map.png?{VIEW}&scale=2&width=1000&height=1000",
            f"/v1/layers/{RATE}/map.png?level=ward&width=2400&height=1660&{NATION}",
        ),
        "/v1/layers/{layer}/map.svg": get(f"{layer}/map.svg?{VIEW}&width=2400&height=1660"),
        "/v1/layers/{layer}/ranking.json": get(f"{layer}/ranking.json?level=ward&limit=2000"),
        "/v1/layers/{layer}/spatial.json": get(f"/v1/layers/{RATE}/spatial.json?{VIEW}"),
        **{f"/v1/layers/{{layer}}/{name}": asked for name, asked in views.items()},
        **tiles,
        "/v1/measures/{measure}/candidates": get(
            f"/v1/measures/smart-cities/candidates?limit=2000&indicators={traits}"
        ),
        "/v1/measures/{measure}/candidates.csv": get(
            f"/v1/measures/smart-cities/candidates.csv?limit=2000&indicators={traits}"
        ),
        "/v1/measures/{measure}/effect": get("/v1/measures/smart-cities/effect?matches=5"),
        "/v1/measures/{measure}/effect.csv": get("/v1/measures/smart-cities/effect.csv?matches=5"),
        "/v1/measures/{measure}/deployments.geojson": get(
            "/v1/measures/smart-cities/deployments.geojson?geometry=area&detail=high"
        ),
        "/v1/search": get(f"/v1/search?q={quote(WORDS)}"),
        "/v1/series": gets(
            f"/v1/series?indicator={LONG}&areas={series}",
            f"/v1/series?indicator={LONG}&areas={series}&estimate=population",
            f"/v1/series?indicator={LONG}&areas={series}&as_of=2026-01-01",
            f"/v1/series?indicator={RATE}&areas={series}&vintage=2021-01-01",
        ),
        "/v1/series.csv": get(f"/v1/series.csv?indicator={LONG}&areas={series}&vintage=2021-01-01"),
        "/v1/stops.geojson": gets(f"/v1/stops.geojson?{NATION}", "/v1/stops.geojson?area=10201"),
        "/v1/strategy/{view}.png": gets(
            *(f"/v1/strategy/{view}.png?width=2400&height=1660" for view in ("kpi", "logic", "roadmap"))
        ),
        "/v1/transport-gap/scenario": scenario(),
        "/v1/transport-gap/{definition}/bands": get(
            f"/v1/transport-gap/{DEFINITION}/bands?area=10000&edges={EDGES}"
        ),
        "/v1/transport-gap/{definition}/cells.geojson": get(
            f"/v1/transport-gap/{DEFINITION}/cells.geojson?area=10201"
        ),
        "/v1/transport-gap/{definition}/clusters": get(
            f"/v1/transport-gap/{DEFINITION}/clusters?area=10000&limit=500"
        ),
        "/ogc/collections/{collection_id}/items": [
            *items(f"{LONG}.municipality", codes),
            *items("population.ward", codes),
        ],
        "/ogc/joins": joins(codes),
        "/resas/api/v1/industries/middle": get("/resas/api/v1/industries/middle?sicCode=A"),
        "/": gets("/", f"/?layer={LONG}&level=municipality&area=10201"),
        "/catalog": gets("/catalog", f"/catalog?q={quote(WORDS)}"),
    }


@cache
def operations() -> dict[str, dict[str, Any]]:
    """Return all that may be asked for without a key: path → its operation."""
    paths = create_api(Settings()).openapi()["paths"]
    return {
        path: operation
        for path, methods in paths.items()
        for operation in methods.values()
        if not operation.get("security")
    }


def usual(path: str, operation: dict[str, Any]) -> list[Asked]:
    """Return a route as its document shows it, its numbers at their largest."""
    query: dict[str, object] = {}
    for one in operation.get("parameters", ()):
        most = one["schema"].get("maximum")
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", str(one["example"]))
        elif one.get("required"):
            query[one["name"]] = one["example"]
        elif one["name"] in ("limit", "k", "years") and most:
            query[one["name"]] = most
        elif path.startswith("/resas/") and one["schema"].get("examples"):
            query[one["name"]] = one["schema"]["examples"][0]
    return get(f"{path}?{urlencode(query)}" if query else path)


def writes() -> Iterator[Asked]:
    """Give the largest bodies that somebody without a key can send to routes that want one."""
    for path, methods in create_api(Settings()).openapi()["paths"].items():
        for method, operation in methods.items():
            if operation.get("security") and operation.get("requestBody"):
                for one in operation["parameters"]:
                    path = path.replace(f"{{{one['name']}}}", str(one.get("example")))
                yield Asked(method.upper(), path, b"x" * (20 << 20))


def asked_all(client: httpx.Client) -> tuple[list[Asked], list[Asked]]:
    """Return the dearest forms that are known, and all other routes as usual."""
    told = forms(client)
    assert told.keys() <= operations().keys(), told.keys() - operations().keys()
    others = (usual(path, operation) for path, operation in operations().items() if path not in told)
    return [*chain.from_iterable(told.values())], [*chain.from_iterable(others), *writes()]


#: In the normal run: the dearest kinds, all asked of one process.
QUICK = ("/map.png?", "/joins", "/download.gpkg", "/scenario", "filter=S_INTERSECTS", "scheme=fisher-jenks")


def told_of(promise: Promise, costs: list[Cost], *, fresh: bool) -> None:
    how = "of a process that was just started" if fresh else "of a process that answered others before"
    usual_ones = [cost for cost in costs if not SHARED.search(cost.name)]
    shared = [cost for cost in costs if SHARED.search(cost.name)]
    beyond_any: list[AssertionError] = []
    for what, unit, most, figure, found in (
        ("memory beyond before", "MB", MOST_MB, attrgetter("memory_mb"), costs),
        ("processor time", "s", MOST_CPU_S, attrgetter("cpu_s"), usual_ones),
        (
            "processor time; shared by all who ask for the same",
            "s",
            MOST_SHARED_S,
            attrgetter("cpu_s"),
            shared,
        ),
        ("hold of the event loop", "s", MOST_HOLD_S, attrgetter("hold_s"), costs),
    ):
        ordered = sorted(found, key=figure, reverse=True)
        beyond = [cost for cost in found if figure(cost) > most]
        if not found:
            continue
        try:
            promise.told(
                f"an anonymous request takes at most {most:g} {unit} ({what}), {how}",
                tried=len(found),
                failed=len(beyond),
                worst="; ".join(
                    f"{figure(cost):.3g} {unit} for {cost.name[:90]}" for cost in beyond or ordered[:1]
                ),
            )
        except AssertionError as error:  # the other lines are told all the same
            beyond_any.append(error)
    if beyond_any:
        raise ExceptionGroup("dear requests", beyond_any)


def measured(server: Server, asked: Asked) -> Cost:
    cost = cost_of(
        server.process.pid, server.url, asked.method, asked.path, asked.body, **{"Content-Type": asked.kind}
    )
    logging.getLogger("costs").info(
        "%4d %9d B %7.1f MB %6.2f s %6.0f ms  %s",
        *(cost.status, cost.size, cost.memory_mb, cost.cpu_s, cost.hold_s * 1e3, cost.name[:160]),
    )
    is_legal = asked.method == "GET" and not asked.path.startswith(
        "/oembed"
    )  # which knows its own pages alone
    assert cost.status < (400 if is_legal else 500), cost
    return cost


def test_dear_requests_of_a_stranger_have_a_bound(
    server: Server, client: httpx.Client, promise: Promise
) -> None:
    chosen: dict[str, Asked] = {}
    for asked in asked_all(client)[0]:
        for part in QUICK:
            if part in asked.path:
                chosen.setdefault(part, asked)
    assert set(chosen) == set(QUICK)
    told_of(promise, [measured(server, asked) for asked in chosen.values()], fresh=False)


@pytest.mark.prove("fifteen minutes")
@pytest.mark.timeout(3_600)
def test_every_request_of_a_stranger_in_its_dearest_form_has_a_bound(
    database: Database, client: httpx.Client, tmp_path: Path, promise: Promise
) -> None:
    dear, others = asked_all(client)
    first, then = list[Cost](), list[Cost]()
    for number, asked in enumerate(dear):
        folder = tmp_path / str(number)  # in which no file is there already
        with serving(database, tmp_path / "log", CHIIKI_DOWNLOADS=str(folder)) as server:
            first.append(measured(server, asked))
    with serving(database, tmp_path / "log") as server:
        then += [measured(server, asked) for asked in others]
    told_of(promise, first, fresh=True)
    told_of(promise, then, fresh=False)
