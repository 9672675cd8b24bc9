"""Any worker, and the same service after a restart, answers with the same bytes and the same ETag."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api_tests.conftest import Server, serving
from service.tests.databases import Database

COUNT, CONNECTIONS = 500, 8
#: Every service says that it is reached here, so that links in answers are the same.
PUBLIC = {"CHIIKI_PUBLIC_URL": "https://chiiki.example"}
OF_LAYERS = (
    "tiles.json",
    "style.json",
    "legend.json",
    "legend.svg",
    "values.json",
    "values.csv",
    "statistics.json",
    "summary.json",
    "periods.json",
    "areas.geojson?detail=low",
    "map.svg",
    "download.csv",
    "download.geojson",
    "tiles/4/14/6.mvt",
    "tiles/6/57/24.mvt",
    "tiles/6/57/24.mlt",
    "tiles/8/227/100.png",
    "tiles/9/455/201@2x.png",
)
OF_AREAS = ("", "/history", "/neighbours", "/profile", "/profile.csv", "/peers", "/peers.csv")
OTHERS = (
    "/",
    "/?lang=en&layer=ageing-rate&area=10201",
    "/embed/map?layer=population",
    "/openapi.json",
    "/catalog.jsonld",
    "/v1/layers",
    "/v1/areas",
    "/v1/indicators",
    "/v1/sources",
    "/v1/region-sets",
    "/v1/vintages",
    "/v1/crosswalk?from=2005-01-01&to=2020-01-01&estimate=population",
    "/v1/crosswalk.csv?from=2020-01-01&to=2005-01-01",
    "/v1/mergers?prefecture=22000",
    "/v1/palettes",
    "/v1/goals",
    "/v1/measures",
    "/v1/roadmap",
    "/v1/logic-model.json",
    "/v1/logic-model.svg",
    "/v1/kpis",
    "/v1/deployments",
    "/v1/deployments.csv",
    "/v1/deployments.geojson",
    "/v1/measures/smart-cities/effect",
    "/v1/measures/japanese-ccrc/candidates",
    "/v1/transport-gap",
    "/v1/stops.geojson?area=10201",
    "/v1/stops/12/3635/1604.mvt",
    "/v1/transport-gap/mlit-handbook-rural/cells.geojson?area=10201",
    "/ogc",
    "/ogc/api",
    "/ogc/collections",
    "/ogc/conformance",
    "/ogc/collections/deployments/items",
    "/ogc/collections/stops/items?limit=50",
    "/ogc/collections/gap-cells.mlit-handbook-rural/items?limit=9",
    "/resas/api/v1/prefectures",
    "/resas/api/v1/cities?prefCode=10",
    "/oembed?url=https://chiiki.example/?layer=population",
)


def addresses(client: httpx.Client) -> list[str]:
    """Return the addresses: those of no layer, and a draw of all layers, periods, levels and areas."""
    draw = random.Random(15)
    listed: list[dict[str, Any]] = client.get("/v1/layers?limit=2000").json()["layers"]
    layers = [layer for layer in listed if layer["levels"]]
    codes = [area["code"] for area in client.get("/v1/areas?limit=2000").json()["areas"]]
    found = dict.fromkeys(OTHERS)
    while len(found) < COUNT:
        if draw.random() < 0.2:
            found[f"/v1/areas/{draw.choice(codes)}{draw.choice(OF_AREAS)}"] = None
            continue
        layer = draw.choice(layers)
        level = draw.choice(layer["levels"])
        form = draw.choice(OF_LAYERS)
        chosen = f"level={level}&period={draw.choice(layer['periods_by_level'][level])}"
        if form.startswith("download"):
            chosen = f"level={level}"
        if layer["kind"] != "category" and not form.startswith("download") and draw.random() < 0.3:
            chosen += f"&scheme={draw.choice(('fisher-jenks', 'equal-interval'))}&k={draw.randrange(3, 8)}"
        if draw.random() < 0.2:
            found[f"/ogc/collections/{layer['id']}.{level}/items?limit=40&detail=low"] = None
        found[f"/v1/layers/{layer['id']}/{form}{'&' if '?' in form else '?'}{chosen}"] = None
    return list(found)


def answers(url: str, wanted: list[str] | None = None) -> dict[str, tuple[int, str | None, str]]:
    """Return status, ETag and digest of the body of each address.

    They are asked for over several connections, because workers share out the connections.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(httpx.Client(base_url=url, timeout=120)) for _ in range(CONNECTIONS)]
        told = {}
        for place, address in enumerate(wanted or addresses(clients[0])):
            encoding = "gzip" if len(address) % 2 else "identity"
            answer = clients[place % CONNECTIONS].get(address, headers={"Accept-Encoding": encoding})
            own = answer.headers.get("x-request-id", "-").encode()  # of a problem, which tells it
            body = hashlib.sha256(answer.content.replace(own, b"")).hexdigest()
            told[address] = (answer.status_code, answer.headers.get("etag"), body)
        return told


def different(first: Mapping[str, object], second: Mapping[str, object]) -> list[str]:
    return [address for address in first if first[address] != second[address]]


@pytest.fixture(scope="module")
def told_first(database: Database, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    with serving(database, tmp_path_factory.mktemp("first") / "log", **PUBLIC) as server:
        return answers(server.url)


def test_five_hundred_addresses_are_answered(told_first: dict[str, tuple[int, str | None, str]]) -> None:
    assert len(told_first) >= COUNT
    # 422: a ward has no figures that peers could be told by
    assert {address: told for address, told in told_first.items() if told[0] not in (200, 204, 422)} == {}


def test_a_restarted_service_and_two_workers_answer_the_same(
    database: Database, told_first: dict[str, Any], tmp_path: Path
) -> None:
    wanted = list(told_first)
    random.Random(16).shuffle(wanted)  # what was asked before must not matter
    with serving(database, tmp_path / "log", CHIIKI_WORKERS="2", **PUBLIC) as server:
        assert different(told_first, answers(server.url, wanted)) == []


def test_no_host_is_sent_the_links_of_another(client: httpx.Client, server: Server) -> None:
    port = urlsplit(server.url).port
    ours = [f"/v1/areas/10201{part}" for part in OF_AREAS]
    ours += [f"/v1/layers/ageing-rate/{form}" for form in OF_LAYERS]
    linked = 0
    for address in [*OTHERS, *ours, "/ogc/collections/ageing-rate.municipality/items?limit=3&detail=low"]:
        first, second = (
            client.get(address, headers={"Host": host}) for host in ("first.example", f"localhost:{port}")
        )
        assert b"first.example" not in first.content, address
        assert b"127.0.0.1" not in second.content, address
        tags = {answer.headers.get("etag", answer.text) for answer in (first, second)}
        assert len(tags) == 2 or first.content == second.content, address
        assert len(tags) == 1 or not address.startswith("/v1/areas/10201"), address  # no links
        linked += b"localhost" in second.content
    assert linked > 10
