"""The transport gap over HTTP, on the stops and cells that ship (eastern Gunma)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

import httpx
import mapbox_vector_tile
import pytest
import shapely

RURAL = "/v1/transport-gap/mlit-handbook-rural"
MAEBASHI = "10201"
SVG = "{http://www.w3.org/2000/svg}"
GAP = "transport-gap:mlit-handbook-rural"
KANA_OR_KANJI = re.compile("[ぁ-ヿ一-鿿]")


def values(client: httpx.Client, layer: str) -> dict[str, float]:
    body = client.get(f"/v1/layers/{layer}/values.json?level=municipality").json()
    return {
        code: value for code, value in zip(body["codes"], body["values"], strict=True) if value is not None
    }


def scenario(client: httpx.Client, **changes: object) -> dict[str, object]:
    asked = {"definition": "mlit-handbook-rural", "area": MAEBASHI} | changes
    answer = client.post("/v1/transport-gap/scenario", json=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


def total(body: Mapping[str, object]) -> Mapping[str, float]:
    found = body["total"]
    assert isinstance(found, dict)
    return found


def test_what_was_counted_is_told_with_dates_sources_and_definitions(client: httpx.Client) -> None:
    body = client.get("/v1/transport-gap").json()
    definitions = {one["id"]: one for one in body["definitions"]}
    assert definitions["mlit-handbook-rural"]["distances_m"] == {"rail": 1000, "bus": 500, "demand": 500}
    sources = {one["id"]: one for one in body["stop_sources"]}
    assert sources["gunma-1019-maebashishi-com"]["dates"]["weekday"].startswith("20")
    assert sources["gunma-1019-maebashishi-com"]["licence"] == "CC BY 4.0"
    (grid,) = body["grids"]
    assert grid["id"] == "census-2020-500m"
    assert len(body["counted"]) == len(definitions) == 8


def test_nothing_ships_that_is_made_of_what_may_not_be_used_commercially(client: httpx.Client) -> None:
    # P11 of 2010 is not for commercial use: tests alone compare with it
    sources = client.get("/v1/transport-gap").json()["stop_sources"]
    assert [one["id"] for one in sources if "p11" in one["id"]] == []
    assert {one["licence"] for one in sources} == {"CC BY 4.0"}


def test_stops_and_grids_are_credited_in_both_languages(client: httpx.Client) -> None:
    body = client.get("/v1/transport-gap").json()
    for one in (*body["stop_sources"], *body["grids"]):
        for name in ("title", "credit"):
            assert KANA_OR_KANJI.search(one[name])
            assert one[f"{name}_en"]
            assert not KANA_OR_KANJI.search(one[f"{name}_en"])
    for definition in body["definitions"]:
        words = (definition["name"]["en"], definition["source"]["title_en"], definition["note_en"])
        assert not any(map(KANA_OR_KANJI.search, words))
        assert bool(definition["note_en"]) == bool(definition["note"])
    (grid,) = body["grids"]
    assert grid["credit_en"] == (
        "Made by processing “2020 Population Census, Grid Square Statistics” (Statistics Bureau of Japan)"
    )


@pytest.mark.parametrize("layer", [GAP, "gap-people-mlit-handbook-rural"])
def test_an_english_map_of_a_gap_is_credited_in_english(client: httpx.Client, layer: str) -> None:
    told = client.get(f"/v1/layers/{layer}/summary.json?level=municipality").json()
    (source,) = told["sources"]
    tiles = client.get(f"/v1/layers/{layer}/tiles.json?level=municipality&lang=en").json()
    picture = client.get(f"/v1/layers/{layer}/map.svg?level=municipality&lang=en").text
    assert "群馬県" in source["credit"]["ja"]
    for text in (source["credit"]["en"], told["citation"]["en"], tiles["attribution"], picture):
        assert "Bus Routes in Gunma Prefecture" in text
        assert not KANA_OR_KANJI.search(text)
    stops = {one["id"]: one for one in told["counted_from"]["stops"]}
    assert stops["n02-25"]["title_en"] == "National Land Numerical Information, Railways N02-25"


def test_thirteen_municipalities_wholly_in_the_grid_are_told_and_no_other(client: httpx.Client) -> None:
    told = values(client, "transport-gap:mlit-handbook-rural")
    assert set(told) == {
        *("10201", "10203", "10204", "10205", "10207", "10212", "10448", "10464"),
        *("10521", "10522", "10523", "10524", "10525"),
    }
    assert all(0 <= share <= 100 for share in told.values())


def test_a_shorter_distance_and_a_timetable_leave_more_people_in_the_gap(client: httpx.Client) -> None:
    wide, rural, often, urban = (
        values(client, f"transport-gap:{name}")
        for name in (
            "mlit-subsidy-1km",
            "mlit-handbook-rural",
            "mlit-handbook-rural-10",
            "mlit-handbook-urban",
        )
    )
    for code in rural:
        assert wide[code] <= rural[code] <= often[code] + 1e-9
        assert rural[code] <= urban[code]
    assert sum(often.values()) > sum(rural.values()) + 1


def test_the_share_is_that_of_numerator_and_denominator(client: httpx.Client) -> None:
    share = values(client, "transport-gap:mlit-handbook-rural")[MAEBASHI]
    gap = values(client, "gap-people-mlit-handbook-rural")[MAEBASHI]
    people = values(client, "grid-people")[MAEBASHI]
    assert share == pytest.approx(100 * gap / people)
    assert people == pytest.approx(332_149, rel=0.01)  # the census
    land = values(client, "grid-land")[MAEBASHI]
    assert land == pytest.approx(311.6, rel=0.01)  # km², 国土地理院


def test_cells_add_up_to_the_municipality(client: httpx.Client) -> None:
    body = client.get(f"{RURAL}/cells.geojson?area={MAEBASHI}").json()
    cells = [feature["properties"] for feature in body["features"]]
    assert {cell["area"] for cell in cells} == {MAEBASHI}
    people = sum(cell["population"] for cell in cells)
    uncovered = sum(cell["population"] for cell in cells if not cell["covered"])
    told = values(client, "transport-gap-centroid:mlit-handbook-rural")[MAEBASHI]
    assert told == pytest.approx(100 * uncovered / people)
    assert all((cell["distance_m"] > 1000) <= (not cell["covered"]) for cell in cells)
    bands = client.get(f"{RURAL}/bands?area={MAEBASHI}&edges=0,500,1000").json()
    assert sum(band["population"] for band in bands["bands"]) == people


def test_clusters_are_uncovered_cells_that_touch_the_most_populous_first(client: httpx.Client) -> None:
    body = client.get(f"{RURAL}/clusters?area={MAEBASHI}&limit=3").json()
    people = [one["population"] for one in body["clusters"]]
    assert people == sorted(people, reverse=True)
    cells = client.get(f"{RURAL}/cells.geojson?area={MAEBASHI}").json()["features"]
    by_code = {cell["properties"]["code"]: cell["properties"] for cell in cells}
    first = body["clusters"][0]
    assert not any(by_code[code]["covered"] for code in first["cells"])
    assert first["population"] == sum(by_code[code]["population"] for code in first["cells"])


def test_the_gap_as_polygons_has_the_share_of_land(client: httpx.Client) -> None:
    body = client.get(f"{RURAL}/gap.geojson?area={MAEBASHI}").json()
    gap = shapely.from_geojson(json.dumps(body["features"][0]["geometry"]))
    whole = client.get("/v1/areas.geojson?level=municipality&detail=high&parent=10000").json()
    (outline,) = [one["geometry"] for one in whole["features"] if one["properties"]["code"] == MAEBASHI]
    town = shapely.from_geojson(json.dumps(outline))
    told = values(client, "transport-gap-land:mlit-handbook-rural")[MAEBASHI]
    assert 100 * shapely.area(gap) / shapely.area(town) == pytest.approx(told, abs=0.1)
    assert shapely.area(shapely.difference(gap, town)) < 1e-7


def test_cells_and_stops_are_tiles(client: httpx.Client) -> None:
    cells = client.get(f"{RURAL}/cells/9/454/200.mvt")
    assert cells.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    layer = mapbox_vector_tile.decode(cells.content)["cells"]
    assert {"code", "population", "gap_share", "covered"} <= set(layer["features"][0]["properties"])
    stops = mapbox_vector_tile.decode(client.get("/v1/stops/9/454/200.mvt").content)["stops"]
    assert {feature["properties"]["mode"] for feature in stops["features"]} == {"bus", "rail"}
    for suffix in (".mvt", ".mlt", ""):
        for _ in range(2):
            assert client.get(f"/v1/stops/9/0/0{suffix}").status_code == 204
        assert client.get(f"{RURAL}/cells/30/0/0{suffix}").status_code == 404


def test_stops_have_departures_or_none_where_no_timetable_is_known(client: httpx.Client) -> None:
    body = client.get(f"/v1/stops.geojson?area={MAEBASHI}").json()
    by_mode: dict[str, list[object]] = {}
    for feature in body["features"]:
        by_mode.setdefault(feature["properties"]["mode"], []).append(feature["properties"]["departures"])
    assert all(counts is None for counts in by_mode["rail"])
    assert all(isinstance(counts, dict) for counts in by_mode["bus"])
    assert client.get("/v1/stops.geojson").status_code == 422
    assert client.get("/v1/stops.geojson?area=99999").status_code == 422


def test_a_new_stop_in_the_largest_cluster_makes_the_gap_smaller(client: httpx.Client) -> None:
    first = client.get(f"{RURAL}/clusters?area={MAEBASHI}&limit=1").json()["clusters"][0]
    lon, lat = first["centre"]
    body = scenario(client, add=[{"lon": lon, "lat": lat, "mode": "bus"}])
    told = total(body)
    before = values(client, "gap-people-mlit-handbook-rural")[MAEBASHI]
    assert told["gap_before"] == pytest.approx(before)
    assert told["gap_after"] < told["gap_before"]
    cells = body["cells"]
    assert isinstance(cells, list)
    assert cells
    assert all(cell["gap_share_after"] <= cell["gap_share_before"] for cell in cells)


def test_nothing_changed_changes_nothing_and_taking_all_stops_away_leaves_everybody_in_the_gap(
    client: httpx.Client,
) -> None:
    assert total(scenario(client))["difference"] == 0
    stops = client.get("/v1/stops.geojson?area=10448").json()["features"]
    ids = [feature["properties"]["id"] for feature in stops][:500]
    fewer = total(scenario(client, area="10448", remove=ids))
    assert fewer["gap_after"] > fewer["gap_before"]


def test_a_zone_serves_all_that_live_in_it(client: httpx.Client) -> None:
    box = [[138.9, 36.2], [139.4, 36.2], [139.4, 36.7], [138.9, 36.7], [138.9, 36.2]]
    body = scenario(client, zones=[{"type": "Polygon", "coordinates": [box]}])
    assert total(body)["gap_after"] == pytest.approx(0, abs=1e-6)
    half = [[138.9, 36.2], [139.08, 36.2], [139.08, 36.7], [138.9, 36.7], [138.9, 36.2]]
    part = total(scenario(client, zones=[{"type": "Polygon", "coordinates": [half]}]))
    assert 0 < part["gap_after"] < part["gap_before"]


def test_another_threshold_is_another_definition(client: httpx.Client) -> None:
    shorter = total(scenario(client, distances_m={"bus": 300, "rail": 500, "demand": 300}))
    assert shorter["gap_after"] == pytest.approx(values(client, "gap-people-mlit-handbook-urban")[MAEBASHI])
    often = total(scenario(client, least_departures=10, distances_m={"demand": 500}))
    assert often["gap_after"] > often["gap_before"]


@pytest.mark.parametrize(
    "changes",
    [
        {"definition": "x"},
        {"area": "99999"},
        {"area": "13101"},
        {"remove": ["nothing"]},
        {"add": [{"lon": 0, "lat": 0}]},
        {"add": [{"lon": 139, "lat": 36}] * 501},
        {"zones": [{"type": "Point", "coordinates": [139, 36]}]},
        {"zones": [{"type": "Polygon", "coordinates": [[[36, 139], [36, 140], [37, 140], [36, 139]]]}]},
        {"distances_m": {"bus": 9999}},
        {"colour": "red"},
    ],
)
def test_a_scenario_that_cannot_be_is_refused(client: httpx.Client, changes: dict[str, object]) -> None:
    asked = {"definition": "mlit-handbook-rural", "area": MAEBASHI} | changes
    answer = client.post("/v1/transport-gap/scenario", json=asked)
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_definition_that_does_not_exist_is_refused_with_where_the_others_are(client: httpx.Client) -> None:
    answer = client.get("/v1/transport-gap/x/clusters?area=10201")
    assert answer.status_code == 404
    assert "/v1/transport-gap lists all" in answer.json()["detail"]
    near = client.get("/v1/transport-gap/mlit-handbook-rurl/clusters?area=10201").json()["detail"]
    assert "near it: mlit-handbook-rural" in near
    assert client.get(f"{RURAL}/cells.geojson?area=13101").status_code == 404
    assert client.get(f"{RURAL}/bands?area=10201&edges=5,1").status_code == 422


def cards(client: httpx.Client, code: str) -> dict[str, Any]:
    body = client.get(f"/v1/areas/{code}/profile").json()
    return {card["indicator"]["id"]: card for goal in body["goals"] for card in goal["figures"]}


def test_a_profile_tells_the_gap_and_where_it_is_not_known(client: httpx.Client) -> None:
    card = cards(client, MAEBASHI)["transport-gap:mlit-handbook-rural"]
    assert card["value"] == values(client, "transport-gap:mlit-handbook-rural")[MAEBASHI]
    assert card["rank"]["nation"]["of"] == 13
    elsewhere = client.get("/v1/areas/20215/profile").json()["missing"]
    assert {"indicator": "transport-gap:mlit-handbook-rural", "status": "not_loaded"} in elsewhere


LACKS = "日本中央バス、永井運輸の停留所は含まれません。"


def test_what_a_gap_lacks_stands_beside_it_as_data(client: httpx.Client) -> None:
    query = "level=municipality&period=2020"
    body = client.get(f"/v1/layers/transport-gap:mlit-handbook-rural/legend.json?{query}").json()
    told = body["counted_from"]
    assert (told["day"], told["year"], told["grids"]) == ("weekday", "2020", ["census-2020-500m"])
    assert [(one["prefecture"], one["name"]["ja"]) for one in told["missing_operators"]] == [
        ("10000", "日本中央バス"),
        ("10000", "永井運輸"),
    ]
    stops = {one["id"]: one for one in told["stops"]}
    sources = {one["id"]: one for one in client.get("/v1/transport-gap").json()["stop_sources"]}
    maebashi = stops["gunma-1019-maebashishi-com"]
    assert maebashi["date"] == sources["gunma-1019-maebashishi-com"]["dates"]["weekday"]
    assert stops["n02-25"]["date"] is None
    assert LACKS in body["coverage"]["ja"]
    assert client.get("/v1/transport-gap").json()["missing_operators"] == told["missing_operators"]


def test_what_a_gap_lacks_stands_in_its_words_and_the_year_is_that_of_the_people(
    client: httpx.Client,
) -> None:
    for layer in ("transport-gap:mlit-handbook-rural", "gap-people-mlit-handbook-rural"):
        text = client.get(f"/v1/layers/{layer}/summary.json?level=municipality").json()["text"]
        assert LACKS in text["ja"]
        assert "2020年は人口の年で、時刻表の年ではありません。" in text["ja"]
        assert "Without the stops of Nihon Chuo Bus, Nagai Unyu." in text["en"]
        assert "2020 is the year of the people, not of the timetables." in text["en"]
    tiles = client.get("/v1/layers/transport-gap:mlit-handbook-rural/tiles.json?level=municipality").json()
    assert LACKS in tiles["coverage"]["ja"]


@pytest.mark.parametrize("size", ["width=1200&height=630", "width=400&height=300", "width=600&height=900"])
def test_what_a_gap_lacks_stands_whole_in_its_pictures(client: httpx.Client, size: str) -> None:
    address = "/v1/layers/transport-gap:mlit-handbook-rural/map.svg?level=municipality&period=2020"
    for lang, gap in (("ja", ""), ("en", " ")):
        told = client.get(f"{address}&{size}&lang={lang}")
        lines = [one.text or "" for one in ET.fromstring(told.text).iter(f"{SVG}text")]
        legend = client.get(address.replace("map.svg", "legend.json") + f"&lang={lang}").json()
        assert legend["coverage"][lang] in gap.join(lines)


def test_what_a_gap_lacks_stands_in_the_card_of_a_profile(client: httpx.Client) -> None:
    card = cards(client, MAEBASHI)["transport-gap:mlit-handbook-rural"]
    assert LACKS in card["coverage"]["ja"]
    assert "Without the stops of Nihon Chuo Bus, Nagai Unyu." in card["coverage"]["en"]
    assert cards(client, MAEBASHI)["population-change"]["coverage"] is None
    # 塩尻市 has no figure, and so nothing that it lacks
    assert all(card["coverage"] is None for card in cards(client, "20215").values())


def test_other_figures_tell_nothing_of_stops(client: httpx.Client) -> None:
    body = client.get("/v1/layers/ageing-rate/legend.json?level=municipality").json()
    assert body["counted_from"] is None
    assert "coverage" not in body


def test_a_stop_tells_its_departures_by_day_and_band(client: httpx.Client) -> None:
    told = client.get(
        "/v1/stops/departures?stop=gunma-1019-maebashishi-com/S00001AGC9000020102016H001"
    ).json()
    assert told["name"] == "前橋駅（３番のりば）"
    assert told["source"]["licence"] == "CC BY 4.0"
    days = {one["day"]: one for one in told["days"]}
    # counted by hand in the feed: what leaves its five poles on 7 May (a Tuesday) and 27 April 2019
    assert [one["departures"] for one in days["weekday"]["bands"]] == [1, 4, 32, 15, 5]
    assert [one["departures"] for one in days["saturday"]["bands"]] == [1, 3, 33, 16, 4]
    assert days["weekday"]["date"] == "2019-05-07"
    assert days["weekday"]["hours"][8] == 3
    assert {day: one["departures"] for day, one in days.items()} == dict.fromkeys(days, 57)


def test_a_station_tells_its_operator_and_no_departures_that_nobody_knows(client: httpx.Client) -> None:
    told = client.get("/v1/stops/departures?stop=n02-25/n02-8190").json()
    assert (told["name"], told["operator"], told["days"]) == ("前橋", "東日本旅客鉄道", None)
    assert told["lines"] == [{"number": None, "name": "両毛線", "mode": "rail", "departures": None}]


def test_a_stop_tells_its_lines_by_their_published_names_with_their_departures(client: httpx.Client) -> None:
    told = client.get(
        "/v1/stops/departures?stop=gunma-1019-maebashishi-com/S00001AGC9000020102016H001"
    ).json()
    # counted by hand in the feed, as the departures are: routes of one name are one line
    assert [(one["name"], one["departures"]) for one in told["lines"]] == [
        ("南循環線", [30, 30, 30]),
        ("新前橋西口線", [13, 10, 10]),
        ("土屋文明文学館線", [7, 11, 11]),
        ("金古王塚台線", [7, 6, 6]),
    ]
    assert {(one["number"], one["mode"]) for one in told["lines"]} == {(None, "bus")}
    assert told["more_lines"] == 0


@pytest.mark.parametrize("stop", ["n02-25/no-such", "n02-25", "", "n02-25/%00", "%F0%9F%9A%8C"])
def test_a_stop_that_does_not_exist_is_not_found(client: httpx.Client, stop: str) -> None:
    answer = client.get(f"/v1/stops/departures?stop={stop}")
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("not-found")
